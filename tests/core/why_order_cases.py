"""For each reason that keeps an open gate from an order: a way into it, and the numbers that it must show."""

from __future__ import annotations

from dataclasses import replace

from tests.core.scenario import BTC, LONG, OFFSET, SHORT, D, Scenario, listed, only, panicking, started, wallet_for
from tests.core.why_cases import Case, into, waits

from vibe_quant.domain import events as ev
from vibe_quant.domain import intents as do
from vibe_quant.domain.blocked import Blocked
from vibe_quant.domain.enums import ExecutionMode, OrderType, SignalReason, TimeInForce

BOOK = {"bid": "100.0", "ask": "100.4", "mark": "100"}
SIGNAL = {
    "strategies": "orderbook_price",
    "policy": "majority",
    **BOOK,
    "spread_ticks": "4",
    "last": "99.9",
    "before_last": "99.8",
}
SIZE = {"lot": "0.05", "min_notional": "5", "min_qty": "0.01", "max_qty": "1000"}


@into(Blocked.PATIENCE)
def _() -> Case:
    desk = started()
    order = only(desk.rise())
    refused = desk.now + 1
    desk.refused(order, -1008)
    desk.passes(refused + 150 - desk.now)
    facts = {"because": "overloaded, not done (-1008)", "failures_in_a_row": "1", "left_ms": "50"}
    return Case(desk, refused + 100, facts)  # after the cooldown


@into(Blocked.AT_TARGET)
def _() -> Case:
    desk = started("1", target_qty=D("0.95"))
    since = desk.now + 1
    desk.row("0.95")
    desk.quote()
    return Case(desk, since, {"qty": "0.95", "target": "0.95"})


@into(Blocked.NO_SIGNAL)
def _() -> Case:
    desk = started()
    since = desk.view().blocked_since_ms
    desk.calm()
    return Case(desk, since, {**SIGNAL, "last": "100.2", "before_last": "100.2"})


@into(Blocked.INTERVAL)
def _() -> Case:
    desk = started("1", repost_cooldown_ms=0, min_signal_interval_ms=2000)
    order = only(desk.rise())
    sent = order.timestamp_ms - OFFSET
    since = desk.now + 2  # the trade's moment; its row came before it
    desk.fill(order)
    desk.passes(500)
    return Case(desk, since, {"min_signal_interval_ms": "2000", "left_ms": str(sent + 2000 - desk.now)})


@into(Blocked.NO_BOOK)
def _() -> Case:
    desk = waits()
    desk.engine.desks[BTC].view.bid = None
    desk.trade("99.8")
    return Case(desk, desk.now, {**BOOK, "bid": "unknown"})


@into(Blocked.NO_MARK)
def _() -> Case:
    desk = waits()
    desk.engine.desks[BTC].view.mark = None
    desk.rise()
    return Case(desk, desk.now, {**BOOK, "mark": "unknown", "max_mark_gap": "0.005"})


@into(Blocked.PRICE_LIMITS)
def _() -> Case:
    desk = Scenario()
    desk.rules = replace(desk.rules, max_price=D(90))
    desk.start("1")
    desk.calm()
    desk.rise()
    return Case(desk, desk.now, {**BOOK, "min_price": "0", "max_price": "90"})


@into(Blocked.NO_PRICE)
def _() -> Case:
    desk = Scenario(listed(BTC=panicking()))
    desk.start("1", wallet=wallet_for("90"))
    desk.passes(1200, quoting=True)
    desk.calm()
    view = desk.engine.desks[BTC].view
    desk.engine.desks[BTC].sides[LONG].stop.exit_now = True
    view.bid = view.ask = view.mark = None
    desk.trade("99.9")
    return Case(desk, desk.now, dict.fromkeys(("bid", "ask", "mark"), "unknown"))


@into(Blocked.COVERED)
def _() -> Case:
    desk = started()
    desk.resting = [desk.foreign("web_1", "0.97")]
    desk.feed(desk.resting[0])
    desk.refused(only(desk.rise()), -2022)
    desk.passes(500, quoting=True)
    since = desk.view().blocked_since_ms
    facts = {"qty": "1", "own_orders": "0", "foreign_orders": "0.97", "room": "0.03"}
    return Case(desk, since, facts)


@into(Blocked.NOTHING_TO_CLOSE)
def _() -> Case:
    desk = Scenario()
    desk.rules = replace(desk.rules, max_qty=D("0.009"))
    desk.start("1")
    desk.rise()
    facts = {**SIZE, "qty": "1", "target": "0", "left": "1", "worth": "100.20", "max_qty": "0.009"}
    return Case(desk, desk.now, facts)


@into(Blocked.UNDER_A_LOT)
def _() -> Case:
    desk = started("0.08", target_qty=D("0.05"))
    desk.rise()
    facts = {**SIZE, "qty": "0.08", "target": "0.05", "left": "0.03", "worth": "3.01"}
    return Case(desk, desk.now, facts)


