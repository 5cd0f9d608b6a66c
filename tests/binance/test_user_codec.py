"""The account's frames: each kind as an event, words nobody knows, and what is never in a log line."""

from __future__ import annotations

from typing import Any

import pytest
from tests.binance.frame_desk import BTC, KEY, NOW, RECV, D, market, names, packed, user

from vibe_quant.binance.user_codec import KeyExpired, Remark, UserCodec
from vibe_quant.domain.account import Balance
from vibe_quant.domain.enums import (
    MarginType,
    OrderSide,
    OrderStatus,
    OrderType,
    PositionSide,
    Source,
    StopStatus,
    WorkingType,
)
from vibe_quant.domain.events import BalanceUpdate, LeverageUpdate, OrderUpdate, PositionUpdate, StopReport, UnlistedLeg

ORDER: dict[str, Any] = {
    "s": "BTCUSDT",
    "c": "vq-1",
    "S": "SELL",
    "o": "LIMIT",
    "f": "GTX",
    "q": "0.5",
    "p": "64000.1",
    "ap": "64000.2",
    "sp": "0",
    "x": "TRADE",
    "X": "PARTIALLY_FILLED",
    "i": 588,
    "l": "0.2",
    "z": "0.3",
    "L": "64000.3",
    "n": "-0.01",
    "N": "USDT",
    "T": NOW - 1,
    "t": 77,
    "b": "0",
    "a": "0",
    "m": True,
    "R": False,
    "wt": "CONTRACT_PRICE",
    "ot": "LIMIT",
    "ps": "LONG",
    "cp": False,
    "rp": "-1.5",
    "pP": False,
    "si": 0,
    "ss": 0,
    "V": "EXPIRE_MAKER",
    "pm": "NONE",
    "gtd": 0,
    "er": "4",
}
LEG = {"s": "BTCUSDT", "pa": "-0.473", "ep": "2463.26", "cr": "-1", "up": "0", "mt": "isolated", "iw": "3.5"} | {
    "ps": "SHORT",
    "ma": "USDT",
    "bep": "2463.2",
}
WALLET = {"a": "USDT", "wb": "-291.5", "cw": "290", "bc": "0"}
STOP: dict[str, Any] = {
    "caid": "vqs-1",
    "aid": 4000001910701524,
    "at": "CONDITIONAL",
    "o": "STOP_MARKET",
    "s": "BTCUSDT",
    "S": "BUY",
    "ps": "SHORT",
    "f": "GTC",
    "q": "0",
    "X": "NEW",
    "ai": "",
    "tp": "70000.1",
    "p": "0",
    "V": "EXPIRE_MAKER",
    "wt": "CONTRACT_PRICE",
    "pm": "NONE",
    "cp": True,
    "pP": False,
    "R": False,
    "tt": 0,
    "gtd": 0,
    "ia": False,
}


def order(**other: Any) -> dict[str, Any]:
    return {"e": "ORDER_TRADE_UPDATE", "T": NOW - 2, "E": NOW, "o": ORDER | other}


def account(positions: Any = (LEG,), wallets: Any = (WALLET,), reason: str = "ORDER") -> dict[str, Any]:
    return {"e": "ACCOUNT_UPDATE", "T": NOW - 2, "E": NOW, "a": {"B": list(wallets), "P": list(positions), "m": reason}}


def stop(*without: str, **other: Any) -> dict[str, Any]:
    body = {key: value for key, value in STOP.items() if key not in without}
    return {"e": "ALGO_UPDATE", "T": NOW - 2, "E": NOW, "o": body | other}


def told_order(**other: Any) -> OrderUpdate:
    codec = user()
    (update,) = codec.decode(packed(order(**other)), RECV)
    assert isinstance(update, OrderUpdate)
    return update


def counted(body: dict[str, Any]) -> dict[str, int]:
    """What nobody knows in a frame that gives one event."""
    codec = user()
    assert len(codec.decode(packed(body), RECV)) == 1
    return dict(codec.counters().unknown)


def test_an_order() -> None:
    expected = OrderUpdate(
        BTC,
        "vq-1",
        PositionSide.LONG,
        OrderSide.SELL,
        OrderStatus.PARTIALLY_FILLED,
        OrderType.LIMIT,
        D("0.5"),
        D("64000.1"),
        D("0.3"),
        NOW - 2,
        RECV,
        Source.STREAM,
        588,
        D("64000.2"),
        D("0.2"),
        D("64000.3"),
        77,
        True,
        D("-0.01"),
        "USDT",
        D("-1.5"),
        4,
        False,
    )
    codec = user()
    assert tuple(codec.decode(packed(order()), RECV)) == (expected,)
    assert tuple(codec.decode(packed({"stream": KEY, "data": order()}), RECV)) == (expected,)
    counters = codec.counters()
    assert (counters.frames, counters.events, counters.malformed) == (2, 2, 0)
    assert not (counters.unknown or counters.ignored or counters.late or counters.out_of_order)


