"""Migrations of the journal and of its mirror, carried out by Alembic."""
