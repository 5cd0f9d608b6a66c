"""Whose market is followed: symbols as positions in them come and go, whatever their names are written in."""

from __future__ import annotations

from decimal import Decimal
from functools import partial
from pathlib import Path

import pytest
from tests.e2e.stage import CONFIG, LONG, SHORT, Scene, Stage, settings, stage
from tests.e2e.stream_scenes import booked, losses, mismatches, said, traded

from vibe_quant.binance.symbols import SymbolNames
from vibe_quant.binance.user_ws import UserDataWSClient
from vibe_quant.core import wanting
from vibe_quant.domain.enums import NoticeKind
from vibe_quant.domain.settings import Settings
from vibe_quant.sim.catalogue import NAMED_IN_CHINESE

D = Decimal
ETH = "ETHUSDT"
CHINESE = f"{NAMED_IN_CHINESE.removesuffix('USDT')}/USDT:USDT"


def brisk(text: str) -> Settings:
    return settings(text.replace("horizon_s: 12, endgame_s: 4", "horizon_s: 5, endgame_s: 3"))


def streams_of(on: Stage, symbol: str) -> set[str]:
    """The streams of a symbol that some socket has asked for."""
    asked = {name for session in on.server.box.hub.sessions for name in session.subscriptions}
    return {name.partition("@")[2] for name in asked if name.startswith(f"{symbol.lower()}@")}


async def test_a_symbol_is_followed_while_there_is_a_position_in_it(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(wanting, "LINGER_MS", 1000)
    scene = Scene(seats=((LONG, "0.1"),), others=(ETH,), wallet="1500")
    chosen = brisk(CONFIG.replace("  venue: sim", "  venue: sim\n  manage: all").replace("_s: 5", "_s: 12"))
    async with stage(tmp_path, scene, chosen=chosen) as on:
        await on.working()
        assert {"bookTicker", "aggTrade", "markPrice@1s"} <= streams_of(on, "BTCUSDT")
        assert streams_of(on, ETH) == set()
        leg = (ETH, SHORT)
        on.added[leg] = D("0.8")
        opened_ms = on.server.box.now
        await on.act("position_enlarged", symbol=ETH, side="SHORT", qty="0.8")
        await on.until(partial(streams_of, on, ETH), 20, "its streams")
        assert on.server.box.now - opened_ms < 9000, "the account is compared each twelve seconds only"
        await on.until(lambda: {"bookTicker", "aggTrade", "markPrice@1s"} <= streams_of(on, ETH), 10, "all of them")
        assert said(on, NoticeKind.OPEN_ALERT, "ETH/USDT:USDT SHORT has a position")
        await on.until(lambda: any(order.symbol == ETH for order in on.truth.own), 15, "an order in it")
        await on.until(lambda: not on.truth.left(leg), 30, "its end")
        await on.flat()
        await on.until(lambda: len(said(on, NoticeKind.EXIT_FINISHED, "done")) == 2, 10, "the end of both exits")
        await on.until(lambda: not streams_of(on, ETH), 40, "the end of its streams")
        await on.until(lambda: booked(on) == traded(on), 10, "the booking of every trade")
        assert booked(on) == {("BTCUSDT", "LONG"): D("0.1"), (ETH, "SHORT"): D("0.8")}
        assert losses(on) == []


async def test_a_position_in_a_contract_that_was_listed_after_the_start_has_its_stop_within_seconds(
    tmp_path: Path,
) -> None:
    scene = Scene(seats=((LONG, "0.02"),), others=(ETH,), wallet="700")
    chosen = brisk(CONFIG.replace("  venue: sim", "  venue: sim\n  manage: all").replace("_s: 5", "_s: 60"))
    async with stage(tmp_path, scene, chosen=chosen) as on:
        await on.flat()
        forget(on, ETH)
        on.added[ETH, SHORT] = D("0.8")
        opened_ms = on.server.box.now
        await on.act("position_enlarged", symbol=ETH, side="SHORT", qty="0.8")
        await on.until(lambda: on.truth.stops(), 20, "its stop")
        assert on.server.box.now - opened_ms < 15_000, "the account is compared each minute only"
        await on.flat()


def forget(on: Stage, raw: str) -> None:
    """As if the exchange had begun to list a contract after the start."""
    assert on.app is not None
    user = on.app.parts.user
    assert isinstance(user, UserDataWSClient)
    names = user.codec._symbols
    assert isinstance(names, SymbolNames)
    del names._raw[names._unified.pop(raw)]


async def test_a_position_that_comes_again_is_followed_again(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(wanting, "LINGER_MS", 500)
    scene = Scene(seats=((LONG, "0.02"),), wallet="500")
    chosen = brisk(CONFIG.replace("horizon_s: 12, endgame_s: 4", "horizon_s: 3, endgame_s: 2"))
    async with stage(tmp_path, scene, chosen=chosen) as on:
        await on.flat()
        await on.until(lambda: not streams_of(on, "BTCUSDT"), 15, "the end of its streams")
        on.added["BTCUSDT", LONG] = D("0.02")
        await on.act("position_enlarged", symbol="BTCUSDT", side="LONG", qty="0.02")
        await on.until(lambda: streams_of(on, "BTCUSDT"), 10, "its streams again")
        await on.until(lambda: len(said(on, NoticeKind.EXIT_FINISHED, "done")) == 2, 15, "the end of both exits")
        await on.until(lambda: booked(on) == traded(on), 10, "the booking of every trade")
        assert booked(on) == {("BTCUSDT", "LONG"): D("0.04")}


async def test_a_symbol_with_a_chinese_name_is_worked_to_zero(tmp_path: Path) -> None:
    scene = Scene(symbol=NAMED_IN_CHINESE, seats=((LONG, "20000"), (SHORT, "8000")), wallet="300")
    chosen = brisk(CONFIG.replace("BTC/USDT:USDT", CHINESE))
    async with stage(tmp_path, scene, chosen=chosen, bare_ms=None) as on:
        await on.until(lambda: said(on, NoticeKind.STOP, f"{CHINESE} LONG has its protective stop"), 10, "a stop")
        assert {"bookTicker", "aggTrade", "markPrice@1s"} <= streams_of(on, NAMED_IN_CHINESE)
        await on.flat()
        await on.until(lambda: len(said(on, NoticeKind.EXIT_FINISHED, "done")) == 2, 10, "the end of both exits")
        held = {(NAMED_IN_CHINESE, "LONG"): D(20000), (NAMED_IN_CHINESE, "SHORT"): D(8000)}
        await on.until(lambda: booked(on) == traded(on), 10, "the booking of every trade")
        assert booked(on) == held
        assert mismatches(on) == []