def _dust(desk: Scenario) -> do.OrderIntent:
    """Dust needs no signal, so that its order has left already: found again in the ledger."""
    [own] = desk.engine.house.orders.live(BTC, LONG)
    return do.OrderIntent(
        BTC, LONG, own.client_id, own.order_type, own.qty, own.price, TimeInForce.GTC,
        ExecutionMode.AGGRESSIVE_LIMIT, SignalReason.DUST, own.timestamp_ms,
    )  # fmt: skip


@into(Blocked.DUST)
def _() -> Case:
    desk = started("0.03")
    second = only(desk.refused(_dust(desk), -4164) + desk.passes(300, quoting=True))
    assert second.order_type is OrderType.MARKET
    desk.refused(second, -4164)
    desk.passes(500, quoting=True)
    facts = {**SIZE, "qty": "0.03", "target": "0", "left": "0.03", "worth": "3.01", "attempts": "2"}
    return Case(desk, desk.view().blocked_since_ms, facts)


def two_legs(brackets: bool = True) -> Scenario:
    """The SHORT is the smaller leg, and the LONG near liquidation without it."""
    desk = Scenario()
    desk.start("1", "0.9", wallet=D(2))
    desk.passes(1200, quoting=True)
    desk.calm()
    if not brackets:
        desk.engine.desks[BTC].rulebook.brackets = desk.engine.desks[BTC].risk._brackets = ()
    desk.fall()
    return desk


OTHER = {"leg": "LONG", "its_qty": "1", "liq_distance_threshold": "0.015", "brackets": "known", "mark": "100"}


@into(Blocked.OTHER_UNREADABLE)
def _() -> Case:
    desk = two_legs(brackets=False)
    dist = f"{desk.engine.desks[BTC].risk.flag(LONG).dist:.4f}"
    return Case(desk, desk.now, {**OTHER, "its_dist": dist, "brackets": "unknown"}, side=SHORT)


@into(Blocked.OTHER_NEAR)
def _() -> Case:
    desk = two_legs()
    dist = f"{desk.engine.desks[BTC].risk.flag(LONG).dist:.4f}"
    return Case(desk, desk.now, {**OTHER, "its_dist": dist}, side=SHORT)


@into(Blocked.BANNED)
def _() -> Case:
    desk = waits()
    until = desk.now + 5000
    desk.feed(ev.RateLimited(until, desk.now, banned=True))
    desk.rise()
    since = desk.now
    desk.passes(98)
    return Case(desk, since, {"left_ms": str(until - desk.now)})


@into(Blocked.BACK_OFF)
def _() -> Case:
    desk = waits()
    until = desk.now + 5000
    desk.feed(ev.RateLimited(until, desk.now, banned=False))
    desk.rise()
    since = desk.now
    desk.passes(98)
    return Case(desk, since, {"left_ms": str(until - desk.now)})


@into(Blocked.TOO_MANY)
def _() -> Case:
    desk = waits()
    until = desk.now + 10_000
    desk.engine.house.pacing.too_many(desk.now)
    desk.rise()
    since = desk.now
    desk.passes(98)
    return Case(desk, since, {"left_ms": str(until - desk.now)})


@into(Blocked.ORDERS_SPENT)
def _() -> Case:
    desk = waits()
    for _ in range(5):
        desk.engine.house.pacing.ordered(desk.now)
    full = desk.now
    desk.rise()
    since = desk.now
    desk.passes(98)
    return Case(desk, since, {"limit_per_s": "5", "left_ms": str(full + 1000 - desk.now)})


@into(Blocked.CANCELS_SPENT)
def _() -> Case:
    desk = started()
    order = only(desk.rise())
    sent = order.timestamp_ms - OFFSET
    desk.ack(order)
    desk.calm()
    desk.passes(700, quoting=True)
    for _ in range(8):
        desk.engine.house.pacing.cancelled(desk.now)
    full = desk.now
    desk.passes(400, quoting=True)
    return Case(desk, sent + 800, {"limit_per_s": "8", "left_ms": str(full + 1000 - desk.now)})


def usage(desk: Scenario, **counts: int) -> ev.RateUsage:
    told: dict[str, int | None] = {"weight_1m": None, "orders_10s": None, "orders_1m": None, **counts}
    return ev.RateUsage(desk.now, told["weight_1m"], told["orders_10s"], told["orders_1m"])


@into(Blocked.COUNT_SPENT)
def _() -> Case:
    desk = waits()
    desk.feed(usage(desk, orders_10s=240, orders_1m=241))
    desk.rise()
    return Case(desk, desk.now, {"in_10_s": "240 of 300", "in_60_s": "241 of 1200", "reserve": "0.2"})


@into(Blocked.WEIGHT_SPENT)
def _() -> Case:
    desk = waits()
    desk.feed(usage(desk, weight_1m=1930))
    desk.rise()
    return Case(desk, desk.now, {"weight": "1930", "limit": "2400", "reserve": "0.2"})
