"""What is published on the grid of the clock: aggregates, depth, candles, marks, tickers, liquidations, contracts."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from vibe_quant.sim.front.market.candles import SPANS, open_time
from vibe_quant.sim.front.market.contract_info import contract_info
from vibe_quant.sim.front.market.forced_orders import ForcedOrders, force_order
from vibe_quant.sim.front.market.klines import Klines
from vibe_quant.sim.front.market.market_wire import array
from vibe_quant.sim.front.market.public_book import DepthDiff
from vibe_quant.sim.front.market.symbol_board import SPEEDS, SymbolBoard
from vibe_quant.sim.front.market.tickers import ticker_frame
from vibe_quant.sim.front.streams.publisher import Publisher, StreamClass

PUBLIC, MARKET = StreamClass.PUBLIC, StreamClass.MARKET
AGGREGATES_MS, KLINES_MS, SECOND, TICKERS_MS, MARKS_MS = 100, 250, 1000, 2000, 3000
ALL_MARKS, ALL_MARKS_1S = "!markPrice@arr", "!markPrice@arr@1s"
ALL_MINI, ALL_TICKERS = "!miniTicker@arr", "!ticker@arr"
ALL_FORCED, CONTRACTS = "!forceOrder@arr", "!contractInfo"

Frame = Callable[[], bytes]


class BoardGrid:
    """Publishes for all symbols; whatever nobody listens to is not put into words."""

    def __init__(self, states: Sequence[SymbolBoard], publisher: Publisher, forced: ForcedOrders) -> None:
        self._states = states
        self._by_symbol = {state.symbol: state for state in states}
        self._publisher = publisher
        self._forced = forced

    def tick(self, now: int) -> None:
        """Publish what is due at this point of the grid, a multiple of 100 or of 250 ms."""
        speeds = [speed for speed in SPEEDS if now % speed == 0]
        for state in self._states:
            if now % AGGREGATES_MS == 0:
                self._aggregates(state, now)
            state.settle()
            for speed in speeds:
                self._depth(state, speed, now)
            if now % KLINES_MS == 0 and state.klines is not None:
                self._klines(state, state.klines, now)
        for order in self._forced.due(now):
            state = self._by_symbol[order.symbol]
            frame = force_order(state.wire, order, now)
            self._publish(MARKET, state.names.force_order, frame)
            self._publish(MARKET, ALL_FORCED, frame)
        if now % SECOND == 0:
            self._second(now)

    def _publish(self, cls: StreamClass, name: str, frame: bytes) -> None:
        if self._publisher.wanted(cls, name):
            self._publisher.publish(cls, name, frame)

    def _offer(self, name: str, frame: Frame) -> None:
        if self._publisher.wanted(MARKET, name):
            self._publisher.publish(MARKET, name, frame())

    def _aggregates(self, state: SymbolBoard, now: int) -> None:
        closed = state.prints.close_window()
        if closed and self._publisher.wanted(MARKET, state.names.agg_trade):
            for aggregate in closed:
                self._publisher.publish(MARKET, state.names.agg_trade, state.wire.agg_trade(aggregate, now))

    def _depth(self, state: SymbolBoard, speed: int, now: int) -> None:
        diff = state.book.take(speed)
        if diff is None:
            return
        publisher, wire, at = self._publisher, state.wire, _trade_ms(state)
        names = [name for name in state.names.diffs[speed] if publisher.wanted(PUBLIC, name)]
        if names:
            frame = wire.depth(diff, wire.levels(diff.bids), wire.levels(diff.asks), at, now)
            for name in names:
                publisher.publish(PUBLIC, name, frame)
        for most, name in state.names.partial[speed]:
            if publisher.wanted(PUBLIC, name):
                publisher.publish(PUBLIC, name, _first_levels(state, diff, most, now))

    def _klines(self, state: SymbolBoard, klines: Klines, now: int) -> None:
        """A candle that has closed is told once more, closed; the open one where somebody traded since."""
        klines.roll(now)
        before, minute = state.told_minute, klines.minute.open_ms
        traded, state.traded, state.told_minute = state.traded, False, minute
        if not traded and before == minute:
            return
        for interval in SPANS:
            plain, continuous = state.names.klines[interval]
            if not self._publisher.wanted(MARKET, plain) and not self._publisher.wanted(MARKET, continuous):
                continue
            told = []
            if open_time(before, interval) != open_time(minute, interval):
                told.append((klines.closed(interval, 1)[-1], True))
            current = klines.current(interval)
            if traded and current.count:
                told.append((current, False))
            for kline, closed in told:
                self._publish(MARKET, plain, state.wire.kline(kline, interval, closed, now))
                self._publish(MARKET, continuous, state.wire.continuous_kline(kline, interval, closed, now))

    def _second(self, now: int) -> None:
        for state in self._states:
            state.note_funding()
            if state.rules is not state.told_rules:
                state.told_rules = state.rules
                self._publish(MARKET, CONTRACTS, contract_info(state.instrument, state.rules, now))
        self._marks(now)
        self._tickers(now)

    def _marks(self, now: int) -> None:
        slow = now % MARKS_MS == 0
        every = [name for name in (ALL_MARKS_1S, ALL_MARKS if slow else "") if name and self._wants(name)]
        frames = []
        for state in self._states:
            if state.marks.mark is None:
                continue
            names = [state.names.mark_1s, state.names.mark] if slow else [state.names.mark_1s]
            names = [name for name in names if self._wants(name)]
            if names or every:
                frame = state.wire.mark_price(state.marks, state.funding_rate, state.funding_ms, now)
                frames.append(frame)
                for name in names:
                    self._publisher.publish(MARKET, name, frame)
        for name in every if frames else ():
            self._publisher.publish(MARKET, name, array(frames))

    def _wants(self, name: str) -> bool:
        return self._publisher.wanted(MARKET, name)

    def _tickers(self, now: int) -> None:
        minis, wholes = [], []
        all_minis, all_wholes, slow = self._wants(ALL_MINI), self._wants(ALL_TICKERS), now % TICKERS_MS == 0
        for state in self._states:
            if state.klines is None:
                continue
            mini, whole = _day_frames(state, state.klines, now)
            if all_minis:
                minis.append(mini())
            if all_wholes:
                wholes.append(whole())
            if slow:
                self._offer(state.names.mini_ticker, mini)
                self._offer(state.names.ticker, whole)
        if minis:
            self._publisher.publish(MARKET, ALL_MINI, array(minis))
        if wholes:
            self._publisher.publish(MARKET, ALL_TICKERS, array(wholes))


def _day_frames(state: SymbolBoard, klines: Klines, now: int) -> tuple[Frame, Frame]:
    wire = state.wire
    return lambda: wire.mini_ticker(klines.day(), now), lambda: ticker_frame(wire, klines.day(), state.last_qty, now)


def _trade_ms(state: SymbolBoard) -> int:
    return 0 if state.book.quote is None else state.book.quote.exch_ms


def _first_levels(state: SymbolBoard, diff: DepthDiff, most: int, now: int) -> bytes:
    wire, book = state.wire, state.book
    bids, asks = book.levels(most)
    return wire.depth(diff, wire.levels(bids), wire.levels(asks), _trade_ms(state), now)
