"""REST calls about the exchange and its books: time, exchangeInfo, depth and tickers; with those in their own files."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from functools import partial

from vibe_quant.domain.events import Quote
from vibe_quant.sim.exchange import SimExchange
from vibe_quant.sim.front.endpoint import Call, Endpoint, Security
from vibe_quant.sim.front.http import Json
from vibe_quant.sim.front.market.board import Board
from vibe_quant.sim.front.market.exchange_info import RequestLimits, exchange_info
from vibe_quant.sim.front.market.funding_calls import FundingCalls
from vibe_quant.sim.front.market.market_query import by_limit, by_symbol, depth_limit
from vibe_quant.sim.front.market.market_wire import SymbolWire
from vibe_quant.sim.front.market.symbol_board import ZERO, SymbolBoard
from vibe_quant.sim.front.market.tickers import ticker_row
from vibe_quant.sim.front.market.trade_calls import TradeCalls
from vibe_quant.sim.instruments import Instrument
from vibe_quant.sim.records import Rejected

NO_QUOTE = Quote("", 0, 0, ZERO, ZERO, ZERO, ZERO)
DEPTH_WEIGHTS = by_limit(500, ((50, 2), (100, 5), (500, 10)), 20)
Row = Callable[[SymbolBoard, int], Json]


class MarketCalls:
    """All market data, without signature; ``limits`` are what exchangeInfo says of requests."""

    def __init__(
        self,
        exchange: SimExchange,
        instruments: Mapping[str, Instrument],
        board: Board,
        limits: RequestLimits | None = None,
    ) -> None:
        """``board`` is the same market's; ``instruments`` in the order in which exchangeInfo lists them."""
        self._exchange = exchange
        self._instruments = instruments
        self._board = board
        self._limits = limits or RequestLimits()

    def endpoints(self) -> list[Endpoint]:
        """The rows of the routing table."""
        rows: list[tuple[str, Callable[[Call], Json], int | Callable[..., int]]] = [
            ("/fapi/v1/ping", self.ping, 1),
            ("/fapi/v1/time", self.time, 1),
            ("/api/v3/ping", self.ping, 1),
            ("/api/v3/time", self.time, 1),
            ("/fapi/v1/exchangeInfo", self.exchange_info, 1),
            ("/fapi/v1/depth", self.depth, DEPTH_WEIGHTS),
            ("/fapi/v1/ticker/bookTicker", partial(self._rows, book_row), by_symbol(2, 5)),
            ("/fapi/v1/ticker/price", partial(self._rows, price_row), by_symbol(1, 2)),
            ("/fapi/v2/ticker/price", partial(self._rows, price_row), by_symbol(1, 2)),
            ("/fapi/v1/ticker/24hr", partial(self._rows, day_row), by_symbol(1, 40)),
            *TradeCalls(self._board).rows(),
            *FundingCalls(self._board).rows(),
        ]
        return [Endpoint("GET", path, handler, Security.NONE, weight) for path, handler, weight in rows]

    def ping(self, call: Call) -> Json:
        """Nothing, at once."""
        del call
        return {}

    def time(self, call: Call) -> Json:
        """The exchange's clock."""
        return {"serverTime": call.now + self._board.clock_skew_ms}

    def exchange_info(self, call: Call) -> Json:
        """Rules in force and limits; a ``symbol`` is ignored, as the real one does."""
        markets = self._exchange.venue.markets
        listed = [(instrument, markets[symbol].rules) for symbol, instrument in self._instruments.items()]
        return exchange_info(listed, self._limits, call.now + self._board.clock_skew_ms)

    def depth(self, call: Call) -> Json:
        """The book in the numbering of the depth streams; the next event of each spans ``lastUpdateId``."""
        most = depth_limit(call.params)
        state = self._board.settled(known(self._board, call.params.need("symbol")).symbol)
        quote, wire, book = state.book.quote, state.wire, state.book
        bids, asks = book.levels(most)
        return {
            "lastUpdateId": book.read(),
            "E": call.now,
            "T": call.now if quote is None else quote.exch_ms,
            "bids": [[wire.prices[price], wire.qtys[qty]] for price, qty in bids],
            "asks": [[wire.prices[price], wire.qtys[qty]] for price, qty in asks],
        }

    def _rows(self, row: Row, call: Call) -> Json:
        """A row of the symbol that was asked for, or of all."""
        symbol = call.params.text("symbol")
        if symbol is not None:
            return row(known(self._board, symbol), call.now)
        return [row(state, call.now) for state in self._board.symbols.values()]


def known(board: Board, symbol: str) -> SymbolBoard:
    """The symbol's state, or -1121."""
    state = board.symbols.get(symbol)
    if state is None:
        raise Rejected(-1121, "Invalid symbol.")
    return state


def book_row(state: SymbolBoard, now: int) -> Json:
    """The touch; zeros before the first quote."""
    quote, wire = state.book.touch or NO_QUOTE, state.wire
    return {
        "symbol": state.symbol,
        "bidPrice": wire.prices[quote.bid],
        "bidQty": wire.qtys[quote.bid_qty],
        "askPrice": wire.prices[quote.ask],
        "askQty": wire.qtys[quote.ask_qty],
        "time": quote.exch_ms or now,
        "lastUpdateId": state.book.last_id,
    }


def price_row(state: SymbolBoard, now: int) -> Json:
    """The last price."""
    return {"symbol": state.symbol, "price": state.wire.prices[state.last_price], "time": now}


def day_row(state: SymbolBoard, now: int) -> Json:
    """The last 24 hours; before the first price a day without trades."""
    wire: SymbolWire = state.wire
    klines = state.klines
    return ticker_row(wire, state.flat_day(now) if klines is None else klines.day(), state.last_qty, now)
