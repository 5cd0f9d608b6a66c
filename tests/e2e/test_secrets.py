"""Whatever goes wrong, no key, secret, listen key or signature stands in anything that the program writes."""

from __future__ import annotations

import asyncio
import json
import logging
import re
import signal
import socket
from collections.abc import AsyncIterator, Callable, Mapping, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

import pytest
from loguru import logger
from tests.e2e.process import House, house, written
from tests.e2e.stage import CONFIG, LONG, SHORT, Scene, settings

from vibe_quant.app.application import Goal
from vibe_quant.app.narrator import Narrator
from vibe_quant.app.observers import Observer
from vibe_quant.app.session import Plan, run_session
from vibe_quant.binance.credentials import Credentials
from vibe_quant.binance.urls import Endpoints, simulated
from vibe_quant.sim.front.faults import RequestFate, read_faults
from vibe_quant.sim.front.http import HttpRequest, HttpResponse
from vibe_quant.sim.server import SimServer

SEATS = ((LONG, "0.3"), (SHORT, "0.1"))
BUSY = CONFIG.replace(
    "horizon_s: 12, endgame_s: 4, child_s: 2", "horizon_s: 300, endgame_s: 4, child_s: 0.5, reprice_bps: 0"
).replace("reprice_ms: 300", "reprice_ms: 50")
"""It asks for something all the time."""
PASSWORD = "canaryPassword-5f0c1e"
POST, DELETE, QUERY = "POST /fapi/v1/order", "DELETE /fapi/v1/order", "GET /fapi/v1/order"
KEY_CALL, LEGS, OPEN = "POST /fapi/v1/listenKey", "GET /fapi/v3/positionRisk", "GET /fapi/v1/openOrders"
POST_ONLY = -5022
LEAST = 8
"""Shorter texts are no secrets."""
SIGNED = re.compile("signature(?:=|%3D)[^*]")
"""A signature that somebody has shown, whosever it is."""
Answering = Callable[[HttpRequest, HttpResponse], HttpResponse]


def cut(_: HttpRequest, answer: HttpResponse) -> HttpResponse:
    """A body that ends in its middle, behind whatever secret it holds."""
    return replace(answer, body=answer.body[:-1])


def echoed(request: HttpRequest, _: HttpResponse) -> HttpResponse:
    """A refusal that repeats what it was asked, the key and the signature with it."""
    code = POST_ONLY if request.method == "POST" else -1100  # the one does not stop what is to go on
    said = {"code": code, "msg": f"Illegal characters in {said_by(request)}"}
    return HttpResponse(400, json.dumps(said).encode())


def echoed_page(request: HttpRequest, _: HttpResponse) -> HttpResponse:
    """A page of a proxy that does so."""
    return HttpResponse(502, f"<html><pre>{said_by(request)}</pre></html>".encode(), content_type="text/html")


def echoed_text(request: HttpRequest, _: HttpResponse) -> HttpResponse:
    """An answer of the right kind that holds no JSON."""
    return HttpResponse(200, f"welcome, {said_by(request)}".encode())


def said_by(request: HttpRequest) -> str:
    """All that a request says."""
    return f"{request.path}?{request.query}&{request.body.decode()} of {request.headers.get('x-mbx-apikey', '')}"


@dataclass
class Tap:
    """Stands at the exchange's door: notes what is secret, and gives false answers where it is told to."""

    server: SimServer
    secrets: set[str] = field(default_factory=set)
    false: list[tuple[str, Answering]] = field(default_factory=list)

    def __post_init__(self) -> None:
        """Look at each request from now on."""
        self.secrets |= {self.server.api_key, self.server.api_secret, PASSWORD}
        work = self.server.box.work

        def working(request: HttpRequest, fate: RequestFate, now: int) -> HttpResponse:
            answer = work(request, fate, now)
            self._note(request, answer)
            return self._false(request, answer)

        setattr(self.server.box, "work", working)  # noqa: B010 - a tap on one object

    def _note(self, request: HttpRequest, answer: HttpResponse) -> None:
        for text in (request.query, request.body.decode()):
            found = [part.partition("=")[2] for part in text.split("&") if part.startswith("signature=")]
            self.secrets |= {value for value in found if len(value) >= LEAST}
        if request.path.endswith("/listenKey") and b'"listenKey"' in answer.body:
            self.secrets.add(json.loads(answer.body)["listenKey"])

    def _false(self, request: HttpRequest, answer: HttpResponse) -> HttpResponse:
        endpoint = f"{request.method} {request.path}"
        for wanted in self.false:
            if wanted[0] == endpoint:
                self.false.remove(wanted)
                return wanted[1](request, answer)
        return answer

    def found_in(self, data: bytes) -> list[str]:
        """The secrets that stand in it, and what announces one."""
        return [secret for secret in self.secrets if secret.encode() in data] + SIGNED.findall(data.decode("latin-1"))


