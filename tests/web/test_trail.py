"""What is drawn and listed: orders from their sending to their end, each trade once, notices, the newest of all."""

from __future__ import annotations

from dataclasses import replace
from decimal import Decimal

from tests.operations_fake import BTC, COST, LEG

from vibe_quant.domain import events as ev
from vibe_quant.domain.enums import (
    ExecutionMode,
    NoticeKind,
    OrderSide,
    OrderStatus,
    OrderType,
    PositionSide,
    RequestKind,
    Severity,
    SignalReason,
    Source,
    TimeInForce,
)
from vibe_quant.domain.intents import AmendOrder, Intent, Notify, OrderIntent
from vibe_quant.web.course import COARSEST_MS, MOST_POINTS, Course, Courses
from vibe_quant.web.trail import MOST_EVENTS, MOST_OPEN, TAIL_EVENTS, FillMark, OrderMark, Trail

D = Decimal
WALL = 1_790_000_000_000
TICK = ev.Timer(0)


class Still:
    """A clock that stands at monotonic 1000."""

    def now_ms(self) -> int:
        return 1000

    def server_ms(self) -> int:
        return WALL + 1000

    @property
    def offset_ms(self) -> int:
        return WALL


def order(number: int = 1, price: str | None = "100.5") -> OrderIntent:
    return OrderIntent(
        symbol=BTC,
        position_side=PositionSide.LONG,
        client_id=f"vq-r-{number}",
        order_type=OrderType.LIMIT,
        qty=D("0.5"),
        price=None if price is None else D(price),
        time_in_force=TimeInForce.GTX,
        mode=ExecutionMode.MAKER_ONLY,
        reason=SignalReason.PATIENT,
        timestamp_ms=WALL,
    )


def update(status: OrderStatus, filled: str = "0", last: str = "0", client_id: str = "vq-r-1") -> ev.OrderUpdate:
    return ev.OrderUpdate(
        symbol=BTC,
        client_id=client_id,
        position_side=PositionSide.LONG,
        side=OrderSide.SELL,
        status=status,
        order_type=OrderType.LIMIT,
        qty=D("0.5"),
        price=D("100.5"),
        filled_qty=D(filled),
        exch_ms=WALL,
        recv_ms=0,
        source=Source.STREAM,
        last_qty=D(last),
        last_price=D("100.5"),
        is_maker=True,
    )


def seen(*calls: tuple[int, ev.Event, tuple[Intent, ...]]) -> Trail:
    trail = Trail("vq", Still())
    for now, event, intents in calls:
        trail.see(now, event, intents)
    return trail


def test_an_order_is_drawn_from_its_sending_to_its_end_and_a_trade_once() -> None:
    half, whole = update(OrderStatus.PARTIALLY_FILLED, "0.2", "0.2"), update(OrderStatus.FILLED, "0.5", "0.3")
    trail = seen((100, TICK, (order(),)), (200, half, ()), (210, half, ()), (300, whole, ()), (310, whole, ()))
    drawn, first, second = trail.marks(BTC)
    assert isinstance(drawn, OrderMark)
    assert (drawn.from_ms, drawn.until_ms, drawn.end) == (WALL + 100, WALL + 300, "FILLED")
    assert isinstance(first, FillMark)
    assert isinstance(second, FillMark)
    assert [(fill.qty, fill.at_ms, fill.maker) for fill in (first, second)] == [
        (D("0.2"), WALL + 200, True),
        (D("0.3"), WALL + 300, True),
    ]
    told = [mark.seq for mark in trail.newest]
    assert told == sorted(set(told))
    assert drawn.seq == told[-1]  # its end is news, for who has it as live


def test_an_order_that_was_never_taken_ends_too() -> None:
    refused = ev.Refused(RequestKind.SUBMIT, BTC, "vq-r-1", -5022, 0, WALL)
    missing = ev.OrderMissing(BTC, "vq-r-1", WALL, 0)
    not_sent = ev.NotSent(RequestKind.SUBMIT, BTC, "vq-r-1", 0)
    for end in (refused, missing, not_sent):
        (mark,) = seen((1, TICK, (order(),)), (2, end, ())).marks(BTC)
        assert isinstance(mark, OrderMark)
        assert mark.until_ms == WALL + 2
    cancel = replace(refused, request=RequestKind.CANCEL)
    (mark,) = seen((1, TICK, (order(),)), (2, cancel, ())).marks(BTC)
    assert isinstance(mark, OrderMark)
    assert mark.until_ms is None


