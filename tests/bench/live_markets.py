"""The markets of the live benchmarks: how busy, of which instruments, and the exchange and configuration for them."""

from __future__ import annotations

import gzip
import itertools
import os
import re
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from decimal import Decimal
from pathlib import Path
from random import Random

from vibe_quant.domain.enums import PositionSide
from vibe_quant.domain.events import Mark, Quote, Trade
from vibe_quant.sim.catalogue import CATALOGUE
from vibe_quant.sim.feed import FeedEvent
from vibe_quant.sim.front.box_options import BoxOptions, MarketSource, Seat
from vibe_quant.sim.instruments import Instrument, places

SHARED = Path(os.environ.get("VQ_SHARED") or Path(__file__).resolve().parents[2] / "../shared") / "tapes"
MARKS_PER_S = 1.0
RECORDED = (
    (86.1, 25.2),
    (98.6, 28.5),
    (11.2, 1.6),
    (5.8, 1.4),
    (4.1, 0.8),
    (29.6, 1.3),
    (15.9, 1.4),
    (12.8, 2.7),
    (7.0, 0.7),
)
"""(quotes, trades) a second of the shared tapes, for where they are not: two majors and seven alts."""
FRAMES = re.compile(r'"stream":"([a-z]+)@(bookTicker|aggTrade)"')
TEMPLATES = ("BTCUSDT", "ETHUSDT", "SOLUSDT", "XRPUSDT", "MANTAUSDT")
WORTH = Decimal(20_000)
"""Of a position, quote asset."""
LEVERAGE = 10
"""Of the whole account: with more in the wallet shorts are liquidated at no price that the exchange has."""
LONG_AGO = -(1 << 40)


@dataclass(frozen=True, slots=True)
class Pace:
    """Messages of one symbol a second; a mark each second beside them."""

    quotes: float
    trades: float

    @property
    def messages(self) -> float:
        """All of them."""
        return self.quotes + self.trades + MARKS_PER_S


def recorded_paces() -> tuple[list[Pace], str]:
    """One a recorded symbol, and where they are from; the largest tapes first."""
    tapes = sorted(SHARED.glob("um_*USDT_*.csv.gz"), key=lambda path: -path.stat().st_size)
    found = [_of_tape(tape) for tape in tapes]
    for raw in SHARED.glob("raw_frames_*.txt.gz"):
        found += _of_frames(raw)
    if not found:
        return [Pace(*pair) for pair in RECORDED], "those of the shared tapes as written down, for they are not here"
    return found, f"{len(found)} recorded symbols"


def _of_tape(tape: Path) -> Pace:
    kinds: Counter[str] = Counter()
    times: list[int] = []
    with gzip.open(tape, "rt", encoding="utf-8") as rows:
        next(rows)
        for row in rows:
            at, sent, _, kind, *_ = row.split(",", 4)
            kinds[kind] += 1
            times.append(int(at or sent))
    seconds = (max(times) - min(times)) / 1000
    return Pace(kinds["q"] / seconds, kinds["t"] / seconds)


def _of_frames(raw: Path) -> list[Pace]:
    kinds: Counter[tuple[str, str]] = Counter()
    times: list[float] = []
    with gzip.open(raw, "rt", encoding="utf-8") as lines:
        for line in lines:
            if (found := FRAMES.search(line)) is not None:
                kinds[found[1], found[2]] += 1
                times.append(float(line.partition(":")[0]))
    seconds = max(times) - min(times)
    names = dict.fromkeys(name for name, _ in kinds)
    return [Pace(kinds[name, "bookTicker"] / seconds, kinds[name, "aggTrade"] / seconds) for name in names]


def paces(count: int, recorded: Sequence[Pace]) -> list[Pace]:
    """So many symbols, the recorded ones over and over."""
    return list(itertools.islice(itertools.cycle(recorded), count))


def instruments(count: int) -> list[Instrument]:
    """So many perpetuals of the catalogue's making, each with a name of its own."""
    made = []
    for number in range(count):
        of = CATALOGUE[TEMPLATES[number % len(TEMPLATES)]]
        base = of.base if number < len(TEMPLATES) else f"{of.base}{number}"
        made.append(replace(of, base=base, rules=replace(of.rules, symbol=f"{base}{of.quote}")))
    return made


