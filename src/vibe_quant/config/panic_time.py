"""How long a panic tier may take to be flat: the bound of behaviour, section 9."""

from __future__ import annotations

from decimal import ROUND_CEILING

from vibe_quant.domain.settings import ExecutionSettings, PanicSettings, PanicTier

ROUND_TRIP_MS = 250
""" assumed for one request; an order has two, its submit and its cancel """


def time_to_flat_ms(tier: PanicTier, panic: PanicSettings, execution: ExecutionSettings) -> int:
    """ceil(1 / slice_ratio) x ((maker_timeouts + 1) x panic TTL + round trips), ms, rounded up."""
    slices = int((1 / tier.slice_ratio).to_integral_value(ROUND_CEILING))
    orders = tier.maker_timeouts_to_escalate + 1
    ttl = max(1, int(execution.order_ttl_ms * panic.ttl_percent))
    return slices * orders * (ttl + 2 * ROUND_TRIP_MS)
