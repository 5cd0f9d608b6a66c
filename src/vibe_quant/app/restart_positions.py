"""Whether the trades since a position was journalled explain what it is now."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal
from itertools import accumulate
from typing import Any

from vibe_quant.app.memory import Leg, LegRow
from vibe_quant.domain.account import Position
from vibe_quant.domain.enums import PositionSide
from vibe_quant.ports import UserTrade

ZERO = Decimal(0)


@dataclass(frozen=True, slots=True)
class Unexplained:
    """A leg whose change since its last row is not that of its trades; quantities in the base asset."""

    symbol: str
    side: PositionSide
    before: Decimal
    traded: Decimal
    now: Decimal

    @property
    def body(self) -> Mapping[str, Any]:
        """For the journal."""
        return {"before": str(self.before), "traded": str(self.traded), "now": str(self.now)}

    @property
    def text(self) -> str:
        """For the operator."""
        return (
            f"{self.symbol} {self.side} was {self.before} when the journal ended, its trades since change that by "
            f"{self.traded}, and the exchange says that it is {self.now}. It is worked as it is now. Look at the "
            "account's history: a liquidation, a settlement or a change of the contract may stand behind it."
        )


def unexplained(
    before: Mapping[Leg, LegRow], trades: Mapping[str, Sequence[UserTrade]], positions: Iterable[Position]
) -> tuple[Unexplained, ...]:
    """The legs that do not add up, of the symbols whose trades were read; a leg that is not listed is flat."""
    now = {(position.symbol, position.side): position.qty for position in positions}
    return tuple(_of_legs(before, trades, now))


def _of_legs(
    before: Mapping[Leg, LegRow], trades: Mapping[str, Sequence[UserTrade]], now: Mapping[Leg, Decimal]
) -> Iterator[Unexplained]:
    for (symbol, side), row in before.items():
        if symbol not in trades:
            continue
        mine = [trade for trade in trades[symbol] if trade.position_side is side]
        after = sum((signed(trade) for trade in mine if trade.exch_ms > row.exch_ms), ZERO)
        # Of the trades of the row's own millisecond, the row has in it the first few, or none, or all.
        same = [signed(trade) for trade in mine if trade.exch_ms == row.exch_ms]
        qty = now.get((symbol, side), ZERO)
        if qty not in {row.qty + after + late for late in accumulate(reversed(same), initial=ZERO)}:
            yield Unexplained(symbol, side, row.qty, after, qty)


def signed(trade: UserTrade) -> Decimal:
    """What a trade does to |position| of its leg."""
    return -trade.qty if trade.side is trade.position_side.exit_side else trade.qty
