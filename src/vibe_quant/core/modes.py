"""MAKER_ONLY <-> AGGRESSIVE_LIMIT: which of the two a side is in after each of its orders' ends.

| mode             | end      | what follows                                                                         |
|------------------|----------|--------------------------------------------------------------------------------------|
| MAKER_ONLY       | filled   | timeouts and refusals to zero                                                        |
| MAKER_ONLY       | partial  | timeouts and refusals to zero                                                        |
| MAKER_ONLY       | unfilled | timeouts + 1, refusals to zero; at maker_timeouts_to_escalate: AGGRESSIVE_LIMIT      |
| MAKER_ONLY       | refused  | refusals + 1; at the third in a row, if taker is on: AGGRESSIVE_LIMIT                |
| AGGRESSIVE_LIMIT | filled   | fills + 1, timeouts to zero; at aggr_fills_to_deescalate: MAKER_ONLY                 |
| AGGRESSIVE_LIMIT | partial  | timeouts to zero                                                                     |
| AGGRESSIVE_LIMIT | unfilled | timeouts + 1; at aggr_timeouts_to_deescalate: MAKER_ONLY                             |
| AGGRESSIVE_LIMIT | refused  | nothing                                                                              |

A change of mode zeroes all counts; a limit of 0 is never reached.  While soft risk is up, AGGRESSIVE_LIMIT holds.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import assert_never

from vibe_quant.core.strategies.port import OrderEnd
from vibe_quant.domain.enums import ExecutionMode
from vibe_quant.domain.settings import ExecutionSettings

REFUSALS_TO_BACK_OFF = 2
REFUSALS_TO_ESCALATE = 3


@dataclass(frozen=True, slots=True)
class Rotation:
    """A side's mode and what it has counted in it; ``post_only_refusals`` and timeouts are in a row."""

    mode: ExecutionMode = ExecutionMode.MAKER_ONLY
    maker_timeouts: int = 0
    aggr_fills: int = 0
    aggr_timeouts: int = 0
    post_only_refusals: int = 0

    @property
    def back_off_ticks(self) -> int:
        """How far the next post-only price moves away from the other side: one tick after two refusals in a row."""
        return 1 if self.post_only_refusals >= REFUSALS_TO_BACK_OFF else 0


MAKER = Rotation()
AGGRESSIVE = Rotation(ExecutionMode.AGGRESSIVE_LIMIT)


def held(rotation: Rotation, soft_risk: bool) -> Rotation:
    """AGGRESSIVE_LIMIT from now on where soft risk is up; else as it is."""
    return AGGRESSIVE if soft_risk and rotation.mode is ExecutionMode.MAKER_ONLY else rotation


def after(rotation: Rotation, end: OrderEnd, settings: ExecutionSettings, soft_risk: bool) -> Rotation:
    """What an order's end, known to be final, makes of the rotation; only for orders whose signal counts."""
    if rotation.mode is ExecutionMode.MAKER_ONLY:
        return held(_after_maker(rotation, end, settings.maker_timeouts_to_escalate), soft_risk)
    counted = _counted_aggressive(rotation, end)
    done = _reached(counted.aggr_fills, settings.aggr_fills_to_deescalate)
    vain = _reached(counted.aggr_timeouts, settings.aggr_timeouts_to_deescalate)
    return MAKER if (done or vain) and not soft_risk else counted


def _after_maker(rotation: Rotation, end: OrderEnd, limit: int) -> Rotation:
    match end:
        case OrderEnd.FILLED | OrderEnd.PARTIAL:
            return MAKER
        case OrderEnd.UNFILLED:
            timeouts = rotation.maker_timeouts + 1
            return AGGRESSIVE if _reached(timeouts, limit) else Rotation(maker_timeouts=timeouts)
        case OrderEnd.REFUSED:
            refusals = rotation.post_only_refusals + 1
            escalates = limit > 0 and refusals >= REFUSALS_TO_ESCALATE
            return AGGRESSIVE if escalates else replace(rotation, post_only_refusals=refusals)
        case _:
            assert_never(end)


def _counted_aggressive(rotation: Rotation, end: OrderEnd) -> Rotation:
    match end:
        case OrderEnd.FILLED:
            return replace(rotation, aggr_fills=rotation.aggr_fills + 1, aggr_timeouts=0)
        case OrderEnd.PARTIAL:
            return replace(rotation, aggr_timeouts=0)
        case OrderEnd.UNFILLED:
            return replace(rotation, aggr_timeouts=rotation.aggr_timeouts + 1)
        case OrderEnd.REFUSED:
            return rotation
        case _:
            assert_never(end)


def _reached(count: int, limit: int) -> bool:
    return 0 < limit <= count
