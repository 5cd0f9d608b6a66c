"""The named scenarios of generated markets."""

from __future__ import annotations

from dataclasses import dataclass, replace
from decimal import Decimal

from vibe_quant.domain.enums import PositionSide
from vibe_quant.sim.market.params import Lead, MarketParams

CALM = MarketParams(
    price=Decimal("28145.1"),
    tick=Decimal("0.1"),
    step=Decimal("0.001"),
    quotes_per_s=30.0,
    orders_per_s=4.5,
    touch_median=6000.0,
    touch_sigma=1.1,
    taker_median=20.0,
    taker_sigma=2.3,
    print_lots=72.0,
    volatility=0.001,
    sticky=0.000035,
    impact=0.000003,
)

THIN_ALT = MarketParams(
    price=Decimal("3.64152"),
    tick=Decimal("0.00001"),
    step=Decimal(1),
    quotes_per_s=3.1,
    orders_per_s=0.7,
    touch_median=75.0,
    touch_sigma=1.2,
    taker_median=100.0,
    taker_sigma=1.2,
    print_lots=600.0,
    print_unevenness=1.0,
    volatility=0.0015,
    sticky=0.0003,
    impact=0.0002,
    impact_s=8.0,
    activity_sigma=0.5,
    followers=0.1,
    meta_share=0.95,
    exact_share=0.5,
    echoes=1.2,
    move_echoes=1.2,
    echo_s=0.03,
    close_ms=50,
    spread_extra=92.0,
    spread_sigma=0.6,
    tight_share=0.08,
    reshape=0.7,
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
CASCADE: Lead = (
    (0.0, 0.0),
    (0.15, 0.05),
    (0.2, 0.3),
    (0.3, 0.18),
    (0.4, 0.25),
    (0.45, 0.6),
    (0.6, 0.45),
    (0.65, 0.55),
    (0.7, 1.0),
    (0.85, 0.8),
    (1.0, 0.85),
)
GAP: Lead = ((0.0, 0.0), (0.4, 0.0), (0.55, 1.0), (1.0, 1.0))


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
        replace(CALM, path=RUN, move=0.058, reversion_s=20.0, touch_median=5000.0), PositionSide.LONG
    ),
    "squeeze": Scenario(
        replace(CALM, path=SQUEEZE, move=0.03, reversion_s=20.0, touch_median=1500),
        PositionSide.SHORT,
    ),
    "cascade": Scenario(
        replace(CALM, path=CASCADE, move=0.15, reversion_s=20.0, touch_median=2000, forced_share=0.3), PositionSide.LONG
    ),
    "funding": Scenario(replace(CALM, funding=Decimal("0.003"), funding_at=0.5), PositionSide.LONG),
    "halt": Scenario(replace(CALM, path=GAP, move=0.01, halt=(0.4, 0.6)), PositionSide.LONG),
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
    funding = chosen.params.funding
    if chosen.params.funding_at is not None and hurts is PositionSide.SHORT:
        funding = -funding
    return replace(chosen.params, move=-size if hurts is PositionSide.LONG else size, funding=funding)
