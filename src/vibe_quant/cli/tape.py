"""``vibe-quant tape``: import, describe and generate recorded market data."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from vibe_quant.cli.failure import explained
from vibe_quant.domain.enums import PositionSide

tapes = typer.Typer(help="Recorded market data: import it, look at it, make it.", no_args_is_help=True)

Out = Annotated[Path, typer.Option("-o", "--out", help="The tape to write, Parquet.")]
SYMBOL = "The symbol its events shall carry, such as BTC/USDT:USDT."
SCENARIOS = "calm, trending, thin_alt, squeeze, cascade, liquidation_run, funding or halt."


@tapes.command("import")
def import_(
    files: Annotated[list[Path], typer.Argument(help="zip, csv or csv.gz of one symbol; merged by time.")],
    symbol: Annotated[str, typer.Option(help=SYMBOL)],
    out: Out,
    kind: Annotated[
        str | None, typer.Option(help="What the files hold, where neither name nor header says it.")
    ] = None,
) -> None:
    """Make one tape of archive files or CSV.

    The files of Binance's public archive: aggTrades, trades, bookTicker, markPriceKlines; or recorded CSV.

    \b
    Example:
      vibe-quant tape import BTCUSDT-bookTicker-2024-01-01.zip BTCUSDT-aggTrades-2024-01-01.zip \\
          --symbol BTC/USDT:USDT -o btc.parquet
    """
    from vibe_quant.tapes.archive import import_files

    with explained():
        report = import_files(files, out, symbol, kind)
    for path, meta in report.inputs:
        _say(f"{path}: {meta.quotes.count} quotes, {meta.trades.count} trades, {meta.marks.count} marks")
    meta = report.meta
    _say(f"{report.out}: {meta.events} events, {(meta.last_ms - meta.first_ms) / 1000:.1f} s, {meta.gaps} gaps")


@tapes.command()
def info(
    file: Annotated[Path, typer.Argument(help="The tape: Parquet, csv, csv.gz or zip.")],
    symbol: Annotated[str | None, typer.Option(help="The symbol, where the file does not say it.")] = None,
    as_json: Annotated[bool, typer.Option("--json", help="One JSON object.")] = False,
) -> None:
    """Describe a tape: span, counts, spread, gaps.

    \b
    Example:
      vibe-quant tape info btc.parquet
    """
    from vibe_quant.tapes.info import describe
    from vibe_quant.tapes.open import open_tape

    with explained():
        described = describe(open_tape(file, symbol))
    _say(described.as_json() if as_json else described.as_text())


@tapes.command()
def generate(
    out: Out,
    scenario: Annotated[str, typer.Option(help=SCENARIOS)] = "calm",
    seed: Annotated[int, typer.Option(help="The same seed gives the same tape.")] = 7,
    symbol: Annotated[str, typer.Option(help=SYMBOL)] = "BTC/USDT:USDT",
    duration: Annotated[int, typer.Option(min=1, max=86_400, help="Seconds.")] = 600,
    side: Annotated[
        PositionSide | None, typer.Option(help="The side its move hurts.", case_sensitive=False, metavar="LONG|SHORT")
    ] = None,
) -> None:
    """Make a tape from a seed.

    \b
    Example:
      vibe-quant tape generate --scenario liquidation_run --side LONG --seed 7 -o run.parquet
    """
    from vibe_quant.sim.market.generator import generate as events_of
    from vibe_quant.sim.market.scenarios import scenario_params
    from vibe_quant.tapes.parquet_write import write_tape

    with explained():
        try:
            params = scenario_params(scenario, side)
            events = events_of(scenario, seed, symbol, duration, side=side)
        except ValueError as error:
            raise typer.BadParameter(str(error)) from None
        made = f"generated: {scenario}, seed {seed}, {duration} s"
        meta = write_tape(events, out, symbol, params.tick, params.step, made)
    _say(f"{out}: {meta.quotes.count} quotes, {meta.trades.count} trades, {meta.marks.count} marks, {duration} s")


def _say(text: str) -> None:
    typer.echo(text)
