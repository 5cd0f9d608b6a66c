"""The tables of the journal and of its mirror, as statements are written from them; migrations make them."""

from __future__ import annotations

from sqlalchemy import BigInteger, Column, DateTime, Index, Integer, MetaData, Table, Text

LOCAL = MetaData()
MIRRORED = MetaData()

entries = Table(
    "entries",
    LOCAL,
    Column("seq", Integer, primary_key=True, autoincrement=False),
    Column("at_ms", Integer, nullable=False),
    Column("run", Text, nullable=False),
    Column("kind", Text, nullable=False),
    Column("symbol", Text, nullable=False),
    Column("side", Text, nullable=False),
    Column("client_id", Text, nullable=False),
    Column("body", Text, nullable=False),
    Column("chain", Text, nullable=False),
    Index("entries_kind_at", "kind", "at_ms"),
)

removal = Table("removal", LOCAL, Column("up_to", Integer, nullable=False))
"""Up to which row the guard lets rows go: opened by the program for what a row of the chain names (``removal.py``)."""

mirror = Table(
    "journal",
    MIRRORED,
    Column("instance", Text, primary_key=True),
    Column("seq", BigInteger, primary_key=True, autoincrement=False),
    Column("at_ms", BigInteger, nullable=False),
    *(Column(name, Text, nullable=False) for name in ("run", "kind", "symbol", "side", "client_id", "body", "chain")),
    Index("journal_kind_at", "kind", "at_ms"),
)

leases = Table(
    "lease",
    MIRRORED,
    Column("account", Text, primary_key=True),
    Column("holder", Text, nullable=False),
    Column("until", DateTime(timezone=True), nullable=False),
)
