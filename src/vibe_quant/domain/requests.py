"""Which intents are requests to the exchange, of what kind each is, and what it is about."""

from __future__ import annotations

from typing import Final

from vibe_quant.domain.enums import RequestKind
from vibe_quant.domain.intents import (
    AmendOrder,
    ArmDeadMan,
    CancelOrder,
    CancelStop,
    DisarmDeadMan,
    FetchMark,
    FetchPositions,
    FetchRules,
    FetchSnapshot,
    OrderIntent,
    PlaceStop,
    QueryOrder,
    ReadOpenOrders,
    ReadStops,
    Request,
)

KINDS: Final[dict[type[Request], RequestKind]] = {
    OrderIntent: RequestKind.SUBMIT,
    CancelOrder: RequestKind.CANCEL,
    AmendOrder: RequestKind.AMEND,
    QueryOrder: RequestKind.QUERY,
    ReadOpenOrders: RequestKind.READ_ORDERS,
    PlaceStop: RequestKind.PLACE_STOP,
    CancelStop: RequestKind.CANCEL_STOP,
    ReadStops: RequestKind.READ_STOPS,
    ArmDeadMan: RequestKind.DEAD_MAN,
    DisarmDeadMan: RequestKind.DEAD_MAN,
    FetchSnapshot: RequestKind.SNAPSHOT,
    FetchPositions: RequestKind.POSITIONS,
    FetchMark: RequestKind.MARK,
    FetchRules: RequestKind.RULES,
}


def client_id_of(request: Request) -> str:
    """The order or stop that it is about; "" where it is about none."""
    if isinstance(request, OrderIntent | CancelOrder | AmendOrder | QueryOrder | PlaceStop | CancelStop):
        return request.client_id
    return ""
