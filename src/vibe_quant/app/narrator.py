"""Says in the log what the program does: orders, stops, panic, streams, notices; nothing of the market's noise."""

from __future__ import annotations

from collections.abc import Sequence
from contextlib import ExitStack
from decimal import Decimal

from vibe_quant.domain import events as ev
from vibe_quant.domain import log_events as le
from vibe_quant.domain.enums import (
    ExecutionMode,
    NoticeKind,
    OrderStatus,
    PositionSide,
    RequestKind,
    Severity,
    SignalReason,
    StopStatus,
)
from vibe_quant.domain.intents import AmendOrder, CancelOrder, CancelStop, Intent, Notify, OrderIntent, PlaceStop
from vibe_quant.domain.log_events import Level
from vibe_quant.log import log

NOISE = (ev.Quote, ev.Trade, ev.Mark, ev.Depth, ev.Candle, ev.Timer)
LEVELS = {Severity.INFO: Level.INFO, Severity.WARNING: Level.WARNING, Severity.ALARM: Level.ERROR}
MODES = {ExecutionMode.MAKER_ONLY: "maker", ExecutionMode.AGGRESSIVE_LIMIT: "aggressive"}
EXPECTED = {-5022, -2011}
"""Refusals of every day: a maker order that would have taken, an order to be cancelled that was done already."""
ENDS = (OrderStatus.CANCELED, OrderStatus.EXPIRED, OrderStatus.EXPIRED_IN_MATCH)
KEPT = 1000
ZERO = Decimal(0)


class Narrator:
    """An observer (``app.observers.See``).  ``own`` is the prefix of own client ids: of others' orders it is silent."""

    def __init__(self, own: str) -> None:
        self._own = f"{own}-"
        self._legs: dict[tuple[str, PositionSide], Decimal] = {}
        self._told: dict[str, str] = {}  # own id -> the state that was told last

    def see(self, now: int, event: ev.Event, intents: Sequence[Intent], quote: ev.Quote | None) -> None:  # noqa: ARG002
        """One call of the engine."""
        with ExitStack() as each:  # what fails takes no other line with it
            for intent in reversed(intents):
                each.callback(_done, intent)
            if not isinstance(event, NOISE):
                self._happened(event)

    def _happened(self, event: ev.Event) -> None:
        match event:
            case ev.OrderUpdate():
                self._order(event)
            case ev.StopReport():
                self._stop(event)
            case ev.PositionUpdate():
                self._position(event.symbol, event.side, event.qty)
            case ev.AccountSnapshot():
                self._snapshot(event)
            case ev.StreamUp():
                log(le.STREAM_UP, stream=event.stream, text=f"the {event.stream} stream is up")
            case ev.ContractNews():
                text = "the exchange announces a change of the contract"
                log(le.CONTRACT_NEWS, symbol=event.symbol, status=event.status, text=text)
            case _:
                _answered(event)  # a stream that is down is said by the core's notice

    def _snapshot(self, snapshot: ev.AccountSnapshot) -> None:
        for leg in snapshot.positions or ():
            self._position(leg.symbol, leg.side, leg.qty)
        for stop in snapshot.stops or ():
            self._stop(stop)

    def _order(self, update: ev.OrderUpdate) -> None:
        """Trades and ends of own orders; what an ended order has closed is said by the core's notice."""
        if not update.client_id.startswith(self._own):
            return
        if update.last_qty:
            log(
                le.ORDER_TRADED,
                symbol=update.symbol,
                side=update.position_side,
                qty=update.last_qty,
                price=update.last_price,
                role=None if update.is_maker is None else "maker" if update.is_maker else "taker",
                filled=update.filled_qty,
                of=update.qty,
                client_id=update.client_id,
            )
        elif update.status in ENDS and self._is_news(update.client_id, update.status):
            log(
                le.ORDER_ENDED,
                symbol=update.symbol,
                side=update.position_side,
                status=update.status,
                filled=update.filled_qty,
                of=update.qty,
                client_id=update.client_id,
            )

    def _stop(self, report: ev.StopReport) -> None:
        """Own stops, when their state changes; one that ends with its position has done its duty."""
        if not report.client_id.startswith(self._own) or not self._is_news(report.client_id, report.status):
            return
        symbol, side, client_id = report.symbol, report.side, report.client_id
        if report.status is StopStatus.NEW:
            log(le.STOP_STANDS, symbol=symbol, side=side, trigger=report.trigger_price, client_id=client_id)
            return
        level, text = self._end_of(report)
        log(le.STOP_ENDED, level, symbol=symbol, side=side, status=report.status, client_id=client_id, text=text)

    def _end_of(self, report: ev.StopReport) -> tuple[Level, str]:
        if report.status is StopStatus.CANCELED:
            return Level.INFO, "the stop was cancelled"
        if report.status is StopStatus.EXPIRED and not self._legs.get((report.symbol, report.side)):
            return Level.INFO, "the stop is gone with the position"
        return Level.WARNING, report.detail or f"the stop is {report.status.lower()}"

    def _is_news(self, client_id: str, state: str) -> bool:
        """Answer and stream tell the same; of what is forgotten, the oldest goes first."""
        if self._told.get(client_id) == state:
            return False
        self._told[client_id] = state
        if len(self._told) > KEPT:
            del self._told[next(iter(self._told))]
        return True

    def _position(self, symbol: str, side: PositionSide, qty: Decimal) -> None:
        """What is gone; of what grows the core's notice tells, and what shrinks is said with the order that did it."""
        before = self._legs.get((symbol, side), ZERO)
        self._legs[symbol, side] = qty
        if qty == before:
            return
        if qty:
            log(le.POSITION_CHANGED, symbol=symbol, side=side, qty=qty)
        else:
            log(le.POSITION_CLOSED, symbol=symbol, side=side)


