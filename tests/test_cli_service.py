"""How a command finds the service, and what it says where it is not found, may not be asked, or does not answer."""

from __future__ import annotations

import json
import socket
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from tests.cli_stage import Cli, serving
from tests.operations_fake import STATUS, FakeOperations

from vibe_quant.cli import service
from vibe_quant.cli.failure import DECLINED, NOT_RUNNING, OUT_OF_REACH
from vibe_quant.cli.service import Service, ServiceError
from vibe_quant.cli.where import Where

ASKING = [
    ("status",),
    ("status", "--json"),
    ("positions",),
    ("why", "BTC", "LONG"),
    ("pause",),
    ("resume",),
    ("flatten", "all", "--yes"),
    ("reload",),
    ("config", "diff", "running"),
]


@pytest.fixture
def cli(tmp_path: Path) -> Cli:
    return Cli(tmp_path)


@pytest.mark.parametrize("command", ASKING, ids=" ".join)
def test_where_no_service_runs_it_says_so_how_to_start_it_and_what_works(cli: Cli, command: tuple[str, ...]) -> None:
    told = cli(*command)
    assert told.exit_code == NOT_RUNNING
    assert told.stdout == ""
    assert f"No service is running: nobody answers at {cli.socket}" in told.stderr
    assert f"vibe-quant run --config {cli.config}" in told.stderr
    assert "doctor" in told.stderr


def test_a_socket_that_a_dead_service_has_left_is_no_service(cli: Cli) -> None:
    cli.socket.parent.mkdir(parents=True)
    with socket.socket(socket.AF_UNIX) as left:
        left.bind(str(cli.socket))
    assert cli("status").exit_code == NOT_RUNNING


def test_a_socket_of_another_user_names_that_user(cli: Cli, monkeypatch: pytest.MonkeyPatch) -> None:
    def refused(*_: Any) -> None:
        raise PermissionError(13, "Permission denied")

    cli.socket.parent.mkdir(parents=True)
    monkeypatch.setattr(service, "_connected", refused)
    told = cli("pause")
    assert told.exit_code == OUT_OF_REACH
    assert f"may not speak to the service at {cli.socket}: it belongs to {service.owner(cli.socket)}" in told.stderr


