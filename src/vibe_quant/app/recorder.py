"""What of the pair (event, intents) goes into the journal, and what becomes of it while nothing can be written."""

from __future__ import annotations

from collections.abc import Container, Iterator, Sequence
from decimal import Decimal
from typing import Any

from vibe_quant.app.bodies import answer_body, fill_body, intent_body, report_body, stop_body
from vibe_quant.domain import events as ev
from vibe_quant.domain import log_events as le
from vibe_quant.domain.enums import NoticeKind, RequestKind, Severity, Source
from vibe_quant.domain.intents import (
    AmendOrder,
    ArmDeadMan,
    CancelOrder,
    CancelStop,
    DisarmDeadMan,
    Halt,
    Intent,
    Notify,
    OrderIntent,
    PlaceStop,
)
from vibe_quant.log import log
from vibe_quant.ports import Entry, Journal, JournalBroken, Sink

SENT = (OrderIntent, CancelOrder, AmendOrder, PlaceStop, CancelStop, ArmDeadMan, DisarmDeadMan)
KEPT = 10_000
Trade = tuple[str, int]
RETRY_MS = 1000
PATIENT = (ev.OrderUpdate, ev.PositionUpdate, ev.StopReport)
"""What the exchange tells can be asked for again, a trade excepted: it may wait for the next commit, or a little."""
WAIT_MS, MOST_WAITING = 100, 200


class Recorder:
    """Writes through ``journal``; what could not be written is kept (``KEPT`` rows at most) and written when it can.

    ``prefix`` tells own client ids, ``booked`` the trades (symbol, id) that others have journalled.
    """

    def __init__(self, journal: Journal, prefix: str, tell: Sink, booked: Container[Trade] = ()) -> None:
        self._journal = journal
        self._own = f"{prefix}-"
        self._tell = tell
        self._kept: list[Entry] = []
        self._waiting: list[Entry] = []
        self._until_ms = 0
        self._reports: dict[str, tuple[str, Decimal]] = {}
        self._booked = booked
        self._trades: dict[Trade, None] = {}
        self._legs: dict[tuple[str, str], Decimal] = {}
        self._stops: dict[tuple[str, str], None] = {}
        self._armed: dict[str, int] = {}
        self._retry_ms = 0
        self._said: set[str] = set()
        self.ok = True
        self.patient = False
        """Whether rows may wait: not while a start still looks up in the file what is known of orders and trades."""
        self.lost = 0
        """Rows that were given up: more waited than are kept."""

    @property
    def idle(self) -> bool:
        """Whether all is well and no row waits."""
        return self.ok and not self._kept and not self._waiting

    def write(self, event: ev.Event, intents: Sequence[Intent], now: int, at_ms: int) -> bool:
        """Record one call of the engine at server time ``at_ms``; False where it is not on the disk.

        Reports that caused nothing wait, in their order, for the next row that cannot (``WAIT_MS`` at most): each
        commit is a wait of the loop for the disk.
        """
        told, done = [*self._of_event(event, at_ms)], [*self._of_intents(intents, at_ms)]
        if not told and not done:
            return self.ok
        patient = self.patient and isinstance(event, PATIENT) and not any(row.kind == "fill" for row in told)
        if done or not patient or len(self._waiting) >= MOST_WAITING:
            return self.append([*told, *done], now)
        if not self._waiting:
            self._until_ms = now + WAIT_MS
        self._waiting += told
        return self.ok

    def tend(self, now: int) -> int | None:
        """Write what has waited long enough; ms until it is to be called again, None: nothing waits."""
        again = not self.ok and now >= self._retry_ms
        if again or (self._waiting and now >= self._until_ms):
            self.append((), now)
        if not self.ok:
            return max(1, self._retry_ms - now)
        return max(1, self._until_ms - now) if self._waiting else None

    def append(self, rows: Sequence[Entry], now: int) -> bool:
        """Write rows, after those kept and those that wait."""
        rows, self._waiting = [*self._waiting, *rows], []
        if self._kept and now < self._retry_ms:
            self._keep(rows)
            return False
        waiting = [*self._kept, *rows]
        try:
            self._journal.write(waiting)
        except JournalBroken as broken:
            self._keep(rows)
            self._retry_ms = now + RETRY_MS
            self._say(False, now, str(broken))
            return False
        self._kept.clear()
        self._retry_ms = now + RETRY_MS
        self._say(not self._journal.trouble, now, self._journal.trouble)
        return True

    def _keep(self, rows: Sequence[Entry]) -> None:
        room = max(0, KEPT - len(self._kept))
        self._kept += rows[:room]
        self.lost += len(rows) - min(room, len(rows))

    def _say(self, ok: bool, now: int, detail: str) -> None:
        if not ok and detail not in self._said:
            self._said.add(detail)
            log(le.JOURNAL_FAILED, text=f"{detail}. Discretion waits, what protects goes on")
        if ok == self.ok:
            return
        self.ok = ok
        if ok:
            self._said.clear()
            text = f"the journal is well again; {self.lost} rows were lost meanwhile"
            log(le.JOURNAL_WELL, lost=self.lost, text=text)
        self._tell(ev.JournalState(ok, now, detail))

    def _of_event(self, event: ev.Event, at_ms: int) -> Iterator[Entry]:
        match event:
            case ev.OrderUpdate():
                yield from self._report(event, at_ms)
            case ev.PositionUpdate():
                yield from self._leg(event.symbol, str(event.side), event.qty, event.reason, event.exch_ms, at_ms)
            case ev.AccountSnapshot():
                for leg in event.positions or ():
                    yield from self._leg(leg.symbol, str(leg.side), leg.qty, "read", leg.exch_ms, at_ms)
            case ev.StopReport() if event.client_id.startswith(self._own):
                if self._is_news(event):
                    yield Entry("stop", at_ms, stop_body(event), event.symbol, str(event.side), event.client_id)
            case ev.Refused() | ev.Unknown() | ev.OrderMissing() | ev.NotSent():
                yield from _answer(event, at_ms)
            case ev.Hold():
                yield Entry("decision", at_ms, {"held": event.reason})
            case ev.Pause() | ev.Resume() | ev.Flatten() | ev.Stop():
                yield _command(event, at_ms)
            case _:
                pass

    def _report(self, update: ev.OrderUpdate, at_ms: int) -> Iterator[Entry]:
        """News of an order: a state not recorded before, or a trade; a foreign one's trades only."""
        own = update.client_id.startswith(self._own)
        side = str(update.position_side)
        known = self._reports.get(update.client_id)
        state = (str(update.status), update.filled_qty)
        if own and known != state and not (known is not None and known[1] > update.filled_qty):
            self._reports[update.client_id] = state
            yield Entry("report", at_ms, report_body(update), update.symbol, side, update.client_id)
        if update.last_qty > 0 and self._is_new((update.symbol, update.trade_id)):
            yield Entry("fill", at_ms, fill_body(update), update.symbol, side, update.client_id)
        if len(self._reports) > KEPT:
            del self._reports[next(iter(self._reports))]

    def _is_new(self, trade: Trade) -> bool:
        """A trade is journalled once, however often it is told."""
        if trade in self._trades or trade in self._booked:
            return False
        self._trades[trade] = None
        if len(self._trades) > KEPT:
            del self._trades[next(iter(self._trades))]
        return True

    def _is_news(self, stop: ev.StopReport) -> bool:
        """Each state of a stop once: as the stream tells it, or as its end was read."""
        state = (stop.client_id, str(stop.status))
        if state in self._stops or not (stop.source is Source.STREAM or stop.status.is_final):
            return False
        self._stops[state] = None
        if len(self._stops) > KEPT:
            del self._stops[next(iter(self._stops))]
        return True

    def _leg(self, symbol: str, side: str, qty: Decimal, reason: str, exch_ms: int, at_ms: int) -> Iterator[Entry]:
        if self._legs.get((symbol, side)) == qty:
            return
        self._legs[symbol, side] = qty
        yield Entry("position", at_ms, {"qty": str(qty), "reason": reason, "exch_ms": exch_ms}, symbol, side)

    def _of_intents(self, intents: Sequence[Intent], at_ms: int) -> Iterator[Entry]:
        for intent in intents:
            if isinstance(intent, SENT):
                if not self._is_refresh(intent):
                    side = str(getattr(intent, "position_side", ""))
                    client_id = getattr(intent, "client_id", "")
                    yield Entry("intent", at_ms, intent_body(intent), intent.symbol, side, client_id)
            elif isinstance(intent, Halt):
                side = "" if intent.side is None else str(intent.side)
                yield Entry("decision", at_ms, {"halt": intent.reason}, intent.symbol or "", side)
            elif isinstance(intent, Notify) and (intent.severity is not Severity.INFO or intent.kind in TOLD):
                yield _notice(intent, at_ms)

    def _is_refresh(self, intent: Intent) -> bool:
        """A countdown that was begun is called again all the time, and says nothing new."""
        if isinstance(intent, DisarmDeadMan):
            self._armed.pop(intent.symbol, None)
        if not isinstance(intent, ArmDeadMan):
            return False
        before = self._armed.get(intent.symbol)
        self._armed[intent.symbol] = intent.countdown_ms
        return before == intent.countdown_ms


