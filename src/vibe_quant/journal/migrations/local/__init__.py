"""Migrations of the SQLite journal."""
