"""Rests one order at the touch without pause, sized by the time left, and crosses only in the last seconds."""

from __future__ import annotations

from decimal import Decimal

from vibe_quant.core.strategies.port import Needs, OrderEnd, StrategyContext, Urgency, Vote, Wish, WorkingOrder
from vibe_quant.domain.enums import ExecutionMode, PositionSide, SignalReason
from vibe_quant.domain.strategy_settings import PatientSettings, StrategyName

SECOND_MS = 1000
BPS = Decimal(10_000)
HOLD = Vote(Wish.HOLD, SignalReason.PATIENT)


class Patient:
    """behaviour.md 4, patient; the measurements behind it are execution-cost.md's.  No signal gates it."""

    __slots__ = ("_away_since", "_child_ms", "_endgame_at", "_endgame_ms", "_horizon_ms", "_is_long", "_s")

    def __init__(self, settings: PatientSettings, side: PositionSide) -> None:
        self._s = settings
        self._is_long = side is PositionSide.LONG
        self._horizon_ms = int(settings.horizon_s * SECOND_MS)
        self._endgame_ms = int(settings.endgame_s * SECOND_MS)
        self._child_ms = settings.child_s * SECOND_MS
        self._endgame_at: int | None = None
        self._away_since: int | None = None

    @property
    def name(self) -> StrategyName:
        """Its name in the configuration."""
        return StrategyName.PATIENT

    @property
    def needs(self) -> Needs:
        """Top of book and trades."""
        return Needs()

    def vote(self, ctx: StrategyContext, now: int) -> Vote:
        """A child at the touch, in the endgame all that is open by crossing; hold without a book or after a refusal."""
        market = ctx.market
        touch_qty = market.ask_qty if self._is_long else market.bid_qty
        if touch_qty is None:
            return HOLD
        if self._is_endgame(ctx, now):
            return self._wants(SignalReason.PATIENT_ENDGAME, Urgency.AGGRESSIVE, ctx.open_qty)
        if market.quotes_seen <= ctx.refused_quote_id:
            return HOLD
        child = self._child(ctx, touch_qty, now)
        return self._wants(SignalReason.PATIENT, Urgency.MAKER, child)

    def keep(self, ctx: StrategyContext, order: WorkingOrder, now: int) -> str | None:
        """Cancel a resting order when the endgame begins, or when the touch has been away from it for long enough."""
        if order.mode is ExecutionMode.AGGRESSIVE_LIMIT:
            return None
        if self._is_endgame(ctx, now):
            return "patient: the endgame has begun"
        if not self._is_away(ctx, order):
            self._away_since = None
            return None
        if self._away_since is None:
            self._away_since = now
        return "patient: the touch has left" if now - self._away_since >= self._s.reprice_ms else None

    def acted(self, vote: Vote, now: int) -> None:  # noqa: ARG002 - the port's shape
        """A new order is where the touch was."""
        self._away_since = None

    def ended(self, reason: SignalReason, end: OrderEnd, now: int) -> None:  # noqa: ARG002
        """No order is away from the touch any more."""
        self._away_since = None

    def deadline(self, now: int) -> int | None:
        """The endgame's beginning, or the moment a reprice is due."""
        endgame = self._endgame_at
        if self._away_since is not None:
            reprice = self._away_since + self._s.reprice_ms
            if reprice > now and (endgame is None or endgame <= now or reprice < endgame):
                return reprice
        return endgame if endgame is not None and endgame > now else None

    def _is_endgame(self, ctx: StrategyContext, now: int) -> bool:
        self._endgame_at = ctx.began_ms + self._horizon_ms - self._endgame_ms
        return now >= self._endgame_at

    def _child(self, ctx: StrategyContext, touch_qty: Decimal, now: int) -> Decimal:
        """max(open x child_s / time left, min(min_child x exit, max_touch_share x touch)), at most what is open.

        So the touch's share caps the least child, and the pace that the time left demands may exceed it.
        """
        left_ms = ctx.began_ms + self._horizon_ms - now
        demanded = ctx.open_qty * self._child_ms / left_ms
        least = min(self._s.min_child * ctx.exit_qty, self._s.max_touch_share * touch_qty)
        return min(max(demanded, least), ctx.open_qty)

    def _wants(self, reason: SignalReason, urgency: Urgency, qty: Decimal) -> Vote:
        resting = urgency is Urgency.MAKER
        return Vote(
            Wish.EXIT,
            reason,
            urgency=urgency,
            at_touch=resting,
            no_ttl=resting,
            qty=qty,
            own_cap=True,
            max_notional=self._s.max_child_notional,
            no_cooldown=True,
        )

    def _is_away(self, ctx: StrategyContext, order: WorkingOrder) -> bool:
        """Better prices than ours stand on our side, by at least a tick and ``reprice_bps``."""
        touch = ctx.market.ask if self._is_long else ctx.market.bid
        if touch is None or order.price is None:
            return False
        gap = order.price - touch if self._is_long else touch - order.price
        return gap >= ctx.rules.tick and gap >= order.price * self._s.reprice_bps / BPS
