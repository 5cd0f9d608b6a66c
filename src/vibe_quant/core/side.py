"""One side of one symbol: asks the gates, the signals and the urgent wishes in their order, and lets orders leave."""

from __future__ import annotations

from dataclasses import replace
from decimal import Decimal
from typing import TYPE_CHECKING

from vibe_quant.core.aftermath import Aftermath
from vibe_quant.core.discretion import IS_DUST, Circumstances, Discretion
from vibe_quant.core.execution import Ended, ExecutionEngine, Out
from vibe_quant.core.gate import Gate
from vibe_quant.core.modes import held
from vibe_quant.core.order_plan import Acted, NoPlan, OrderPlan
from vibe_quant.core.order_states import FREE, Cooldown, Waiting
from vibe_quant.core.panic import PanicClose
from vibe_quant.core.patience import Patience
from vibe_quant.core.release import Release
from vibe_quant.core.rescue import Rescue
from vibe_quant.core.signal import SignalEngine
from vibe_quant.core.strategies.port import RandomSource, StrategyContext
from vibe_quant.core.strategies.registry import build
from vibe_quant.core.tally import Dust, Tally
from vibe_quant.core.upkeep import Upkeep
from vibe_quant.domain.blocked import Blocked
from vibe_quant.domain.enums import ExecutionMode, OrderSide, PositionSide, SignalReason
from vibe_quant.domain.intents import CancelOrder, Halt, Intent, OrderIntent
from vibe_quant.domain.risk import RiskFlag, RiskLevel
from vibe_quant.domain.rules import ZERO, SymbolRules
from vibe_quant.domain.settings import SymbolSettings

if TYPE_CHECKING:
    from vibe_quant.core.desk import Desk

NOTHING_LEFT = NoPlan(Blocked.AT_TARGET)
NO_BOOK = NoPlan(Blocked.NO_BOOK)
NO_SIGNAL = NoPlan(Blocked.NO_SIGNAL)
INTERVAL = NoPlan(Blocked.INTERVAL)


