"""How the text of an answer becomes typed rows, and how numbers are written for the exchange.

Strict in what is used, blind to what is not: an unknown field is no error, a missing one or a number that is none is.
"""

from __future__ import annotations

from decimal import Decimal
from enum import StrEnum
from typing import TypeVar

import msgspec

from vibe_quant.domain.enums import OrderType, PositionSide

T = TypeVar("T")
LARGEST_EXPONENT = 40


class WireSide(StrEnum):
    """positionSide; BOTH is of one-way mode, and in hedge mode its rows are empty and stand for nothing."""

    LONG = "LONG"
    SHORT = "SHORT"
    BOTH = "BOTH"


class Unreadable(Exception):  # noqa: N818 - what an answer is
    """An answer is not what its endpoint answers; the message holds no part of it but names of fields."""


class Row(msgspec.Struct, frozen=True):
    """A JSON object of an answer; field names are the exchange's, numbers are finite."""

    def __post_init__(self) -> None:
        for name in self.__struct_fields__:
            value = getattr(self, name)
            if isinstance(value, Decimal) and not _is_sane(value):
                raise ValueError(f"{name} is no finite number of a possible size")


class Done(msgspec.Struct, frozen=True):
    """An object of which nothing is used."""


def decode(text: str, kind: type[T]) -> T:
    """Read JSON; numbers in quotes or bare become Decimals digit by digit.

    Raises:
        Unreadable: no JSON, a field missing or of another kind, a number that is NaN or endless.
    """
    try:
        return msgspec.json.decode(text, type=kind)
    except (msgspec.DecodeError, UnicodeError) as error:
        raise Unreadable(_without_values(str(error))) from None


def plain(value: Decimal) -> str:
    """Without an exponent and without zeros behind the point: 1E+3 is "1000", 0.100 is "0.1"."""
    text = format(value, "f")
    return (text.rstrip("0").rstrip(".") or "0") if "." in text else text


def optional_decimal(text: str | None) -> Decimal | None:
    """None for a missing or empty number, and for zero where the exchange writes that for "none".

    Raises:
        Unreadable: neither empty nor a number.
    """
    if not text:
        return None
    try:
        value = Decimal(text)
    except ArithmeticError:
        raise Unreadable("a number is expected") from None
    if not _is_sane(value):
        raise Unreadable("a finite number is expected")
    return value or None


def side_of(side: WireSide) -> PositionSide:
    """The leg.

    Raises:
        Unreadable: BOTH.
    """
    if side is WireSide.BOTH:
        raise Unreadable("positionSide is BOTH, of one-way mode")
    return PositionSide(side.value)


def type_of(text: str, price: Decimal) -> OrderType:
    """The order's type; one that this program has no word for is told by whether it has a price."""
    try:
        return OrderType(text)
    except ValueError:
        return OrderType.LIMIT if price else OrderType.MARKET


def _is_sane(value: Decimal) -> bool:
    return value.is_finite() and abs(value.adjusted()) <= LARGEST_EXPONENT


def _without_values(message: str) -> str:
    """msgspec names the field and the kinds, and quotes an enum's wrong value: that is cut out."""
    said, _, place = message.partition(" - at `$")
    head = said.replace('"', "'").partition("'")[0].rstrip()
    return f"{head} - at `${place.rpartition('$')[2]}" if place else head
