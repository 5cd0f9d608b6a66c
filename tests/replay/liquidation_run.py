"""Replays a market that runs to liquidation; notes what panic did, what the stop did, and what the market showed."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field, replace
from decimal import Decimal
from functools import cache
from random import Random

from vibe_quant.core.engine import Engine
from vibe_quant.domain.enums import ExecutionMode, OrderSide, OrderStatus, PositionSide, SignalReason
from vibe_quant.domain.events import Event, OrderUpdate, Quote, RulesLoaded, StopReport
from vibe_quant.domain.intents import Intent, OrderIntent, Request
from vibe_quant.domain.risk import RiskLevel
from vibe_quant.domain.risk_settings import PanicSettings, PanicTier, ProtectiveStopSettings, RiskSettings
from vibe_quant.domain.settings import ExecutionSettings, Settings, SymbolSettings
from vibe_quant.sim.exchange import SimExchange
from vibe_quant.sim.gateway import Hop, SimGateway
from vibe_quant.sim.latency import LognormalLatency
from vibe_quant.sim.market.generator import generate
from vibe_quant.sim.market.params import MarketParams
from vibe_quant.sim.market.scenarios import scenario_params
from vibe_quant.sim.records import ExchangeEvent
from vibe_quant.sim.world import World
from vibe_quant.tapes.brackets import default_brackets

SYMBOL = "BTC/USDT:USDT"
QTY = Decimal(10)
D = Decimal


@dataclass
class Episode:
    """One stay in panic: when each tier, or a nearer one, ruled in it; (from, to) in order."""

    ruled: dict[int, list[tuple[int, int]]] = field(default_factory=dict)

    @property
    def ms(self) -> int:
        """How long it was."""
        return self.ruled[0][0][1] - self.ruled[0][0][0]


@dataclass
class Sent:
    """An aggressive panic order: the touch it was decided on, and what it met.

    ``offered``: as it arrived, the market showed all its quantity at that touch or better.
    """

    order: OrderIntent
    sent_ms: int
    touch: Decimal
    offered: bool = False
    filled: bool = False


@dataclass
class Run:
    """What a run showed: moments are epoch ms of the simulated clock."""

    tiers: list[int] = field(default_factory=list)
    """Tiers in the order in which each first ruled."""
    episodes: list[Episode] = field(default_factory=list)
    orders: list[tuple[int, OrderIntent]] = field(default_factory=list)
    aggressive: dict[str, Sent] = field(default_factory=dict)
    unprotected_ms: int = 0
    first_stop_ms: int | None = None
    last_stop_ms: int | None = None
    flat_ms: int | None = None
    liquidated: bool = False
    stop_filled: Decimal = Decimal(0)
    min_dist: Decimal | None = None
    left: Decimal = QTY
    stops_left: int = 0
    tier: int | None = None
    quote: Quote | None = None


def settings(side: PositionSide, tiers: tuple[PanicTier, ...], *, panic: bool) -> Settings:
    execution = ExecutionSettings(maker_timeouts_to_escalate=2, max_order_notional=D(30))
    risk = RiskSettings(
        liq_distance_threshold=D("0.0201"),
        panic_close=PanicSettings(enabled=panic, tiers=tiers),
        protective_stop=ProtectiveStopSettings(dist_to_liq=D("0.004")),
    )
    return Settings(symbols=((SYMBOL, SymbolSettings(sides=(side,), execution=execution, risk=risk)),))


def market(side: PositionSide, touch: float | None = None, move: float | None = None) -> MarketParams:
    """The scenario against ``side``; ``touch`` in steps and ``move`` as a ratio where they are not its own."""
    params = scenario_params("liquidation_run", side=side, move=move)
    return params if touch is None else replace(params, touch_median=touch)


@cache
def run(
    side: PositionSide, tiers: tuple[PanicTier, ...], params: MarketParams, *, panic: bool = True, seed: int = 7
) -> Run:
    """One exit of ten coins from ten minutes of that market."""
    rules = replace(params.rules(SYMBOL), percent_up=D("1.05"), percent_down=D("0.95"))
    brackets = default_brackets(SYMBOL)
    exchange = SimExchange({SYMBOL: (rules, brackets)}, {"USDT": D(11_500)})
    exchange.account.leverage[SYMBOL] = 50
    exchange.seed_position(SYMBOL, side, QTY, params.price)
    shown = Run()
    gateway = SimGateway(exchange, LognormalLatency(seed), lambda *met: _arrived(shown, exchange, *met))
    world = World(generate("liquidation_run", seed, SYMBOL, 600, params=params), gateway)
    engine = Engine(settings(side, tiers, panic=panic), "run", Random(seed))
    for now, event, intents in _play(engine, world, RulesLoaded(rules, 0, brackets)):
        _observe(shown, engine, exchange, side, now, event, intents)
        if shown.flat_ms is not None and now > shown.flat_ms + 10_000:
            break
    _observe_panic(shown, None, world.now)
    for client_id in shown.aggressive.keys() - exchange.venue.orders.keys():
        del shown.aggressive[client_id]  # refused: what it was to close was closed by then
    for client_id, sent in shown.aggressive.items():
        sent.filled = exchange.venue.orders[client_id].status is OrderStatus.FILLED
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
    _observe_orders(shown, now, event, intents)
    if view.dist is not None and view.risk is not RiskLevel.NONE:
        shown.min_dist = view.dist if shown.min_dist is None else min(shown.min_dist, view.dist)
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


def _observe_orders(shown: Run, now: int, event: Event, intents: list[Intent]) -> None:
    shown.quote = event if isinstance(event, Quote) else shown.quote
    for intent in intents:
        if isinstance(intent, OrderIntent):
            _left(shown, intent, now)
    if isinstance(event, OrderUpdate):
        shown.liquidated |= event.client_id.startswith("autoclose-")
        if "-ps-" in event.client_id and event.status is not OrderStatus.NEW:
            shown.stop_filled = max(shown.stop_filled, event.filled_qty)


def _observe_panic(shown: Run, tier: int | None, now: int) -> None:
    if tier == shown.tier:
        return
    if shown.tier is None:
        shown.episodes.append(Episode())
    before, after = -1 if shown.tier is None else shown.tier, -1 if tier is None else tier
    ruled = shown.episodes[-1].ruled
    for i in range(before + 1, after + 1):
        ruled.setdefault(i, []).append((now, now))
    for i in range(after + 1, before + 1):
        ruled[i][-1] = (ruled[i][-1][0], now)
    if tier is not None and tier not in shown.tiers:
        shown.tiers.append(tier)
    shown.tier = tier


def _left(shown: Run, order: OrderIntent, now: int) -> None:
    """An order leaves the program."""
    shown.orders.append((now, order))
    if order.reason is SignalReason.PANIC and order.mode is ExecutionMode.AGGRESSIVE_LIMIT and shown.quote is not None:
        touch = shown.quote.bid if order.side is OrderSide.SELL else shown.quote.ask
        shown.aggressive[order.client_id] = Sent(order, now, touch)


def _arrived(shown: Run, exchange: SimExchange, hop: Hop, met: Request | ExchangeEvent, _now: int) -> None:
    """A request is about to be worked by the exchange."""
    if hop is not Hop.ANSWER or not isinstance(met, OrderIntent) or met.client_id not in shown.aggressive:
        return
    sent, sells = shown.aggressive[met.client_id], met.side is OrderSide.SELL
    levels = exchange.venue.market(SYMBOL).shown(met.side)
    reached = sum(qty for price, qty in levels if (price >= sent.touch if sells else price <= sent.touch))
    sent.offered = reached >= met.qty
