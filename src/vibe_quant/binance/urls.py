"""Where a venue is reached: REST, the wallet service (sapi), and one WebSocket base for each class of streams.

Streams asked for on the wrong base, or on an unrouted one, stay silent without an error; so the classes stand apart.
"""

from __future__ import annotations

from dataclasses import dataclass

from vibe_quant.domain.settings import Venue


@dataclass(frozen=True, slots=True)
class Endpoints:
    """Base URLs without a trailing slash.

    ``rest`` is the part before "/fapi/v1", ``sapi`` the part before "/sapi/v1" (None: the venue has none); the sockets'
    take "/ws/<name>" or "/stream?streams=<names>".
    """

    rest: str
    sapi: str | None
    ws_public: str
    ws_market: str
    ws_private: str


def endpoints_of(venue: Venue) -> Endpoints:
    """The addresses of Binance (live) and of its demo environment (testnet), as its documentation has them.

    Raises:
        ValueError: the venue is not one of these two.
    """
    if venue is Venue.LIVE:
        return _routed("https://fapi.binance.com", "https://api.binance.com", "wss://fstream.binance.com")
    if venue is Venue.TESTNET:
        return _routed("https://demo-fapi.binance.com", None, "wss://demo-fstream.binance.com")
    raise ValueError(f"venue {venue.value} has no fixed address; its streams and orders are set up by the program")


def simulated(rest: str, ws: str) -> Endpoints:
    """Those of an exchange in a box: ``rest`` as "http://127.0.0.1:1234", ``ws`` as "ws://127.0.0.1:1234"."""
    return _routed(rest.rstrip("/"), rest.rstrip("/"), ws.rstrip("/"))


def _routed(rest: str, sapi: str | None, ws: str) -> Endpoints:
    return Endpoints(rest, sapi, f"{ws}/public", f"{ws}/market", f"{ws}/private")
