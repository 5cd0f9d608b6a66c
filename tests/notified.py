"""The service manager's end of the notify protocol, played by a test: what a process has said, and when."""

from __future__ import annotations

import asyncio
import os
import socket
from dataclasses import dataclass, field


@dataclass(frozen=True, slots=True)
class Said:
    """One message: ``at`` is the loop's time of its arrival."""

    at: float
    lines: tuple[str, ...]


@dataclass(slots=True)
class Manager:
    """Listens at ``address``, in the abstract namespace: a temporary folder's path may be too long for a socket."""

    heard: list[Said] = field(default_factory=list)
    address: str = ""
    _socket: socket.socket | None = None

    def __enter__(self) -> Manager:
        self._socket = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
        self._socket.setblocking(False)
        self._socket.bind("")  # the kernel chooses an abstract name that is free
        name = self._socket.getsockname()
        self.address = "@" + (name if isinstance(name, str) else os.fsdecode(name))[1:]
        asyncio.get_running_loop().add_reader(self._socket, self._hear)
        return self

    def __exit__(self, *_: object) -> None:
        assert self._socket is not None
        asyncio.get_running_loop().remove_reader(self._socket)
        self._socket.close()

    def _hear(self) -> None:
        assert self._socket is not None
        text = self._socket.recv(65_536).decode()
        self.heard.append(Said(asyncio.get_running_loop().time(), tuple(text.split("\n"))))

    def times(self, line: str) -> list[float]:
        """When a line that begins so has come."""
        return [said.at for said in self.heard if any(one.startswith(line) for one in said.lines)]

    def last(self, name: str) -> str:
        """The newest value of a name, "" where it was never told."""
        found = [line for said in self.heard for line in said.lines if line.startswith(f"{name}=")]
        return found[-1].partition("=")[2] if found else ""
