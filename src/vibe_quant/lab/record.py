"""Writes a replay into a folder: decisions.jsonl, every decision with its reason; card.json; exit.png."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from decimal import Decimal
from pathlib import Path
from types import TracebackType
from typing import Self

from vibe_quant.domain.enums import PositionSide
from vibe_quant.domain.events import AccountSnapshot, Event, MarketEvent, OrderUpdate, PositionUpdate, Quote
from vibe_quant.domain.intents import Intent
from vibe_quant.lab.card import as_json
from vibe_quant.lab.cost import Cost
from vibe_quant.lab.picture import Bar, Fill, OrderLife, Scene, draw
from vibe_quant.lab.request import ReplayError
from vibe_quant.lab.result import ReplayResult

SLICES = 20_000
"""Into so many slices of time the tape's bid and ask are thinned while it plays."""
BARS = 1500
"""And into so many what is drawn of them: more than the picture has pixels."""
MARGIN = 0.03
"""Shown beyond the end of the exit, as a share of its duration."""


class Recording:
    """One folder being filled.  Times are the exchange's, so that fills lie where the market was.

    Raises:
        ReplayError: the folder cannot be made or written.
    """

    def __init__(self, folder: Path, symbol: str, side: PositionSide) -> None:
        self.folder = folder
        self._leg = (symbol, side)
        self._bars: list[Bar] = []
        self._orders: dict[str, OrderLife] = {}
        self._fills: list[Fill] = []
        self._trades: set[tuple[str, int]] = set()
        self._position: list[tuple[int, Decimal]] = []
        try:
            folder.mkdir(parents=True, exist_ok=True)
            self.decisions = (folder / "decisions.jsonl").open("w", encoding="utf-8")
        except OSError as error:
            raise _unwritable(folder, error) from error

    def __enter__(self) -> Self:
        """Itself."""
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        """Close the file of decisions; what was decided before a failure stays readable."""
        self.decisions.close()

    def watch(self, batches: Iterator[list[MarketEvent]], span_ms: int) -> Iterator[list[MarketEvent]]:
        """Pass the tape through, keeping the lowest bid and the highest ask of each slice of time."""
        width = max(1, span_ms // SLICES)
        for batch in batches:
            for event in batch:
                if type(event) is Quote:
                    mid = (event.bid + event.ask) / 2
                    _take_in(self._bars, Bar(event.exch_ms // width * width, event.bid, event.ask, mid))
            yield batch

    def see(self, now: int, event: Event, intents: Sequence[Intent], quote: Quote | None) -> None:  # noqa: ARG002
        """One call of the engine."""
        match event:
            case OrderUpdate() if (event.symbol, event.position_side) == self._leg:
                self._order(event)
            case PositionUpdate() if (event.symbol, event.side) == self._leg:
                self._position.append((event.exch_ms, event.qty))
            case AccountSnapshot() if not self._position:
                legs = [leg for leg in event.positions or () if (leg.symbol, leg.side) == self._leg]
                self._position += [(event.exch_ms, leg.qty) for leg in legs]
            case _:
                pass

    def _order(self, update: OrderUpdate) -> None:
        life = self._orders.get(update.client_id)
        if life is None:
            life = self._orders[update.client_id] = OrderLife(update.exch_ms, None, update.price)
        life.price = life.price or update.price
        if update.status.is_final and life.ended is None:
            life.ended = update.exch_ms
        trade = (update.client_id, update.trade_id)
        if update.last_qty and trade not in self._trades:
            self._trades.add(trade)
            self._fills.append(Fill(update.exch_ms, update.last_price, update.last_qty, bool(update.is_maker)))

    def finish(self, result: ReplayResult) -> None:
        """Write card and picture.

        Raises:
            ReplayError: they cannot be written.
        """
        bars = self._drawn(result.cost)
        scene = Scene(result, bars, tuple(self._orders.values()), tuple(self._fills), self._steps())
        try:
            (self.folder / "card.json").write_text(as_json(result), encoding="utf-8")
            draw(scene, self.folder / "exit.png")
        except OSError as error:
            raise _unwritable(self.folder, error) from error

    def _drawn(self, cost: Cost) -> tuple[Bar, ...]:
        """The bars until shortly after flat; the tape is read ahead of what the engine was told."""
        if not self._bars:
            return ()
        start = self._bars[0].at
        end = (cost.began_ms or start) + int(cost.duration_ms * (1 + MARGIN))
        width = max(1, (end - start) // BARS)
        drawn: list[Bar] = []
        for bar in self._bars:
            if bar.at <= end:
                _take_in(drawn, Bar(bar.at // width * width, bar.low, bar.high, bar.mid))
        return tuple(drawn)

    def _steps(self) -> tuple[tuple[int, Decimal], ...]:
        return tuple(sorted(self._position, key=lambda step: step[0]))


def _take_in(bars: list[Bar], bar: Bar) -> None:
    """Append, or widen the last one where it is of the same slice."""
    last = bars[-1] if bars else None
    if last is None or last.at != bar.at:
        bars.append(bar)
    else:
        last.low, last.high = min(last.low, bar.low), max(last.high, bar.high)


def _unwritable(folder: Path, error: OSError) -> ReplayError:
    return ReplayError(f"--out {folder}: cannot be written ({error.strerror or error}); name a folder that can")
