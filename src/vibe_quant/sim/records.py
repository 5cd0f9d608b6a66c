"""All of the exchange's own records in one place, and the union of what it tells."""

from __future__ import annotations

from vibe_quant.sim.account_records import (
    AccountEvent,
    BalanceRow,
    LeverageEvent,
    MarginCallEvent,
    MarginCallRow,
    MultiAssetsEvent,
    PositionRow,
)
from vibe_quant.sim.algo_records import AlgoEvent, AlgoRequest, SimAlgo
from vibe_quant.sim.order_records import Amendment, AmendRequest, OrderEvent, OrderRequest, SimOrder
from vibe_quant.sim.words import ZERO, DeepMatch, ExecType, ExpiryReason, OrderRef, Rejected, Stp

ExchangeEvent = OrderEvent | AccountEvent | AlgoEvent | LeverageEvent | MultiAssetsEvent | MarginCallEvent

__all__ = [
    "ZERO",
    "AccountEvent",
    "AlgoEvent",
    "AlgoRequest",
    "AmendRequest",
    "Amendment",
    "BalanceRow",
    "DeepMatch",
    "ExchangeEvent",
    "ExecType",
    "ExpiryReason",
    "LeverageEvent",
    "MarginCallEvent",
    "MarginCallRow",
    "MultiAssetsEvent",
    "OrderEvent",
    "OrderRef",
    "OrderRequest",
    "PositionRow",
    "Rejected",
    "SimAlgo",
    "SimOrder",
    "Stp",
]
