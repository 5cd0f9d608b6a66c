"""What two configurations say differently: of files, of the defaults, and of the running service."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from urllib.parse import quote

from vibe_quant.cli.failure import DECLINED
from vibe_quant.cli.service import Service, ServiceError
from vibe_quant.config.effective import effective
from vibe_quant.config.loader import Loaded
from vibe_quant.config.ruling import ruling
from vibe_quant.domain.status import ConfigChange, Status

Said = Mapping[str, Mapping[str, str]]
"""Scope -> key -> value, as text."""
SHARED = "global"
WORKED = ConfigChange("", "(the symbol)", "not worked", "worked")


def of_loaded(loaded: Loaded) -> Said:
    """What a file says, its defaults included."""
    return {scope: {row.key: row.new for row in rows} for scope, rows in _rows(loaded).items()}


def of_defaults(loaded: Loaded) -> Said:
    """The defaults, for the scopes of a file."""
    return {scope: {row.key: row.old for row in rows} for scope, rows in _rows(loaded).items()}


def of_service(service: Service, symbols: Iterable[str]) -> Said:
    """What a service works by: of these symbols, and of those where it holds something.

    Raises:
        ServiceError: it cannot be asked.
    """
    held = [leg.symbol for leg in service.get("/api/status", Status).legs]
    said: dict[str, Mapping[str, str]] = {}
    for symbol in (None, *dict.fromkeys([*symbols, *held])):
        rows = _asked(service, symbol)
        if rows:
            said[symbol or SHARED] = {row.key: row.new for row in rows}
    return said


def changes(old: Said, new: Said) -> tuple[ConfigChange, ...]:
    """Key by key, in the order of ``new``; then the scopes that it does not have."""
    found = [change for scope, keys in new.items() for change in _of_scope(scope, old.get(scope), keys)]
    gone = [ConfigChange(scope, WORKED.key, WORKED.new, WORKED.old) for scope in old if scope not in new]
    return (*found, *gone)


def _of_scope(scope: str, old: Mapping[str, str] | None, new: Mapping[str, str]) -> Iterator[ConfigChange]:
    if old is None:
        yield ConfigChange(scope, WORKED.key, WORKED.old, WORKED.new)
        return
    for key, value in new.items():
        before = old.get(key, "not known")
        if before != value:
            yield ConfigChange(scope, key, before, value)


def _rows(loaded: Loaded) -> dict[str, tuple[ConfigChange, ...]]:
    names = [scope.name for scope in effective(loaded)]
    return {name: ruling(loaded, None if name == SHARED else name) for name in names}


def _asked(service: Service, symbol: str | None) -> tuple[ConfigChange, ...]:
    """None of them where the service does not work it."""
    query = "" if symbol is None else f"?symbol={quote(symbol, safe='')}"
    try:
        return service.get(f"/api/config{query}", tuple[ConfigChange, ...])
    except ServiceError as failed:
        if failed.code == DECLINED:
            return ()
        raise
