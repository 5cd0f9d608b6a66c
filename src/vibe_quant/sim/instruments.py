"""What an instrument is to the exchange: its rules, its brackets, and what exchangeInfo says besides."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from decimal import Decimal
from pathlib import Path

from vibe_quant.domain.events import Quote, Trade
from vibe_quant.domain.rules import Brackets, SymbolRules
from vibe_quant.tapes.brackets import default_brackets
from vibe_quant.tapes.rules import infer_rules, load_rules
from vibe_quant.tapes.tape import Tape, TapeError

ONBOARD_MS = 1_569_398_400_000
QUOTES = ("USDT", "USDC", "FDUSD", "USD1", "USD")
ONE = Decimal(1)


@dataclass(frozen=True, slots=True)
class Instrument:
    """One perpetual; ``rules.symbol`` is the exchange's own name (``BTCUSDT``).

    ``price_places`` and ``qty_places`` are pricePrecision and quantityPrecision.  Changes of status or tick make a new
    rules object: read ``rules`` from the exchange's market where they may have changed, not from here.
    """

    rules: SymbolRules
    brackets: Brackets
    base: str
    quote: str
    price_places: int
    qty_places: int
    price: Decimal
    """A price of the right order, where a generated market may start."""
    max_orders: int = 200
    trigger_protect: Decimal = Decimal("0.05")
    market_take_bound: Decimal = Decimal("0.05")
    underlying_subtypes: tuple[str, ...] = field(default=())
    onboard_ms: int = ONBOARD_MS

    @property
    def symbol(self) -> str:
        """Its name."""
        return self.rules.symbol


def exchange_name(symbol: str) -> str:
    """``BTCUSDT`` of ``BTCUSDT`` or of ``BTC/USDT:USDT``."""
    return symbol.partition(":")[0].replace("/", "")


def of_rules(rules: SymbolRules, price: Decimal, brackets: Brackets = ()) -> Instrument:
    """An instrument of which only the rules are known; precisions are those of tick and step.

    ``brackets`` empty: the default ladder of its base asset.
    """
    name = exchange_name(rules.symbol)
    quote = next((asset for asset in QUOTES if name.endswith(asset)), rules.margin_asset)
    return Instrument(
        replace(rules, symbol=name),
        brackets or default_brackets(name),
        name.removesuffix(quote) or name,
        quote,
        places(rules.tick),
        places(rules.step),
        price,
    )


def from_tape(tape: Tape, exchange_info: Path | None = None) -> Instrument:
    """The instrument of a tape: by the rules in an exchangeInfo file, or as far as the tape itself shows them.

    Raises:
        TapeError: as ``load_rules`` and ``infer_rules``.
    """
    price = next((_price(event) for event in tape.events() if isinstance(event, Quote | Trade)), ONE)
    if exchange_info is not None:
        return from_exchange_info(exchange_info, tape.meta.symbol, price)
    return of_rules(infer_rules(tape, exchange_name(tape.meta.symbol)), price)


def from_exchange_info(path: Path, symbol: str, price: Decimal) -> Instrument:
    """The instrument as a file in the form of GET /fapi/v1/exchangeInfo describes it, with default brackets.

    Raises:
        TapeError: as ``load_rules``; or a precision or an asset is missing.
    """
    name = exchange_name(symbol)
    rules = load_rules(path, name)
    entry = next(row for row in json.loads(path.read_text(encoding="utf-8"))["symbols"] if row.get("symbol") == name)
    try:
        return _described(rules, entry, price)
    except (KeyError, ValueError, TypeError, ArithmeticError) as error:
        raise TapeError(f"{path}: {name}: {error!r} is missing or malformed; fetch exchangeInfo again") from error


def places(grid: Decimal) -> int:
    """Digits behind the point that multiples of ``grid`` need; never below zero."""
    exponent = grid.normalize().as_tuple().exponent
    return max(0, -exponent) if isinstance(exponent, int) else 0


def _described(rules: SymbolRules, entry: Mapping[str, object], price: Decimal) -> Instrument:
    limits = [item["limit"] for item in _rows(entry["filters"]) if item["filterType"] == "MAX_NUM_ORDERS"]
    subtypes = entry.get("underlyingSubType") or ()
    return Instrument(
        rules,
        default_brackets(rules.symbol),
        str(entry["baseAsset"]),
        str(entry["quoteAsset"]),
        int(str(entry["pricePrecision"])),
        int(str(entry["quantityPrecision"])),
        price,
        int(str(limits[0])) if limits else 200,
        Decimal(str(entry["triggerProtect"])),
        Decimal(str(entry["marketTakeBound"])),
        tuple(str(kind) for kind in subtypes) if isinstance(subtypes, list) else (),
        int(str(entry["onboardDate"])),
    )


def _rows(value: object) -> list[Mapping[str, object]]:
    return value if isinstance(value, list) else []


def _price(event: Quote | Trade) -> Decimal:
    return event.price if isinstance(event, Trade) else event.bid or event.ask or ONE