def log_notice(notice: Notify) -> None:
    """A notice of the core's or of the shell's own."""
    level, facts = LEVELS[notice.severity], dict(notice.facts)
    if notice.kind is not NoticeKind.FILL:
        log(le.NOTICES[notice.kind], level, symbol=notice.symbol, side=notice.side, text=notice.text)
        return
    log(
        le.NOTICES[NoticeKind.FILL],
        level,
        symbol=notice.symbol,
        side=notice.side,
        role=facts.get("role") or None,
        reason=facts.get("reason") or None,
        fee=facts.get("fee") or None,
        fee_asset=facts.get("fee_asset") or None,
        pnl=facts.get("pnl") or None,
        text=notice.text,
    )


def _done(intent: Intent) -> None:
    match intent:
        case OrderIntent():
            _sent(intent)
        case CancelOrder():
            log(le.ORDER_CANCELLED, symbol=intent.symbol, reason=intent.reason, client_id=intent.client_id)
        case AmendOrder():
            log(
                le.ORDER_AMENDED,
                symbol=intent.symbol,
                side=intent.position_side,
                qty=intent.qty,
                price=intent.price,
                client_id=intent.client_id,
            )
        case PlaceStop():
            log(
                le.STOP_SENT,
                symbol=intent.symbol,
                side=intent.position_side,
                trigger=intent.trigger_price,
                qty=intent.qty,
                reason=intent.reason,
                client_id=intent.client_id,
            )
        case CancelStop():
            leg = intent.position_side
            log(le.STOP_CANCELLED, symbol=intent.symbol, side=leg, reason=intent.reason, client_id=intent.client_id)
        case Notify():
            log_notice(intent)
        case _:
            return  # reads, the dead-man's switch, and halts, which come with a notice


def _sent(intent: OrderIntent) -> None:
    log(
        le.ORDER_SENT,
        Level.WARNING if intent.reason is SignalReason.PANIC else Level.INFO,
        symbol=intent.symbol,
        side=intent.position_side,
        order_side=intent.side,
        qty=intent.qty,
        price=intent.price,
        price_match=intent.price_match,
        mode=MODES[intent.mode],
        reason=intent.reason,
        client_id=intent.client_id,
    )


def _answered(event: ev.Event) -> None:
    match event:
        case ev.Refused(request, symbol, client_id, code):
            level = Level.INFO if code in EXPECTED else Level.WARNING
            asked, text = _words(request), event.message or "no message"
            log(
                le.REFUSED,
                level,
                symbol=symbol or None,
                request=asked,
                client_id=client_id or None,
                code=code,
                text=text,
            )
        case ev.Unknown(request, symbol, client_id):
            text = f"outcome not known ({event.detail}); asking the exchange"
            log(le.UNKNOWN, symbol=symbol or None, request=_words(request), client_id=client_id or None, text=text)
        case ev.NotSent(request, symbol, client_id):
            log(
                le.NOT_SENT,
                symbol=symbol or None,
                request=_words(request),
                client_id=client_id or None,
                text=event.detail,
            )
        case ev.RateLimited():
            wait_s = max(0, event.until_ms - event.recv_ms) / 1000
            what = "banned by the exchange" if event.banned else "too many requests"
            level = Level.ERROR if event.banned else Level.WARNING
            log(le.RATE_LIMITED, level, banned=event.banned, wait_s=wait_s, text=f"{what}: holding back")
        case _:
            return


def _words(request: RequestKind) -> str:
    return request.replace("_", " ")
