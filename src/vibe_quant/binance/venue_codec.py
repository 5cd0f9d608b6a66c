"""Small answers: the server's time, the mark price, a countdown, a listen key."""

from __future__ import annotations

from decimal import Decimal

from vibe_quant.binance.rest_codec import Row, Unreadable, decode, optional_decimal
from vibe_quant.domain.enums import Source
from vibe_quant.domain.events import Mark


class TimeRow(Row, frozen=True):
    """time."""

    serverTime: int  # noqa: N815


class PremiumRow(Row, frozen=True):
    """premiumIndex; contracts without an index or funding leave these empty."""

    symbol: str
    markPrice: Decimal  # noqa: N815
    time: int
    indexPrice: str | None = None  # noqa: N815
    lastFundingRate: str | None = None  # noqa: N815


class CountdownRow(Row, frozen=True):
    """countdownCancelAll; the time in ms, as text."""

    countdownTime: str | int  # noqa: N815


class ListenKeyRow(Row, frozen=True):
    """listenKey."""

    listenKey: str  # noqa: N815


def server_time(text: str) -> int:
    """Epoch ms."""
    return decode(text, TimeRow).serverTime


def mark(text: str, symbol: str, raw: str, recv_ms: int) -> Mark:
    """The mark price of ``raw``.

    Raises:
        Unreadable: of another symbol, or no price.
    """
    row = decode(text, PremiumRow)
    if row.symbol != raw or row.markPrice <= 0:
        raise Unreadable(f"no mark price of {raw}")
    index, funding = optional_decimal(row.indexPrice), _rate(row.lastFundingRate)
    return Mark(symbol, row.time, recv_ms, row.markPrice, index, funding, Source.REST)


def countdown(text: str) -> int:
    """The confirmed countdown in ms; zero: off."""
    told = decode(text, CountdownRow).countdownTime
    try:
        return int(told)
    except ValueError:
        raise Unreadable("countdownTime is no number") from None


def listen_key(text: str) -> str:
    """A secret: whoever has it reads the account's stream."""
    key = decode(text, ListenKeyRow).listenKey
    if not key:
        raise Unreadable("listenKey is empty")
    return key


def _rate(text: str | None) -> Decimal | None:
    """A funding rate may be nil, which optional_decimal takes for none."""
    return (optional_decimal(text) or Decimal(0)) if text else None
