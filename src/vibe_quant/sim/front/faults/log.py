"""What the faults did: one line for each strike, in order."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Strike:
    """``at_ms`` since the exchange opened; ``hit`` is the request, the event, or what happened.

    ``failed``: it could not happen, and ``hit`` says why.
    """

    at_ms: int
    fault: str
    hit: str
    failed: bool = False


class StrikeLog(list[Strike]):
    """Strikes since the exchange opened at ``start_ms`` (epoch)."""

    def __init__(self, start_ms: int) -> None:
        super().__init__()
        self._start_ms = start_ms

    def note(self, fault: str, hit: str, now: int, failed: bool = False) -> None:
        """One more, at ``now`` (epoch ms)."""
        self.append(Strike(now - self._start_ms, fault, hit, failed))
