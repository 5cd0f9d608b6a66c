"""``vibe-quant status`` and ``positions``: the service as a whole, and each side that it works."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING, Annotated

import typer

from vibe_quant.cli.options import DEFAULT_CONFIG
from vibe_quant.cli.service import Service, served
from vibe_quant.cli.where import AsJson, OfConfig, OfSocket, OfState, Where

if TYPE_CHECKING:
    from vibe_quant.domain.status import Status

STATUS = "/api/status"
EACH_S = 2.0

Watch = Annotated[bool, typer.Option("--watch", "-w", help="On a terminal: draw it again every two seconds.")]


def status(
    config: OfConfig = DEFAULT_CONFIG,
    state: OfState = None,
    socket: OfSocket = None,
    watch: Watch = False,
    as_json: AsJson = False,
) -> None:
    """Show what the running service does.

    Its streams and limits, each side's progress, and what holds it back.

    \b
    Examples:
      vibe-quant status
      vibe-quant status --config /etc/vibe-quant/config.yaml --watch
      vibe-quant status --json
    """
    with served():
        service = Where(config, state, socket).service()
        if as_json:
            typer.echo(service.raw("GET", STATUS))
        elif watch and sys.stdout.isatty():
            _watch(service)
        else:
            from vibe_quant.cli.status_view import write_status

            write_status(sys.stdout, _ask(service))


def positions(
    config: OfConfig = DEFAULT_CONFIG, state: OfState = None, socket: OfSocket = None, as_json: AsJson = False
) -> None:
    """Show what is held, and how far liquidation is.

    What is held and not managed stands apart: it gets no orders and no stops.

    \b
    Examples:
      vibe-quant positions
      vibe-quant positions --json
    """
    from vibe_quant.cli.status_view import write_positions

    with served():
        now = _ask(Where(config, state, socket).service())
    if as_json:
        import msgspec

        typer.echo(msgspec.json.encode({"legs": now.legs, "unmanaged": now.unmanaged}))
    else:
        write_positions(sys.stdout, now)


def _ask(service: Service) -> Status:
    from vibe_quant.domain.status import Status

    return service.get(STATUS, Status)


def _watch(service: Service) -> None:
    """Until interrupted."""
    from time import sleep

    from rich.console import Console
    from rich.live import Live

    from vibe_quant.cli.status_view import drawn

    with Live(drawn(_ask(service)), console=Console(), auto_refresh=False, screen=True) as live:
        while True:
            sleep(EACH_S)
            live.update(drawn(_ask(service)), refresh=True)
