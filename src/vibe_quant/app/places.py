"""Where the journal of a configuration is: the service and who looks at its journal must mean the same file."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

from vibe_quant.domain.settings import GlobalSettings

STATE = "state"
STATE_DIRECTORY = "STATE_DIRECTORY"
FILE = "journal.sqlite"


def state_folder(named: Path | None, environment: Mapping[str, str], shared: GlobalSettings) -> Path:
    """The venue's folder in what was named, else in what the service manager made, else in state/."""
    made = environment.get(STATE_DIRECTORY, "").partition(":")[0]
    return (named or Path(made or STATE)) / shared.venue.value


def journal_file(shared: GlobalSettings, state: Path) -> Path:
    """What the configuration names, else its place in the state folder."""
    return state / FILE if shared.journal.path is None else Path(shared.journal.path)
