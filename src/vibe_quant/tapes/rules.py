"""Where instrument rules come from offline: a file in exchangeInfo form, or the grids that a tape itself shows."""

from __future__ import annotations

import json
from collections.abc import Mapping
from decimal import Decimal
from pathlib import Path
from typing import Any

from vibe_quant.domain.rules import SymbolRules
from vibe_quant.tapes.decimals import not_negative, positive
from vibe_quant.tapes.tape import Tape, TapeError

INFERRED_MIN_NOTIONAL = Decimal(5)
INFERRED_MAX_STEPS = 10**9
"""No tape shows a maximum; this one does not bind."""
INFERRED_LIQUIDATION_FEE = Decimal("0.0125")


def infer_rules(tape: Tape, symbol: str | None = None) -> SymbolRules:
    """Rules as the tape shows them: tick and step are the grids of its prices and quantities, the rest is assumed.

    ``symbol`` None: the tape's.

    Raises:
        TapeError: the tape holds neither quotes nor trades.
    """
    meta = tape.meta
    if meta.tick <= 0 or meta.step <= 0:
        raise TapeError(f"{tape.path}: holds neither quotes nor trades to infer rules from; give an exchangeInfo file")
    most = meta.step * INFERRED_MAX_STEPS
    return SymbolRules(
        symbol=symbol or meta.symbol,
        tick=meta.tick,
        step=meta.step,
        min_qty=meta.step,
        max_qty=most,
        min_notional=INFERRED_MIN_NOTIONAL,
        market_max_qty=most,
        liquidation_fee=INFERRED_LIQUIDATION_FEE,
        inferred=True,
    )


def load_rules(path: Path, symbol: str) -> SymbolRules:
    """The rules of ``symbol`` (``BTCUSDT`` or ``BTC/USDT:USDT``) from a file in the form of GET /fapi/v1/exchangeInfo.

    The rules carry ``symbol`` as given.  PERCENT_PRICE, MARKET_LOT_SIZE and MIN_NOTIONAL may be absent.

    Raises:
        TapeError: the file cannot be read, lists no such symbol, or lacks a filter or number that is needed.
    """
    wanted = symbol.partition(":")[0].replace("/", "")
    for entry in _symbols(path):
        if isinstance(entry, dict) and entry.get("symbol") == wanted:
            try:
                return _rules(entry, symbol)
            except KeyError as error:
                raise TapeError(f"{path}: {wanted} lacks {error.args[0]}; fetch exchangeInfo again") from error
            except (ValueError, TypeError, AttributeError) as error:
                raise TapeError(f"{path}: {wanted}: {error}; fetch exchangeInfo again") from error
    raise TapeError(f"{path}: lists no symbol {wanted}; check the name, or fetch a newer exchangeInfo")


def _symbols(path: Path) -> list[Any]:
    try:
        document = json.loads(path.read_text(encoding="utf-8"))
    except OSError as error:
        raise TapeError(f"{path}: cannot be opened ({error.strerror}); check the path and its permissions") from error
    except ValueError as error:
        raise TapeError(f"{path}: is not JSON ({error}); save the whole answer of exchangeInfo") from error
    symbols = document.get("symbols") if isinstance(document, dict) else None
    if not isinstance(symbols, list):
        raise TapeError(f'{path}: has no list "symbols"; save the whole answer of exchangeInfo')
    return symbols


def _rules(entry: Mapping[str, Any], symbol: str) -> SymbolRules:
    filters = {item["filterType"]: item for item in entry["filters"]}
    price, lot = filters["PRICE_FILTER"], filters["LOT_SIZE"]
    market = filters.get("MARKET_LOT_SIZE", lot)
    percent = filters.get("PERCENT_PRICE")
    notional = filters.get("MIN_NOTIONAL")
    return SymbolRules(
        symbol=symbol,
        tick=positive(price["tickSize"]),
        step=positive(lot["stepSize"]),
        min_qty=positive(lot["minQty"]),
        max_qty=positive(lot["maxQty"]),
        min_notional=positive(notional["notional"]) if notional else Decimal(0),
        market_max_qty=positive(market["maxQty"]),
        min_price=not_negative(price["minPrice"]),
        max_price=not_negative(price["maxPrice"]),
        percent_up=positive(percent["multiplierUp"]) if percent else None,
        percent_down=positive(percent["multiplierDown"]) if percent else None,
        liquidation_fee=not_negative(entry["liquidationFee"]),
        status=str(entry["status"]),
        margin_asset=str(entry["marginAsset"]),
    )
