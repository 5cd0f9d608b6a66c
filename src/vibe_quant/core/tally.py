"""What the ends of a side's orders teach it: rotation, refusals in a row, foreign claims, dust, fill rate."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from enum import IntEnum

from vibe_quant.core.execution import Ended, EndKind
from vibe_quant.core.fill_rate import MakerFillRate
from vibe_quant.core.modes import Rotation, after
from vibe_quant.core.order_plan import OrderPlan
from vibe_quant.core.patience import is_momentary
from vibe_quant.core.strategies.port import OrderEnd
from vibe_quant.domain.enums import ExecutionMode, PriceMatch
from vibe_quant.domain.settings import ExecutionSettings

POST_ONLY_REFUSED = -5022
REFUSALS_TO_HALT = 5
QUEUE_REFUSED = -5037


class Dust(IntEnum):
    """How far the one attempt at a remainder under a lot has come."""

    NONE = 0
    LIMIT = 1
    MARKET = 2
    REPORTED = 3


def order_end(ended: Ended) -> OrderEnd | None:
    """The end as rotation and strategies count it; None where it says nothing of the market (withdrawn)."""
    match ended.kind:
        case EndKind.FILLED:
            return OrderEnd.FILLED
        case EndKind.PARTIAL:
            return OrderEnd.PARTIAL
        case EndKind.TIMEOUT | EndKind.EXPIRED:
            return OrderEnd.UNFILLED
        case EndKind.REFUSED | EndKind.WRITTEN_OFF:
            return OrderEnd.REFUSED if ended.code == POST_ONLY_REFUSED else None
        case _:
            return None


@dataclass(slots=True)
class Tally:
    """One a side.  ``claimed``: foreign closers are subtracted, since the exchange refused what they cover.

    ``claim_said``: the operator was told so.  ``no_queue``: the exchange does not take QUEUE pricing with post-only,
    which nobody knows before it was tried.
    """

    settings: ExecutionSettings
    rotation: Rotation = field(default_factory=Rotation)
    refusals: int = 0
    claimed: bool = False
    claim_said: bool = False
    dust: Dust = Dust.NONE
    no_queue: bool = False
    fill_rate: MakerFillRate = field(init=False)

    def __post_init__(self) -> None:
        self.fill_rate = MakerFillRate(self.settings)

    def reconfigure(self, settings: ExecutionSettings) -> None:
        """New settings: what was counted under the old ones starts anew."""
        if settings != self.settings:
            self.settings, self.fill_rate, self.rotation = settings, MakerFillRate(settings), Rotation()

    def begin(self) -> None:
        """A new exit: nothing of the last one counts."""
        self.rotation, self.refusals, self.dust = Rotation(), 0, Dust.NONE
        self.claimed = self.claim_said = False

    def book(self, ended: Ended, plan: OrderPlan | None, *, soft: bool) -> bool:
        """Count the end of an order that ``plan`` sent; True where refusals in a row have reached the limit.

        What one of earlier settings came to says nothing of these, but that the exchange refuses.
        """
        if ended.order.filled > 0:
            self.refusals = 0
        if plan is None or plan.urgent:
            return False
        if ended.code == QUEUE_REFUSED and plan.match is PriceMatch.QUEUE:
            self.no_queue = True
            return False
        self.refusals += ended.kind is EndKind.REFUSED and _counts(ended.code)
        end = None if plan.outdated else order_end(ended)
        if end is not None and plan.mode is self.rotation.mode:
            self.rotation = self._rotated(end, plan, soft)
        if plan.mode is ExecutionMode.MAKER_ONLY and end is not None:
            self.fill_rate.ended(ended.order.sent_ms, ended.kind is EndKind.FILLED)
        return self.refusals >= REFUSALS_TO_HALT

    def _rotated(self, end: OrderEnd, plan: OrderPlan, soft: bool) -> Rotation:
        """Where the signal fixed the mode, nothing counts but post-only refusals, for the tick that they cost."""
        if plan.signal is None or plan.signal.counts:
            return after(self.rotation, end, self.settings, soft)
        refusals = self.rotation.post_only_refusals + 1 if end is OrderEnd.REFUSED else 0
        return replace(self.rotation, post_only_refusals=refusals)


def _counts(code: int) -> bool:
    return code != POST_ONLY_REFUSED and not is_momentary(code)
