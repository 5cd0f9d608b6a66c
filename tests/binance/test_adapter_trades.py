"""The account's own trades over weeks and pages: all of them, once each, oldest first."""

from __future__ import annotations

from collections.abc import Mapping
from decimal import Decimal

import pytest
from tests.binance import rest_bodies as bodies
from tests.binance.rest_stage import BTC, RAW, SERVER_MS, Script, StillClock, scripted, text

from vibe_quant.binance.asking import Asker
from vibe_quant.binance.holds import Hold
from vibe_quant.binance.listing import Listing
from vibe_quant.binance.symbols import SymbolNames
from vibe_quant.binance.trade_history import DAY_MS, KEPT_MS, WINDOW_MS, TradeHistory
from vibe_quant.ports import Accepted, Outcome, Unknown, UserTrade

D = Decimal


class Ledger(Script):
    """userTrades with a window of seven days, as documented."""

    def __init__(self, trades: list[tuple[int, int]], most: int) -> None:
        super().__init__()
        self.trades, self.most = sorted(trades), most

    async def call(self, name: str, params: Mapping[str, str | int], hold: Hold) -> Outcome[str]:
        self.asked.append((name, dict(params), hold))
        assert params["limit"] == self.most
        assert ("fromId" in params) is not ("startTime" in params)
        start = int(params.get("startTime", 0))
        end = int(params.get("endTime", start + WINDOW_MS)) if "startTime" in params else SERVER_MS * 2
        assert "fromId" in params or end - start <= WINDOW_MS
        found = [(n, at) for n, at in self.trades if n >= int(params.get("fromId", 0)) and start <= at <= end]
        return Accepted(text([bodies.trade(n, at) for n, at in found[: self.most]]))


async def _since(trades: list[tuple[int, int]], since: int, most: int = 3) -> tuple[list[int], Ledger]:
    script, names = Ledger(trades, most), SymbolNames()
    names.learn(BTC, RAW)
    asker = Asker(script, StillClock())
    told = await TradeHistory(asker, Listing(asker, names), most).since(BTC, since)
    assert isinstance(told, Accepted)
    return [trade.trade_id for trade in told.value], script


async def test_trades_over_many_pages_come_once_each_and_oldest_first() -> None:
    trades = [(n, SERVER_MS - 1000 + n // 4) for n in range(1, 12)]
    found, script = await _since(trades, SERVER_MS - 1000)
    assert found == list(range(1, 12))
    assert [params.get("fromId") for _, params, _ in script.asked] == [None, 4, 7, 10]


@pytest.mark.parametrize("count", [0, 1, 2, 3, 4, 6])
async def test_full_and_half_full_pages(count: int) -> None:
    found, _ = await _since([(n, SERVER_MS - 50 + n) for n in range(count)], SERVER_MS - 60)
    assert found == list(range(count))


async def test_weeks_without_a_gap_and_without_a_double() -> None:
    start = SERVER_MS - 30 * DAY_MS
    edges = [start + week * WINDOW_MS + shift for week in range(1, 5) for shift in (-1, 0)]
    trades = [(n, at) for n, at in enumerate([start - 1, start, *edges, SERVER_MS, SERVER_MS + 40])]
    found, script = await _since(trades, start, most=2)
    assert found == list(range(1, len(trades)))
    ends = [params["endTime"] for _, params, _ in script.asked if "endTime" in params]
    starts = [params["startTime"] for _, params, _ in script.asked if "startTime" in params]
    assert starts[1:] == [int(end) + 1 for end in ends]


async def test_no_more_than_the_exchange_keeps_is_asked_for() -> None:
    _, script = await _since([], 0)
    assert script.asked[0][1]["startTime"] == SERVER_MS - KEPT_MS


async def test_an_exchange_that_repeats_a_page_ends_the_reading() -> None:
    page = text([bodies.trade(n, SERVER_MS - 5) for n in range(1000)])
    adapter, script = scripted(fapiPrivateGetUserTrades=page)
    told = await adapter.user_trades(BTC, SERVER_MS - 10)
    assert isinstance(told, Accepted)
    assert (len(told.value), len(script.asked)) == (1000, 2)


async def test_a_trade_and_one_of_one_way_mode() -> None:
    rows = [bodies.trade(1, SERVER_MS), bodies.trade(2, SERVER_MS, positionSide="BOTH")]
    adapter, _ = scripted(fapiPrivateGetUserTrades=text(rows))
    told = await adapter.user_trades(BTC, SERVER_MS - 10)
    assert isinstance(told, Accepted)
    (only,) = told.value
    assert isinstance(only, UserTrade)
    assert (only.symbol, only.qty, only.fee, only.realized_pnl) == (BTC, D("0.001"), D("0.0025056"), D("-0.0002"))


async def test_a_page_that_fails_fails_the_whole() -> None:
    full = text([bodies.trade(n, SERVER_MS - 5) for n in range(1000)])
    adapter, _ = scripted(fapiPrivateGetUserTrades=[full, Unknown("timeout")])
    assert await adapter.user_trades(BTC, SERVER_MS - 10) == Unknown("timeout")
