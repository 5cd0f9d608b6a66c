"""One instance an account and host: who may work it, and who does.

The lock is an abstract Unix socket named after the API key.  A lock file was weighed and left: a unit with PrivateTmp,
ProtectSystem or another user does not see or may not open the same file, and a file names a holder that may be long
dead.  The abstract name belongs to the network namespace, that is to the host: all users, mount namespaces and
configurations share it, and the kernel frees it with the process, however that ends.  Containers with a network of
their own do not share it: there the lease of the PostgreSQL mirror and the check for foreign orders of our prefix hold.
"""

from __future__ import annotations

import asyncio
import errno
import hashlib
import json
import os
import socket
import struct
from dataclasses import asdict, dataclass, fields
from pathlib import Path

LONGEST = 4096
ANSWER_S = 2.0
PEER = struct.Struct("3i")
IMAGINED = "paper-"
"""How accounts begin for which no key stands."""
RECORD = "record-"
"""How a journal's name begins: one program writes it, whatever account it works."""


def fingerprint(api_key: str) -> str:
    """What stands for an account in names and records: 16 hex digits of the key's SHA-256, never the key."""
    return hashlib.sha256(api_key.encode()).hexdigest()[:16]


def record_of(journal: Path) -> str:
    """What stands for a journal: two services of two accounts must not write the same."""
    return f"{RECORD}{fingerprint(str(journal.resolve()))}"


@dataclass(frozen=True, slots=True)
class Holder:
    """Who works an account: ``since`` and ``configuration`` as a person reads them."""

    pid: int
    since: str
    configuration: str
    venue: str

    def __str__(self) -> str:
        return f"process {self.pid}, since {self.since}, configuration {self.configuration}, venue {self.venue}"


@dataclass(frozen=True, slots=True)
class Held:
    """The account is taken; ``holder`` None where it does not answer for itself (stopped, or another program)."""

    account: str
    holder: Holder | None
    pid: int | None

    @property
    def text(self) -> str:
        """What happened, what was done, what to do."""
        who = str(self.holder) if self.holder else f"process {self.pid or 'unknown'}, which does not answer"
        if self.account.startswith(RECORD):
            return (
                f"The journal of this state folder is already written by another instance: {who}. This one has not "
                f"started and has sent nothing. Stop the other one first, or give this one a state folder of its "
                f"own (--state)."
            )
        return (
            f"Account {self.account} is already worked on this host by another instance: {who}. This one has not "
            f"started and has sent nothing, whatever its configuration and prefix. Stop the other one first, or "
            f"{self._or}."
        )

    @property
    def _or(self) -> str:
        if self.account.startswith(IMAGINED):
            return "give this one a state folder of its own (--state)"
        return "give this one the API key of another account"


class InstanceLock:
    """Held until ``release`` or the end of the process."""

    def __init__(self, server: asyncio.Server) -> None:
        self._server = server

    @classmethod
    async def acquire(cls, account: str, holder: Holder) -> InstanceLock | Held:
        """Take the account named by its fingerprint, or find out who has it.

        Raises:
            OSError: this system has no abstract Unix sockets (it is not Linux), or none may be opened.
        """
        name = _name(account)
        lock = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
        try:
            lock.bind(name)
        except OSError as error:
            lock.close()
            if error.errno != errno.EADDRINUSE:
                raise
            return await _who(account, name)
        line = json.dumps(asdict(holder)).encode() + b"\n"

        async def answer(_: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
            writer.write(line)
            writer.close()

        server = await asyncio.start_unix_server(answer, sock=lock, start_serving=False)
        try:
            await server.start_serving()
        except asyncio.CancelledError:  # a start that is called off leaves nobody behind who has the account
            server.close()
            raise
        return cls(server)

    async def release(self) -> None:
        """Let another instance have it."""
        self._server.close()


async def holder_of(account: str) -> Held | None:
    """Who works an account on this host; looks only, and takes nothing.  None: nobody."""
    name = _name(account)
    with socket.socket(socket.AF_UNIX, socket.SOCK_STREAM) as probe:
        probe.setblocking(False)
        try:
            await asyncio.get_running_loop().sock_connect(probe, name)
        except ConnectionRefusedError:
            return None
        except OSError:  # its queue is full: somebody is there
            return Held(account, None, None)
    return await _who(account, name)


def _name(account: str) -> str:
    return f"\0vibe-quant/account/{account}"


async def _who(account: str, name: str) -> Held:
    """Ask the holder; the kernel knows its process even where it does not answer."""
    loop = asyncio.get_running_loop()
    with socket.socket(socket.AF_UNIX, socket.SOCK_STREAM) as peer:
        peer.setblocking(False)
        pid: int | None = None
        line = b""
        try:
            async with asyncio.timeout(ANSWER_S):
                await loop.sock_connect(peer, name)
                pid, _, _ = PEER.unpack(peer.getsockopt(socket.SOL_SOCKET, socket.SO_PEERCRED, PEER.size))
                while (
                    not line.endswith(b"\n") and len(line) < LONGEST and (more := await loop.sock_recv(peer, LONGEST))
                ):
                    line += more
        except OSError:  # asyncio's TimeoutError among them
            line = b""
    return Held(account, _read(line), pid)


def _read(line: bytes) -> Holder | None:
    """What the holder said of itself, as far as it may be shown: printable, and of the right kinds."""
    try:
        said = json.loads(line)
        words = [said[field.name] for field in fields(Holder)]
    except (ValueError, KeyError, TypeError):
        return None
    good = isinstance(words[0], int) and all(isinstance(word, str) and word.isprintable() for word in words[1:])
    return Holder(*words) if good else None


def this_process(since: str, configuration: str, venue: str) -> Holder:
    """Ourselves."""
    return Holder(os.getpid(), since, configuration, venue)
