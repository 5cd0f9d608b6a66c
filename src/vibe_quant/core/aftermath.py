"""What an order's end, and the end of an exit, mean for its side: counts, reactions to codes, notices, halts."""

from __future__ import annotations

from decimal import Decimal
from typing import TYPE_CHECKING

from vibe_quant.core.execution import Ended, EndKind
from vibe_quant.core.order_plan import OrderPlan
from vibe_quant.core.orders import KEPT, Merge, OwnOrder
from vibe_quant.core.patience import is_momentary
from vibe_quant.core.refusal import Refusal
from vibe_quant.core.strategies.port import OrderEnd
from vibe_quant.core.tally import POST_ONLY_REFUSED, REFUSALS_TO_HALT, Dust, order_end
from vibe_quant.core.urgent import TRIES
from vibe_quant.domain.enums import NoticeKind, OrderType, Severity, SignalReason
from vibe_quant.domain.intents import Halt, Intent, Notify

if TYPE_CHECKING:
    from vibe_quant.core.side import Side

ZERO = Decimal(0)
MARKET_OUTSIDE = -4131


class Aftermath:
    """One a side."""

    def __init__(self, side: Side) -> None:
        self._side = side
        self._refusal = Refusal(side)
        self._told: dict[str, OwnOrder] = {}
        """client id -> an ended order as notices and sums have it; it may fill once more, or come back."""
        self.sold = ZERO
        self.sold_notional = ZERO
        self.sold_priced = ZERO
        self._orders: set[str] = set()
        """Ids of the orders that have sold anything in this exit."""

    def ended(self, ended: Ended, now: int) -> list[Intent]:
        """Count the order's end and react to it."""
        side = self._side
        plan = side.plans.pop(ended.order.client_id, None)
        self._tell(ended, plan, now)
        tired = side.tally.book(ended, plan, soft=side.is_soft)
        refused = ended.kind is EndKind.REFUSED or ended.code
        if not refused:
            side.patience.passed()
        out = self._refusal.react(ended, plan, now) if refused else []
        if ended.kind is EndKind.WRITTEN_OFF:
            side.house.counter(side.symbol, side.side).gone(ended.order.client_id)
            side.house.sync.surprise(now, "an order was written off")
        told = self._told.get(ended.order.client_id)
        if ended.order.filled > (ZERO if told is None else told.filled):
            out.append(self._filled(ended.order))
            self._unclaim()
        if plan is not None and plan.reason is SignalReason.DUST:
            out += self._dust(ended)
        elif plan is not None and plan.urgent:
            out += self._dust_in_danger(ended)
        if tired and side.gate.halted is None:
            out += self.halt(f"{REFUSALS_TO_HALT} refusals in a row, the last with {ended.code}")
        return out + self.finished(now)

    def halt(self, reason: str) -> list[Intent]:
        """Stop the side's discretion until the operator resumes it."""
        side = self._side
        side.gate.halted = reason
        text = (
            f"{side.symbol} {side.side}: discretionary orders have stopped: {reason}. Panic and the protective stop go "
            f"on. Position {side.leg.qty}. Look at the reason, then resume."
        )
        facts = (("reason", reason), ("qty", str(side.leg.qty)))
        return [
            Notify(NoticeKind.HALT, Severity.ALARM, text, side.symbol, side.side, facts),
            Halt(side.symbol, side.side, reason),
        ]

    def finished(self, now: int) -> list[Intent]:
        """The exit is done where the leg is flat by the exchange's word, or at its target, and no order can live."""
        side = self._side
        done = side.leg.is_flat or ZERO < side.leg.row <= side.target
        if not done or not side.execution.is_quiet or (side.ctx is None and not self._orders):
            return []
        began = now if side.ctx is None else side.ctx.began_ms
        avg = self.sold_notional / self.sold_priced if self.sold_priced > 0 else None
        text = (
            f"{side.symbol} {side.side}: the exit is done. {self.sold} closed in {len(self._orders)} orders at "
            f"{_price(avg)}, {(now - began) / 1000:.1f} s; {side.leg.qty} left."
        )
        facts = (
            ("qty", str(self.sold)),
            ("avg", str(avg)),
            ("orders", str(len(self._orders))),
            ("left", str(side.leg.qty)),
        )
        side.ctx, side.flatten_base = None, None
        side.tally.begin()
        self.sold = self.sold_notional = self.sold_priced = ZERO
        self._orders.clear()
        return [Notify(NoticeKind.EXIT_FINISHED, Severity.INFO, text, side.symbol, side.side, facts)]

    def _tell(self, ended: Ended, plan: OrderPlan | None, now: int) -> None:
        """Panic, or the strategy that asked, hears how its order ended."""
        side = self._side
        refused = ended.kind in (EndKind.REFUSED, EndKind.WRITTEN_OFF)
        end = order_end(ended) or (OrderEnd.REFUSED if refused else OrderEnd.UNFILLED)
        if plan is not None and plan.urgent and ended.kind is not EndKind.WITHDRAWN:
            if ended.kind is EndKind.EXPIRED:
                end = OrderEnd.REFUSED  # knocked out before its time: it may be so at once again
            side.panic.on_end(end)
            market = plan.order_type is OrderType.MARKET
            side.rescue.backoff.ended(end, now, matched=plan.match is not None, market=market, code=ended.code)
        if plan is not None and plan.signal is not None:
            side.signal.ended(plan.reason, end, now)
        if ended.code == POST_ONLY_REFUSED and side.ctx is not None:
            side.ctx.refused_quote_id = side.desk.view.quotes_seen

    def _unclaim(self) -> None:
        """What was refused can be sold again and nobody else claims it; a claim that stands goes on being counted."""
        side = self._side
        if side.tally.claimed and not side.house.foreign.closers(side.symbol, side.side):
            side.tally.claimed = side.tally.claim_said = False

    def late(self, merged: Merge) -> Notify:
        """A fill of an order that had ended already."""
        return self._filled(merged.after)

    def _filled(self, order: OwnOrder) -> Notify:
        """What an ended order has sold and was not told before."""
        side = self._side
        told = self._told.pop(order.client_id, None)
        self._told[order.client_id] = order
        if len(self._told) > KEPT:
            del self._told[next(iter(self._told))]
        if told is not None:
            order = order.since(told)
        self.sold += order.filled
        self.sold_notional += order.notional
        self.sold_priced += order.priced_qty
        self._orders.add(order.client_id)
        avg = order.avg_price
        text = f"{side.symbol} {side.side}: closed {order.filled} at {_price(avg)}, {side.leg.qty} left."
        role = "maker" if order.maker_qty == order.trades_qty else "taker" if order.maker_qty == 0 else "both"
        facts = (
            ("qty", str(order.filled)),
            ("avg", str(avg)),
            ("mode", str(order.mode)),
            ("role", role if order.trades_qty > 0 else "unknown"),
            ("pnl", str(order.realized_pnl)),
            ("fee", str(order.fee)),
            ("fee_asset", order.fee_asset),
            ("reason", str(order.reason)),
            ("before", str(side.leg.qty + order.filled)),
            ("after", str(side.leg.qty)),
        )
        return Notify(NoticeKind.FILL, Severity.INFO, text, side.symbol, side.side, facts)

    def _dust(self, ended: Ended) -> list[Intent]:
        """After the MARKET attempt too: said once, with its value, and the side is done.

        One that never left, was not done for reasons of the moment, or was withdrawn, was no attempt.
        """
        side = self._side
        refused = ended.kind is EndKind.REFUSED
        if refused and ended.code == MARKET_OUTSIDE:
            side.tally.dust = Dust.NONE  # that speaks of the market, not of so little: a limit again
            return []
        if ended.kind is EndKind.WITHDRAWN or (refused and is_momentary(ended.code)):
            side.tally.dust = Dust(max(Dust.NONE, side.tally.dust - 1))  # none, where the leg was enlarged meanwhile
            return []
        if ended.kind is EndKind.FILLED or side.tally.dust is not Dust.MARKET:
            return []
        value = self._left_as_dust()
        text = (
            f"{side.symbol} {side.side}: {side.leg.qty} is left, worth {value:.2f}, and the exchange takes no closing "
            f"order of so little (last code {ended.code}). The side is done; close it by hand if you want it gone."
        )
        return [self._dust_notice(text, value, ended.code)]

    def _dust_in_danger(self, ended: Ended) -> list[Intent]:
        """The whole leg was refused both ways for being too little, near liquidation: said once, not yet done."""
        side = self._side
        known = side.tally.dust is Dust.REPORTED or side.rescue.backoff.too_small < TRIES
        if known or ended.order.qty < side.leg.qty:
            return []
        value = self._left_as_dust()
        text = (
            f"{side.symbol} {side.side}: {side.leg.qty} is left near liquidation, worth {value:.2f}, and the exchange "
            f"takes no closing order of so little (last code {ended.code}). It is tried again now and then; its "
            "protective stop is what closes it, or you by hand."
        )
        return [self._dust_notice(text, value, ended.code)]

    def _left_as_dust(self) -> Decimal:
        """From now on it is known to be left; what it is worth."""
        side = self._side
        side.tally.dust = Dust.REPORTED
        return side.leg.qty * (side.desk.view.mid or side.desk.view.mark or ZERO)

    def _dust_notice(self, text: str, value: Decimal, code: int) -> Notify:
        side = self._side
        facts = (("qty", str(side.leg.qty)), ("value", f"{value:.2f}"), ("code", str(code)))
        return Notify(NoticeKind.DUST, Severity.WARNING, text, side.symbol, side.side, facts)


def _price(avg: Decimal | None) -> str:
    return "a price that was not told" if avg is None else f"{avg:.8f}".rstrip("0").rstrip(".")
