"""GET income: what moved the wallet, filtered, oldest first, in pages."""

from __future__ import annotations

from vibe_quant.sim.exchange import SimExchange
from vibe_quant.sim.front.account.amounts import fixed
from vibe_quant.sim.front.endpoint import Call, Endpoint
from vibe_quant.sim.front.http import Json
from vibe_quant.sim.front.market.market_query import not_valid, read_limit, window
from vibe_quant.sim.front.orders.history import History, IncomeRecord

WEEK_MS = 7 * 24 * 3_600_000
MOST = 1000


class IncomeCalls:
    """Without times it shows the last seven days."""

    def __init__(self, exchange: SimExchange, history: History) -> None:
        """Reads ``history.income``."""
        self._exchange = exchange
        self._history = history

    def endpoints(self) -> list[Endpoint]:
        """GET income."""
        return [Endpoint("GET", "/fapi/v1/income", self._income, weight=30)]

    def _income(self, call: Call) -> Json:
        params = call.params
        symbol, kind = params.text("symbol"), params.text("incomeType")
        if symbol is not None:
            self._exchange.venue.market(symbol)
        start, end = window(params)
        size, page = read_limit(params, 100, MOST), params.integer("page")
        page = 1 if page is None else page
        if page < 1:
            raise not_valid("page")
        since = call.now - WEEK_MS if start is None and end is None else start or 0
        until = call.now if end is None else end
        found = [
            row
            for row in self._history.income
            if symbol in (None, row.symbol) and kind in (None, row.type) and since <= row.exch_ms <= until
        ]
        return [_row(row) for row in found[(page - 1) * size : page * size]]


def _row(row: IncomeRecord) -> Json:
    return {
        "symbol": row.symbol,
        "incomeType": row.type,
        "income": fixed(row.amount),
        "asset": row.asset,
        "time": row.exch_ms,
        "info": row.info,
        "tranId": row.tran_id,
        "tradeId": str(row.trade_id) if row.trade_id else "",
    }
