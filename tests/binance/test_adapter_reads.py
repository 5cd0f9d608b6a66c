"""Names, rules, marks and trades: what is asked, how often, and what a failure of a part means."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping
from decimal import Decimal
from typing import Any

import pytest
from tests.binance import rest_bodies as bodies
from tests.binance.rest_stage import BTC, RAW, SERVER_MS, Script, StillClock, close_order, scripted, text

from vibe_quant.binance.adapter import ExchangeAdapter
from vibe_quant.binance.asking import Asker
from vibe_quant.binance.holds import Hold
from vibe_quant.binance.listing import FRESH_MS, Listing
from vibe_quant.binance.market_reads import FEES_A_MINUTE, MINUTE_MS
from vibe_quant.binance.symbols import SymbolNames
from vibe_quant.binance.trade_history import DAY_MS, KEPT_MS, WINDOW_MS, TradeHistory
from vibe_quant.ports import (
    Accepted,
    AccountConfig,
    Exchange,
    KeyRights,
    NotSent,
    Outcome,
    Rejected,
    Unknown,
    UserTrade,
)

D = Decimal
INFO, BRACKETS, FEES = "fapiPublicGetExchangeInfo", "fapiPrivateGetLeverageBracket", "fapiPrivateGetCommissionRate"
ETH = bodies.contract(symbol="ETHUSDT", baseAsset="ETH")
RULES: dict[str, Any] = {
    INFO: text(bodies.info(bodies.contract(), ETH)),
    BRACKETS: text([bodies.tiers(), bodies.tiers(symbol="ETHUSDT")]),
    FEES: text(bodies.FEES),
}


async def test_rules_brackets_and_fees_of_a_symbol() -> None:
    adapter, script = scripted(**RULES)
    told = await adapter.rules(BTC)
    assert isinstance(told, Accepted)
    assert (told.value.rules.symbol, told.value.rules.tick, len(told.value.brackets)) == (BTC, D("0.1"), 2)
    assert (told.value.maker_fee, told.value.taker_fee) == (D("0.0002"), D("0.0005"))
    assert script.params(BRACKETS) == script.params(FEES) == [{"symbol": RAW}]


async def test_many_symbols_at_once_share_one_list() -> None:
    adapter, script = scripted(known={}, **RULES)
    told = await asyncio.gather(*(adapter.rules(symbol) for symbol in (BTC, "ETH/USDT:USDT", BTC, BTC)))
    assert all(isinstance(one, Accepted) for one in told)
    assert script.names().count(INFO) == 1


class SlowList(Script):
    """Lets others run before it answers."""

    async def call(self, name: str, params: Mapping[str, str | int], hold: Hold) -> Outcome[str]:
        answer = await super().call(name, params, hold)
        await asyncio.sleep(0)
        return answer


async def test_those_who_wait_share_a_failure_and_the_next_one_asks_anew() -> None:
    script = SlowList({INFO: [Unknown("timeout"), text(bodies.info())]})
    listing = Listing(Asker(script, StillClock()), SymbolNames())
    first = await asyncio.gather(*(listing.contracts() for _ in range(3)))
    assert first == [Unknown("timeout")] * 3
    assert isinstance(await listing.contracts(), Accepted)
    assert script.names() == [INFO, INFO]


async def test_the_list_is_fresh_for_a_moment_only() -> None:
    clock, names = StillClock(), SymbolNames()
    script = Script({INFO: text(bodies.info())})
    listing = Listing(Asker(script, clock), names)
    await listing.contracts()
    clock.now += FRESH_MS - 1
    await listing.contracts()
    assert len(script.asked) == 1
    clock.now += 1
    await listing.contracts()
    assert len(script.asked) == 2


async def test_fees_are_read_once_a_run_and_missed_ones_again() -> None:
    adapter, script = scripted(**{**RULES, FEES: [Unknown("timeout"), text(bodies.FEES)]})
    fees = []
    for _ in range(3):
        told = await adapter.rules(BTC)
        assert isinstance(told, Accepted)
        fees.append(told.value.maker_fee)
    assert fees == [None, D("0.0002"), D("0.0002")]
    assert len(script.params(FEES)) == 2


async def test_fees_of_many_symbols_do_not_spend_the_weight() -> None:
    clock, names = StillClock(), SymbolNames()
    many = {f"A{n}/USDT:USDT": f"A{n}USDT" for n in range(FEES_A_MINUTE + 2)}
    listed = [bodies.contract(symbol=raw, baseAsset=raw.removesuffix("USDT")) for raw in many.values()]
    tiers = [bodies.tiers(symbol=raw) for raw in many.values()]
    script = Script({INFO: text(bodies.info(*listed)), BRACKETS: text(tiers), FEES: text(bodies.FEES)})
    adapter = ExchangeAdapter(script, names, clock)
    told = await asyncio.gather(*(adapter.rules(symbol) for symbol in many))
    known = [one.value.maker_fee for one in told if isinstance(one, Accepted)]
    assert [fee is not None for fee in known] == [True] * FEES_A_MINUTE + [False] * 2
    late = list(many)[-1]
    clock.now += MINUTE_MS - 1
    await adapter.rules(late)
    assert len(script.params(FEES)) == FEES_A_MINUTE
    clock.now += 1
    again = await adapter.rules(late)
    assert isinstance(again, Accepted)
    assert again.value.maker_fee == D("0.0002")
    assert len(script.params(FEES)) == FEES_A_MINUTE + 1


@pytest.mark.parametrize("part", [INFO, BRACKETS])
async def test_rules_fail_as_a_whole_without_the_list_or_the_brackets(part: str) -> None:
    adapter, _ = scripted(**{**RULES, part: Unknown("timeout")})
    assert await adapter.rules(BTC) == Unknown("timeout")


async def test_a_missing_filter_is_told_with_the_symbol() -> None:
    adapter, _ = scripted(**{**RULES, INFO: text(bodies.info(bodies.contract("LOT_SIZE")))})
    told = await adapter.rules(BTC)
    assert isinstance(told, Rejected)
    assert (told.code, told.exch_ms) == (200, SERVER_MS)
    assert "BTCUSDT" in told.message
    assert "LOT_SIZE" in told.message


async def test_a_contract_that_is_listed_no_more() -> None:
    adapter, _ = scripted(**{**RULES, INFO: text(bodies.info(ETH))})
    told = await adapter.listed_rules(BTC)
    assert isinstance(told, Rejected)
    assert told.code == -1121


async def test_rules_alone_need_no_key() -> None:
    adapter, script = scripted(known={}, **RULES)
    assert isinstance(await adapter.listed_rules(BTC), Accepted)
    assert script.names() == [INFO]
    told = await adapter.listed_rules("X/USDT:USDT")
    assert isinstance(told, Rejected)
    assert told.code == -1121


async def test_names_are_loaded_and_counted() -> None:
    adapter, _ = scripted(known={}, **RULES)
    assert await adapter.load_names() == Accepted(2)
    failing, _ = scripted(known={}, **{INFO: Unknown("timeout")})
    assert await failing.load_names() == Unknown("timeout")


async def test_a_symbol_that_nobody_knows_is_looked_for_and_nothing_is_sent() -> None:
    adapter, script = scripted(known={}, **{INFO: text(bodies.info(ETH))})
    for told in (
        await adapter.submit(close_order()),
        await adapter.mark(BTC),
        await adapter.open_orders(BTC),
        await adapter.open_stops(BTC),
        await adapter.snapshot(BTC, ()),
        await adapter.user_trades(BTC, 0),
    ):
        assert told == NotSent("BTC/USDT:USDT is no perpetual that the exchange lists")
    refused = await adapter.rules(BTC)
    assert isinstance(refused, Rejected)
    assert (refused.code, refused.message) == (-1121, "BTC/USDT:USDT is no perpetual that the exchange lists")
    assert set(script.names()) == {INFO}


async def test_a_new_listing_is_found_in_a_new_list() -> None:
    adapter, _ = scripted(known={}, **RULES, fapiPrivatePostOrder=text(bodies.order()))
    assert isinstance(await adapter.submit(close_order()), Accepted)


@pytest.mark.parametrize(
    ("call", "name"),
    [
        ("server_time", "fapiPublicGetTime"),
        ("account_config", "fapiPrivateGetAccountConfig"),
        ("key_rights", "sapiGetAccountApiRestrictions"),
        ("load_names", INFO),
    ],
)
async def test_a_read_that_makes_no_sense_has_failed_and_names_its_endpoint(call: str, name: str) -> None:
    nonsense: dict[str, Any] = {name: "[]"}
    adapter, _ = scripted(**nonsense)
    told = await getattr(adapter, call)()
    assert isinstance(told, Rejected)
    assert told.code == 200
    assert name in told.message


async def test_account_mode_and_key() -> None:
    mode = {"dualSidePosition": True, "multiAssetsMargin": False, "canTrade": True, "feeTier": 0}
    adapter, script = scripted(
        fapiPrivateGetAccountConfig=text(mode),
        sapiGetAccountApiRestrictions=text({"ipRestrict": False, "enableWithdrawals": True}),
    )
    assert await adapter.account_config() == Accepted(AccountConfig(True, False, True))
    assert await adapter.key_rights() == Accepted(KeyRights({"enableWithdrawals": True}, False))
    script.has_wallet = False
    assert await adapter.key_rights() == Accepted(None)
    assert script.names().count("sapiGetAccountApiRestrictions") == 1


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


async def test_the_mark_under_its_unified_name() -> None:
    row = {"symbol": RAW, "markPrice": "10.5", "time": 9}
    adapter, script = scripted(fapiPublicGetPremiumIndex=text(row))
    told = await adapter.mark(BTC)
    assert isinstance(told, Accepted)
    assert (told.value.symbol, told.value.price, told.value.recv_ms) == (BTC, D("10.5"), 1000)
    assert script.params("fapiPublicGetPremiumIndex") == [{"symbol": RAW}]


def test_it_is_what_the_port_asks_for() -> None:
    adapter: Exchange = ExchangeAdapter(Script(), SymbolNames(), StillClock())
    asked = {name for name in vars(Exchange) if not name.startswith("_")}
    assert asked <= set(dir(adapter))
