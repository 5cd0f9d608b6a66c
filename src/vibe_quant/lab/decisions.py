"""The canonical line of a decision: one JSON object an intent, of which ``intents_sha256`` is the digest.

An order carries the market that it was decided on.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Sequence
from dataclasses import fields
from decimal import Decimal
from hashlib import sha256
from typing import Any, TextIO, get_args

from vibe_quant.domain.events import Event, Quote
from vibe_quant.domain.intents import Intent, OrderIntent
from vibe_quant.domain.market import MarketState

NAMES: dict[type[Any], tuple[str, ...]] = {
    kind: tuple(field.name for field in fields(kind)) for kind in (*get_args(Intent), MarketState)
}


def line(now: int, intent: Intent, market: MarketState | None = None) -> str:
    """``{"t": now, "intent": "CancelOrder", ...its fields in order...}`` and a line feed; Decimals as exact strings.

    ``market`` is added under its name where there is one.
    """
    row: dict[str, Any] = {"t": now, "intent": type(intent).__name__, **_row(intent)}
    if market is not None:
        row["market"] = _row(market)
    return json.dumps(row, ensure_ascii=False) + "\n"


def _row(value: Intent | MarketState) -> dict[str, Any]:
    found = ((name, getattr(value, name)) for name in NAMES[type(value)])
    return {name: str(each) if isinstance(each, Decimal) else each for name, each in found}


class Decisions:
    """Takes the digest of every decision in order, and writes the lines to ``out`` where there is one.

    The file written is the text of which the digest is, so that ``sha256sum decisions.jsonl`` gives it again.
    """

    def __init__(self, market: Callable[[str], MarketState | None], out: TextIO | None = None) -> None:
        self._market = market
        self._digest = sha256()
        self._out = out

    def see(self, now: int, event: Event, intents: Sequence[Intent], quote: Quote | None) -> None:  # noqa: ARG002
        """One call of the engine and what came of it."""
        for intent in intents:
            market = self._market(intent.symbol) if isinstance(intent, OrderIntent) else None
            text = line(now, intent, market)
            self._digest.update(text.encode())
            if self._out is not None:
                self._out.write(text)

    @property
    def sha256(self) -> str:
        """Hexadecimal digest of all lines so far."""
        return self._digest.hexdigest()
