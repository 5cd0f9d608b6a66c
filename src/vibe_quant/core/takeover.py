"""Whether a stop of the user's own protects the leg in place of ours.  Foreign stops are looked at, never touched."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from decimal import Decimal

from vibe_quant.domain.enums import OrderType, PositionSide, StopStatus
from vibe_quant.domain.events import StopReport, StopsRead
from vibe_quant.domain.risk_settings import TakeoverSettings

AGREE_MS = 1000


@dataclass(frozen=True, slots=True)
class Need:
    """What a foreign stop has to cover: the whole quantity, between liquidation and mark."""

    qty: Decimal
    liq: Decimal
    mark: Decimal


@dataclass(frozen=True, slots=True)
class Held:
    """A foreign stop that REST has shown: first and last read that listed it (their departures)."""

    key: str
    first_ms: int
    seen_ms: int


def covers(stop: StopReport, need: Need) -> bool:
    """A resting STOP_MARKET that closes the leg or at least the whole quantity, between mark and liquidation."""
    low, high = (need.liq, need.mark) if stop.side is PositionSide.LONG else (need.mark, need.liq)
    return (
        stop.status is StopStatus.NEW
        and stop.order_type is OrderType.STOP_MARKET
        and stop.order_side is stop.side.exit_side
        and (stop.close_position or stop.qty >= need.qty)
        and low < stop.trigger_price < high
    )


class Takeover:
    """The foreign stops of one leg; those of the other leg are only counted."""

    def __init__(self, side: PositionSide, settings: TakeoverSettings, is_own: Callable[[str], bool]) -> None:
        self._side = side
        self.settings = settings
        self._is_own = is_own
        self._stops: dict[str, StopReport] = {}
        self._ended: dict[str, None] = {}
        self.held: Held | None = None
        self._unjudged_ms: int | None = None
        """Departure of a read that came before it was known what a stop has to cover."""

    @property
    def confirmed(self) -> bool:
        """Whether two reads, a second apart, have shown it: one read withdraws no stop of ours."""
        return self.held is not None and self.held.seen_ms - self.held.first_ms >= AGREE_MS

    @property
    def trigger(self) -> Decimal | None:
        """Where the held one triggers, as last told; None: none is held, or the last read did not list it."""
        stop = None if self.held is None else self._stops.get(self.held.key)
        return None if stop is None else stop.trigger_price

    @property
    def closing_stands(self) -> bool:
        """Whether a foreign closePosition stop of this leg is known, which may forbid one of ours (-4130)."""
        return any(
            s.side is self._side and s.close_position and s.order_type is OrderType.STOP_MARKET
            for s in self._stops.values()
        )

    @property
    def resting(self) -> int:
        """How many foreign conditional orders of the symbol are known, of either leg and any type."""
        return len(self._stops)

    def knows(self, report: StopReport) -> bool:
        """Whether it is about a foreign stop that is not over."""
        return self._key(report) in self._stops

    def report(self, report: StopReport, need: Need | None) -> bool:
        """A stream's report; True where REST is to be asked: one that would cover has appeared."""
        key = self._key(report)
        if key is None or key in self._ended:
            return False
        if report.status.is_final:
            self._end(key)
            return False
        self._stops[key] = report
        if report.side is not self._side or need is None or self.held is not None:
            return False
        return self.settings.enabled and covers(report, need)

    def read(self, read: StopsRead, need: Need | None) -> bool:
        """A REST read that is not outdated; True where one that rested before is firing by now."""
        listed = {key: s for s in read.stops if (key := self._key(s)) is not None and key not in self._ended}
        resting = {key for key, s in self._stops.items() if not s.status.is_firing}
        self._stops = {key: s for key, s in listed.items() if not s.status.is_final}
        mine = {key: s for key, s in self._stops.items() if s.side is self._side}
        fired = any(mine[key].status.is_firing for key in resting & mine.keys())
        self._unjudged_ms = read.request_ms if need is None else None
        if need is not None:
            self._judge(need, read.request_ms)
        return fired

    def _judge(self, need: Need, seen_ms: int) -> None:
        """Hold one that covers, of those that a read has listed which left at ``seen_ms``."""
        mine = {key: stop for key, stop in self._stops.items() if stop.side is self._side}
        good = [key for key, stop in mine.items() if covers(stop, need)] if self.settings.enabled else []
        if self.held is not None and self.held.key in good:
            self.held = Held(self.held.key, self.held.first_ms, max(self.held.seen_ms, seen_ms))
        elif good:
            self.held = Held(good[0], seen_ms, seen_ms)

    def review(self, need: Need | None, now: int) -> None:
        """Lets go of one that covers no more (enlarged, liquidation moved) or was not seen for ``max_hold_s``.

        Once it is known what has to be covered, a read that came before is judged.
        """
        if need is not None and self._unjudged_ms is not None:
            self._judge(need, self._unjudged_ms)
            self._unjudged_ms = None
        if self.held is None:
            return
        stop = self._stops.get(self.held.key)
        uncovered = need is not None and stop is not None and not covers(stop, need)
        if uncovered or not self.settings.enabled or now - self.held.seen_ms >= self.settings.max_hold_s * 1000:
            self.held = None

    def deadline(self) -> int | None:
        """When the one that is held is given up if it is not seen again."""
        return None if self.held is None else self.held.seen_ms + self.settings.max_hold_s * 1000

    def _key(self, report: StopReport) -> str | None:
        return None if self._is_own(report.client_id) else report.client_id or str(report.algo_id)

    def _end(self, key: str) -> None:
        self._stops.pop(key, None)
        self._ended[key] = None
        if len(self._ended) > 64:
            del self._ended[next(iter(self._ended))]
        if self.held is not None and self.held.key == key:
            self.held = None
