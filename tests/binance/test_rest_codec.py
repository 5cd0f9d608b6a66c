"""Reading: strict where something is used, blind elsewhere, exact in numbers, silent about values; writing numbers."""

from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st
from tests.binance import rest_bodies as bodies
from tests.binance.rest_stage import text

from vibe_quant.binance import account_codec, margin_codec, order_codec, stop_codec, trade_codec, venue_codec
from vibe_quant.binance.exchange_info import perpetuals, symbol_rules
from vibe_quant.binance.order_codec import OrderRow
from vibe_quant.binance.rest_codec import Unreadable, decode, optional_decimal, plain
from vibe_quant.domain.account import Balance
from vibe_quant.domain.enums import MarginType, OrderStatus, OrderType, PositionSide, StopStatus, WorkingType
from vibe_quant.domain.intents import CancelStop, PlaceStop
from vibe_quant.domain.rules import Bracket

D = Decimal


@given(st.decimals(allow_nan=False, allow_infinity=False, min_value=D(-10) ** 15, max_value=D(10) ** 15))
def test_written_numbers_have_no_exponent_and_lose_nothing(value: Decimal) -> None:
    written = plain(value)
    assert Decimal(written) == value
    assert set(written) <= set("-0123456789.")
    assert "." not in written or written[-1] not in "0."


@pytest.mark.parametrize(
    ("value", "written"), [("1E+3", "1000"), ("1E-8", "0.00000001"), ("0.100", "0.1"), ("0E-5", "0"), ("100", "100")]
)
def test_written_numbers(value: str, written: str) -> None:
    assert plain(D(value)) == written


@pytest.mark.parametrize("number", ["NaN", "Infinity", "-Infinity", "1E+41", "1E-41", "", "x"])
def test_a_number_that_is_none_makes_an_answer_unreadable(number: str) -> None:
    with pytest.raises(Unreadable):
        order_codec.open_orders(text([bodies.order(price=number)]), 5)
    with pytest.raises(Unreadable):
        optional_decimal(number or "-")


@pytest.mark.parametrize("field", ["price", "origQty", "executedQty", "avgPrice"])
def test_a_negative_number_makes_an_order_unreadable(field: str) -> None:
    with pytest.raises(Unreadable, match="negative"):
        order_codec.open_orders(text([bodies.order(**{field: "-1"})]), 5)


@pytest.mark.parametrize("answer", ["", "{", "[]", '"x"', "null", "<html>", '{"orderId": 1}', '{"a": "\\ud800"}'])
def test_what_is_no_order_is_unreadable(answer: str) -> None:
    with pytest.raises(Unreadable):
        order_codec.read_order(answer, "S", "vq-1", 5, with_price=True)


def test_the_reason_names_the_field_and_no_value() -> None:
    with pytest.raises(Unreadable) as caught:
        decode(text(bodies.order(status="SECRET's SECRET")), OrderRow)
    assert "status" in str(caught.value)
    assert "SECRET" not in str(caught.value)
    assert caught.value.__suppress_context__


def test_exact_digits_of_bare_and_quoted_numbers() -> None:
    numbers = '"balance":0.1234567890123456789,"crossWalletBalance":"1.0E8"'
    read = decode('{"asset":"A","updateTime":0,' + numbers + "}", account_codec.BalanceRow)
    assert (read.balance, read.crossWalletBalance) == (D("0.1234567890123456789"), D(10) ** 8)


def test_an_acknowledgement_has_no_average_price() -> None:
    told = order_codec.read_order(text(bodies.order(avgPrice="0.00")), "S", "vq-1", 5, with_price=False)
    assert told.avg_price is None
    assert (told.symbol, told.recv_ms, told.exch_ms) == ("S", 5, 1790000000123)
    assert (told.status, told.order_id) == (OrderStatus.NEW, 8389765685775627292)


def test_an_answer_about_another_order_is_unreadable() -> None:
    with pytest.raises(Unreadable, match="another order"):
        order_codec.read_order(text(bodies.order()), "S", "vq-2", 5, with_price=True)
    with pytest.raises(Unreadable, match="one-way"):
        order_codec.read_order(text(bodies.order(positionSide="BOTH")), "S", "vq-1", 5, with_price=True)


