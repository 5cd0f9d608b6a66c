"""The stop that should rest at the exchange for one leg: what every event means for it.

Each input takes its news in and ends in one look at the whole (core/stop_work.py), so that nothing depends on which
answer came first, came twice or was lost.
"""

from __future__ import annotations

from decimal import Decimal

from vibe_quant.core.stop_desk import Backoff
from vibe_quant.core.stop_ledger import OwnStop
from vibe_quant.core.stop_work import QUIET_MS, RETRY_MS, StopWork
from vibe_quant.domain.codes import Reaction, meaning_of, reaction_of
from vibe_quant.domain.enums import RequestKind, Severity, StopStatus
from vibe_quant.domain.events import NotSent, Refused, StopReport, StopsRead, Unknown
from vibe_quant.domain.intents import Intent
from vibe_quant.domain.risk_settings import ProtectiveStopSettings
from vibe_quant.domain.rules import SymbolRules

NO_POSITION = -4509
UNCLEAR = frozenset({Reaction.VERIFY, Reaction.DROP})
DOWN_VERIFY_MS = 5000


class ProtectiveStopManager(StopWork):
    """Protective stop of one (symbol, side).  Every input returns the intents it causes; ``now`` is monotonic ms."""

    def on_position(self, qty: Decimal, confirmed: bool, now: int) -> list[Intent]:
        """The leg's absolute quantity; a zero counts only where ``confirmed`` (by the stream or by two reads)."""
        if qty <= 0 and not confirmed:
            return self.act(now)  # a position that may be there is protected as one that is
        before, out = self.course.qty, list[Intent]()
        self.leg_asked = False
        self.course.position(qty)
        if self.finished_ms is not None and confirmed:
            self.finished_ms = self.ask_leg_ms = None
            self.remainder = qty > 0
            out += self.alarm.remainder(qty) if qty > 0 else []
        if qty <= 0:
            self.remainder = False
            self.takeover.held = None
            self.alarm.forget("stands")
        elif not before:
            self.since_ms = now
            self.desk.want_read(now)
        elif qty < before and self.exit_now:
            self.desk.pause = Backoff()
        return out + self.act(now)

    def on_liquidation(self, liq: Decimal | None, mark: Decimal, now: int) -> list[Intent]:
        """Ruling liquidation price (None: there is none; not called where it is unknown) and mark."""
        self.course.liquidation(liq, mark)
        if self.course.holds and self.course.enabled and self.course.need is None:
            text = f"{self.symbol} {self.side} has no liquidation price on its side; a stop follows when it has."
            return self.alarm.once("no price", "", Severity.INFO, text) + self.act(now)
        self.alarm.forget("no price")
        return self.act(now)

    def on_stop_report(self, report: StopReport, now: int) -> list[Intent]:
        """Any report about a conditional order of the symbol, own or foreign."""
        if report.symbol != self.symbol:
            return []
        if not self.is_own(report.client_id):
            return self._foreign(report, now)
        if report.side is not self.side:
            return []
        news = self.desk.reported(report, now)
        if news is None:
            return self.act(now)
        if report.status is StopStatus.NEW and news[0] is not None:
            self.not_through()  # what was asked for is taken: by the exchange's own mark it would not trigger
        if report.status.is_firing:
            self.firing_ms = now + QUIET_MS
        if report.status is StopStatus.FINISHED:
            self.finished(now)
        elif report.status is StopStatus.REJECTED and news[0] is not None:
            return self._rejected(news[0], report.detail, now) + self.act(now)
        elif report.status.is_final and news[0] is not None:
            return self.lost(news[0], f"{report.status} {report.detail}".rstrip(), now) + self.act(now)
        return self.act(now)

    def _rejected(self, stop: OwnStop, detail: str, now: int) -> list[Intent]:
        """Before it rested that is a refusal; later it has fired, and the exchange did not take its order."""
        if stop.status is None:
            self.alarm.urge(f"rejected {detail}".rstrip(), now)
            self.desk.pause = self.desk.pause.after(now)
            return []
        self.finished(now)
        return self.alarm.rejected(stop.trigger, detail)

    def _foreign(self, report: StopReport, now: int) -> list[Intent]:
        if report.side is not self.side:
            self.takeover.report(report, None)
            return []
        if report.status.is_firing and self.takeover.knows(report):
            self.firing_ms = now + QUIET_MS
        if self.takeover.report(report, self.course.need):
            self.desk.want_read(now)
        return self.act(now)

    def on_stops_read(self, read: StopsRead, now: int) -> list[Intent]:
        """All open conditional orders of the symbol."""
        if read.symbol != self.symbol:
            return []
        known = self._fired()
        verify_ms = self.course.settings.external_takeover.rest_verify_interval_s * 1000
        lost = self.desk.listed(read, now, verify_ms if self.stream_up else min(verify_ms, DOWN_VERIFY_MS))
        if lost is None:
            return []
        if self.takeover.read(read, self.course.need) or self._fired() - known:
            self.firing_ms = now + QUIET_MS
        if self.takeover.held is not None and self.desk.ledger.stops and not self.takeover.confirmed:
            self.desk.want_read(now + RETRY_MS)
        out: list[Intent] = []
        for stop in lost:
            out += self.lost(stop, "the exchange does not list it", now)
        return out + self.act(now)

    def on_refused(self, refused: Refused, now: int) -> list[Intent]:
        """The exchange did not do what was asked."""
        reaction = reaction_of(refused.code)
        unclear = reaction in UNCLEAR
        if refused.symbol != self.symbol:
            return []
        if not self.desk.failed(refused.request, refused.client_id, now, not_done=not unclear):
            return self.act(now)
        placing = refused.request is RequestKind.PLACE_STOP
        if placing and reaction is Reaction.EXIT:
            out = self.gone_through(now) if self.course.through(self.desk.ledger.stops, now) else []
            return out + self.act(now)
        if reaction is Reaction.AWAIT:
            self.firing_ms = now + QUIET_MS
        elif placing and reaction is Reaction.BRIDGE:
            self.course.no_close(now)
            self.desk.want_read(now)
        elif placing and refused.code == NO_POSITION:
            self._unheld(now)
        elif not unclear:
            self._refused(refused, reaction, now)
        return self.act(now)

    def _unheld(self, now: int) -> None:
        """There is nothing to protect, says the exchange: the leg is read; another try if it stands all the same."""
        self.ask_leg_ms = now
        self.desk.pause = self.desk.pause.after(now)

    def _refused(self, refused: Refused, reaction: Reaction, now: int) -> None:
        """An alarm at once, and another try after a pause; where there are too many, room is made of our own."""
        why = f"refused with {refused.code} {refused.message or meaning_of(refused.code)}"
        if reaction is Reaction.FIX:
            why = f"{why}; that is a defect of this program: report it"
        if reaction is Reaction.CLEAR:
            self.course.crowded(now)
        self.alarm.urge(why, now)
        self._pause(refused.request, now)

    def _pause(self, request: RequestKind, now: int) -> None:
        """Back off from placing and cancelling; a read that fails has a pause of its own and holds neither up."""
        if request is not RequestKind.READ_STOPS:
            self.desk.pause = self.desk.pause.after(now)

    def on_unknown(self, unknown: Unknown, now: int) -> list[Intent]:
        """Nobody knows whether it was done: the open stops are read."""
        if unknown.symbol == self.symbol:
            self.desk.failed(unknown.request, unknown.client_id, now, not_done=False)
        return self.act(now)

    def on_not_sent(self, answer: NotSent, now: int) -> list[Intent]:
        """It never left this host."""
        if answer.symbol == self.symbol and self.desk.failed(answer.request, answer.client_id, now, not_done=True):
            self.alarm.urge(f"not sent: {answer.detail}", now)
            self._pause(answer.request, now)
        return self.act(now)

    def on_leg_unread(self, now: int) -> list[Intent]:
        """The read of the symbol's legs has failed: again, where it was this keeper's."""
        if not self.leg_asked:
            return []
        self.leg_asked = False
        self.ask_leg_ms = now + RETRY_MS
        return self.act(now)

    def on_timer(self, now: int) -> list[Intent]:
        """Whatever is due."""
        return self.act(now)

    def on_user_stream(self, up: bool, now: int) -> list[Intent]:
        """The user stream came or went: what it has missed is read, and while it is down, read often."""
        self.stream_up = up
        if self.course.holds:
            self.desk.want_read(now)
        return self.act(now)

    def on_settings(
        self, settings: ProtectiveStopSettings, rules: SymbolRules | None, drop_stops: bool, now: int
    ) -> list[Intent]:
        """New settings or rules; without ``drop_stops`` they do not switch the stop off while a position stands."""
        self.course.rules = rules
        if settings.external_takeover != self.takeover.settings and self.course.holds:
            self.desk.want_read(now)
        self.takeover.settings = settings.external_takeover
        if self.course.configure(settings, drop_stops=drop_stops):
            return self.act(now)
        text = (
            f"{self.symbol} {self.side}: protective_stop.enabled is false now, but the position stands and its stop is "
            "kept. Reload with --drop-stops to take it away."
        )
        return self.alarm.once("kept", "", Severity.WARNING, text) + self.act(now)

    def deadline(self) -> int | None:
        """The earliest moment at which ``on_timer`` has something to do."""
        times = (self.wake_ms, self.desk.deadline())
        return min((t for t in times if t is not None), default=None)

    def _fired(self) -> set[str]:
        """Own stops that are triggering or have triggered."""
        return {s.client_id for s in self.desk.ledger.stops if s.status is not None and s.status.is_firing}
