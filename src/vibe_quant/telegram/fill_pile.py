"""Fills that wait, summed by side: however many come, what is told of them stays exact and short."""

from __future__ import annotations

from dataclasses import dataclass, field
from decimal import Decimal, InvalidOperation

from vibe_quant.domain.enums import PositionSide
from vibe_quant.domain.intents import Notify

MOST_LEGS = 500
ZERO = Decimal(0)


@dataclass(slots=True)
class FillSum:
    """One side's waiting fills.  ``only`` is the notice itself while there is one alone."""

    symbol: str
    side: PositionSide
    since_ms: int
    only: Notify | None
    before: Decimal | None = None
    after: Decimal | None = None
    count: int = 0
    qty: Decimal = ZERO
    priced: Decimal = ZERO
    notional: Decimal = ZERO
    pnl: Decimal = ZERO
    fees: dict[str, Decimal] = field(default_factory=dict)

    @property
    def avg(self) -> Decimal | None:
        """By quantity; None: no price was told."""
        return self.notional / self.priced if self.priced > 0 else None

    def add(self, notice: Notify) -> None:
        """One more."""
        facts = dict(notice.facts)
        qty, avg, fee = (number(facts.get(name)) for name in ("qty", "avg", "fee"))
        self.only = notice if self.count == 0 else None
        self.before = number(facts.get("before")) if self.count == 0 else self.before
        self.after = number(facts.get("after"))
        self.count += 1
        self.qty += qty or ZERO
        if qty is not None and avg is not None:
            self.priced += qty
            self.notional += qty * avg
        self.pnl += number(facts.get("pnl")) or ZERO
        if fee:
            asset = facts.get("fee_asset", "")
            self.fees[asset] = self.fees.get(asset, ZERO) + fee


@dataclass(slots=True)
class FillPile:
    """``dropped`` counts the fills of sides beyond the bound."""

    _sums: dict[tuple[str, PositionSide], FillSum] = field(default_factory=dict)
    dropped: int = 0

    def __len__(self) -> int:
        return sum(one.count for one in self._sums.values())

    def __bool__(self) -> bool:
        return bool(self._sums) or self.dropped > 0

    def add(self, notice: Notify, at_ms: int) -> None:
        """A fill's notice; one without a side is of nobody."""
        if notice.symbol is None or notice.side is None:
            return
        leg = (notice.symbol, notice.side)
        if leg not in self._sums:
            if len(self._sums) >= MOST_LEGS:
                self.dropped += 1
                return
            self._sums[leg] = FillSum(notice.symbol, notice.side, at_ms, notice)
        self._sums[leg].add(notice)

    def take(self) -> tuple[tuple[FillSum, ...], int]:
        """All of them, the largest notional first, and how many were dropped; nothing is left."""
        sums = tuple(sorted(self._sums.values(), key=lambda one: one.notional, reverse=True))
        dropped, self.dropped = self.dropped, 0
        self._sums.clear()
        return sums, dropped


def number(text: str | None) -> Decimal | None:
    """A fact's figure; None where it has none."""
    if text is None:
        return None
    try:
        value = Decimal(text)
    except InvalidOperation:
        return None
    return value if value.is_finite() else None
