"""When funding is paid: a timetable a symbol, kept by the exchange's own timers."""

from __future__ import annotations

from dataclasses import dataclass
from functools import partial

from vibe_quant.sim.forced import Forced
from vibe_quant.sim.venue import Venue

HOUR = 3_600_000


@dataclass(slots=True, eq=False)
class _Timetable:
    interval_ms: int
    next_ms: int


class Funding:
    """Pays the rate that the market shows at the moment; a symbol without a timetable or a rate pays nothing."""

    def __init__(self, venue: Venue, forced: Forced) -> None:
        """Shares the exchange's state."""
        self._venue = venue
        self._forced = forced
        self._tables: dict[str, _Timetable] = {}

    def start(self, symbol: str, now: int, interval_hours: int = 8, next_ms: int | None = None) -> None:
        """Pay every ``interval_hours``, next at ``next_ms``: by default the next multiple of the interval since 00 UTC.

        Starting again replaces the symbol's timetable.
        """
        interval = interval_hours * HOUR
        due = (now // interval + 1) * interval if next_ms is None else next_ms
        table = self._tables[symbol] = _Timetable(interval, due)
        self._venue.schedule(due, partial(self._pay, symbol, table))

    def next_ms(self, symbol: str) -> int:
        """The symbol's next funding time; zero without a timetable, as the exchange shows for what pays none."""
        table = self._tables.get(symbol)
        return 0 if table is None else table.next_ms

    def interval_hours(self, symbol: str) -> int:
        """Hours between two payments; 8 without a timetable."""
        table = self._tables.get(symbol)
        return 8 if table is None else table.interval_ms // HOUR

    def _pay(self, symbol: str, table: _Timetable, at: int) -> None:
        if self._tables[symbol] is not table:
            return
        table.next_ms = at + table.interval_ms
        self._venue.schedule(table.next_ms, partial(self._pay, symbol, table))
        rate = self._venue.markets[symbol].funding_rate
        if rate:
            self._forced.funding(symbol, rate, at)
