"""Describes a tape in numbers: spans, rates, spreads, touch sizes, gaps; as text and as JSON."""

from __future__ import annotations

import json
from collections import Counter
from dataclasses import asdict, dataclass
from datetime import UTC, datetime
from decimal import Decimal

from vibe_quant.domain.events import Quote, Trade
from vibe_quant.tapes.tape import ZERO, Tape

SAMPLES = 100_000
BPS = 10_000


@dataclass(frozen=True, slots=True)
class TapeInfo:
    """What a tape looks like.

    Spreads are in ticks and counted by quotes, ``one_tick_share`` is the share of time; touch quantities are medians
    (of an even sample above ``SAMPLES`` quotes); ``range_bps`` is (highest - lowest) / lowest mid or trade x 10^4.
    None where the tape has no quotes (or trades) to tell it.
    """

    symbol: str
    recorded_symbol: str
    first_ms: int
    span_s: Decimal
    quotes: int
    trades: int
    marks: int
    quotes_per_s: Decimal
    trades_per_s: Decimal
    tick: Decimal
    step: Decimal
    coin_margined: bool
    has_recv_clock: bool
    spread_median: int | None
    spread_p95: int | None
    one_tick_share: Decimal | None
    bid_qty_median: Decimal | None
    ask_qty_median: Decimal | None
    range_bps: Decimal | None
    gaps: int
    longest_gap_ms: int
    crossed: int
    one_sided: int
    extraordinary: int
    reordered: int
    provenance: str

    def as_json(self) -> str:
        """One JSON object; Decimals as strings."""
        return json.dumps(asdict(self), default=str, ensure_ascii=False, indent=2)

    def as_text(self) -> str:
        """Lines for a person."""
        began = datetime.fromtimestamp(self.first_ms // 1000, UTC).strftime("%Y-%m-%d %H:%M:%S UTC")
        margin = ", coin-margined (quantities are contracts)" if self.coin_margined else ""
        lines = [
            ("symbol", f"{self.symbol}{margin}"),
            ("span", f"{began}, {self.span_s} s"),
            ("quotes", f"{self.quotes} ({self.quotes_per_s} a second)"),
            ("trades", f"{self.trades} ({self.trades_per_s} a second)"),
            ("marks", str(self.marks) if self.marks else "none"),
            ("grid", f"tick {self.tick}, step {self.step}"),
            ("spread", f"median {_or_dash(self.spread_median)} ticks, 95 % within {_or_dash(self.spread_p95)}"),
            ("one tick wide", f"{_or_dash(self.one_tick_share)} of the time"),
            ("touch", f"median bid {_or_dash(self.bid_qty_median)}, ask {_or_dash(self.ask_qty_median)}"),
            ("price range", f"{_or_dash(self.range_bps)} bps"),
            ("gaps", f"{self.gaps}, longest silence {self.longest_gap_ms} ms"),
            ("crossed quotes", str(self.crossed)),
            ("left out", f"{self.one_sided} one-sided quotes, {self.extraordinary} trades that are not market trades"),
            ("put in order", f"{self.reordered} late rows"),
            ("receive clock", "yes" if self.has_recv_clock else "no"),
            ("from", self.provenance or "not said"),
        ]
        return "\n".join(f"{name:<15}{value}" for name, value in lines)


class _Sample:
    """An even sample of bounded size: every n-th value, n doubling when it is full."""

    def __init__(self) -> None:
        self.values: list[Decimal] = []
        self._every = 1
        self._seen = 0

    def add(self, value: Decimal) -> None:
        if self._seen % self._every == 0:
            self.values.append(value)
            if len(self.values) > SAMPLES:
                self.values = self.values[::2]
                self._every *= 2
        self._seen += 1

    def median(self) -> Decimal | None:
        return sorted(self.values)[(len(self.values) - 1) // 2] if self.values else None


class _Shape:
    """What one pass over the events collects."""

    def __init__(self, tick: Decimal) -> None:
        self.spreads: Counter[int] = Counter()
        self.time_at: Counter[int] = Counter()
        self.bids = _Sample()
        self.asks = _Sample()
        self.low = self.high = ZERO
        self._tick = tick
        self._since = 0
        self._spread = 0

    def quote(self, quote: Quote) -> None:
        if self._since:
            self.time_at[self._spread] += quote.exch_ms - self._since
        self._since, self._spread = quote.exch_ms, int((quote.ask - quote.bid) / self._tick)
        self.spreads[self._spread] += 1
        self.bids.add(quote.bid_qty)
        self.asks.add(quote.ask_qty)
        self.price((quote.bid + quote.ask) / 2)

    def price(self, price: Decimal) -> None:
        self.high = max(self.high, price)
        self.low = min(self.low, price) if self.low else price


def describe(tape: Tape) -> TapeInfo:
    """Read the tape through once and describe it."""
    meta = tape.meta
    shape = _Shape(meta.tick)
    for event in tape.events():
        if isinstance(event, Quote):
            shape.quote(event)
        elif isinstance(event, Trade):
            shape.price(event.price)
    span_ms = meta.last_ms - meta.first_ms
    timed = shape.time_at.total()
    return TapeInfo(
        symbol=meta.symbol,
        recorded_symbol=meta.recorded_symbol,
        first_ms=meta.first_ms,
        span_s=Decimal(span_ms) / 1000,
        quotes=meta.quotes.count,
        trades=meta.trades.count,
        marks=meta.marks.count,
        quotes_per_s=_rate(meta.quotes.count, span_ms),
        trades_per_s=_rate(meta.trades.count, span_ms),
        tick=meta.tick,
        step=meta.step,
        coin_margined=meta.coin_margined,
        has_recv_clock=meta.has_recv_clock,
        spread_median=_quantile(shape.spreads, Decimal("0.5")),
        spread_p95=_quantile(shape.spreads, Decimal("0.95")),
        one_tick_share=round(Decimal(shape.time_at[1]) / timed, 4) if timed else None,
        bid_qty_median=shape.bids.median(),
        ask_qty_median=shape.asks.median(),
        range_bps=round((shape.high - shape.low) / shape.low * BPS, 2) if shape.low else None,
        gaps=meta.gaps,
        longest_gap_ms=meta.longest_gap_ms,
        crossed=meta.crossed,
        one_sided=meta.dropped.one_sided,
        extraordinary=meta.dropped.extraordinary,
        reordered=meta.dropped.reordered,
        provenance=meta.provenance,
    )


def _rate(count: int, span_ms: int) -> Decimal:
    return round(Decimal(count) * 1000 / span_ms, 2) if span_ms else Decimal(0)


def _quantile(counts: Counter[int], share: Decimal) -> int | None:
    """The least value with at least ``share`` of the counts at or below it."""
    due = counts.total() * share
    for value in sorted(counts):
        due -= counts[value]
        if due <= 0:
            return value
    return None


def _or_dash(value: object) -> str:
    return "-" if value is None else str(value)
