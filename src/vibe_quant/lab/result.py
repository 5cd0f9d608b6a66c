"""What a replay gives back: the exit, what it cost, and how it was run."""

from __future__ import annotations

from dataclasses import dataclass
from decimal import Decimal

from vibe_quant.lab.cost import Cost
from vibe_quant.lab.request import ReplayRequest
from vibe_quant.lab.states import Times


@dataclass(frozen=True, slots=True)
class ReplayResult:
    """An exit, what it cost and how it was run.

    ``events`` counts what the engine was told, timers included; ``wall_s`` the seconds from the first event to the
    last, decoding of the tape included, opening and checking it left out.
    """

    request: ReplayRequest
    strategies: tuple[str, ...]
    latency: str
    cost: Cost
    times: Times
    events: int
    wall_s: float
    intents_sha256: str
    tick: Decimal
    rules_inferred: bool
    mark_derived: bool
    notes: tuple[str, ...]

    @property
    def events_per_s(self) -> float:
        """Events over seconds of wall time."""
        return self.events / self.wall_s if self.wall_s else 0.0
