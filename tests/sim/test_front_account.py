"""The account's REST calls: rows and sums by hand, which legs are shown, what is refused, and anything as input."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from tests.sim.account_desk import LONG, NOW, SHORT, AccountDesk

from vibe_quant.domain.enums import OrderSide, OrderType, TimeInForce
from vibe_quant.sim.front.params import Params
from vibe_quant.sim.records import LeverageEvent, OrderRequest, Rejected
from vibe_quant.sim.switches import Switches

D = Decimal
RISK_2, RISK_3 = "/fapi/v2/positionRisk", "/fapi/v3/positionRisk"
MODE, LEVERAGE, MARGIN_TYPE = "/fapi/v1/positionSide/dual", "/fapi/v1/leverage", "/fapi/v1/marginType"
MARGIN, INCOME = "/fapi/v1/positionMargin", "/fapi/v1/income"


@pytest.fixture
def desk() -> AccountDesk:
    """0.01 BTC LONG from 60000 and 0.02 SHORT from 61000, 1 SOL LONG from 79; mark of BTC 60300.5."""
    made = AccountDesk()
    made.buy("0.01", "60000")
    made.sell("0.02", "61000", SHORT)
    made.buy("1", "79", symbol="SOLUSDT")
    made.mark("60300.5")
    made.told()
    return made


def rest(desk: AccountDesk, side: Any, order_side: OrderSide, qty: str, price: str) -> None:
    desk.x.place(
        OrderRequest(
            "BTCUSDT",
            order_side,
            side,
            OrderType.LIMIT,
            f"r-{side}-{order_side}",
            desk.now,
            D(qty),
            D(price),
            TimeInForce.GTC,
        ),
        desk.now,
    )


def test_position_risk_v3_by_hand(desk: AccountDesk) -> None:
    rest(desk, SHORT, OrderSide.SELL, "0.01", "62000")
    rest(desk, SHORT, OrderSide.BUY, "0.02", "59000")
    _, short, sol = desk.get(RISK_3)
    assert sol["symbol"] == "SOLUSDT"
    price = short.pop("liquidationPrice")
    assert short == {
        "symbol": "BTCUSDT",
        "positionSide": "SHORT",
        "positionAmt": "-0.020",
        "entryPrice": "61000.0",
        "breakEvenPrice": "60969.5",
        "markPrice": "60300.50000000",
        "unRealizedProfit": "13.99000000",
        "isolatedMargin": "0",
        "notional": "-1206.01000000",
        "marginAsset": "USDT",
        "isolatedWallet": "0",
        "initialMargin": "91.30050000",
        "maintMargin": "4.82404000",
        "positionInitialMargin": "60.30050000",
        "openOrderInitialMargin": "31.00000000",
        "adl": 1,
        "bidNotional": "1180.00000000",
        "askNotional": "620.00000000",
        "updateTime": NOW,
    }
    # 10000 - 1.0295 of fees + 1 of SOL - 0.4 of its margin + 0.01 (0.004 P) + 0.02 (0.004 P) meet at
    wallet = D(10_000) - D("0.3") - D("0.61") - D("0.0395") + 1 - 80 * D("0.005")
    assert abs(D(price) - (wallet - 600 + 1220) / (D("0.03") * D("0.004") + D("0.01"))) < D("1E-6")


def test_position_risk_v2_by_hand(desk: AccountDesk) -> None:
    rows = desk.get(RISK_2)
    assert [(row["symbol"], row["positionSide"]) for row in rows] == [
        (symbol, side) for symbol in ("BTCUSDT", "SOLUSDT", "BTCUSDC") for side in ("LONG", "SHORT")
    ]
    long, short = desk.get(RISK_2, symbol="BTCUSDT")
    assert (long["positionAmt"], long["notional"], long["unRealizedProfit"]) == (
        "0.010",
        "603.00500000",
        "3.00500000",
    )
    assert long["liquidationPrice"] == short["liquidationPrice"]
    empty = rows[3]
    assert empty.pop("markPrice") == "80.00000000"
    assert empty == {
        "symbol": "SOLUSDT",
        "positionAmt": "0.00",
        "entryPrice": "0.0",
        "breakEvenPrice": "0.0",
        "unRealizedProfit": "0.00000000",
        "liquidationPrice": "0",
        "leverage": "20",
        "maxNotionalValue": "1600000",
        "marginType": "cross",
        "isolatedMargin": "0.00000000",
        "isAutoAddMargin": "false",
        "positionSide": "SHORT",
        "notional": "0",
        "isolatedWallet": "0",
        "updateTime": 0,
        "isolated": False,
        "adlQuantile": 0,
    }


def test_roundings_as_recorded() -> None:
    """AAPLUSDT 2026-08: 0.02 at a mark of 313.19672593; ETHUSDT 2026-08: 0.010 at 2492.02649225."""
    desk = AccountDesk()
    desk.buy("0.02", "313.2", symbol="SOLUSDT")
    desk.mark("313.19672593", "SOLUSDT")
    (row,) = desk.get(RISK_3, symbol="SOLUSDT")
    assert (row["notional"], row["unRealizedProfit"]) == ("6.26393451", "-0.00006548")
    desk.buy("0.010", "2489.88")
    desk.mark("2492.02649225")
    (row,) = desk.get(RISK_3, symbol="BTCUSDT")
    assert (row["notional"], row["initialMargin"]) == ("24.92026492", "1.24601325")
    assert row["unRealizedProfit"] == "0.02146492"


def test_isolated_positions(desk: AccountDesk) -> None:
    desk.x.seed_position("BTCUSDC", SHORT, D("0.01"), D(60_000), D(50))
    desk.mark("60100", "BTCUSDC")
    row = desk.get(RISK_2, symbol="BTCUSDC")[1]
    assert (row["marginType"], row["isolated"], row["isolatedWallet"]) == ("isolated", True, "50.00000000")
    assert (row["isolatedMargin"], row["unRealizedProfit"]) == ("49.00000000", "-1.00000000")
    (row,) = desk.get(RISK_3, symbol="BTCUSDC")
    assert (row["marginAsset"], row["isolatedMargin"], row["adl"]) == ("USDC", "49.00000000", 0)
    config = desk.get("/fapi/v1/symbolConfig", symbol="BTCUSDC")
    assert config[0]["marginType"] == "ISOLATED"
    assert desk.get("/fapi/v1/adlQuantile", symbol="BTCUSDC") == [
        {"symbol": "BTCUSDC", "adlQuantile": {"LONG": 0, "SHORT": 0, "BOTH": 0}}
    ]
    usdc = desk.get("/fapi/v3/account")["assets"][1]
    assert (usdc["walletBalance"], usdc["crossWalletBalance"], usdc["marginBalance"]) == (
        "1000.00000000",
        "950.00000000",
        "999.00000000",
    )
    assert (usdc["unrealizedProfit"], usdc["crossUnPnl"], usdc["availableBalance"]) == (
        "-1.00000000",
        "0.00000000",
        "950.00000000",
    )


def test_version_3_shows_positions_and_open_orders_alone(desk: AccountDesk) -> None:
    def keys() -> list[tuple[str, str]]:
        return [(row["symbol"], row["positionSide"]) for row in desk.get(RISK_3)]

    assert keys() == [("BTCUSDT", "LONG"), ("BTCUSDT", "SHORT"), ("SOLUSDT", "LONG")]
    desk.sell("0.01", "60000")
    assert keys() == [("BTCUSDT", "SHORT"), ("SOLUSDT", "LONG")]
    assert desk.get(RISK_3, symbol="BTCUSDC") == []
    rest(desk, LONG, OrderSide.BUY, "0.01", "59000")
    assert keys() == [("BTCUSDT", "LONG"), ("BTCUSDT", "SHORT"), ("SOLUSDT", "LONG")]
    long = desk.get(RISK_3, symbol="BTCUSDT")[0]
    assert (long["positionAmt"], long["openOrderInitialMargin"], long["maintMargin"]) == ("0.000", "29.50000000", "0")
    account = [(row["symbol"], row["positionSide"]) for row in desk.get("/fapi/v3/account")["positions"]]
    assert account == keys()


def test_flat_legs_are_shown_by_switch() -> None:
    desk = AccountDesk(Switches(flat_leg_shown=True))
    assert desk.get(RISK_3) == []
    desk.buy("1", "79", symbol="SOLUSDT")
    rows = desk.get(RISK_3)
    assert [(row["positionSide"], row["positionAmt"]) for row in rows] == [("LONG", "1.00"), ("SHORT", "0.00")]


def test_the_account_by_hand(desk: AccountDesk) -> None:
    rest(desk, LONG, OrderSide.BUY, "0.01", "59000")
    body = desk.get("/fapi/v3/account")
    assets, positions = body.pop("assets"), body.pop("positions")
    fees = D("0.3") + D("0.61") + D("0.0395")
    wallet = 10_000 - fees
    binds = (D("603.005") + D("1206.01") + 80) / 20
    assert body == {
        "totalInitialMargin": f"{binds + D('29.5'):.8f}",
        "totalMaintMargin": f"{D('1809.015') * D('0.004') + 80 * D('0.005'):.8f}",
        "totalWalletBalance": f"{wallet:.8f}",
        "totalUnrealizedProfit": "17.99500000",
        "totalMarginBalance": f"{wallet + D('17.995'):.8f}",
        "totalPositionInitialMargin": f"{binds:.8f}",
        "totalOpenOrderInitialMargin": "29.50000000",
        "totalCrossWalletBalance": f"{wallet:.8f}",
        "totalCrossUnPnl": "17.99500000",
        "availableBalance": f"{wallet + D('17.995') - binds - D('29.5'):.8f}",
        "maxWithdrawAmount": f"{wallet - binds - D('29.5'):.8f}",
    }
    assert [row["asset"] for row in assets] == ["USDT", "USDC"]
    assert (assets[0]["walletBalance"], assets[0]["updateTime"]) == (body["totalWalletBalance"], NOW)
    assert positions[0]["initialMargin"] == f"{D('603.005') / 20 + D('29.5'):.8f}"
    older = desk.get("/fapi/v2/account")
    assert {key: older[key] for key in body} == body
    assert len(older["positions"]) == 6
    assert (older["assets"][0]["marginAvailable"], "marginAvailable" in assets[0]) == (True, False)
    assert (older["positions"][0]["entryPrice"], older["positions"][0]["maxNotional"]) == ("60000.0", "1.0E8")
    balance = desk.get("/fapi/v3/balance")
    assert balance == desk.get("/fapi/v2/balance")
    assert (balance[0]["balance"], balance[0]["availableBalance"]) == (
        body["totalWalletBalance"],
        body["availableBalance"],
    )


def test_an_account_without_usdt_has_empty_totals() -> None:
    desk = AccountDesk()
    desk.x.account.wallets = {"USDC": D(7)}
    assert desk.get("/fapi/v3/account")["totalWalletBalance"] == "0.00000000"


def test_what_is_lost_cannot_be_used(desk: AccountDesk) -> None:
    desk.mark("60300.5", "SOLUSDT")
    desk.mark("1", "SOLUSDT")
    desk.x.forced.transfer("USDT", D(-9900), desk.now)
    body = desk.get("/fapi/v3/account")
    assert (body["availableBalance"], body["maxWithdrawAmount"]) == ("0.00000000", "0.00000000")


def test_configuration_reads(desk: AccountDesk) -> None:
    assert desk.get("/fapi/v1/accountConfig") == {
        "feeTier": 0,
        "canTrade": True,
        "canDeposit": True,
        "canWithdraw": True,
        "dualSidePosition": True,
        "updateTime": 0,
        "multiAssetsMargin": False,
        "tradeGroupId": -1,
    }
    assert desk.get("/fapi/v1/symbolConfig", symbol="SOLUSDT") == [
        {
            "symbol": "SOLUSDT",
            "marginType": "CROSSED",
            "isAutoAddMargin": False,
            "leverage": 20,
            "maxNotionalValue": "1600000",
        }
    ]
    assert len(desk.get("/fapi/v1/symbolConfig")) == 3
    assert desk.get("/fapi/v1/commissionRate", symbol="BTCUSDT") == {
        "symbol": "BTCUSDT",
        "makerCommissionRate": "0.000200",
        "takerCommissionRate": "0.000500",
        "rpiCommissionRate": "0",
    }
    desk.x.account.maker_fee = D(0)
    assert desk.get("/fapi/v1/commissionRate", symbol="BTCUSDT")["makerCommissionRate"] == "0"
    assert [(row["intervalNum"], row["limit"]) for row in desk.get("/fapi/v1/rateLimit/order")] == [
        (10, 300),
        (1, 1200),
    ]
    assert desk.get("/fapi/v1/feeBurn") == {"feeBurn": False}
    assert desk.get("/fapi/v1/multiAssetsMargin") == {"multiAssetsMargin": False}
    assert desk.get("/fapi/v1/symbolAdlRisk", symbol="BTCUSDT")["adlRisk"] == "low"
    assert len(desk.get("/fapi/v1/symbolAdlRisk")) == 3


def test_adl_quantiles(desk: AccountDesk) -> None:
    both = {"LONG": 1, "SHORT": 1, "HEDGE": 0}
    assert [row["symbol"] for row in desk.get("/fapi/v1/adlQuantile")] == ["BTCUSDT", "SOLUSDT"]
    assert desk.get("/fapi/v1/adlQuantile")[0]["adlQuantile"] == both
    for mark, quantile in (("79", 0), ("79.9", 1), ("80.1", 2), ("81.2", 3), ("84", 4)):
        desk.mark(mark, "SOLUSDT")
        assert desk.get(RISK_3, symbol="SOLUSDT")[0]["adl"] == quantile


def test_brackets_in_both_shapes(desk: AccountDesk) -> None:
    listed = desk.get("/fapi/v1/leverageBracket")
    (one,) = desk.get("/fapi/v1/leverageBracket", symbol="BTCUSDT")
    assert one == listed[0]
    assert one["brackets"][1] == {
        "bracket": 2,
        "initialLeverage": 100,
        "notionalCap": 800000,
        "notionalFloor": 300000,
        "maintMarginRatio": 0.005,
        "cum": 300.0,
    }
    single = AccountDesk(Switches(bracket_list=False))
    assert single.get("/fapi/v1/leverageBracket", symbol="BTCUSDT") == one


def test_settings_by_rest(desk: AccountDesk) -> None:
    told = desk.call("POST", LEVERAGE, symbol="BTCUSDT", leverage=50)
    assert told == {"symbol": "BTCUSDT", "leverage": 50, "maxNotionalValue": "1.2E7"}
    assert desk.told() == [LeverageEvent("BTCUSDT", 50, NOW)]
    done = {"code": 200, "msg": "success"}
    assert desk.call("POST", MARGIN_TYPE, symbol="BTCUSDC", marginType="ISOLATED") == done
    assert desk.get(MODE) == {"dualSidePosition": True}
    fresh = AccountDesk()
    assert fresh.call("POST", MODE, dualSidePosition="FALSE") == done
    assert fresh.get(MODE) == {"dualSidePosition": False}
    rows = fresh.get(RISK_2)
    assert {(row["positionSide"], row["positionAmt"]) for row in rows} == {("BOTH", "0.000"), ("BOTH", "0.00")}
    assert fresh.get("/fapi/v1/adlQuantile", symbol="BTCUSDT")[0]["adlQuantile"] == {"LONG": 0, "SHORT": 0, "BOTH": 0}


def test_isolated_margin_by_rest(desk: AccountDesk) -> None:
    desk.x.seed_position("BTCUSDC", SHORT, D("0.01"), D(60_000), D(50))
    told = desk.call("POST", MARGIN, symbol="BTCUSDC", positionSide="SHORT", amount="10.5", type=1)
    assert told == {"code": 200, "msg": "Successfully modify position margin.", "amount": 10.5, "type": 1}
    assert desk.get(RISK_3, symbol="BTCUSDC")[0]["isolatedWallet"] == "60.50000000"
    desk.call("POST", MARGIN, symbol="BTCUSDC", positionSide="SHORT", amount="30.5", type=2)
    assert desk.get(RISK_3, symbol="BTCUSDC")[0]["isolatedWallet"] == "30.00000000"


@pytest.mark.parametrize(
    ("method", "path", "params", "code"),
    [
        ("GET", RISK_2, {"symbol": "XYZUSDT"}, -1121),
        ("GET", RISK_3, {"symbol": "btcusdt"}, -1121),
        ("GET", "/fapi/v1/commissionRate", {}, -1102),
        ("GET", "/fapi/v1/commissionRate", {"symbol": "X"}, -1121),
        ("GET", "/fapi/v1/leverageBracket", {"symbol": "X"}, -1121),
        ("POST", LEVERAGE, {"leverage": 5}, -1102),
        ("POST", LEVERAGE, {"symbol": "BTCUSDT"}, -1102),
        ("POST", LEVERAGE, {"symbol": "BTCUSDT", "leverage": "5x"}, -1102),
        ("POST", LEVERAGE, {"symbol": "BTCUSDT", "leverage": "0"}, -4028),
        ("POST", LEVERAGE, {"symbol": "BTCUSDT", "leverage": "126"}, -4028),
        ("POST", LEVERAGE, {"symbol": "X", "leverage": "12"}, -1121),
        ("POST", MARGIN_TYPE, {"symbol": "BTCUSDT"}, -1102),
        ("POST", MARGIN_TYPE, {"symbol": "BTCUSDT", "marginType": "CROSS"}, -1130),
        ("POST", MARGIN_TYPE, {"symbol": "BTCUSDC", "marginType": "CROSSED"}, -4046),
        ("POST", MARGIN_TYPE, {"symbol": "BTCUSDT", "marginType": "ISOLATED"}, -4048),
        ("POST", MODE, {}, -1102),
        ("POST", MODE, {"dualSidePosition": "1"}, -1102),
        ("POST", MODE, {"dualSidePosition": "true"}, -4059),
        ("POST", MODE, {"dualSidePosition": "false"}, -4068),
        ("POST", MARGIN, {"symbol": "BTCUSDT", "amount": "1"}, -1102),
        ("POST", MARGIN, {"symbol": "BTCUSDT", "amount": "1", "type": "3", "positionSide": "LONG"}, -1130),
        ("POST", MARGIN, {"symbol": "BTCUSDT", "amount": "0", "type": "1", "positionSide": "LONG"}, -4055),
        ("POST", MARGIN, {"symbol": "BTCUSDT", "amount": "0.000000001", "type": "1", "positionSide": "LONG"}, -4055),
        ("POST", MARGIN, {"symbol": "BTCUSDT", "amount": "1", "type": "1", "positionSide": "UP"}, -4060),
        ("POST", MARGIN, {"symbol": "BTCUSDT", "amount": "1", "type": "1"}, -4061),
        ("POST", MARGIN, {"symbol": "BTCUSDT", "amount": "1", "type": "1", "positionSide": "LONG"}, -4049),
        ("GET", INCOME, {"symbol": "X"}, -1121),
        ("GET", INCOME, {"limit": "1001"}, -1130),
        ("GET", INCOME, {"page": "0"}, -1130),
        ("GET", INCOME, {"startTime": "5", "endTime": "4"}, -1023),
    ],
)
def test_refusals(desk: AccountDesk, method: str, path: str, params: dict[str, str], code: int) -> None:
    assert desk.refused(method, path, **params) == code


def test_income_adds_up_to_the_wallet() -> None:
    desk = AccountDesk()
    desk.buy("0.01", "60000")
    desk.told()
    desk.now += 1000
    desk.sell("0.01", "60100")
    desk.x.forced.transfer("USDT", D("-12.5"), desk.now)
    desk.x.forced.funding("BTCUSDT", D("0.001"), desk.now)
    desk.told()
    rows = desk.get(INCOME)
    assert [row["incomeType"] for row in rows] == ["COMMISSION", "REALIZED_PNL", "COMMISSION", "TRANSFER"]
    wallet = desk.x.account.wallets["USDT"]
    assert D(10_000) + sum(D(row["income"]) for row in rows) == wallet
    assert (rows[0]["income"], rows[1]["income"], rows[3]["tradeId"]) == ("-0.30000000", "1.00000000", "")
    assert len({row["tranId"] for row in rows}) == 4

    def kinds(**params: object) -> list[str]:
        return [row["incomeType"] for row in desk.get(INCOME, **params)]

    assert kinds(incomeType="COMMISSION", startTime=NOW + 1) == ["COMMISSION"]
    assert kinds(endTime=NOW) == ["COMMISSION"]
    assert kinds(startTime=NOW, endTime=NOW) == ["COMMISSION"]
    assert kinds(limit=3, page=2) == ["TRANSFER"]
    assert kinds(symbol="BTCUSDC") == []
    desk.now += 8 * 24 * 3_600_000
    assert kinds() == []


def test_key_permissions() -> None:
    path = "/sapi/v1/account/apiRestrictions"
    body = AccountDesk(permissions={"enableWithdrawals": True}).get(path)
    assert list(body)[:4] == ["ipRestrict", "createTime", "enableReading", "enableWithdrawals"]
    assert (body["enableFutures"], body["enableWithdrawals"], len(body)) == (True, True, 13)
    changed = AccountDesk()
    changed.calls.permissions.permissions["enableFutures"] = False
    assert changed.get(path)["enableFutures"] is False
    with pytest.raises(ValueError, match="enableFlying"):
        AccountDesk(permissions={"enableFlying": True})


def test_weights() -> None:
    routes = AccountDesk().routes
    weighed = {path: routes["GET", path].weigh(Params([])) for path in (RISK_2, RISK_3, MODE, INCOME)}
    assert weighed == {RISK_2: 5, RISK_3: 5, MODE: 30, INCOME: 30}
    assert routes["GET", "/fapi/v1/commissionRate"].weigh(Params([])) == 20


NAMES = [
    *("symbol", "leverage", "marginType", "dualSidePosition", "amount", "type"),
    *("positionSide", "startTime", "endTime", "limit", "page", "incomeType"),
]
VALUES = st.one_of(
    st.sampled_from(["BTCUSDT", "BTCUSDC", "LONG", "SHORT", "BOTH", "ISOLATED", "CROSSED", "true", "false", "1", "2"]),
    st.sampled_from(["", "NaN", "-0", "1E99", "1e-30", "9" * 19, "-" + "9" * 19, "٣", "💥", "[]", "20.5", "-1", "0"]),
    st.text(max_size=12),
)
ROUTES = sorted(AccountDesk().routes)


@pytest.fixture(scope="module")
def target() -> AccountDesk:
    desk = AccountDesk()
    desk.buy("0.01", "60000")
    desk.x.seed_position("BTCUSDC", SHORT, D("0.01"), D(60_000), D(50))
    desk.told()
    return desk


@settings(max_examples=400, deadline=None)
@given(st.sampled_from(ROUTES), st.lists(st.tuples(st.sampled_from(NAMES), VALUES), max_size=6))
def test_anything_is_answered_or_refused(
    target: AccountDesk, route: tuple[str, str], pairs: list[tuple[str, str]]
) -> None:
    try:
        target.send(*route, pairs)
    except Rejected as refusal:
        assert refusal.code < -1000
    finally:
        target.told()
