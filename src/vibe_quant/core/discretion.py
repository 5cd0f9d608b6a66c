"""Makes an order of a wish to exit: mode, price, quantity and life (behaviour 4 to 7)."""

from __future__ import annotations

from dataclasses import dataclass
from decimal import Decimal
from typing import assert_never

from vibe_quant.core.account import Leg
from vibe_quant.core.market import MarketView
from vibe_quant.core.multipliers import accel_mult, roi_mult
from vibe_quant.core.order_plan import NoPlan, OrderPlan
from vibe_quant.core.pricing import Priced, PriceInput, Unpriced, aggressive_price, maker_price
from vibe_quant.core.risk import RiskManager
from vibe_quant.core.sizing import Slice, SliceInput, slice_qty
from vibe_quant.domain.blocked import Blocked
from vibe_quant.domain.enums import ExecutionMode, OrderType, SignalReason
from vibe_quant.domain.risk import Refused
from vibe_quant.domain.rules import ZERO, SymbolRules
from vibe_quant.domain.settings import MakerPriceMode, SymbolSettings
from vibe_quant.domain.signal import ExitSignal

FLATTEN_SHARE = Decimal("0.1")
IS_DUST = NoPlan(Blocked.DUST)


@dataclass(frozen=True, slots=True)
class Circumstances:
    """What besides the market an order depends on: law 4's room, the mode, and what the side has learnt."""

    room: Decimal
    mode: ExecutionMode
    ttl_ms: int
    leverage: int | None = None
    avoid: Decimal | None = None
    back_off_ticks: int = 0
    no_queue: bool = False


class Discretion:
    """One a side; pure but for what it reads.  ``rules`` are set before it is first asked."""

    def __init__(
        self, leg: Leg, view: MarketView, risk: RiskManager, settings: SymbolSettings, rules: SymbolRules
    ) -> None:
        self._leg = leg
        self._view = view
        self._risk = risk
        self._s = settings
        self.rules = rules

    def from_signal(self, signal: ExitSignal, given: Circumstances, now: int) -> OrderPlan | NoPlan:
        """The order that a signal asks for."""
        priced = self.priced(given, at_touch=signal.at_touch, wanted=signal.price)
        if isinstance(priced, Unpriced):
            return NoPlan(priced.reason)
        execution = self._s.execution
        sized = slice_qty(
            SliceInput(
                rules=self.rules,
                price=priced.price,
                position=self._leg.qty,
                room=given.room,
                target=execution.target_qty,
                base_mult=execution.base_mult,
                roi_mult=self._roi(given.leverage) if signal.use_roi_mult else 1,
                accel_mult=accel_mult(self._view, self._leg.side, self._s.accel, now) if signal.use_accel_mult else 1,
                max_mult=execution.max_mult,
                max_notional=signal.max_notional if signal.own_cap else execution.max_order_notional,
                qty=signal.qty,
                factor=signal.qty_factor,
            )
        )
        return self._sized(sized, priced, signal.reason, given, signal)

    def flatten(self, base: Decimal, given: Circumstances) -> OrderPlan | NoPlan:
        """A tenth of the position at the command, by an aggressive limit, down to zero whatever ``target_qty`` is."""
        priced = self.priced(given)
        if isinstance(priced, Unpriced):
            return NoPlan(priced.reason)
        wanted = base * FLATTEN_SHARE
        sized = slice_qty(SliceInput(self.rules, priced.price, self._leg.qty, given.room, qty=wanted))
        return self._sized(sized, priced, SignalReason.FLATTEN, given, None)

    def dust(self, given: Circumstances, *, market: bool) -> OrderPlan | NoPlan:
        """The whole remainder under a lot: by an aggressive limit, or by the one MARKET that discretion knows."""
        mode, ttl = ExecutionMode.AGGRESSIVE_LIMIT, self._s.execution.order_ttl_ms
        cooldown = self._s.execution.repost_cooldown_ms
        if given.room < self._leg.qty:
            return NoPlan(Blocked.COVERED)
        if market:
            qty, kind = self._leg.qty, OrderType.MARKET
            return OrderPlan(qty, None, mode, SignalReason.DUST, ttl, cooldown, order_type=kind)
        priced = self.priced(given)
        if isinstance(priced, Unpriced):
            return NoPlan(priced.reason)
        return OrderPlan(self._leg.qty, priced.price, mode, SignalReason.DUST, ttl, cooldown, priced.match)

    def priced(
        self, given: Circumstances, *, at_touch: bool = False, wanted: Decimal | None = None
    ) -> Priced | Unpriced:
        """The price of an order in the given mode."""
        view = self._view
        asked = PriceInput(
            side=self._leg.side,
            bid=view.bid,
            ask=view.ask,
            mark=view.mark,
            rules=self.rules,
            settings=self._s.execution,
            avoid=given.avoid,
            back_off_ticks=given.back_off_ticks,
        )
        match given.mode:
            case ExecutionMode.MAKER_ONLY:
                instead = given.no_queue and self._s.execution.maker_price_mode is MakerPriceMode.QUEUE
                return maker_price(asked, at_touch=at_touch or instead, wanted=wanted)
            case ExecutionMode.AGGRESSIVE_LIMIT:
                return aggressive_price(asked, wanted=wanted)
            case _:
                assert_never(given.mode)

    def is_dust(self, price: Decimal) -> bool:
        """The whole position is under one lot at that price, and there is one."""
        qty, rules = self._leg.qty, self.rules
        if qty > rules.min_qty + rules.step and (qty - rules.step) * price > rules.min_notional:
            return False  # a lot is less than a step above the greatest of its bounds
        return ZERO < qty < rules.lot(price)

    def _sized(
        self, sized: Slice, priced: Priced, reason: SignalReason, given: Circumstances, signal: ExitSignal | None
    ) -> OrderPlan | NoPlan:
        if sized.is_dust:
            return IS_DUST
        if sized.qty <= 0:
            return NoPlan(sized.reason or Blocked.NOTHING_TO_CLOSE)
        return self._plan(sized.qty, priced, reason, given, signal)

    def _plan(
        self, qty: Decimal, priced: Priced, reason: SignalReason, given: Circumstances, signal: ExitSignal | None
    ) -> OrderPlan | NoPlan:
        verdict = self._risk.permits_slice(self._leg.side, qty)
        if isinstance(verdict, Refused):
            return NoPlan(verdict.reason)
        price = None if priced.match is not None else priced.price
        no_cooldown = signal is not None and signal.no_cooldown
        cooldown = 0 if no_cooldown else self._s.execution.repost_cooldown_ms
        ttl = _ttl(signal, given.ttl_ms, given.mode)
        return OrderPlan(qty, price, given.mode, reason, ttl, cooldown, priced.match, signal=signal)

    def _roi(self, leverage: int | None) -> int:
        leg = self._leg
        return roi_mult(leg.side, leg.qty, leg.entry_price, leverage, self._view.mark, self._s.roi)


def _ttl(signal: ExitSignal | None, usual_ms: int, mode: ExecutionMode) -> int | None:
    """The signal's own life; an order that was to rest without end gets the usual one where risk made it aggressive."""
    if signal is None:
        return usual_ms
    if signal.no_ttl and mode is ExecutionMode.MAKER_ONLY:
        return None
    return usual_ms if signal.ttl_ms is None else signal.ttl_ms