@pytest.mark.parametrize(("price", "kind"), [("1", OrderType.LIMIT), ("0", OrderType.MARKET)])
def test_an_order_of_a_type_without_a_word_is_still_seen(price: str, kind: OrderType) -> None:
    (told,) = order_codec.open_orders(text([bodies.order(type="ICEBERG_2027", price=price)]), 5)
    assert told.order_type is kind


def test_rows_of_one_way_mode_are_left_out_everywhere() -> None:
    both = {"positionSide": "BOTH"}
    assert len(order_codec.open_orders(text([bodies.order(**both), bodies.order()]), 5)) == 1
    assert len(stop_codec.open_stops(text([bodies.algo(**both), bodies.algo()]), 5)) == 1
    legs = account_codec.legs(text([bodies.leg(**both, symbol="A"), bodies.leg()]))
    assert (len(legs.open), set(legs.symbols)) == (1, {"BTCUSDT"})


def test_a_conditional_order_in_the_list() -> None:
    row = bodies.algo(actualOrderId="77", actualQty="0.2", closePosition=False, quantity="1.0", algoStatus="TRIGGERED")
    (told,) = stop_codec.open_stops(text([row]), 5)
    assert (told.order_id, told.filled_qty, told.qty, told.close_position) == (77, D("0.2"), D(1), False)
    assert (told.status, told.working_type, told.side) == (
        StopStatus.TRIGGERED,
        WorkingType.MARK_PRICE,
        PositionSide.LONG,
    )


def test_a_strangers_trailing_stop_with_empty_numbers_hides_nothing() -> None:
    trailing = bodies.algo(orderType="TRAILING_STOP_MARKET", triggerPrice="", quantity=None, actualOrderId=None)
    told = stop_codec.open_stops(text([trailing, bodies.algo(actualOrderId="")]), 5)
    assert [one.trigger_price for one in told] == [D(0), D(80000)]
    assert [one.order_id for one in told] == [0, 0]


def test_an_answer_about_another_conditional_order_is_unreadable() -> None:
    stop = PlaceStop("S", PositionSide.LONG, "vq-ps-2", D(1), None, "")
    with pytest.raises(Unreadable, match="another conditional order"):
        stop_codec.placed_stop(text(bodies.algo()), stop, 5)
    cancel = CancelStop("S", PositionSide.LONG, "vq-ps-2", "")
    with pytest.raises(Unreadable, match="another conditional order"):
        stop_codec.canceled_stop(text({"algoId": 1, "clientAlgoId": "vq-ps-1"}), cancel, 1, 5)


@pytest.mark.parametrize("wrong", [{"triggerPrice": "-1"}, {"actualOrderId": "x"}, {"quantity": "NaN"}])
def test_a_conditional_order_with_impossible_numbers_is_unreadable(wrong: dict[str, str]) -> None:
    with pytest.raises(Unreadable):
        stop_codec.open_stops(text([bodies.algo(**wrong)]), 5)


def test_a_leg_as_positions_tell_it() -> None:
    short = bodies.leg(positionSide="SHORT", positionAmt="-3", liquidationPrice="101.5", isolatedWallet="7")
    flat = bodies.leg(symbol="ETHUSDT", positionAmt="0.000")
    legs = account_codec.legs(text([short, flat]))
    (told,) = legs.open
    assert (told.side, told.qty, told.liquidation_price) == (PositionSide.SHORT, D(3), D("101.5"))
    assert (told.leverage, told.margin_type, told.isolated_wallet) == (None, MarginType.ISOLATED, D(7))
    assert legs.symbols == {"BTCUSDT", "ETHUSDT"}
    assert account_codec.legs(text([bodies.leg()])).open[0].liquidation_price is None


@pytest.mark.parametrize(("side", "amount"), [("LONG", "-1"), ("SHORT", "1")])
def test_an_amount_with_the_other_legs_sign_is_unreadable(side: str, amount: str) -> None:
    with pytest.raises(Unreadable, match=side):
        account_codec.legs(text([bodies.leg(positionSide=side, positionAmt=amount)]))


