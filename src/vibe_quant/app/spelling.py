"""Which symbol a person means: any of its usual spellings, as long as it can only be one."""

from __future__ import annotations

import re
from collections.abc import Iterable

_BETWEEN = re.compile(r"[\W_]+")


def meant(text: str, symbols: Iterable[str]) -> str | None:
    """The unified symbol, of ``symbols``, that ``text`` names in whatever case; None: none, or several.

    "BTC/USDT:USDT", "btc/usdt", "BTCUSDT", "btc-usdt" and "btc" all mean the first, where no other one has that base.
    """
    known = dict.fromkeys(symbols)
    if text in known:
        return text
    wanted = _BETWEEN.sub("", text.upper())
    found = [symbol for symbol in known if wanted in _spellings(symbol)]
    return found[0] if len(found) == 1 else None


def _spellings(symbol: str) -> tuple[str, ...]:
    pair, _, settle = symbol.upper().partition(":")
    base, _, quote = pair.partition("/")
    bare = [_BETWEEN.sub("", part) for part in (base, quote, settle)]
    return ("".join(bare), bare[0] + bare[1], bare[0])
