"""countdownCancelAll: a timer a symbol that cancels its orders unless it is set again in time."""

from __future__ import annotations

from functools import partial

from vibe_quant.domain.enums import OrderStatus
from vibe_quant.sim.matching import Matching
from vibe_quant.sim.records import ExpiryReason
from vibe_quant.sim.stops import AlgoService
from vibe_quant.sim.venue import NEVER, Venue


class Countdowns:
    """Takes every order of the symbol, whoever placed it; conditional orders by switch."""

    def __init__(self, venue: Venue, matching: Matching, algos: AlgoService) -> None:
        """Shares the exchange's state."""
        self._venue = venue
        self._matching = matching
        self._algos = algos
        self._due: dict[str, int] = {}  # when each symbol's orders go
        self._looks: dict[str, int] = {}  # when its timer looks whether they do: never later

    def arm(self, symbol: str, countdown_ms: int, now: int) -> None:
        """Start or restart a symbol's timer; zero stops it."""
        self._venue.market(symbol)
        if not countdown_ms:
            self._due.pop(symbol, None)
            return
        self._due[symbol] = due = now + countdown_ms
        if due < self._looks.get(symbol, NEVER):
            self._look_at(symbol, due)

    def _look_at(self, symbol: str, at: int) -> None:
        self._looks[symbol] = at
        self._venue.schedule(at, partial(self._look, symbol))

    def _look(self, symbol: str, at: int) -> None:
        if self._looks.get(symbol) != at:
            return
        del self._looks[symbol]
        due = self._due.get(symbol)
        if due is not None and due > at:
            self._look_at(symbol, due)
        elif due is not None:
            self._run_out(symbol, at)

    def _run_out(self, symbol: str, at: int) -> None:
        del self._due[symbol]
        for order in list(self._venue.markets[symbol].resting):
            self._matching.end(order, OrderStatus.CANCELED, ExpiryReason.NONE, at)
        if self._venue.switches.countdown_cancels_algos:
            self._algos.cancel_all(symbol, at)
