"""The account's user events, whole payloads by hand, and how its numbers are written."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

import pytest

from vibe_quant.domain.enums import MarginType, PositionSide
from vibe_quant.sim.front.account import amounts
from vibe_quant.sim.front.account.account_wire import account_update, config_update, margin_call
from vibe_quant.sim.records import (
    AccountEvent,
    BalanceRow,
    LeverageEvent,
    MarginCallEvent,
    MarginCallRow,
    MultiAssetsEvent,
    PositionRow,
)

D = Decimal
SHORT = PositionSide.SHORT
BALANCE = BalanceRow("USDC", D("37.87866827"), D("291.00000000"), D("-0.00085067"))


def position(**changes: Any) -> PositionRow:
    """A SHORT of 0.473 ETHUSDC."""
    fields: dict[str, Any] = {
        "symbol": "ETHUSDC",
        "side": SHORT,
        "amount": D("-0.473"),
        "entry_price": D("2463.260000000000"),
        "realized_pnl": D("-48571.1196"),
        "unrealized_pnl": D("0.042570000000"),
        "margin_type": MarginType.CROSSED,
        "isolated_wallet": D(0),
        "margin_asset": "USDC",
        "break_even": D("2463.260000000000"),
    }
    return PositionRow(**(fields | changes))


def test_an_update_of_a_fill() -> None:
    body = account_update(AccountEvent("ORDER", (BALANCE,), (position(),), 1788231624647))
    row = {
        "s": "ETHUSDC",
        "pa": "-0.473",
        "ep": "2463.26",
        "cr": "-48571.11960000",
        "up": "0.04257",
        "mt": "cross",
        "iw": "0",
        "ps": "SHORT",
        "ma": "USDC",
        "bep": "2463.26",
    }
    money = {"a": "USDC", "wb": "37.87866827", "cw": "291", "bc": "-0.00085067"}
    at = 1788231624647
    assert body == {"e": "ACCOUNT_UPDATE", "T": at, "E": at, "a": {"B": [money], "P": [row], "m": "ORDER"}}
    assert list(body) == ["e", "T", "E", "a"]
    inner = body["a"]
    assert isinstance(inner, dict)
    assert list(inner) == ["B", "P", "m"]
    assert list(row) == list(inner["P"][0])


def test_a_closed_isolated_leg_and_funding() -> None:
    flat = position(amount=D("0.000"), entry_price=D(0), break_even=D(0), unrealized_pnl=D("-0E-12"), realized_pnl=D(0))
    body: Any = account_update(AccountEvent("FUNDING_FEE", (BALANCE,), (flat,), 5, "ETHUSDC"))
    assert body["a"]["S"] == "ETHUSDC"
    assert [body["a"]["P"][0][key] for key in ("pa", "ep", "cr", "up", "iw", "bep")] == ["0"] * 6
    isolated = position(margin_type=MarginType.ISOLATED, isolated_wallet=D("11.3614671"))
    body = account_update(AccountEvent("ORDER", (), (isolated,), 5))
    assert (body["a"]["P"][0]["mt"], body["a"]["P"][0]["iw"]) == ("isolated", "11.36146710")


def test_the_empty_both_row_by_choice() -> None:
    event = AccountEvent("MARGIN_TYPE_CHANGE", (), (position(), position(side=PositionSide.LONG)), 5)
    body: Any = account_update(event, both_row=True)
    assert [(row["ps"], row["pa"]) for row in body["a"]["P"]] == [
        ("SHORT", "-0.473"),
        ("LONG", "-0.473"),
        ("BOTH", "0"),
    ]
    assert list(body["a"]["P"][2]) == list(body["a"]["P"][0])


def test_a_margin_call() -> None:
    row = MarginCallRow(
        "ETHUSDT",
        PositionSide.LONG,
        D("1.327"),
        MarginType.CROSSED,
        D(0),
        D("187.17127"),
        D("-1.166074000001"),
        D("1.614445"),
    )
    told = margin_call(MarginCallEvent(D("3.16812045"), (row,), 1587727187525))
    assert told == {
        "e": "MARGIN_CALL",
        "E": 1587727187525,
        "cw": "3.16812045",
        "p": [
            {
                "s": "ETHUSDT",
                "ps": "LONG",
                "pa": "1.327",
                "mt": "CROSSED",
                "iw": "0",
                "mp": "187.17127",
                "up": "-1.166074",
                "mm": "1.614445",
            }
        ],
    }
    assert list(told) == ["e", "E", "cw", "p"]
    assert list(margin_call(MarginCallEvent(None, (), 1))) == ["e", "E", "p"]


def test_changes_of_the_configuration() -> None:
    head = {"e": "ACCOUNT_CONFIG_UPDATE", "E": 7, "T": 7}
    assert config_update(LeverageEvent("BTCUSDT", 25, 7)) == head | {"ac": {"s": "BTCUSDT", "l": 25}}
    assert config_update(MultiAssetsEvent(True, 7)) == head | {"ai": {"j": True}}


@pytest.mark.parametrize(
    ("write", "value", "text"),
    [
        (amounts.stripped, "0E+3", "0"),
        (amounts.stripped, "-0.00", "0"),
        (amounts.stripped, "1E+2", "100"),
        (amounts.stripped, "0.0200", "0.02"),
        (amounts.rounded, "0.123456785", "0.12345678"),
        (amounts.rounded, "-0.000000001", "0"),
        (amounts.fixed, "-0.000000001", "0.00000000"),
        (amounts.fixed, "-1.5", "-1.50000000"),
        (amounts.or_zero, "0.000", "0"),
        (amounts.or_zero, "2", "2.00000000"),
        (amounts.spelled, "0", "0.0"),
        (amounts.spelled, "100", "100.0"),
        (amounts.spelled, "313.20", "313.2"),
        (amounts.scientific, "100000", "100000"),
        (amounts.scientific, "9999999", "9999999"),
        (amounts.scientific, "10000000", "1.0E7"),
        (amounts.scientific, "100000000", "1.0E8"),
        (amounts.scientific, "125000000", "1.25E8"),
    ],
)
def test_numbers(write: Any, value: str, text: str) -> None:
    assert write(D(value)) == text


def test_json_numbers_are_whole_where_they_can_be() -> None:
    assert [repr(amounts.number(D(text))) for text in ("300000", "3E+5", "0.5")] == ["300000", "300000", "0.5"]