def test_settings_of_a_symbol_win_over_the_guess() -> None:
    (leg,) = account_codec.legs(text([bodies.leg()])).open
    configs = account_codec.symbol_configs(text([bodies.config(marginType="isolated", leverage=7)]))
    told = account_codec.configured(leg, "S", configs["BTCUSDT"])
    assert (told.symbol, told.leverage, told.margin_type) == ("S", 7, MarginType.ISOLATED)
    assert account_codec.configured(leg, "S", None).leverage is None
    with pytest.raises(Unreadable, match="marginType"):
        account_codec.symbol_configs(text([bodies.config(marginType="NEW_ONE")]))


def test_an_emptied_wallet_is_told_too() -> None:
    told = account_codec.balances(text([bodies.wallet(balance="0", crossWalletBalance="0")]))
    assert told == (Balance("USDT", D(0), D(0), 1790000000002),)


def test_rights_of_a_key() -> None:
    told = account_codec.key_rights(
        text({"ipRestrict": True, "createTime": 1, "enableFutures": True, "enableX": False})
    )
    assert (told.ip_restricted, dict(told.rights)) == (True, {"enableFutures": True, "enableX": False})
    for wrong in ({}, {"ipRestrict": "true"}):
        with pytest.raises(Unreadable, match="ipRestrict"):
            account_codec.key_rights(text(wrong))


def test_rules_of_a_contract() -> None:
    rules = symbol_rules(perpetuals(text(bodies.info()))["BTCUSDT"], "S")
    assert (rules.symbol, rules.tick, rules.step, rules.min_qty, rules.max_qty) == (
        "S",
        D("0.1"),
        D("0.001"),
        D("0.001"),
        D(1000),
    )
    assert (rules.min_notional, rules.market_max_qty, rules.min_price, rules.max_price) == (
        D(50),
        D(120),
        D("556.8"),
        D(4529764),
    )
    assert (rules.percent_up, rules.percent_down, rules.liquidation_fee) == (D("1.05"), D("0.95"), D("0.0125"))
    assert (rules.status, rules.margin_asset, rules.inferred) == ("TRADING", "USDT", False)


def test_without_percent_price_there_is_no_band() -> None:
    rules = symbol_rules(perpetuals(text(bodies.info(bodies.contract("PERCENT_PRICE"))))["BTCUSDT"], "S")
    assert (rules.percent_up, rules.percent_down) == (None, None)


@pytest.mark.parametrize("missing", ["PRICE_FILTER", "LOT_SIZE", "MARKET_LOT_SIZE", "MIN_NOTIONAL"])
def test_a_missing_filter_is_an_error_with_both_names(missing: str) -> None:
    listed = perpetuals(text(bodies.info(bodies.contract(missing))))
    with pytest.raises(Unreadable, match=f"BTCUSDT: .*{missing}"):
        symbol_rules(listed["BTCUSDT"], "S")


@pytest.mark.parametrize(
    ("kind", "key", "value"),
    [
        ("PRICE_FILTER", "tickSize", "0"),
        ("PRICE_FILTER", "minPrice", None),
        ("PRICE_FILTER", "maxPrice", "-1"),
        ("LOT_SIZE", "stepSize", "0.000"),
        ("LOT_SIZE", "maxQty", None),
        ("LOT_SIZE", "minQty", "NaN"),
        ("MARKET_LOT_SIZE", "maxQty", "0"),
        ("MIN_NOTIONAL", "notional", None),
        ("PERCENT_PRICE", "multiplierUp", None),
        ("PERCENT_PRICE", "multiplierDown", None),
    ],
)
def test_a_missing_number_of_a_filter_is_an_error_that_names_it(kind: str, key: str, value: str | None) -> None:
    filters = {**bodies.FILTERS, kind: {**bodies.FILTERS[kind], key: value}}
    listed = perpetuals(text(bodies.info(bodies.contract(filters=filters))))
    with pytest.raises(Unreadable, match=f"BTCUSDT: .*{key}"):
        symbol_rules(listed["BTCUSDT"], "S")


@pytest.mark.parametrize("missing", ["liquidationFee", "status"])
def test_a_contract_without_what_its_rules_need(missing: str) -> None:
    listed = perpetuals(text(bodies.info({**bodies.contract(), missing: ""})))
    with pytest.raises(Unreadable, match=missing):
        symbol_rules(listed["BTCUSDT"], "S")


