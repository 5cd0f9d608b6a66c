"""The first configuration of somebody's own: short, commented, safe where nothing was said, and valid."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from vibe_quant.domain.enums import PositionSide
from vibe_quant.domain.service_settings import TelegramUser
from vibe_quant.domain.settings import Venue

SEATS = {"BTC/USDT:USDT": "0.05", "ETH/USDT:USDT": "1"}
"""What an account holds that is made for looking at; other symbols get none."""

KEYS = ("VIBE_QUANT_API_KEY", "VIBE_QUANT_API_SECRET")
TOKEN = "VIBE_QUANT_TELEGRAM_TOKEN"

HEAD = """\
# vibe-quant works existing hedge-mode positions down to zero with small reduce-only orders. It never opens one.
#
# Only what is worth deciding stands here; all other keys have their defaults. `vibe-quant config show` prints each with
# its value, `vibe-quant config schema` what there is. Ratios, not percents: 0.015 is 1.5 %. Secrets never belong here.

global:
  venue: {venue}{venue_words}
  manage: listed                 # only the symbols below are worked; all: every open position of the account

  execution:
    max_order_notional: {notional}      # most of one ordinary order, quote asset; raise it when you have seen it work
    maker_timeouts_to_escalate: 2  # after so many unfilled maker orders it takes; 0: it never takes

  risk:
    liq_distance_threshold: 0.05 # nearer to liquidation than this it may take at once
    panic_close:                 # nearer still it closes in slices without waiting for a signal
      enabled: true
      tiers:
        - {{dist_to_liq: 0.04, slice_ratio: 0.05}}
        - {{dist_to_liq: 0.025, slice_ratio: 0.1, maker_timeouts_to_escalate: 1}}
    protective_stop:
      dist_to_liq: 0.01          # the stop that rests at the exchange, whatever becomes of this program
"""

VENUE_WORDS = {
    Venue.SIM: "                     # an exchange of its own; then paper, testnet, and live only with run --live",
    Venue.PAPER: "                   # the real market, an imagined account: nothing is ever sent",
    Venue.TESTNET: "                 # Binance's demo environment: play money",
    Venue.LIVE: "                    # REAL MONEY; run asks for --live as well",
}


@dataclass(frozen=True, slots=True)
class Start:
    """What was decided; ``telegram`` None: no messages."""

    venue: Venue
    symbols: tuple[str, ...]
    sides: tuple[PositionSide, ...]
    telegram: TelegramUser | None = None
    language: str = "en"
    log_folder: str | None = None


def written(start: Start) -> str:
    """The file's text."""
    notional = "200" if start.venue is not Venue.LIVE else "100"
    parts = [HEAD.format(venue=start.venue.value, venue_words=VENUE_WORDS[start.venue], notional=notional)]
    if start.venue in (Venue.SIM, Venue.PAPER):
        parts.append(_seats(start))
    if start.log_folder is not None:
        parts.append(f"\n  log:\n    folder: {quoted(start.log_folder)}\n")
    if start.telegram is not None:
        parts.append(_telegram(start.telegram, start.language))
    sides = ", ".join(side.value for side in start.sides)
    parts.append("\nsymbols:                         # one section each; it may override anything that global: says\n")
    parts += [f"  {quoted(symbol)}:\n    sides: [{sides}]{_left_alone(start.sides)}\n" for symbol in start.symbols]
    return "".join(parts)


def _seats(start: Start) -> str:
    """Legs of an account that is there to be looked at; written out empty where nothing is known of the symbol."""
    legs = [(symbol, side) for symbol in start.symbols if symbol in SEATS for side in start.sides]
    comment = "# what the imagined account holds at each start; qty in the base asset"
    if not legs:
        example = '#  - {symbol: "BTC/USDT:USDT", side: LONG, qty: 0.05}'
        return f"\n  {start.venue.value}:\n    positions: []                {comment}\n    {example}\n"
    rows = [f"      - {{symbol: {quoted(s)}, side: {side.value}, qty: {SEATS[s]}}}\n" for s, side in legs]
    also = "      # venue paper takes its own from paper: positions:, written the same way\n"
    more = also if start.venue is Venue.SIM else ""
    return f"\n  {start.venue.value}:\n    positions:                   {comment}\n{more}{''.join(rows)}"


def _telegram(user: TelegramUser, language: str) -> str:
    return f"""
  telegram:                      # its token is a secret: see the environment file
    enabled: true
    language: {language}
    allow:                       # who may command, and in which chat; nobody else is answered
      - {{chat: {user.chat}, user: {user.user}}}
"""


def _left_alone(sides: Sequence[PositionSide]) -> str:
    return "" if len(sides) > 1 else "                # the other side is left alone"


def quoted(text: str) -> str:
    """As YAML takes any text."""
    escaped = text.replace("\\", "\\\\").replace('"', '\\"')
    return f'"{escaped}"'


def environment(start: Start, secrets: dict[str, str], config: Path) -> str:
    """An environment file: what is not given stands as a placeholder behind a #."""
    needed = wanted(start)
    lines = [
        f"# Secrets of {config}, for nobody's eyes but its user's: keep this file's mode 0600, and out of any",
        "# repository or backup. Better still, where systemd runs the service: LoadCredential=, see deploy/README.md.",
        "# The API key needs futures trading and reading, and must not be able to withdraw or transfer; bind it to",
        "# this host's address. A private key in PEM goes on one line, with \\n for its line breaks.",
    ]
    lines += [f"{name}={_plain(secrets[name])}" if name in secrets else f"#{name}=put-it-here" for name in needed]
    later = [name for name in (*KEYS, TOKEN) if name not in needed]
    if later:
        lines.append("# Not needed yet: venues testnet and live want the key, global.telegram.enabled wants the token.")
    lines += [f"#{name}=put-it-here" for name in later]
    return "\n".join(lines) + "\n"


def wanted(start: Start) -> tuple[str, ...]:
    """Names of the secrets without which it does not run."""
    keys = KEYS if start.venue in (Venue.TESTNET, Venue.LIVE) else ()
    return (*keys, *((TOKEN,) if start.telegram is not None else ()))


def _plain(secret: str) -> str:
    """As a shell and systemd read it alike: single quotes keep all else as it is."""
    return secret if secret.isalnum() else f"'{secret}'"
