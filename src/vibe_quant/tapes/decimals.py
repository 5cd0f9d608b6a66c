"""Texts to positive Decimals, remembered, together with the grid that they lie on."""

from __future__ import annotations

from decimal import Decimal, InvalidOperation
from math import gcd

from vibe_quant.tapes.tape import ZERO

REMEMBERED = 200_000
MOST_DIGITS = 18


class ZeroNumberError(ValueError):
    """The text is a zero where a positive number belongs."""


def plain(value: Decimal) -> Decimal:
    """The same value without trailing zeros and without an exponent above zero."""
    return Decimal(f"{value.normalize():f}")


def positive(text: str) -> Decimal:
    """A finite number above zero, exactly as written.

    Raises:
        ZeroNumberError: it is zero.
        ValueError: it is no number, negative, or longer than 18 digits (a tape holds 64-bit integers).
    """
    try:
        value = Decimal(text)
    except InvalidOperation:
        raise ValueError(f"{text!r} is not a number") from None
    if not value.is_finite() or len(value.as_tuple().digits) > MOST_DIGITS:
        raise ValueError(f"{text!r} is not a number of at most {MOST_DIGITS} digits")
    if value == 0:
        raise ZeroNumberError(f"{text!r} is zero")
    if value < 0:
        raise ValueError(f"{text!r} is negative")
    return value


def not_negative(text: str) -> Decimal:
    """A finite number, zero or above; raises ValueError as ``positive`` does."""
    try:
        return positive(text)
    except ZeroNumberError:
        return ZERO


class Grid:
    """The greatest common divisor of the numbers seen so far: tick of prices, step of quantities."""

    __slots__ = ("_exponent", "_units")

    def __init__(self) -> None:
        self._exponent = 0
        self._units = 0

    def add(self, value: Decimal) -> None:
        """Make room for ``value`` (positive)."""
        exponent = value.as_tuple().exponent
        assert isinstance(exponent, int), "finite"
        if exponent < self._exponent:
            self._units *= 10 ** (self._exponent - exponent)
            self._exponent = exponent
        self._units = gcd(self._units, int(value.scaleb(-self._exponent)))

    @property
    def unit(self) -> Decimal:
        """The grid's width; zero before the first number."""
        return plain(Decimal(self._units).scaleb(self._exponent)) if self._units else ZERO


class Numbers(dict[str, Decimal]):
    """Text -> Decimal above zero; parses and checks a text once, forgets when too many have been seen."""

    def __init__(self) -> None:
        super().__init__()
        self.grid = Grid()

    def __missing__(self, text: str) -> Decimal:
        """Raises ValueError as ``positive`` does."""
        value = positive(text)
        self.grid.add(value)
        if len(self) >= REMEMBERED:
            self.clear()
        self[text] = value
        return value
