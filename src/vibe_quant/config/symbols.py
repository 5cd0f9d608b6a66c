"""Names of symbols: unified linear perpetuals BASE/QUOTE:QUOTE, and the name that a near miss stands for."""

from __future__ import annotations

import re

SYMBOL_PATTERN = r"^[^\s/:_-]+/([A-Z0-9]+):\1$"
_SYMBOL = re.compile(SYMBOL_PATTERN.removesuffix("$") + r"\Z")
_QUOTES = ("USDT", "USDC", "FDUSD", "BUSD", "USD1")
_SEPARATED = re.compile(r"([^\s/:_-]+)[/_-]?(" + "|".join(_QUOTES) + r")(?::\2)?(?:[-_.]?(?:PERP|SWAP|P))?\Z")


def fault_of(name: str) -> str | None:
    """What is wrong with a symbol's name, with the unified name where it can be guessed; None where nothing is."""
    if _SYMBOL.match(name) and name == name.upper() and name.isprintable():
        return None
    unified = unified_name(name)
    if unified is not None:
        return f'is no unified name of a linear perpetual; write "{unified}"'
    if ":" in name and "-" in name.partition(":")[2]:
        return 'names a dated future; only perpetuals are worked, such as "BTC/USDT:USDT"'
    return 'is no unified name of a linear perpetual (BASE/QUOTE:SETTLE with settle = quote), such as "BTC/USDT:USDT"'


def unified_name(name: str) -> str | None:
    """``BTCUSDT``, ``btc-usdt`` or ``BTC/USDT`` -> ``BTC/USDT:USDT``; None where no quote asset is recognised."""
    found = _SEPARATED.match(name.strip().upper())
    if found is None or not found[1].isprintable():
        return None
    return f"{found[1]}/{found[2]}:{found[2]}"
