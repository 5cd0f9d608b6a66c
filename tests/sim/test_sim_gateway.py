# mypy: disable-error-code="comparison-overlap,unreachable"
"""Intents become requests, answers and pushes become events, each at its own time; faults strike where told."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

import pytest

from vibe_quant.domain.enums import (
    ExecutionMode,
    MarginType,
    NoticeKind,
    OrderSide,
    OrderStatus,
    OrderType,
    PositionSide,
    PriceMatch,
    RequestKind,
    Severity,
    SignalReason,
    Source,
    StopStatus,
    TimeInForce,
)
from vibe_quant.domain.events import (
    AccountSnapshot,
    BalanceUpdate,
    DeadManAck,
    Event,
    LeverageUpdate,
    Mark,
    OpenOrdersRead,
    OrderMissing,
    OrderResult,
    OrderUpdate,
    PositionsRead,
    PositionUpdate,
    Refused,
    RulesLoaded,
    StopReport,
    StopsRead,
    Unknown,
)
from vibe_quant.domain.intents import (
    AmendOrder,
    ArmDeadMan,
    CancelOrder,
    CancelStop,
    DisarmDeadMan,
    FetchMark,
    FetchPositions,
    FetchRules,
    FetchSnapshot,
    Halt,
    Intent,
    Notify,
    OrderIntent,
    PlaceStop,
    QueryOrder,
    ReadOpenOrders,
    ReadStops,
)
from vibe_quant.sim.gateway import Fate, Hop, SimGateway
from vibe_quant.sim.latency import ConstantLatency, LatencyModel
from vibe_quant.sim.venue import NEVER

D = Decimal
LONG, SHORT = PositionSide.LONG, PositionSide.SHORT
S = "BTC/USDT:USDT"
T = 1_000_000


class Line:
    """A desk's gateway: sends at T, works everything, gives what was delivered with its times."""

    def __init__(self, desk: Any, latency: LatencyModel | None = None, fault: Any = None) -> None:
        desk.events()
        self.gateway = SimGateway(desk.x, latency or ConstantLatency(10, 20, 5), fault)

    def ask(self, *intents: Intent) -> list[tuple[int, Event]]:
        for intent in intents:
            self.gateway.send(intent, T)
        while self.gateway.due_request < NEVER:
            self.gateway.execute()
        told = []
        while self.gateway.due_delivery < NEVER:
            told.append((self.gateway.due_delivery - T, self.gateway.receive()))
        return told

    def one(self, intent: Intent) -> Any:
        ((_, event),) = self.ask(intent)
        return event


def order(
    price: str | None = "100.1", qty: str = "0.5", cid: str = "vq-1", side: Any = LONG, **more: Any
) -> OrderIntent:
    return OrderIntent(
        symbol=S,
        position_side=side,
        client_id=cid,
        order_type=more.pop("order_type", OrderType.LIMIT),
        qty=D(qty),
        price=None if price is None else D(price),
        time_in_force=more.pop("tif", TimeInForce.GTX),
        mode=ExecutionMode.MAKER_ONLY,
        reason=SignalReason.PATIENT,
        timestamp_ms=more.pop("timestamp_ms", T),
        **more,
    )


@pytest.fixture
def line(desk: Any) -> Line:
    return Line(desk)


def test_a_resting_order_is_acknowledged_and_pushed(line: Line) -> None:
    (at_push, push), (at_ack, ack) = line.ask(order())
    assert isinstance(ack, OrderUpdate)
    assert isinstance(push, OrderUpdate)
    assert (at_push, at_ack) == (15, 30)
    assert (ack.source, ack.status, ack.avg_price, ack.filled_qty) == (Source.REST, OrderStatus.NEW, None, 0)
    assert (push.source, push.status, push.is_maker) == (Source.STREAM, OrderStatus.NEW, None)
    for told in (ack, push):
        assert (told.client_id, told.price, told.qty, told.side) == ("vq-1", D("100.1"), D("0.5"), OrderSide.SELL)
        assert (told.exch_ms, told.position_side) == (T + 10, LONG)
    assert (ack.recv_ms, push.recv_ms) == (T + 30, T + 15)
    assert ack.order_id == push.order_id > 0


