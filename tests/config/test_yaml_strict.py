"""The strict reader: YAML 1.1's surprises are off, numbers are exact, and no text brings it down."""

from __future__ import annotations

from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from vibe_quant.config.problems import EMPTY
from vibe_quant.config.yaml_strict import MAX_NODES, Mark, StrictYamlError, parse


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("true", True),
        ("false", False),
        ("null", None),
        ("~", None),
        ("", EMPTY),
        ("no", "no"),
        ("on", "on"),
        ("1:30", "1:30"),
        ("0x1F", "0x1F"),
        ("0o17", "0o17"),
        ("017", "017"),
        ("1_000", "1_000"),
        ("2024-01-01", "2024-01-01"),
        (".inf", ".inf"),
        ("=", "="),
        ("0", 0),
        ("-12", -12),
        ("+5", 5),
        ("123456789012345678901234567890", 123456789012345678901234567890),
        ("0.1", Decimal("0.1")),
        (".5", Decimal("0.5")),
        ("5.", Decimal(5)),
        ("1e3", Decimal(1000)),
        ("'5'", "5"),
        ('"true"', "true"),
        ("|\n    a\n    b", "a\nb"),
    ],
)
def test_scalars(text: str, value: object) -> None:
    read = parse(f"k: {text}\n").data["k"]
    assert (read.rstrip() if isinstance(read, str) else read) == value
    assert type(read) is type(value)


def test_every_value_knows_where_it_is_written() -> None:
    marks = parse("a:\n  b: 1\n  c:\n    - x\n    - {d: 2}\n").marks
    assert marks["a",] == Mark(1, 1)
    assert marks["a", "b"] == Mark(2, 3)
    assert marks["a", "c", 0] == Mark(4, 7)
    assert marks["a", "c", 1, "d"] == Mark(5, 8)


def test_an_alias_is_written_out_and_points_to_its_definition() -> None:
    document = parse("a: &x {k: 1}\nb: *x\n")
    assert document.data == {"a": {"k": 1}, "b": {"k": 1}}
    assert document.marks["b",].line == 2
    assert document.marks["b", "k"].line == 1


def test_a_byte_order_mark_and_windows_line_ends_are_harmless() -> None:
    assert parse("\ufeffa: 1\r\nb: 2\r\n").data == {"a": 1, "b": 2}


def test_duplicates_keep_the_first_and_read_on() -> None:
    document = parse("a: 1\na: 2\nb: 3\nb: 4\n")
    assert document.data == {"a": 1, "b": 3}
    assert [p.line for p in document.problems] == [2, 4]


def test_aliases_cannot_blow_up() -> None:
    lines = ["a0: &a0 [x, x, x, x, x, x, x, x, x, x]"]
    lines += [f"a{i}: &a{i} [{', '.join([f'*a{i - 1}'] * 10)}]" for i in range(1, 12)]
    with pytest.raises(StrictYamlError, match=f"more than {MAX_NODES} values"):
        parse("\n".join(lines))


@pytest.mark.parametrize("text", ["[" * 5000, "a: " + "{b: " * 5000, "- " * 5000 + "x"])
def test_nesting_cannot_exhaust_the_stack(text: str) -> None:
    with pytest.raises(StrictYamlError, match="nested deeper"):
        parse(text)


YAMLISH = st.text(alphabet=st.sampled_from("ab:- \n\t{}[],&*!#|>'\"%?<0.1e\\\ud800\x00中"), max_size=60)


@given(st.one_of(YAMLISH, st.text(max_size=60)))
def test_any_text_is_read_or_refused_in_words(text: str) -> None:
    try:
        document = parse(text)
    except StrictYamlError as error:
        assert error.problem.message
    else:
        assert all(mark.line >= 1 for mark in document.marks.values())


@given(st.decimals(allow_nan=False, allow_infinity=False, places=8, min_value=-(10**12), max_value=10**12))
def test_numbers_are_exact(number: Decimal) -> None:
    assert parse(f"k: {number:f}\n").data["k"] == number
