"""Venue paper against an exchange that is only watched: exits, stops, lost streams, and nothing private ever asked."""

from __future__ import annotations

import asyncio
import io
import json
from collections.abc import AsyncIterator, Callable, Iterable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field, replace
from decimal import Decimal
from pathlib import Path
from types import SimpleNamespace
from typing import Any, cast

import pytest
from tests.e2e.danger import patient
from tests.e2e.driven import Driven, wallet_for
from tests.e2e.stage import BTC, CONFIG, LONG, SHORT, settings
from tests.e2e.truth import Truth

from vibe_quant.app.application import DONE, REFUSED, Application, Goal
from vibe_quant.app.hosting import Job, Reach, host
from vibe_quant.app.observers import Observer
from vibe_quant.app.paper_exchange import PaperExchange
from vibe_quant.app.places import FILE
from vibe_quant.app.redaction import Redactor
from vibe_quant.app.session import Plan, run_session
from vibe_quant.binance.urls import simulated
from vibe_quant.config.loader import ConfigLoader
from vibe_quant.domain.enums import NoticeKind, PositionSide, Stream
from vibe_quant.domain.events import Event, StreamDown, StreamUp
from vibe_quant.domain.intents import Intent, Notify
from vibe_quant.domain.settings import PaperSettings, SeededPosition, Settings, Venue
from vibe_quant.journal.reader import JournalReader
from vibe_quant.journal.verify import verify
from vibe_quant.sim.catalogue import CATALOGUE
from vibe_quant.sim.exchange import SimExchange
from vibe_quant.sim.front.box import Box
from vibe_quant.sim.front.box_options import BoxOptions, MarketSource
from vibe_quant.sim.front.faults import RequestFate
from vibe_quant.sim.front.http import HttpRequest
from vibe_quant.sim.front.streams.session import Session
from vibe_quant.sim.front.streams.wire import Wire
from vibe_quant.sim.server import SimServer

D = Decimal
ETH = "ETH/USDT:USDT"
PUBLIC = {"/fapi/v1/time", "/fapi/v1/exchangeInfo", "/fapi/v1/premiumIndex"}
Seats = tuple[tuple[str, PositionSide, str], ...]
BOTH: Seats = ((BTC, LONG, "0.3"), (ETH, SHORT, "3"))
TWO = f'{CONFIG}  "ETH/USDT:USDT": {{}}\n'


def paper_settings(seats: Seats, chosen: Settings | None = None, wallet: str = "6000") -> Settings:
    """The stories' settings, on paper."""
    chosen = chosen or settings(TWO)
    held = tuple(SeededPosition(symbol, side, D(qty)) for symbol, side, qty in seats)
    shared = replace(chosen.shared, venue=Venue.PAPER, paper=PaperSettings(wallet=D(wallet), positions=held))
    return replace(chosen, shared=shared)


