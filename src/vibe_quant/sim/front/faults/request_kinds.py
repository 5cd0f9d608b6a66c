"""Faults of requests and acknowledgements: late, lost, doubled, refused, or answered with something else."""

from __future__ import annotations

from dataclasses import replace
from decimal import Decimal
from typing import Annotated, ClassVar, Literal

from pydantic import Field

from vibe_quant.sim.entry import GTX_REFUSED
from vibe_quant.sim.front.faults import answers
from vibe_quant.sim.front.faults.families import Hit, RequestFault
from vibe_quant.sim.front.faults.fate import RequestFate
from vibe_quant.sim.front.faults.spec import Flag, Milliseconds
from vibe_quant.sim.front.http import HttpResponse, encode
from vibe_quant.sim.front.limits import LimitRules, banned, too_many

ORDER = ("POST /fapi/v1/order", "PUT /fapi/v1/order", "DELETE /fapi/v1/order")
READS = (
    "GET /fapi/v3/positionRisk",
    "GET /fapi/v3/account",
    "GET /fapi/v3/balance",
    "GET /fapi/v1/openOrders",
    "GET /fapi/v1/openAlgoOrders",
)
LISTEN_KEY_LETTERS = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789"
Reached = Annotated[Flag, Field(description="true: the request was worked, only its answer is this one")]


def _instead(answer: HttpResponse, reached: bool) -> RequestFate:
    return RequestFate(answer=answer) if reached else RequestFate(refuse=answer)


class AckLate(RequestFault):
    """Acknowledgement late: the request is worked at once, its answer comes later."""

    endpoint: ClassVar[tuple[str, ...]] = ORDER
    kind: Literal["ack_late"]
    delay_ms: Annotated[Milliseconds, Field(description="how late the answer is")]

    def fate(self, _: Hit, /) -> RequestFate:
        """The true answer, late."""
        return RequestFate(answer_delay_ms=self.delay_ms)


class AckLost(RequestFault):
    """Acknowledgement lost: the request is worked, then the connection breaks without an answer."""

    endpoint: ClassVar[tuple[str, ...]] = ORDER
    kind: Literal["ack_lost"]
    after_ms: Annotated[Milliseconds, Field(description="silence before the connection breaks")] = 0

    def fate(self, _: Hit, /) -> RequestFate:
        """No answer."""
        return RequestFate(answer_delay_ms=self.after_ms, lost=True)


class AckDoubled(RequestFault):
    """Request repeated on the way and worked twice; the client sees one of the two answers."""

    endpoint: ClassVar[tuple[str, ...]] = ORDER
    kind: Literal["ack_doubled"]
    shows: Annotated[Literal["first", "second"], Field(description="whose answer: first or second")] = "second"

    def fate(self, _: Hit, /) -> RequestFate:
        """Worked twice."""
        return RequestFate(work_times=2, shown=1 if self.shows == "first" else 2)


class RequestLate(RequestFault):
    """Request late: it reaches the exchange after others that were sent after it."""

    kind: Literal["request_late"]
    delay_ms: Annotated[Milliseconds, Field(description="how late it arrives")]

    def fate(self, _: Hit, /) -> RequestFate:
        """Worked later."""
        return RequestFate(delay_ms=self.delay_ms)


class RequestLost(RequestFault):
    """Connection reset before the request is worked."""

    kind: Literal["request_lost"]

    def fate(self, _: Hit, /) -> RequestFate:
        """Never worked, no answer."""
        return RequestFate(reset=True)


class Unknown503(RequestFault):
    """503 "Unknown error": the outcome is not known to the client."""

    kind: Literal["unknown_503"]
    reached: Reached
    code: Annotated[int | None, Field(strict=True, lt=0, description="a code beside the text, -1000")] = None

    def fate(self, _: Hit, /) -> RequestFate:
        """Worked or not, the same answer."""
        if self.code is None:
            return _instead(answers.wordless(503, answers.UNKNOWN), self.reached)
        return _instead(answers.refusal(self.code, answers.UNKNOWN, 503), self.reached)


class Timeout1007(RequestFault):
    """-1007 with status 408: the backend did not answer in time, the outcome is not known."""

    kind: Literal["timeout_1007"]
    reached: Reached
    after_ms: Annotated[Milliseconds, Field(description="how long the answer takes")] = 0

    def fate(self, _: Hit, /) -> RequestFate:
        """Worked or not, the same answer."""
        fate = _instead(answers.refusal(-1007, answers.TIMEOUT, 408), self.reached)
        return replace(fate, answer_delay_ms=self.after_ms)