def seats(of: Sequence[Instrument], worth: Decimal = WORTH, *, both: bool = False) -> tuple[Seat, ...]:
    """A position in each: LONG, SHORT, LONG and so on, or both legs of each."""
    made = []
    for number, one in enumerate(of):
        qty = max(one.rules.floor_qty(worth / one.price), one.rules.step)
        sides = (PositionSide.LONG, PositionSide.SHORT)
        made += [Seat(one.symbol, side, qty, one.price) for side in (sides if both else (sides[number % 2],))]
    return tuple(made)


def busy(one: Instrument, pace: Pace, seed: int) -> Iterator[FeedEvent]:
    """A market without end at this pace, its price wandering by ticks, from time zero on."""
    random, tick, step = Random(seed), one.rules.tick, one.rules.step
    bid, number, at, mark_ms = one.price, 0, 0.0, 0
    yield Trade(one.symbol, 0, 0, bid, step, False, 1)
    rate = (pace.quotes + pace.trades) / 1000
    trades = pace.trades / (pace.quotes + pace.trades)
    while True:
        number += 1
        now = int(at)
        if now >= mark_ms:
            yield Mark(one.symbol, now, now, bid)
            mark_ms += 1000
        if number > 1 and random.random() < trades:
            qty = step * random.randrange(1, 100)
            sells = random.random() < 0.5
            yield Trade(one.symbol, now, now, bid if sells else bid + tick, qty, sells, number)
        else:
            if random.random() < 0.1:
                bid = max(bid + tick * random.choice((-1, 1)), tick)
            sizes = step * random.randrange(1, 5000), step * random.randrange(1, 5000)
            yield Quote(one.symbol, now, now, bid, sizes[0], bid + tick, sizes[1], number)
        at += random.expovariate(rate)


def still(one: Instrument) -> Iterator[FeedEvent]:
    """A market that is there, wide open, and rests: the cannon plays another to the program."""
    gap = one.rules.floor_price(one.price / 100)
    yield Quote(one.symbol, 0, 0, one.price - gap, Decimal(1000), one.price + gap, Decimal(1000), 1)
    yield Trade(one.symbol, 0, 0, one.price, one.rules.step, False, 1)
    yield Mark(one.symbol, 0, 0, one.price)


def box_of(of: Sequence[Instrument], found: Sequence[Pace] | None, held: Sequence[Seat]) -> BoxOptions:
    """An exchange with these markets, at rest where no pace is given, and an account that holds these legs."""
    if found is None:
        markets = [MarketSource(one, events=still(one)) for one in of]
    else:
        paced = zip(of, found, strict=True)
        markets = [MarketSource(one, events=busy(one, pace, seed)) for seed, (one, pace) in enumerate(paced)]
    wallet = {"USDT": sum((seat.qty * (seat.entry or 0) for seat in held), Decimal(0)) / LEVERAGE}
    many = 1_000_000
    return BoxOptions(
        tuple(markets), positions=tuple(held), wallets=wallet, order_limits=(many, many), weight_limit=many
    )


def cannon_of(of: Sequence[Instrument], found: Sequence[Pace]) -> list[dict[str, object]]:
    """What the cannon has to know of them."""
    return [
        {
            "name": one.symbol,
            "ticks": int(one.price / one.rules.tick),
            "price_places": places(one.rules.tick),
            "qty_places": places(one.rules.step),
            "quotes": pace.quotes,
            "trades": pace.trades,
        }
        for one, pace in zip(of, found, strict=True)
    ]


PATIENT = "{names: [patient], patient: {horizon_s: 36000, child_s: 60}}"
STRATEGIES = {
    "orderbook_price": "{names: [orderbook_price]}",
    "orderbook_pressure": "{names: [orderbook_pressure], orderbook_pressure: {threshold_qty: 3}}",
    "patient": PATIENT,
}
CONFIG = """
global:
  venue: sim
  manage: all
  rate_limit: {{max_orders_per_sec: {orders_per_s}, max_cancels_per_sec: 30}}
  log: {{folder: "{logs}", level: info}}
  execution: {execution}
  strategy: {strategy}
symbols: {{}}
"""


def config(folder: Path, strategy: str = PATIENT, execution: str = "{}", orders_per_s: int = 5) -> Path:
    """A configuration that works every position there is."""
    path = folder / "config.yaml"
    text = CONFIG.format(logs=folder / "logs", strategy=strategy, execution=execution, orders_per_s=orders_per_s)
    path.write_text(text, encoding="utf-8")
    return path
