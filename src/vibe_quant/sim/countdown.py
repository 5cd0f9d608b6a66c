"""countdownCancelAll: a timer a symbol that cancels its orders unless it is set again in time."""

from __future__ import annotations

from functools import partial

from vibe_quant.domain.enums import OrderStatus
from vibe_quant.sim.matching import Matching
from vibe_quant.sim.records import ExpiryReason
from vibe_quant.sim.stops import AlgoService
from vibe_quant.sim.venue import Venue


class Countdowns:
    """Takes every order of the symbol, whoever placed it; conditional orders by switch."""

    def __init__(self, venue: Venue, matching: Matching, algos: AlgoService) -> None:
        """Shares the exchange's state."""
        self._venue = venue
        self._matching = matching
        self._algos = algos
        self._due: dict[str, int] = {}

    def arm(self, symbol: str, countdown_ms: int, now: int) -> None:
        """Start or restart a symbol's timer; zero stops it."""
        self._venue.market(symbol)
        self._due[symbol] = due = now + countdown_ms if countdown_ms else 0
        if due:
            self._venue.schedule(due, partial(self._run_out, symbol))

    def _run_out(self, symbol: str, at: int) -> None:
        if self._due[symbol] != at:
            return
        self._due[symbol] = 0
        for order in list(self._venue.markets[symbol].resting):
            self._matching.end(order, OrderStatus.CANCELED, ExpiryReason.NONE, at)
        if self._venue.switches.countdown_cancels_algos:
            self._algos.cancel_all(symbol, at)
