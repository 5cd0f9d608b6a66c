"""Standard error and standard output as the log's thread writes to them: what nobody reads holds up nothing else."""

from __future__ import annotations

import io
import os
import select
import stat
from collections.abc import Callable, Mapping
from datetime import datetime
from typing import TextIO

from vibe_quant.app.log_writer import Line

PIECE = 4096
"""A pipe that can be written takes so much without waiting (PIPE_BUF)."""


class StreamOutput:
    """Past the stream's own buffer where it has a descriptor: a thread stuck in that buffer would hold up the end.

    A stream that is gone takes no more and is nobody's loss.
    """

    def __init__(self, out: TextIO) -> None:
        self._out = out
        self._fd = descriptor(out)
        self._rest = b""
        self._gone = False
        self._poll = select.poll()
        if self._fd is not None:
            self._poll.register(self._fd, select.POLLOUT)
            _flushed(out)

    def ready(self) -> bool:
        """Nothing is left of what it was given, after a try."""
        while self._rest and self._writable():
            self._push()
        return self._gone or not self._rest

    def write(self, lines: list[Line]) -> None:
        """As much as goes without waiting; a stream without a descriptor may wait."""
        text = "".join(line.text for line in lines)
        if self._gone:
            return
        if self._fd is None:
            self._gone = not _told(self._out, text)
            return
        self._rest += text.encode(self._out.encoding or "utf-8", "backslashreplace")
        self.ready()

    def idle(self) -> bool:
        """Nothing."""
        return False

    def _writable(self) -> bool:
        """Where the other end is gone a write says so."""
        return bool(self._poll.poll(0))

    def _push(self) -> None:
        assert self._fd is not None
        try:
            self._rest = self._rest[os.write(self._fd, self._rest[:PIECE]) :]
        except BlockingIOError:
            return
        except OSError:
            self._gone, self._rest = True, b""


class Paper(io.TextIOBase):
    """What stands for standard output: each write goes the log's way, and comes back at once."""

    def __init__(self, put: Callable[[str], None], out: TextIO) -> None:
        super().__init__()
        self._put = put
        self._terminal = out.isatty()
        self._code = out.encoding or "utf-8"

    @property
    def encoding(self) -> str:  # type: ignore[override]
        """That of the stream."""
        return self._code

    def writable(self) -> bool:
        """It is."""
        return True

    def isatty(self) -> bool:
        """As the stream's."""
        return self._terminal

    def write(self, text: str) -> int:
        """Hand it on."""
        if text:
            self._put(text)
        return len(text)


def descriptor(out: TextIO) -> int | None:
    """None: it has none, or is closed."""
    try:
        return out.fileno()
    except (OSError, ValueError, AttributeError):
        return None


def is_journal(out: TextIO, environment: Mapping[str, str]) -> bool:
    """The service manager's journal reads this stream: ``JOURNAL_STREAM`` names its device and inode."""
    fd, named = descriptor(out), environment.get("JOURNAL_STREAM", "")
    if fd is None or not named:
        return False
    try:
        status = os.fstat(fd)
    except OSError:
        return False
    return stat.S_ISSOCK(status.st_mode) and named == f"{status.st_dev}:{status.st_ino}"


def line_of(text: str, at: datetime) -> Line:
    """Something for people that must not be dropped lightly."""
    return Line(text, at, loud=True)


def _flushed(out: TextIO) -> None:
    """What was written the common way comes first."""
    try:
        out.flush()
    except (OSError, ValueError):
        return


def _told(out: TextIO, text: str) -> bool:
    try:
        out.write(text)
        out.flush()
    except (OSError, ValueError):
        return False
    return True