TOLD = frozenset(NoticeKind) - {NoticeKind.FILL, NoticeKind.RECONNECT, NoticeKind.LIFECYCLE}
"""What is journalled though it is no warning."""


def _answer(answer: ev.Refused | ev.Unknown | ev.OrderMissing | ev.NotSent, at_ms: int) -> Iterator[Entry]:
    """An order that never left is over, or a restart would ask for it; of all else that never left nothing is kept."""
    body = answer_body(answer)
    if isinstance(answer, ev.NotSent):
        if answer.request is not RequestKind.SUBMIT:
            return
        body["final"] = True
    yield Entry("report", at_ms, body, answer.symbol, "", answer.client_id)


def _notice(notice: Notify, at_ms: int) -> Entry:
    kind = "mismatch" if notice.kind is NoticeKind.MISMATCH else "decision"
    side = "" if notice.side is None else str(notice.side)
    body = {"notice": str(notice.kind), "severity": str(notice.severity), "text": notice.text}
    return Entry(kind, at_ms, body, notice.symbol or "", side)


def _command(event: ev.Pause | ev.Resume | ev.Flatten | ev.Stop, at_ms: int) -> Entry:
    """As restart reads it; a pause's end in server time, for the monotonic clock does not survive."""
    symbol = "" if isinstance(event, ev.Stop) else event.symbol or ""
    side = str(event.side or "") if isinstance(event, ev.Flatten) else ""
    body: dict[str, Any] = {"command": type(event).__name__.lower(), "symbol": symbol or None, "side": side or None}
    if isinstance(event, ev.Pause):
        until = event.until_ms
        body["until_wall_ms"] = None if until is None else at_ms + until - event.recv_ms
        body["panic"] = event.panic
    if not isinstance(event, ev.Stop) and event.by:
        body["by"] = event.by
    return Entry("command", at_ms, body, symbol, side)
