"""Default maintenance brackets for simulations: plausible ladders in the exchange's shape, not its current values."""

from __future__ import annotations

from decimal import Decimal

from vibe_quant.domain.rules import Bracket, Brackets

MAJORS = ("BTC", "ETH")
LARGE_ALTS = ("ADA", "AVAX", "BCH", "BNB", "DOGE", "DOT", "LINK", "LTC", "SOL", "SUI", "TRX", "XRP")

Ladder = tuple[tuple[int, str, int], ...]
"""(cap of the notional in the quote asset, maintenance ratio, most leverage), smallest first."""

MAJOR: Ladder = (
    (300_000, "0.004", 125),
    (800_000, "0.005", 100),
    (3_000_000, "0.0065", 75),
    (12_000_000, "0.01", 50),
    (70_000_000, "0.02", 25),
    (100_000_000, "0.025", 20),
    (230_000_000, "0.05", 10),
    (480_000_000, "0.1", 5),
    (600_000_000, "0.125", 4),
    (800_000_000, "0.15", 3),
    (1_200_000_000, "0.25", 2),
    (1_800_000_000, "0.5", 1),
)
LARGE_ALT: Ladder = (
    (10_000, "0.005", 75),
    (80_000, "0.0065", 50),
    (600_000, "0.01", 40),
    (1_600_000, "0.02", 25),
    (4_000_000, "0.05", 10),
    (8_000_000, "0.1", 5),
    (10_000_000, "0.125", 4),
    (20_000_000, "0.25", 2),
    (30_000_000, "0.5", 1),
)
THIN_ALT: Ladder = (
    (5_000, "0.01", 50),
    (20_000, "0.015", 25),
    (100_000, "0.025", 20),
    (250_000, "0.05", 10),
    (500_000, "0.1", 5),
    (1_000_000, "0.125", 4),
    (3_000_000, "0.25", 2),
    (5_000_000, "0.5", 1),
)


def default_brackets(symbol: str) -> Brackets:
    """A ladder by the base asset of ``symbol`` (``BTCUSDT`` or ``BTC/USDT:USDT``): major, large alt, or thin alt.

    For use where the exchange has not told its own; ``cum`` makes the margin continuous at each cap.
    """
    base = _base(symbol)
    if base in MAJORS:
        return _ladder(MAJOR)
    return _ladder(LARGE_ALT if base in LARGE_ALTS else THIN_ALT)


def _base(symbol: str) -> str:
    base = symbol.partition("/")[0].partition("_")[0]
    for quote in ("USDT", "USDC", "FDUSD", "BUSD", "USD"):
        if base.endswith(quote):
            return base.removesuffix(quote)
    return base


def _ladder(rungs: Ladder) -> Brackets:
    brackets: list[Bracket] = []
    floor, ratio, cum = Decimal(0), Decimal(0), Decimal(0)
    for cap, text, leverage in rungs:
        rung = Decimal(text)
        cum += floor * (rung - ratio)
        brackets.append(Bracket(floor, Decimal(cap), rung, cum, leverage))
        floor, ratio = Decimal(cap), rung
    return tuple(brackets)
