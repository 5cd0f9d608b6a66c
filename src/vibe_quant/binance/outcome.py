"""What an answer, or the lack of one, means: HTTP statuses and the exchange's codes read as outcomes.

The rules are those of the exchange's documentation (general info, HTTP return codes and error codes); where it leaves a
doubt about a request that may have acted, the outcome is Unknown.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass

import msgspec

from vibe_quant.ports import Accepted, AuthLost, Banned, Failure, NotSent, Outcome, RateLimited, Rejected, Unknown

MAY_HAVE_ACTED = frozenset({-1000, -1006, -1007})
"""The exchange itself does not know whether it acted."""
AUTH = frozenset({-1002, -1022, -1099, -2014, -2015, -2017})
"""Key, signature, address or permission."""
GENERAL = range(-1099, -999)
"""Codes of the server's and the network's own troubles."""
NOT_DONE = frozenset({-1001, -1008, -1010, -1013, -1014, -1015, -1016, -1020, -1021})
"""Those of them that say that nothing was done, whatever the HTTP status."""
TOO_MANY_REQUESTS = -1003
TOO_MANY_ORDERS = -1015
TEXTS = {
    "Service Unavailable.": 503,
    "Internal error; unable to process your request. Please try again.": -1001,
}
"""Bodies without a code that do say it: definitely failed."""

BAN_MS = 120_000
"""A ban of unknown length: the shortest that the exchange imposes."""
LONGEST_MS = 3 * 24 * 3600 * 1000
"""The longest ban that it imposes."""
LIMIT_MS = 60_000
"""A back-off of unknown length: when the minute's weight is counted anew at the latest."""
ORDERS_MS = 10_000
"""A spent order count of unknown length: the shorter of its windows."""
MARGIN_MS = 1000
"""Waited longer than told: the stamp is read by a measured clock, and Retry-After is in whole seconds."""
LONGEST_MESSAGE = 300
SMALL = 1000
BANNED_UNTIL = re.compile(r"banned until (\d{1,16})")


@dataclass(frozen=True, slots=True)
class Asked:
    """A request: ccxt's name for it, its method, and the server's time (epoch ms) when it left."""

    name: str
    method: str
    sent_ms: int

    @property
    def may_act(self) -> bool:
        """Whether it may have changed something."""
        return self.method != "GET"


@dataclass(frozen=True, slots=True)
class Answer:
    """What came back; ``headers`` finds names in any case; ``body`` is empty where it broke off."""

    status: int
    headers: Mapping[str, str]
    body: str


@dataclass(frozen=True, slots=True)
class Lost:
    """No answer came; ``sent`` False: not one byte of the request left this host.  ``reason`` holds no secret."""

    reason: str
    sent: bool


class _Error(msgspec.Struct):
    code: int | str | None = None
    msg: str | None = None


def judge(asked: Asked, answer: Answer, server_ms: int, scrub: Callable[[str], str] = str) -> Outcome[str]:
    """The outcome of an answer; Accepted carries the body's text.

    ``server_ms`` is the server's time now, epoch ms, against which a ban's end is read; ``scrub`` takes secrets out of
    what the exchange says.
    """
    if _is_success(answer):
        return Accepted(answer.body)
    code, message = _read(answer.body)
    said = "" if message is None else scrub(_plain(message))
    throttled = _throttled(asked, answer, code, said, server_ms)
    if throttled is not None:
        return throttled
    if code is None:
        return _without_code(asked, answer, said)
    return _by_code(asked, answer.status, code, said)


def of_lost(asked: Asked, lost: Lost) -> Failure:
    """The outcome of a request without an answer."""
    if not lost.sent:
        return NotSent(f"{asked.name}: {lost.reason}")
    return Unknown(f"{asked.name}: {lost.reason}; {_doubt(asked)}")


def retry_after_ms(headers: Mapping[str, str]) -> int | None:
    """``Retry-After`` in ms, with a margin; None where it is absent or no whole number of seconds."""
    text = headers.get("Retry-After", "").strip()
    if not text.isascii() or not text.isdigit():
        return None
    return min(int(text[:12]) * 1000, LONGEST_MS) + MARGIN_MS


def orders_wait_ms(headers: Mapping[str, str]) -> int:
    """How long no order is to be placed after -1015."""
    return retry_after_ms(headers) or ORDERS_MS


def _throttled(asked: Asked, answer: Answer, code: int | None, said: str, server_ms: int) -> Failure | None:
    stamp = BANNED_UNTIL.search(said) if code == TOO_MANY_REQUESTS or answer.status == 418 else None
    told = retry_after_ms(answer.headers)
    if answer.status == 418 or stamp is not None:
        left = 0 if stamp is None else int(stamp[1]) - server_ms + MARGIN_MS
        wait = max(told or 0, min(left, LONGEST_MS))
        return Banned(wait if wait > 0 else BAN_MS, f"{asked.name}: HTTP {answer.status} {said}".rstrip())
    if code == TOO_MANY_REQUESTS or (answer.status == 429 and code != TOO_MANY_ORDERS):
        return RateLimited(told or LIMIT_MS, f"{asked.name}: HTTP {answer.status} {said}".rstrip())
    return None


def _by_code(asked: Asked, status: int, code: int, said: str) -> Failure:
    if code in AUTH:
        return AuthLost(code, said, asked.sent_ms)
    troubled = status >= 500 and code in GENERAL and code not in NOT_DONE
    if asked.may_act and (code in MAY_HAVE_ACTED or status == 408 or troubled):
        return Unknown(f"{asked.name}: HTTP {status}, code {code} {said}; {_doubt(asked)}")
    return Rejected(code, said, asked.sent_ms)


def _without_code(asked: Asked, answer: Answer, said: str) -> Failure:
    text = said or _plain(answer.body).strip('"')
    if answer.status == 503 and text in TEXTS:
        return Rejected(TEXTS[text], text, asked.sent_ms)
    what = f"HTTP {answer.status} without a code of the exchange ({said or _shape(answer)})"
    if asked.may_act or 200 <= answer.status < 300:
        return Unknown(f"{asked.name}: {what}; {_doubt(asked)}")
    return Rejected(answer.status, what, asked.sent_ms)


def _is_success(answer: Answer) -> bool:
    if not 200 <= answer.status < 300:
        return False
    body = answer.body.strip()
    if body[:1] + body[-1:] == "{}":
        may_be_error = len(body) < SMALL and '"code"' in body
        return not may_be_error or _read(body)[0] is None
    return body[:1] + body[-1:] == "[]"


def _read(body: str) -> tuple[int | None, str | None]:
    """(negative code or None, text or None where the body is no JSON object)."""
    try:
        error = msgspec.json.decode(body, type=_Error)
        code = int(error.code or 0)
    except (msgspec.DecodeError, ValueError):
        return None, None
    return (code if code < 0 else None), error.msg or ""


def _plain(text: str) -> str:
    return "".join(letter if letter.isprintable() else " " for letter in text[:LONGEST_MESSAGE]).strip()


def _shape(answer: Answer) -> str:
    if not answer.body.strip():
        return "a body that is empty or broke off"
    return "a web page" if answer.body.lstrip()[:1] == "<" else "a body that says nothing known"


def _doubt(asked: Asked) -> str:
    return "it may have been done" if asked.may_act else "nothing was read"