def on(endpoint: str, kind: str, **fields: Any) -> dict[str, Any]:
    """A fault of the next request to an endpoint."""
    return {"kind": kind, "when": {"nth": 1}, "where": {"endpoint": endpoint}, **fields}


def wave(*declared: Mapping[str, Any]) -> Sequence[Mapping[str, Any]]:
    """Faults that strike together."""
    return declared


EVERY = {"when": {"nth": 1}}
WAVES = (
    wave(on(POST, "refuse", code=POST_ONLY, message="no"), on(LEGS, "proxy_error", reached=False)),
    wave(on(POST, "proxy_error", reached=False, status=403), on(LEGS, "request_lost")),
    wave(on(POST, "request_lost"), on(OPEN, "unavailable_503")),
    wave(on(POST, "ack_lost"), on(LEGS, "internal_1001")),
    wave(on(DELETE, "ack_lost"), on(OPEN, "timestamp_1021")),
    wave(on(POST, "unknown_503", reached=True), on(LEGS, "timeout_1007", reached=False)),
    wave(
        on(LEGS, "refuse", code=-1102, message="Mandatory parameter"),
        {"kind": "sockets_closed", "classes": ["private"]},
    ),
    wave(on(KEY_CALL, "proxy_error", reached=True, status=504), {"kind": "listen_key_expired"}),
    wave(on(KEY_CALL, "request_lost"), {"kind": "sockets_closed", "classes": ["private"], "code": 1008}),
    wave(on(KEY_CALL, "refuse", code=-2015, message="Invalid API-key, IP, or permissions"), {"kind": "sockets_closed"}),
    wave({"kind": "limit_429", "for_s": 1, **EVERY}),
    wave({"kind": "ban_418", "for_s": 2, **EVERY}),
    wave({"kind": "maintenance", "for_s": 1, **EVERY}),
)
FALSE: tuple[tuple[tuple[str, Answering], ...], ...] = (
    ((POST, cut), (LEGS, cut)),
    ((POST, echoed), (LEGS, echoed)),
    ((POST, echoed_page), (OPEN, echoed_page)),
    ((POST, echoed_text), (LEGS, echoed_text)),
    ((DELETE, echoed), (OPEN, cut)),
    ((KEY_CALL, cut),),
    ((KEY_CALL, echoed),),
    ((KEY_CALL, echoed_text),),
)
LAST = wave(
    on(LEGS, "refuse", code=-1022, message="Signature for this request is not valid."),
    {"kind": "key_revoked", "for_s": 2},
)
"""After these it has stopped for good what it need not do."""


async def provoke(server: SimServer, tap: Tap, waiting: Callable[[Callable[[], object], str], Any]) -> None:
    """Every error path, one wave after the other, each seen to strike."""
    plan = server.box.plan

    def strike(declared: Sequence[Mapping[str, Any]]) -> list[str]:
        acts = [one for one in declared if "when" not in one]
        names = plan.add(read_faults([one for one in declared if "when" in one]), server.box.now)
        plan.add(read_faults(acts), server.box.now, passing=True)
        server.box.advance(server.box.now)
        return names

    for declared in WAVES:
        names = strike(declared)
        await waiting(lambda names=names: set(names) <= {hit.fault for hit in plan.struck}, str(declared))  # type: ignore[misc]
    for false in FALSE:
        tap.false += false
        if false[0][0] == KEY_CALL:
            strike([{"kind": "sockets_closed", "classes": ["private"]}])
        await waiting(lambda: not tap.false, str(false))
    strike(LAST)
    await asyncio.sleep(2.5)


@pytest.mark.timeout(300)
async def test_nothing_that_a_process_writes_holds_a_secret(tmp_path: Path) -> None:
    config = BUSY.replace("  breaker:", "  journal: {url: 'postgresql://vibe@127.0.0.1:9/vibe'}\n  breaker:")
    async with house(tmp_path, Scene(seats=SEATS), config, judged=False) as at:
        tap = Tap(at.server)
        run = await at.start(environment={"PGPASSWORD": PASSWORD})
        await at.working(run)
        await provoke(at.server, tap, lambda reached, what: run.until(reached, 40, what))
        command = Path(f"/proc/{run.pid}/cmdline").read_bytes()
        names = Path(f"/proc/{run.pid}/comm").read_bytes()
        run.signal(signal.SIGTERM)
        await run.ended()
        assert tap.found_in(command) == []
        assert tap.found_in(names) == []
        judge(at, tap)