def test_a_taker_fill_is_pushed_before_its_acknowledgement(line: Line) -> None:
    told = line.ask(order("99.9", tif=TimeInForce.GTC))
    kinds = [type(event) for _, event in told]
    assert kinds == [OrderUpdate, PositionUpdate, BalanceUpdate, OrderUpdate, OrderUpdate]
    new, position, balance, fill, ack = (event for _, event in told)
    assert isinstance(new, OrderUpdate)
    assert isinstance(fill, OrderUpdate)
    assert isinstance(ack, OrderUpdate)
    assert isinstance(position, PositionUpdate)
    assert isinstance(balance, BalanceUpdate)
    assert (fill.status, fill.filled_qty, fill.last_qty, fill.last_price) == (
        OrderStatus.FILLED,
        D("0.5"),
        D("0.5"),
        D("99.9"),
    )
    assert (fill.is_maker, fill.fee, fill.fee_asset, fill.realized_pnl) == (False, D("0.024975"), "USDT", D("-0.05"))
    assert (fill.avg_price, fill.trade_id > 0) == (D("99.9"), True)
    assert (ack.status, ack.filled_qty) == (OrderStatus.NEW, 0)
    assert (position.qty, position.side, position.entry_price, position.margin_type) == (
        D("0.5"),
        LONG,
        100,
        MarginType.CROSSED,
    )
    assert balance.balance.wallet == D("99999.925025")
    assert {new.exch_ms, position.exch_ms, balance.exch_ms, fill.exch_ms, ack.exch_ms} == {T + 10}


def test_refusals_carry_code_and_kind(line: Line) -> None:
    told = line.one(order("99.9"))
    assert told == Refused(RequestKind.SUBMIT, S, "vq-1", -5022, T + 30, T + 10, told.message)
    assert line.one(CancelOrder(S, "vq-9", "ttl")).code == -2011
    assert line.one(CancelOrder(S, "vq-9", "ttl")).request is RequestKind.CANCEL
    assert line.one(order(timestamp_ms=T - 1991)).code == -1021
    assert line.one(AmendOrder(S, LONG, "vq-9", D(1), D(100))).request is RequestKind.AMEND
    assert line.one(FetchSnapshot("X", "start")).code == -1121
    assert line.one(FetchRules("X", "start")).code == -1121


def test_price_match_and_market(line: Line) -> None:
    blind = order(None, price_match=PriceMatch.OPPONENT, tif=TimeInForce.GTC)
    ack = line.ask(blind)[-1][1]
    assert isinstance(ack, OrderUpdate)
    assert ack.price == D("99.9")
    market = line.ask(order(None, cid="vq-2", order_type=OrderType.MARKET, tif=TimeInForce.GTC))
    assert any(isinstance(event, OrderUpdate) and event.status is OrderStatus.FILLED for _, event in market)


def test_whatever_comes_of_an_order_is_an_order_result(line: Line) -> None:
    line.ask(order())
    amend, cancel = AmendOrder(S, LONG, "vq-1", D("0.4"), D("100.2")), CancelOrder(S, "vq-1", "ttl")
    told = [line.ask(asked)[-1][1] for asked in (amend, cancel, amend, cancel)]
    assert all(isinstance(answer, OrderResult) for answer in told)
    assert [type(answer) for answer in told] == [OrderUpdate, OrderUpdate, Refused, Refused]