class Side:
    """One managed leg.  ``now`` is monotonic ms; every method returns the intents it causes."""

    def __init__(self, desk: Desk, side: PositionSide, settings: SymbolSettings, random: RandomSource) -> None:
        self.desk = desk
        self.house = desk.house
        self.symbol = desk.symbol
        self.side = side
        self.settings = settings
        self.leg = desk.house.account.leg(desk.symbol, side)
        self.execution = ExecutionEngine(desk.symbol, side, desk.house.orders)
        self.release = Release(desk.house, desk.symbol, side, self.execution)
        self.panic = PanicClose(desk.symbol, side, settings.risk.panic_close, settings.execution.order_ttl_ms)
        self.stop = desk.new_stop(side, settings)
        self.tally = Tally(settings.execution)
        self.gate = Gate(desk, side, self.stop)
        self.patience = Patience()
        self.aftermath = Aftermath(self)
        self.upkeep = Upkeep(self)
        self.rescue = Rescue(self)
        self.ctx: StrategyContext | None = None
        self.flatten_base: Decimal | None = None
        self.flatten_due = False
        self.plans: dict[str, OrderPlan] = {}
        """client id -> the plan of an order under way."""
        self.acted: Acted | None = None
        self._random = random
        self.signal = self._signals()
        self.discretion: Discretion | None = None

    @property
    def flag(self) -> RiskFlag:
        """The side's standing in risk."""
        return self.desk.risk.flag(self.side)

    @property
    def is_soft(self) -> bool:
        """At least the soft risk flag is up."""
        return self.desk.risk.flag(self.side).level is not RiskLevel.NONE

    @property
    def plan(self) -> OrderPlan | None:
        """The plan of the order under way; None without one, or for an order of an earlier run."""
        state = self.execution.state
        return None if isinstance(state, FREE) else self.plans.get(state.order.client_id)

    @property
    def target(self) -> Decimal:
        """Where discretion stops: zero while flattening, else target_qty."""
        return ZERO if self.flatten_base is not None else self.settings.execution.target_qty

    @property
    def is_active(self) -> bool:
        """Something is held, or some order may live."""
        return self.leg.qty > 0 or not self.execution.is_free

    def reconfigure(self, settings: SymbolSettings, now: int) -> list[Intent]:
        """New settings; where strategies or orders changed they start anew, and do not know what rests."""
        changed = settings.strategy != self.settings.strategy or settings.execution != self.settings.execution
        self.settings = settings
        self.tally.reconfigure(settings.execution)
        repanicked = self.panic.reconfigure(settings.risk.panic_close, settings.execution.order_ttl_ms)
        self.discretion = None
        if changed:
            self.signal = self._signals()
            self.plans = {key: replace(plan, outdated=True) for key, plan in self.plans.items()}
        else:
            self.signal.reconfigure(settings)
        out = self.panic.on_flag(self.flag, self.leg.qty, now)
        plan = self.plan
        if plan is not None and (repanicked if plan.urgent else self.upkeep.is_out_of_place(plan)):
            out += self.withdraw("the settings have changed", now)
        return out + self.aftermath.finished(now)

    def pulse(self, now: int) -> list[Intent]:
        """Something has happened that this side may act on: one look at everything, in the order of danger."""
        if self.panic.state is not None or self.stop.exit_now or self.stop.remainder:
            return self.rescue.work(now)
        execution = self.execution
        kind = type(execution.state)
        if kind is Waiting:
            return self.upkeep.tend(now)
        if kind is Cooldown:
            execution.rest(now)
        if not execution.is_free:
            self.gate.note(self._under_way(), now)
            return []
        closed = self.gate.closed(now) or self._put_off(now)
        if closed is not None:
            self.gate.note(closed, now)
            return []
        plan = self._discretionary(now)
        if isinstance(plan, NoPlan):
            self.gate.note(plan.reason, now)
            return []
        return self.send(plan, now)

    def settle(self, out: list[Out], now: int) -> list[Intent]:
        """Intents as they are; what has ended is counted, and may cause more."""
        intents: list[Intent] = []
        for item in out:
            if isinstance(item, Ended):
                intents += self.aftermath.ended(item, now)
            else:
                intents.append(item)
                if isinstance(item, Halt):
                    self.gate.halted = item.reason
                elif isinstance(item, CancelOrder):
                    self.house.pacing.cancelled(now, self.plan is not None and self.plan.urgent)
        return intents

    def withdraw(self, reason: str, now: int) -> list[Intent]:
        """Cancel what is live."""
        return self.settle(self.execution.withdraw(reason, now), now)

    def tick(self, now: int) -> list[Intent]:
        """Time has passed: lives and cooldowns end, doubts are asked again, panic's pace is compared."""
        intents: list[Intent] = list(self.panic.on_timer(now))
        plan = self.plan
        risky = plan is not None and plan.urgent
        held_back = self.house.pacing.may_cancel(now, risky)
        intents += self.settle(self.execution.tick(now, may_cancel=held_back is None), now)
        if held_back is not None and (self.execution.deadline() or now + 1) <= now:
            self.gate.note(held_back, now)
        if not self.gate.retired:
            intents += self.stop.on_timer(now)
        return intents

    def deadline(self, now: int) -> int | None:
        """The earliest moment after ``now`` at which the side has something to do without news."""
        moments = [self._order_due(now), None if self.gate.retired else self.stop.deadline()]
        if self.leg.qty > 0:
            moments += [self.panic.deadline(now), self.signal.deadline(now), self.desk.view.stale_at() + 1]
            moments += [self.rescue.backoff.ready_ms, self.patience.ready_ms]
        if self.gate.reason is not None:
            moments.append(self.house.pacing.next_at(now))
        return min((at for at in moments if at is not None and at > now), default=None)

    def _order_due(self, now: int) -> int | None:
        """When the order wants a tick; one that the budget has held back wants it when the budget allows."""
        at = self.execution.deadline()
        if at is None or at > now:
            return at
        return self.house.pacing.next_at(now) or now + 1

    def own_price(self) -> Decimal | None:
        """The most generous price at which an own order of this leg rests; the other leg must not meet it."""
        prices = [o.price for o in self.house.orders.live(self.symbol, self.side) if o.price is not None]
        if not prices:
            return None
        return min(prices) if self.side.exit_side is OrderSide.SELL else max(prices)

    @property
    def claimed(self) -> Decimal:
        """What foreign closers claim, from a first refusal for it on; base asset."""
        return self.house.foreign.claimed(self.symbol, self.side) if self.tally.claimed else ZERO

    def circumstances(self, mode: ExecutionMode, now: int | None = None) -> Circumstances:
        """What an order of ``mode`` has to keep to at this moment; with ``now``, the fill rate stretches its life."""
        ttl = self.settings.execution.order_ttl_ms
        maker = mode is ExecutionMode.MAKER_ONLY
        if maker and now is not None:
            ttl = self.tally.fill_rate.ttl_ms(now, ttl)
        return Circumstances(
            room=self.release.room - self.claimed,
            mode=mode,
            ttl_ms=ttl,
            leverage=self.house.account.leverage.get(self.symbol),
            avoid=self.desk.pair.avoid(self.side),
            back_off_ticks=self.tally.rotation.back_off_ticks if maker else 0,
            no_queue=self.tally.no_queue,
        )

    def _signals(self) -> SignalEngine:
        names = self.settings.strategy.names
        strategies = tuple(build(name, self.settings.strategy, self.side, self._random) for name in names)
        signals = SignalEngine(self.symbol, self.side, strategies, self.settings)
        self.needs = signals.needs
        for minutes in self.needs.candles_min:
            self.desk.view.want_candles(minutes)
        return signals

    def _under_way(self) -> Blocked | None:
        """What an order that is not free to be followed by another holds back; None: it is the side's own work."""
        if self.execution.is_doubtful:
            return Blocked.DOUBT
        return Blocked.LEFTOVER if self.execution.extras else None

    def _put_off(self, now: int) -> Blocked | None:
        """Why nothing new is sent now, though what rests may go on resting."""
        return Blocked.RULES_DOUBTED if self.desk.rulebook.doubted else self.patience.held(now)

    def _discretionary(self, now: int) -> OrderPlan | NoPlan:
        """The order that flatten, dust or a signal asks for now."""
        target = self.target
        rules, price = self.desk.rulebook.rules, self.desk.view.bid
        if self.leg.qty <= target or rules is None or price is None:
            return NOTHING_LEFT if self.leg.qty <= target else NO_BOOK
        if self.discretion is None or self.discretion.rules is not rules:
            self.discretion = Discretion(self.leg, self.desk.view, self.desk.risk, self.settings, rules)
        ctx = self.context(rules, now)
        if not target and self.discretion.is_dust(price):
            return self._dust(self.discretion)
        if self.flatten_base is not None:
            plan = self.discretion.flatten(self.flatten_base, self.circumstances(ExecutionMode.AGGRESSIVE_LIMIT))
            return self._dust(self.discretion) if plan is IS_DUST else plan
        signal = self.signal.evaluate(ctx, now)
        if signal is None:
            return INTERVAL if self.signal.throttled else NO_SIGNAL
        mode, spent = self._mode(signal.mode, now), self.house.pacing.may_order(now)
        if spent is not None:  # no order of a signal is urgent: most of the work is yet to come
            return NoPlan(spent)
        if mode is ExecutionMode.AGGRESSIVE_LIMIT and signal.mode is ExecutionMode.MAKER_ONLY:
            signal = replace(signal, price=None, ttl_ms=None)
        plan = self.discretion.from_signal(signal, self.circumstances(mode, now), now)
        return self._dust(self.discretion) if plan is IS_DUST else plan

    def _dust(self, discretion: Discretion) -> OrderPlan | NoPlan:
        if self.tally.dust >= Dust.MARKET:
            return NoPlan(Blocked.DUST)
        given = self.circumstances(ExecutionMode.AGGRESSIVE_LIMIT)
        return discretion.dust(given, market=self.tally.dust is Dust.LIMIT)

    def _mode(self, wished: ExecutionMode | None, now: int) -> ExecutionMode:
        """Soft risk over the signal's own mode, over the rotation's; a low fill rate makes this one aggressive."""
        self.tally.rotation = held(self.tally.rotation, self.is_soft)
        if self.is_soft:
            return ExecutionMode.AGGRESSIVE_LIMIT
        if wished is not None:
            return wished
        if self.tally.fill_rate.wants_aggressive(now):
            return ExecutionMode.AGGRESSIVE_LIMIT
        return self.tally.rotation.mode

    def context(self, rules: SymbolRules, now: int) -> StrategyContext:
        """What strategies see of the exit; made when it is first looked at."""
        open_qty = self.leg.qty - self.target
        if self.ctx is None:
            self.ctx = StrategyContext(self.side, self.desk.view, rules, open_qty, open_qty, now)
        self.ctx.open_qty = open_qty
        return self.ctx

    def send(self, plan: OrderPlan, now: int) -> list[Intent]:
        """Let the order of a plan leave, if budgets and laws let it."""
        out = self.release.submit(plan, now)
        if isinstance(out, NoPlan):
            self.gate.note(out.reason, now)
            return []
        for item in out:
            if isinstance(item, OrderIntent):
                self.acted = Acted(plan, item.client_id, self.desk.view.bid, self.desk.view.ask, self.flag, now)
                self.plans[item.client_id] = plan
                self.gate.note(None, now)
                if plan.reason is SignalReason.DUST:
                    self.tally.dust = Dust(self.tally.dust + 1)
                if plan.signal is not None:
                    self.signal.acted(plan.signal, now)
        return self.settle(out, now)
