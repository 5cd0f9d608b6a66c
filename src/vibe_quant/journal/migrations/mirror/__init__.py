"""Migrations of the PostgreSQL mirror."""
