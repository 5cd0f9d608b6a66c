"""What a tape is: the market events of one symbol in the order of exchange time, and what is known of them."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from decimal import Decimal
from itertools import chain
from pathlib import Path

from vibe_quant.domain.events import Mark, MarketEvent, Quote, Trade

ZERO = Decimal(0)
RANK: dict[type, int] = {Trade: 0, Quote: 1, Mark: 2}
"""At equal exchange time a trade meets the quote in force before it, so trades come first."""


class TapeError(Exception):
    """A tape cannot be used; the message names the file, the row where there is one, and the cure."""


def order_key(event: MarketEvent) -> int:
    """Sort key of a tape: exchange time, then trades before quotes before marks."""
    return event.exch_ms * 4 + RANK[type(event)]


def is_coin_margined(symbol: str) -> bool:
    """A hint by the symbol's form alone: ``ETHUSD_PERP``, ``ETHUSD_240927`` or ``ETH/USD:ETH``."""
    settle = symbol.partition(":")[2].split("-")[0]
    return settle == symbol.partition("/")[0] if settle else "USD_" in symbol


@dataclass(frozen=True, slots=True)
class Stretch:
    """How many events of one kind there are, and from when to when (epoch milliseconds; zeros if none)."""

    count: int = 0
    first_ms: int = 0
    last_ms: int = 0


@dataclass(frozen=True, slots=True)
class Dropped:
    """Rows of the source that did not come through as they stood.

    ``one_sided``: quotes with a zero price or quantity, left out.  ``extraordinary``: trades marked as anything but
    market trades (INSURANCE_FUND, ADL), left out.  ``reordered``: rows late within the tolerance, put in their place.
    """

    one_sided: int = 0
    extraordinary: int = 0
    reordered: int = 0

    def __add__(self, other: Dropped) -> Dropped:
        """Both together."""
        return Dropped(
            self.one_sided + other.one_sided,
            self.extraordinary + other.extraordinary,
            self.reordered + other.reordered,
        )


@dataclass(frozen=True, slots=True)
class TapeMeta:
    """What is known of a tape without replaying it.

    ``symbol`` is what the events carry, ``recorded_symbol`` what was recorded.  ``tick`` and ``step`` are the grids
    that all prices and quantities lie on (greatest common divisor where nobody told).  ``crossed`` counts quotes with
    bid >= ask, which are delivered as they stand; ``gaps`` the silences longer than ``check.GAP_MS``.
    """

    symbol: str
    recorded_symbol: str
    first_ms: int
    last_ms: int
    quotes: Stretch
    trades: Stretch
    marks: Stretch
    tick: Decimal
    step: Decimal
    has_recv_clock: bool
    crossed: int = 0
    gaps: int = 0
    longest_gap_ms: int = 0
    dropped: Dropped = field(default_factory=Dropped)
    provenance: str = ""

    @property
    def events(self) -> int:
        """How many events ``Tape.events`` yields."""
        return self.quotes.count + self.trades.count + self.marks.count

    @property
    def has_mark(self) -> bool:
        """Whether the tape holds mark prices."""
        return self.marks.count > 0

    @property
    def coin_margined(self) -> bool:
        """A hint, by the form of the recorded symbol: quantities are contracts, not base asset."""
        return is_coin_margined(self.recorded_symbol)


@dataclass(frozen=True, slots=True)
class Tape:
    """A tape that opens; may be replayed any number of times, always the same."""

    path: Path
    meta: TapeMeta
    batches: Callable[[], Iterator[list[MarketEvent]]]
    """A fresh reading from the start, in batches of bounded size."""

    def events(self) -> Iterator[MarketEvent]:
        """Quotes, trades and marks in the order of ``order_key``, read from the file as they are asked for.

        ``recv_ms`` is exchange time plus the receive lag over the tape's least lag (the recorder's clock may be
        off), never falling within a socket: quotes come over one, trades and marks over another.  Without a
        receive clock it equals ``exch_ms``.

        Raises:
            TapeError: the file is damaged or was changed since it was opened.
        """
        return chain.from_iterable(self.batches())
