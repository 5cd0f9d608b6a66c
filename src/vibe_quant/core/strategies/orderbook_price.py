"""Exits into strength: when the last trade and the touch it is measured against have moved the side's way."""

from __future__ import annotations

from typing import Final

from vibe_quant.core.strategies.port import Needs, OrderEnd, StrategyContext, Urgency, Vote, Wish, WorkingOrder
from vibe_quant.domain.enums import PositionSide, SignalReason
from vibe_quant.domain.strategy_settings import StrategyName

PRIMARY: Final = {
    PositionSide.LONG: Vote(Wish.EXIT, SignalReason.LONG_PRIMARY),
    PositionSide.SHORT: Vote(Wish.EXIT, SignalReason.SHORT_PRIMARY),
}
IMPROVE: Final = {
    PositionSide.LONG: Vote(Wish.EXIT, SignalReason.LONG_BID_IMPROVE, urgency=Urgency.AGGRESSIVE),
    PositionSide.SHORT: Vote(Wish.EXIT, SignalReason.SHORT_ASK_IMPROVE, urgency=Urgency.AGGRESSIVE),
}
HOLD: Final = {
    PositionSide.LONG: Vote(Wish.HOLD, SignalReason.LONG_PRIMARY),
    PositionSide.SHORT: Vote(Wish.HOLD, SignalReason.SHORT_PRIMARY),
}


class OrderbookPrice:
    """The four conditions of behaviour.md 4, on the state as it is; stateless, no timer."""

    __slots__ = ("_hold", "_improve", "_is_long", "_primary")

    def __init__(self, side: PositionSide) -> None:
        self._is_long = side is PositionSide.LONG
        self._primary = PRIMARY[side]
        self._improve = IMPROVE[side]
        self._hold = HOLD[side]

    @property
    def name(self) -> StrategyName:
        """Its name in the configuration."""
        return StrategyName.ORDERBOOK_PRICE

    @property
    def needs(self) -> Needs:
        """Top of book and trades."""
        return Needs()

    def vote(self, ctx: StrategyContext, now: int) -> Vote:  # noqa: ARG002 - the port's shape
        """Primary by the rotation, improve aggressively, else hold.

        LONG: primary is last > prev and bid >= last; improve, where not primary, bid >= last and bid > prev.
        SHORT mirrored, on the ask.
        """
        market = ctx.market
        touch = market.bid if self._is_long else market.ask
        last, prev = market.last, market.prev
        if touch is None or last is None or prev is None:
            return self._hold
        if self._is_long:
            reached, moved, improved = touch >= last, last > prev, touch > prev
        else:
            reached, moved, improved = touch <= last, last < prev, touch < prev
        if not reached:
            return self._hold
        if moved:
            return self._primary
        return self._improve if improved else self._hold

    def keep(self, ctx: StrategyContext, order: WorkingOrder, now: int) -> str | None:  # noqa: ARG002
        """Always: its orders end by their TTL."""
        return None

    def acted(self, vote: Vote, now: int) -> None:
        """Nothing to remember."""

    def ended(self, reason: SignalReason, end: OrderEnd, now: int) -> None:
        """Nothing to remember."""

    def deadline(self, now: int) -> int | None:  # noqa: ARG002
        """None: only news changes its mind."""
        return None
