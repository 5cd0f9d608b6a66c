"""Weather drawn from a seed: what is configured and held, where the market goes, and what befalls it all at once."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace
from decimal import Decimal
from random import Random
from typing import Any

from tests.e2e.driven import Driven, wallet_for
from tests.e2e.stage import Scene, settings
from tests.e2e.unknowns import OTHER

from vibe_quant.domain.enums import PositionSide
from vibe_quant.domain.settings import Settings
from vibe_quant.sim.catalogue import CATALOGUE
from vibe_quant.sim.front.box_options import BoxOptions, MarketSource
from vibe_quant.sim.switches import Switches

D = Decimal
LONG, SHORT = PositionSide.LONG, PositionSide.SHORT
STORM_S = 9.0
"""From the program's start until everything is lifted."""
LIQUIDATION = "0.05"
"""How far away the main leg is liquidated, a ratio of its entry."""
QTY = {"BTCUSDT": "0.3", "ETHUSDT": "4"}
TIERS = (
    {"dist_to_liq": 0.030, "slice_ratio": 0.34, "maker_timeouts_to_escalate": 1},
    {"dist_to_liq": 0.020, "slice_ratio": 0.5, "maker_timeouts_to_escalate": 0},
    {"dist_to_liq": 0.012, "slice_ratio": 1, "maker_timeouts_to_escalate": 0},
)
STRATEGIES: Mapping[str, Mapping[str, Any]] = {
    "patient": {"names": ["patient"]},
    "price": {"names": ["orderbook_price"]},
    "pressure": {"names": ["orderbook_pressure"]},
    "majority": {"names": ["orderbook_price", "patient"]},
    "leader": {"names": ["orderbook_price", "patient"], "policy": "leader", "leader": "patient"},
}
COURSES: Mapping[str, tuple[tuple[float, str, float], ...]] = {
    "calm": (),
    "drift": ((1, "-0.004", 3), (5, "0.002", 2)),
    "to panic": ((2, "-0.026", 1.5), (7, "-0.01", 1)),
    "deep panic": ((2.5, "-0.036", 2),),
    "to the stop": ((3, "-0.0475", 2),),
    "leaps to the stop": ((4, "-0.0475", 0),),
    "spike": ((3, "-0.03", 0), (4, "0.003", 0)),
}
"""When (s), how far from the opening against the main leg (a ratio), in how many seconds."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Setup:
    """What is configured and held."""

    strategy: str = "patient"
    panic: bool = True
    dead_man: bool = False
    amend: bool = False
    main: PositionSide = LONG
    both_sides: bool = False
    two_symbols: bool = False
    isolated: bool = False
    manage_all: bool = False
    far: bool = False
    """Makers rest a hundred ticks and more from the market, so that orders live while things go wrong."""
    base_mult: int = 2

    @property
    def seats(self) -> tuple[tuple[str, PositionSide, str], ...]:
        """(symbol, leg, quantity), the main leg first."""
        legs = [("BTCUSDT", self.main, QTY["BTCUSDT"])]
        if self.both_sides:
            legs.append(("BTCUSDT", self.main.opposite, "0.1"))
        if self.two_symbols:
            legs.append(("ETHUSDT", self.main.opposite, QTY["ETHUSDT"]))
        return tuple(legs)

    def settings(self) -> Settings:
        """As the program reads them."""
        text = json.dumps({"global": self._shared(), "symbols": {f"{name}/USDT:USDT": {} for name in ("BTC", "ETH")}})
        return settings(text)

    def _shared(self) -> dict[str, Any]:
        panic = {"panic_close": {"enabled": True, "tiers": TIERS}} if self.panic else {}
        return {
            "venue": "sim",
            "manage": "all" if self.manage_all else "listed",
            "ws": {"reconnect": {"initial_delay_ms": 200, "max_delay_ms": 1000}},
            "breaker": {"failures": 5, "block_s": 2},
            "stop_timeout_s": 10,
            "execution": {
                "order_ttl_ms": 1200 if self.far else 300,
                **({"maker_safety_ticks": 500, "maker_timeouts_to_escalate": 0} if self.far else {}),
                "repost_cooldown_ms": 20,
                "min_signal_interval_ms": 100,
                "max_order_notional": 4000,
                "base_mult": self.base_mult,
                "amend": self.amend,
            },
            "risk": {
                "reconcile_interval_s": 5,
                "liq_distance_threshold": 0.035,
                "protective_stop": {"dist_to_liq": 0.004, "loosen_cooldown_s": 0},
                "dead_man": {"enabled": self.dead_man, "countdown_s": 10},
                **panic,
            },
            "strategy": {
                **STRATEGIES[self.strategy],
                "patient": {
                    "horizon_s": 600,
                    "endgame_s": 2,
                    "child_s": 2,
                    "min_child": 0.004,
                    "max_touch_share": 1,
                    "reprice_ms": 300,
                },
                "orderbook_pressure": {"threshold_qty": 1, "sustain_ms": 200, "passive_ttl_ms": 1000},
            },
        }


@dataclass(frozen=True, slots=True)
class Strike:
    """Something that befalls: ``at_s`` after the start, for ``for_s`` (None: a moment); ``fields`` as the box takes it.

    ``kind`` is one of the box's faults, or one of COMMANDS and "kill", of which ``fields`` says how long it stays down.
    """

    at_s: float
    kind: str
    for_s: float | None = None
    fields: Mapping[str, Any] = field(default_factory=dict)

    @property
    def endpoints(self) -> tuple[str, ...]:
        """Which requests it strikes; none are named: any."""
        return tuple(self.fields.get("where", {}).get("endpoint", ()))


@dataclass(frozen=True, slots=True)
class Weather:
    """All of it; ``strikes`` in their order."""

    seed: int
    setup: Setup
    course: str
    switches: Mapping[str, Any]
    strikes: tuple[Strike, ...]
    gap_s: float | None = None
    """When the book leaps away from the mark for a second and a half."""
    latency_ms: int = 5
    """Mean time of requests, answers and user events each way."""

    def only(self, kept: Iterable[int]) -> Weather:
        """With these strikes of it alone, by their numbers."""
        return replace(self, strikes=tuple(self.strikes[number] for number in kept))

    def __str__(self) -> str:
        lines = [
            f"weather of seed {self.seed}: {self.setup}",
            f"market: {self.course!r}, gap at {self.gap_s} s, {self.latency_ms} ms away",
        ]
        lines.append(f"switches: {dict(self.switches)}")
        for number, strike in enumerate(self.strikes):
            lasts = "" if strike.for_s is None else f" for {strike.for_s} s"
            lines.append(f"  {number}: {strike.at_s} s {strike.kind}{lasts} {dict(strike.fields)}")
        return "\n".join(lines)


def switch_draws(random: Random) -> dict[str, Any]:
    """As assumed, mostly; sometimes one to four answers otherwise."""
    base = Switches()
    names = [n for n in sorted(Switches.__dataclass_fields__) if n in OTHER or isinstance(getattr(base, n), bool)]
    drawn = random.sample(names, random.choice((0, 0, 1, 2, 4)))
    return {name: random.choice(OTHER[name]) if name in OTHER else not getattr(base, name) for name in drawn}


@dataclass(frozen=True, slots=True, kw_only=True)
class WeatherScene(Scene):
    """Driven markets, each its own."""

    markets: tuple[Driven, ...]

    def options(self) -> BoxOptions:
        """As the box takes them."""
        sources = (MarketSource(CATALOGUE[market.symbol], events=market.events()) for market in self.markets)
        return replace(Scene.options(self), markets=tuple(sources))


def wallet(setup: Setup, main: Driven) -> Decimal:
    """With which the main leg is liquidated where it shall be, the others of the account being as they are."""
    net = D(QTY["BTCUSDT"]) - (D("0.1") if setup.both_sides and not setup.isolated else 0)
    alone = D(wallet_for(main, str(net), LIQUIDATION, setup.main))
    return alone + (100 if setup.both_sides or setup.two_symbols else 0)


def scene_of(weather: Weather, btc: Driven, eth: Driven) -> WeatherScene:
    """What the exchange holds; an isolated leg gets its wallet from ``isolate``."""
    setup = weather.setup
    beside = tuple(seat for seat in setup.seats if seat[0] != "BTCUSDT")
    seats = tuple((side, qty) for symbol, side, qty in setup.seats if symbol == "BTCUSDT")
    cash = wallet(setup, btc) * (3 if setup.isolated else 1)
    return WeatherScene(
        markets=(btc, eth),
        seats=seats,
        beside=beside,
        wallet=str(cash),
        seed=weather.seed % 1000,
        latency_ms=weather.latency_ms,
        switches=replace(Switches(), **weather.switches),
    )
