"""The journal's fills beside the exchange's trades, of several symbols: each has trade ids of its own."""

from __future__ import annotations

from decimal import Decimal

from tests.e2e.stage import Stage

from vibe_quant.sim.instruments import exchange_name

Trade = tuple[str, int]


def traded(on: Stage) -> dict[Trade, Decimal]:
    """Trades of the program's orders and stops as the exchange has them."""
    prefix = f"{on.truth.prefix}-"
    ours = {order.order_id for order in on.truth.orders if order.client_id.startswith(prefix)}
    return {(t.symbol, t.trade_id): t.qty for t in on.server.box.history.trades if t.order_id in ours}


def _rows(on: Stage) -> list[tuple[str, Trade, Decimal]]:
    rows = [(row, row.data()) for row in on.journal.rows(kinds=("fill",))]
    return [(row.client_id, (exchange_name(row.symbol), d["trade_id"]), Decimal(d["last_qty"])) for row, d in rows]


def recorded(on: Stage) -> bool:
    """Whether each trade of the program's has its row."""
    return set(traded(on)) <= {trade for _, trade, _ in _rows(on)}


def fills_add_up(on: Stage) -> None:
    """The journal has each trade of the program's once, as the exchange has it, and no other as ours."""
    prefix, true, rows = f"{on.truth.prefix}-", traded(on), _rows(on)
    known = {trade: qty for _, trade, qty in rows}
    assert len(rows) == len(known), sorted(trade for _, trade, _ in rows)
    assert {trade: known.get(trade) for trade in true} == true
    assert all(trade in true for client_id, trade, _ in rows if client_id.startswith(prefix))
