"""What was counted along the way: said in the log each hour, and kept in the last row of the run."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Mapping, Sequence
from typing import Any

from vibe_quant.app.inbox import Inbox
from vibe_quant.app.levels import Levels
from vibe_quant.app.observers import Observer
from vibe_quant.binance.frame_counts import Counters
from vibe_quant.domain import log_events as le
from vibe_quant.log import log
from vibe_quant.ports import Clock

EACH_S = 3600.0
ODD = ("late", "out_of_order", "unknown")
Streams = Callable[[], Mapping[str, Counters]]


class Counted:
    """Counts since the start: time by level, quotes that gave way, and what the streams' frames were.

    ``streams`` gives the counts of each codec by the name of its stream.
    """

    def __init__(
        self, clock: Clock, levels: Levels, inbox: Inbox, streams: Streams, observers: Sequence[Observer] = ()
    ) -> None:
        self._clock = clock
        self._levels = levels
        self._inbox = inbox
        self._streams = streams
        self._observers = observers

    def body(self) -> dict[str, Any]:
        """As plain data, shares as text."""
        shares = self._levels.shares(self._clock.now_ms())
        return {
            "levels": {str(level): f"{share:.4f}" for level, share in shares.items()},
            "conflated": sum(self._inbox.conflated.values()),
            "longest_queue": self._inbox.longest,
            "unseen": {one.name: one.dropped for one in self._observers if one.dropped},
            "failed": {one.name: one.failed for one in self._observers if one.failed},
            "streams": {name: _plain(counts) for name, counts in self._streams().items()},
        }

    def line(self) -> str:
        """In words, for the log."""
        body = self.body()
        levels = ", ".join(f"{name} {float(share):.2%}" for name, share in body["levels"].items())
        unseen = "".join(f"; {count} pairs not seen by the observer {name}" for name, count in body["unseen"].items())
        unseen += "".join(f"; {count} skipped by {name}, by a defect" for name, count in body["failed"].items())
        streams = "".join(f"; {streamed(name, counts)}" for name, counts in body["streams"].items())
        return f"counted so far: time by {levels}; {body['conflated']} quotes conflated{unseen}{streams}"

    def say(self) -> None:
        """Into the log."""
        conflated = sum(self._inbox.conflated.values())
        log(le.COUNTED, conflated=conflated, longest_queue=self._inbox.longest, text=self.line())

    async def run(self, each_s: float = EACH_S) -> None:
        """Say it at intervals, until cancelled."""
        while True:
            await asyncio.sleep(each_s)
            self.say()


def streamed(name: str, counts: Mapping[str, Any]) -> str:
    """One codec's counts in words; what is odd only where there is any."""
    odd = [f"{kind.replace('_', ' ')} {_listed(counts[kind])}" for kind in ODD if counts[kind]]
    if counts["malformed"]:
        odd.append(f"malformed {counts['malformed']}")
    return f"{name} stream {counts['frames']} frames" + (f" ({'; '.join(odd)})" if odd else "")


def _listed(counts: Mapping[str, int]) -> str:
    return ", ".join(f"{count} {name}" for name, count in sorted(counts.items()))


def _plain(counts: Counters) -> dict[str, Any]:
    odd = {kind: dict(getattr(counts, kind)) for kind in ODD}
    return {"frames": counts.frames, "malformed": counts.malformed, "ignored": dict(counts.ignored), **odd}
