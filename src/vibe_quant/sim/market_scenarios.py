"""What a generated market is like: its parameters, and the named scenarios."""

from __future__ import annotations

from dataclasses import dataclass, replace
from decimal import Decimal

from vibe_quant.domain.enums import PositionSide
from vibe_quant.domain.rules import SymbolRules

MAX_STEPS = 10**9

Lead = tuple[tuple[float, float], ...]
"""Where the price is led: (share of the duration, share of ``move``), from (0, 0); straight lines between."""


@dataclass(frozen=True, slots=True)
class MarketParams:
    """Quantities are in steps, spreads in ticks, medians of lognormals with the sigma beside them.

    ``trades_per_s`` counts prints; a taker's order is ``prints`` of them on average, at one time.  Order flow switches
    into bursts every ``burst_every_s`` for ``burst_s`` and is ``burst_factor`` times as dense then.  ``volatility`` is
    the standard deviation of the log price over eight minutes; ``reversion_s`` is the time in which that noise is drawn
    back to the path (0: never).  The book stays until the price has left it by ``sticky`` (mean, ratio of the price);
    then it moves, in ``sweep_share`` of the cases because takers trade the touch away.  ``reshape`` is the share of
    quotes that change the spread.  ``move`` is a signed ratio of the first price, led along ``path``.
    """

    price: Decimal
    tick: Decimal
    step: Decimal
    quotes_per_s: float
    trades_per_s: float
    prints: float
    touch_median: float
    touch_sigma: float
    taker_median: float
    taker_sigma: float
    volatility: float
    sticky: float
    min_notional: Decimal = Decimal(5)
    burst_every_s: float = 12.0
    burst_s: float = 1.5
    burst_factor: float = 6.0
    sign_persistence: float = 0.45
    sweep_share: float = 0.7
    reversion_s: float = 0.0
    spread_extra: float = 0.0
    spread_sigma: float = 0.8
    reshape: float = 0.0
    path: Lead = ()
    move: float = 0.0
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


CALM = MarketParams(
    price=Decimal("28145.1"),
    tick=Decimal("0.1"),
    step=Decimal("0.001"),
    quotes_per_s=88,
    trades_per_s=25,
    prints=3.3,
    touch_median=4000,
    touch_sigma=1.1,
    taker_median=35,
    taker_sigma=2.0,
    volatility=0.0012,
    sticky=0.00003,
)

THIN_ALT = MarketParams(
    price=Decimal("3.64152"),
    tick=Decimal("0.00001"),
    step=Decimal(1),
    quotes_per_s=5,
    trades_per_s=1.0,
    prints=1.3,
    touch_median=110,
    touch_sigma=1.0,
    taker_median=75,
    taker_sigma=0.8,
    volatility=0.003,
    sticky=0.0003,
    spread_extra=60.0,
    reshape=0.4,
    book_lag_ms=5.0,
    market_lag_ms=60.0,
)

RUN: Lead = (
    (0.0, 0.0),
    (0.1, 0.0),
    (0.3, 0.25),
    (0.31, 0.4),
    (0.55, 0.6),
    (0.56, 0.75),
    (0.8, 0.95),
    (0.81, 1.1),
    (1.0, 1.15),
)
SQUEEZE: Lead = ((0.0, 0.0), (0.3, 0.05), (0.34, 1.0), (0.45, 0.7), (0.6, 1.1), (1.0, 0.5))
TREND: Lead = ((0.0, 0.0), (1.0, 1.0))


@dataclass(frozen=True, slots=True)
class Scenario:
    """Parameters, and the leg that its move hurts if nobody says (None: there is no move)."""

    params: MarketParams
    hurts: PositionSide | None


SCENARIOS: dict[str, Scenario] = {
    "calm": Scenario(CALM, None),
    "trending": Scenario(replace(CALM, path=TREND, move=0.006), PositionSide.LONG),
    "thin_alt": Scenario(THIN_ALT, None),
    "liquidation_run": Scenario(
        replace(CALM, path=RUN, move=0.05, reversion_s=20.0, burst_every_s=5.0), PositionSide.LONG
    ),
    "squeeze": Scenario(
        replace(CALM, path=SQUEEZE, move=0.03, reversion_s=20.0, burst_every_s=5.0, touch_median=1500),
        PositionSide.SHORT,
    ),
}


def scenario_params(scenario: str, side: PositionSide | None = None, move: float | None = None) -> MarketParams:
    """Parameters of a named scenario, its move turned against ``side`` and of size ``move`` (a ratio above zero).

    Raises:
        ValueError: no such scenario, or a move that would end at or below a price of zero.
    """
    if scenario not in SCENARIOS:
        raise ValueError(f"no market scenario {scenario!r}; there are {', '.join(SCENARIOS)}")
    chosen = SCENARIOS[scenario]
    size = chosen.params.move if move is None else move
    if not 0 <= size < 0.8:
        raise ValueError(f"a move of {size} is not between 0 and 0.8 of the price")
    hurts = side or chosen.hurts
    return replace(chosen.params, move=-size if hurts is PositionSide.LONG else size)
