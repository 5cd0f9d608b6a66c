"""Runs one exit on a tape: the core decides, the simulated exchange answers, observers see each pair of them.

It ends when the position is told to be nil and a few seconds have shown what becomes of its stop, or with the tape.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from itertools import chain
from random import Random
from time import perf_counter
from typing import Protocol

from vibe_quant.core.engine import Engine
from vibe_quant.core.strategies.port import RandomSource
from vibe_quant.domain.enums import PositionSide
from vibe_quant.domain.events import Event, MarketEvent, Quote, RulesLoaded, ServerTime, Trade
from vibe_quant.domain.intents import Intent
from vibe_quant.domain.market import MarketState
from vibe_quant.domain.settings import Settings
from vibe_quant.domain.side_view import SideView
from vibe_quant.lab.cost import CostMeter
from vibe_quant.lab.decisions import Decisions
from vibe_quant.lab.record import Recording
from vibe_quant.lab.request import ReplayRequest, latency_model, seed_for
from vibe_quant.lab.result import ReplayResult
from vibe_quant.lab.stage import Stage, exchange_of, set_stage
from vibe_quant.lab.states import StateClock
from vibe_quant.sim.gateway import SimGateway
from vibe_quant.sim.marks import MarkDeriver
from vibe_quant.sim.world import World
from vibe_quant.tapes.tape import Tape

RUN = "replay"
LINGER_MS = 10_000
"""How long a replay goes on after flat: two reads a second apart, and the withdrawal of the stop, fit into it."""
NEVER = 1 << 62

Progress = Callable[[int, int], None]
"""(tape events read, tape events in all); called once a batch."""
See = Callable[[int, Event, Sequence[Intent], Quote | None], None]


class Decider(Protocol):
    """What a replay needs of ``core.engine.Engine``."""

    def handle(self, event: Event, now: int) -> list[Intent]:
        """What is to be done about an event."""
        ...

    def deadline(self) -> int | None:
        """When it wants to be woken."""
        ...

    def side_view(self, symbol: str, side: PositionSide) -> SideView | None:
        """A look at a side; None while it is not known."""
        ...

    def market_state(self, symbol: str) -> MarketState | None:
        """What it knows of a symbol's market; None while it is not known."""
        ...


MakeEngine = Callable[[Settings, str, RandomSource], Decider]


def run_replay(
    request: ReplayRequest, progress: Progress | None = None, make_engine: MakeEngine = Engine
) -> ReplayResult:
    """Replay; the same request gives the same decisions.  Writes ``request.out`` where it is set.

    Raises:
        ReplayError: the request does not fit the tape, or ``out`` cannot be written.
        TapeError: the tape or the rules cannot be used.
        FileProblem, ConfigError: the configuration cannot be read, or is not valid.
    """
    stage = set_stage(request)
    if request.out is None:
        return _run(request, stage, progress, make_engine, None)
    with Recording(request.out, request.symbol, request.side) as recording:
        result = _run(request, stage, progress, make_engine, recording)
        recording.finish(result)
    return result


def _run(
    request: ReplayRequest,
    stage: Stage,
    progress: Progress | None,
    make_engine: MakeEngine,
    recording: Recording | None,
) -> ReplayResult:
    meta = stage.tape.meta
    symbol, side = request.symbol, request.side
    latency, latency_name = latency_model(request.latency, request.seed, meta.has_recv_clock)
    gateway = SimGateway(exchange_of(stage, request), latency)
    account = gateway.exchange.account
    gateway.deliver(meta.first_ms, ServerTime(0, meta.first_ms))
    gateway.deliver(
        meta.first_ms,
        RulesLoaded(stage.rules, meta.first_ms, stage.brackets, account.maker_fee, account.taker_fee),
    )
    world = World(_events(stage.tape, progress, recording), gateway, None if meta.has_mark else MarkDeriver())
    engine = make_engine(stage.settings, RUN, Random(seed_for(request.seed, "engine")))
    meter = CostMeter(symbol, side, stage.rules.margin_asset)
    clock = StateClock(lambda: engine.side_view(symbol, side))
    decisions = Decisions(engine.market_state, None if recording is None else recording.decisions)
    watchers = [meter.see, clock.see, decisions.see] + ([] if recording is None else [recording.see])
    began = perf_counter()
    events, now = play(world, engine, watchers, lambda: meter.flat)
    wall_s = perf_counter() - began
    return ReplayResult(
        request=request,
        strategies=tuple(str(name) for name in stage.settings.symbols[0][1].strategy.names),
        latency=latency_name,
        cost=meter.cost(now),
        times=clock.times(now),
        events=events,
        wall_s=wall_s,
        intents_sha256=decisions.sha256,
        tick=stage.rules.tick,
        rules_inferred=stage.rules.inferred,
        mark_derived=not meta.has_mark,
        notes=stage.notes,
    )


def play(world: World, engine: Decider, watchers: Iterable[See], flat: Callable[[], bool]) -> tuple[int, int]:
    """The loop; returns how many events the engine was told and the last ``now``.

    Watchers are not called for a quote or trade that was answered with nothing before the engine's own deadline: it
    can have changed no state.  The first quote is shown to them, and of later ones the newest at each call.
    """
    take, send, handle, deadline = world.next, world.send, engine.handle, engine.deadline
    quote: Quote | None = None
    count, now, stop_at = 0, 0, NEVER
    sees = tuple(watchers)
    while True:
        due = deadline()
        told = take(due)
        if told is None or told[0] > stop_at:
            return count, now
        now, event = told
        count += 1
        kind = type(event)
        quiet = kind is Trade
        if kind is Quote:
            quiet = quote is not None
            quote = event  # type: ignore[assignment]  # its type was compared above
        intents = handle(event, now)
        if intents:
            send(intents, now)
        elif quiet and (due is None or now < due):
            continue
        for see in sees:
            see(now, event, intents, quote)
        stop_at = _stop_at(stop_at, flat(), now)


def _stop_at(stop_at: int, flat: bool, now: int) -> int:
    if not flat:
        return NEVER
    return min(stop_at, now + LINGER_MS)


def _events(tape: Tape, progress: Progress | None, recording: Recording | None) -> Iterator[MarketEvent]:
    """The tape's events; what wants to see all of them sees them by the batch, which costs the loop nothing."""
    batches: Iterator[list[MarketEvent]] = tape.batches()
    if progress is not None:
        batches = _counted(batches, progress, tape.meta.events)
    if recording is not None:
        batches = recording.watch(batches, tape.meta.last_ms - tape.meta.first_ms)
    return chain.from_iterable(batches)


def _counted(batches: Iterator[list[MarketEvent]], progress: Progress, total: int) -> Iterator[list[MarketEvent]]:
    done = 0
    for batch in batches:
        yield batch
        done += len(batch)
        progress(done, total)
