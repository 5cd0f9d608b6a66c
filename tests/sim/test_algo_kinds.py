# mypy: disable-error-code="comparison-overlap,unreachable"
"""The kinds of conditional order: limits, trailing stops, protected triggers, dates; ids, memory and countdowns."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from vibe_quant.domain.enums import (
    OrderSide,
    OrderStatus,
    OrderType,
    PositionSide,
    PriceMatch,
    StopStatus,
    TimeInForce,
    WorkingType,
)
from vibe_quant.sim import stops
from vibe_quant.sim.records import AlgoEvent, DeepMatch, Stp
from vibe_quant.sim.switches import Switches

D = Decimal
LONG, SHORT = PositionSide.LONG, PositionSide.SHORT
SYMBOL = "BTC/USDT:USDT"
STOP, TAKE, TRAILING = OrderType.STOP, OrderType.TAKE_PROFIT, OrderType.TRAILING_STOP_MARKET
CONTRACT = WorkingType.CONTRACT_PRICE


def limit(desk: Any, side: PositionSide, trigger: str, price: str | None, qty: str = "1", **more: Any) -> Any:
    more.setdefault("order_type", STOP)
    return desk.stop(side, trigger, qty, price=None if price is None else D(price), **more)


def trail(desk: Any, side: PositionSide, callback: str | None, qty: str = "1", **more: Any) -> Any:
    activate = more.pop("activate", None)
    return desk.stop(
        side,
        more.pop("trigger", None),
        qty,
        order_type=TRAILING,
        callback=None if callback is None else D(callback),
        activate_price=None if activate is None else D(activate),
        **more,
    )


def order_of(desk: Any, algo: Any) -> Any:
    return desk.x.venue.by_id[algo.order_id]


def test_a_stop_limit_rests_under_the_conditionals_client_id(desk: Any) -> None:
    algo = limit(desk, LONG, "95", "96", cid="vq-ps-1")
    desk.quote("94", "5", "94.1", "5")
    desk.mark("95")
    desk.wait(10)
    order = order_of(desk, algo)
    assert (order.client_id, order.order_type, order.orig_type) == ("vq-ps-1", OrderType.LIMIT, STOP)
    assert (order.price, order.stop_price, order.status) == (96, 95, OrderStatus.NEW)
    assert (algo.status, algo.actual_type) == (StopStatus.TRIGGERED, OrderType.LIMIT)
    assert desk.code(lambda: desk.x.algos.cancel("vq-ps-1", desk.now)) == -2011
    desk.x.cancel(SYMBOL, "vq-ps-1", desk.now)
    assert (algo.status, algo.filled_qty) == (StopStatus.FINISHED, 0)


def test_a_stop_limit_takes_what_its_price_reaches(desk: Any) -> None:
    algo = limit(desk, LONG, "95", "94", time_in_force=TimeInForce.IOC)
    desk.quote("94.5", "0.4", "94.6", "5")
    desk.mark("95")
    desk.wait(10)
    assert (algo.status, algo.filled_qty, algo.avg_price) == (StopStatus.FINISHED, D("0.4"), D("94.5"))
    assert order_of(desk, algo).expiry_reason == 2


@pytest.mark.parametrize(
    ("side", "kind", "trigger", "price", "at"),
    [(LONG, TAKE, "105", "105", "105"), (SHORT, STOP, "105", "106", "105"), (SHORT, TAKE, "95", "95", "95")],
)
def test_directions_of_limits(desk: Any, side: Any, kind: Any, trigger: str, price: str, at: str) -> None:
    algo = limit(desk, side, trigger, price, order_type=kind)
    desk.mark(at)
    assert algo.status is StopStatus.TRIGGERING


@pytest.mark.parametrize(("match", "price"), [(PriceMatch.OPPONENT, "94"), (DeepMatch.QUEUE_5, "94.5")])
def test_a_matched_price_is_chosen_at_the_trigger(desk: Any, match: Any, price: str) -> None:
    algo = limit(desk, LONG, "95", None, price_match=match, stp=Stp.EXPIRE_BOTH)
    desk.quote("94", "5", "94.1", "5")
    desk.mark("95")
    desk.wait(10)
    order = order_of(desk, algo)
    assert (order.price, order.price_match, order.stp) == (D(price), match, Stp.EXPIRE_BOTH)


def test_what_the_matching_engine_refuses_is_rejected_with_its_words(desk: Any) -> None:
    post_only = limit(desk, LONG, "95", "94", time_in_force=TimeInForce.GTX)
    desk.quote("94", "5", "94.1", "5")
    desk.mark("95")
    desk.wait(10)
    assert post_only.status is StopStatus.REJECTED
    assert "Post Only" in post_only.failure
    assert (post_only.order_id, desk.leg(LONG)) == (0, 1)
    far = limit(desk, LONG, "90", "85.6", time_in_force=TimeInForce.GTC)
    desk.quote("0", "0", "80.1", "5")
    blind = limit(desk, LONG, "89", None, price_match=PriceMatch.OPPONENT)
    desk.mark("89")
    desk.mark("95")
    desk.wait(10)
    assert (far.status, far.failure) == (StopStatus.REJECTED, "Limit price can't be lower than 90.25.")
    assert (blind.status, blind.failure) == (StopStatus.REJECTED, "No depth matches this BBO order.")


def test_a_limit_closer_beside_another_is_refused_at_its_trigger(desk: Any) -> None:
    desk.place(LONG, "0.6", "101")
    algo = limit(desk, LONG, "95", "96", "0.5")
    desk.mark("95")
    desk.wait(10)
    assert (algo.status, algo.failure) == (StopStatus.REJECTED, "ReduceOnly Order is rejected.")


def test_an_open_order_of_the_same_client_id_stands_in_the_way(desk: Any) -> None:
    order = desk.place(LONG, "0.5", "101", cid="same")
    algo = desk.stop(LONG, "95", "0.5", cid="same")
    desk.mark("95")
    desk.wait(10)
    assert (algo.status, algo.failure) == (StopStatus.REJECTED, "ClientOrderId is duplicated.")
    assert order.status is OrderStatus.NEW


@pytest.mark.parametrize(
    ("code", "price", "more"),
    [
        (-1102, None, {}),
        (-4001, "0", {}),
        (-4013, "0.05", {}),
        (-4002, "100000.1", {}),
        (-4014, "95.05", {}),
        (-4184, "90.2", {}),
        (-4183, "99.8", {"order_side": OrderSide.BUY, "order_type": TAKE}),
        (-5037, "96", {"price_match": PriceMatch.QUEUE}),
        (-5037, None, {"price_match": DeepMatch.OPPONENT_10}),
        (-5038, None, {"price_match": PriceMatch.QUEUE, "order_type": OrderType.STOP_MARKET}),
        (-1106, "96", {"order_type": OrderType.STOP_MARKET}),
        (-1106, "96", {"reduce_only": False}),
        (-1106, "96", {"activate_price": D(96)}),
        (-1106, "96", {"callback": D("0.01")}),
        (-1106, "96", {"good_till_ms": 2_000_000}),
        (-1115, "96", {"time_in_force": TimeInForce.GTD, "good_till_ms": 2_000_000}),
        (-4061, "96", {"position_side": None}),
        (-4005, "96", {"qty": "1001"}),
    ],
)
def test_refused_limits(desk: Any, code: int, price: str | None, more: dict[str, Any]) -> None:
    desk.words()
    assert desk.code(lambda: limit(desk, LONG, "95", price, **more)) == code
    assert (desk.words(), desk.x.algos.open) == ([], [])


def test_a_limit_has_the_limits_lot_size(desk: Any) -> None:
    assert limit(desk, LONG, "95", "96", "121").qty == 121


@pytest.mark.parametrize(("code", "trigger"), [(-1102, None), (-4007, "100000.1"), (-4007, "1E+99")])
def test_refused_triggers(desk: Any, code: int, trigger: str | None) -> None:
    assert desk.code(lambda: desk.stop(LONG, trigger)) == code


def test_close_position_is_for_the_market_kinds(desk: Any) -> None:
    for kind in (STOP, TAKE):
        more = {"order_type": kind, "price": D(96), "close_position": True}
        assert desk.code(lambda more=more: desk.stop(LONG, "95", **more)) == -4136
    assert desk.code(lambda: trail(desk, LONG, "0.01", close_position=True)) == -4136


def test_a_one_way_account_knows_no_legs(desk: Any) -> None:
    desk.x.account.dual = False
    assert desk.code(lambda: desk.stop(LONG, "95")) == -4061


def test_a_trailing_stop_follows_the_best_price(desk: Any) -> None:
    algo = trail(desk, LONG, "0.01", activate="102")
    (new,) = [e for e in desk.events() if isinstance(e, AlgoEvent)]
    assert not new.algo.activated
    for price in ("101.9", "90"):
        desk.mark(price)
    assert (algo.status, algo.activated, desk.words()) == (StopStatus.NEW, False, [])
    desk.mark("102")
    (started,) = desk.events()
    assert (started.algo.status, started.algo.activated) == (StopStatus.NEW, True)
    for price in ("104", "102.97"):
        desk.mark(price)
    assert (algo.status, algo.extreme) == (StopStatus.NEW, 104)
    desk.mark("102.96")
    assert algo.status is StopStatus.TRIGGERING
    desk.wait(10)
    assert (algo.status, desk.leg(LONG)) == (StopStatus.FINISHED, 0)


def test_a_trailing_buy_is_the_mirror(desk: Any) -> None:
    algo = trail(desk, SHORT, "0.01", activate="98")
    for price in ("98", "96", "96.95"):
        desk.mark(price)
    assert (algo.status, algo.extreme) == (StopStatus.NEW, 96)
    desk.mark("96.96")
    assert algo.status is StopStatus.TRIGGERING


def test_without_an_activation_price_it_starts_at_the_present_one(new_desk: Any) -> None:
    desk = new_desk()
    desk.seed(LONG, "1")
    early = trail(desk, LONG, "0.01", "0.5")
    assert desk.words() == ["ALGO NEW"]
    desk.mark("100")
    assert early.activated
    desk.words()
    algo = trail(desk, LONG, "0.01", "0.5")
    assert (desk.words(), algo.activated, algo.activate_price) == (["ALGO NEW", "ALGO NEW"], True, 100)
    desk.mark("99")
    assert (early.status, algo.status) == (StopStatus.TRIGGERING, StopStatus.TRIGGERING)


@pytest.mark.parametrize(
    ("code", "callback", "more"),
    [
        (-1102, None, {}),
        (-2007, "0.0009", {}),
        (-2007, "0.201", {}),
        (-2007, "0.0105", {}),
        (-1106, "0.01", {"trigger": "95"}),
        (-1106, "0.01", {"price": D(95)}),
        (-4135, "0.01", {"activate": "0"}),
        (-4014, "0.01", {"activate": "102.05"}),
        (-2021, "0.01", {"activate": "100"}),
        (-2021, "0.01", {"activate": "100", "order_side": OrderSide.BUY}),
        (-4005, "0.01", {"qty": "121"}),
    ],
)
def test_refused_trailing_stops(desk: Any, code: int, callback: str | None, more: dict[str, Any]) -> None:
    assert desk.code(lambda: trail(desk, LONG, callback, **more)) == code


def test_the_widest_callback(desk: Any) -> None:
    assert trail(desk, LONG, "0.2").callback == D("0.2")


@given(st.lists(st.integers(900, 1100), min_size=1, max_size=30), st.integers(1, 200), st.booleans())
def test_a_trailing_stop_fires_exactly_when_the_rule_says(
    new_desk: Any, steps: list[int], rate: int, sells: bool
) -> None:
    desk = new_desk()
    side = LONG if sells else SHORT
    desk.seed(side, "1")
    desk.mark("100")
    algo = trail(desk, side, str(D(rate) / 1000))
    seen = [D(100)]
    for step in steps:
        seen.append(D(step) / 10)
        desk.mark(str(seen[-1]))
        best = max(seen) if sells else min(seen)
        share = (best - seen[-1]) / best if sells else (seen[-1] - best) / best
        if share >= D(rate) / 1000:
            assert algo.status is StopStatus.TRIGGERING
            return
        assert algo.status is StopStatus.NEW


def test_a_protected_trigger_waits_until_mark_and_contract_agree(desk: Any) -> None:
    desk.x.algos.protect[SYMBOL] = D("0.01")
    guarded = desk.stop(LONG, "95", "0.5", price_protect=True, working_type=CONTRACT)
    plain = desk.stop(LONG, "95", "0.5", working_type=CONTRACT)
    desk.mark("96")
    desk.trade("95", "0.001", "SELL")
    assert (guarded.status, plain.status) == (StopStatus.NEW, StopStatus.TRIGGERING)
    desk.mark("95.9")
    desk.trade("94.95", "0.001", "SELL")
    assert guarded.status is StopStatus.TRIGGERING


def test_protection_needs_both_prices(desk: Any) -> None:
    guarded = desk.stop(LONG, "95", price_protect=True)
    desk.mark("80")
    assert guarded.status is StopStatus.TRIGGERING


def test_a_date_ends_what_has_not_triggered(new_desk: Any) -> None:
    desk = new_desk(Switches(algo_good_till=True))
    desk.seed(LONG, "1")
    desk.mark("100")
    dated = {"time_in_force": TimeInForce.GTD}
    first = limit(desk, LONG, "95", "96", good_till_ms=desk.now + 700_999, **dated)
    later = limit(desk, LONG, "95", "96", good_till_ms=desk.now + 900_000, **dated)
    gone = limit(desk, LONG, "95", "96", good_till_ms=desk.now + 650_000, **dated)
    assert first.good_till_ms == desk.now + 700_000
    desk.x.algos.cancel(gone.algo_id, desk.now)
    assert desk.code(lambda: limit(desk, LONG, "95", "96", **dated)) == -1102
    assert desk.code(lambda: limit(desk, LONG, "95", "96", good_till_ms=desk.now + 600_000, **dated)) == -5040
    desk.wait(699_999)
    assert first.status is StopStatus.NEW
    desk.wait(1)
    assert (first.status, later.status) == (StopStatus.EXPIRED, StopStatus.NEW)
    desk.wait(200_000)
    assert (later.status, desk.x.algos.open) == (StopStatus.EXPIRED, [])


def test_a_triggered_order_keeps_its_date(new_desk: Any) -> None:
    desk = new_desk(Switches(algo_good_till=True))
    desk.seed(LONG, "1")
    desk.mark("100")
    algo = limit(desk, LONG, "95", "96", time_in_force=TimeInForce.GTD, good_till_ms=desk.now + 700_000)
    desk.mark("95")
    desk.wait(10)
    desk.wait(700_000)
    assert (order_of(desk, algo).status, algo.status) == (OrderStatus.CANCELED, StopStatus.FINISHED)


def test_a_symbol_that_stops_trading_takes_its_conditionals_along(desk: Any) -> None:
    waiting, firing = desk.stop(LONG, "90"), desk.stop(SHORT, "101")
    desk.mark("101")
    desk.x.settlement.set_status(SYMBOL, "PRE_SETTLE", desk.now)
    assert (waiting.status, firing.status) == (StopStatus.EXPIRED, StopStatus.TRIGGERING)
    desk.wait(10)
    assert (firing.status, firing.failure) == (StopStatus.REJECTED, "Symbol is closed.")
    assert desk.code(lambda: desk.stop(LONG, "90")) == -4141


def test_either_id_names_a_conditional_order(desk: Any) -> None:
    one, two = desk.stop(LONG, "95", "1", cid="a"), desk.stop(LONG, "94", "1", cid="b")
    assert two.algo_id == one.algo_id + 1 > 4_000_000_000_000_000
    later = desk.now + 200
    assert desk.x.algos.query("a", later) is desk.x.algos.query(one.algo_id, later) is one
    desk.x.algos.cancel(one.algo_id, later)
    again = desk.stop(LONG, "95", "1", cid="a")
    assert desk.x.algos.find("a") is again
    assert desk.x.algos.find(one.algo_id) is one
    assert desk.code(lambda: desk.x.algos.cancel(one.algo_id, later)) == -2011
    assert desk.code(lambda: desk.x.algos.cancel(7, later)) == -2011


def test_only_the_newest_of_the_finished_are_remembered(desk: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(stops, "KEPT", 3)
    kept = desk.stop(LONG, "95", "1", cid="kept")
    done = []
    for cid in ("a", "a", "b", "c", "d"):
        done.append(desk.stop(LONG, "95", "1", cid=cid))
        desk.x.algos.cancel(cid, desk.now)
    assert list(desk.x.algos.known()) == [kept, *done[2:]]
    assert set(desk.x.algos.algos) == {"kept", "b", "c", "d"}


def test_a_countdown_restarts_and_its_timers_do_not_pile_up(desk: Any) -> None:
    order = desk.place(LONG, "0.5", "101")
    before = len(desk.x.venue._timers)
    for _ in range(50):
        desk.x.countdowns.arm(SYMBOL, 1000, desk.now)
        desk.wait(10)
    assert len(desk.x.venue._timers) - before == 1
    desk.wait(989)
    assert order.status is OrderStatus.NEW
    desk.wait(1)
    assert order.status is OrderStatus.CANCELED


def test_a_shorter_countdown_comes_first_and_zero_stops_it(desk: Any) -> None:
    order = desk.place(LONG, "0.5", "101")
    desk.x.countdowns.arm(SYMBOL, 5000, desk.now)
    desk.x.countdowns.arm(SYMBOL, 100, desk.now)
    desk.x.countdowns.arm(SYMBOL, 0, desk.now)
    desk.wait(6000)
    assert order.status is OrderStatus.NEW
    desk.x.countdowns.arm(SYMBOL, 5000, desk.now)
    desk.x.countdowns.arm(SYMBOL, 100, desk.now)
    desk.wait(100)
    assert order.status is OrderStatus.CANCELED
    other = desk.place(LONG, "0.5", "101")
    desk.wait(6000)
    assert other.status is OrderStatus.NEW
