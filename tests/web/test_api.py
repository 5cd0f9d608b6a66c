"""The API over TCP: each address, and what is said to what cannot be answered."""

from __future__ import annotations

from dataclasses import replace
from typing import Any
from urllib.parse import quote

import pytest
from tests.operations_fake import BTC, NOW, STATUS, FakeOperations
from tests.web.stand import BEARER, stand

from vibe_quant.domain.enums import PositionSide
from vibe_quant.domain.status import Answer, Report, Status
from vibe_quant.ports import JournalBroken

QUOTED = quote(BTC, safe="")


@pytest.mark.parametrize(
    ("path", "look"),
    [
        ("api/status", lambda said: said["legs"][0]["order"]["price"] == "60910.2"),
        (f"api/why/{QUOTED}/LONG", lambda said: said["reason"] == "orderbook_price" and said["symbol"] == BTC),
        ("api/why/btc/long", lambda said: said["inputs"][0] == ["bid", "60910.1"]),
        (f"api/report?since_ms={NOW}", lambda said: said["exits"][0]["cost_bps"] == "2.31"),
        ("api/logs?n=2", lambda said: said == ["line 0", "line 1"]),
        ("api/config", lambda said: said[0]["scope"] == "global"),
        (f"api/config?symbol={QUOTED}", lambda said: said[0]["scope"] == BTC),
        ("api/version", lambda said: said == {"version": "0.0", "venue": "sim", "run": "r1"}),
        ("api/trace?symbol=btc", lambda said: said["symbol"] == BTC),
        ("api/events", lambda said: said == []),
        ("healthz", lambda said: said == {"alive": True}),
        ("readyz", lambda said: said == {"ready": True}),
    ],
)
async def test_what_is_asked_is_answered(path: str, look: Any) -> None:
    async with stand() as at:
        status, said = await at.asked("GET", path)
    assert status == 200
    assert look(said), said


@pytest.mark.parametrize(
    ("path", "body", "call"),
    [
        ("api/pause", None, ("pause", None, None, "page")),
        ("api/pause", {"symbol": "btcusdt", "for_ms": 1_800_000}, ("pause", BTC, 1_800_000, "page")),
        ("api/pause", {"symbol": BTC, "panic": True}, ("pause", BTC, None, "page", "panic")),
        ("api/resume", {}, ("resume", None, "page")),
        ("api/resume", {"symbol": "BTC"}, ("resume", BTC, "page")),
        ("api/flatten", {"symbol": "btc", "side": "short"}, ("flatten", BTC, PositionSide.SHORT, "page")),
        ("api/flatten", {"symbol": "btc"}, ("flatten", BTC, None, "page")),
        ("api/flatten", {"all": True}, ("flatten", None, None, "page")),
        ("api/flatten", {"all": True, "symbol": None, "side": None}, ("flatten", None, None, "page")),
        ("api/reload/plan", {}, ("plan_reload", "page")),
        ("api/reload/apply", {"token": "abc123"}, ("apply_reload", "abc123", "page")),
    ],
)
async def test_what_is_commanded_arrives(path: str, body: Any, call: tuple[object, ...]) -> None:
    async with stand() as at:
        status, said = (
            await at.asked("POST", path, headers=BEARER, json=body)
            if body is not None
            else await at.asked("POST", path, headers=BEARER)
        )
    assert (status, at.operations.calls) == (200, [call]), said


