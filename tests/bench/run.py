"""``make bench``: nanoseconds an event for decoding, deciding and the whole replay, beside a bare loop in the same run.

Each figure is the best of several rounds: the least disturbed by whatever else the machine does.
"""

from __future__ import annotations

import gc
import os
import resource
import subprocess
import sys
import tempfile
from collections.abc import Callable, Sequence
from dataclasses import replace
from decimal import Decimal
from functools import partial
from pathlib import Path
from random import Random
from time import perf_counter

from vibe_quant.core.engine import Engine
from vibe_quant.domain.enums import ExecutionState, PositionSide
from vibe_quant.domain.events import MarketEvent, Quote, RulesLoaded, ServerTime
from vibe_quant.domain.strategy_settings import StrategyName
from vibe_quant.lab.replay import run_replay
from vibe_quant.lab.request import ReplayRequest
from vibe_quant.lab.stage import Stage, exchange_of, set_stage
from vibe_quant.sim.gateway import SimGateway
from vibe_quant.sim.latency import ConstantLatency
from vibe_quant.sim.market.generator import generate
from vibe_quant.sim.market.scenarios import scenario_params
from vibe_quant.sim.world import World
from vibe_quant.tapes.archive import import_files
from vibe_quant.tapes.csv_rows import HEADER
from vibe_quant.tapes.open import open_tape
from vibe_quant.tapes.parquet_write import write_tape

SYMBOL = "BTC/USDT:USDT"
SIDE = PositionSide.LONG
ROUNDS = 5
HANDLE_NS = 4_000
REPLAY_PER_S = 100_000
PEAK_MB = 200
SHARED = Path(os.environ.get("VQ_SHARED") or Path(__file__).resolve().parents[2] / "../shared") / "tapes"
CHILD = "--peak-of"


def best(rounds: int, work: Callable[[], int]) -> tuple[float, int]:
    """(least seconds, events) of so many rounds of ``work``, which returns how many events it dealt with."""
    least, count = float("inf"), 0
    for _ in range(rounds):
        gc.collect()
        began = perf_counter()
        count = work()
        least = min(least, perf_counter() - began)
    return least, count


def say(text: str) -> None:
    """Print at once."""
    sys.stdout.write(text + "\n")
    sys.stdout.flush()


def report(name: str, seconds: float, count: int, aim: str = "") -> None:
    """One line."""
    rate = count / seconds
    say(f"{name:<44}{seconds / count * 1e9:>9,.0f} ns {rate:>13,.0f} /s  {aim}")


def bare(events: Sequence[MarketEvent]) -> int:
    """What the loop itself costs: a call that does nothing for each event."""

    def nothing(event: MarketEvent, now: int) -> list[object]:
        return []

    for event in events:
        if nothing(event, event.recv_ms):
            raise AssertionError
    return len(events)


def handled(engine: Engine, quotes: Sequence[Quote]) -> int:
    """Feed quotes that cause nothing."""
    handle, deadline = engine.handle, engine.deadline
    for quote in quotes:
        if handle(quote, quote.recv_ms):
            raise AssertionError("a quote that should change nothing caused something")
        deadline()
    return len(quotes)


def waiting_engine(stage: Stage, request: ReplayRequest) -> tuple[Engine, Quote]:
    """An engine whose order rests, brought there by a replay, and the quote it has seen last."""
    gateway = SimGateway(exchange_of(stage, request), ConstantLatency())
    start = stage.tape.meta.first_ms
    gateway.deliver(start, ServerTime(0, start))
    gateway.deliver(start, RulesLoaded(stage.rules, start, stage.brackets, Decimal("0.0002"), Decimal("0.0005")))
    world = World(stage.tape.events(), gateway)
    engine = Engine(stage.settings, "bench", Random(1))
    quote: Quote | None = None
    since = 0
    while told := world.next(engine.deadline()):
        now, event = told
        quote = event if isinstance(event, Quote) else quote
        world.send(engine.handle(event, now), now)
        view = engine.side_view(request.symbol, request.side)
        waits = view is not None and view.state is ExecutionState.WAITING
        since = (since or now) if waits else 0
        if waits and quote is not None and now - since > 300:
            return engine, replace(quote, exch_ms=now, recv_ms=now)
    raise AssertionError("no order came to rest")


def idle_engine(stage: Stage, at: int) -> Engine:
    """An engine that knows rules and market, with no position."""
    engine = Engine(stage.settings, "bench", Random(1))
    engine.handle(ServerTime(0, at), at)
    engine.handle(RulesLoaded(stage.rules, at, stage.brackets), at)
    return engine


def same_touch(quote: Quote, count: int) -> list[Quote]:
    """Quotes of the same prices, the quantities moving, all within the present millisecond."""
    return [
        replace(quote, update_id=n, bid_qty=quote.bid_qty + n % 7, ask_qty=quote.ask_qty + n % 5) for n in range(count)
    ]


