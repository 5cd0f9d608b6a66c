"""What ``doctor --probe`` asks of an exchange, what the program assumes of each, and when an answer matters."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from vibe_quant.app.probe_words import Question, Word
from vibe_quant.binance.user_ws import UserTimes
from vibe_quant.core.execution import RECV_WINDOW_MS
from vibe_quant.core.machine import SETTLE_MS
from vibe_quant.core.stop_ledger import LISTED_AFTER_MS
from vibe_quant.domain.codes import meaning_of
from vibe_quant.ports import Rejected

BELIEVED_MS = RECV_WINDOW_MS + SETTLE_MS
"""After so long the program believes that an order which the exchange denies was never placed."""
NEWS_MS = UserTimes().news_ms


@dataclass(frozen=True, slots=True)
class Asked:
    """A question in words, and what the program goes by today."""

    asks: str
    assumes: str


ASKED: Mapping[Question, Asked] = {
    Question.PRIVATE_STREAM: Asked(
        "Does the account's own stream (/private) deliver on this environment?",
        f"it does; where an accepted order is not told of within {NEWS_MS // 1000} s, the connection is made anew and "
        "REST is read",
    ),
    Question.QUERY_LAG: Asked(
        "Is an order that was just taken denied by GET order (-2013) for a while?",
        f"it may be: 'does not exist' is believed {BELIEVED_MS // 1000} s after the order's timestamp, not before",
    ),
    Question.CLOSERS_SUM: Asked(
        "Is a closing order refused where resting ones hold the whole leg?",
        "it is: all closing orders of a leg together never exceed it",
    ),
    Question.DUST_LIMIT: Asked(
        "Is a closing LIMIT below the least notional refused?",
        "it is: no such order is sent but for a leg that is smaller as a whole, once, then as MARKET, then it is told",
    ),
    Question.STOP_LISTED: Asked(
        "Is a stop that was just placed listed by openAlgoOrders?",
        f"within {LISTED_AFTER_MS // 1000} s: one whose answer was lost and that is not listed by then is placed again",
    ),
    Question.SECOND_STOP: Asked(
        "Is a second closePosition stop of a leg refused?",
        "it is: a stop is replaced over a bridge, a stop with a quantity",
    ),
    Question.CANCEL_ALL: Asked(
        "Does allOpenOrders take conditional orders with it?",
        "nothing: the program never sends it; a stop that it misses is placed again",
    ),
    Question.COUNTDOWN: Asked(
        "Does countdownCancelAll take conditional orders with it?",
        "it may: stops are read once a countdown may have run out, which takes a program that runs",
    ),
}


MEANT: Mapping[Question, frozenset[int]] = {
    Question.CLOSERS_SUM: frozenset({-2022, -2024, -4118}),
    Question.DUST_LIMIT: frozenset({-4164, -5029}),
    Question.SECOND_STOP: frozenset({-4130}),
}
"""Refusals that answer a question."""


@dataclass(frozen=True, slots=True)
class Reply:
    """What was seen.  ``code`` is the exchange's refusal, ``ms`` how long it took, where the question has one.

    ``matters``: it is not as the program assumes, or the operator should act by it; ``advice`` says how.
    """

    question: Question
    answer: Word
    text: str
    code: int | None = None
    ms: int | None = None
    matters: bool = False
    advice: str = ""

    @property
    def asked(self) -> Asked:
        """The question in words."""
        return ASKED[self.question]


def unanswered(question: Question, why: str, code: int | None = None) -> Reply:
    """It could not be asked, or what came of it says nothing."""
    return Reply(question, Word.UNANSWERED, why, code)


def refused(question: Question, answer: Rejected) -> Reply:
    """Yes, where the code is one that the question is about; any other one was for another reason."""
    said = f"refused with {answer.code} ({meaning_of(answer.code)})"
    if answer.code in MEANT[question]:
        return seen(question, True, said, answer.code)
    return unanswered(question, f"{said}, which is about something else", answer.code)


def seen(question: Question, yes: bool, text: str, code: int | None = None, ms: int | None = None) -> Reply:
    """An answer, judged."""
    advice = _advice(question, yes, ms)
    return Reply(question, Word.YES if yes else Word.NO, text, code, ms, bool(advice), advice)


def _advice(question: Question, yes: bool, ms: int | None) -> str:
    """What follows for the operator; "" where it is as assumed, or makes no difference."""
    if ms is not None and ms > _LATEST.get(question, ms):
        return _LATE[question]
    return _WHERE.get((question, yes), "")


_LATEST: Mapping[Question, int] = {
    Question.PRIVATE_STREAM: NEWS_MS,
    Question.QUERY_LAG: BELIEVED_MS,
    Question.STOP_LISTED: LISTED_AFTER_MS,
}
_SLOWER = "this environment is slower than the program allows for: report it, and do not trade at one that is"
_LATE: Mapping[Question, str] = {
    Question.PRIVATE_STREAM: "the stream would be made anew again and again; expect exits that go by REST, slowly",
    Question.QUERY_LAG: f"an order could be taken for one that was never placed; {_SLOWER}",
    Question.STOP_LISTED: f"a stop could be placed twice, of which the second is trimmed later; {_SLOWER}",
}
_BY_HAND = "cancelling all orders by hand takes the protective stop too; a running service places it again"
_BARE = (
    "with risk.dead_man.enabled a silence of the program ends its protective stops too, and nothing stands before "
    "liquidation until it runs again: leave it off unless that is wanted"
)
_WHERE: Mapping[tuple[Question, bool], str] = {
    (Question.PRIVATE_STREAM, False): "expect exits that go by REST, slowly, here; see what doctor says of the streams",
    (Question.STOP_LISTED, False): f"a stop could be placed again and again; {_SLOWER}",
    (Question.CANCEL_ALL, True): _BY_HAND,
    (Question.COUNTDOWN, True): _BARE,
}
