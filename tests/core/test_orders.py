"""The ledger of own orders: any order, duplication and loss of reports leaves the truth, and law 4 counts with it."""

from __future__ import annotations

import random
from dataclasses import replace
from decimal import Decimal

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from vibe_quant.core import orders
from vibe_quant.core.orders import OrderLedger, OwnOrder, from_intent, from_report
from vibe_quant.domain.enums import (
    ExecutionMode,
    OrderStatus,
    OrderType,
    PositionSide,
    SignalReason,
    Source,
    TimeInForce,
)
from vibe_quant.domain.events import OrderUpdate
from vibe_quant.domain.intents import OrderIntent

D = Decimal
LONG, SHORT = PositionSide.LONG, PositionSide.SHORT
NEW, PART, FILLED, CANCELED = (
    OrderStatus.NEW,
    OrderStatus.PARTIALLY_FILLED,
    OrderStatus.FILLED,
    OrderStatus.CANCELED,
)
ID = "vq-r-1"


def intent(client_id: str = ID, qty: str = "10", side: PositionSide = LONG, symbol: str = "BTCUSDT") -> OrderIntent:
    return OrderIntent(
        symbol=symbol,
        position_side=side,
        client_id=client_id,
        order_type=OrderType.LIMIT,
        qty=D(qty),
        price=D(100),
        time_in_force=TimeInForce.GTX,
        mode=ExecutionMode.MAKER_ONLY,
        reason=SignalReason.LONG_PRIMARY,
        timestamp_ms=5_000,
    )


def report(status: OrderStatus, filled: str = "0", ms: int = 100, client_id: str = ID, qty: str = "10") -> OrderUpdate:
    return OrderUpdate(
        symbol="BTCUSDT",
        client_id=client_id,
        position_side=LONG,
        side=LONG.exit_side,
        status=status,
        order_type=OrderType.LIMIT,
        qty=D(qty),
        price=D(100),
        filled_qty=D(filled),
        exch_ms=ms,
        recv_ms=ms,
        source=Source.STREAM,
    )


def trade(filled: str, last: str, number: int, ms: int = 100, *, price: str = "100", fee: str = "0") -> OrderUpdate:
    status = FILLED if filled == "10" else PART
    return replace(
        report(status, filled, ms),
        last_qty=D(last),
        last_price=D(price),
        trade_id=number,
        is_maker=number % 2 == 0,
        fee=D(fee),
        fee_asset="USDT" if D(fee) else "",
        realized_pnl=D(1),
    )


def ledger_with(*client_ids: str) -> OrderLedger:
    ledger = OrderLedger()
    for client_id in client_ids or (ID,):
        ledger.record(from_intent(intent(client_id), now=7))
    return ledger


def known(ledger: OrderLedger, client_id: str = ID) -> OwnOrder:
    order = ledger.get(client_id)
    assert order is not None
    return order


def test_an_order_counts_before_its_request_leaves() -> None:
    ledger = ledger_with()
    order = known(ledger)
    assert (order.status, order.sent_ms, order.timestamp_ms) == (None, 7, 5_000)
    assert order.remaining == 10
    assert ledger.remaining("BTCUSDT", LONG) == 10
    assert ledger.remaining("BTCUSDT", SHORT) == 0
    assert ledger.remaining("ETHUSDT", LONG) == 0
    assert order.avg_price is None


def test_a_client_id_is_never_used_twice() -> None:
    ledger = ledger_with()
    ledger.merge(report(CANCELED))
    with pytest.raises(ValueError, match="vq-r-1 was used before"):
        ledger.record(from_intent(intent(), now=8))


def test_a_report_of_an_order_that_is_not_ours_is_not_booked() -> None:
    ledger = ledger_with()
    assert ledger.merge(report(NEW, client_id="web_1")) is None
    assert ledger.get("web_1") is None


def test_trades_add_up_and_each_is_booked_once() -> None:
    ledger = ledger_with()
    first = trade("4", "4", 1, 100, price="100", fee="0.1")
    second = trade("10", "6", 2, 101, price="110", fee="0.2")
    assert [ledger.merge(first), ledger.merge(first)][1] is not None
    merged = ledger.merge(second)
    assert merged is not None
    assert (merged.before.filled, merged.filled) == (D(4), D(6))
    ledger.merge(report(FILLED, "10", 101))
    order = known(ledger)
    assert (order.notional, order.trades_qty, order.maker_qty) == (D(1060), D(10), D(6))
    assert order.avg_price == D(106)
    assert (order.fee, order.fee_asset, order.realized_pnl) == (D("0.3"), "USDT", D(2))


