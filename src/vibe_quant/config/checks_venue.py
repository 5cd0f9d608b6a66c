"""What must hold of simulated accounts, of the mirror's address and of what the start is told to allow."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from urllib.parse import parse_qs, urlsplit

from vibe_quant.config.finding import Finding
from vibe_quant.config.problems import KeyPath, shown
from vibe_quant.config.symbols import fault_of
from vibe_quant.domain.settings import GlobalSettings, SeededPosition

_URL: KeyPath = ("journal", "url")
_MIRROR = "postgresql://USER@HOST:PORT/DATABASE"
_RIGHT = re.compile(r"(enable|permits)[A-Z][A-Za-z]*\Z")


def check_venues(settings: GlobalSettings) -> Iterator[Finding]:
    """Seeded positions, the journal's mirror, allowed rights."""
    yield from _seats(("sim", "positions"), settings.sim.positions)
    yield from _seats(("paper", "positions"), settings.paper.positions)
    if settings.journal.url is not None:
        yield from _mirror(settings.journal.url)
    for i, right in enumerate(settings.allow.key_rights):
        if not _RIGHT.match(right):
            message = f"is {shown(right)}, no right as apiRestrictions names them; such as enableWithdrawals"
            yield Finding((("allow", "key_rights", i),), message)


def _seats(path: KeyPath, seats: Sequence[SeededPosition]) -> Iterator[Finding]:
    for i, seat in enumerate(seats):
        fault = fault_of(seat.symbol)
        if fault is not None:
            yield Finding(((*path, i, "symbol"),), f"{shown(seat.symbol)} {fault}")
        if (seat.symbol, seat.side) in [(other.symbol, other.side) for other in seats[:i]]:
            yield Finding(((*path, i),), f"seats {seat.side} of {seat.symbol} a second time; give each leg one entry")


def _mirror(url: str) -> Iterator[Finding]:
    """The address itself is never shown: it may hold what it should not."""
    try:
        parts = urlsplit(url)
        options = parse_qs(parts.query, keep_blank_values=True)
        secret = parts.password is not None or "password" in options
        known = parts.scheme in ("postgresql", "postgresql+psycopg") and bool(parts.hostname or "host" in options)
    except ValueError:
        secret = known = False
    if secret:
        message = (
            "holds a password; secrets do not belong in this file: take it out and give it as PGPASSWORD in the "
            "environment or as the systemd credential pg_password. Change it too, if others could read this file"
        )
        yield Finding((_URL,), message)
    elif not known:
        yield Finding((_URL,), f"is no address of a PostgreSQL database; write it as {_MIRROR}, without a password")
