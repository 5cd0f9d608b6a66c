"""The snapshot: which lists it reads for which question, what a failed part costs, and who stands under which name."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

import pytest
from tests.binance import rest_bodies as bodies
from tests.binance.rest_stage import BTC, RAW, SERVER_MS, scripted, text

from vibe_quant.binance.account_reads import BY_SYMBOL
from vibe_quant.domain.enums import MarginType
from vibe_quant.domain.events import AccountSnapshot
from vibe_quant.ports import Accepted, NotSent, Outcome, Unknown

D = Decimal
POSITIONS, BALANCE, CONFIG = "fapiPrivateV3GetPositionRisk", "fapiPrivateV3GetBalance", "fapiPrivateGetSymbolConfig"
ORDERS, STOPS, INFO = "fapiPrivateGetOpenOrders", "fapiPrivateGetOpenAlgoOrders", "fapiPublicGetExchangeInfo"
QUIET: dict[str, Any] = {
    POSITIONS: text([bodies.leg()]),
    BALANCE: text([bodies.wallet()]),
    CONFIG: text([bodies.config()]),
    ORDERS: text([bodies.order()]),
    STOPS: text([bodies.algo()]),
}


def taken(outcome: Outcome[AccountSnapshot]) -> AccountSnapshot:
    assert isinstance(outcome, Accepted)
    return outcome.value


async def test_with_nothing_known_all_orders_of_the_account_are_read() -> None:
    adapter, script = scripted(**QUIET)
    told = taken(await adapter.snapshot(None, ()))
    assert [params for _, params, _ in script.asked] == [{}] * 5
    assert (told.symbol, told.request_ms, told.recv_ms, told.exch_ms) == (None, 1000, 1000, SERVER_MS)
    assert told.positions is not None
    assert told.orders is not None
    assert told.stops is not None
    (leg,) = told.positions
    assert (leg.symbol, leg.qty, leg.leverage, leg.margin_type) == (BTC, D("0.5"), 20, MarginType.CROSSED)
    assert {told.orders[0].symbol, told.stops[0].symbol} == {BTC}
    assert told.balances is not None
    assert told.balances[0].cross_wallet == D("900.25")


async def test_known_symbols_are_read_one_by_one() -> None:
    adapter, script = scripted(**QUIET)
    told = taken(await adapter.snapshot(None, (BTC, BTC)))
    assert script.params(ORDERS) == script.params(STOPS) == [{"symbol": RAW}]
    assert script.params(POSITIONS) == script.params(CONFIG) == [{}]
    assert told.symbol is None
    assert told.orders is not None
    assert len(told.orders) == 1


async def test_a_symbol_with_a_leg_or_an_order_is_read_though_nobody_named_it() -> None:
    flat = bodies.leg(symbol="ETHUSDT", positionAmt="0")
    adapter, script = scripted(
        known={BTC: RAW, "ETH/USDT:USDT": "ETHUSDT"},
        **{**QUIET, POSITIONS: text([bodies.leg(), flat]), ORDERS: ["[]", text([bodies.order(symbol="ETHUSDT")])]},
    )
    told = taken(await adapter.snapshot(None, (BTC,)))
    assert script.params(ORDERS) == script.params(STOPS) == [{"symbol": RAW}, {"symbol": "ETHUSDT"}]
    assert told.orders is not None
    assert [order.symbol for order in told.orders] == ["ETH/USDT:USDT"]


async def test_too_many_symbols_are_read_as_a_list() -> None:
    many = {f"A{n}/USDT:USDT": f"A{n}USDT" for n in range(BY_SYMBOL + 1)}
    adapter, script = scripted(known={**many, BTC: RAW}, **QUIET)
    taken(await adapter.snapshot(None, tuple(many)))
    assert script.params(ORDERS) == script.params(STOPS) == [{}]
    taken(await adapter.snapshot(None, tuple(many)[:BY_SYMBOL]))
    assert len(script.params(ORDERS)) == 1 + BY_SYMBOL + 1  # and that of the leg


async def test_too_many_unforeseen_symbols_are_read_as_a_list_in_place_of_the_rest() -> None:
    many = {f"A{n}/USDT:USDT": f"A{n}USDT" for n in range(BY_SYMBOL + 1)}
    legs = text([bodies.leg(symbol=raw) for raw in many.values()])
    adapter, script = scripted(
        known={**many, BTC: RAW}, **{**QUIET, POSITIONS: legs, ORDERS: ["[]", text([bodies.order()])]}
    )
    told = taken(await adapter.snapshot(None, (BTC,)))
    assert script.params(ORDERS) == [{"symbol": RAW}, {}]
    assert told.orders is not None
    assert len(told.orders) == 1


async def test_a_snapshot_of_one_symbol_asks_for_it_alone() -> None:
    adapter, script = scripted(**QUIET)
    told = taken(await adapter.snapshot(BTC, ("ETH/USDT:USDT",)))
    at = {"symbol": RAW}
    assert [script.params(name) for name in (POSITIONS, CONFIG, ORDERS, STOPS)] == [[at]] * 4
    assert told.symbol == BTC


@pytest.mark.parametrize(
    ("part", "shown"), [(BALANCE, "balances"), (ORDERS, "orders"), (STOPS, "stops"), (POSITIONS, "")]
)
@pytest.mark.parametrize("how", [Unknown("timeout"), "{}"])
async def test_what_a_failed_part_costs(part: str, shown: str, how: object, logged: list[str]) -> None:
    adapter, _ = scripted(**{**QUIET, part: how})
    outcome = await adapter.snapshot(None, ())
    if not shown:
        assert not isinstance(outcome, Accepted)
        return
    assert f"lacks 1 of its reads; the first is {part} of the account" in "".join(logged)
    told = taken(outcome)
    parts = {name: getattr(told, name) for name in ("positions", "balances", "orders", "stops")}
    assert [name for name, value in parts.items() if value is None] == [shown]


async def test_without_settings_of_symbols_leverage_is_not_known() -> None:
    adapter, _ = scripted(**{**QUIET, CONFIG: Unknown("timeout")})
    told = taken(await adapter.snapshot(None, ()))
    assert told.positions is not None
    assert told.positions[0].leverage is None


@pytest.mark.parametrize("late", [ORDERS, STOPS])
async def test_one_list_of_many_that_fails_is_that_part_of_all(late: str) -> None:
    legs = text([bodies.leg(), bodies.leg(symbol="ETHUSDT")])
    adapter, _ = scripted(
        known={BTC: RAW, "ETH/USDT:USDT": "ETHUSDT"},
        **{**QUIET, POSITIONS: legs, late: ["[]", Unknown("timeout")]},
    )
    told = taken(await adapter.snapshot(None, (BTC,)))
    assert (told.orders is None, told.stops is None) == (late == ORDERS, late == STOPS)


async def test_a_new_listing_gets_its_name_from_a_new_list() -> None:
    adapter, script = scripted(known={}, **{**QUIET, INFO: text(bodies.info())})
    told = taken(await adapter.snapshot(None, ()))
    assert told.positions is not None
    assert told.positions[0].symbol == BTC
    assert script.names().count(INFO) == 1
    assert adapter.strangers == frozenset()


async def test_a_stranger_is_told_under_its_own_name_said_once_and_never_worked(
    logged: list[str],
) -> None:
    dated = "BTCUSDT_260327"
    own = {POSITIONS: text([bodies.leg(symbol=dated)]), ORDERS: text([bodies.order(symbol=dated)])}
    adapter, script = scripted(known={}, **{**QUIET, **own, STOPS: "[]", INFO: text(bodies.info())})
    for known in ((), (), (dated,)):
        told = taken(await adapter.snapshot(None, known))
        assert told.positions is not None
        assert told.orders is not None
        assert {told.positions[0].symbol, told.orders[0].symbol} == {dated}
    assert "".join(logged).count("look after it by hand") == 1
    assert adapter.strangers == {dated}
    assert not isinstance(await adapter.rules(dated), Accepted)
    assert script.names().count(INFO) == 1
    assert script.params(ORDERS)[-1] == {"symbol": dated}


async def test_a_known_symbol_that_is_listed_nowhere_blinds_nobody() -> None:
    adapter, script = scripted(**{**QUIET, INFO: text(bodies.info())})
    told = taken(await adapter.snapshot(None, (BTC, "GONE/USDT:USDT")))
    assert told.positions is not None
    assert script.params(ORDERS) == [{}]


async def test_while_the_list_cannot_be_read_a_stranger_is_shown_and_looked_for_again() -> None:
    adapter, _ = scripted(known={}, **{**QUIET, INFO: [Unknown("timeout"), text(bodies.info())]})
    first, second = taken(await adapter.snapshot(None, ())), taken(await adapter.snapshot(None, ()))
    assert first.positions is not None
    assert second.positions is not None
    assert (first.positions[0].symbol, second.positions[0].symbol) == (RAW, BTC)


async def test_open_orders_and_stops_of_a_symbol() -> None:
    adapter, script = scripted(**QUIET)
    orders, stops = await adapter.open_orders(BTC), await adapter.open_stops(BTC)
    assert isinstance(orders, Accepted)
    assert isinstance(stops, Accepted)
    assert (orders.value.symbol, orders.value.orders[0].symbol, orders.value.exch_ms) == (BTC, BTC, SERVER_MS)
    assert (stops.value.symbol, stops.value.stops[0].symbol, stops.value.request_ms) == (BTC, BTC, 1000)
    assert script.params(ORDERS) == script.params(STOPS) == [{"symbol": RAW}]


async def test_a_list_that_fails_is_a_failure() -> None:
    adapter, _ = scripted(**{**QUIET, ORDERS: Unknown("timeout"), STOPS: Unknown("gone")})
    assert await adapter.open_orders(BTC) == Unknown("timeout")
    assert await adapter.open_stops(BTC) == Unknown("gone")


async def test_a_snapshot_for_which_the_weight_has_no_room_is_not_begun() -> None:
    adapter, script = scripted()
    script.crowded = "not sent: the weight is used"
    whole, one = await adapter.snapshot(None, ()), await adapter.snapshot(BTC, ())
    assert whole == NotSent("a snapshot of the account: 95: not sent: the weight is used")
    assert one == NotSent(f"a snapshot of {BTC}: 17: not sent: the weight is used")
    assert script.asked == []


async def test_positions_alone_are_one_read_of_all() -> None:
    adapter, script = scripted(**QUIET)
    read = await adapter.positions()
    assert isinstance(read, Accepted)
    assert [(leg.symbol, leg.qty) for leg in read.value.positions] == [(BTC, D("0.5"))]
    assert (read.value.positions[0].leverage, script.asked[0][1]) == (None, {})
    script.answers[POSITIONS] = NotSent("banned")
    assert await adapter.positions() == NotSent("banned")