def read(status: OrderStatus, filled: str, avg: str, ms: int = 100) -> OrderUpdate:
    return replace(report(status, filled, ms), avg_price=D(avg), source=Source.REST)


def test_an_average_that_rest_tells_prices_the_fills_whose_trades_were_not_heard() -> None:
    ledger = ledger_with()
    ledger.merge(trade("4", "4", 1, 100, price="100"))
    ledger.merge(read(PART, "8", "101", 101))
    order = known(ledger)
    assert (order.priced_qty, order.notional, order.trades_qty) == (D(8), D(808), D(4))
    ledger.merge(trade("8", "4", 2, 101, price="102", fee="0.1"))  # late, and in the average already
    ledger.merge(trade("10", "2", 3, 102, price="106"))
    order = known(ledger)
    assert (order.priced_qty, order.notional, order.avg_price) == (D(10), D(1020), D(102))
    assert (order.trades_qty, order.maker_qty, order.fee, order.realized_pnl) == (D(10), D(4), D("0.1"), D(3))


def test_an_average_of_what_is_known_trade_by_trade_or_of_the_past_or_of_nothing_is_not_taken() -> None:
    ledger = ledger_with()
    ledger.merge(read(NEW, "0", "0", 99))
    ledger.merge(trade("4", "4", 1, 100, price="100"))
    ledger.merge(read(PART, "4", "100.00001", 100))
    ledger.merge(report(PART, "8", 102))
    ledger.merge(read(PART, "6", "200", 101))
    ledger.merge(read(PART, "8", "0", 102))
    order = known(ledger)
    assert (order.priced_qty, order.notional) == (D(4), D(400))


def test_fees_of_two_assets_are_never_added_up() -> None:
    ledger = ledger_with()
    ledger.merge(replace(trade("4", "4", 1), fee=D("0.001"), fee_asset="BNB"))
    ledger.merge(trade("6", "2", 2, fee="0.5"))
    order = known(ledger)
    assert order.fees == (("BNB", D("0.001")), ("USDT", D("0.5")))
    assert (order.fee, order.fee_asset) == (D("0.001"), "BNB")
    free = known(ledger_with())
    assert (free.fee, free.fee_asset) == (D(0), "")


def test_a_fill_heard_before_the_answer_stays_though_the_answer_says_new() -> None:
    ledger = ledger_with()
    ledger.merge(trade("10", "10", 1, 105))
    ledger.merge(report(NEW, "0", 100))
    order = known(ledger)
    assert (order.status, order.filled, order.remaining) == (FILLED, D(10), D(0))


def test_an_older_report_brings_its_trade_but_not_its_state() -> None:
    ledger = ledger_with()
    ledger.merge(replace(report(PART, "4", 105), price=D(101), order_id=9))
    late = ledger.merge(trade("3", "3", 1, 101))
    assert late is not None
    assert (late.filled, late.after.status, late.after.exch_ms, late.after.price) == (D(0), PART, 105, D(101))
    assert (late.after.trades_qty, late.after.order_id) == (D(3), 9)


def test_a_trade_of_an_ended_order_is_still_booked() -> None:
    ledger = ledger_with()
    ledger.merge(report(CANCELED, "4", 105))
    late = ledger.merge(trade("4", "4", 1, 104))
    assert late is not None
    assert (late.after.status, late.after.trades_qty, late.filled) == (CANCELED, D(4), D(0))


def test_a_price_that_the_exchange_chose_is_taken_over_and_a_zero_is_not() -> None:
    ledger = ledger_with()
    ledger.merge(replace(report(NEW), price=D(0)))
    assert known(ledger).price == 100
    ledger.merge(replace(report(NEW), price=D("100.5")))
    assert known(ledger).price == D("100.5")


def test_a_written_off_order_that_comes_back_is_counted_again() -> None:
    ledger = ledger_with()
    gone = ledger.write_off(ID)
    assert gone is not None
    assert gone.is_final
    assert ledger.remaining("BTCUSDT", LONG) == 0
    ledger.merge(report(PART, "3"))
    assert ledger.remaining("BTCUSDT", LONG) == 7
    assert [order.client_id for order in ledger.live("BTCUSDT", LONG)] == [ID]


def test_news_older_than_what_was_written_off_does_not_revive_it() -> None:
    ledger = ledger_with()
    ledger.merge(report(PART, "3", 105))
    ledger.write_off(ID)
    ledger.merge(report(NEW, "0", 100))
    assert ledger.remaining("BTCUSDT", LONG) == 0


