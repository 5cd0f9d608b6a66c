"""``vibe-quant sim describe``: what generated markets are like, beside recorded ones."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from vibe_quant.cli.failure import explained


def describe(
    scenario: Annotated[
        list[str] | None, typer.Option(help="The market to describe; repeatable. Default: calm.")
    ] = None,
    seed: Annotated[int, typer.Option(help="The same seed gives the same market.")] = 7,
    duration: Annotated[int, typer.Option(min=1, max=86_400, help="Seconds.")] = 600,
    tape: Annotated[
        list[Path] | None, typer.Option(help="A recorded tape to hold it against, on its instrument; repeatable.")
    ] = None,
    symbol: Annotated[str | None, typer.Option(help="The symbol, where a tape does not say it.")] = None,
    as_json: Annotated[bool, typer.Option("--json", help="A JSON list, one object a comparison.")] = False,
) -> None:
    """Describe generated markets in figures, beside those of tapes, with the ratio.

    Spreads are in ticks and shares of time, sizes in lots and in the quote asset, volatility is the root mean square
    of mid log returns in bps, fano the variance over the mean of counts in windows (1: no bursts), signs the
    autocorrelation of takers' sides.

    \b
    Example:
      vibe-quant sim describe --scenario calm --tape um_BTCUSDT_2023-04-04T2358_8m34s.csv.gz
    """
    from vibe_quant.sim.market import comparison
    from vibe_quant.tapes.open import open_tape
    from vibe_quant.tapes.tape import Tape

    with explained():
        tapes: list[Tape | None] = [open_tape(path, symbol) for path in tape or []]
        try:
            found = [
                comparison.compare(name, seed, duration, beside)
                for name in scenario or ["calm"]
                for beside in tapes or [None]
            ]
        except ValueError as error:
            raise typer.BadParameter(str(error)) from None
    typer.echo(comparison.as_json(found) if as_json else "\n\n".join(shown.as_text() for shown in found))
