"""What became of the account's orders, as the exchange itself has it: finished ones and their trades, by client id."""

from __future__ import annotations

from vibe_quant.sim.front.bare_legs import Bare, BareLegs
from vibe_quant.sim.front.http import Json
from vibe_quant.sim.front.truth import Watched, algo_row, order_row, trade_row


def ledger(box: Watched, prefix: str = "") -> dict[str, Json]:
    """Every order, conditional order and trade that is remembered, oldest first, of client ids that begin so."""
    orders = [order for order in box.exchange.venue.by_id.values() if order.client_id.startswith(prefix)]
    names = {order.order_id: order.client_id for order in orders}
    algos = [algo for algo in box.exchange.algos.known() if algo.client_id.startswith(prefix)]
    trades = [trade for trade in box.history.trades if trade.order_id in names]
    return {
        "orders": [order_row(order) for order in orders],
        "algos": [algo_row(algo) for algo in algos],
        "trades": [trade_row(trade) | {"client_id": names[trade.order_id]} for trade in trades],
    }


def unprotected(legs: BareLegs) -> list[Json]:
    """The stretches of time in which a leg had too few stops; ``until`` null: it lasts."""
    return [_stretch(stretch) for stretch in legs.stretches]


def _stretch(stretch: Bare) -> Json:
    symbol, side = stretch.key
    return {
        "symbol": symbol,
        "side": side.value,
        "from": stretch.from_ms,
        "until": stretch.until_ms,
        "qty": f"{stretch.qty:f}",
    }
