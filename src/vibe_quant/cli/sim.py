"""``vibe-quant sim``: the exchange in a box, the faults it knows, and how its markets compare with recorded ones."""

from __future__ import annotations

import typer

from vibe_quant.cli.sim_describe import describe
from vibe_quant.cli.sim_serve import serve

sim = typer.Typer(help="The simulated exchange: serve it, look at its markets.", no_args_is_help=True)
sim.command()(serve)
sim.command()(describe)


@sim.command()
def faults() -> None:
    """Print the faults that --faults and the control port take, with their fields.

    \b
    Example:
      vibe-quant sim faults
    """
    from vibe_quant.sim.front.faults import catalogue

    typer.echo(catalogue(), nl=False)
