"""REST calls about what was traded: trades, aggregated trades, and candles of every interval."""

from __future__ import annotations

from collections.abc import Callable
from itertools import islice

from vibe_quant.sim.front.account.amounts import fixed
from vibe_quant.sim.front.endpoint import Call
from vibe_quant.sim.front.http import Json
from vibe_quant.sim.front.market.board import Board
from vibe_quant.sim.front.market.candles import SPANS, Kline, next_open
from vibe_quant.sim.front.market.klines import Klines
from vibe_quant.sim.front.market.market_query import by_limit, read_limit, window, within
from vibe_quant.sim.front.market.prints import Aggregate, Print
from vibe_quant.sim.front.market.symbol_board import SymbolBoard
from vibe_quant.sim.front.params import Params
from vibe_quant.sim.records import Rejected

KLINE_WEIGHTS = by_limit(500, ((99, 1), (499, 2), (1000, 5)), 10)
Handler = Callable[[Call], Json]
KlineRow = Callable[[SymbolBoard, Kline, str], Json]


class TradeCalls:
    """Reads the board; of trades the last 10,000 are kept, of candles those that ``Klines`` keeps or invents."""

    def __init__(self, board: Board) -> None:
        self._board = board

    def rows(self) -> list[tuple[str, Handler, int | Callable[..., int]]]:
        """(path, handler, weight)."""
        return [
            ("/fapi/v1/trades", self.trades, 5),
            ("/fapi/v1/aggTrades", self.agg_trades, 20),
            ("/fapi/v1/klines", self.klines, KLINE_WEIGHTS),
            ("/fapi/v1/continuousKlines", self.continuous_klines, KLINE_WEIGHTS),
            ("/fapi/v1/markPriceKlines", self.mark_klines, KLINE_WEIGHTS),
            ("/fapi/v1/indexPriceKlines", self.index_klines, KLINE_WEIGHTS),
        ]

    def _state(self, params: Params) -> SymbolBoard:
        state = self._board.symbols.get(params.need("symbol"))
        if state is None:
            raise Rejected(-1121, "Invalid symbol.")
        return state

    def _pair(self, params: Params) -> SymbolBoard:
        state = self._board.symbols.get(params.need("pair"))
        if state is None:
            raise Rejected(-4144, "Invalid pair.")
        return state

    def trades(self, call: Call) -> Json:
        """The last trades, oldest first."""
        state, most = self._state(call.params), read_limit(call.params, 500, 1000)
        last = list(islice(reversed(state.prints.trades), most))
        return [trade_row(state, made) for made in reversed(last)]

    def agg_trades(self, call: Call) -> Json:
        """Aggregates whose window has ended: from an id on, in a window of time, or the last."""
        params = call.params
        state, most, first = self._state(params), read_limit(params, 500, 1000), params.integer("fromId")
        if first is None:
            chosen = within(state.prints.aggregates, lambda made: made.exch_ms, params, most)
        elif window(params) != (None, None):
            raise Rejected(-1128, "Combination of optional parameters invalid.")
        else:
            chosen = list(islice((made for made in state.prints.aggregates if made.agg_id >= first), most))
        return [aggregate_row(state, made) for made in chosen]

    def klines(self, call: Call) -> Json:
        """Candles of a symbol, the open one last."""
        state = self._state(call.params)
        return _rows(state, state.klines, kline_row, call)

    def continuous_klines(self, call: Call) -> Json:
        """Candles of a pair's perpetual, which are the symbol's."""
        state = self._pair(call.params)
        if call.params.need("contractType") != "PERPETUAL":
            raise Rejected(-4104, "Invalid contract type.")
        return _rows(state, state.klines, kline_row, call)

    def mark_klines(self, call: Call) -> Json:
        """Candles of a symbol's mark price."""
        state = self._state(call.params)
        return _rows(state, state.mark_klines, price_kline_row, call)

    def index_klines(self, call: Call) -> Json:
        """Candles of a pair's index."""
        state = self._pair(call.params)
        return _rows(state, state.index_klines, price_kline_row, call)


def _rows(state: SymbolBoard, klines: Klines | None, row: KlineRow, call: Call) -> Json:
    """What the request chooses of the candles; none before the first price."""
    interval = call.params.need("interval")
    if interval not in SPANS:
        raise Rejected(-1120, "Invalid interval.")
    most = read_limit(call.params, 500, 1500)
    if klines is None:
        window(call.params)
        return []
    klines.roll(call.now)
    every = [*klines.closed(interval), klines.current(interval)]
    return [row(state, kline, interval) for kline in within(every, lambda kline: kline.open_ms, call.params, most)]


def trade_row(state: SymbolBoard, made: Print) -> Json:
    """A row of GET trades."""
    return {
        "id": made.trade_id,
        "price": state.wire.prices[made.price],
        "qty": state.wire.qtys[made.qty],
        "quoteQty": state.wire.value(made.price * made.qty),
        "time": made.exch_ms,
        "isBuyerMaker": made.buyer_is_maker,
        "isRPITrade": False,
    }


def aggregate_row(state: SymbolBoard, made: Aggregate) -> Json:
    """A row of GET aggTrades."""
    qty = state.wire.qtys[made.qty]
    return {
        "a": made.agg_id,
        "p": state.wire.prices[made.price],
        "q": qty,
        "nq": qty,
        "f": made.first_id,
        "l": made.last_id,
        "T": made.exch_ms,
        "m": made.buyer_is_maker,
    }


def kline_row(state: SymbolBoard, kline: Kline, interval: str) -> Json:
    """A row of GET klines."""
    prices, qtys, value = state.wire.prices, state.wire.qtys, state.wire.value
    return [
        kline.open_ms,
        prices[kline.open],
        prices[kline.high],
        prices[kline.low],
        prices[kline.close],
        qtys[kline.volume],
        next_open(kline.open_ms, interval) - 1,
        value(kline.quote),
        kline.count,
        qtys[kline.taker_volume],
        value(kline.taker_quote),
        "0",
    ]


def price_kline_row(state: SymbolBoard, kline: Kline, interval: str) -> Json:
    """A row of the candles of a price that nobody trades at: no volumes, but how often the price was told."""
    del state
    prices = [fixed(price) for price in (kline.open, kline.high, kline.low, kline.close)]
    return [kline.open_ms, *prices, "0", next_open(kline.open_ms, interval) - 1, "0", kline.count, "0", "0", "0"]