def test_the_owner_of_what_cannot_be_seen_is_that_of_the_folder(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert service.owner(tmp_path / "no" / "such") == service.owner(tmp_path)

    def nobody(uid: int) -> None:
        raise KeyError(uid)

    monkeypatch.setattr("pwd.getpwuid", nobody)
    assert service.owner(tmp_path) == f"uid {tmp_path.stat().st_uid}"


def test_the_service_is_found_by_configuration_state_socket_and_service_manager(cli: Cli) -> None:
    with cli.running():
        assert cli("status").exit_code == 0
        assert cli("status", "--state", cli.folder / "state", "--config", cli.config).exit_code == 0
        assert cli("status", "--socket", cli.socket, "--state", "/nowhere").exit_code == 0
        assert cli("status", RUNTIME_DIRECTORY=str(cli.socket.parent)).exit_code == 0
        assert cli("status", "--state", cli.folder / "other").exit_code == NOT_RUNNING


def test_an_unreadable_configuration_does_not_hide_the_one_service_that_runs(cli: Cli) -> None:
    cli.config.write_text("global: [", encoding="utf-8")
    assert cli("status").exit_code == NOT_RUNNING
    with cli.running():
        told = cli("status")
        assert told.exit_code == 0
        assert "cannot be read; the one service that runs is asked" in told.stderr
        with serving(cli.folder / "state" / "live" / "control.sock", FakeOperations()):
            told = cli("flatten", "all", "--yes")
            assert told.exit_code == OUT_OF_REACH
            assert "several services run" in told.stderr
    assert cli.operations.calls == []


def test_an_installed_service_is_found_where_its_unit_has_it(cli: Cli, tmp_path: Path) -> None:
    run = tmp_path / "run"
    unit = run / "vibe-quant" / "control.sock"
    where = Where(cli.config)
    environment = {"STATE_DIRECTORY": str(tmp_path / "none")}
    assert where.service(environment, installed=run).socket == tmp_path / "none" / "sim" / "control.sock"
    with serving(unit, FakeOperations()):
        assert where.service(environment, installed=run).socket == unit
        with serving(run / "vibe-quant-two" / "control.sock", FakeOperations()):
            assert where.service(environment, installed=run).socket == tmp_path / "none" / "sim" / "control.sock"
        assert Where(cli.config, cli.folder).service(environment, installed=run).socket != unit


def test_a_command_meant_for_one_venue_is_not_given_to_another(cli: Cli) -> None:
    cli.operations.now = replace(STATUS, venue="live")
    with cli.running():
        for command in (("pause",), ("resume",), ("flatten", "all", "--yes"), ("reload", "--yes")):
            told = cli(*command)
            assert told.exit_code == DECLINED, told.output
            assert "is of venue sim, and the service" in told.stderr
        assert cli.operations.calls == []
        assert cli("pause", "--socket", cli.socket).exit_code == 0
    assert [call[0] for call in cli.operations.calls] == ["pause"]


class _Answers:
    """A server that answers each connection with the same bytes."""

    def __init__(self, at: Path, answer: bytes) -> None:
        import threading

        at.parent.mkdir(parents=True, exist_ok=True)
        self.listening = socket.socket(socket.AF_UNIX)
        self.listening.bind(str(at))
        self.listening.listen()
        self.answer = answer
        self.thread = threading.Thread(target=self._serve)
        self.thread.start()

    def _serve(self) -> None:
        connection, _ = self.listening.accept()
        with connection:
            connection.recv(65536)
            connection.sendall(self.answer)

    def close(self) -> None:
        self.thread.join()
        self.listening.close()


def http(status: str, body: bytes) -> bytes:
    return f"HTTP/1.1 {status}\r\nContent-Length: {len(body)}\r\n\r\n".encode() + body


@pytest.mark.parametrize(
    ("answer", "code", "says"),
    [
        (
            http("404 Not Found", b'{"error": "no such\x1b[2Jsymbol"}'.replace(b"\x1b", b"\\u001b")),
            DECLINED,
            "no such ",
        ),
        (http("409 Conflict", b"nonsense"), DECLINED, "HTTP 409"),
        (http("409 Conflict", b"[1]"), DECLINED, "HTTP 409"),
        (http("500 Oh", b'{"error": "a defect"}'), OUT_OF_REACH, "has failed at this: a defect"),
        (http("200 OK", b'{"venue": 1}'), OUT_OF_REACH, "does not understand"),
        (b"SSH-2.0\r\n", OUT_OF_REACH, "broke off"),
        (b"", OUT_OF_REACH, "broke off"),
    ],
)
def test_whatever_answers_ends_in_a_sentence(cli: Cli, answer: bytes, code: int, says: str) -> None:
    server = _Answers(cli.socket, answer)
    told = cli("status")
    server.close()
    assert told.exit_code == code, told.output
    assert says in told.stderr
    assert "\x1b" not in told.stderr
    assert len(told.stderr.splitlines()) == 1


def test_a_command_whose_answer_never_comes_is_not_said_to_have_failed(cli: Cli) -> None:
    cli.socket.parent.mkdir(parents=True)
    with socket.socket(socket.AF_UNIX) as silent:
        silent.bind(str(cli.socket))
        silent.listen()
        with pytest.raises(ServiceError, match=r"has not answered in time.*is not known: look with vibe-quant status"):
            Service(cli.socket, cli.config, patience_s=0.05).post("/api/pause", {}, dict[str, str])
        with pytest.raises(ServiceError, match="has not answered in time") as asked:
            Service(cli.socket, cli.config, patience_s=0.05).get("/api/status", dict[str, str])
    assert "not known" not in str(asked.value)


def test_what_machines_read_is_what_the_service_says(cli: Cli) -> None:
    with cli.running():
        status = json.loads(cli("status", "--json").stdout)
        held = json.loads(cli("positions", "--json").stdout)
        why = json.loads(cli("why", "BTC", "LONG", "--json").stdout)
    assert held == {"legs": status["legs"], "unmanaged": status["unmanaged"]}
    assert held["legs"][0]["qty"] == "0.842"
    assert why["reason"] == "orderbook_price"
