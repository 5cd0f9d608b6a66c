"""What a stream of quotes and trades is like, in one pass and bounded memory: recorded and generated alike."""

from __future__ import annotations

from collections.abc import Iterable
from decimal import Decimal
from math import inf

from vibe_quant.domain.events import MarketEvent, Quote, Trade
from vibe_quant.tapes.histogram import Histogram
from vibe_quant.tapes.series import Counts, Returns, Signs

WINDOWS_MS = (100, 1000, 10_000)
SECOND_MS = 1000

Figures = dict[str, float | None]
"""Figures by name, in the order in which they are to be read; None where the stream does not tell."""


def measure(events: Iterable[MarketEvent], tick: Decimal, step: Decimal) -> Figures:
    """The figures of ``events``, which come in tape order; ``tick`` and ``step`` are what they are counted in."""
    statistics = Statistics(tick, step)
    for event in events:
        statistics.add(event)
    return statistics.figures()


class Arrivals:
    """How often something happens, and how unevenly: counts in windows of ``WINDOWS_MS`` from one start on."""

    def __init__(self) -> None:
        self._windows = [Counts(ms) for ms in WINDOWS_MS]

    def add(self, at_ms: int) -> None:
        """It happened at ``at_ms`` after the start."""
        for window in self._windows:
            window.add(at_ms)

    def figures(self, name: str, span_ms: int) -> Figures:
        """Counts a second, and variance over mean (1: Poisson) of each window."""
        found: Figures = {}
        for window in self._windows:
            window.close(span_ms)
            if window.ms == SECOND_MS:
                found |= {f"{name}.per_s.mean": window.mean, f"{name}.per_s.std": window.std}
                found |= {f"{name}.per_s.{key}": window.counts.quantile(p) for key, p in QUANTILES.items()}
        return found | {f"{name}.fano.{window.ms / 1000:g}s": window.fano for window in self._windows}


QUANTILES = {"p50": 0.5, "p95": 0.95, "p99": 0.99}
SIZES = {"p10": 0.1, "p50": 0.5, "p90": 0.9, "p99": 0.99}


class Statistics:
    """Collects events; a taker's order is the run of trades of one side at one exchange time.

    Spread and touch are weighted by the time for which they stood (the last quote has none), the mid is sampled each
    0.1 s.  Windows count from the first event; an unfinished last window is left out.  Crossed and locked quotes have
    no spread.  Marks, depth and candles are passed over.
    """

    def __init__(self, tick: Decimal, step: Decimal) -> None:
        self._tick = float(tick)
        self._step = float(step)
        self._first_ms: int | None = None
        self._last_ms = 0
        self._shown: Quote | None = None
        self._crossed = 0
        self._spreads = Histogram()
        self._touch = Histogram()
        self._quotes, self._prints, self._orders = Arrivals(), Arrivals(), Arrivals()
        self._lots, self._notional = Histogram(), Histogram()
        self._order_lots, self._order_prints = Histogram(), Histogram()
        self._order: tuple[int, bool] | None = None
        self._order_sum, self._order_count = 0.0, 0
        self._by_order, self._by_print = Signs(), Signs()
        self._returns = Returns()

    def add(self, event: MarketEvent) -> None:
        """Take the next event."""
        if not isinstance(event, Quote | Trade):
            return
        if self._first_ms is None:
            self._first_ms = event.exch_ms
        self._last_ms = event.exch_ms
        if isinstance(event, Quote):
            self._quote(event, event.exch_ms - self._first_ms)
        else:
            self._trade(event, event.exch_ms - self._first_ms)

    def _quote(self, quote: Quote, at_ms: int) -> None:
        self._quotes.add(at_ms)
        shown, self._shown = self._shown, quote
        if shown is not None and (stood := quote.exch_ms - shown.exch_ms):
            ticks = round(float(shown.ask - shown.bid) / self._tick)
            if ticks > 0:
                self._spreads.add(ticks, stood)
            self._touch.add(round(float(shown.bid_qty) / self._step), stood)
            self._touch.add(round(float(shown.ask_qty) / self._step), stood)
        self._crossed += quote.bid >= quote.ask
        self._returns.add(at_ms, (float(quote.bid) + float(quote.ask)) / 2)

    def _trade(self, trade: Trade, at_ms: int) -> None:
        sign = -1 if trade.buyer_is_maker else 1
        lots = round(float(trade.qty) / self._step)
        self._prints.add(at_ms)
        self._by_print.add(sign)
        self._lots.add(lots)
        self._notional.add(float(trade.price * trade.qty))
        if self._order != (order := (trade.exch_ms, trade.buyer_is_maker)):
            self._close_order()
            self._order = order
            self._orders.add(at_ms)
            self._by_order.add(sign)
        self._order_sum += lots
        self._order_count += 1

    def _close_order(self) -> None:
        if self._order_count:
            self._order_lots.add(self._order_sum)
            self._order_prints.add(self._order_count)
        self._order_sum, self._order_count = 0.0, 0

    def figures(self) -> Figures:
        """Everything so far; spreads in ticks, sizes in lots, notional in the quote asset, volatility in bps."""
        self._close_order()
        span_ms = self._last_ms - (self._first_ms or 0)
        found: Figures = {f"spread.share.{n}": self._spreads.share(n, n) for n in (1, 2, 3)}
        found |= {"spread.share.more": self._spreads.share(4, inf), "quotes.crossed": float(self._crossed)}
        found |= {"spread.p50": self._spreads.quantile(0.5), "spread.p95": self._spreads.quantile(0.95)}
        found |= self._quotes.figures("quotes", span_ms) | self._prints.figures("prints", span_ms)
        found |= self._orders.figures("orders", span_ms)
        found |= {"order.prints.mean": self._order_prints.mean, "order.prints.p95": self._order_prints.quantile(0.95)}
        sizes = {"print.lots": self._lots, "print.notional": self._notional, "order.lots": self._order_lots}
        for name, sizes_of in (sizes | {"touch.lots": self._touch}).items():
            found |= {f"{name}.{key}": sizes_of.quantile(share) for key, share in SIZES.items()}
        found |= self._returns.figures("volatility")
        return found | self._by_order.figures("signs.order") | self._by_print.figures("signs.print")
