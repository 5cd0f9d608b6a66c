"""The start gate over real sockets, against the exchange in a box: what spoils a start there is refused here."""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass, replace
from decimal import Decimal
from typing import Any

import pytest

from vibe_quant.app.clock import SystemClock
from vibe_quant.app.instance import fingerprint
from vibe_quant.app.start_findings import Account, Check
from vibe_quant.app.start_gate import Report, StartGate
from vibe_quant.app.time_sync import TimeSync
from vibe_quant.binance.adapter import ExchangeAdapter
from vibe_quant.binance.credentials import Credentials
from vibe_quant.binance.rest import RestClient
from vibe_quant.binance.symbols import SymbolNames
from vibe_quant.binance.urls import simulated
from vibe_quant.domain import events as ev
from vibe_quant.domain.enums import PositionSide
from vibe_quant.domain.intents import Notify
from vibe_quant.domain.settings import AllowSettings, Settings, SymbolSettings, Venue
from vibe_quant.ports import Accepted
from vibe_quant.sim.catalogue import CATALOGUE
from vibe_quant.sim.front.box_options import BoxOptions, MarketSource, Seat
from vibe_quant.sim.server import SimServer

BTC = "BTC/USDT:USDT"
SEATED = BoxOptions(
    (MarketSource(CATALOGUE["BTCUSDT"]),), positions=(Seat("BTCUSDT", PositionSide.LONG, Decimal(2), Decimal(60_000)),)
)
EMPTY = replace(SEATED, positions=())
Change = Callable[[Account], Account]


@dataclass(slots=True)
class Start:
    """A gate that has run, and what it was told meanwhile."""

    report: Report
    clock: SystemClock
    notices: list[Notify]
    server: SimServer


@asynccontextmanager
async def started(
    options: BoxOptions = SEATED, *, symbol: str = BTC, secret: str = "", allow: AllowSettings | None = None
) -> AsyncIterator[Start]:
    events, notices, clock = list[ev.Event](), list[Notify](), SystemClock()
    async with SimServer(options) as server:
        keys = Credentials(server.api_key, secret or server.api_secret)
        client = RestClient(simulated(server.rest, server.ws), keys, clock, events.append, timeout_ms=2000)
        adapter = ExchangeAdapter(client, SymbolNames(), clock)
        settings = Settings(symbols=((symbol, SymbolSettings()),))
        account = Account(fingerprint(server.api_key), Venue.SIM, allow or AllowSettings(), "vq")
        time = TimeSync(adapter, clock, events.append, notices.append)
        try:
            report = await StartGate(adapter, clock, time, settings, account, notices.append).run()
            yield Start(report, clock, notices, server)
            orders = await adapter.open_orders(BTC)
            assert not isinstance(orders, Accepted) or orders.value.orders == ()
        finally:
            await adapter.close()


async def test_a_healthy_account_passes() -> None:
    async with started() as start:
        assert [finding.text for finding in start.report.findings if finding.refuses] == []
        assert start.report.stops_allowed
        assert start.report.key_passed
        assert [loaded.rules.symbol for loaded in start.report.rules] == [BTC]
        assert start.report.measured is not None
        assert start.report.measured.uncertainty_ms < 1000
        assert start.notices == []


@pytest.mark.parametrize(
    ("options", "check", "words", "stops"),
    [
        (replace(EMPTY, hedge_mode=False), Check.MODE, "one-way mode", False),
        (replace(SEATED, permissions={"enableWithdrawals": True}), Check.KEY, "(enableWithdrawals)", False),
        (replace(SEATED, permissions={"permitsUniversalTransfer": True}), Check.KEY, "(permitsUniversal", False),
        (replace(SEATED, permissions={"enableFutures": False}), Check.KEY, "enableFutures is false", False),
    ],
)
async def test_each_refusal(options: BoxOptions, check: Check, words: str, stops: bool) -> None:
    async with started(options) as start:
        (finding,) = start.report.refusals
        assert finding.check is check
        assert words in finding.text
        assert start.report.stops_allowed is stops


async def test_a_right_that_is_allowed_by_name() -> None:
    options = replace(SEATED, permissions={"enableWithdrawals": True})
    async with started(options, allow=AllowSettings(key_rights=("enableWithdrawals",))) as start:
        assert start.report.refusals == ()


async def test_a_symbol_that_is_not_listed_is_refused_and_stops_are_still_placed() -> None:
    async with started(symbol="BTT/USDT:USDT") as start:
        (finding,) = start.report.refusals
        assert (finding.check, finding.symbol) == (Check.SYMBOL, "BTT/USDT:USDT")
        assert start.report.stops_allowed


async def test_a_wrong_secret_is_refused_and_stands_in_no_text() -> None:
    async with started(secret="canary" * 8) as start:
        (finding,) = start.report.refusals
        assert finding.check is Check.KEY
        for text in (finding.text, repr(start.report)):
            assert "canary" not in text
            assert start.server.api_key not in text


def fault(**declared: Any) -> BoxOptions:
    return replace(SEATED, faults=[declared])


@pytest.mark.parametrize("seconds", [5, -5])
async def test_a_clock_that_is_off_is_measured_and_told(seconds: int) -> None:
    async with started(fault(kind="clock_off", seconds=seconds, when={"at_s": 0})) as start:
        assert start.report.refusals == ()
        texts = [finding.text for finding in start.report.findings if finding.check is Check.CLOCK]
        assert len(texts) == 1
        assert ("behind" if seconds > 0 else "ahead of") in texts[0]
        assert abs(start.clock.server_ms() - start.clock.wall_ms() - seconds * 1000) < 1000
