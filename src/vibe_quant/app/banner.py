"""The first words of a run: where orders go, in words that a person cannot miss, and what is run."""

from __future__ import annotations

from vibe_quant.config.loader import Loaded
from vibe_quant.domain.settings import Manage, Venue

RULE = "=" * 78

WORDS = {
    Venue.SIM: "SIMULATED: venue sim. No real exchange is involved, no real money moves.",
    Venue.PAPER: "PAPER: venue paper. The market is real, the fills are imagined: nothing is ever sent.",
    Venue.TESTNET: "TESTNET: venue testnet. Orders go to Binance's demo environment; the money is play money.",
    Venue.LIVE: "LIVE: REAL MONEY. Venue live. Orders go to Binance, for the account of this key.",
}


def banner(loaded: Loaded, version: str, where: str) -> str:
    """Several lines: the venue, the program, what is worked; ``where`` says what the venue is reached at."""
    settings = loaded.settings
    listed = [f"{symbol} {' and '.join(one.sides)}" for symbol, one in settings.symbols]
    if settings.shared.manage is Manage.ALL:
        worked = "every open position of the account" + (
            f"; by settings of their own {', '.join(listed)}" if listed else ""
        )
    else:
        worked = ", ".join(listed)
    return "\n".join(
        [
            RULE,
            WORDS[settings.shared.venue],
            RULE,
            f"vibe-quant {version}, {where}",
            f"configuration {loaded.path}, sha256 {loaded.sha256[:12]}",
            f"works {worked}",
        ]
    )
