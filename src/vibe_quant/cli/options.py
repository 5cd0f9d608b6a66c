"""Values of options: read from text without passing through float, refused with the reason."""

from __future__ import annotations

from dataclasses import dataclass
from decimal import Decimal, InvalidOperation
from pathlib import Path

import typer

DEFAULT_CONFIG = Path("config/config.yaml")
MOST_DIGITS = 18


def positive(text: str) -> Decimal:
    """A decimal above zero, exactly as written.

    Raises:
        typer.BadParameter: it is no number, not above zero, or longer than 18 digits.
    """
    try:
        value = Decimal(text)
    except InvalidOperation:
        raise typer.BadParameter(f"{text!r} is not a number") from None
    if not value.is_finite() or len(value.as_tuple().digits) > MOST_DIGITS or abs(value.adjusted()) > MOST_DIGITS:
        raise typer.BadParameter(f"{text!r} is not a number of at most {MOST_DIGITS} digits")
    if value <= 0:
        raise typer.BadParameter(f"{text!r} is not above zero")
    return value


@dataclass(frozen=True, slots=True)
class OfSymbol:
    """A number that belongs to a symbol."""

    symbol: str
    value: Decimal


def of_symbol(text: str) -> OfSymbol:
    """``BTC/USDT:USDT=68000``.

    Raises:
        typer.BadParameter: there is no symbol, or no number above zero.
    """
    symbol, found, number = text.partition("=")
    if not symbol or not found:
        raise typer.BadParameter(f"{text!r} names no symbol or no number; write SYMBOL=NUMBER")
    return OfSymbol(symbol, positive(number))
