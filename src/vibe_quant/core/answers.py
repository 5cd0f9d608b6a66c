"""Answers that are not success: refused, unknown, never sent, "does not exist"; and what the exchange's limits say."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Any

from vibe_quant.core.order_states import Plain
from vibe_quant.core.refusal import defect
from vibe_quant.core.side import Side
from vibe_quant.domain import events as ev
from vibe_quant.domain.codes import NEVER_LEFT, Reaction, meaning_of, reaction_of
from vibe_quant.domain.enums import NoticeKind, RequestKind, Severity
from vibe_quant.domain.intents import Halt, Intent, Notify

if TYPE_CHECKING:
    from vibe_quant.core.engine import Engine

UNLISTED = -1121
STOP_REQUESTS = frozenset({RequestKind.PLACE_STOP, RequestKind.CANCEL_STOP, RequestKind.READ_STOPS})
Handler = Callable[[Any, int], list[Intent]]
Answer = ev.Refused | ev.Unknown | ev.NotSent


class Answers:
    """Routes each answer to the order, stop or read that it is about."""

    def __init__(self, engine: Engine) -> None:
        self._engine = engine
        self._house = engine.house

    def table(self) -> dict[type[Any], Handler]:
        """Event type -> handler."""
        return {
            ev.Refused: self._refused,
            ev.Unknown: self._unknown,
            ev.NotSent: self._not_sent,
            ev.OrderMissing: self._missing,
            ev.RateLimited: self._limited,
            ev.DeadManAck: self._dead_man,
        }

    def _side(self, client_id: str) -> Side | None:
        order = self._house.orders.get(client_id)
        desk = None if order is None else self._engine.desks.get(order.symbol)
        return None if desk is None or order is None else desk.sides.get(order.side)

    def _refused(self, answer: ev.Refused, now: int) -> list[Intent]:
        reaction = reaction_of(answer.code)
        if reaction is Reaction.VERIFY:
            detail = f"{answer.code} {answer.message}".rstrip()
            return self._unknown(ev.Unknown(answer.request, answer.symbol, answer.client_id, now, detail), now)
        if reaction is Reaction.PAUSE:
            self._house.pacing.too_many(now)
        out = self._halt_account(answer.code) if reaction is Reaction.HALT else []
        side = self._side(answer.client_id)
        match answer.request:
            case RequestKind.SUBMIT if side is not None:
                return out + self._refuse(side, answer.client_id, answer.code, now)
            case RequestKind.CANCEL if side is not None:
                self._house.sync.surprise(now, f"a cancel was refused with {answer.code}")
                out += _malformed(side, answer.code)
                return out + side.settle(side.execution.plain(answer.client_id, Plain.CANCEL_REFUSED, now), now)
            case RequestKind.AMEND if side is not None:
                return out + _malformed(side, answer.code) + self._unamended(side, answer.client_id, answer.code, now)
            case _:
                return out + self._failed(answer, now)

    def _halt_account(self, code: int) -> list[Intent]:
        """Key, account or mode forbids, whatever was asked: once, until resumed."""
        if self._house.halted is not None:
            return []
        self._house.halted = reason = f"{meaning_of(code)} ({code})"
        text = (
            f"All discretionary orders have stopped: {reason}. Positions stand as they are, and so do the stops at the "
            "exchange. Put the account or its key right, then resume."
        )
        return [Notify(NoticeKind.HALT, Severity.ALARM, text), Halt(None, None, reason)]

    def _unknown(self, answer: ev.Unknown, now: int) -> list[Intent]:
        side = self._side(answer.client_id)
        lost = {
            RequestKind.SUBMIT: Plain.LOST,
            RequestKind.CANCEL: Plain.CANCEL_LOST,
            RequestKind.AMEND: Plain.AMEND_LOST,
        }
        if side is None or answer.request not in lost:
            return self._failed(answer, now)
        return side.settle(side.execution.plain(answer.client_id, lost[answer.request], now), now)

    def _not_sent(self, answer: ev.NotSent, now: int) -> list[Intent]:
        side = self._side(answer.client_id)
        match answer.request:
            case RequestKind.SUBMIT if side is not None:
                out = self._refuse(side, answer.client_id, NEVER_LEFT, now)
                side.patience.why = answer.detail or side.patience.why
                return out
            case RequestKind.CANCEL if side is not None:
                return side.settle(side.execution.plain(answer.client_id, Plain.CANCEL_NOT_SENT, now), now)
            case RequestKind.AMEND if side is not None:
                return self._unamended(side, answer.client_id, NEVER_LEFT, now)
            case RequestKind.QUERY if side is not None:
                return side.settle(side.execution.plain(answer.client_id, Plain.QUERY_NOT_SENT, now), now)
            case _:
                return self._failed(answer, now)

    def _refuse(self, side: Side, client_id: str, code: int, now: int) -> list[Intent]:
        order = self._house.orders.get(client_id)
        if order is not None and order.status is None:
            self._house.counter(side.symbol, side.side).gone(client_id)
        return side.settle(side.execution.refused(client_id, code, now), now)

    def _unamended(self, side: Side, client_id: str, code: int, now: int) -> list[Intent]:
        """As if the amendment had not been asked for; another one is not asked for at once, or never."""
        for_good = reaction_of(code) in (Reaction.REPLACE, Reaction.FIX)
        self._house.orders.unamended(client_id, for_good=for_good)
        self._house.counter(side.symbol, side.side).unamended(client_id)
        side.patience.failed(now, f"{meaning_of(code)} ({code})")
        return []

    def _failed(self, answer: Answer, now: int) -> list[Intent]:
        """A stop's request, a read, or the countdown did not succeed; queries and marks are asked for again anyway."""
        desk = self._engine.desks.get(answer.symbol)
        if answer.request is RequestKind.SNAPSHOT and not answer.symbol:
            self._house.sync.failed(now)
        if answer.request is RequestKind.POSITIONS:
            self._house.reads.failed(now)
        if desk is None:
            return []
        match answer.request:
            case RequestKind.SNAPSHOT:
                return [intent for side in desk.pair.working for intent in side.stop.on_leg_unread(now)]
            case RequestKind.RULES:
                unlisted = isinstance(answer, ev.Refused) and answer.code == UNLISTED
                return desk.rulebook.failed(now, unlisted=unlisted)
            case RequestKind.DEAD_MAN:
                return desk.dead_man.on_failed(answer, now)
            case _ if answer.request in STOP_REQUESTS:
                return [intent for side in desk.pair.working for intent in _tell_stop(side, answer, now)]
            case _:
                return []

    def _missing(self, answer: ev.OrderMissing, now: int) -> list[Intent]:
        side = self._side(answer.client_id)
        return [] if side is None else side.settle(side.execution.missing(answer.client_id, answer.exch_ms, now), now)

    def _limited(self, limited: ev.RateLimited, now: int) -> list[Intent]:
        if not self._house.pacing.on_limited(limited):
            return []
        wait = max(0, limited.until_ms - now) / 1000
        if not limited.banned:
            text = f"The exchange asked to back off (429) for {wait:.0f} s. Discretionary requests wait."
            return [Notify(NoticeKind.RISK, Severity.WARNING, text)]
        text = (
            f"The exchange has banned this address (418) for {wait:.0f} s. Nothing can be sent, panic neither; the "
            "stops at the exchange stand. Work goes on when the ban ends."
        )
        return [Notify(NoticeKind.RISK, Severity.ALARM, text)]

    def _dead_man(self, ack: ev.DeadManAck, now: int) -> list[Intent]:
        desk = self._engine.desks.get(ack.symbol)
        return [] if desk is None else desk.dead_man.on_ack(ack, now)


def _malformed(side: Side, code: int) -> list[Intent]:
    """What is asked of an order of ours is a defect: its side does not go on."""
    if reaction_of(code) is not Reaction.FIX or side.gate.halted is not None:
        return []
    return side.aftermath.halt(defect(code))


def _tell_stop(side: Side, answer: Answer, now: int) -> list[Intent]:
    if isinstance(answer, ev.Refused):
        return side.stop.on_refused(answer, now)
    return side.stop.on_unknown(answer, now) if isinstance(answer, ev.Unknown) else side.stop.on_not_sent(answer, now)
