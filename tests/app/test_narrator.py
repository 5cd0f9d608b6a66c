"""What the program does, in lines a person reads; the market is passed over."""

from __future__ import annotations

import io
from collections.abc import Callable
from dataclasses import replace
from decimal import Decimal
from pathlib import Path

import pytest

from vibe_quant.app.logs import Logs, first_line
from vibe_quant.app.narrator import Narrator
from vibe_quant.app.redaction import Redactor
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
from vibe_quant.domain.service_settings import LogSettings
from vibe_quant.domain.settings import Venue

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
def tell() -> Tell:
    told: Told = []
    narrator = Narrator("vq", lambda level, line: told.append((level, line)))

    def see(event: ev.Event, *intents: Intent) -> Told:
        told.clear()
        narrator.see(1, event, intents, None)
        return list(told)

    return see


@pytest.mark.parametrize(
    ("intent", "level", "line"),
    [
        (ORDER, "INFO", f"{BTC} LONG: sell 0.012 at 84788.2, maker, patient (vq-run-1)"),
        (
            replace(ORDER, price=None, order_type=OrderType.MARKET, mode=ExecutionMode.AGGRESSIVE_LIMIT),
            "INFO",
            f"{BTC} LONG: sell 0.012 at market, aggressive, patient (vq-run-1)",
        ),
        (
            replace(ORDER, price=None, price_match=PriceMatch.QUEUE, position_side=PositionSide.SHORT),
            "INFO",
            f"{BTC} SHORT: buy 0.012 at the exchange's QUEUE price, maker, patient (vq-run-1)",
        ),
        (
            replace(ORDER, reason=SignalReason.PANIC),
            "WARNING",
            f"{BTC} LONG: sell 0.012 at 84788.2, maker, panic (vq-run-1)",
        ),
        (CancelOrder(BTC, "vq-run-1", "ttl"), "DEBUG", f"{BTC}: cancel vq-run-1: ttl"),
        (
            AmendOrder(BTC, LONG, "vq-run-1", D("0.010"), D("5.50")),
            "INFO",
            f"{BTC} LONG: amend vq-run-1 to 0.01 at 5.5",
        ),
        (
            PlaceStop(BTC, LONG, "vq-ps-x-L-1", D("70000.0"), None, "the first"),
            "INFO",
            f"{BTC} LONG: place stop at 70000, closes the leg (the first)",
        ),
        (
            PlaceStop(BTC, LONG, "vq-ps-x-L-2", D("70000.0"), D("0.1"), "a bridge"),
            "INFO",
            f"{BTC} LONG: place stop at 70000, closes 0.1 (a bridge)",
        ),
        (CancelStop(BTC, LONG, "vq-ps-x-L-1", "flat"), "INFO", f"{BTC} LONG: cancel stop vq-ps-x-L-1: flat"),
        (Notify(NoticeKind.HALT, Severity.ALARM, "It has halted."), "ERROR", "It has halted."),
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
            "Closed. (role maker, fee 0.5 BNB)",
        ),
        (Notify(NoticeKind.FILL, Severity.INFO, "Closed.", facts=(("fee", ""),)), "INFO", "Closed."),
    ],
)
def test_what_it_does(tell: Tell, intent: Intent, level: str, line: str) -> None:
    assert tell(QUOTE, intent) == [(level, line)]


@pytest.mark.parametrize(
    ("event", "level", "line"),
    [
        (REPORT, "INFO", f"{BTC} LONG: vq-run-1 canceled, 0.004 of 0.012 filled"),
        (
            replace(REPORT, status=OrderStatus.PARTIALLY_FILLED, last_qty=D("0.004"), last_price=D(5), is_maker=True),
            "DEBUG",
            f"{BTC} LONG: vq-run-1 trades 0.004 at 5 as maker, 0.004 of 0.012",
        ),
        (STOP, "INFO", f"{BTC} LONG: stop stands at 70000 (vq-ps-x-L-1)"),
        (replace(STOP, status=StopStatus.CANCELED), "INFO", f"{BTC} LONG: stop cancelled (vq-ps-x-L-1)"),
        (
            replace(STOP, status=StopStatus.REJECTED, detail="why"),
            "WARNING",
            f"{BTC} LONG: stop rejected (vq-ps-x-L-1): why",
        ),
        (replace(STOP, status=StopStatus.TRIGGERED), "WARNING", f"{BTC} LONG: stop triggered (vq-ps-x-L-1)"),
        (replace(STOP, status=StopStatus.EXPIRED), "INFO", f"{BTC} LONG: stop gone with the position (vq-ps-x-L-1)"),
        (ev.PositionUpdate(BTC, LONG, D("0.30"), D(1), 1, 1), "DEBUG", f"{BTC} LONG: position 0.3"),
        (ev.StreamUp(Stream.USER, 1), "INFO", "the user stream is up"),
        (
            ev.ContractNews(BTC, "SETTLING", 1),
            "INFO",
            f"{BTC}: the exchange announces a change of the contract: SETTLING",
        ),
        (
            ev.Refused(RequestKind.SUBMIT, BTC, "vq-run-1", -2022, 1, 1, "ReduceOnly"),
            "WARNING",
            f"{BTC}: submit vq-run-1 refused, -2022: ReduceOnly",
        ),
        (
            ev.Refused(RequestKind.SUBMIT, BTC, "vq-run-1", -5022, 1, 1),
            "INFO",
            f"{BTC}: submit vq-run-1 refused, -5022: no message",
        ),
        (
            ev.Unknown(RequestKind.READ_STOPS, BTC, "", 1, "timeout"),
            "WARNING",
            f"{BTC}: read stops: outcome not known (timeout); asking the exchange",
        ),
        (
            ev.NotSent(RequestKind.CANCEL, BTC, "vq-run-1", 1, "a ban holds"),
            "WARNING",
            f"{BTC}: cancel vq-run-1 not sent: a ban holds",
        ),
        (ev.RateLimited(3500, 1000), "WARNING", "too many requests: holding back for 2.5 s"),
        (ev.RateLimited(3500, 1000, banned=True), "ERROR", "banned by the exchange: holding back for 2.5 s"),
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
    assert moves == [[("DEBUG", f"{BTC} LONG: position 0.2")], [("INFO", f"{BTC} LONG: position closed")]]


def test_braces_of_the_exchange_are_text(tmp_path: Path) -> None:
    err = io.StringIO()
    logs = Logs.open(LogSettings(), tmp_path, first_line(Venue.SIM, "1", 1), Redactor(), err)
    Narrator("vq").see(1, ev.Refused(RequestKind.SUBMIT, BTC, "x", -1, 1, 1, '{"a": {b}} <red>'), (), None)
    logs.close()
    assert '{"a": {b}} <red>' in err.getvalue()
