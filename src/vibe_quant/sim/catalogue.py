"""The perpetuals that the simulated exchange lists by itself: majors, a thin alt, a non-ASCII name, USDC margin.

Filters are of the kind and size that the exchange shows for such contracts, not its current values.
"""

from __future__ import annotations

from decimal import Decimal

from vibe_quant.domain.rules import SymbolRules
from vibe_quant.sim.instruments import Instrument
from vibe_quant.tapes.brackets import default_brackets

D = Decimal
NAMED_IN_CHINESE = "币安人生USDT"

# symbol, quote, price places, quantity places, price, tick, step, largest, largest MARKET, least notional,
# least price, highest price, PERCENT_PRICE's distance, liquidation fee, subtype
TABLE = f"""
BTCUSDT USDT 2 3 84788.20 0.1 0.001 1000 120 50 556.8 4529764 0.05 0.0125 PoW
ETHUSDT USDT 2 3 2782.50 0.01 0.001 10000 2000 20 39.86 306177 0.05 0.0125 Layer-1
SOLUSDT USDT 4 2 131.2400 0.01 0.01 1000000 12000 5 0.42 6857 0.05 0.0125 Layer-1
XRPUSDT USDT 4 1 1.4984 0.0001 0.1 10000000 2000000 5 0.0143 100000 0.05 0.0125 Payment
MANTAUSDT USDT 7 1 0.0721000 0.00001 0.1 1000000 80000 5 0.0001 2000 0.15 0.015 Layer-2
{NAMED_IN_CHINESE} USDT 7 0 0.1283400 0.00001 1 5000000 400000 5 0.0001 200 0.1 0.015 Meme
BTCUSDC USDC 1 3 84760.0 0.1 0.001 1000 50 50 556.8 4529764 0.05 0.0125 PoW
"""


def _instrument(row: str) -> Instrument:
    symbol, quote, price_places, qty_places, price, tick, step, most, most_market, notional, *rest = row.split()
    least_price, highest, distance, fee, subtype = rest
    rules = SymbolRules(
        symbol=symbol,
        tick=D(tick),
        step=D(step),
        min_qty=D(step),
        max_qty=D(most),
        min_notional=D(notional),
        market_max_qty=D(most_market),
        min_price=D(least_price),
        max_price=D(highest),
        percent_up=1 + D(distance),
        percent_down=1 - D(distance),
        liquidation_fee=D(fee),
        margin_asset=quote,
    )
    base, bound = symbol.removesuffix(quote), D(distance)
    digits = int(price_places), int(qty_places)
    return Instrument(rules, default_brackets(symbol), base, quote, *digits, D(price), 200, bound, bound, (subtype,))


CATALOGUE: dict[str, Instrument] = {made.symbol: made for made in map(_instrument, TABLE.strip().splitlines())}
"""By symbol, in the order in which exchangeInfo lists them."""
