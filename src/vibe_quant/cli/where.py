"""Which service a command means: its control socket, from the options, the service manager and the configuration."""

from __future__ import annotations

import os
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated

import typer

from vibe_quant.cli.service import Service, ServiceError, answers

INSTALLED = Path("/run")
"""Below it the units of deploy/systemd have theirs, each in a folder that begins with the program's name."""

OfConfig = Annotated[
    Path,
    typer.Option(
        "--config", envvar="VIBE_QUANT_CONFIG", help="The configuration whose service is meant.", show_default=True
    ),
]
OfState = Annotated[
    Path | None,
    typer.Option(
        "--state",
        envvar="VIBE_QUANT_STATE",
        metavar="DIR",
        help="As given to run. [default: what systemd names, else state]",
    ),
]
OfSocket = Annotated[
    Path | None, typer.Option("--socket", envvar="VIBE_QUANT_SOCKET", help="The service's control socket itself.")
]
AsJson = Annotated[bool, typer.Option("--json", help="JSON, of a stable shape.")]
Yes = Annotated[bool, typer.Option("--yes", "-y", help="Do not ask.")]


@dataclass(frozen=True, slots=True)
class Where:
    """What the options say."""

    config: Path
    state: Path | None = None
    socket: Path | None = None

    def service(self, environment: Mapping[str, str] | None = None, *, installed: Path = INSTALLED) -> Service:
        """The service that is meant; nothing is asked of it yet.

        Raises:
            ServiceError: the configuration does not say which, and several run.
        """
        from vibe_quant.app.places import RUNTIME_DIRECTORY, SOCKET, control_socket, states, surroundings
        from vibe_quant.config.glance import glance

        if self.socket is not None:
            return Service(self.socket, self.config)
        environment = surroundings(self.config, self.state, os.environ if environment is None else environment)
        seen, folder = glance(self.config), states(self.state, environment)
        if seen is None and not environment.get(RUNTIME_DIRECTORY):
            return self._only(folder / SOCKET, [*folder.glob(f"*/{SOCKET}"), *_units(installed)])
        venue = None if seen is None else seen.venue
        socket = control_socket(folder / (venue or ""), environment)
        if self.state is None and not answers(socket):
            found = [unit for unit in _units(installed) if answers(unit)]
            socket = found[0] if len(found) == 1 else socket
        return Service(socket, self.config, venue)

    def _only(self, usual: Path, sockets: list[Path]) -> Service:
        """The one that runs, where the configuration cannot be read."""
        found = [socket for socket in sockets if answers(socket)]
        if len(found) > 1:
            listed = ", ".join(str(socket) for socket in found)
            raise ServiceError(
                f"{self.config} cannot be read, and several services run: {listed}. Nothing was asked of any. Name one "
                "with --socket, or the configuration that it runs with --config."
            )
        socket = found[0] if found else usual
        if found:
            typer.echo(f"{self.config} cannot be read; the one service that runs is asked, at {socket}", err=True)
        return Service(socket, self.config)


def _units(run: Path) -> list[Path]:
    """The sockets of installed services."""
    from vibe_quant.app.places import SOCKET

    return sorted(run.glob(f"vibe-quant*/{SOCKET}"))
