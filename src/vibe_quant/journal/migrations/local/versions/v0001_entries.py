"""The table of rows; what is in it can be neither altered nor removed by an ordinary statement."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0001"
down_revision = None
branch_labels = None
depends_on = None

TEXTS = ("run", "kind", "symbol", "side", "client_id", "body", "chain")


def upgrade() -> None:
    """Make table, index and guards."""
    op.create_table(
        "entries",
        sa.Column("seq", sa.Integer, primary_key=True, autoincrement=False),
        sa.Column("at_ms", sa.Integer, nullable=False),
        *(sa.Column(name, sa.Text, nullable=False) for name in TEXTS),
    )
    op.create_index("entries_kind_at", "entries", ["kind", "at_ms"])
    for verb in ("UPDATE", "DELETE"):
        op.execute(
            f"CREATE TRIGGER entries_no_{verb.lower()} BEFORE {verb} ON entries "
            "BEGIN SELECT RAISE(ABORT, 'rows of the journal are never altered or removed'); END"
        )