def test_without_a_trade_nobody_was_maker() -> None:
    assert told_order(l="0", m=True).is_maker is None
    assert told_order(l="0.2", m=False).is_maker is False


def test_an_amendment() -> None:
    assert told_order(x="AMENDMENT", X="NEW", l="0", t=0).amended
    assert not told_order().amended


@pytest.mark.parametrize(
    ("told", "filled", "status"),
    [
        ("NEW_ADL", "0", OrderStatus.NEW),
        ("CANCELLING_SOON", "0.3", OrderStatus.PARTIALLY_FILLED),
        ("", "0.5", OrderStatus.PARTIALLY_FILLED),
        ("EXPIRED_IN_MATCH", "0", OrderStatus.EXPIRED_IN_MATCH),
    ],
)
def test_a_status_nobody_knows_is_never_final(told: str, filled: str, status: OrderStatus) -> None:
    assert told_order(X=told, z=filled, l="0").status is status
    assert counted(order(X=told)) == ({} if told == status.value else {f"order.X={told}": 1})


@pytest.mark.parametrize(
    ("told", "price", "kind"),
    [("ICEBERG", "1", OrderType.LIMIT), ("SWEEP", "0", OrderType.MARKET), ("LIQUIDATION", "1", OrderType.LIQUIDATION)],
)
def test_a_type_nobody_knows_is_told_by_its_price(told: str, price: str, kind: OrderType) -> None:
    assert told_order(o=told, p=price).order_type is kind


@pytest.mark.parametrize(
    ("told", "reason", "unknown"),
    [
        ("0", 0, False),
        (9, 9, False),
        ("11", 11, False),
        ("-3", -3, False),
        (None, 0, False),
        ("", 0, False),
        ("delisted", 0, True),
        ("9" * 5000, 0, True),
        ("٣", 0, True),
        ("1.5", 0, True),
    ],
)
def test_a_reason_of_expiry(told: object, reason: int, unknown: bool) -> None:
    assert told_order(er=told).expiry_reason == reason
    assert bool(counted(order(er=told))) is unknown


def test_what_a_position_does_not_hang_on_may_be_missing_or_odd() -> None:
    bare = {
        key: value for key, value in ORDER.items() if key not in ("n", "N", "rp", "ap", "er", "m", "l", "L", "t", "x")
    }
    codec = user()
    (update,) = codec.decode(packed(order() | {"o": bare}), RECV)
    assert isinstance(update, OrderUpdate)
    assert (update.fee, update.fee_asset, update.realized_pnl, update.avg_price) == (D(0), "", D(0), None)
    assert (update.last_qty, update.trade_id, update.expiry_reason, update.is_maker) == (D(0), 0, 0, None)
    odd = told_order(n="NaN", rp=[1], ap="x", N=None)
    assert (odd.fee, odd.realized_pnl, odd.avg_price, odd.fee_asset) == (D(0), D(0), None, "")
    assert counted(order(n="NaN")) == {"order.n: no number": 1}
    assert told_order(n=0.1, rp=None).fee == D("0.1")


@pytest.mark.parametrize("field", ["q", "p", "z", "l", "L"])
@pytest.mark.parametrize("number", ["NaN", "-1", "Infinity", "1e99999", "", None])
def test_a_quantity_that_is_none_is_malformed(field: str, number: object) -> None:
    said: list[str] = []
    codec = user(said)
    assert not codec.decode(packed(order(**{field: number})), RECV)
    assert codec.counters().malformed == 1
    assert len(said) == 1


def test_rows_of_one_way_mode_and_unknown_symbols_are_counted() -> None:
    codec = user()
    for body in (order(ps="BOTH"), stop(ps="BOTH"), account([LEG | {"ps": "BOTH"}], [])):
        assert not codec.decode(packed(body), RECV)
    for body in (order(s="ETHUSDT"), stop(s="ETHUSDT"), account([LEG | {"s": "ETHUSDT", "pa": "0"}], [])):
        assert not codec.decode(packed(body), RECV)
    assert dict(codec.counters().ignored) == {"positionSide BOTH": 3, "unknown symbol": 3}


def test_a_position_in_a_contract_that_no_list_had_yet_is_told_once_a_push_and_one_of_one_way_mode_is_not() -> None:
    new, other = LEG | {"s": "NEWUSDT"}, LEG | {"s": "NEWUSDT", "ps": "LONG", "pa": "1"}
    told = user().decode(packed(account([new, other, LEG | {"s": "ODDUSDT", "ps": "BOTH"}], [])), RECV)
    assert tuple(told) == (UnlistedLeg("NEWUSDT", RECV),)


