"""Takes the other side's touch while a large quantity rests there, else waits deep on its own side of the book."""

from __future__ import annotations

from collections import deque
from decimal import Decimal

from vibe_quant.core.market import MarketView
from vibe_quant.core.strategies.jitter import QtyJitter, between_ms, jittered_ms
from vibe_quant.core.strategies.port import (
    Needs,
    OrderEnd,
    RandomSource,
    StrategyContext,
    Urgency,
    Vote,
    Wish,
    WorkingOrder,
)
from vibe_quant.domain.enums import PositionSide, SignalReason
from vibe_quant.domain.strategy_settings import PressureSettings, StrategyName


class OrderbookPressure:
    """behaviour.md 4, orderbook_pressure; fields and pacing as nearest-tool.md 4.3, 4.4.

    Pressure is seen when the strategy is asked; a stretch longer than the staleness limit in which it was not asked
    starts the count anew, for nobody knows what the book was meanwhile.
    """

    __slots__ = (
        "_attempts",
        "_fills",
        "_is_long",
        "_jitter",
        "_not_before",
        "_random",
        "_s",
        "_seen_ms",
        "_side",
        "_since_ms",
        "_threshold",
    )

    def __init__(self, settings: PressureSettings, side: PositionSide, random: RandomSource) -> None:
        """Raises ValueError where ``threshold_qty`` is not set."""
        if settings.threshold_qty is None:
            raise ValueError("strategy orderbook_pressure needs strategy.orderbook_pressure.threshold_qty; set it")
        self._s = settings
        self._threshold: Decimal = settings.threshold_qty
        self._side = side
        self._is_long = side is PositionSide.LONG
        self._random = random
        self._jitter = QtyJitter(settings.qty_jitter_pct, settings.qty_anti_repeat_lookback, random)
        self._attempts: deque[int] = deque()
        self._fills: deque[int] = deque()
        self._not_before: int | None = None
        self._since_ms: int | None = None
        self._seen_ms = 0

    @property
    def name(self) -> StrategyName:
        """Its name in the configuration."""
        return StrategyName.ORDERBOOK_PRESSURE

    @property
    def needs(self) -> Needs:
        """Top of book, trades, and as many levels as the resting order's."""
        return Needs(depth_levels=self._s.passive_level)

    def vote(self, ctx: StrategyContext, now: int) -> Vote:
        """Active where pressure has held long enough and nothing paces it, else passive; hold without a book."""
        self._watch(ctx.market, now)
        touch, price = (ctx.market.bid if self._is_long else ctx.market.ask), self._passive_price(ctx)
        if touch is None or price is None:
            return Vote(Wish.HOLD, SignalReason.PRESSURE_PASSIVE)
        s = self._s
        if self._is_active(now):
            return Vote(
                Wish.EXIT,
                SignalReason.PRESSURE_ACTIVE,
                urgency=Urgency.AGGRESSIVE,
                price=touch,
                qty_factor=self._jitter.draw(),
                use_roi_mult=s.use_roi_mult,
                use_accel_mult=s.use_accel_mult,
            )
        return Vote(
            Wish.EXIT,
            SignalReason.PRESSURE_PASSIVE,
            urgency=Urgency.MAKER,
            price=price,
            ttl_ms=jittered_ms(s.passive_ttl_ms, s.passive_ttl_jitter_pct, self._random),
            qty_factor=self._jitter.draw(),
            no_cooldown=True,
            use_roi_mult=s.use_roi_mult,
            use_accel_mult=s.use_accel_mult,
        )

    def keep(self, ctx: StrategyContext, order: WorkingOrder, now: int) -> str | None:
        """A resting passive order gives way to an active signal."""
        self._watch(ctx.market, now)
        if order.reason is SignalReason.PRESSURE_PASSIVE and self._is_active(now):
            return "pressure: the other side's touch can be taken"
        return None

    def acted(self, vote: Vote, now: int) -> None:
        """Count an active attempt, remember the quantity's factor."""
        self._jitter.used(vote.qty_factor)
        if vote.reason is SignalReason.PRESSURE_ACTIVE:
            self._attempts.append(now)

    def ended(self, reason: SignalReason, end: OrderEnd, now: int) -> None:
        """After an active order: the recheck cooldown, or where the burst limit is reached its pause."""
        if reason is not SignalReason.PRESSURE_ACTIVE:
            return
        s = self._s
        if end in (OrderEnd.FILLED, OrderEnd.PARTIAL):
            self._fills.append(now)
        wait = jittered_ms(s.active_recheck_cooldown_ms, s.active_recheck_jitter_pct, self._random)
        attempts, fills = self._in_window(self._attempts, now), self._in_window(self._fills, now)
        if attempts >= s.active_burst_max_attempts or fills >= s.active_burst_max_fills:
            self._attempts.clear()
            self._fills.clear()
            wait = max(wait, between_ms(s.active_burst_pause_min_ms, s.active_burst_pause_max_ms, self._random))
        self._not_before = now + wait

    def deadline(self, now: int) -> int | None:
        """When standing pressure will have held long enough and pacing is over."""
        at = self._active_at()
        return at if at is not None and at > now else None

    def _watch(self, market: MarketView, now: int) -> None:
        qty = market.bid_qty if self._is_long else market.ask_qty
        unseen_ms, self._seen_ms = now - self._seen_ms, now
        if qty is None or qty <= self._threshold:
            self._since_ms = None
        elif self._since_ms is None or unseen_ms > market.stale_ms:
            self._since_ms = now

    def _active_at(self) -> int | None:
        if self._since_ms is None:
            return None
        sustained = self._since_ms + self._s.sustain_ms
        return sustained if self._not_before is None else max(sustained, self._not_before)

    def _is_active(self, now: int) -> bool:
        at = self._active_at()
        return at is not None and now >= at

    def _in_window(self, times: deque[int], now: int) -> int:
        while times and times[0] <= now - self._s.active_burst_window_ms:
            times.popleft()
        return len(times)

    def _passive_price(self, ctx: StrategyContext) -> Decimal | None:
        """Price of ``passive_level`` on our own side; by ticks from the touch where the depth is not known so far."""
        market, level = ctx.market, self._s.passive_level
        touch, levels = (market.ask, market.asks) if self._is_long else (market.bid, market.bids)
        if touch is None:
            return None
        if len(levels) >= level and market.quote_exch_ms - market.depth_exch_ms <= market.stale_ms:
            return levels[level - 1][0]
        back = (level - 1) * ctx.rules.tick
        return touch + back if self._is_long else touch - back
