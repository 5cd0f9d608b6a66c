"""Names, rules, marks and modes: what is asked, how often, and what a failure of a part means."""

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
from vibe_quant.binance.listing import FRESH_MS, SHARED_MS, Listing
from vibe_quant.binance.market_reads import ABREAST, FEES_A_MINUTE, MINUTE_MS
from vibe_quant.binance.symbols import SymbolNames
from vibe_quant.ports import (
    Accepted,
    AccountConfig,
    Exchange,
    KeyRights,
    NotSent,
    Outcome,
    Rejected,
    Unknown,
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


async def test_the_list_is_shared_for_seconds_unless_something_has_changed_since() -> None:
    clock, names = StillClock(), SymbolNames()
    script = Script({INFO: text(bodies.info())})
    listing = Listing(Asker(script, clock), names)
    await listing.contracts()
    clock.now += SHARED_MS
    await listing.contracts()
    assert len(script.asked) == 1
    clock.now += 1
    await listing.contracts()
    assert len(script.asked) == 2
    await listing.contracts(clock.now)
    assert len(script.asked) == 2
    doubted = clock.now + 1
    clock.now += 5
    await listing.contracts(doubted)
    await listing.contracts(doubted)
    assert len(script.asked) == 3


async def test_a_read_under_way_is_no_answer_to_what_has_changed_since_it_left() -> None:
    clock = StillClock()
    script = SlowList({INFO: text(bodies.info())})
    listing = Listing(Asker(script, clock), SymbolNames())
    before = asyncio.create_task(listing.contracts())
    await asyncio.sleep(0)
    clock.now += 5
    await asyncio.gather(before, listing.contracts(clock.now), listing.contracts(clock.now))
    assert script.names() == [INFO, INFO]


class Crowd(Script):
    """Counts how many brackets are asked for at a time."""

    now = most = 0

    async def call(self, name: str, params: Mapping[str, str | int], hold: Hold) -> Outcome[str]:
        Crowd.now += name == BRACKETS
        Crowd.most = max(Crowd.most, Crowd.now)
        await asyncio.sleep(0)
        Crowd.now -= name == BRACKETS
        return await super().call(name, params, hold)


async def test_of_many_symbols_a_few_are_read_at_a_time() -> None:
    clock, names = StillClock(), SymbolNames()
    script = Crowd(RULES)
    adapter = ExchangeAdapter(script, names, clock)
    await adapter.load_names()
    read = await asyncio.gather(*(adapter.rules(BTC) for _ in range(3 * ABREAST)))
    assert all(isinstance(one, Accepted) for one in read)
    assert Crowd.most == ABREAST


async def test_a_stranger_is_looked_for_once_however_often_it_is_asked_for() -> None:
    clock, script = StillClock(), Script({INFO: text(bodies.info())})
    listing = Listing(Asker(script, clock), SymbolNames())
    assert await listing.unified_of(["BTCUSDT_260327"]) == {"BTCUSDT_260327": "BTCUSDT_260327"}
    clock.now += FRESH_MS
    assert isinstance(await listing.raw_of("BTCUSDT_260327"), NotSent)
    assert await listing.shown("BTCUSDT_260327") == Accepted("BTCUSDT_260327")
    assert script.names() == [INFO]


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
        await adapter.open_stops(BTC),
        await adapter.snapshot(BTC, ()),
        await adapter.user_trades(BTC, 0),
    ):
        assert told == NotSent("BTC/USDT:USDT is no perpetual that the exchange lists")
    for refused in (await adapter.rules(BTC), await adapter.open_orders(BTC)):
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
    script.answers["sapiGetAccountApiRestrictions"] = text({"ipRestrict": True, "createTime": 1_698_645_219_000})
    assert await adapter.key_rights() == Accepted(KeyRights({}, True, 1_698_645_219_000))
    script.has_wallet = False
    assert await adapter.key_rights() == Accepted(None)
    assert script.names().count("sapiGetAccountApiRestrictions") == 2


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
