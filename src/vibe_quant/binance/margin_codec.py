"""Maintenance brackets and fees of a symbol."""

from __future__ import annotations

from decimal import Decimal

from vibe_quant.binance.rest_codec import Row, Unreadable, decode
from vibe_quant.domain.rules import Bracket, Brackets


class BracketRow(Row, frozen=True):
    """One tier; bare numbers on the wire, read digit by digit."""

    initialLeverage: int  # noqa: N815
    notionalCap: Decimal  # noqa: N815
    notionalFloor: Decimal  # noqa: N815
    maintMarginRatio: Decimal  # noqa: N815
    cum: Decimal


class BracketsRow(Row, frozen=True):
    """A symbol's tiers, as they hold for this account."""

    symbol: str
    brackets: list[BracketRow]


class FeeRow(Row, frozen=True):
    """commissionRate."""

    makerCommissionRate: Decimal  # noqa: N815
    takerCommissionRate: Decimal  # noqa: N815


def brackets(text: str, raw: str) -> Brackets:
    """The tiers of ``raw``, lowest first; the answer is a list or a single object.

    Raises:
        Unreadable: not of this symbol, or no tiers.
    """
    rows = decode(text, list[BracketsRow]) if text.lstrip().startswith("[") else [decode(text, BracketsRow)]
    found = next((row for row in rows if row.symbol == raw), None)
    if found is None or not found.brackets:
        raise Unreadable(f"no brackets of {raw}")
    ordered = sorted(found.brackets, key=lambda row: row.notionalFloor)
    return tuple(
        Bracket(row.notionalFloor, row.notionalCap, row.maintMarginRatio, row.cum, row.initialLeverage)
        for row in ordered
    )


def fees(text: str) -> tuple[Decimal, Decimal]:
    """(maker, taker) as ratios of the notional."""
    row = decode(text, FeeRow)
    return row.makerCommissionRate, row.takerCommissionRate
