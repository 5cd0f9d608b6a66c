"""Answers of the REST interface written by hand from the documented shapes, to be changed field by field."""

from __future__ import annotations

from typing import Any

Json = dict[str, Any]


def order(**changed: Any) -> Json:
    """As POST order answers since 2026; ``avgPrice`` must be asked for."""
    return {
        "orderId": 8389765685775627292,
        "symbol": "BTCUSDT",
        "status": "NEW",
        "clientOrderId": "vq-1",
        "price": "90000.50",
        "origQty": "0.010",
        "executedQty": "0.000",
        "cumQty": "0.000",
        "timeInForce": "GTX",
        "type": "LIMIT",
        "reduceOnly": False,
        "closePosition": False,
        "side": "SELL",
        "positionSide": "LONG",
        "stopPrice": "0.00",
        "workingType": "CONTRACT_PRICE",
        "origType": "LIMIT",
        "priceMatch": "NONE",
        "updateTime": 1790000000123,
        **changed,
    }


def algo(**changed: Any) -> Json:
    """As POST algoOrder answers."""
    return {
        "algoId": 1000000226909486,
        "clientAlgoId": "vq-ps-1",
        "algoType": "CONDITIONAL",
        "orderType": "STOP_MARKET",
        "symbol": "BTCUSDT",
        "side": "SELL",
        "positionSide": "LONG",
        "timeInForce": "GTC",
        "quantity": "0.000",
        "algoStatus": "NEW",
        "triggerPrice": "80000.00",
        "price": "0.00",
        "icebergQuantity": None,
        "workingType": "MARK_PRICE",
        "closePosition": True,
        "updateTime": 1790000000456,
        **changed,
    }


def leg(**changed: Any) -> Json:
    """A row of positionRisk v3."""
    return {
        "symbol": "BTCUSDT",
        "positionSide": "LONG",
        "positionAmt": "0.500",
        "entryPrice": "88000.0",
        "liquidationPrice": "0",
        "isolatedWallet": "0",
        "updateTime": 1790000000001,
        **changed,
    }


def wallet(**changed: Any) -> Json:
    """A row of balance v3."""
    return {
        "accountAlias": "xx",
        "asset": "USDT",
        "balance": "1000.5",
        "crossWalletBalance": "900.25",
        "updateTime": 1790000000002,
        **changed,
    }


def config(**changed: Any) -> Json:
    """A row of symbolConfig."""
    return {"symbol": "BTCUSDT", "marginType": "CROSSED", "isAutoAddMargin": False, "leverage": 20, **changed}


def trade(number: int, at: int, **changed: Any) -> Json:
    """A row of userTrades."""
    return {
        "symbol": "BTCUSDT",
        "id": number,
        "orderId": 7,
        "side": "SELL",
        "positionSide": "LONG",
        "price": "90000.5",
        "qty": "0.001",
        "realizedPnl": "-0.00020000",
        "commission": "0.00250560",
        "commissionAsset": "USDT",
        "time": at,
        "maker": False,
        **changed,
    }


FILTERS: dict[str, Json] = {
    "PRICE_FILTER": {"minPrice": "556.80", "maxPrice": "4529764", "tickSize": "0.10"},
    "LOT_SIZE": {"minQty": "0.001", "maxQty": "1000", "stepSize": "0.001"},
    "MARKET_LOT_SIZE": {"minQty": "0.001", "maxQty": "120", "stepSize": "0.001"},
    "MAX_NUM_ORDERS": {"limit": 200},
    "MIN_NOTIONAL": {"notional": "50"},
    "PERCENT_PRICE": {"multiplierDecimal": "4", "multiplierUp": "1.0500", "multiplierDown": "0.9500"},
}


def contract(without: str = "", filters: dict[str, Json] = FILTERS, **changed: Any) -> Json:
    """A contract of exchangeInfo, of whose filters one may be left out."""
    return {
        "symbol": "BTCUSDT",
        "contractType": "PERPETUAL",
        "status": "TRADING",
        "baseAsset": "BTC",
        "quoteAsset": "USDT",
        "marginAsset": "USDT",
        "liquidationFee": "0.012500",
        "filters": [{"filterType": kind, **rule} for kind, rule in filters.items() if kind != without],
        **changed,
    }


def info(*contracts: Json) -> Json:
    """exchangeInfo."""
    return {"timezone": "UTC", "serverTime": 1790000000000, "assets": [], "symbols": list(contracts or [contract()])}


def tiers(**changed: Any) -> Json:
    """leverageBracket of a symbol, its tiers out of order."""
    low = {"bracket": 1, "initialLeverage": 125, "notionalCap": 50000, "notionalFloor": 0}
    high = {"bracket": 2, "initialLeverage": 100, "notionalCap": 600000, "notionalFloor": 50000}
    rows = [{**high, "maintMarginRatio": 0.0065, "cum": 125.0}, {**low, "maintMarginRatio": 0.004, "cum": 0.0}]
    return {"symbol": "BTCUSDT", "brackets": rows, **changed}


FEES: Json = {"symbol": "BTCUSDT", "makerCommissionRate": "0.000200", "takerCommissionRate": "0.000500"}
