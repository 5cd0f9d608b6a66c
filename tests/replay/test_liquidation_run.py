"""A generated market runs to liquidation: panic in order and in time, the stop standing all along, or firing alone."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field, replace
from decimal import Decimal
from functools import cache
from random import Random

import pytest

from vibe_quant.core.engine import Engine
from vibe_quant.core.panic import bound_ms, panic_ttl_ms
from vibe_quant.domain.enums import OrderStatus, PositionSide, SignalReason
from vibe_quant.domain.events import Event, OrderUpdate, RulesLoaded, StopReport
from vibe_quant.domain.intents import Intent, OrderIntent
from vibe_quant.domain.risk import RiskLevel
from vibe_quant.domain.settings import (
    ExecutionSettings,
    PanicSettings,
    PanicTier,
    ProtectiveStopSettings,
    RiskSettings,
    Settings,
    SymbolSettings,
)
from vibe_quant.sim.exchange import SimExchange
from vibe_quant.sim.gateway import SimGateway
from vibe_quant.sim.latency import LognormalLatency
from vibe_quant.sim.market_generator import generate
from vibe_quant.sim.market_scenarios import scenario_params
from vibe_quant.sim.world import World
from vibe_quant.tapes.brackets import default_brackets

SYMBOL = "BTC/USDT:USDT"
QTY = Decimal(10)
ROUND_TRIP_MS = 200
D = Decimal
SLOW = (
    PanicTier(D("0.020"), D("0.01"), 90),
    PanicTier(D("0.015"), D("0.02"), 90),
    PanicTier(D("0.010"), D("0.20"), 0),
)
QUICK = (PanicTier(D("0.020"), D("0.05"), 2), PanicTier(D("0.015"), D("0.10"), 2), PanicTier(D("0.010"), D("0.20"), 1))


@dataclass
class Episode:
    """One stay in panic: when each tier first ruled in it, and its last moment."""

    entered: dict[int, int] = field(default_factory=dict)
    end_ms: int = 0


@dataclass
class Run:
    """What a run showed: moments are epoch ms of the simulated clock."""

    tiers: list[int] = field(default_factory=list)
    """Tiers in the order in which each first ruled."""
    episodes: list[Episode] = field(default_factory=list)
    orders: list[tuple[int, OrderIntent]] = field(default_factory=list)
    unprotected_ms: int = 0
    first_stop_ms: int | None = None
    last_stop_ms: int | None = None
    flat_ms: int | None = None
    liquidated: bool = False
    stop_filled: Decimal = Decimal(0)
    min_dist: Decimal | None = None
    left: Decimal = QTY
    stops_left: int = 0
    in_panic: bool = False


def settings(side: PositionSide, tiers: tuple[PanicTier, ...], *, panic: bool) -> Settings:
    execution = ExecutionSettings(maker_timeouts_to_escalate=2, max_order_notional=D(30))
    risk = RiskSettings(
        liq_distance_threshold=D("0.0201"),
        panic_close=PanicSettings(enabled=panic, tiers=tiers),
        protective_stop=ProtectiveStopSettings(dist_to_liq=D("0.004")),
    )
    return Settings(symbols=((SYMBOL, SymbolSettings(sides=(side,), execution=execution, risk=risk)),))


@cache
def run(side: PositionSide, tiers: tuple[PanicTier, ...], *, panic: bool, seed: int = 7) -> Run:
    params = scenario_params("liquidation_run", side=side)
    rules = replace(params.rules(SYMBOL), percent_up=D("1.05"), percent_down=D("0.95"))
    brackets = default_brackets(SYMBOL)
    exchange = SimExchange({SYMBOL: (rules, brackets)}, {"USDT": D(11_500)})
    exchange.account.leverage[SYMBOL] = 50
    exchange.seed_position(SYMBOL, side, QTY, params.price)
    gateway = SimGateway(exchange, LognormalLatency(seed))
    tape = generate("liquidation_run", seed, SYMBOL, 600, side=side)
    world = World(tape, gateway)
    engine = Engine(settings(side, tiers, panic=panic), "run", Random(seed))
    shown = Run()
    for now, event, intents in _play(engine, world, RulesLoaded(rules, 0, brackets)):
        _observe(shown, engine, exchange, side, now, event, intents)
        if shown.flat_ms is not None and now > shown.flat_ms + 10_000:
            break
    shown.left = exchange.account.leg(SYMBOL, side).qty
    shown.stops_left = len(list(exchange.algos.open))
    return shown


def _play(engine: Engine, world: World, rules: RulesLoaded) -> Iterator[tuple[int, Event, list[Intent]]]:
    world.gateway.deliver(world.now, rules)
    while (told := world.next(engine.deadline())) is not None:
        now, event = told
        intents = engine.handle(event, now)
        world.send(intents, now)
        yield now, event, intents


def _observe(
    shown: Run, engine: Engine, exchange: SimExchange, side: PositionSide, now: int, event: Event, intents: list[Intent]
) -> None:
    view = engine.side_view(SYMBOL, side)
    assert view is not None
    _observe_panic(shown, view.panic_tier, now)
    shown.orders += [(now, intent) for intent in intents if isinstance(intent, OrderIntent)]
    if view.dist is not None and view.risk is not RiskLevel.NONE:
        shown.min_dist = view.dist if shown.min_dist is None else min(shown.min_dist, view.dist)
    if isinstance(event, OrderUpdate):
        shown.liquidated |= event.client_id.startswith("autoclose-")
        if "-ps-" in event.client_id and event.status is not OrderStatus.NEW:
            shown.stop_filled = max(shown.stop_filled, event.filled_qty)
    held = exchange.account.leg(SYMBOL, side).qty > 0
    stands = any(True for _ in exchange.algos.open)
    if stands and shown.first_stop_ms is None:
        shown.first_stop_ms = now
    if held and shown.first_stop_ms is not None:
        if stands:
            shown.last_stop_ms = now
        elif shown.last_stop_ms is not None and not isinstance(event, StopReport):
            shown.unprotected_ms = max(shown.unprotected_ms, now - shown.last_stop_ms)
    if not held and shown.flat_ms is None:
        shown.flat_ms = now


def _observe_panic(shown: Run, tier: int | None, now: int) -> None:
    if tier is None:
        shown.in_panic = False
        return
    if not shown.in_panic:
        shown.in_panic = True
        shown.episodes.append(Episode())
    if tier not in shown.tiers:
        shown.tiers.append(tier)
    shown.episodes[-1].entered.setdefault(tier, now)
    shown.episodes[-1].end_ms = now


def assert_bounds_kept(shown: Run, tiers: tuple[PanicTier, ...]) -> None:
    """From a tier's first moment to flat, or to having left panic: never longer than the tier's bound."""
    ttl = panic_ttl_ms(800, D("0.5"))
    for episode in shown.episodes:
        for tier, entered in episode.entered.items():
            assert episode.end_ms - entered <= bound_ms(tiers[tier], ttl, ROUND_TRIP_MS)


@pytest.mark.parametrize("side", list(PositionSide))
def test_tiers_engage_in_order_and_each_keeps_its_bound(side: PositionSide) -> None:
    shown = run(side, SLOW, panic=True)
    assert shown.tiers == [0, 1, 2]
    assert_bounds_kept(shown, SLOW)
    assert not shown.liquidated
    assert shown.min_dist is not None and shown.min_dist > D("0.004")
    assert shown.left < QTY / 4


@pytest.mark.parametrize("side", list(PositionSide))
def test_quick_tiers_keep_the_leg_away_from_liquidation(side: PositionSide) -> None:
    shown = run(side, QUICK, panic=True)
    assert shown.tiers[0] == 0
    assert_bounds_kept(shown, QUICK)
    assert max(e.end_ms - min(e.entered.values()) for e in shown.episodes) > 0
    panic = [intent for _, intent in shown.orders if intent.reason is SignalReason.PANIC]
    assert panic and all(intent.side is side.exit_side for intent in panic)
    assert not shown.liquidated
    assert shown.min_dist is not None and shown.min_dist > D("0.01")


@pytest.mark.parametrize("side", list(PositionSide))
def test_the_stop_stands_before_panic_and_until_the_leg_is_flat(side: PositionSide) -> None:
    shown = run(side, SLOW, panic=True)
    assert shown.first_stop_ms is not None
    assert shown.first_stop_ms < shown.episodes[0].entered[0]
    assert shown.unprotected_ms == 0
    assert shown.stops_left == (1 if shown.left > 0 else 0)


@pytest.mark.parametrize("side", list(PositionSide))
def test_with_panic_off_the_stop_closes_the_leg_before_liquidation(side: PositionSide) -> None:
    shown = run(side, SLOW, panic=False)
    assert shown.stop_filled > 0
    assert not any(intent.reason is SignalReason.PANIC for _, intent in shown.orders)
    assert shown.left == 0
    assert not shown.liquidated