def test_cancel_query_amend_and_list(line: Line, desk: Any) -> None:
    line.ask(order())
    assert isinstance(line.one(QueryOrder(S, "vq-1")), OrderMissing)
    told = line.ask(AmendOrder(S, LONG, "vq-1", D("0.4"), D("100.2")))
    assert [(e.amended, e.source) for _, e in told if isinstance(e, OrderUpdate)] == [
        (True, Source.STREAM),
        (False, Source.REST),
    ]
    read = line.one(ReadOpenOrders(S))
    assert isinstance(read, OpenOrdersRead)
    assert [(o.client_id, o.qty, o.price) for o in read.orders] == [("vq-1", D("0.4"), D("100.2"))]
    assert (read.request_ms, read.exch_ms, read.recv_ms) == (T, T + 10, T + 30)
    (_, push), (_, answer) = line.ask(CancelOrder(S, "vq-1", "ttl"))
    assert isinstance(push, OrderUpdate)
    assert isinstance(answer, OrderUpdate)
    assert push.status is answer.status is OrderStatus.CANCELED
    assert (answer.source, answer.avg_price) == (Source.REST, None)
    desk.x.venue.orders["vq-1"].created_ms = 0
    asked = line.one(QueryOrder(S, "vq-1"))
    assert (asked.status, asked.source, asked.avg_price) == (OrderStatus.CANCELED, Source.REST, 0)


def test_stops(line: Line) -> None:
    (_, push), (_, answer) = line.ask(PlaceStop(S, LONG, "vq-ps-1", D(95), None, "missing"))
    assert isinstance(push, StopReport)
    assert isinstance(answer, StopReport)
    assert push.close_position
    assert (push.status, push.source, answer.source) == (StopStatus.NEW, Source.STREAM, Source.REST)
    assert (push.trigger_price, push.order_side, push.qty) == (95, OrderSide.SELL, 0)
    line.ask(PlaceStop(S, LONG, "vq-ps-2", D(95), D(1), "bridge"))
    read = line.one(ReadStops(S))
    assert isinstance(read, StopsRead)
    assert [(s.client_id, s.close_position, s.qty) for s in read.stops] == [
        ("vq-ps-1", True, 0),
        ("vq-ps-2", False, 1),
    ]
    assert line.ask(CancelStop(S, PositionSide.LONG, "vq-ps-1", "tighten"))[-1][1].status is StopStatus.CANCELED  # type: ignore[union-attr]
    assert line.one(CancelStop(S, PositionSide.LONG, "vq-ps-1", "tighten")).code == -2011
    refused = line.one(PlaceStop(S, LONG, "vq-ps-3", D(101), None, "missing"))
    assert (refused.request, refused.code) == (RequestKind.PLACE_STOP, -2021)


def test_reads_of_account_mark_and_rules(line: Line, desk: Any, rules: Any, brackets: Any) -> None:
    line.ask(order(), PlaceStop(S, SHORT, "vq-ps-1", D(105), None, "missing"))
    desk.x.set_leverage(S, 7, T)
    desk.events()
    snap = line.one(FetchSnapshot(None, "start"))
    assert isinstance(snap, AccountSnapshot)
    assert snap.positions is not None
    assert snap.balances is not None
    assert snap.orders is not None
    assert snap.stops is not None
    assert [(p.side, p.qty, p.leverage) for p in snap.positions] == [(LONG, 1, 7), (SHORT, 1, 7)]
    assert snap.positions[0].liquidation_price == snap.positions[1].liquidation_price
    assert [(b.asset, b.wallet) for b in snap.balances] == [("USDT", 100_000)]
    assert [o.client_id for o in snap.orders] == ["vq-1"]
    assert [s.client_id for s in snap.stops] == ["vq-ps-1"]
    alone = line.one(FetchPositions("a change"))
    assert isinstance(alone, PositionsRead)
    assert (alone.positions, alone.request_ms) == (snap.positions, snap.request_ms)
    assert line.one(FetchMark(S)) == Mark(S, T + 10, T + 30, D(100), source=Source.REST)
    assert line.one(FetchRules(S, "start")) == RulesLoaded(rules, T + 30, brackets, D("0.0002"), D("0.0005"))


def test_a_mark_that_is_not_there(new_desk: Any) -> None:
    assert Line(new_desk()).one(FetchMark(S)).request is RequestKind.MARK


def test_dead_man(line: Line, desk: Any) -> None:
    line.ask(order())
    assert line.one(ArmDeadMan(S, 1000)) == DeadManAck(S, 1000, T + 30)
    assert line.one(DisarmDeadMan(S)) == DeadManAck(S, 0, T + 30)
    desk.wait(5000)
    assert len(desk.x.open_orders(S)) == 1