def test_positions_come_before_wallets_and_are_absolute() -> None:
    rows = [LEG, LEG | {"ps": "BOTH", "pa": "0"}, LEG | {"ps": "LONG", "pa": "2", "mt": "cross", "iw": "0"}]
    events = user().decode(packed(account(rows, [WALLET, WALLET | {"a": "BNB"}], "FUNDING_FEE")), RECV)
    short = PositionUpdate(
        *(BTC, PositionSide.SHORT, D("0.473"), D("2463.26"), NOW - 2, RECV, "FUNDING_FEE"),
        margin_type=MarginType.ISOLATED,
        isolated_wallet=D("3.5"),
    )
    long = PositionUpdate(BTC, PositionSide.LONG, D(2), D("2463.26"), NOW - 2, RECV, "FUNDING_FEE")
    usdt, bnb = (
        BalanceUpdate(Balance(asset, D("-291.5"), D(290), NOW - 2), NOW - 2, RECV, "FUNDING_FEE")
        for asset in ("USDT", "BNB")
    )
    assert tuple(events) == (short, long, usdt, bnb)


@pytest.mark.parametrize("mode", ["cross", "crossed", "CROSSED", "portfolio"])
def test_a_margin_mode_nobody_knows_is_crossed(mode: str) -> None:
    codec = user()
    (leg,) = codec.decode(packed(account([LEG | {"mt": mode}], [])), RECV)
    assert isinstance(leg, PositionUpdate)
    assert leg.margin_type is MarginType.CROSSED
    assert dict(codec.counters().unknown) == ({"position.mt=PORTFOLIO": 1} if mode == "portfolio" else {})


def test_a_malformed_row_costs_the_whole_push() -> None:
    codec = user()
    for bad in (LEG | {"pa": "NaN"}, LEG | {"ep": "-1"}, LEG | {"iw": "x"}, LEG | {"ps": "UP"}):
        assert not codec.decode(packed(account([LEG, bad])), RECV)
    assert not codec.decode(packed(account([LEG], [WALLET | {"cw": "Infinity"}])), RECV)
    assert codec.counters().malformed == 5


def test_a_push_may_have_neither_list() -> None:
    codec = user()
    assert not codec.decode(packed({"e": "ACCOUNT_UPDATE", "T": NOW, "E": NOW, "a": {"m": "ORDER"}}), RECV)
    assert codec.counters().malformed == 0


def config(**what: Any) -> bytes:
    return packed({"e": "ACCOUNT_CONFIG_UPDATE", "E": NOW, "T": NOW - 2, **what})


def test_leverage_and_multi_assets_mode() -> None:
    codec = user()
    assert tuple(codec.decode(config(ac={"s": "BTCUSDT", "l": 25}), RECV)) == (LeverageUpdate(BTC, 25, NOW - 2, RECV),)
    assert not codec.decode(config(ac={"s": "ETHUSDT", "l": 25}), RECV)
    for state in (True, False):
        (remark,) = codec.decode(config(ai={"j": state}), RECV)
        assert isinstance(remark, Remark)
        assert "Multi-assets mode" in remark.text
        assert ("switched on" in remark.text) is state
    assert dict(codec.counters().ignored) == {"unknown symbol": 1, "multi-assets mode": 2}
    assert not codec.decode(config(), RECV)
    assert codec.counters().malformed == 1


def test_a_stop() -> None:
    codec = user()
    assert tuple(codec.decode(packed(stop()), RECV)) == (
        StopReport(
            *(BTC, PositionSide.SHORT, "vqs-1", StopStatus.NEW, OrderType.STOP_MARKET, OrderSide.BUY, D("70000.1")),
            *(True, D(0), NOW - 2, RECV, Source.STREAM, WorkingType.CONTRACT_PRICE, 4000001910701524),
        ),
    )


def test_a_cancelled_stop_says_less() -> None:
    (report,) = user().decode(packed(stop("V", "wt", "pm", "cp", "pP", X="CANCELED")), RECV)
    assert isinstance(report, StopReport)
    assert report.status is StopStatus.CANCELED
    assert (report.close_position, report.working_type) == (False, WorkingType.MARK_PRICE)


def test_a_fired_stop_names_its_order() -> None:
    (report,) = user().decode(packed(stop(X="FINISHED", ai="58846", ap="7", aq="0.4", act="MARKET", rm="gone")), RECV)
    assert isinstance(report, StopReport)
    assert (report.order_id, report.filled_qty, report.detail) == (58846, D("0.4"), "gone")
    (report,) = user().decode(packed(stop(X="TRIGGERED", ai=58847, aq="")), RECV)
    assert isinstance(report, StopReport)
    assert (report.order_id, report.filled_qty) == (58847, D(0))


