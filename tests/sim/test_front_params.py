"""Parameters as clients send them, and the exchange's words for those it cannot read."""

from __future__ import annotations

from collections.abc import Callable
from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from vibe_quant.domain.enums import OrderSide
from vibe_quant.sim.front.params import Params, unwanted
from vibe_quant.sim.records import Rejected

READERS: list[Callable[[Params, str], object]] = [
    Params.text,
    Params.need,
    Params.decimal,
    Params.integer,
    Params.flag,
    Params.array,
    lambda params, name: params.choice(name, OrderSide, -1117, "Invalid side."),
]


def code(read: Callable[[], object]) -> int:
    with pytest.raises(Rejected) as refusal:
        read()
    return refusal.value.code


def test_names_have_no_case_and_the_query_wins() -> None:
    params = Params.parse("orderidlist=1&symbol=A", b"SYMBOL=B&price=2")
    assert (params["orderIdList"], params["Symbol"], params["PRICE"], len(params)) == ("1", "A", "2", 3)
    assert "ORDERIDLIST" in params
    assert list(params) == ["orderidlist", "symbol", "price"]


def test_percent_and_plus_are_decoded_as_in_forms() -> None:
    params = Params.parse("symbol=%E5%B8%81%E5%AE%89USDT", b"batchOrders=%5B1%2C+2%5D")
    assert params.text("symbol") == "币安USDT"
    assert params.array("batchOrders") == ["1", "2"]
    assert Params.parse("symbol=币安USDT").text("symbol") == "币安USDT"


@pytest.mark.parametrize("query", ["a=%FF", "a=%00", "a=%1b", "a=\udc80", "%7F=1", "\udcff=1"])
def test_what_cannot_be_printed_is_illegal(query: str) -> None:
    assert code(lambda: Params.parse(query)) == -1100


def test_a_body_that_is_no_text_is_illegal() -> None:
    assert code(lambda: Params.parse("", b"a=\xff")) == -1100


@pytest.mark.parametrize(("query", "body"), [("a=1&a=2", b""), ("a=1&A=1", b""), ("", b"a=1&a=1")])
def test_a_name_twice_in_one_place_is_refused(query: str, body: bytes) -> None:
    assert code(lambda: Params.parse(query, body)) == -1101


def test_left_out_and_empty_are_two_things() -> None:
    params = Params.parse("empty=&bare")
    assert params.text("absent") is None
    assert code(lambda: params.text("empty")) == -1105
    assert code(lambda: params.text("bare")) == -1105
    assert code(lambda: params.need("empty")) == -1102
    assert code(lambda: params.need("absent")) == -1102


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("1.50", "1.50"),
        ("-2", "-2"),
        ("0.0100", "0.0100"),
        ("00.5", "0.5"),
        ("1" + "0" * 19, "1E+19"),
        ("0." + "0" * 19 + "1", "1E-20"),
    ],
)
def test_numbers_are_read_exactly(text: str, value: str) -> None:
    assert Params([("x", text)]).decimal("x") == Decimal(value)


@pytest.mark.parametrize(
    "text",
    ["NaN", "inf", "1e999", "1E+2", "1e-05", "+1", ".5", "3.", "0x1", "1_0", "١", " 1", "1" * 21, "1,5", "--1", "."],
)
def test_no_numbers(text: str) -> None:
    assert code(lambda: Params([("x", text)]).decimal("x")) == -1102


@pytest.mark.parametrize("text", ["9223372036854775808", "1.0", "１", "", "None", "1" * 5000])
def test_no_whole_numbers(text: str) -> None:
    assert code(lambda: Params([("x", text)]).integer("x")) in (-1102, -1105)


def test_whole_numbers_flags_and_choices() -> None:
    params = Params([("n", "-9223372036854775808"), ("yes", "TRUE"), ("no", "false"), ("side", "BUY")])
    assert params.integer("n") == -(2**63)
    assert (params.flag("yes"), params.flag("no"), params.flag("absent")) == (True, False, None)
    assert params.choice("side", OrderSide, -1117, "Invalid side.") is OrderSide.BUY
    assert code(lambda: params.choice("yes", OrderSide, -1117, "Invalid side.")) == -1117
    assert code(lambda: params.flag("n")) == -1102


@pytest.mark.parametrize("text", ["{}", "[", "[NaN]", "[Infinity]", '["\\ud800"]', "[" * 100_000, "1"])
def test_no_arrays(text: str) -> None:
    assert code(lambda: Params([("x", text)]).array("x")) == -1102


def test_numbers_in_arrays_stay_as_they_were_written() -> None:
    assert Params([("x", '[{"quantity":1.10,"price":1e999}]')]).array("x") == [{"quantity": "1.10", "price": "1e999"}]


def test_the_name_is_told_in_lower_case() -> None:
    assert unwanted("reduceOnly").message == "Parameter 'reduceonly' sent when not required."


@given(st.text(max_size=80), st.binary(max_size=80), st.sampled_from(READERS))
def test_reading_anything_is_refused_at_most(query: str, body: bytes, read: Callable[[Params, str], object]) -> None:
    try:
        params = Params.parse(query, body)
    except Rejected:
        return
    for name in [*params, "absent"]:
        try:
            read(params, name)
        except Rejected as refusal:
            refusal.message.encode()
