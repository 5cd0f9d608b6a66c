"""The last configuration that ruled, kept beside the journal: for the day on which the file is broken.

It is shown and compared, never used by itself.
"""

from __future__ import annotations

import os
from pathlib import Path

from vibe_quant.config.problems import ConfigError, Problem

NAME = "config.last-good.yaml"
MODE = 0o600


def keep(state: Path, content: bytes) -> Path:
    """Put it in its place whole, or leave what is there.

    Raises:
        OSError: it cannot be written.
    """
    state.mkdir(parents=True, exist_ok=True)
    place, fresh = state / NAME, state / f".{NAME}.new"
    fresh.unlink(missing_ok=True)
    handle = os.open(fresh, os.O_WRONLY | os.O_CREAT | os.O_EXCL, MODE)
    with os.fdopen(handle, "wb") as file:
        file.write(content)
    fresh.replace(place)
    return place


def newest(states: Path) -> Path | None:
    """The one that was kept last, of whatever venue; None: none was."""
    try:
        kept = [(path.stat().st_mtime_ns, path) for path in states.glob(f"*/{NAME}")]
    except OSError:
        return None
    return max(kept)[1] if kept else None


def pointed_out(error: ConfigError, states: Path) -> ConfigError:
    """The same error, which names the last good file where there is one."""
    good = newest(states)
    if good is None:
        return error
    text = f"the last good one is {good}, never used by itself; what differs is shown by: diff {good} {error.path}"
    return ConfigError(error.path, [*error.problems, Problem("", None, text)])
