"""The commands, their order, and what ``--help`` says of all of them."""

from __future__ import annotations

from typing import Annotated

import typer

from vibe_quant.cli.check import check
from vibe_quant.cli.command import flatten, pause, resume
from vibe_quant.cli.completion import PROGRAM, completion, ready_to_complete
from vibe_quant.cli.config import config
from vibe_quant.cli.doctor import doctor
from vibe_quant.cli.failure import CODES
from vibe_quant.cli.groups import Grouped
from vibe_quant.cli.init import init
from vibe_quant.cli.journal import journal
from vibe_quant.cli.logs import logs
from vibe_quant.cli.reload import reload
from vibe_quant.cli.replay import replay
from vibe_quant.cli.report import report
from vibe_quant.cli.run import run
from vibe_quant.cli.sim import sim
from vibe_quant.cli.status import positions, status
from vibe_quant.cli.tape import tapes
from vibe_quant.cli.why import why

HELP = f"""Works leveraged Binance USDⓈ-M hedge-mode positions down to zero, reduce-only.

It runs as a service against a simulated exchange of its own, Binance's demo environment or Binance itself; replays
(a configuration and a recorded tape go in, the exit and its cost come out); and serves the simulated exchange, which
speaks the real one's dialect, on loopback.

\b
Examples:
  vibe-quant run --config config/demo.yaml --until-flat
  vibe-quant init --yes --venue sim --config my/config.yaml
  vibe-quant check --config config/config.yaml
  vibe-quant status
  vibe-quant why BTC LONG
  vibe-quant pause 30m
  vibe-quant flatten BTC LONG
  vibe-quant tape generate --scenario calm --seed 7 --symbol BTC/USDT:USDT -o calm.parquet
  vibe-quant replay calm.parquet --symbol BTC/USDT:USDT --side LONG --qty 2 --strategy patient
  vibe-quant sim serve --position BTCUSDT:LONG:2

Commands about a running service find it by --config and --state as given to run, or by --socket; VIBE_QUANT_CONFIG,
VIBE_QUANT_STATE and VIBE_QUANT_SOCKET stand for these.

{CODES}"""

app = typer.Typer(
    name="vibe-quant",
    help=HELP,
    cls=Grouped,
    add_completion=False,
    no_args_is_help=True,
    pretty_exceptions_enable=False,
    rich_markup_mode=None,
    context_settings={"help_option_names": ["-h", "--help"]},
)
for command in (init, check, doctor, completion, run, status, positions, why, report, logs):
    app.command()(command)
for steering in (pause, resume, flatten, reload, replay):
    app.command()(steering)
app.add_typer(tapes, name="tape")
app.add_typer(sim, name="sim")
app.add_typer(journal, name="journal")
app.add_typer(config, name="config")


def _told_version(wanted: bool) -> None:
    if wanted:
        version()
        raise typer.Exit


@app.callback()
def anything(
    _: Annotated[
        bool, typer.Option("--version", callback=_told_version, is_eager=True, help="As the command version.")
    ] = False,
) -> None:
    """What stands before any command."""


@app.command()
def version() -> None:
    """Print the version.

    \b
    Example:
      vibe-quant version
    """
    from vibe_quant import __version__

    typer.echo(__version__)


def main() -> None:
    """The console command; ends the process with an exit code."""
    ready_to_complete()
    app(prog_name=PROGRAM)
