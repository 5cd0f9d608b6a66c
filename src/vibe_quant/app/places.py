"""Where a configuration's journal and control socket are: the service and who asks it must mean the same files."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

from vibe_quant.domain.settings import GlobalSettings

STATE = "state"
STATE_DIRECTORY = "STATE_DIRECTORY"
RUNTIME_DIRECTORY = "RUNTIME_DIRECTORY"
LOGS_DIRECTORY = "LOGS_DIRECTORY"
FILE = "journal.sqlite"
SOCKET = "control.sock"
INSTALLED = Path("/etc/vibe-quant")
"""Where deploy/systemd/install.sh puts configurations: config.yaml, and NAME/config.yaml of vibe-quant@NAME."""


def state_folder(named: Path | None, environment: Mapping[str, str], shared: GlobalSettings) -> Path:
    """The venue's folder in what was named, else in what the service manager made, else in state/."""
    return states(named, environment) / shared.venue.value


def surroundings(
    config: Path, state: Path | None, environment: Mapping[str, str], installed: Path = INSTALLED
) -> Mapping[str, str]:
    """``environment``, and for an installed configuration the folders that systemd names to its unit alone.

    For who asks from a shell.  A ``state`` that is named, or a service manager that spoke, is not talked over.
    """
    where = config.absolute()
    if state is not None or environment.get(STATE_DIRECTORY) or installed not in (where.parent, where.parent.parent):
        return environment
    unit = "vibe-quant" if where.parent == installed else f"vibe-quant-{where.parent.name}"
    folders = {STATE_DIRECTORY: "/var/lib", LOGS_DIRECTORY: "/var/log", RUNTIME_DIRECTORY: "/run"}
    return {**{name: f"{folder}/{unit}" for name, folder in folders.items()}, **environment}


def states(named: Path | None, environment: Mapping[str, str]) -> Path:
    """The folder that holds one of each venue."""
    made = environment.get(STATE_DIRECTORY, "").partition(":")[0]
    return named or Path(made or STATE)


def journal_file(shared: GlobalSettings, state: Path) -> Path:
    """What the configuration names, else its place in the state folder."""
    return state / FILE if shared.journal.path is None else Path(shared.journal.path)


def control_socket(state: Path, environment: Mapping[str, str]) -> Path:
    """In the folder that the service manager made for what is gone after a restart, else in the state folder."""
    made = environment.get(RUNTIME_DIRECTORY, "").partition(":")[0]
    return (Path(made) if made else state) / SOCKET