@dataclass
class Watched:
    """The program on paper, and all that reached the exchange whose market it watches."""

    server: SimServer
    settings: Settings
    folder: Path
    requests: list[HttpRequest] = field(default_factory=list)
    sockets: list[str] = field(default_factory=list)
    notices: list[Notify] = field(default_factory=list)
    events: list[Event] = field(default_factory=list)
    task: asyncio.Task[int] | None = None
    app: Application | None = None

    def start(self, goal: Goal = Goal.SERVE) -> None:
        """Without a key."""
        plan = Plan(
            settings=self.settings,
            endpoints=simulated(self.server.rest, self.server.ws),
            credentials=None,
            state=self.folder,
            goal=goal,
            version="test",
            config_hash="0" * 64,
            observers=[Observer("notices", self._see)],
            started=self._began,
        )
        self.app = None
        self.task = asyncio.create_task(run_session(plan))

    def _began(self, app: Application) -> None:
        self.app = app

    def _see(self, now: int, event: Event, intents: Iterable[Intent], quote: object) -> None:
        self.events.append(event)
        self.notices += [intent for intent in intents if isinstance(intent, Notify)]

    @property
    def sim(self) -> SimExchange:
        """The imagined exchange."""
        assert self.app is not None
        exchange = self.app.parts.exchange
        assert isinstance(exchange, PaperExchange)
        return exchange.venue.exchange

    @property
    def truth(self) -> Truth:
        """Its own records."""
        paper = self.settings.shared.paper
        seats = {(seat.symbol, seat.side): seat.qty for seat in paper.positions}
        return Truth(cast("Box", SimpleNamespace(exchange=self.sim)), "vq", seats)

    def left(self) -> list[Decimal]:
        """What the legs hold still."""
        return [self.truth.left(leg) for leg in self.truth.seats]

    async def until(self, reached: Callable[[], object], within_s: float = 30) -> None:
        """Wait; fails after ``within_s`` or where the program has ended."""
        async with asyncio.timeout(within_s):
            while self.app is None or not reached():
                assert self.task is not None
                assert not self.task.done(), self.task
                await asyncio.sleep(0.02)

    async def working(self) -> None:
        """Wait until each leg has its stop and an order was sent."""
        await self.until(lambda: len(self.truth.stops()) == len(self.left()) and self.truth.own)

    async def ended(self) -> int:
        """The exit code."""
        assert self.task is not None
        async with asyncio.timeout(40):
            return await self.task

    async def stop(self) -> int:
        """As SIGTERM does."""
        assert self.app is not None
        self.app.stop()
        return await self.ended()

    async def act(self, kind: str, **fields: Any) -> None:
        """Let something happen at the exchange that is watched."""
        body = json.dumps({"kind": kind, **fields}).encode()
        assert self.server.box.control.handle("POST", "/act", body, self.server.box.now).status == 200

    def judge(self) -> None:
        """Nothing private has come, and the promises hold on paper too."""
        assert {request.path for request in self.requests} <= PUBLIC
        assert {request.method for request in self.requests} == {"GET"}
        assert not any("signature" in r.query or "x-mbx-apikey" in r.headers for r in self.requests)
        assert self.sockets
        assert all(path.startswith(("/public/", "/market/")) for path in self.sockets)
        assert self.server.box.exchange.venue.by_id == {}
        assert self.server.defects == []
        assert verify(self.folder / FILE).good
        if self.app is None:
            return
        assert self.app.dispatch.defects == 0
        assert self.truth.opening() == self.truth.over_closed() == self.truth.two_at_once() == []


@asynccontextmanager
async def watched(folder: Path, chosen: Settings, *markets: MarketSource) -> AsyncIterator[Watched]:
    """An exchange that counts what reaches it, and the program beside it; stopped and judged at the end."""
    sources = markets or (MarketSource(CATALOGUE["BTCUSDT"]), MarketSource(CATALOGUE["ETHUSDT"]))
    async with SimServer(BoxOptions(sources)) as server:
        on = Watched(server, chosen, folder)
        arrive, carry = server.box.arrive, server.box.hub.open

        def arrived(request: HttpRequest, now: int) -> RequestFate:
            on.requests.append(request)
            return arrive(request, now)

        def opened(path: str, query: str, wire: Wire, now: int) -> Session:
            on.sockets.append(path)
            return carry(path, query, wire, now)

        server.box.arrive = arrived  # type: ignore[method-assign]
        server.box.hub.open = opened  # type: ignore[method-assign]
        on.start()
        try:
            yield on
            assert on.task is not None
            if not on.task.done():
                assert await on.stop() == DONE
            on.judge()
        finally:
            if on.task is not None and not on.task.done():
                on.task.cancel()
                await asyncio.wait([on.task])


async def test_both_sides_reach_zero_under_their_stops(tmp_path: Path) -> None:
    async with watched(tmp_path, paper_settings(BOTH)) as on:
        await on.working()
        assert len(on.truth.stops()) == 2
        await on.until(lambda: not any(on.left()))
        await on.until(lambda: not on.truth.stops() and not on.truth.live())
        assert await on.stop() == DONE
        reader = JournalReader(tmp_path / FILE)
        closed = {side: D(0) for side in ("LONG", "SHORT")}
        for row in reader.rows(kinds=("fill",)):
            closed[row.side] += D(row.data()["last_qty"])
        assert closed == {"LONG": D("0.3"), "SHORT": D(3)}
        (start,) = reader.rows(kinds=("start",))
        assert start.data()["venue"] == "paper"
        assert start.data()["account"].startswith("paper-")
        assert not [n for n in on.notices if n.kind is NoticeKind.MISMATCH]