def test_a_late_fill_of_a_written_off_order_is_booked() -> None:
    ledger = ledger_with()
    ledger.write_off(ID)
    late = ledger.merge(trade("10", "10", 1))
    assert late is not None
    assert (late.filled, late.after.status, late.after.written_off) == (D(10), FILLED, False)


def test_a_refused_order_that_the_exchange_shows_alive_is_counted_again() -> None:
    ledger = ledger_with()
    refused = ledger.refuse(ID)
    assert refused is not None
    assert (refused.status, refused.is_final) == (OrderStatus.REJECTED, True)
    ledger.merge(report(NEW))
    assert ledger.remaining("BTCUSDT", LONG) == 10


def test_what_a_report_has_ended_is_not_ended_again() -> None:
    ledger = ledger_with()
    ledger.merge(report(CANCELED, "3"))
    order = known(ledger)
    assert ledger.refuse(ID) == ledger.write_off(ID) == order
    assert ledger.refuse("vq-r-2") is None


def test_an_amendment_under_way_counts_with_the_larger_quantity() -> None:
    ledger = ledger_with()
    ledger.merge(report(PART, "2", 100))
    for under_way, counted in (("15", 13), ("6", 8)):
        ledger.amending(ID, D(under_way))
        assert known(ledger).remaining == counted
        ledger.merge(report(PART, "2", 100))
        assert known(ledger).remaining == counted
    ledger.unamended(ID)
    assert known(ledger).remaining == 8


def test_an_amendment_is_done_when_a_report_says_so_and_not_before() -> None:
    ledger = ledger_with()
    ledger.amending(ID, D(10))
    ledger.merge(trade("2", "2", 1, 101))
    assert known(ledger).amend_qty == 10
    ledger.merge(replace(report(PART, "2", 102), amended=True))
    assert (known(ledger).qty, known(ledger).amend_qty) == (D(10), None)
    ledger.amending(ID, D(4))
    ledger.merge(replace(report(PART, "2", 103, qty="5"), amended=True))
    assert (known(ledger).qty, known(ledger).amend_qty) == (D(5), None)


def test_an_amendment_that_failed_for_good_leaves_the_order_as_it_was_and_is_the_last() -> None:
    ledger = ledger_with()
    ledger.amending(ID, D(15))
    ledger.unamended(ID)
    assert (known(ledger).remaining, known(ledger).amendable) == (D(10), True)
    ledger.unamended(ID, for_good=True)
    assert not known(ledger).amendable


def test_an_amendment_thought_lost_that_made_the_order_larger_counts() -> None:
    ledger = ledger_with()
    ledger.amending(ID, D(15))
    ledger.unamended(ID)
    ledger.merge(report(NEW, "0", 101, qty="15"))
    assert ledger.remaining("BTCUSDT", LONG) == 15


def test_fills_beyond_the_known_quantity_give_no_room_to_another_order() -> None:
    ledger = ledger_with(ID, "vq-r-2")
    ledger.merge(replace(report(PART, "14"), qty=D(0)))
    assert known(ledger).remaining == 0
    assert ledger.remaining("BTCUSDT", LONG) == 10


def test_an_order_of_an_earlier_run_starts_with_what_had_filled_before() -> None:
    resting = report(PART, "4", 90)
    order = from_report(resting, now=7)
    assert (order.filled, order.remaining, order.mode, order.status, order.timestamp_ms) == (D(4), D(6), None, None, 90)
    filling = trade("6", "2", 1, 95)
    ledger = OrderLedger()
    ledger.record(from_report(filling, now=7))
    merged = ledger.merge(filling)
    assert merged is not None
    assert (merged.filled, merged.after.filled, merged.after.trades_qty) == (D(2), D(6), D(2))


