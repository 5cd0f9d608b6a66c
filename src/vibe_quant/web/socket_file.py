"""The file of the control socket: for its owner only, a dead process's replaced, a living one's never taken."""

from __future__ import annotations

import os
import socket
import stat
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

LONGEST = 107
"""Bytes of a path that the system takes for a socket; a longer one is gone by its folder."""
PROC = "/proc/self/fd"
QUEUE = 16


class SocketTakenError(Exception):
    """It cannot be had; the message says why and what to do."""


class SocketFile:
    """``open`` binds it, ``remove`` takes away what ``open`` made, and nothing else."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self._mine: tuple[int, int, int] | None = None

    def open(self) -> socket.socket:
        """A listening socket, mode 0600 from its first moment.

        Raises:
            SocketTakenError: another process listens there, something else stands there, or the path is too long and
                there is no way by its folder.
            OSError: the system refuses.
        """
        self.path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        self._clear()
        listening = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM | socket.SOCK_NONBLOCK)
        before = os.umask(0o177)
        try:
            with address(self.path) as short:
                listening.bind(short)
        except BaseException:
            listening.close()
            raise
        finally:
            os.umask(before)
        listening.listen(QUEUE)
        self._mine = _identity(self.path)
        return listening

    def remove(self) -> None:
        """Take it away, where it is still the one that was made here."""
        if self._mine is not None and _identity(self.path) == self._mine:
            self.path.unlink(missing_ok=True)
        self._mine = None

    def _clear(self) -> None:
        """What a dead process has left goes; whoever answers keeps it."""
        try:
            mode = self.path.lstat().st_mode
        except FileNotFoundError:
            return
        if not stat.S_ISSOCK(mode):
            raise SocketTakenError(f"{self.path} is there and is no socket; move it away")
        if answers(self.path):
            raise SocketTakenError(
                f"another process answers at {self.path}; it is left to it. Stop that one, or give this one a state "
                "folder of its own (--state)"
            )
        self.path.unlink(missing_ok=True)


def answers(path: Path) -> bool:
    """Whether anybody listens at this socket; one whose queue is full does."""
    with socket.socket(socket.AF_UNIX, socket.SOCK_STREAM | socket.SOCK_NONBLOCK) as probe:
        try:
            with address(path) as short:
                probe.connect(short)
        except (ConnectionRefusedError, FileNotFoundError):
            return False
        except OSError:
            return True
    return True


@contextmanager
def address(path: Path) -> Iterator[str]:
    """What to bind or connect to.

    Raises:
        SocketTakenError: the path is too long, and /proc does not show open folders.
    """
    length = len(os.fsencode(path))
    if length <= LONGEST:
        yield str(path)
        return
    folder = os.open(path.parent, os.O_PATH | os.O_DIRECTORY)
    try:
        short = Path(PROC) / str(folder)
        if not short.exists():
            raise SocketTakenError(
                f"its path {path} has {length} bytes and the system takes {LONGEST}; give a shorter state folder "
                "(--state), or a runtime folder (RuntimeDirectory= in the unit)"
            )
        yield str(short / path.name)
    finally:
        os.close(folder)


def _identity(path: Path) -> tuple[int, int, int] | None:
    """Its time too: the number of a file that is gone is given to the next one."""
    try:
        status = path.lstat()
    except OSError:
        return None
    return status.st_dev, status.st_ino, status.st_mtime_ns
