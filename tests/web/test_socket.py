"""The control socket: its file's mode, life and death, and that whoever may open it may command."""

from __future__ import annotations

import asyncio
import os
import socket
import stat
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import aiohttp
import pytest
from loguru import logger
from tests.operations_fake import FakeOperations

from vibe_quant.web import serving, socket_file
from vibe_quant.web.control_socket import ControlSocket
from vibe_quant.web.socket_file import SocketFile, SocketTakenError, answers

PATIENCE_S = 20.0


async def there(path: Path) -> None:
    async with asyncio.timeout(PATIENCE_S):
        while not answers(path):
            await asyncio.sleep(0.01)


@asynccontextmanager
async def up(path: Path, operations: FakeOperations) -> AsyncIterator[aiohttp.ClientSession]:
    task = asyncio.create_task(ControlSocket(path, operations).run())
    try:
        await there(path)
        async with aiohttp.ClientSession(connector=aiohttp.UnixConnector(str(path))) as session:
            yield session
    finally:
        task.cancel()
        await asyncio.gather(task, return_exceptions=True)


async def refused(path: Path) -> None:
    with pytest.raises(SocketTakenError, match="another process answers"):
        SocketFile(path).open()
    await asyncio.sleep(0.1)  # the server accepts who only knocked, and sees it gone
    assert answers(path)
    await asyncio.sleep(0.1)


@pytest.fixture
def said() -> Any:
    lines: list[str] = []
    number = logger.add(lambda message: lines.append(str(message)), format="{message}", level="WARNING")
    yield lines
    logger.remove(number)


async def test_it_answers_and_its_file_is_its_owners_alone_and_goes_with_it(tmp_path: Path) -> None:
    path, operations = tmp_path / "state" / "control.sock", FakeOperations()
    async with up(path, operations) as session:
        assert stat.S_IMODE(path.stat().st_mode) == 0o600
        async with session.get("http://vq/api/status") as answer:
            assert answer.status == 200
            assert (await answer.json())["legs"][0]["qty"] == "0.842"
        async with session.post("http://vq/api/pause", json={"symbol": "btc", "for_ms": 60_000}) as answer:
            assert await answer.json() == {"ok": True, "text": "done"}
    assert operations.calls == [("pause", "BTC/USDT:USDT", 60_000, f"cli (uid {os.getuid()})")]
    assert not path.exists()


async def test_what_a_dead_process_left_is_replaced(tmp_path: Path) -> None:
    path = tmp_path / "control.sock"
    with socket.socket(socket.AF_UNIX) as dead:
        dead.bind(str(path))
    async with up(path, FakeOperations()) as session, session.get("http://vq/api/version") as answer:
        assert (await answer.json())["venue"] == "sim"


async def test_a_living_ones_is_not_stolen_and_is_taken_when_it_is_free(
    tmp_path: Path, said: list[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(serving, "AGAIN_S", 0.05)
    path = tmp_path / "control.sock"
    async with up(path, FakeOperations()):
        await refused(path)
    living = socket.socket(socket.AF_UNIX)
    living.bind(str(path))
    living.listen(100)
    task = asyncio.create_task(ControlSocket(path, FakeOperations()).run())
    async with asyncio.timeout(PATIENCE_S):
        while not said:
            await asyncio.sleep(0.01)
        await asyncio.sleep(0.2)  # several tries, of which only the first is said
        assert len(said) == 1
        assert "another process answers" in said[0]
        assert "Trading goes on" in said[0]
        assert path.is_socket()
        living.close()
        while not answers(path):
            await asyncio.sleep(0.01)
        await asyncio.sleep(0.1)
    task.cancel()
    await asyncio.gather(task, return_exceptions=True)
    assert not path.exists()


async def test_a_path_that_is_too_long_for_the_system_is_gone_by_its_folder(tmp_path: Path) -> None:
    path = tmp_path / ("x" * 120) / "control.sock"
    async with up(path, FakeOperations()):
        assert stat.S_IMODE(path.stat().st_mode) == 0o600
        await refused(path)
    assert not path.exists()


def test_what_can_not_be_had_is_refused_with_its_cure(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "control.sock").write_text("mine")
    with pytest.raises(SocketTakenError, match="is no socket"):
        SocketFile(tmp_path / "control.sock").open()
    assert (tmp_path / "control.sock").read_text() == "mine"
    monkeypatch.setattr(socket_file, "PROC", str(tmp_path / "none"))
    with pytest.raises(SocketTakenError, match=r"the system takes 107; give a shorter state folder"):
        SocketFile(tmp_path / ("x" * 120) / "control.sock").open()


def test_what_another_has_put_in_its_place_stays(tmp_path: Path) -> None:
    path = tmp_path / "control.sock"
    file = SocketFile(path)
    file.open().close()
    path.unlink()
    path.write_text("another's")
    file.remove()
    assert path.exists()


async def test_a_folder_that_cannot_be_written_is_said_with_its_cure(tmp_path: Path, said: list[str]) -> None:
    (tmp_path / "file").write_text("")
    task = asyncio.create_task(ControlSocket(tmp_path / "file" / "control.sock", FakeOperations()).run())
    async with asyncio.timeout(PATIENCE_S):
        while not said:
            await asyncio.sleep(0.01)
    task.cancel()
    await asyncio.gather(task, return_exceptions=True)
    assert "see who owns its folder" in said[0]
