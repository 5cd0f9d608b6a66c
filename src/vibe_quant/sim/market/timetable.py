"""When a generated market halts and resumes, and when funding of which rate is paid."""

from __future__ import annotations

from vibe_quant.sim.market.news import HALTED, TRADING, FundingAt, MarketNews, StatusChange
from vibe_quant.sim.market.params import FUNDING, MarketParams

FUNDING_EVERY_MS = 8 * 3_600_000


class Timetable:
    """What is known beforehand, all of it on the grid of whole seconds from the start on which marks come.

    Funding of ``params.funding`` is paid at the moment that ``params`` names, at the usual rate every eight hours of
    the clock after it; where ``params`` names none, at ``params.funding`` at those hours.
    """

    def __init__(self, params: MarketParams, symbol: str, start_ms: int, duration_s: int) -> None:
        self._symbol = symbol
        self.rate = params.funding
        """The funding rate that marks carry now."""
        share = params.funding_at
        self._rate_after = params.funding if share is None else FUNDING
        self._funding_ms = _hour_after(start_ms) if share is None else start_ms + int(share * duration_s) * 1000
        self._halt = None
        self._resumes = False
        self._changes: list[StatusChange] = []
        if params.halt is not None:
            begin, end = (start_ms + int(share * duration_s) * 1000 for share in params.halt)
            if begin < end:
                self._halt = begin, end
                self._changes = [StatusChange(symbol, begin, HALTED), StatusChange(symbol, end, TRADING)]

    def first(self, now: int) -> list[MarketNews]:
        """What is known at the start."""
        return [FundingAt(self._symbol, now, self._funding_ms, self.rate)]

    def due(self, now: int) -> list[MarketNews]:
        """What is news at ``now``, a moment of the grid."""
        news: list[MarketNews] = []
        while self._changes and self._changes[0].exch_ms <= now:
            news.append(self._changes.pop(0))
        if now >= self._funding_ms:
            self.rate = self._rate_after
            self._funding_ms = _hour_after(now)
            news += self.first(now)
        return news

    def halted(self, at_ms: float) -> bool:
        """Whether nothing trades at that moment."""
        return self._halt is not None and self._halt[0] <= at_ms < self._halt[1]

    def resumption_ms(self) -> int:
        """When the first arrival after the halt comes; it finds the book jumped."""
        self._resumes = True
        return 0 if self._halt is None else self._halt[1] + 1

    def resumed(self) -> bool:
        """True for the first arrival after the halt."""
        resumes, self._resumes = self._resumes, False
        return resumes


def _hour_after(at_ms: int) -> int:
    return (at_ms // FUNDING_EVERY_MS + 1) * FUNDING_EVERY_MS
