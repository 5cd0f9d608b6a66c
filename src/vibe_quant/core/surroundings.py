"""What the world around the orders means for them: a contract that changes, a journal that cannot be written."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Any

from vibe_quant.core.gate import TRADING
from vibe_quant.domain import events as ev
from vibe_quant.domain.enums import NoticeKind, Severity
from vibe_quant.domain.intents import Intent, Notify

if TYPE_CHECKING:
    from vibe_quant.core.engine import Engine

Handler = Callable[[Any, int], list[Intent]]
MET_MS = 60_000
"""A contract that no list will have (a dated one) does not have the account read for each trade of its owner."""


class Surroundings:
    """One an account."""

    def __init__(self, engine: Engine) -> None:
        self._engine = engine
        self._house = engine.house
        self._told: dict[str, str] = {}
        """symbol -> the status other than TRADING that was last told"""
        self._met: dict[str, int] = {}
        """The exchange's own name of what no list had -> until when a read has been asked for"""

    def table(self) -> dict[type[Any], Handler]:
        """Event type -> handler."""
        return {
            ev.ContractNews: self._contract,
            ev.UnlistedLeg: self._unlisted,
            ev.JournalState: self._journal,
            ev.Hold: self._hold,
            ev.RulesLoaded: self._rules,
        }

    def _contract(self, news: ev.ContractNews, now: int) -> list[Intent]:
        desk = self._engine.desks.get(news.symbol)
        if desk is None:
            return []
        return self._status(news.symbol, news.status) + desk.rulebook.doubt("the exchange announces a change", now)

    def _unlisted(self, leg: ev.UnlistedLeg, now: int) -> list[Intent]:
        """The account is read, by which the name is learnt: a leg that is managed must not wait for its stop."""
        if self._met.get(leg.raw, now) <= now:
            self._met[leg.raw] = now + MET_MS
            self._house.sync.surprise(now, f"a position in {leg.raw}, whose name is not known yet")
        return []

    def _rules(self, event: ev.RulesLoaded, now: int) -> list[Intent]:
        desk = self._engine.desk(event.rules.symbol)
        if desk is None:
            return []
        return self._status(event.rules.symbol, event.rules.status) + desk.on_rules(event, now)

    def _status(self, symbol: str, status: str) -> list[Intent]:
        """A status other than TRADING is told once."""
        if self._told.get(symbol, TRADING) == status:
            return []
        self._told[symbol] = status
        if status == TRADING:
            return [Notify(NoticeKind.LIFECYCLE, Severity.INFO, f"{symbol} is trading again.", symbol)]
        text = (
            f"The exchange has {symbol} in status {status}: no discretionary order is sent for it unless it trades "
            "again. Panic and the protective stop go on as far as the exchange takes them; look at its announcements."
        )
        return [Notify(NoticeKind.LIFECYCLE, Severity.ALARM, text, symbol)]

    def _hold(self, hold: ev.Hold, now: int) -> list[Intent]:  # noqa: ARG002 - a handler's shape
        self._house.held = hold.reason
        return []

    def _journal(self, state: ev.JournalState, now: int) -> list[Intent]:  # noqa: ARG002 - a handler's shape
        """Resting discretionary orders are withdrawn by the gate, at the look that follows."""
        if state.ok is self._house.journal_ok:
            return []
        self._house.journal_ok = state.ok
        self._house.journal_trouble = state.detail
        if state.ok:
            text = "The journal can be written again; discretionary orders go on."
            return [Notify(NoticeKind.LIFECYCLE, Severity.INFO, text)]
        text = (
            f"The journal cannot be written ({state.detail or 'no reason given'}). Discretionary orders are withdrawn "
            "and none is sent; panic, stops and cancels go on. Make room on its disk, or repair its file."
        )
        return [Notify(NoticeKind.LIFECYCLE, Severity.ALARM, text)]
