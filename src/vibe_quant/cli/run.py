"""``vibe-quant run``: works the positions of an account down to zero, until stopped or until all of them are flat."""

from __future__ import annotations

import os
import signal
from pathlib import Path
from types import FrameType
from typing import Annotated

import typer

from vibe_quant.cli.failure import explained
from vibe_quant.cli.options import DEFAULT_CONFIG

Config = Annotated[
    Path,
    typer.Option("--config", envvar="VIBE_QUANT_CONFIG", help="The YAML file; its global.venue says where orders go."),
]
Live = Annotated[bool, typer.Option("--live", help="Trade with real money; needed beside global.venue: live.")]
UntilFlat = Annotated[bool, typer.Option("--until-flat", help="End when every managed position is flat.")]
Rest = Annotated[
    str | None,
    typer.Option(
        metavar="URL", help="venue sim, paper: a simulated exchange that runs already, http://127.0.0.1:PORT."
    ),
]
Ws = Annotated[str | None, typer.Option(metavar="URL", help="And its streams, ws://127.0.0.1:PORT.")]
State = Annotated[
    Path | None,
    typer.Option(
        metavar="DIR", envvar="VIBE_QUANT_STATE", help="Folder of the journal; what systemd names, else state."
    ),
]


def run(
    config: Config = DEFAULT_CONFIG,
    live: Live = False,
    until_flat: UntilFlat = False,
    exchange_rest: Rest = None,
    exchange_ws: Ws = None,
    state: State = None,
) -> None:
    """Work positions down to zero, as a service, until stopped.

    Where orders go is the configuration's to say: venue sim starts a simulated exchange in the same process and
    needs no keys; paper watches the real market, imagines its account and fills (global.paper), never sends anything
    and needs no keys either; testnet and live take VIBE_QUANT_API_KEY and VIBE_QUANT_API_SECRET from the environment,
    from files (VIBE_QUANT_API_KEY_FILE, VIBE_QUANT_API_SECRET_FILE) or from systemd's credentials api_key and
    api_secret. What it does goes to standard error and a log file, the cost card of each exit to standard output. Stop
    it with SIGINT or SIGTERM: own orders are cancelled and seen to be gone, protective stops stay.

    \b
    Examples:
      vibe-quant run --config config/demo.yaml --until-flat
      vibe-quant run --config /etc/vibe-quant/config.yaml --live
    """
    signal.signal(signal.SIGHUP, signal.SIG_IGN)  # there is nothing to reload yet, and its default is to kill
    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, _nothing_begun)
    with explained():
        from vibe_quant.app.launch import RunOptions, launch
        from vibe_quant.app.sd_notify import withheld

        options = RunOptions(
            config=config,
            live=live,
            until_flat=until_flat,
            exchange_rest=exchange_rest,
            exchange_ws=exchange_ws,
            state=state,
        )
        raise typer.Exit(launch(options, withheld(os.environ)))


def _nothing_begun(number: int, _frame: FrameType | None) -> None:
    """A signal before the run takes them over: nothing was sent, so there is nothing to put away."""
    os.write(2, f"{signal.Signals(number).name}: stopped before anything was begun\n".encode())
    os._exit(0)
