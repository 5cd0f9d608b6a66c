"""What the program does, in lines a person reads; the market is passed over."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import replace
from decimal import Decimal

import pytest
from loguru import logger

from vibe_quant.app.narrator import Narrator
from vibe_quant.domain import events as ev
from vibe_quant.domain.account import Position
from vibe_quant.domain.enums import (
    ExecutionMode,
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
    Stream,
    TimeInForce,
)
from vibe_quant.domain.intents import (
    AmendOrder,
    CancelOrder,
    CancelStop,
    FetchMark,
    Intent,
    Notify,
    OrderIntent,
    PlaceStop,
)

D = Decimal
BTC, LONG = "BTC/USDT:USDT", PositionSide.LONG
QUOTE = ev.Quote(BTC, 1, 1, D("100"), D(1), D("100.1"), D(1))
TIMER = ev.Timer(1)
ORDER = OrderIntent(
    BTC,
    LONG,
    "vq-run-1",
    OrderType.LIMIT,
    D("0.0120"),
    D("84788.20"),
    TimeInForce.GTX,
    ExecutionMode.MAKER_ONLY,
    SignalReason.PATIENT,
    1,
)
REPORT = ev.OrderUpdate(
    BTC,
    "vq-run-1",
    LONG,
    OrderSide.SELL,
    OrderStatus.CANCELED,
    OrderType.LIMIT,
    D("0.012"),
    D("84788.2"),
    D("0.004"),
    1,
    1,
    Source.STREAM,
)
STOP = ev.StopReport(
    BTC, LONG, "vq-ps-x-L-1", StopStatus.NEW, OrderType.STOP_MARKET, OrderSide.SELL, D("70000.0"), True, D(0), 1, 1
)

Told = list[tuple[str, str]]
Tell = Callable[..., Told]


@pytest.fixture
def tell() -> Iterator[Tell]:
    told: Told = []
    narrator = Narrator("vq")
    sink = logger.add(
        lambda line: told.append((line.record["level"].name, line.record["message"])), format="{message}", level=0
    )

    def see(event: ev.Event, *intents: Intent) -> Told:
        told.clear()
        narrator.see(1, event, intents, None)
        return list(told)

    yield see
    logger.remove(sink)


LEG = f"symbol={BTC} side=LONG"


@pytest.mark.parametrize(
    ("intent", "level", "line"),
    [
        (
            ORDER,
            "INFO",
            f"order_sent | {LEG} order_side=SELL qty=0.012 price=84788.2 mode=maker reason=patient client_id=vq-run-1",
        ),
        (
            replace(ORDER, price=None, order_type=OrderType.MARKET, mode=ExecutionMode.AGGRESSIVE_LIMIT),
            "INFO",
            f"order_sent | {LEG} order_side=SELL qty=0.012 mode=aggressive reason=patient client_id=vq-run-1",
        ),
        (
            replace(ORDER, price=None, price_match=PriceMatch.QUEUE, position_side=PositionSide.SHORT),
            "INFO",
            f"order_sent | symbol={BTC} side=SHORT order_side=BUY qty=0.012 price_match=QUEUE mode=maker "
            "reason=patient client_id=vq-run-1",
        ),
        (
            replace(ORDER, reason=SignalReason.PANIC),
            "WARNING",
            f"order_sent | {LEG} order_side=SELL qty=0.012 price=84788.2 mode=maker reason=panic client_id=vq-run-1",
        ),
        (
            CancelOrder(BTC, "vq-run-1", "ttl"),
            "DEBUG",
            f"order_cancelled | symbol={BTC} reason=ttl client_id=vq-run-1",
        ),
        (
            AmendOrder(BTC, LONG, "vq-run-1", D("0.010"), D("5.50")),
            "INFO",
            f"order_amended | {LEG} qty=0.01 price=5.5 client_id=vq-run-1",
        ),
        (
            PlaceStop(BTC, LONG, "vq-ps-x-L-1", D("70000.0"), None, "the first"),
            "INFO",
            f'stop_sent | {LEG} trigger=70000 reason="the first" client_id=vq-ps-x-L-1',
        ),
        (
            PlaceStop(BTC, LONG, "vq-ps-x-L-2", D("70000.0"), D("0.1"), "a bridge"),
            "INFO",
            f'stop_sent | {LEG} trigger=70000 qty=0.1 reason="a bridge" client_id=vq-ps-x-L-2',
        ),
        (
            CancelStop(BTC, LONG, "vq-ps-x-L-1", "flat"),
            "INFO",
            f"stop_cancelled | {LEG} reason=flat client_id=vq-ps-x-L-1",
        ),
        (Notify(NoticeKind.HALT, Severity.ALARM, "It has halted."), "ERROR", 'notice_halt | text="It has halted."'),
        (Notify(NoticeKind.RISK, Severity.WARNING, "Near.", BTC, LONG), "WARNING", f"notice_risk | {LEG} text=Near."),
        (
            Notify(
                NoticeKind.FILL,
                Severity.INFO,
                "Closed.",
                BTC,
                LONG,
                (("role", "maker"), ("fee", "0.5"), ("fee_asset", "BNB")),
            ),
            "INFO",
            f"notice_fill | {LEG} role=maker fee=0.5 fee_asset=BNB text=Closed.",
        ),
        (
            Notify(NoticeKind.FILL, Severity.INFO, "Closed.", facts=(("fee", ""),)),
            "INFO",
            "notice_fill | text=Closed.",
        ),
    ],
)
def test_what_it_does(tell: Tell, intent: Intent, level: str, line: str) -> None:
    assert tell(QUOTE, intent) == [(level, line)]


STOPPED = f"stop_ended | {LEG} status={{}} client_id=vq-ps-x-L-1 text={{}}"


@pytest.mark.parametrize(
    ("event", "level", "line"),
    [
        (REPORT, "INFO", f"order_ended | {LEG} status=CANCELED filled=0.004 of=0.012 client_id=vq-run-1"),
        (
            replace(REPORT, status=OrderStatus.PARTIALLY_FILLED, last_qty=D("0.004"), last_price=D(5), is_maker=True),
            "DEBUG",
            f"order_traded | {LEG} qty=0.004 price=5 role=maker filled=0.004 of=0.012 client_id=vq-run-1",
        ),
        (
            replace(REPORT, status=OrderStatus.PARTIALLY_FILLED, last_qty=D("0.004"), last_price=D(5), is_maker=None),
            "DEBUG",
            f"order_traded | {LEG} qty=0.004 price=5 filled=0.004 of=0.012 client_id=vq-run-1",
        ),
        (STOP, "INFO", f"stop_stands | {LEG} trigger=70000 client_id=vq-ps-x-L-1"),
        (
            replace(STOP, status=StopStatus.CANCELED),
            "INFO",
            STOPPED.format("CANCELED", '"the stop was cancelled"'),
        ),
        (replace(STOP, status=StopStatus.REJECTED, detail="why"), "WARNING", STOPPED.format("REJECTED", "why")),
        (
            replace(STOP, status=StopStatus.TRIGGERED),
            "WARNING",
            STOPPED.format("TRIGGERED", '"the stop is triggered"'),
        ),
        (
            replace(STOP, status=StopStatus.EXPIRED),
            "INFO",
            STOPPED.format("EXPIRED", '"the stop is gone with the position"'),
        ),
        (ev.PositionUpdate(BTC, LONG, D("0.30"), D(1), 1, 1), "DEBUG", f"position_changed | {LEG} qty=0.3"),
        (ev.StreamUp(Stream.USER, 1), "INFO", 'stream_up | stream=user text="the user stream is up"'),
        (
            ev.ContractNews(BTC, "SETTLING", 1),
            "INFO",
            f'contract_news | symbol={BTC} status=SETTLING text="the exchange announces a change of the contract"',
        ),
        (
            ev.Refused(RequestKind.SUBMIT, BTC, "vq-run-1", -2022, 1, 1, "ReduceOnly"),
            "WARNING",
            f"refused | symbol={BTC} request=submit client_id=vq-run-1 code=-2022 text=ReduceOnly",
        ),
        (
            ev.Refused(RequestKind.SUBMIT, BTC, "vq-run-1", -5022, 1, 1),
            "INFO",
            f'refused | symbol={BTC} request=submit client_id=vq-run-1 code=-5022 text="no message"',
        ),
        (
            ev.Unknown(RequestKind.READ_STOPS, BTC, "", 1, "timeout"),
            "WARNING",
            f'unknown | symbol={BTC} request="read stops" text="outcome not known (timeout); asking the exchange"',
        ),
        (
            ev.NotSent(RequestKind.CANCEL, BTC, "vq-run-1", 1, "a ban holds"),
            "WARNING",
            f'not_sent | symbol={BTC} request=cancel client_id=vq-run-1 text="a ban holds"',
        ),
        (
            ev.RateLimited(3500, 1000),
            "WARNING",
            'rate_limited | banned=false wait_s=2.5 text="too many requests: holding back"',
        ),
        (
            ev.RateLimited(3500, 1000, banned=True),
            "ERROR",
            'rate_limited | banned=true wait_s=2.5 text="banned by the exchange: holding back"',
        ),
    ],
)
def test_what_happens(tell: Tell, event: ev.Event, level: str, line: str) -> None:
    assert tell(event) == [(level, line)]


@pytest.mark.parametrize(
    "event",
    [
        QUOTE,
        TIMER,
        ev.StreamDown(Stream.USER, 1, "said by a notice"),
        ev.ServerTime(0, 1),
        replace(REPORT, client_id="web_1"),
        replace(REPORT, status=OrderStatus.NEW),
        replace(STOP, client_id="android_1"),
        ev.PositionUpdate(BTC, LONG, D(0), D(0), 1, 1),
    ],
)
def test_noise_and_what_is_others_is_passed_over(tell: Tell, event: ev.Event) -> None:
    assert tell(event, FetchMark(BTC)) == []


def test_what_is_told_twice_is_said_once(tell: Tell) -> None:
    other = replace(STOP, client_id="vq-ps-x-L-2")
    assert [len(tell(event)) for event in (STOP, other, STOP, other, REPORT, REPORT)] == [1, 1, 0, 0, 1, 0]
    assert len(tell(replace(STOP, status=StopStatus.CANCELED, source=Source.REST))) == 1


def test_what_was_told_is_forgotten_in_time(tell: Tell, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("vibe_quant.app.narrator.KEPT", 2)
    stops = [replace(STOP, client_id=f"vq-ps-x-L-{number}") for number in range(3)]
    assert [len(tell(stop)) for stop in (*stops, stops[2], stops[0])] == [1, 1, 1, 0, 1]


def test_a_stop_that_expires_under_a_position_is_a_warning(tell: Tell) -> None:
    tell(ev.PositionUpdate(BTC, LONG, D("0.30"), D(1), 1, 1))
    assert [level for level, _ in tell(replace(STOP, status=StopStatus.EXPIRED))] == ["WARNING"]


def test_a_position_that_is_gone_is_said_and_its_changes_are_the_cores_to_say(tell: Tell) -> None:
    held = Position(BTC, LONG, D("0.3"), D(1), 1)
    whole = ev.AccountSnapshot(None, (held,), None, None, (STOP,), 1, 1, 1)
    assert [level for level, _ in tell(whole)] == ["DEBUG", "INFO"]
    assert tell(whole) == []
    assert tell(replace(whole, positions=None, stops=None)) == []
    moves = [tell(ev.PositionUpdate(BTC, LONG, qty, D(1), 1, 1)) for qty in (D("0.2"), D(0))]
    assert moves == [[("DEBUG", f"position_changed | {LEG} qty=0.2")], [("INFO", f"position_closed | {LEG}")]]


def test_braces_of_the_exchange_are_text(tell: Tell) -> None:
    ((_, line),) = tell(ev.Refused(RequestKind.SUBMIT, BTC, "x", -1, 1, 1, '{"a": {b}} <red>'))
    assert line.endswith(r'''text="{\"a\": {b}} <red>"''')
