"""One instance an account and host: the second one is told who has it, and kill -9 frees it."""

from __future__ import annotations

import asyncio
import contextlib
import os
import signal
import socket
import sys
from pathlib import Path

import pytest

from vibe_quant.app import instance
from vibe_quant.app.instance import Held, Holder, InstanceLock, fingerprint, record_of, this_process

pytestmark = pytest.mark.skipif(sys.platform != "linux", reason="abstract Unix sockets are Linux's")

HOLDER = Holder(4711, "2026-11-21 15:30:00 UTC", "config/live.yaml", "live")
OTHER = Holder(4712, "2026-11-21 15:31:00 UTC", "config/other.yaml", "live")


@pytest.fixture
def account(request: pytest.FixtureRequest) -> str:
    return fingerprint(f"{os.getpid()} {request.node.name}")


@pytest.fixture
def quick(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(instance, "ANSWER_S", 0.05)


async def taken(account: str, holder: Holder = HOLDER) -> InstanceLock:
    lock = await InstanceLock.acquire(account, holder)
    assert isinstance(lock, InstanceLock)
    return lock


def test_the_fingerprint_is_not_the_key() -> None:
    assert fingerprint("abc") == "ba7816bf8f01cfea"
    assert len(fingerprint("k" * 64)) == 16


async def test_the_second_is_refused_and_told_who_has_it(account: str) -> None:
    lock = await taken(account)
    try:
        second = await InstanceLock.acquire(account, OTHER)
        assert second == Held(account, HOLDER, os.getpid())
        for word in (account, "4711", "15:30:00", "config/live.yaml", "sent nothing"):
            assert word in second.text
        assert isinstance(await InstanceLock.acquire(account, OTHER), Held), "asking has not freed it"
    finally:
        await lock.release()


async def test_a_journal_has_one_writer_whatever_the_way_to_it(tmp_path: Path) -> None:
    here = tmp_path / "a" / "journal.sqlite"
    lock = await taken(record_of(here))
    try:
        second = await InstanceLock.acquire(record_of(tmp_path / "b" / ".." / "a" / "journal.sqlite"), OTHER)
        assert isinstance(second, Held)
        for word in ("state folder", "4711", "config/live.yaml", "sent nothing", "--state"):
            assert word in second.text
        await (await taken(record_of(tmp_path / "b" / "journal.sqlite"))).release()
    finally:
        await lock.release()


async def test_released_it_may_be_taken_and_accounts_are_apart(account: str) -> None:
    lock = await taken(account)
    another = await taken(account[::-1])
    await another.release()
    await lock.release()
    again = await taken(account)
    await again.release()


CHILD = """
import asyncio, sys
from vibe_quant.app.instance import InstanceLock, this_process
async def main():
    lock = await InstanceLock.acquire(sys.argv[1], this_process("now", "child.yaml", "sim"))
    print(type(lock).__name__, flush=True)
    await asyncio.sleep(60)
asyncio.run(main())
"""


@contextlib.contextmanager
def killed(child: asyncio.subprocess.Process):  # type: ignore[no-untyped-def]
    try:
        yield
    finally:
        with contextlib.suppress(ProcessLookupError):
            child.kill()


async def test_a_process_that_is_killed_frees_it_and_one_that_is_stopped_is_named_by_the_kernel(
    account: str, quick: None
) -> None:
    child = await asyncio.create_subprocess_exec(
        sys.executable, "-c", CHILD, account, stdout=asyncio.subprocess.PIPE, env={"PYTHONPATH": ":".join(sys.path)}
    )
    with killed(child):
        assert child.stdout is not None
        assert await child.stdout.readline() == b"InstanceLock\n"
        os.kill(child.pid, signal.SIGSTOP)
        held = await InstanceLock.acquire(account, OTHER)
        assert held == Held(account, None, child.pid)
        assert f"process {child.pid}, which does not answer" in held.text
        os.kill(child.pid, signal.SIGCONT)
        monitored = await InstanceLock.acquire(account, OTHER)
        assert isinstance(monitored, Held)
        child.kill()
        await child.wait()
        lock = await taken(account)
        await lock.release()


@pytest.mark.parametrize(
    "said",
    [
        b"not json\n",
        b"[1]\n",
        b"{}\n",
        b'{"pid": "x", "since": "a", "configuration": "b", "venue": "c"}\n',
        b'{"pid": 1, "since": "\\u001b[2J", "configuration": "b", "venue": "c"}\n',
        b"x" * 9000,
        b"",
    ],
)
async def test_whatever_the_holder_says_the_account_stays_taken(account: str, said: bytes, quick: None) -> None:
    with socket.socket(socket.AF_UNIX) as squatter:
        squatter.bind(f"\0vibe-quant/account/{account}")

        async def answer(_: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
            writer.write(said)
            writer.close()

        server = await asyncio.start_unix_server(answer, sock=squatter)
        assert await InstanceLock.acquire(account, OTHER) == Held(account, None, os.getpid())
        server.close()


async def test_a_holder_that_does_not_listen_is_unknown_and_holds(account: str) -> None:
    with socket.socket(socket.AF_UNIX) as squatter:
        squatter.bind(f"\0vibe-quant/account/{account}")
        held = await InstanceLock.acquire(account, OTHER)
        assert held == Held(account, None, None)
        assert "process unknown" in held.text


async def test_another_failure_than_a_taken_name_is_no_answer() -> None:
    with pytest.raises(OSError, match="too long"):
        await InstanceLock.acquire("x" * 200, OTHER)


def test_this_process_names_itself() -> None:
    assert this_process("now", "a.yaml", "sim") == Holder(os.getpid(), "now", "a.yaml", "sim")


@pytest.mark.parametrize("turns", range(4))
async def test_a_start_that_is_called_off_while_it_takes_the_account_leaves_it_free(account: str, turns: int) -> None:
    start = asyncio.create_task(InstanceLock.acquire(account, HOLDER))
    for _ in range(turns):
        await asyncio.sleep(0)
    start.cancel()
    with contextlib.suppress(asyncio.CancelledError):
        await (await start).release()  # type: ignore[union-attr]
    await (await taken(account)).release()
