"""Which numbers of a frame are believed: finite and of a possible size, so that arithmetic with them cannot fail."""

from __future__ import annotations

from decimal import Decimal
from typing import Annotated

import msgspec

ZERO = Decimal(0)
LEAST, MOST = Decimal("1E-20"), Decimal("1E+20")
"""Prices and quantities of the market lie between."""
Millis = Annotated[int, msgspec.Meta(ge=1, lt=10_000_000_000_000)]
"""Epoch milliseconds until the year 2286: a time beyond it would make all later news look old."""
Number = Annotated[int, msgspec.Meta(ge=0, le=2**63 - 1)]
"""An id."""


def positive(value: Decimal) -> Decimal:
    """A price or quantity that cannot be zero.

    Raises:
        ValueError: it is zero, negative, not finite or of no possible size.
        ArithmeticError: it is no number.
    """
    if LEAST <= value <= MOST:
        return value
    raise ValueError("a price or quantity is not between 1E-20 and 1E+20")


def size(value: Decimal) -> Decimal:
    """A price or quantity that may be zero.

    Raises:
        ValueError, ArithmeticError: as ``positive``.
    """
    return value if value == ZERO else positive(value)


def amount(value: Decimal) -> Decimal:
    """A number of either sign.

    Raises:
        ValueError, ArithmeticError: as ``positive``.
    """
    if value != ZERO:
        positive(value.copy_abs())
    return value


def amount_of(text: str) -> Decimal | None:
    """A number of either sign from its text; None where the text is empty.

    Raises:
        ValueError, ArithmeticError: as ``positive``.
    """
    return amount(Decimal(text)) if text else None
