"""The independent counter never stops an honest side, and always stops one that would sell more than there is."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from decimal import Decimal

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from vibe_quant.core import exit_counter
from vibe_quant.core.account import Leg
from vibe_quant.core.exit_counter import ExitCounter
from vibe_quant.core.orders import OrderLedger, from_intent
from vibe_quant.domain.enums import (
    ExecutionMode,
    OrderStatus,
    OrderType,
    PositionSide,
    SignalReason,
    Source,
    TimeInForce,
)
from vibe_quant.domain.events import OrderUpdate, PositionUpdate
from vibe_quant.domain.intents import AmendOrder, OrderIntent

D = Decimal
START, NOTHING = D(100), D(0)
LONG = PositionSide.LONG
NEW, PART, FILLED, CANCELED = (
    OrderStatus.NEW,
    OrderStatus.PARTIALLY_FILLED,
    OrderStatus.FILLED,
    OrderStatus.CANCELED,
)


def intent(client_id: str, qty: str | Decimal) -> OrderIntent:
    return OrderIntent(
        symbol="BTCUSDT",
        position_side=LONG,
        client_id=client_id,
        order_type=OrderType.LIMIT,
        qty=D(qty),
        price=D(100),
        time_in_force=TimeInForce.GTX,
        mode=ExecutionMode.MAKER_ONLY,
        reason=SignalReason.LONG_PRIMARY,
        timestamp_ms=0,
    )


def amendment(client_id: str, qty: str) -> AmendOrder:
    return AmendOrder("BTCUSDT", LONG, client_id, D(qty), D(101))


def report(
    client_id: str, status: OrderStatus, ms: int, filled: str | Decimal = "0", qty: str | Decimal = "4"
) -> OrderUpdate:
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


def counter_at(qty: str) -> ExitCounter:
    counter = ExitCounter()
    counter.row(D(qty), 100)
    return counter


def test_nothing_may_leave_before_a_row_is_known() -> None:
    assert ExitCounter().room == 0
    assert counter_at("10").room == 10


def test_an_order_takes_its_room_until_it_ends_and_what_it_sold_for_good() -> None:
    counter = counter_at("10")
    counter.leaving(intent("a", "4"))
    assert (counter.open, counter.room) == (D(4), D(6))
    counter.report(report("a", PART, 101, "1"))
    assert (counter.sold, counter.open, counter.room) == (D(1), D(3), D(6))
    counter.row(D(9), 101)
    counter.report(report("a", CANCELED, 102, "1"))
    assert (counter.bound, counter.open, counter.room) == (D(10), D(0), D(9))


def test_an_old_report_brings_no_fill_and_no_life_back() -> None:
    counter = counter_at("10")
    counter.leaving(intent("a", "4"))
    counter.report(report("a", FILLED, 102, "4"))
    counter.report(report("a", PART, 101, "3"))
    counter.row(D(12), 99)
    assert (counter.sold, counter.open, counter.bound) == (D(4), D(0), D(10))


@pytest.mark.parametrize("fill_first", [True, False])
def test_a_row_and_its_fill_raise_nothing_in_either_order(fill_first: bool) -> None:
    counter = counter_at("10")
    counter.leaving(intent("a", "4"))
    for is_fill in (fill_first, not fill_first):
        if is_fill:
            counter.report(report("a", FILLED, 105, "4"))
        else:
            counter.row(D(6), 105)
        assert counter.bound == 10
    assert counter.room == 6


def test_a_second_fill_of_the_rows_millisecond_raises_nothing() -> None:
    counter = counter_at("10")
    counter.leaving(intent("a", "5"))
    counter.row(D(8), 105)
    counter.report(report("a", PART, 105, "2", "5"))
    counter.report(report("a", FILLED, 105, "5", "5"))
    assert (counter.bound, counter.room) == (D(10), D(5))
    counter.row(D(5), 105)
    assert (counter.bound, counter.room) == (D(10), D(5))


def test_a_fill_of_the_first_rows_millisecond_is_in_it() -> None:
    counter = ExitCounter()
    counter.adopt(report("a", NEW, 90))
    counter.row(D(6), 105)
    counter.report(report("a", FILLED, 105, "4"))
    assert (counter.bound, counter.room) == (D(10), D(6))


def test_an_add_is_seen_though_own_fills_fell_before_and_after_it() -> None:
    counter = counter_at("10")
    counter.leaving(intent("a", "4"))
    counter.report(report("a", FILLED, 105, "4"))
    counter.row(D(9), 110)  # 10 - 4 + 3
    assert (counter.bound, counter.room) == (D(13), D(9))


def test_a_row_that_fell_for_older_fills_says_nothing_of_those_of_its_own_millisecond() -> None:
    counter = counter_at("10")
    counter.leaving(intent("a", "4"))
    counter.report(report("a", PART, 105, "2"))
    counter.report(report("a", PART, 110, "3"))
    counter.row(D(8), 110)
    assert (counter.bound, counter.room) == (D(10), D(6))


def test_a_reduction_by_the_user_raises_nothing_nor_does_the_same_size_again() -> None:
    counter = counter_at("10")
    counter.row(D(0), 105)
    counter.row(D(10), 110)
    assert counter.bound == 10


def test_an_amendment_counts_with_the_larger_quantity_until_it_is_told_of() -> None:
    counter = counter_at("10")
    counter.leaving(intent("a", "4"))
    counter.leaving(amendment("a", "6"))
    counter.report(report("a", PART, 101, "1"))
    assert counter.open == 5
    counter.report(replace(report("a", PART, 102, "1", "6"), amended=True))
    counter.leaving(amendment("a", "3"))
    counter.report(report("a", PART, 103, "1", "3"))
    assert counter.open == 5
    counter.report(replace(report("a", PART, 103, "1", "3"), amended=True))
    assert counter.open == 2


def test_an_amendment_that_came_to_nothing_gives_its_room_back() -> None:
    counter = counter_at("10")
    counter.leaving(intent("a", "4"))
    counter.leaving(amendment("a", "6"))
    counter.unamended("a")
    assert counter.open == 4
    counter.unamended("b")
    counter.report(report("a", NEW, 101, qty="6"))
    assert counter.open == 6


def test_what_is_gone_leaves_its_room_and_what_comes_back_takes_it_again() -> None:
    counter = counter_at("10")
    counter.leaving(intent("a", "4"))
    counter.report(report("a", NEW, 105))
    counter.gone("a")
    counter.gone("b")
    assert counter.room == 10
    counter.report(report("a", NEW, 104))
    assert counter.room == 10
    counter.report(report("a", PART, 106, "1"))
    assert (counter.sold, counter.room) == (D(1), D(6))


def test_an_adopted_order_brings_only_what_it_sells_from_now_on() -> None:
    counter = counter_at("10")
    counter.adopt(report("a", PART, 90, "3"))
    assert (counter.sold, counter.open, counter.room) == (D(0), D(1), D(9))
    trade = replace(report("b", PART, 105, "3"), last_qty=D(1))
    counter.adopt(trade)
    counter.report(trade)
    assert (counter.sold, counter.open, counter.room) == (D(1), D(2), D(7))
    counter.adopt(report("c", CANCELED, 106))
    assert counter.open == 2


def test_an_own_order_that_nobody_announced_takes_room_too() -> None:
    counter = counter_at("10")
    counter.report(report("a", NEW, 101))
    assert counter.room == 6


def test_only_so_many_ended_orders_are_remembered(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(exit_counter, "KEPT", 1)
    counter = counter_at("10")
    for client_id in "abc":
        counter.leaving(intent(client_id, "1"))
    counter.report(report("b", FILLED, 101, "1", "1"))
    counter.gone("a")
    assert (counter.sold, counter.room) == (D(1), D(8))
    counter.report(report("b", FILLED, 101, "1", "1"))
    assert counter.sold == 2


@dataclass
class Desk:
    """An exchange with one leg of 100, both streams on their way, and the three ledgers that hear them."""

    left: Decimal = START
    added: Decimal = NOTHING
    ms: int = 1_000
    rows: list[PositionUpdate] = field(default_factory=list)
    reports: list[OrderUpdate] = field(default_factory=list)
    at_exchange: dict[str, OrderUpdate] = field(default_factory=dict)
    leg: Leg = field(default_factory=lambda: Leg("BTCUSDT", LONG))
    ledger: OrderLedger = field(default_factory=OrderLedger)
    counter: ExitCounter = field(default_factory=ExitCounter)
    sent: int = 0
    sold: Decimal = NOTHING

    def __post_init__(self) -> None:
        self.push()
        self.hear_row()
        self.ms += 1  # nothing sent after a row was heard can fill in the row's own millisecond

    def push(self) -> None:
        self.rows.append(PositionUpdate("BTCUSDT", LONG, self.left, D(100), self.ms, self.ms))

    def submit(self, qty: Decimal) -> None:
        self.sent += 1
        order = intent(f"vq-r-{self.sent}", qty)
        self.ledger.record(from_intent(order, 0))
        self.counter.leaving(order)
        self.at_exchange[order.client_id] = report(order.client_id, NEW, self.ms, qty=qty)
        self.reports.append(self.at_exchange[order.client_id])

    def fill(self, client_id: str, qty: Decimal) -> None:
        order = self.at_exchange.pop(client_id)
        qty = min(qty, order.qty - order.filled_qty, self.left)
        self.left -= qty
        self.sold += qty
        filled = order.filled_qty + qty
        order = replace(order, filled_qty=filled, exch_ms=self.ms, status=FILLED if filled == order.qty else PART)
        if order.status is PART:
            self.at_exchange[client_id] = order
        self.reports.append(order)
        self.push()

    def cancel(self, client_id: str) -> None:
        self.reports.append(replace(self.at_exchange.pop(client_id), exch_ms=self.ms, status=CANCELED))

    def outside(self, change: Decimal) -> None:
        self.left = max(D(0), self.left + change)
        self.added += max(D(0), change)
        self.push()

    def hear_row(self) -> None:
        row = self.rows.pop(0)
        self.leg.on_row(row, now=0)
        self.counter.row(row.qty, row.exch_ms)

    def hear_report(self) -> None:
        update = self.reports.pop(0)
        merged = self.ledger.merge(update)
        assert merged is not None
        if merged.filled > 0:
            self.leg.on_fill(merged.filled, update.exch_ms, now=0)
        self.counter.report(update)

    @property
    def law_4(self) -> Decimal:
        return self.leg.qty - self.ledger.remaining("BTCUSDT", LONG)


def happen(desk: Desk, data: st.DataObject) -> None:
    """One thing at the exchange, or one piece of news of it heard."""
    live = sorted(desk.at_exchange)
    kinds = ["add", "cut", "row", "report", *(["fill", "fill", "cancel"] if live else [])]
    what = data.draw(st.sampled_from(kinds))
    size = D(data.draw(st.integers(1, 6)))
    desk.ms += data.draw(st.integers(0, 1))
    if what == "fill":
        desk.fill(data.draw(st.sampled_from(live)), size)
    elif what == "cancel":
        desk.cancel(data.draw(st.sampled_from(live)))
    elif what in ("add", "cut"):
        desk.outside(size if what == "add" else -size)
    elif what == "row" and desk.rows:
        desk.hear_row()
    elif what == "report" and desk.reports:
        desk.hear_report()


@settings(deadline=None)
@given(data=st.data())
def test_an_honest_order_always_has_room(data: st.DataObject) -> None:
    desk = Desk()
    for _ in range(data.draw(st.integers(1, 25))):
        if desk.law_4 >= 1 and data.draw(st.booleans()):
            desk.submit(min(D(data.draw(st.integers(1, 60))), desk.law_4))
        happen(desk, data)
        assert desk.counter.room >= desk.law_4
        assert desk.counter.open == desk.ledger.remaining("BTCUSDT", LONG)


@settings(deadline=None)
@given(data=st.data())
def test_whatever_sizing_asks_for_no_more_leaves_than_there_was_and_was_added(data: st.DataObject) -> None:
    desk = Desk()
    asked = st.integers(1, 150)
    for _ in range(data.draw(st.integers(1, 25))):
        qty = D(data.draw(asked))
        if qty <= desk.counter.room:
            desk.submit(qty)
        happen(desk, data)
        assert desk.counter.sold + desk.counter.open + desk.counter.room <= START + desk.added
        assert (
            desk.sold + sum(order.qty - order.filled_qty for order in desk.at_exchange.values()) <= START + desk.added
        )


def test_a_read_has_in_it_every_fill_that_was_known_before_it() -> None:
    counter = ExitCounter()
    counter.row(D(2), 100)
    counter.leaving(intent("a", "2"))
    counter.report(report("a", FILLED, 200, "2", "2"))
    assert counter.room == 0
    counter.read(D(3), 200)  # three were added in the moment of the fill: the row that told of both was lost
    assert (counter.bound, counter.room) == (D(5), D(3))
    counter.read(D(9), 150)
    assert counter.room == 3, "an older read changes nothing"


def test_a_fill_heard_of_after_the_read_that_has_it_in_it_is_not_counted_as_still_there() -> None:
    counter = ExitCounter()
    counter.read(D(5), 100)
    assert counter.room == 5
    counter.leaving(intent("a", "4"))
    counter.report(report("a", PART, 200, "1"))
    counter.read(D(2), 200)
    assert counter.room == 1, "two more of this order are in the read, unheard of"
    counter.report(report("a", FILLED, 200, "4"))
    assert (counter.bound, counter.room) == (D(5), D(1)), "the moment's fall explains two of the other three"


def test_a_second_read_of_the_same_moment_forgets_no_fall_that_was_not_explained() -> None:
    counter = ExitCounter()
    counter.row(D(5), 100)
    counter.leaving(intent("a", "4"))
    counter.row(D(1), 200)
    counter.read(D(1), 200)
    counter.report(report("a", FILLED, 200, "4"))
    assert (counter.bound, counter.room) == (D(5), D(1))