@pytest.mark.parametrize(
    ("method", "path", "body", "status", "words"),
    [
        ("GET", "api/why/doge/LONG", None, 404, "'doge' is not the name of one managed symbol"),
        ("GET", "api/why/eth/LONG", None, 404, "is not managed"),
        ("GET", "api/why/btc/BOTH", None, 400, "write LONG or SHORT"),
        ("GET", "api/report", None, 400, "since_ms is None"),
        ("GET", "api/report?since_ms=-5", None, 400, "must be a whole number"),
        ("GET", "api/report?since_ms=9" + "9" * 5000, None, 400, "must be a whole number"),
        ("GET", "api/report?since_ms=" + "0" * 20 + "9" * 20, None, 400, "must be a whole number"),
        ("GET", "api/report?since_ms=" + "0" * 5000, None, 400, "must be a whole number"),
        ("GET", "api/logs?n=1e3", None, 400, "must be a whole number from 1"),
        ("GET", "api/logs?n=²", None, 400, "must be a whole number"),
        ("GET", "api/config?symbol=eth", None, 404, "is not managed"),
        ("GET", "api/trace", None, 400, "symbol is missing"),
        ("GET", "api/nothing", None, 404, "there is nothing at this address: GET /api/nothing"),
        ("GET", "api/pause", None, 405, "is not asked in this way"),
        ("GET", "metrics", None, 404, "nothing at this address"),
        ("GET", "static/%2e%2e%2fgate.py", None, 404, "nothing at this address"),
        ("GET", "api/push", None, 426, "asked as a WebSocket"),
        ("POST", "api/pause", {"for_ms": 0}, 400, "a pause lasts between 1 ms and a year"),
        ("POST", "api/pause", {"for_ms": "60"}, 400, "Expected `int | null`"),
        ("POST", "api/pause", {"until": 60}, 400, "is a JSON object of symbol, for_ms, panic"),
        ("POST", "api/flatten", None, 400, "a flatten says what it is to close"),
        ("POST", "api/flatten", {}, 400, "a flatten says what it is to close"),
        ("POST", "api/flatten", {"symbol": None, "side": None}, 400, "a flatten says what it is to close"),
        ("POST", "api/flatten", {"all": False}, 400, "a flatten says what it is to close"),
        ("POST", "api/flatten", {"side": "LONG"}, 400, "a flatten says what it is to close"),
        ("POST", "api/flatten", {"all": True, "side": "LONG"}, 400, "a flatten says what it is to close"),
        ("POST", "api/flatten", {"all": True, "symbol": "btc"}, 400, "a flatten says what it is to close"),
        ("POST", "api/flatten", {"all": 1}, 400, "Expected `bool`"),
        ("POST", "api/flatten", {"whole": True}, 400, "is a JSON object of symbol, side, all"),
        ("POST", "api/flatten", {"symbol": "doge"}, 404, "is not the name of one managed symbol"),
        ("POST", "api/reload/apply", {}, 400, "missing required field `token`"),
        ("POST", "api/reload/plan", {"x": 1}, 400, "JSON object of nothing"),
        ("POST", "api/pause", {"symbol": "x" * 5000}, 413, "at most 4096 bytes"),
    ],
)
async def test_what_cannot_be_answered_is_said_in_a_sentence(
    method: str, path: str, body: Any, status: int, words: str
) -> None:
    async with stand() as at:
        more = {} if body is None else {"json": body}
        found, said = await at.asked(method, path, headers=BEARER, **more)
    assert found == status
    assert isinstance(said, dict)
    assert words in said["error"]
    assert at.operations.calls == []


async def test_a_command_that_is_not_carried_out_is_a_refusal() -> None:
    async with stand(FakeOperations(answer=Answer(False, "it is flat already"))) as at:
        assert await at.asked("POST", "api/flatten", headers=BEARER, json={"all": True}) == (
            409,
            {"error": "it is flat already"},
        )


async def test_a_defect_is_logged_and_told_without_its_inside() -> None:
    class Broken(FakeOperations):
        def status(self) -> Status:
            raise RuntimeError("secret inside")

    async with stand(Broken()) as at:
        status, said = await at.asked("GET", "api/status")
        assert status == 500
        assert "secret" not in str(said)
        assert (await at.asked("GET", "healthz"))[0] == 200


async def test_not_ready_says_why() -> None:
    streams = tuple(replace(stream, up=stream.name != "user") for stream in STATUS.streams)
    status = replace(STATUS, ready=False, phase="starting", streams=streams, breaker_open=True, held="the clock is off")
    async with stand(FakeOperations(status)) as at:
        assert await at.asked("GET", "readyz") == (
            503,
            {
                "ready": False,
                "reason": "it is starting; the clock is off; no connection: user; the breaker is open",
            },
        )


async def test_metrics_come_from_the_meter() -> None:
    class Meter:
        def __init__(self) -> None:
            self.seen = 0

        def see(self, *news: object) -> None:
            self.seen += 1

        def notice(self, *news: object) -> None:
            self.seen += 1

        def cost(self, *news: object) -> None:
            self.seen += 1

        async def text(self, status: Status) -> tuple[bytes, str]:
            return f"run {status.run}\n".encode(), "text/plain; version=0.0.4; charset=utf-8"

    meter = Meter()
    async with stand(meter=meter) as at, at.session.get(at.url + "metrics") as answer:
        assert (answer.status, await answer.text()) == (200, "run r1\n")
        assert answer.headers["Content-Type"] == "text/plain; version=0.0.4; charset=utf-8"


async def test_a_journal_that_cannot_be_read_is_no_defect() -> None:
    class Unread(FakeOperations):
        async def report(self, since_ms: int) -> Report:
            raise JournalBroken(f"journal /state/journal.sqlite: there is no such file ({since_ms})")

    async with stand(Unread()) as at:
        status, said = await at.asked("GET", "api/report?since_ms=7")
    assert (status, said) == (503, {"error": "journal /state/journal.sqlite: there is no such file (7)"})
