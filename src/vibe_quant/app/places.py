"""Where a configuration's journal and control socket are: the service and who asks it must mean the same files."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

from vibe_quant.domain.settings import GlobalSettings

STATE = "state"
STATE_DIRECTORY = "STATE_DIRECTORY"
RUNTIME_DIRECTORY = "RUNTIME_DIRECTORY"
FILE = "journal.sqlite"
SOCKET = "control.sock"


def state_folder(named: Path | None, environment: Mapping[str, str], shared: GlobalSettings) -> Path:
    """The venue's folder in what was named, else in what the service manager made, else in state/."""
    return states(named, environment) / shared.venue.value


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
