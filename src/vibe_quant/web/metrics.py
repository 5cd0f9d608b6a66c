"""The numbers of the service for Prometheus: what passes by is counted, what stands is read when it is asked for."""

from __future__ import annotations

import resource
from collections.abc import Callable, Iterator, Sequence
from itertools import chain
from pathlib import Path

from vibe_quant.breath import Breath
from vibe_quant.domain import events as ev
from vibe_quant.domain.intents import Intent, Notify
from vibe_quant.domain.measures import Measures
from vibe_quant.domain.status import ExitCost, Status
from vibe_quant.web import metric_families as m
from vibe_quant.web.exposition import CONTENT_TYPE, Block, Exposition, one
from vibe_quant.web.metric_status import legs, news, requests, service
from vibe_quant.web.metric_tally import Tally

STATM = Path("/proc/self/statm")


class Metrics:
    """``own`` is the prefix of own client ids, ``measures`` what the running program counts of itself."""

    def __init__(self, own: str, measures: Callable[[], Measures]) -> None:
        self._tally = Tally(own)
        self._measures = measures

    def see(self, now: int, event: ev.Event, intents: Sequence[Intent], quote: ev.Quote | None) -> None:
        """One call of the engine (``operations.Front``)."""
        self._tally.see(now, event, intents, quote)

    def notice(self, notice: Notify) -> None:
        """A notice of the shell's own."""
        self._tally.notice(notice)

    def cost(self, cost: ExitCost) -> None:
        """An exit is over."""
        self._tally.cost(cost)

    async def text(self, status: Status) -> tuple[bytes, str]:
        """All metrics, and their content type; a few milliseconds' work for twenty symbols, done in pieces."""
        out, breath, measures = Exposition(), Breath(), self._measures()
        parts = (service, news, requests, legs)
        for block in chain(*(part(status, measures) for part in parts), self._tally.blocks(), _process()):
            out.add(block)
            await breath()
        return out.body(), CONTENT_TYPE


def _process() -> Iterator[Block]:
    used = resource.getrusage(resource.RUSAGE_SELF)
    yield one(m.CPU, used.ru_utime + used.ru_stime)
    yield one(m.MEMORY, _memory())


def _memory() -> int | None:
    """Bytes; None where the system does not say."""
    try:
        return int(STATM.read_text(encoding="ascii").split()[1]) * resource.getpagesize()
    except (OSError, ValueError, IndexError):
        return None