def test_only_perpetuals_are_listed_and_one_odd_contract_hides_no_other() -> None:
    dated = bodies.contract(symbol="BTCUSDT_260327", contractType="CURRENT_QUARTER")
    stock = bodies.contract(symbol="TSLAUSDT", baseAsset="TSLA", contractType="TRADIFI_PERPETUAL")
    chinese = bodies.contract(symbol="币安人生USDT", baseAsset="币安人生")
    bare = {"symbol": "NEWUSDT", "contractType": "PERPETUAL"}
    listed = perpetuals(text(bodies.info(dated, bare, {"symbol": "?"}, stock, chinese)))
    assert {raw: row.unified for raw, row in listed.items()} == {
        "TSLAUSDT": "TSLA/USDT:USDT",
        "币安人生USDT": "币安人生/USDT:USDT",
    }


@pytest.mark.parametrize("as_list", [True, False])
def test_brackets_come_as_a_list_or_alone_and_are_sorted(as_list: bool) -> None:
    told = bodies.tiers()
    other = bodies.tiers(symbol="A", brackets=told["brackets"][:1])
    answer = text([other, told] if as_list else told)
    assert margin_codec.brackets(answer, "BTCUSDT") == (
        Bracket(D(0), D(50000), D("0.004"), D(0), 125),
        Bracket(D(50000), D(600000), D("0.0065"), D(125), 100),
    )


@pytest.mark.parametrize("answer", [[], {"symbol": "A", "brackets": []}, {"symbol": "BTCUSDT", "brackets": []}])
def test_no_brackets_are_an_error_that_names_the_symbol(answer: object) -> None:
    with pytest.raises(Unreadable, match="BTCUSDT"):
        margin_codec.brackets(text(answer), "BTCUSDT")


def test_a_mark_price() -> None:
    row = {"symbol": "A", "markPrice": "10.5", "indexPrice": "10.4", "lastFundingRate": "0.0001", "time": 9}
    told = venue_codec.mark(text(row), "S", "A", 5)
    assert (told.price, told.index, told.funding_rate, told.exch_ms, told.recv_ms) == (
        D("10.5"),
        D("10.4"),
        D("0.0001"),
        9,
        5,
    )
    assert venue_codec.mark(text({**row, "indexPrice": "0.00"}), "S", "A", 5).index is None
    bare = venue_codec.mark(text({**row, "indexPrice": "", "lastFundingRate": "0.0"}), "S", "A", 5)
    assert (bare.index, bare.funding_rate) == (None, D(0))
    assert venue_codec.mark(text({**row, "lastFundingRate": ""}), "S", "A", 5).funding_rate is None
    for wrong in ({"symbol": "B"}, {"markPrice": "0"}):
        with pytest.raises(Unreadable, match="no mark price of A"):
            venue_codec.mark(text({**row, **wrong}), "S", "A", 5)


def test_small_answers() -> None:
    assert venue_codec.server_time('{"serverTime": 12}') == 12
    assert venue_codec.countdown('{"symbol": "A", "countdownTime": "100000"}') == 100_000
    assert venue_codec.countdown('{"symbol": "A", "countdownTime": 0}') == 0
    with pytest.raises(Unreadable):
        venue_codec.countdown('{"countdownTime": "soon"}')
    with pytest.raises(Unreadable, match="empty"):
        venue_codec.listen_key('{"listenKey": ""}')


def test_a_trade_of_one_way_mode_belongs_to_no_leg() -> None:
    (row,) = trade_codec.trade_rows(text([bodies.trade(1, 2, positionSide="BOTH")]))
    with pytest.raises(Unreadable):
        trade_codec.user_trade(row, "S")


def test_a_strangers_algorithm_of_another_kind_or_with_new_words_does_not_hide_our_stop() -> None:
    ours = bodies.algo(clientAlgoId="vq-ps-1")
    twap = {"algoId": 1, "algoType": "TWAP", "symbol": "BTCUSDT", "side": "SELL", "executedQty": "0"}
    odd = bodies.algo(clientAlgoId="web_1", algoStatus="PAUSED", workingType=None)
    found = stop_codec.open_stops(text([twap, odd, ours]), 7)
    assert [(one.client_id, one.status, one.working_type) for one in found] == [
        ("web_1", StopStatus.NEW, WorkingType.MARK_PRICE),
        ("vq-ps-1", StopStatus.NEW, WorkingType.MARK_PRICE),
    ]
