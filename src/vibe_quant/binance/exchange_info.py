"""Contracts as exchangeInfo lists them, decoded only into what is used: names, grids, filters, status.

A filter that is missing is an error which names the symbol: an invented grid would be wrong at the worst moment.
"""

from __future__ import annotations

from collections.abc import Mapping
from decimal import Decimal

import msgspec

from vibe_quant.binance.rest_codec import Row, Unreadable, decode, optional_decimal
from vibe_quant.domain.rules import SymbolRules

PERPETUALS = frozenset({"PERPETUAL", "TRADIFI_PERPETUAL"})


class FilterRow(Row, frozen=True):
    """Any filter; each kind uses some of the fields."""

    filterType: str  # noqa: N815
    minPrice: Decimal | None = None  # noqa: N815
    maxPrice: Decimal | None = None  # noqa: N815
    tickSize: Decimal | None = None  # noqa: N815
    minQty: Decimal | None = None  # noqa: N815
    maxQty: Decimal | None = None  # noqa: N815
    stepSize: Decimal | None = None  # noqa: N815
    notional: Decimal | None = None
    multiplierUp: Decimal | None = None  # noqa: N815
    multiplierDown: Decimal | None = None  # noqa: N815


class ContractRow(Row, frozen=True):
    """A contract; what one of hundreds lacks must not hide the others, so only its own rules complain of it.

    ``filters`` stay text until they are asked for.
    """

    symbol: str
    contractType: str = ""  # noqa: N815
    status: str = ""
    baseAsset: str = ""  # noqa: N815
    quoteAsset: str = ""  # noqa: N815
    marginAsset: str = ""  # noqa: N815
    filters: msgspec.Raw = msgspec.Raw(b"[]")
    liquidationFee: str = ""  # noqa: N815

    @property
    def unified(self) -> str:
        """Such as "BTC/USDT:USDT"."""
        return f"{self.baseAsset}/{self.quoteAsset}:{self.marginAsset}"


class InfoRow(Row, frozen=True):
    """The whole answer."""

    symbols: list[ContractRow]


def perpetuals(text: str) -> Mapping[str, ContractRow]:
    """The perpetuals by the exchange's own name; dated futures are not worked."""
    found = decode(text, InfoRow).symbols
    # A copy of the filters: Raw is a view that keeps the megabyte it was read from.
    return {
        row.symbol: msgspec.structs.replace(row, filters=row.filters.copy())
        for row in found
        if row.contractType in PERPETUALS and row.baseAsset and row.quoteAsset and row.marginAsset
    }


def symbol_rules(row: ContractRow, symbol: str) -> SymbolRules:
    """The rules of a contract; without PERCENT_PRICE there is no band.

    Raises:
        Unreadable: a filter or a number in it is missing; names both.
    """
    try:
        return _rules(row, symbol)
    except Unreadable as error:
        raise Unreadable(f"{row.symbol}: {error}") from None


def _rules(row: ContractRow, symbol: str) -> SymbolRules:
    filters = {one.filterType: one for one in decode(bytes(row.filters).decode(), list[FilterRow])}
    price, lot, market = (_needed(filters, name) for name in ("PRICE_FILTER", "LOT_SIZE", "MARKET_LOT_SIZE"))
    notional, percent = _needed(filters, "MIN_NOTIONAL"), filters.get("PERCENT_PRICE")
    if not row.status:
        raise Unreadable("status is missing")
    return SymbolRules(
        symbol=symbol,
        tick=_above_zero(price.tickSize, "tickSize"),
        step=_above_zero(lot.stepSize, "stepSize"),
        min_qty=_told(lot.minQty, "minQty"),
        max_qty=_above_zero(lot.maxQty, "maxQty"),
        min_notional=_told(notional.notional, "notional"),
        market_max_qty=_above_zero(market.maxQty, "maxQty of MARKET_LOT_SIZE"),
        min_price=_told(price.minPrice, "minPrice"),
        max_price=_told(price.maxPrice, "maxPrice"),
        percent_up=None if percent is None else _above_zero(percent.multiplierUp, "multiplierUp"),
        percent_down=None if percent is None else _told(percent.multiplierDown, "multiplierDown"),
        liquidation_fee=_told(optional_decimal(row.liquidationFee), "liquidationFee"),
        status=row.status,
        margin_asset=row.marginAsset,
    )


def _needed(filters: Mapping[str, FilterRow], name: str) -> FilterRow:
    if name not in filters:
        raise Unreadable(f"the filter {name} is missing")
    return filters[name]


def _told(value: Decimal | None, name: str) -> Decimal:
    if value is None or value < 0:
        raise Unreadable(f"{name} is missing or negative")
    return value


def _above_zero(value: Decimal | None, name: str) -> Decimal:
    if not value or value < 0:
        raise Unreadable(f"{name} is missing or not above zero")
    return value
