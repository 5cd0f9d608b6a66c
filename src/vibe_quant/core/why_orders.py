"""The numbers behind what keeps an open gate from an order: signals, prices, sizes, the other leg, budgets."""

from __future__ import annotations

from collections.abc import Mapping
from decimal import Decimal
from typing import TYPE_CHECKING

from vibe_quant.core.why_gates import Inputs, left
from vibe_quant.domain.blocked import Blocked
from vibe_quant.domain.status import Facts

if TYPE_CHECKING:
    from vibe_quant.core.side import Side


def _known(value: Decimal | None) -> str:
    return "unknown" if value is None else str(value)


def _book(side: Side, _now: int) -> Facts:
    view = side.desk.view
    return (("bid", _known(view.bid)), ("ask", _known(view.ask)), ("mark", _known(view.mark)))


def _at_target(side: Side, _now: int) -> Facts:
    return (("qty", str(side.leg.qty)), ("target", str(side.target)))


def _signal(side: Side, now: int) -> Facts:
    view, rules, settings = side.desk.view, side.desk.rulebook.rules, side.settings.strategy
    facts = [("strategies", ", ".join(settings.names)), ("policy", settings.policy.value), *_book(side, now)]
    if view.bid is not None and view.ask is not None and rules is not None:
        facts.append(("spread_ticks", str((view.ask - view.bid) // rules.tick)))
    return (*facts, ("last", _known(view.last)), ("before_last", _known(view.prev)))


def _interval(side: Side, now: int) -> Facts:
    wanted = ("min_signal_interval_ms", str(side.settings.execution.min_signal_interval_ms))
    return (wanted, *left(side.signal.free_at, now))


def _patience(side: Side, now: int) -> Facts:
    because = (("because", side.patience.why),) if side.patience.why else ()
    return (*because, ("failures_in_a_row", str(side.patience.failures)), *left(side.patience.ready_ms, now))


def _no_mark(side: Side, now: int) -> Facts:
    return (*_book(side, now), ("max_mark_gap", str(side.settings.execution.max_mark_gap)))


def _limits(side: Side, now: int) -> Facts:
    rules = side.desk.rulebook.rules
    bounds = () if rules is None else (("min_price", str(rules.min_price)), ("max_price", str(rules.max_price)))
    return (*_book(side, now), *bounds)


def _covered(side: Side, _now: int) -> Facts:
    room = side.release.room
    return (
        ("qty", str(side.leg.qty)),
        ("own_orders", str(side.leg.qty - room)),
        ("foreign_orders", str(side.claimed)),
        ("room", str(room - side.claimed)),
    )


def _size(side: Side, now: int) -> Facts:
    """What is left against what the exchange takes, at the book's middle."""
    rules, price = side.desk.rulebook.rules, side.desk.view.mid
    facts = [*_at_target(side, now), ("left", str(side.leg.qty - side.target))]
    if rules is not None and price is not None:
        value = (side.leg.qty - side.target) * price
        facts += [("lot", str(rules.lot(price))), ("worth", f"{value:.2f}"), ("min_notional", str(rules.min_notional))]
        facts += [("min_qty", str(rules.min_qty)), ("max_qty", str(rules.max_qty))]
    return tuple(facts)


def _dust(side: Side, now: int) -> Facts:
    return (*_size(side, now), ("attempts", str(min(int(side.tally.dust), 2))))


def _other(side: Side, _now: int) -> Facts:
    other, desk = side.side.opposite, side.desk
    flag, leg = desk.risk.flag(other), side.house.account.leg(side.symbol, other)
    dist = "unknown" if flag.dist is None else f"{flag.dist:.4f}"
    return (
        ("leg", str(other)),
        ("its_qty", str(leg.qty)),
        ("its_dist", dist),
        ("liq_distance_threshold", str(side.settings.risk.liq_distance_threshold)),
        ("brackets", "known" if desk.rulebook.brackets else "unknown"),
        ("mark", _known(desk.view.mark)),
    )


def _budget(blocked: Blocked) -> Inputs:
    return lambda side, now: side.house.pacing.facts(blocked, now)


BUDGETS = (
    Blocked.BANNED,
    Blocked.BACK_OFF,
    Blocked.TOO_MANY,
    Blocked.ORDERS_SPENT,
    Blocked.CANCELS_SPENT,
    Blocked.COUNT_SPENT,
    Blocked.WEIGHT_SPENT,
)
ORDERS: Mapping[Blocked, Inputs] = {
    Blocked.PATIENCE: _patience,
    Blocked.AT_TARGET: _at_target,
    Blocked.NO_SIGNAL: _signal,
    Blocked.INTERVAL: _interval,
    Blocked.NO_BOOK: _book,
    Blocked.NO_MARK: _no_mark,
    Blocked.PRICE_LIMITS: _limits,
    Blocked.NO_PRICE: _book,
    Blocked.COVERED: _covered,
    Blocked.NOTHING_TO_CLOSE: _size,
    Blocked.UNDER_A_LOT: _size,
    Blocked.DUST: _dust,
    Blocked.OTHER_UNREADABLE: _other,
    Blocked.OTHER_NEAR: _other,
    **{blocked: _budget(blocked) for blocked in BUDGETS},
}
