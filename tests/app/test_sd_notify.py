"""The notify protocol: what is read from the environment, and that a manager who does not listen holds nothing up."""

from __future__ import annotations

import asyncio
import os
import socket
import tempfile
from pathlib import Path

import pytest
from loguru import logger
from tests.notified import Manager

from vibe_quant.app.sd_notify import notify_socket, watchdog_s, withheld

KIND = socket.SOCK_DGRAM


async def test_a_message_arrives_by_the_abstract_namespace() -> None:
    with Manager() as manager:
        notify = notify_socket({"NOTIFY_SOCKET": manager.address})
        assert notify is not None
        assert notify.send("READY=1", "STATUS=well")
        await asyncio.sleep(0.01)
        assert [said.lines for said in manager.heard] == [("READY=1", "STATUS=well")]


def test_a_message_arrives_by_a_path() -> None:
    with tempfile.TemporaryDirectory(dir="/tmp") as folder, socket.socket(socket.AF_UNIX, KIND) as ear:
        ear.bind(f"{folder}/s")
        notify = notify_socket({"NOTIFY_SOCKET": f"{folder}/s"})
        assert notify is not None
        assert notify.send("WATCHDOG=1")
        assert ear.recv(100) == b"WATCHDOG=1"


@pytest.mark.parametrize("address", ["", "@", "/", "vsock:2:1234", "relative/path"])
def test_what_is_no_unix_socket_is_none(address: str) -> None:
    assert notify_socket({"NOTIFY_SOCKET": address}) is None


def test_a_manager_who_is_gone_or_does_not_read_is_said_once_and_holds_nothing_up(tmp_path: Path) -> None:
    said: list[str] = []
    sink = logger.add(lambda text: said.append(str(text)), format="{message}")
    try:
        notify = notify_socket({"NOTIFY_SOCKET": str(tmp_path / "nobody")})
        assert notify is not None
        assert not notify.send("WATCHDOG=1")
        assert not notify.send("WATCHDOG=1")
        assert sum("does not listen" in line for line in said) == 1
        with tempfile.TemporaryDirectory(dir="/tmp") as folder, socket.socket(socket.AF_UNIX, KIND) as deaf:
            deaf.bind(f"{folder}/s")
            full = notify_socket({"NOTIFY_SOCKET": f"{folder}/s"})
            assert full is not None
            sent = [full.send("STATUS=" + "x" * 1000) for _ in range(5000)]
            assert sent[0], "it listens at first"
            assert not sent[-1], "nobody reads, and nobody waits"
    finally:
        logger.remove(sink)


@pytest.mark.parametrize(
    ("environment", "seconds"),
    [
        ({"WATCHDOG_USEC": "60000000"}, 60.0),
        ({"WATCHDOG_USEC": "500000", "WATCHDOG_PID": str(os.getpid())}, 0.5),
        ({"WATCHDOG_USEC": "500000", "WATCHDOG_PID": "1"}, None),
        ({"WATCHDOG_USEC": "0"}, None),
        ({"WATCHDOG_USEC": "soon"}, None),
        ({"WATCHDOG_USEC": ""}, None),
        ({}, None),
    ],
)
def test_the_watchdogs_time(environment: dict[str, str], seconds: float | None) -> None:
    assert watchdog_s(environment, os.getpid()) == seconds


def test_no_child_inherits_the_managers_socket() -> None:
    environment = {"NOTIFY_SOCKET": "@a", "WATCHDOG_USEC": "1", "WATCHDOG_PID": "2", "PATH": "/bin"}
    copy = withheld(environment)
    assert environment == {"PATH": "/bin"}
    assert copy["NOTIFY_SOCKET"] == "@a"
    assert watchdog_s(copy, 2) is not None