def test_an_amendment_begins_a_new_line() -> None:
    amend = AmendOrder(BTC, PositionSide.LONG, "vq-r-1", D("0.5"), D("101"))
    stranger = AmendOrder(BTC, PositionSide.LONG, "vq-r-9", D("0.5"), D("101"))
    trail = seen((1, TICK, (order(),)), (5, TICK, (amend, stranger)), (9, update(OrderStatus.CANCELED), ()))
    marks = [mark for mark in trail.marks(BTC) if isinstance(mark, OrderMark)]
    assert [(mark.price, mark.until_ms, mark.end) for mark in marks] == [
        (D("100.5"), WALL + 5, "amended"),
        (D("101"), WALL + 9, "CANCELED"),
    ]


def test_others_orders_are_not_drawn() -> None:
    assert seen((1, update(OrderStatus.FILLED, "1", "1", "web-77"), ())).marks(BTC) == []


def test_notices_and_costs_are_listed_and_the_oldest_go() -> None:
    notice = Notify(NoticeKind.RISK, Severity.ALARM, "near", BTC, PositionSide.LONG)
    trail = seen((7, TICK, (notice,)))
    trail.notice(replace(notice, text="of the shell"))
    trail.cost(COST)
    trail.cost(replace(COST, cost_bps=None))
    assert [(one.at_ms, one.severity, one.text[:25]) for one in trail.events] == [
        (WALL + 7, Severity.ALARM, "near"),
        (WALL + 1000, Severity.ALARM, "of the shell"),
        (WALL + 1000, Severity.INFO, "BTC/USDT:USDT LONG: close"),
        (WALL + 1000, Severity.INFO, "BTC/USDT:USDT LONG: close"),
    ]
    assert trail.events[2].text.endswith("closed 1 in 390 fills, cost 2.31 bps")
    assert trail.events[3].text.endswith("cost not known")
    for _ in range(2 * MOST_EVENTS):
        trail.notice(notice)
    assert len(trail.events) == MOST_EVENTS
    assert len(trail.tail()) == TAIL_EVENTS


def test_what_is_remembered_is_bounded() -> None:
    trail = Trail("vq", Still())
    for number in range(MOST_OPEN + 50):
        trail.see(number, update(OrderStatus.NEW, "0.1", "0.1", f"vq-f-{number}"), (order(number),))
    assert len(trail._open) == len(trail._filled) == MOST_OPEN
    assert len(trail.marks(BTC)) == 600
    trail.see(9999, update(OrderStatus.CANCELED, client_id="vq-r-0"), ())  # forgotten: nothing ends


def test_an_order_that_left_the_ring_ends_quietly() -> None:
    trail = Trail("vq", Still())
    trail.see(1, TICK, (order(0),))
    for number in range(700):
        trail.see(2, update(OrderStatus.FILLED, "0.1", "0.1", f"vq-f-{number}"), ())
    trail.see(3, update(OrderStatus.CANCELED, client_id="vq-r-0"), ())
    assert all(isinstance(mark, FillMark) for mark in trail.marks(BTC))


def test_prices_get_coarser_then_the_oldest_go() -> None:
    course = Course()
    for second in range(20_000):
        course.add((second * 1000, D(second), D(second + 1), D(second)))
        assert len(course.points) <= MOST_POINTS
    steps = [late[0] - early[0] for early, late in zip(course.points, course.points[1:], strict=False)]
    assert set(steps) == {COARSEST_MS}
    assert course.points[-1][0] > 19_990_000
    assert len(course.points) > MOST_POINTS // 2
    course.add((course.points[-1][0] + 10, None, None, None))
    assert course.points[-1][1] is not None


def test_symbols_that_are_gone_are_forgotten() -> None:
    courses = Courses()
    courses.look(WALL, (LEG, replace(LEG, symbol="X", side=PositionSide.SHORT)))
    courses.look(WALL + 5000, (LEG,))
    assert len(courses.points(BTC)) == 2
    assert courses.points("X") == []
