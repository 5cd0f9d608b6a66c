"""The canonical line of a decision: one JSON object an intent, of which ``intents_sha256`` is the digest."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import fields
from decimal import Decimal
from hashlib import sha256
from typing import Any, TextIO, get_args

from vibe_quant.domain.events import Event, Quote
from vibe_quant.domain.intents import Intent

NAMES = {kind: tuple(field.name for field in fields(kind)) for kind in get_args(Intent)}


def line(now: int, intent: Intent) -> str:
    """``{"t": now, "intent": "CancelOrder", ...its fields in order...}`` and a line feed; Decimals as exact strings."""
    row: dict[str, Any] = {"t": now, "intent": type(intent).__name__}
    for name in NAMES[type(intent)]:
        value = getattr(intent, name)
        row[name] = str(value) if isinstance(value, Decimal) else value
    return json.dumps(row, ensure_ascii=False) + "\n"


class Decisions:
    """Takes the digest of every decision in order, and writes the lines to ``out`` where there is one.

    The file written is the text of which the digest is, so that ``sha256sum decisions.jsonl`` gives it again.
    """

    def __init__(self, out: TextIO | None = None) -> None:
        self._digest = sha256()
        self._out = out

    def see(self, now: int, event: Event, intents: Sequence[Intent], quote: Quote | None) -> None:  # noqa: ARG002
        """One call of the engine and what came of it."""
        for intent in intents:
            text = line(now, intent)
            self._digest.update(text.encode())
            if self._out is not None:
                self._out.write(text)

    @property
    def sha256(self) -> str:
        """Hexadecimal digest of all lines so far."""
        return self._digest.hexdigest()
