"""Says in plain lines what the program does: orders, stops, panic, streams, notices; nothing of the market's noise."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from decimal import Decimal

from loguru import logger

from vibe_quant.config.problems import plain
from vibe_quant.domain import events as ev
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

NOISE = (ev.Quote, ev.Trade, ev.Mark, ev.Depth, ev.Candle, ev.Timer)
LEVELS = {Severity.INFO: "INFO", Severity.WARNING: "WARNING", Severity.ALARM: "ERROR"}
MODES = {ExecutionMode.MAKER_ONLY: "maker", ExecutionMode.AGGRESSIVE_LIMIT: "aggressive"}
EXPECTED = {-5022, -2011}
"""Refusals of every day: a maker order that would have taken, an order to be cancelled that was done already."""
FILL_FACTS = ("role", "reason", "fee", "pnl")
ENDS = (OrderStatus.CANCELED, OrderStatus.EXPIRED, OrderStatus.EXPIRED_IN_MATCH)
KEPT = 1000
ZERO = Decimal(0)

Say = Callable[[str, str], None]
"""(level, line)."""


def _log(level: str, line: str) -> None:
    logger.log(level, "{}", line)


class Narrator:
    """An observer (``app.observers.See``).  ``own`` is the prefix of own client ids: of others' orders it is silent."""

    def __init__(self, own: str, say: Say = _log) -> None:
        self._own = f"{own}-"
        self._say = say
        self._legs: dict[tuple[str, PositionSide], Decimal] = {}
        self._told: dict[str, str] = {}  # own id -> the state that was told last

    def see(self, now: int, event: ev.Event, intents: Sequence[Intent], quote: ev.Quote | None) -> None:  # noqa: ARG002
        """One call of the engine."""
        if not isinstance(event, NOISE):
            self._happened(event)
        for intent in intents:
            self._done(intent)

    def _done(self, intent: Intent) -> None:
        match intent:
            case OrderIntent():
                urgent = intent.reason is SignalReason.PANIC
                self._say("WARNING" if urgent else "INFO", _order(intent))
            case CancelOrder():
                self._say("DEBUG", f"{intent.symbol}: cancel {intent.client_id}: {intent.reason}")
            case AmendOrder():
                leg = f"{intent.symbol} {intent.position_side}"
                self._say("INFO", f"{leg}: amend {intent.client_id} to {plain(intent.qty)} at {plain(intent.price)}")
            case PlaceStop():
                what = "closes the leg" if intent.qty is None else f"closes {plain(intent.qty)}"
                leg = f"{intent.symbol} {intent.position_side}"
                line = f"{leg}: place stop at {plain(intent.trigger_price)}, {what} ({intent.reason})"
                self._say("INFO", line)
            case CancelStop():
                leg = f"{intent.symbol} {intent.position_side}"
                self._say("INFO", f"{leg}: cancel stop {intent.client_id}: {intent.reason}")
            case Notify():
                self._say(LEVELS[intent.severity], _notice(intent))
            case _:
                return  # reads, the dead-man's switch, and halts, which come with a notice

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
                self._say("INFO", f"the {event.stream} stream is up")
            case ev.ContractNews():
                self._say("INFO", f"{event.symbol}: the exchange announces a change of the contract: {event.status}")
            case _:
                self._answered(event)  # a stream that is down is said by the core's notice

    def _snapshot(self, snapshot: ev.AccountSnapshot) -> None:
        for leg in snapshot.positions or ():
            self._position(leg.symbol, leg.side, leg.qty)
        for stop in snapshot.stops or ():
            self._stop(stop)

    def _answered(self, event: ev.Event) -> None:
        match event:
            case ev.Refused():
                level = "INFO" if event.code in EXPECTED else "WARNING"
                what = f"{event.symbol}: {_words(event.request)} {event.client_id}".rstrip()
                self._say(level, f"{what} refused, {event.code}: {event.message or 'no message'}")
            case ev.Unknown():
                what = f"{event.symbol}: {_words(event.request)} {event.client_id}".rstrip()
                self._say("WARNING", f"{what}: outcome not known ({event.detail}); asking the exchange")
            case ev.NotSent():
                what = f"{event.symbol}: {_words(event.request)} {event.client_id}".rstrip()
                self._say("WARNING", f"{what} not sent: {event.detail}")
            case ev.RateLimited():
                wait_s = max(0, event.until_ms - event.recv_ms) / 1000
                what = "banned by the exchange" if event.banned else "too many requests"
                self._say("ERROR" if event.banned else "WARNING", f"{what}: holding back for {wait_s:.1f} s")
            case _:
                return

    def _order(self, update: ev.OrderUpdate) -> None:
        """Trades and ends of own orders; what an ended order has closed is said by the core's notice."""
        if not update.client_id.startswith(self._own):
            return
        leg = f"{update.symbol} {update.position_side}"
        if update.last_qty:
            role = "" if update.is_maker is None else " as maker" if update.is_maker else " as taker"
            done = f"{plain(update.filled_qty)} of {plain(update.qty)}"
            trade = f"{plain(update.last_qty)} at {plain(update.last_price)}{role}"
            self._say("DEBUG", f"{leg}: {update.client_id} trades {trade}, {done}")
        elif update.status in ENDS and self._is_news(update.client_id, update.status):
            done = f"{plain(update.filled_qty)} of {plain(update.qty)} filled"
            self._say("INFO", f"{leg}: {update.client_id} {update.status.lower()}, {done}")

    def _stop(self, report: ev.StopReport) -> None:
        """Own stops, when their state changes; one that ends with its position has done its duty."""
        if not report.client_id.startswith(self._own) or not self._is_news(report.client_id, report.status):
            return
        name = f"{report.symbol} {report.side}"
        if report.status is StopStatus.NEW:
            self._say("INFO", f"{name}: stop stands at {plain(report.trigger_price)} ({report.client_id})")
        elif report.status is StopStatus.CANCELED:
            self._say("INFO", f"{name}: stop cancelled ({report.client_id})")
        elif report.status is StopStatus.EXPIRED and not self._legs.get((report.symbol, report.side)):
            self._say("INFO", f"{name}: stop gone with the position ({report.client_id})")
        else:
            why = f": {report.detail}" if report.detail else ""
            self._say("WARNING", f"{name}: stop {report.status.lower()} ({report.client_id}){why}")

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
        if qty != before:
            self._say("DEBUG" if qty else "INFO", f"{symbol} {side}: position {plain(qty) if qty else 'closed'}")


def _order(intent: OrderIntent) -> str:
    price = "at market" if intent.price is None else f"at {plain(intent.price)}"
    if intent.price_match is not None:
        price = f"at the exchange's {intent.price_match} price"
    leg = f"{intent.symbol} {intent.position_side}"
    what = f"{intent.side.lower()} {plain(intent.qty)} {price}, {MODES[intent.mode]}, {intent.reason}"
    return f"{leg}: {what} ({intent.client_id})"


def _notice(notice: Notify) -> str:
    if notice.kind is not NoticeKind.FILL:
        return notice.text
    facts = dict(notice.facts)
    if facts.get("fee"):
        facts["fee"] = f"{facts['fee']} {facts.get('fee_asset', '')}".rstrip()
    details = ", ".join(f"{name} {facts[name]}" for name in FILL_FACTS if facts.get(name))
    return f"{notice.text} ({details})" if details else notice.text


def _words(request: RequestKind) -> str:
    return request.replace("_", " ")