async def test_a_stop_fires_when_the_real_mark_reaches_it(tmp_path: Path) -> None:
    market = Driven()
    seats: Seats = ((BTC, LONG, "0.3"),)
    chosen = paper_settings(seats, patient(panic=False), wallet_for(market, "0.3", "0.05"))
    source = MarketSource(CATALOGUE["BTCUSDT"], events=market.events())
    async with watched(tmp_path, chosen, source) as on:
        await on.working()
        market.go("-0.0475", over_s=1)
        fired = "vq-ps-"
        await on.until(lambda: any(o.client_id.startswith(fired) for o in on.truth.orders))
        await on.until(lambda: not any(on.left()))
        assert not [o for o in on.truth.orders if o.client_id.startswith("autoclose-")]


@pytest.mark.parametrize("classes", [["public"], ["market"], ["public", "market"]], ids="-".join)
async def test_a_market_that_is_lost_comes_back_and_the_exit_goes_on(tmp_path: Path, classes: list[str]) -> None:
    seats: Seats = ((BTC, LONG, "0.3"),)
    async with watched(tmp_path, paper_settings(seats)) as on:
        await on.working()
        await on.act("sockets_closed", classes=classes)
        streams = {"public": Stream.BOOK, "market": Stream.MARKET}
        wanted = {streams[name] for name in classes}
        await on.until(lambda: {e.stream for e in on.events if isinstance(e, StreamDown)} == wanted, 10)
        await on.until(lambda: not any(on.left()))
        assert {e.stream for e in on.events if isinstance(e, StreamUp)} == set(Stream)


async def test_a_second_start_begins_anew_and_finds_nothing_amiss(tmp_path: Path) -> None:
    async with watched(tmp_path, paper_settings(BOTH)) as on:
        await on.working()
        await on.until(
            lambda: (
                on.truth.stops() and any(left < seat for left, seat in zip(on.left(), (D("0.3"), D(3)), strict=True))
            )
        )
        assert on.task is not None
        on.task.cancel()
        await asyncio.wait([on.task])
        on.start()
        await on.until(lambda: on.app is not None and any(leg.qty for leg in on.app.engine.legs()))
        await on.working()
        assert not [n for n in on.notices if n.kind is NoticeKind.MISMATCH]
        assert not list(JournalReader(tmp_path / FILE).rows(kinds=("mismatch",)))


async def test_two_cannot_write_one_record(tmp_path: Path) -> None:
    async with watched(tmp_path, paper_settings(BOTH)) as on:
        await on.working()
        first, app = on.task, on.app
        on.start()
        assert await on.ended() == REFUSED
        on.task, on.app = first, app


async def test_a_position_in_what_the_exchange_does_not_list_refuses_the_start(tmp_path: Path) -> None:
    async with SimServer(BoxOptions((MarketSource(CATALOGUE["BTCUSDT"]),))) as server:
        on = Watched(server, paper_settings((("XYZ/USDT:USDT", LONG, "1"),), settings()), tmp_path)
        on.start()
        assert await on.ended() == REFUSED
        (start,) = JournalReader(tmp_path / FILE).rows(kinds=("start",))
        assert "no such perpetual" in start.data()["refusals"][0]


async def test_the_command_ends_flat_with_a_card_for_each_side(tmp_path: Path) -> None:
    path, out = tmp_path / "config.yaml", io.StringIO()
    legs = '[{symbol: "BTC/USDT:USDT", side: LONG, qty: 0.02}, {symbol: "ETH/USDT:USDT", side: SHORT, qty: 0.5}]'
    path.write_text(
        TWO.replace("venue: sim", f"venue: paper\n  paper: {{wallet: 300, positions: {legs}}}"), encoding="utf-8"
    )
    markets = (MarketSource(CATALOGUE["BTCUSDT"]), MarketSource(CATALOGUE["ETHUSDT"]))
    async with SimServer(BoxOptions(markets)) as server:
        job = Job(
            loaded=ConfigLoader().load(path),
            exchange=Reach(simulated(server.rest, server.ws), None),
            state=tmp_path / "state",
            until_flat=True,
            version="1",
            out=out,
        )
        assert await host(job, Redactor()) == 0
    titles = {line.strip() for line in out.getvalue().splitlines() if line.startswith("Exit of")}
    assert titles == {f"Exit of LONG 0.02 {BTC}, patient", f"Exit of SHORT 0.5 {ETH}, patient"}
