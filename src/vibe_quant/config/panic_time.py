"""The core's bound on how long a panic tier may take to be flat, for a round trip as it is before any was measured."""

from __future__ import annotations

from vibe_quant.core.panic import bound_ms, panic_ttl_ms
from vibe_quant.domain.risk_settings import PanicSettings, PanicTier
from vibe_quant.domain.settings import ExecutionSettings

ROUND_TRIP_MS = 200


def time_to_flat_ms(tier: PanicTier, panic: PanicSettings, execution: ExecutionSettings) -> int:
    """Time to flat in ms (behaviour, section 9)."""
    return bound_ms(tier, panic_ttl_ms(execution.order_ttl_ms, panic.ttl_percent), ROUND_TRIP_MS)
