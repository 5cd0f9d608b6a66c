"""GET exchangeInfo: every symbol with the rules that are in force at the moment, and the limits on requests."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from decimal import Decimal

from vibe_quant.domain.rules import SymbolRules
from vibe_quant.sim.front.http import Json
from vibe_quant.sim.front.market.contract_info import NEVER_DELIVERED_MS
from vibe_quant.sim.front.market.padded import padded
from vibe_quant.sim.instruments import Instrument

ORDER_TYPES = ("LIMIT", "MARKET", "STOP", "STOP_MARKET", "TAKE_PROFIT", "TAKE_PROFIT_MARKET", "TRAILING_STOP_MARKET")
TIMES_IN_FORCE = ("GTC", "IOC", "FOK", "GTX", "GTD")
MARGIN_ASSETS = {"USDT": "-10000", "BTC": "-0.10000000", "BNB": "0", "ETH": "0", "USDC": "-10000", "FDUSD": "0"}
"""What is margin in multi-assets mode, and from which loss on it is exchanged by itself."""


@dataclass(frozen=True, slots=True)
class RequestLimits:
    """Weight a minute and IP; orders in 10 s and in a minute an account."""

    weight: int = 2400
    orders_10s: int = 300
    orders_1m: int = 1200


def exchange_info(listed: Iterable[tuple[Instrument, SymbolRules]], limits: RequestLimits, now: int) -> Json:
    """The whole answer; ``listed`` in the order of listing."""
    return {
        "timezone": "UTC",
        "serverTime": now,
        "futuresType": "U_MARGINED",
        "rateLimits": [
            _limit("REQUEST_WEIGHT", "MINUTE", 1, limits.weight),
            _limit("ORDERS", "MINUTE", 1, limits.orders_1m),
            _limit("ORDERS", "SECOND", 10, limits.orders_10s),
        ],
        "exchangeFilters": [],
        "assets": [
            {"asset": asset, "marginAvailable": True, "autoAssetExchange": threshold}
            for asset, threshold in MARGIN_ASSETS.items()
        ],
        "symbols": [_symbol(instrument, rules) for instrument, rules in listed],
    }


def _limit(kind: str, interval: str, count: int, limit: int) -> Json:
    return {"rateLimitType": kind, "interval": interval, "intervalNum": count, "limit": limit}


def _symbol(instrument: Instrument, rules: SymbolRules) -> Json:
    return {
        "symbol": rules.symbol,
        "pair": rules.symbol,
        "contractType": "PERPETUAL",
        "deliveryDate": NEVER_DELIVERED_MS,
        "onboardDate": instrument.onboard_ms,
        "status": rules.status,
        "maintMarginPercent": "2.5000",
        "requiredMarginPercent": "5.0000",
        "baseAsset": instrument.base,
        "quoteAsset": instrument.quote,
        "marginAsset": rules.margin_asset,
        "pricePrecision": instrument.price_places,
        "quantityPrecision": instrument.qty_places,
        "baseAssetPrecision": 8,
        "quotePrecision": 8,
        "underlyingType": "COIN",
        "underlyingSubType": list(instrument.underlying_subtypes),
        "triggerProtect": padded(instrument.trigger_protect, 4),
        "liquidationFee": padded(rules.liquidation_fee, 6),
        "marketTakeBound": padded(instrument.market_take_bound, 2),
        "maxMoveOrderLimit": 10000,
        "filters": _filters(instrument, rules),
        "orderTypes": list(ORDER_TYPES),
        "timeInForce": list(TIMES_IN_FORCE),
        "permissionSets": ["GRID", "COPY"],
    }


def _filters(instrument: Instrument, rules: SymbolRules) -> list[Json]:
    digits = instrument.price_places
    filters: list[Json] = [
        {
            "filterType": "PRICE_FILTER",
            "minPrice": padded(rules.min_price, digits),
            "maxPrice": plain(rules.max_price),
            "tickSize": padded(rules.tick, digits),
        },
        _lot("LOT_SIZE", instrument, rules, rules.max_qty),
        _lot("MARKET_LOT_SIZE", instrument, rules, rules.market_max_qty),
        {"filterType": "MAX_NUM_ORDERS", "limit": instrument.max_orders},
        {"filterType": "MIN_NOTIONAL", "notional": plain(rules.min_notional)},
    ]
    if rules.percent_up is not None and rules.percent_down is not None:
        filters.append(
            {
                "filterType": "PERCENT_PRICE",
                "multiplierUp": padded(rules.percent_up, 4),
                "multiplierDown": padded(rules.percent_down, 4),
                "multiplierDecimal": "4",
            }
        )
    filters.append({"filterType": "POSITION_RISK_CONTROL", "positionControlSide": "NONE"})
    return filters


def _lot(name: str, instrument: Instrument, rules: SymbolRules, most: Decimal) -> Json:
    digits = instrument.qty_places
    return {
        "filterType": name,
        "minQty": padded(rules.min_qty, digits),
        "maxQty": plain(most),
        "stepSize": padded(rules.step, digits),
    }


def plain(value: Decimal) -> str:
    """Without zeros at the end and without an exponent."""
    return f"{value.normalize():f}"
