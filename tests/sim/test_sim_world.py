# mypy: disable-error-code="comparison-overlap,unreachable"
"""The order of everything: who sees what when, at equal times too, and how a replay ends."""

from __future__ import annotations

import itertools
from decimal import Decimal
from typing import Any

from hypothesis import given, settings
from hypothesis import strategies as st

from vibe_quant.domain.enums import (
    ExecutionMode,
    OrderStatus,
    OrderType,
    PositionSide,
    SignalReason,
    Source,
    Stream,
    TimeInForce,
)
from vibe_quant.domain.events import (
    Candle,
    Depth,
    Event,
    Mark,
    MarketEvent,
    OrderUpdate,
    Quote,
    ServerTime,
    StopReport,
    StreamUp,
    Timer,
    Trade,
)
from vibe_quant.domain.intents import CancelOrder, OrderIntent, PlaceStop, ReadOpenOrders
from vibe_quant.sim.gateway import SimGateway
from vibe_quant.sim.latency import ConstantLatency, LatencyModel, LognormalLatency, TapeLatency
from vibe_quant.sim.marks import MarkDeriver
from vibe_quant.sim.world import World

D = Decimal
S = "BTC/USDT:USDT"
LONG = PositionSide.LONG


def quote(at: int, recv: int, bid: str = "100", ask: str = "100.1", qty: str = "1") -> Quote:
    return Quote(S, at, recv, D(bid), D(qty), D(ask), D(qty))


def trade(at: int, recv: int, price: str = "100.1", qty: str = "2") -> Trade:
    return Trade(S, at, recv, D(price), D(qty), False)


def sell(at: int, price: str = "100.1", cid: str = "vq-1") -> OrderIntent:
    return OrderIntent(
        S,
        LONG,
        cid,
        OrderType.LIMIT,
        D(1),
        D(price),
        TimeInForce.GTC,
        ExecutionMode.MAKER_ONLY,
        SignalReason.PATIENT,
        at,
    )


def world(new_desk: Any, tape: list[MarketEvent], latency: LatencyModel | None = None, **more: Any) -> World:
    desk = new_desk()
    desk.seed(LONG, "5")
    made = World(tape, SimGateway(desk.x, latency or ConstantLatency(10, 10, 10)), **more)
    if tape:
        for _ in range(4):
            made.next()
    return made


def run(made: World, deadline: int | None = None) -> list[tuple[int, Event]]:
    return list(iter(lambda: made.next(deadline), None))


def test_it_begins_with_streams_and_server_time(new_desk: Any) -> None:
    desk = new_desk()
    made = World([quote(50, 50)], SimGateway(desk.x, ConstantLatency()))
    told = [made.next() for _ in range(4)]
    assert told == [(50, StreamUp(stream, 50)) for stream in Stream] + [(50, ServerTime(0, 50))]
    assert run(made) == [(50, quote(50, 50))]


def test_an_empty_tape_is_over_at_once(new_desk: Any) -> None:
    assert world(new_desk, []).next(5) is None


def test_sockets_are_told_by_receive_time(new_desk: Any) -> None:
    first, second, third = trade(100, 130), quote(101, 105), quote(110, 140)
    made = world(new_desk, [first, second, third])
    assert run(made) == [(105, second), (130, first), (140, third)]
    assert made.next() is None


def test_the_very_object_of_the_tape_is_delivered(new_desk: Any) -> None:
    event = quote(100, 105)
    told = world(new_desk, [event]).next()
    assert told is not None
    assert told[1] is event


def test_one_socket_never_reorders_and_time_never_falls(new_desk: Any) -> None:
    made = world(new_desk, [quote(100, 120), quote(101, 110), trade(102, 115)])
    assert [now for now, _ in run(made)] == [115, 120, 120]


def test_nothing_arrives_before_it_happened(new_desk: Any) -> None:
    made = world(new_desk, [quote(1500, 20)])
    assert made.next() == (1500, quote(1500, 1500))


def test_the_deadline_comes_last_and_first_when_it_is_earlier(new_desk: Any) -> None:
    made = world(new_desk, [quote(100, 110), quote(120, 130)])
    assert made.next(109) == (109, Timer(109))
    assert made.next(110) == (110, quote(100, 110))
    assert made.next(60) == (110, Timer(110))  # overdue: now does not run back
    assert made.next(131) == (130, quote(120, 130))
    assert made.next(131) is None


def test_the_exchange_sees_the_tape_before_a_request_of_the_same_time(new_desk: Any) -> None:
    made = world(new_desk, [quote(100, 100), quote(110, 150, qty="7"), quote(111, 151, qty="9")])
    made.next()
    made.send([sell(100)], 100)
    run(made)
    (order,) = made.exchange.open_orders(S)
    assert (order.created_ms, order.ahead) == (110, 7)


def test_the_tape_of_a_moment_is_played_before_anything_of_it_is_told(new_desk: Any) -> None:
    made = world(new_desk, [trade(100, 110), quote(110, 110)])
    assert run(made) == [(110, quote(110, 110)), (110, trade(100, 110))]


def test_requests_are_executed_between_the_events_of_the_tape(new_desk: Any) -> None:
    tape: list[MarketEvent] = [quote(100, 100), trade(109, 200), trade(110, 201), trade(111, 202, qty="1.4")]
    made = world(new_desk, tape)
    made.next()
    made.send([sell(100)], 100)
    told = [
        (now, e.status, e.filled_qty) for now, e in run(made) if isinstance(e, OrderUpdate) and e.source == "stream"
    ]
    assert told == [(120, OrderStatus.NEW, 0), (121, OrderStatus.PARTIALLY_FILLED, D("0.4"))]


