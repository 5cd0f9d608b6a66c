"""``vibe-quant replay``: the exit of one position on a tape, and its cost card."""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import replace
from decimal import Decimal
from pathlib import Path
from typing import Annotated

import typer

from vibe_quant.cli.failure import explained
from vibe_quant.cli.options import positive
from vibe_quant.domain.enums import PositionSide
from vibe_quant.domain.strategy_settings import StrategyName
from vibe_quant.lab.request import ReplayRequest
from vibe_quant.sim.switches import QueueModel

Tape = Annotated[Path, typer.Argument(help="The tape: Parquet, csv, csv.gz or zip.")]
Symbol = Annotated[str, typer.Option(help="The symbol, such as BTC/USDT:USDT.")]
Side = Annotated[PositionSide, typer.Option(help="The leg to exit.", case_sensitive=False, metavar="LONG|SHORT")]
Qty = Annotated[Decimal, typer.Option(parser=positive, metavar="NUMBER", help="Its quantity, base asset.")]
Entry = Annotated[
    Decimal | None, typer.Option(parser=positive, metavar="PRICE", help="Its entry; the tape's first mid if left out.")
]
Leverage = Annotated[int, typer.Option(min=1, max=125, help="Its leverage.")]
Wallet = Annotated[
    Decimal | None,
    typer.Option(parser=positive, metavar="NUMBER", help="Wallet balance, margin asset. [default: 10000]"),
]
Strategy = Annotated[StrategyName | None, typer.Option(help="Rules in place of the configured ones.")]
Config = Annotated[Path | None, typer.Option(help="A configuration; the defaults if left out.")]
Rules = Annotated[
    Path | None, typer.Option(help="Symbol rules in exchangeInfo form; inferred from the tape if left out.")
]
Seed = Annotated[int, typer.Option(help="Of latency and of the strategies' own chance.")]
Latency = Annotated[
    str | None,
    typer.Option(
        metavar="tape|lognormal|constant:MS",
        help="How long requests travel; the tape's own receive lag if left out and there, else lognormal.",
    ),
]
Queue = Annotated[QueueModel, typer.Option(help="How cancellations ahead of a resting order shrink its queue.")]
AsJson = Annotated[bool, typer.Option("--json", help="The card as one JSON object.")]
Out = Annotated[Path | None, typer.Option(metavar="DIR", help="A folder for decisions.jsonl, card.json and exit.png.")]


def replay(
    tape: Tape,
    symbol: Symbol,
    side: Side,
    qty: Qty,
    entry: Entry = None,
    leverage: Leverage = 10,
    wallet: Wallet = None,
    strategy: Strategy = None,
    config: Config = None,
    rules: Rules = None,
    seed: Seed = 1,
    latency: Latency = None,
    queue_model: Queue = QueueModel.TRADES_ONLY,
    as_json: AsJson = False,
    out: Out = None,
) -> None:
    """Replay an exit on a tape and print what it cost.

    \b
    Examples:
      vibe-quant replay btc.parquet --symbol BTC/USDT:USDT --side LONG --qty 2 --strategy patient
      vibe-quant replay btc.parquet --symbol BTC/USDT:USDT --side SHORT --qty 2 --json --out exits/1
    """
    asked = ReplayRequest(tape=tape, symbol=symbol, side=side, qty=qty, entry=entry, leverage=leverage, seed=seed)
    asked = replace(asked, strategy=strategy, config=config, rules=rules, latency=latency, queue_model=queue_model)
    _show(replace(asked, wallet=wallet or asked.wallet, out=out), as_json)


def _show(request: ReplayRequest, as_json: bool) -> None:
    from vibe_quant.lab.card import as_json as to_json
    from vibe_quant.lab.card import write_card
    from vibe_quant.lab.replay import run_replay

    with explained(), _progress() as progress:
        result = run_replay(request, progress)
    if as_json:
        typer.echo(to_json(result), nl=False)
    else:
        write_card(sys.stdout, result)
    if request.out is not None:
        typer.echo(f"{request.out}: decisions.jsonl, card.json, exit.png", err=True)


@contextmanager
def _progress() -> Iterator[Callable[[int, int], None] | None]:
    """A bar on a terminal's standard error, redrawn at each whole percent, gone at the end; elsewhere nothing."""
    if not sys.stderr.isatty():
        yield None
        return
    from rich.console import Console
    from rich.progress import BarColumn, Progress, TextColumn, TimeRemainingColumn

    columns = (TextColumn("replay"), BarColumn(), TextColumn("{task.percentage:>3.0f} %"), TimeRemainingColumn())
    with Progress(*columns, console=Console(stderr=True), auto_refresh=False, transient=True) as bar:
        task = bar.add_task("replay", total=100)
        shown = -1

        def step(done: int, total: int) -> None:
            nonlocal shown
            percent = done * 100 // max(1, total)
            if percent > shown:
                shown = percent
                bar.update(task, completed=percent, refresh=True)

        yield step
