"""``!contractInfo``: what is told of a contract whose status, tick or brackets change."""

from __future__ import annotations

from vibe_quant.domain.rules import Bracket, SymbolRules
from vibe_quant.sim.front.http import Json, encode
from vibe_quant.sim.instruments import Instrument

NEVER_DELIVERED_MS = 4_133_404_800_000


def contract_info(instrument: Instrument, rules: SymbolRules, now: int) -> bytes:
    """The payload; ``rules`` are those in force from now on."""
    least = [1, *(bracket.max_leverage for bracket in instrument.brackets[::-1])]
    ladder = zip(instrument.brackets, least[-2::-1], strict=True)
    return encode(
        {
            "e": "contractInfo",
            "E": now,
            "s": rules.symbol,
            "ct": "PERPETUAL",
            "dt": NEVER_DELIVERED_MS,
            "ot": instrument.onboard_ms,
            "cs": rules.status,
            "bks": [_bracket(number, bracket, low) for number, (bracket, low) in enumerate(ladder, 1)],
            "st": 1,
        }
    )


def _bracket(number: int, bracket: Bracket, next_most: int) -> Json:
    return {
        "bs": number,
        "bnf": int(bracket.floor),
        "bnc": int(bracket.cap),
        "mmr": float(bracket.ratio),
        "cf": int(bracket.cum),
        "mi": min(bracket.max_leverage, next_most + 1),
        "ma": bracket.max_leverage,
    }
