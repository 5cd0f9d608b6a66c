"""The exchange of a configuration, reached to look and no more: addresses, keys, and an adapter with a true clock."""

from __future__ import annotations

from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path

from vibe_quant.app.clock import SystemClock
from vibe_quant.app.credentials import read_credentials
from vibe_quant.app.instance import fingerprint
from vibe_quant.app.refusal import refuse_unless_fitting
from vibe_quant.app.time_sync import TimeSync
from vibe_quant.binance.adapter import ExchangeAdapter
from vibe_quant.binance.credentials import Credentials
from vibe_quant.binance.rest import RestClient
from vibe_quant.binance.symbols import SymbolNames
from vibe_quant.binance.urls import Endpoints, endpoints_of, simulated
from vibe_quant.domain.settings import GlobalSettings, Venue


@dataclass(frozen=True, slots=True)
class Reachable:
    """Where it is, and who asks; no credentials: only the market can be looked at."""

    endpoints: Endpoints
    credentials: Credentials | None

    def account(self, venue: Venue) -> str | None:
        """What stands for the account, as a run of it has it; None: it is imagined."""
        if self.credentials is None:
            return None
        key = self.credentials.api_key
        return fingerprint(f"{key}@{self.endpoints.rest}" if venue is Venue.SIM else key)


@dataclass(frozen=True, slots=True)
class Looking:
    """One look: everything shares its clock."""

    at: Reachable
    clock: SystemClock
    exchange: ExchangeAdapter
    names: SymbolNames
    time: TimeSync


def reachable(
    config: Path, shared: GlobalSettings, rest: str | None, ws: str | None, environment: Mapping[str, str]
) -> Reachable | None:
    """None: the exchange would be embedded into the service, and is not there without it.

    Raises:
        RunRefusedError: the addresses do not fit the venue.
        CredentialsError: key or secret are missing or useless.
    """
    endpoints = addresses(config, shared, rest, ws)
    if endpoints is None:
        return None
    return Reachable(endpoints, None if shared.venue is Venue.PAPER else read_credentials(environment))


def addresses(config: Path, shared: GlobalSettings, rest: str | None, ws: str | None) -> Endpoints | None:
    """Where the exchange is; None: it would be embedded.

    Raises:
        RunRefusedError: the addresses do not fit the venue.
    """
    venue = shared.venue
    refuse_unless_fitting(config, venue, venue is Venue.LIVE, rest, ws)
    if rest is not None and ws is not None:
        return simulated(rest, ws)
    return None if venue is Venue.SIM else endpoints_of(_real(venue))


def _real(venue: Venue) -> Venue:
    """Paper watches the market of live."""
    return Venue.LIVE if venue is Venue.PAPER else venue


@asynccontextmanager
async def looking(at: Reachable, shared: GlobalSettings) -> AsyncIterator[Looking]:
    """Nothing is asked yet; ``time.once`` comes first, for signed requests carry the exchange's time."""
    clock, names = SystemClock(), SymbolNames()
    client = RestClient(at.endpoints, at.credentials, clock, lambda _: None, reserve=shared.rate_limit.weight_reserve)
    exchange = ExchangeAdapter(client, names, clock)
    try:
        yield Looking(at, clock, exchange, names, TimeSync(exchange, clock, lambda _: None, lambda _: None))
    finally:
        await exchange.close()
