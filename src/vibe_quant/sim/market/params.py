"""What a generated market is like, and how the same market looks on another instrument."""

from __future__ import annotations

from dataclasses import dataclass, replace
from decimal import Decimal

from vibe_quant.domain.rules import SymbolRules

MAX_STEPS = 10**9
FUNDING = Decimal("0.0001")

Lead = tuple[tuple[float, float], ...]
"""Where the price is led: (share of the duration, share of ``move``), from (0, 0); straight lines between."""


@dataclass(frozen=True, slots=True)
class MarketParams:
    """Quantities are in steps, spreads in ticks, medians of lognormals with the sigma beside them.

    **Arrivals.**  ``quotes_per_s`` and ``orders_per_s`` come of themselves, with a density that wanders: its logarithm
    has the deviation ``activity_sigma`` and forgets within ``activity_s``; the price wanders faster when it is high.
    Each taker's order draws ``followers`` more (mean, below 1) within ``follow_s``, and ``echoes`` quotes within
    ``echo_s``; each move of the touch draws ``move_echoes`` quotes.

    **Takers.**  An order of ``print_lots`` steps has about two prints, the more unequal the larger ``print_unevenness``
    (1: as chance cuts them); ``meta_share`` of the orders are parts of larger ones and keep their side; ``exact_share``
    take just what is displayed.  Each order moves the price by ``impact`` (a ratio) for some ``impact_s``.

    **Price.**  ``volatility`` is the standard deviation of the log price over eight minutes; ``reversion_s`` is the
    time in which that noise is drawn back to the path (0: never).  The book stays until the price has left it by
    ``sticky`` (mean, ratio of the price); then it moves, in ``sweep_share`` of the cases because takers trade the touch
    away, and is as narrow as before within ``close_ms``.  ``reshape`` is the share of quotes that change the spread,
    which is one tick in ``tight_share`` of the cases.  ``move`` is a signed ratio of the first price, led along
    ``path``; while the path goes the way of ``move``, ``forced_share`` of the sweeps are other people's liquidations.

    **News.**  ``halt`` is when trading stops and resumes, ``funding_at`` when funding of rate ``funding`` is paid, all
    as shares of the duration (None: trading never stops; funding at the hours of the exchange).
    """

    price: Decimal
    tick: Decimal
    step: Decimal
    quotes_per_s: float
    orders_per_s: float
    touch_median: float
    touch_sigma: float
    taker_median: float
    taker_sigma: float
    print_lots: float
    volatility: float
    sticky: float
    min_notional: Decimal = Decimal(5)
    activity_sigma: float = 0.7
    activity_s: float = 8.0
    followers: float = 0.35
    follow_s: float = 0.015
    echoes: float = 2.5
    move_echoes: float = 25.0
    echo_s: float = 0.015
    print_unevenness: float = 7.0
    meta_share: float = 0.9
    impact: float = 0.0
    impact_s: float = 20.0
    exact_share: float = 0.0
    sweep_share: float = 0.5
    reversion_s: float = 0.0
    close_ms: int = 2
    spread_extra: float = 0.0
    spread_sigma: float = 0.8
    tight_share: float = 0.0
    reshape: float = 0.0
    path: Lead = ()
    move: float = 0.0
    forced_share: float = 0.0
    halt: tuple[float, float] | None = None
    funding: Decimal = FUNDING
    funding_at: float | None = None
    book_lag_ms: float = 4.0
    market_lag_ms: float = 12.0
    lag_sigma: float = 0.5

    def rules(self, symbol: str) -> SymbolRules:
        """The rules of the generated instrument."""
        most = self.step * MAX_STEPS
        return SymbolRules(
            symbol=symbol,
            tick=self.tick,
            step=self.step,
            min_qty=self.step,
            max_qty=most,
            min_notional=self.min_notional,
            market_max_qty=most,
            inferred=True,
        )

    def on_instrument(self, price: Decimal, tick: Decimal, step: Decimal) -> MarketParams:
        """The same market at another price and grid: sizes keep their notional, spreads their ratio of the price.

        Raises:
            ValueError: one of the three is not above zero.
        """
        if min(price, tick, step) <= 0:
            raise ValueError(f"price {price}, tick {tick} and step {step} must be above zero")
        lots = float(self.price * self.step / (price * step))
        return replace(
            self,
            price=price,
            tick=tick,
            step=step,
            touch_median=self.touch_median * lots,
            taker_median=self.taker_median * lots,
            print_lots=self.print_lots * lots,
            spread_extra=self.spread_extra * float(self.tick / self.price * price / tick),
        )