def test_what_is_not_for_the_exchange(line: Line) -> None:
    assert line.ask(Notify(NoticeKind.RISK, Severity.ALARM, "near"), Halt(S, LONG, "refusals")) == []


def test_leverage_is_pushed(line: Line, desk: Any) -> None:
    desk.x.set_leverage(S, 7, T)
    line.gateway.collect()
    assert line.gateway.receive() == LeverageUpdate(S, 7, T, T + 5)


class Shrinking(ConstantLatency):
    """Each push would overtake the one before it."""

    def __init__(self) -> None:
        super().__init__(0, 3, 0)
        self.left = 50

    def stream(self) -> int:
        self.left -= 20
        return self.left


def test_pushes_never_overtake_each_other(desk: Any) -> None:
    told = Line(desk, Shrinking()).ask(order("99.9", tif=TimeInForce.GTC))
    assert [at for at, _ in told] == [3, 30, 30, 30, 30]
    assert [type(event) for _, event in told[1:]] == [OrderUpdate, PositionUpdate, BalanceUpdate, OrderUpdate]


def on(hop: Hop, fate: Fate) -> Any:
    return lambda where, what, now: fate if where is hop else None


def test_a_lost_request_was_not_executed(desk: Any) -> None:
    told = Line(desk, fault=on(Hop.REQUEST, Fate(lost=True))).ask(order())
    assert told == [(5000, Unknown(RequestKind.SUBMIT, S, "vq-1", T + 5000, "no answer within 5000 ms"))]
    assert desk.x.open_orders(S) == []


def test_a_lost_answer_was_executed(desk: Any) -> None:
    (_, push), (at, unknown) = Line(desk, fault=on(Hop.ANSWER, Fate(lost=True, unknown_after_ms=40))).ask(order())
    assert isinstance(push, OrderUpdate)
    assert (at, type(unknown)) == (40, Unknown)
    assert len(desk.x.open_orders(S)) == 1


def test_delays_and_copies(desk: Any) -> None:
    late = Line(desk, fault=on(Hop.REQUEST, Fate(delay_ms=100))).ask(order())
    assert [at for at, _ in late] == [115, 130]
    twice = Line(desk, fault=on(Hop.STREAM, Fate(copies=2, delay_ms=7))).ask(CancelOrder(S, "vq-1", "ttl"))
    assert [at for at, _ in twice] == [22, 22, 30]
    assert twice[0][1] == twice[1][1]
    echoed = Line(desk, fault=on(Hop.ANSWER, Fate(copies=2, delay_ms=1))).ask(ReadOpenOrders(S))
    assert [at for at, _ in echoed] == [31, 31]


def test_a_lost_push_is_lost(desk: Any) -> None:
    ((_, ack),) = Line(desk, fault=on(Hop.STREAM, Fate(lost=True))).ask(order())
    assert isinstance(ack, OrderUpdate)
    assert ack.source is Source.REST


def test_an_unknown_read_names_no_order(desk: Any) -> None:
    lost = Line(desk, fault=on(Hop.REQUEST, Fate(lost=True)))
    unknown = lost.one(FetchSnapshot(None, "reconcile"))
    assert (unknown.request, unknown.symbol, unknown.client_id) == (RequestKind.SNAPSHOT, "", "")


def test_a_mark_asked_for_before_the_first_one_is_the_mid(desk: Any) -> None:
    desk.x.venue.market(S).mark = None
    told = Line(desk).ask(FetchMark(S))
    quote = desk.x.venue.market(S).quote
    assert [type(event) for _, event in told] == [Mark]
    mark = told[0][1]
    assert isinstance(mark, Mark)
    assert (mark.price, mark.source) == ((quote.bid + quote.ask) / 2, Source.REST)
    desk.x.venue.market(S).quote = None
    refused = Line(desk).ask(FetchMark(S))[0][1]
    assert isinstance(refused, Refused)
    assert refused.code == -1122
