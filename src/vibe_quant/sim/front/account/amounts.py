"""How the account's numbers are written: the exchange pads some, strips others, and says zero in four ways."""

from __future__ import annotations

from decimal import ROUND_HALF_EVEN, Decimal

LARGE = Decimal(10_000_000)
PLACES = 8


def stripped(value: Decimal) -> str:
    """As few digits as it takes: ``0.02``, ``-10``, ``0``."""
    text = f"{value:f}"
    if "." in text:
        text = text.rstrip("0").rstrip(".")
    return "0" if text == "-0" else text


def rounded(value: Decimal) -> str:
    """``stripped`` after rounding to 8 places."""
    return stripped(value.quantize(Decimal(1).scaleb(-PLACES), ROUND_HALF_EVEN))


def fixed(value: Decimal, places: int = PLACES) -> str:
    """Exactly ``places`` digits behind the point: ``0.00000000``."""
    text = f"{value:.{places}f}"
    return text.removeprefix("-") if not text.strip("-0.") else text


def or_zero(value: Decimal, places: int = PLACES) -> str:
    """``fixed``, but a bare ``0`` for zero."""
    return fixed(value, places) if value else "0"


def spelled(value: Decimal) -> str:
    """As a double is spelled, with at least one digit behind the point: ``313.2``, ``100.0``, ``0.0``."""
    text = stripped(value)
    return text if "." in text else text + ".0"


def scientific(value: Decimal) -> str:
    """``stripped`` below ten millions, as a double is spelled from there on: ``100000``, ``1.0E8``."""
    if value < LARGE:
        return stripped(value)
    power = value.adjusted()
    return f"{spelled(value.scaleb(-power))}E{power}"


def number(value: Decimal) -> int | float:
    """A JSON number: whole where it is whole."""
    return int(value) if value == value.to_integral_value() else float(value)
