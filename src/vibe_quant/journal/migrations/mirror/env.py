"""Writes the mirror's migrations as SQL, for a connection that Alembic cannot use itself."""

from __future__ import annotations

from alembic import context

context.configure(dialect_name="postgresql", transactional_ddl=False)
context.run_migrations()
