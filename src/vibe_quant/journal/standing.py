"""Which of the operator's commands still stand, from the rows of commands and positions in the order they came."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field
from decimal import Decimal

from vibe_quant.domain.enums import PositionSide
from vibe_quant.journal.rows import Row


@dataclass(frozen=True, slots=True)
class StandingPause:
    """``symbol`` None: everything; ``until_wall_ms`` epoch ms by the server's clock, None: until undone."""

    symbol: str | None
    until_wall_ms: int | None
    panic: bool


@dataclass(frozen=True, slots=True)
class StandingFlatten:
    """None stands for any; ``but`` are the legs it no longer means: they were flat, or were paused, since."""

    symbol: str | None
    side: PositionSide | None
    but: frozenset[tuple[str, PositionSide]] = frozenset()


@dataclass(frozen=True, slots=True)
class Standing:
    """What the operator has commanded and nothing has ended; pauses that are over by time are still in it."""

    pauses: tuple[StandingPause, ...] = ()
    flattens: tuple[StandingFlatten, ...] = ()


NOTHING = Standing()


@dataclass(slots=True)
class _Flatten:
    symbol: str | None
    side: PositionSide | None
    but: set[tuple[str, PositionSide]] = field(default_factory=set)

    def means(self, symbol: str, side: PositionSide) -> bool:
        return self.symbol in (None, symbol) and self.side in (None, side)

    @property
    def is_over(self) -> bool:
        sides = tuple(PositionSide) if self.side is None else (self.side,)
        return self.symbol is not None and all((self.symbol, side) in self.but for side in sides)


def standing(rows: Iterable[Row], before: Standing = NOTHING) -> Standing:
    """Fold rows of kind command and position, oldest first, onto what stood ``before`` them.

    A pause ends the flattening of what it means; a flat leg ends its own; a resume without a symbol undoes all pauses.
    """
    pauses: dict[str | None, StandingPause] = {pause.symbol: pause for pause in before.pauses}
    flattens = {(f.symbol, f.side): _Flatten(f.symbol, f.side, set(f.but)) for f in before.flattens}
    for row in rows:
        if row.kind == "position":
            _flat(flattens, row)
            continue
        body = row.data()
        symbol, command = body.get("symbol") or None, body.get("command")
        if command == "pause":
            pauses[symbol] = StandingPause(symbol, body.get("until_wall_ms"), bool(body.get("panic")))
            _paused(flattens, symbol)
        elif command == "resume" and symbol is None:
            pauses.clear()
        elif command == "resume":
            pauses.pop(symbol, None)
        elif command == "flatten":
            side = PositionSide(body["side"]) if body.get("side") else None
            flattens[symbol, side] = _Flatten(symbol, side)
    left = (StandingFlatten(f.symbol, f.side, frozenset(f.but)) for f in flattens.values() if not f.is_over)
    return Standing(tuple(pauses.values()), tuple(left))


def _flat(flattens: dict[tuple[str | None, PositionSide | None], _Flatten], row: Row) -> None:
    if not flattens or Decimal(row.data().get("qty", "1")) != 0:
        return
    leg = (row.symbol, PositionSide(row.side))
    for flatten in flattens.values():
        if flatten.means(*leg):
            flatten.but.add(leg)


def _paused(flattens: dict[tuple[str | None, PositionSide | None], _Flatten], symbol: str | None) -> None:
    if symbol is None:
        flattens.clear()
        return
    for flatten in flattens.values():
        if flatten.symbol in (None, symbol):
            flatten.but.update((symbol, side) for side in PositionSide)
