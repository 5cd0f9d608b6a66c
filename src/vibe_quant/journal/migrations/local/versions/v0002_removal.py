"""Rows that a removal names may go: the guard learns how far, and refuses all others as before."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0002"
down_revision = "0001"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Make the place where a removal opens the guard, and the guard that looks at it."""
    op.create_table("removal", sa.Column("up_to", sa.Integer, nullable=False))
    op.execute("DROP TRIGGER entries_no_delete")
    op.execute(
        "CREATE TRIGGER entries_no_delete BEFORE DELETE ON entries "
        "WHEN OLD.seq > coalesce((SELECT max(up_to) FROM removal), 0) "
        "BEGIN SELECT RAISE(ABORT, 'rows of the journal are never altered or removed'); END"
    )
