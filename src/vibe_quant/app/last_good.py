"""The last configuration that ruled, kept beside the journal: for the day on which the file is broken.

It is shown and compared, never used by itself.
"""

from __future__ import annotations

from pathlib import Path

from vibe_quant.app.private_file import write_private
from vibe_quant.config.problems import ConfigError, Problem

NAME = "config.last-good.yaml"


def keep(state: Path, content: bytes) -> Path:
    """Put it in its place whole, or leave what is there.

    Raises:
        OSError: it cannot be written.
    """
    place = state / NAME
    write_private(place, content)
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