def test_only_so_many_ended_orders_are_remembered(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(orders, "KEPT", 2)
    ledger = ledger_with("a", "b", "c", "d")
    ledger.merge(replace(trade("10", "10", 1), client_id="b"))
    ledger.merge(report(CANCELED, client_id="a"))
    ledger.write_off("c")
    assert (ledger.get("b"), known(ledger, "a").status, known(ledger, "c").written_off) == (None, CANCELED, True)
    assert [order.client_id for order in ledger.live("BTCUSDT", LONG)] == ["d"]
    ledger.merge(report(NEW, client_id="c"))
    ledger.write_off("d")
    assert known(ledger, "a").is_final
    assert known(ledger, "c").remaining == 10


def test_orders_may_end_while_they_are_walked_through() -> None:
    ledger = ledger_with("a", "b", "c")
    for order in ledger.live("BTCUSDT", LONG):
        ledger.write_off(order.client_id)
    assert list(ledger.live("BTCUSDT", LONG)) == []


@st.composite
def lives(draw: st.DrawFn) -> list[OrderUpdate]:
    """All reports of one order's life, true and in order: NEW, trades, perhaps a cancel; each by stream and REST."""
    ms, filled = 100, 0
    told = [report(NEW, "0", ms)]
    sizes = draw(st.lists(st.integers(1, 4), max_size=4).filter(lambda parts: sum(parts) <= 10))
    for number, size in enumerate(sizes, start=1):
        ms += draw(st.integers(0, 2))
        filled += size
        told.append(trade(str(filled), str(size), number, ms, fee="0.01"))
        told.append(report(told[-1].status, str(filled), ms))
        if draw(st.booleans()):
            told.append(read(told[-1].status, str(filled), "100", ms))
    if filled < 10:
        told.append(report(CANCELED, str(filled), ms + draw(st.integers(0, 2))))
    return told


def shuffled(told: list[OrderUpdate], rng: random.Random) -> list[OrderUpdate]:
    heard = told * 2
    rng.shuffle(heard)
    return heard


@settings(deadline=None)
@given(lives(), st.randoms(use_true_random=False))
def test_any_order_of_reports_ends_in_the_same_truth(told: list[OrderUpdate], rng: random.Random) -> None:
    ledger = ledger_with()
    for update in shuffled(told, rng):
        ledger.merge(update)
    order, last = known(ledger), told[-1]
    assert (order.filled, order.status, order.remaining) == (last.filled_qty, last.status, D(0))
    assert order.trades_qty == order.priced_qty == order.filled
    assert order.notional == 100 * order.filled
    assert order.fee == D("0.01") * sum(1 for update in told if update.last_qty > 0)


@settings(deadline=None)
@given(lives(), st.randoms(use_true_random=False), st.data())
def test_filled_never_falls_and_final_is_final_whatever_is_lost(
    told: list[OrderUpdate], rng: random.Random, data: st.DataObject
) -> None:
    ledger = ledger_with()
    heard = shuffled(told, rng)
    heard = heard[: data.draw(st.integers(0, len(heard)))]
    for update in heard:
        before = known(ledger)
        merged = ledger.merge(update)
        assert merged is not None
        assert merged.before == before
        assert merged.filled == merged.after.filled - before.filled >= 0
        assert not before.is_final or merged.after.is_final
        assert merged.after.trades_qty <= merged.after.filled
        assert merged.after.priced_qty <= merged.after.filled
        assert merged.after.notional == 100 * merged.after.priced_qty
    order = known(ledger)
    assert order.filled == max((update.filled_qty for update in heard), default=D(0))
    assert order.is_final == any(update.status.is_final for update in heard)


@settings(deadline=None)
@given(st.lists(st.tuples(st.sampled_from("abc"), st.sampled_from(range(7)), st.integers(0, 10)), max_size=30))
def test_remaining_is_the_sum_over_what_lives(steps: list[tuple[str, int, int]]) -> None:
    ledger = ledger_with("a", "b", "c")
    statuses = (NEW, PART, CANCELED)
    for ms, (client_id, action, amount) in enumerate(steps):
        if action < 3:
            ledger.merge(report(statuses[action], str(amount), ms, client_id))
        elif action == 3:
            ledger.refuse(client_id)
        elif action == 4:
            ledger.write_off(client_id)
        elif action == 5:
            ledger.amending(client_id, D(amount))
        else:
            ledger.unamended(client_id)
        all_known = [known(ledger, each) for each in "abc"]
        living = [order for order in all_known if not order.is_final]
        assert {o.client_id for o in ledger.live("BTCUSDT", LONG)} == {o.client_id for o in living}
        assert ledger.remaining("BTCUSDT", LONG) == sum(o.remaining for o in all_known)
        assert all(order.remaining >= 0 for order in all_known)


def test_orders_of_another_symbol_are_neither_counted_nor_given() -> None:
    ledger = OrderLedger()
    mine, other = from_intent(intent("a"), 0), replace(from_intent(intent("b"), 0), symbol="ETH/USDT:USDT")
    for order in (mine, other):
        ledger.record(order)
    assert [ledger.count(one.symbol) for one in (mine, other)] == [1, 1]
    assert list(ledger.live(mine.symbol, mine.side)) == [mine]
    ledger.write_off("b")
    assert [ledger.count(one.symbol) for one in (mine, other)] == [1, 0]
    assert not list(ledger.live(other.symbol, other.side))