def test_what_is_in_flight_at_the_end_still_arrives(new_desk: Any) -> None:
    made = world(new_desk, [quote(100, 100)], ConstantLatency(500, 500, 100))
    assert made.next() is not None
    made.send([sell(100), CancelOrder(S, "vq-1", "end")], 100)
    assert made.next(300) == (300, Timer(300))
    told = [(now, e.status) for now, e in run(made) if isinstance(e, OrderUpdate)]
    assert told == [
        (700, OrderStatus.NEW),
        (700, OrderStatus.CANCELED),
        (1100, OrderStatus.NEW),
        (1100, OrderStatus.CANCELED),
    ]


def test_a_triggered_stop_runs_between_the_events(new_desk: Any) -> None:
    mark = Mark(S, 100, 100, D(100))
    fall = Mark(S, 300, 310, D(90))
    made = world(new_desk, [quote(100, 100), mark, fall, quote(400, 400)])
    made.next()
    made.send([PlaceStop(S, LONG, "vq-ps-1", D(95), None, "missing")], 100)
    stops = [(now, str(e.status)) for now, e in run(made) if isinstance(e, StopReport) and e.source is Source.STREAM]
    assert stops == [(120, "NEW"), (310, "TRIGGERING"), (320, "TRIGGERED"), (320, "FINISHED")]


def test_depth_and_candles_travel_too(new_desk: Any) -> None:
    depth = Depth(S, 100, 105, ((D(100), D(1)),), ((D(101), D(1)),))
    candle = Candle(S, 101, 103, 0, D(1), D(1), D(1), D(1), D(1), True)
    made = world(new_desk, [depth, candle])
    assert run(made) == [(103, candle), (105, depth)]
    assert made.exchange.venue.markets[S].depth is depth


def test_marks_are_derived_once_a_second_and_flagged(new_desk: Any) -> None:
    tape: list[MarketEvent] = [
        quote(1500, 1505),
        quote(1999, 2001, "200", "202"),
        quote(2000, 2005, "101", "102"),
        quote(3000, 3000, "0", "1"),
    ]
    made = world(new_desk, tape, marks=MarkDeriver(share=D("0.5")))
    marks = [event for _, event in run(made) if isinstance(event, Mark)]
    assert marks == [
        Mark(S, 1500, 1505, D("100.05"), source=Source.DERIVED),
        Mark(S, 2000, 2005, D("100.775"), source=Source.DERIVED),
    ]
    assert made.exchange.venue.markets[S].mark == D("100.775")


def test_tape_latency_follows_the_tape(new_desk: Any) -> None:
    made = world(new_desk, [quote(100, 137), quote(200, 237), quote(900, 937)], TapeLatency(1))
    assert made.next() == (137, quote(100, 137))
    made.send([ReadOpenOrders(S)], 137)
    times = [now for now, event in run(made) if not isinstance(event, Quote)]
    assert times == [137 + 37 + 37]


def test_tape_latency_before_any_event_is_its_floor() -> None:
    latency = TapeLatency(1, floor_ms=3)
    assert (latency.entry(), latency.response(), latency.stream()) == (3, 3, 3)
    latency.saw(1)
    assert latency.entry() == 3


def test_lognormal_latency_is_seeded_and_floored() -> None:
    draws = [LognormalLatency(7).entry() for _ in range(3)]
    one, two = LognormalLatency(7), LognormalLatency(7)
    first = [(one.entry(), one.response(), one.stream()) for _ in range(200)]
    assert first == [(two.entry(), two.response(), two.stream()) for _ in range(200)]
    assert len({n for row in first for n in row}) > 20
    assert min(n for row in first for n in row) >= 1
    assert len(set(draws)) == 1
    assert min(LognormalLatency(1, 2.0, 1.0, 5).stream() for _ in range(50)) == 5


steps = st.lists(st.tuples(st.integers(0, 30), st.integers(0, 90), st.booleans(), st.integers(-3, 3)), max_size=60)


@settings(max_examples=60, deadline=None)
@given(steps, st.integers(0, 1000))
def test_laws_of_a_replay(new_desk: Any, script: list[tuple[int, int, bool, int]], seed: int) -> None:
    """Equal twice; time never falls; nothing before it happened; each tape event exactly once."""

    def replay() -> tuple[list[tuple[int, Event]], World]:
        at = 1000
        tape: list[MarketEvent] = []
        for gap, lag, is_quote, ticks in script:
            at += gap
            bid = D(100) + D(ticks) / 10
            tape.append(
                quote(at, at + lag, str(bid), str(bid + D("0.1"))) if is_quote else trade(at, at + lag, str(bid))
            )
        made = world(new_desk, tape, LognormalLatency(seed))
        told: list[tuple[int, Event]] = []
        ids = itertools.count()
        while (step := made.next(made.now + 25 if len(told) < 500 else None)) is not None:
            told.append(step)
            if isinstance(step[1], Quote):
                made.send([sell(step[0], "100.1", f"vq-{next(ids)}")], step[0])
            elif isinstance(step[1], Trade):
                made.send([CancelOrder(S, f"vq-{max(0, next(ids) - 1)}", "ttl")], step[0])
        return told, made

    first, made = replay()
    second, _ = replay()
    assert first == second
    assert [now for now, _ in first] == sorted(now for now, _ in first)
    market = [event for _, event in first if isinstance(event, Quote | Trade)]
    assert len(market) == len(script)
    for now, event in first:
        assert now >= event.recv_ms >= getattr(event, "exch_ms", 0)
    assert made.next() is None