def bench_decoding(folder: Path, parquet: Path) -> None:
    """Both formats, the same events."""
    events = list(open_tape(parquet).events())
    csv = folder / "um_BTCUSDT_2025-.csv"
    with csv.open("w") as out:
        out.write(HEADER + "\n")
        out.writelines(csv_row(event) for event in events)
    report("bare loop with a call that does nothing", *best(ROUNDS, lambda: bare(events)))
    tape = open_tape(parquet)
    report("decode Parquet", *best(ROUNDS, lambda: sum(1 for _ in tape.events())))
    text = open_tape(csv, SYMBOL)
    report("decode CSV, plain", *best(ROUNDS, lambda: sum(1 for _ in text.events())))


def csv_row(event: MarketEvent) -> str:
    """An event as the CSV has it."""
    at, recv = event.exch_ms, event.recv_ms * 1_000_000
    if isinstance(event, Quote):
        return f"{at},{at},{recv},q,{event.bid},{event.bid_qty},{event.ask},{event.ask_qty},,,,{event.update_id},\n"
    maker = getattr(event, "buyer_is_maker", None)
    if maker is None:
        return f",{at},{recv},m,,,,,{getattr(event, 'price', '')},,,,\n"
    return f"{at},{at},{recv},t,,,,,{getattr(event, 'price', '')},{getattr(event, 'qty', '')},{int(maker)},0,\n"


def bench_handling(request: ReplayRequest) -> None:
    """``Engine.handle`` with ``deadline``, as a replay calls them, on quotes that change nothing."""
    aim = f"aim: at most {HANDLE_NS:,} ns"
    for strategy in StrategyName:
        asked = replace(request, strategy=strategy)
        stage = set_stage(asked)
        engine, quote = waiting_engine(stage, asked)
        quotes = same_touch(quote, 20_000)
        idle = idle_engine(stage, quote.recv_ms)
        report(f"handle, no position, {strategy}", *best(ROUNDS, partial(handled, idle, quotes)), aim)
        report(f"handle, order waiting, {strategy}", *best(ROUNDS, partial(handled, engine, quotes)), aim)


def bench_replays(request: ReplayRequest, name: str = "") -> None:
    """The loop from the first event to the last, decoding included."""
    for strategy in StrategyName:
        asked = replace(request, strategy=strategy)
        results = [run_replay(asked) for _ in range(ROUNDS)]
        least = min(results, key=lambda result: result.wall_s)
        report(f"replay, {strategy}{name}", least.wall_s, least.events, f"aim: at least {REPLAY_PER_S:,} /s")


def bench_memory(tape: Path, symbol: str) -> None:
    """Peak of a process of its own that replays the tape."""
    done = subprocess.run(
        [sys.executable, __file__, CHILD, str(tape), symbol], capture_output=True, text=True, check=True
    )
    say(f"peak memory, replay of {tape.name}: {float(done.stdout):.0f} MB  aim: under {PEAK_MB} MB")


def print_own_peak(tape: Path, symbol: str) -> None:
    """What the child says of itself, MB."""
    run_replay(ReplayRequest(tape=tape, symbol=symbol, side=SIDE, qty=Decimal(2)))
    say(f"{resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024}")


def main() -> None:
    """Everything, on a generated tape; replays and memory also on the largest shared tape where there is one."""
    with tempfile.TemporaryDirectory() as folder:
        tape = Path(folder) / "calm.parquet"
        params = scenario_params("calm")
        write_tape(generate("calm", 7, SYMBOL, 300), tape, SYMBOL, params.tick, params.step, "bench")
        request = ReplayRequest(tape=tape, symbol=SYMBOL, side=SIDE, qty=Decimal(2), latency="constant:10")
        bench_decoding(Path(folder), tape)
        bench_handling(request)
        bench_replays(request)
        shared = max(SHARED.glob("um_*USDT_*.csv.gz"), key=lambda path: path.stat().st_size, default=None)
        if shared is None:
            bench_memory(tape, SYMBOL)
            return
        symbol = f"{shared.name.split('_')[1].removesuffix('USDT')}/USDT:USDT"
        imported = Path(folder) / "imported.parquet"
        import_files([shared], imported, symbol)
        recorded = ReplayRequest(tape=imported, symbol=symbol, side=SIDE, qty=Decimal(30), wallet=Decimal(100_000))
        bench_replays(recorded, ", recorded")
        bench_memory(shared, symbol)
        bench_memory(imported, symbol)


if __name__ == "__main__":
    if sys.argv[1:2] == [CHILD]:
        print_own_peak(Path(sys.argv[2]), sys.argv[3])
    else:
        main()
