"""The numbers of the service for Prometheus: what passes by is counted, what stands is read when it is asked for."""

from __future__ import annotations

import resource
from collections.abc import Callable, Sequence
from pathlib import Path

from vibe_quant.domain import events as ev
from vibe_quant.domain.intents import Intent, Notify
from vibe_quant.domain.measures import Measures
from vibe_quant.domain.status import ExitCost, Status
from vibe_quant.web import metric_families as m
from vibe_quant.web.exposition import CONTENT_TYPE, Exposition
from vibe_quant.web.metric_status import legs, news, requests, service
from vibe_quant.web.metric_tally import Tally

STATM = Path("/proc/self/statm")


class Metrics:
    """``own`` is the prefix of own client ids, ``measures`` what the running program counts of itself."""

    def __init__(self, own: str, measures: Callable[[], Measures]) -> None:
        self._tally = Tally(own)
        self._measures = measures

    def see(self, now: int, event: ev.Event, intents: Sequence[Intent], quote: ev.Quote | None) -> None:
        """One call of the engine (``ports.Front``)."""
        self._tally.see(now, event, intents, quote)

    def notice(self, notice: Notify) -> None:
        """A notice of the shell's own."""
        self._tally.notice(notice)

    def cost(self, cost: ExitCost) -> None:
        """An exit is over."""
        self._tally.cost(cost)

    def text(self, status: Status) -> tuple[bytes, str]:
        """All metrics at this moment, and their content type; a few milliseconds' work for twenty symbols."""
        out, measures = Exposition(), self._measures()
        service(out, status, measures)
        news(out, status, measures)
        requests(out, status, measures)
        legs(out, status, measures)
        self._tally.write(out)
        used = resource.getrusage(resource.RUSAGE_SELF)
        out.one(m.CPU, used.ru_utime + used.ru_stime)
        out.one(m.MEMORY, _memory())
        return out.body(), CONTENT_TYPE


def _memory() -> int | None:
    """Bytes; None where the system does not say."""
    try:
        return int(STATM.read_text(encoding="ascii").split()[1]) * resource.getpagesize()
    except (OSError, ValueError, IndexError):
        return None