class ProxyError(RequestFault):
    """An HTML page of the proxy before the exchange: 502, 504 or 403."""

    kind: Literal["proxy_error"]
    reached: Reached
    status: Annotated[Literal[403, 502, 504], Field(description="403, 502 or 504")] = 502

    def fate(self, _: Hit, /) -> RequestFate:
        """A page where JSON is expected."""
        return _instead(answers.page(self.status), self.reached)


class BadTimestamp(RequestFault):
    """-1021: refused as if the request's timestamp were outside of its window."""

    kind: Literal["timestamp_1021"]

    def fate(self, _: Hit, /) -> RequestFate:
        """Refused."""
        return RequestFate(refuse=answers.refusal(-1021, answers.OUTSIDE_WINDOW))


class RateLimited(RequestFault):
    """429 with Retry-After until the strike is over."""

    lasting_s: ClassVar[Decimal | None] = Decimal(10)
    kind: Literal["limit_429"]

    def fate(self, hit: Hit, /) -> RequestFate:
        """Refused."""
        return RequestFate(refuse=answers.throttled(too_many(hit.ip, LimitRules().weight_1m, hit.until - hit.now)))


class Banned(RequestFault):
    """418: the address is banned until the strike is over."""

    lasting_s: ClassVar[Decimal | None] = Decimal(120)
    kind: Literal["ban_418"]

    def fate(self, hit: Hit, /) -> RequestFate:
        """Refused."""
        return RequestFate(refuse=answers.throttled(banned(hit.ip, hit.until, hit.now)))


class PostOnlyBurst(RequestFault):
    """-5022: post-only orders (timeInForce GTX) are refused as if the touch ran away from each; single orders only."""

    lasting_s: ClassVar[Decimal | None] = Decimal(2)
    endpoint: ClassVar[tuple[str, ...]] = ("POST /fapi/v1/order",)
    params: ClassVar[dict[str, str]] = {"timeInForce": "GTX"}
    kind: Literal["post_only_5022"]

    def fate(self, _: Hit, /) -> RequestFate:
        """Refused."""
        return RequestFate(refuse=answers.refusal(-5022, GTX_REFUSED))


class Unavailable(RequestFault):
    """503 "Service Unavailable.": refused, certainly not worked."""

    kind: Literal["unavailable_503"]

    def fate(self, _: Hit, /) -> RequestFate:
        """Refused."""
        return RequestFate(refuse=answers.wordless(503, answers.UNAVAILABLE))


class Maintenance(RequestFault):
    """Maintenance: 503 to every request for a minute."""

    lasting_s: ClassVar[Decimal | None] = Decimal(60)
    kind: Literal["maintenance"]

    def fate(self, _: Hit, /) -> RequestFate:
        """Refused."""
        return RequestFate(refuse=answers.wordless(503, answers.UNAVAILABLE))


class InternalError(RequestFault):
    """-1001 with status 503: refused, certainly not worked."""

    kind: Literal["internal_1001"]

    def fate(self, _: Hit, /) -> RequestFate:
        """Refused."""
        return RequestFate(refuse=answers.refusal(-1001, answers.INTERNAL, 503))


class Refused(RequestFault):
    """Any refusal, in words of one's own."""

    kind: Literal["refuse"]
    code: Annotated[int, Field(strict=True, lt=0, description="the exchange's code, -2010")]
    message: Annotated[str, Field(description="its text")]
    status: Annotated[int, Field(strict=True, ge=400, le=599, description="HTTP status")] = 400

    def fate(self, _: Hit, /) -> RequestFate:
        """Refused."""
        return RequestFate(refuse=answers.refusal(self.code, self.message, self.status))


class StaleRead(RequestFault):
    """A read of the account that lags: answered at once, by how things were a while ago (since it was first asked)."""

    endpoint: ClassVar[tuple[str, ...]] = READS
    looks_back: ClassVar[bool] = True
    kind: Literal["stale_read"]
    behind_ms: Annotated[Milliseconds, Field(description="how old what it shows is")]

    def fate(self, _: Hit, /) -> RequestFate:
        """Old news under a new date."""
        return RequestFate(behind_ms=self.behind_ms)


class BogusListenKey(RequestFault):
    """A listen key that belongs to nobody: a socket opens with it and stays silent."""

    endpoint: ClassVar[tuple[str, ...]] = ("POST /fapi/v1/listenKey",)
    kind: Literal["listen_key_bogus"]

    def fate(self, hit: Hit, /) -> RequestFate:
        """The true key is made or extended, another one is told."""
        key = "".join(hit.random.choices(LISTEN_KEY_LETTERS, k=64))
        return RequestFate(answer=HttpResponse(200, encode({"listenKey": key})))
