"""Entries for journals of the tests, and a hand that alters a file behind the program's back."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterable
from pathlib import Path
from typing import Any

from vibe_quant.journal.sqlite_journal import SqliteJournal
from vibe_quant.ports import Entry

SYMBOL = "BTC/USDT:USDT"
T0 = 1_700_000_000_000
SMALL = 64 * 1024


def intent(i: int, at_ms: int = T0, symbol: str = SYMBOL) -> Entry:
    body = {"intent": "OrderIntent", "client_id": f"vq-{i}", "price": "65000.10", "qty": "0.010"}
    return Entry("intent", at_ms, body, symbol, "LONG", f"vq-{i}")


def report(i: int, status: str, at_ms: int = T0, **more: Any) -> Entry:
    return Entry("report", at_ms, {"status": status, **more}, SYMBOL, "LONG", f"vq-{i}")


def fill(trade_id: int, at_ms: int, symbol: str = SYMBOL, exch_ms: int = 0) -> Entry:
    return Entry("fill", at_ms, {"trade_id": trade_id, "exch_ms": exch_ms or at_ms}, symbol, "LONG", "vq-1")


def command(name: str, symbol: str | None = None, side: str | None = None, **more: Any) -> Entry:
    body = {"command": name, "symbol": symbol, "side": side, **more}
    return Entry("command", T0, body, symbol or "", side or "")


def opened(path: Path, run: str = "r1") -> SqliteJournal:
    return SqliteJournal(path, run, ballast=SMALL)


def written(path: Path, entries: Iterable[Entry]) -> Path:
    """A closed journal with one transaction an entry."""
    journal = opened(path)
    assert not journal.trouble
    for entry in entries:
        journal.write([entry])
    journal.close()
    return path


def tamper(path: Path, *statements: str) -> None:
    """Alter rows as somebody would who knows SQLite: the guards go first."""
    connection = sqlite3.connect(path)
    connection.executescript("DROP TRIGGER entries_no_update; DROP TRIGGER entries_no_delete")
    for statement in statements:
        connection.execute(statement)
    connection.commit()
    connection.close()
