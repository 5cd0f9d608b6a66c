"""What of an event or intent goes into the body of its row: exact, as plain data, and nothing that stands elsewhere."""

from __future__ import annotations

from dataclasses import fields
from decimal import Decimal
from typing import Any

from vibe_quant.domain import events as ev
from vibe_quant.domain.intents import Intent

COLUMNS = frozenset({"symbol", "client_id", "position_side", "recv_ms"})
"""Are columns of the row; the monotonic moment says nothing to a later run."""
OF_TRADE = frozenset({"last_qty", "last_price", "fee", "fee_asset", "is_maker", "realized_pnl", "trade_id"})
OF_STATE = frozenset({"amended", "avg_price", "expiry_reason", "filled_qty", "order_type", "price", "qty"})


def report_body(update: ev.OrderUpdate) -> dict[str, Any]:
    """An order as it stands now; what was traded has a row of its own."""
    return _body(update, COLUMNS | OF_TRADE)


def fill_body(update: ev.OrderUpdate) -> dict[str, Any]:
    """One trade; how the order stands has a row of its own."""
    return _body(update, COLUMNS | OF_STATE)


def stop_body(report: ev.StopReport) -> dict[str, Any]:
    """A conditional order as it stands now."""
    return _body(report, COLUMNS | {"side"})


def answer_body(answer: ev.Refused | ev.Unknown | ev.OrderMissing | ev.NotSent) -> dict[str, Any]:
    """What came of a request that was not done, or nobody knows of."""
    return {"answer": type(answer).__name__, **_body(answer, COLUMNS)}


def intent_body(intent: Intent) -> dict[str, Any]:
    """What is asked of the exchange."""
    return {"intent": type(intent).__name__, **_body(intent, COLUMNS)}


def _body(value: Any, without: frozenset[str]) -> dict[str, Any]:
    return {f.name: _plain(getattr(value, f.name)) for f in fields(value) if f.name not in without}


def _plain(value: Any) -> Any:
    if isinstance(value, Decimal):
        return str(value)
    if isinstance(value, tuple):
        return [_plain(item) for item in value]
    return value
