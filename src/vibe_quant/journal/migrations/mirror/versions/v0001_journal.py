"""The mirror's table, as the journal's with the instance in front, and the table of leases."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0001"
down_revision = None
branch_labels = None
depends_on = None

TEXTS = ("run", "kind", "symbol", "side", "client_id", "body", "chain")


def upgrade() -> None:
    """Make both tables."""
    op.create_table(
        "journal",
        sa.Column("instance", sa.Text, primary_key=True),
        sa.Column("seq", sa.BigInteger, primary_key=True, autoincrement=False),
        sa.Column("at_ms", sa.BigInteger, nullable=False),
        *(sa.Column(name, sa.Text, nullable=False) for name in TEXTS),
    )
    op.create_index("journal_kind_at", "journal", ["kind", "at_ms"])
    op.create_table(
        "lease",
        sa.Column("account", sa.Text, primary_key=True),
        sa.Column("holder", sa.Text, nullable=False),
        sa.Column("until", sa.DateTime(timezone=True), nullable=False),
    )
