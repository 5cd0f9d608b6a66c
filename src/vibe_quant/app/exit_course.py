"""One exit on its way: what it has cost, how far it has come, and when that is to be journalled."""

from __future__ import annotations

from dataclasses import dataclass, field
from decimal import Decimal

from vibe_quant.app.pace import Pace
from vibe_quant.app.picture import Progress
from vibe_quant.domain.status import ExitCost
from vibe_quant.lab.cost import CostMeter
from vibe_quant.lab.exit_cost import exit_cost
from vibe_quant.lab.states import StateClock

NOTED_MS = 3_600_000
"""Between two rows of what an exit has cost so far: a start reads the trades since."""
ZERO, ONE = Decimal(0), Decimal(1)


@dataclass(slots=True)
class ExitCourse:
    """``begun_ms`` (epoch) where an earlier run began it, else 0; ``noted_ms`` (monotonic) when it was journalled.

    ``lacking``: not all that happened to it was seen.
    """

    meter: CostMeter
    clock: StateClock
    begun_ms: int = 0
    noted_ms: int | None = None
    pace: Pace = field(default_factory=Pace)
    lacking: bool = False

    def cost(self, now: int, offset_ms: int, *, finished: bool = False) -> ExitCost:
        """Until ``now``; epoch ms = monotonic ms + ``offset_ms``."""
        return exit_cost(self.meter, now, offset_ms, finished=finished, lacking=self.lacking)

    def progress(self, now: int) -> Progress | None:
        """How far it has come; None before anything is known of it.  What is lacking is made up for by the position."""
        cost = self.meter.cost(now)
        if not cost.qty:
            return None
        done = max(ZERO, cost.qty - cost.left_qty) if self.lacking else cost.filled_qty
        return Progress(
            begun_qty=cost.qty,
            done=min(done / cost.qty, ONE),
            eta_s=None if self.lacking else self.pace.left_s(now, done, max(ZERO, cost.qty - done)),
            arrival=cost.arrival_mid,
            cost_bps=None if self.lacking else cost.all_in_bps,
        )

    def is_due(self, now: int, *, stopping: bool) -> bool:
        """Whether it is to be journalled: when its arrival is known, then each hour, and when the run stops."""
        self.pace.see(now, self.meter.filled)
        due = self.noted_ms is None or now - self.noted_ms >= NOTED_MS
        if not (due or stopping) or not self.meter.has_arrived:
            return False
        self.noted_ms = now
        return True