def judge(at: House, tap: Tap) -> None:
    """Search every file below the folder, and see that what should be there to be searched is."""
    files = dict(written(at.folder))
    assert {path.name: tap.found_in(data) for path, data in files.items() if tap.found_in(data)} == {}
    names = {path.name for path in files}
    assert {"vibe-quant.log", "out-0", "err-0", "journal.sqlite"} <= names
    assert any(b"DEBUG" in data for data in files.values())
    assert len(tap.secrets) > len(WAVES), "nothing was signed"


class Raw(logging.Handler):
    """Other libraries' loggers, at their most talkative."""

    def __init__(self, lines: list[str]) -> None:
        super().__init__(logging.WARNING)
        self._lines = lines

    def emit(self, record: logging.LogRecord) -> None:
        self._lines.append(self.format(record))


@asynccontextmanager
async def session(folder: Path, server: SimServer, endpoints: Endpoints) -> AsyncIterator[list[str]]:
    """The program in this loop, with nobody who takes secrets out of its lines; yields those."""
    lines: list[str] = []
    sink = logger.add(lambda text: lines.append(str(text)), level=0, backtrace=False, diagnose=False)
    handler = Raw(lines)
    logging.getLogger().addHandler(handler)
    key = Credentials(server.api_key, server.api_secret)
    plan = Plan(
        settings=settings(BUSY),
        endpoints=endpoints,
        credentials=key,
        state=folder,
        goal=Goal.SERVE,
        version="test",
        config_hash="0" * 64,
        observers=(Observer("narrator", Narrator("vq").see),),
    )
    task = asyncio.create_task(run_session(plan))
    try:
        yield lines
        assert not task.done(), "\n".join(lines)
    finally:
        task.cancel()
        await asyncio.wait([task])
        logger.remove(sink)
        logging.getLogger().removeHandler(handler)


async def until(lines: list[str], reached: Callable[[], object], what: str, within_s: float = 40) -> None:
    """Wait for it."""
    loop = asyncio.get_running_loop()
    end = loop.time() + within_s
    while not reached():
        assert loop.time() < end, f"no {what}\n" + "\n".join(lines)
        await asyncio.sleep(0.02)


def searched(folder: Path, lines: list[str], tap: Tap) -> list[str]:
    """Secrets in the lines and the files."""
    data = ["\n".join(lines).encode(), *(data for _, data in written(folder))]
    return [secret for one in data for secret in tap.found_in(one)]


@pytest.mark.timeout(300)
async def test_no_line_needs_to_be_cleaned(tmp_path: Path) -> None:
    async with SimServer(Scene(seats=SEATS).options()) as server:
        tap = Tap(server)
        async with session(tmp_path, server, simulated(server.rest, server.ws)) as lines:
            await until(lines, lambda: server.box.exchange.venue.by_id, "first order")
            await provoke(server, tap, lambda reached, what: until(lines, reached, what))
        assert searched(tmp_path, lines, tap) == []
        assert len(lines) > len(WAVES)


def elsewhere(server: SimServer, rest: str, ws: str) -> Endpoints:
    """The exchange where REST or the sockets are asked for at another place."""
    true = simulated(server.rest, server.ws)
    if rest:
        return replace(true, rest=rest, sapi=rest)
    return replace(true, ws_public=f"{ws}/public", ws_market=f"{ws}/market", ws_private=f"{ws}/private")


@pytest.mark.parametrize("which", ["rest", "ws"])
@pytest.mark.parametrize("trouble", ["no such name", "no TLS", "nobody listens"])
async def test_an_address_that_cannot_be_reached(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, which: str, trouble: str
) -> None:
    found = asyncio.BaseEventLoop.getaddrinfo

    async def unknown(self: asyncio.BaseEventLoop, host: Any, *more: Any, **named: Any) -> Any:
        if host == "nosuch.invalid":
            raise socket.gaierror(socket.EAI_NONAME, "Name or service not known")
        return await found(self, host, *more, **named)

    monkeypatch.setattr(asyncio.BaseEventLoop, "getaddrinfo", unknown)
    async with SimServer(Scene(seats=SEATS).options()) as server:
        tap = Tap(server)
        address = {"no such name": "nosuch.invalid:443", "no TLS": server.rest[7:], "nobody listens": "127.0.0.1:9"}
        url = ("https" if which == "rest" else "wss") + f"://{address[trouble]}"
        endpoints = elsewhere(server, url if which == "rest" else "", url)
        async with session(tmp_path, server, endpoints) as lines:
            await until(lines, lambda: any("WARNING" in line for line in lines), "word of it")
            await asyncio.sleep(1.5)
        assert searched(tmp_path, lines, tap) == []
        assert "".join(lines).isprintable() is False