def test_words_of_a_stop_that_nobody_knows() -> None:
    (report,) = user().decode(packed(stop(X="PAUSED", o="TRAILING_STOP_MARKET", wt="INDEX")), RECV)
    assert isinstance(report, StopReport)
    assert (report.status, report.order_type) == (StopStatus.NEW, OrderType.TRAILING_STOP_MARKET)
    assert counted(stop(X="PAUSED", o="OCO", wt="INDEX")) == {"algo.X=PAUSED": 1, "algo.o=OCO": 1, "algo.wt=INDEX": 1}


def test_an_algorithm_that_is_no_stop_protects_nothing() -> None:
    codec = user()
    assert not codec.decode(packed(stop(at="TWAP")), RECV)
    assert dict(codec.counters().unknown) == {"algo.at=TWAP": 1}


def test_events_that_are_left_alone_are_counted_by_name() -> None:
    codec = user()
    left = ("TRADE_LITE", "CONDITIONAL_ORDER_TRIGGER_REJECT", "STRATEGY_UPDATE", "GRID_UPDATE")
    for name in left:
        assert not codec.decode(packed({"e": name, "E": NOW, "T": NOW}), RECV)
    assert not codec.decode(packed({"e": "SOMETHING_NEW"}), RECV)
    assert dict(codec.counters().ignored) == dict.fromkeys(left, 1)
    assert dict(codec.counters().unknown) == {"SOMETHING_NEW": 1}


def test_a_margin_call_is_for_the_log() -> None:
    codec = user()
    rows = [{"s": "BTCUSDT", "ps": "LONG", "pa": "1"}, {"s": "XYZUSDT", "ps": "SHORT"}]
    (remark,) = codec.decode(packed({"e": "MARGIN_CALL", "E": NOW, "cw": "3", "p": rows}), RECV)
    assert isinstance(remark, Remark)
    assert f"{BTC} LONG, XYZUSDT SHORT" in remark.text
    assert dict(codec.counters().ignored) == {"MARGIN_CALL": 1}


@pytest.mark.parametrize("wrap", [False, True])
def test_the_end_of_the_key_hides_it(wrap: bool) -> None:
    body: dict[str, Any] = {"e": "listenKeyExpired", "E": NOW} | ({} if wrap else {"listenKey": KEY})
    (expired,) = user().decode(packed({"stream": KEY, "data": body} if wrap else body), RECV)
    assert expired == KeyExpired(NOW, RECV, KEY)
    assert KEY not in repr(expired) + str(expired)


def test_no_complaint_and_no_count_holds_the_listen_key() -> None:
    said: list[str] = []
    codec = user(said)
    bodies: list[Any] = [
        {"stream": KEY, "data": {"e": "ORDER_TRADE_UPDATE", "T": KEY, "o": KEY}},
        {"stream": KEY, "data": order(S=KEY)},
        {"stream": KEY, "data": order(er=KEY, X=KEY, o=KEY)},
        {"stream": KEY, "data": {"e": KEY}},
        {"stream": KEY},
        {"e": "ORDER_TRADE_UPDATE", KEY: 1, "T": NOW, "o": {**ORDER, KEY: 2}},
        {"error": {"code": 2, "msg": f"no {KEY}"}, "id": 1},
        {"stream": KEY, "data": order() | {"e": "listenKeyExpired", "E": -5}},
    ]
    for n, body in enumerate(bodies):
        codec.decode(packed(body), RECV + n * 60_000)
    assert len(said) == 4
    assert KEY not in "".join(said) + repr(codec.counters()) + repr(codec.replies)
    assert not any("begins with" in text for text in said)  # nothing of a frame, and so no piece of the key


def test_what_is_late_or_disordered_within_its_kind_is_counted_and_passed_on() -> None:
    codec = user()
    assert codec.decode(packed(order() | {"T": NOW}), RECV)
    assert codec.decode(packed(account() | {"T": NOW - 1}), RECV)
    assert codec.decode(packed(order() | {"T": NOW - 2000}), RECV)
    assert dict(codec.counters().late) == {"ORDER_TRADE_UPDATE": 1}
    assert dict(codec.counters().out_of_order) == {"ORDER_TRADE_UPDATE": 1}
    codec.reconnected()
    assert codec.decode(packed(order() | {"T": NOW - 1000}), RECV)
    assert dict(codec.counters().out_of_order) == {"ORDER_TRADE_UPDATE": 1}


def test_orders_of_the_exchange_itself_pass() -> None:
    update = told_order(c="adl_autoclose", x="CALCULATED", X="NEW", o="MARKET", p="0", f="GTE_GTC")
    assert (update.client_id, update.status, update.last_qty) == ("adl_autoclose", OrderStatus.NEW, D("0.2"))


def test_the_market_is_none_of_its_business() -> None:
    assert not UserCodec(names()).decode(packed({"e": "bookTicker"}), RECV)
    assert not market().decode(packed(order()), RECV)
