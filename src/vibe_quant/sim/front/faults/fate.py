"""What becomes of one request: refused, late, doubled, or answered late, falsely or not at all."""

from __future__ import annotations

from dataclasses import dataclass, replace

from vibe_quant.sim.front.http import HttpResponse


@dataclass(frozen=True, slots=True)
class RequestFate:
    """A verdict on one request, in the order in which it takes effect.

    With ``reset`` or ``refuse`` the request is never worked: the connection ends without an answer, or with this one.
    Otherwise it is worked ``work_times`` times, ``delay_ms`` after it came, a read by how things were ``behind_ms``
    before, and the client sees the answer of working number ``shown`` (from 1); ``answer`` stands in for it, ``lost``
    ends the connection without one.  Whatever the client sees it sees ``answer_delay_ms`` later.
    """

    delay_ms: int = 0
    behind_ms: int = 0
    refuse: HttpResponse | None = None
    reset: bool = False
    work_times: int = 1
    shown: int = 1
    answer_delay_ms: int = 0
    answer: HttpResponse | None = None
    lost: bool = False

    @property
    def ends(self) -> bool:
        """True where the request is never worked."""
        return self.reset or self.refuse is not None

    @property
    def hides(self) -> bool:
        """True where the client does not see the true answer."""
        return self.lost or self.answer is not None

    def joins(self, other: RequestFate) -> bool:
        """Whether both can befall one request and both be seen."""
        if self.ends or other.ends:
            return self == UNTOUCHED or other == UNTOUCHED
        return not (self.hides and other.hides) and min(self.work_times, other.work_times) == 1

    def join(self, other: RequestFate) -> RequestFate:
        """Both at once; delays add up."""
        return replace(
            self,
            delay_ms=self.delay_ms + other.delay_ms,
            behind_ms=max(self.behind_ms, other.behind_ms),
            refuse=self.refuse or other.refuse,
            reset=self.reset or other.reset,
            work_times=max(self.work_times, other.work_times),
            shown=max(self.shown, other.shown),
            answer_delay_ms=self.answer_delay_ms + other.answer_delay_ms,
            answer=self.answer or other.answer,
            lost=self.lost or other.lost,
        )


UNTOUCHED = RequestFate()
