"""What is not started: a command line that does not fit the venue (real money needs two words), keys of no use."""

from __future__ import annotations

import ipaddress
from pathlib import Path
from urllib.parse import urlsplit

from vibe_quant.domain.settings import Venue


class RunRefusedError(Exception):
    """What was asked is not started; the message says why, and what would be."""


class CredentialsError(Exception):
    """Key or secret are missing or cannot be used; the message says which and how to give it, and shows neither."""


def refuse_unless_fitting(config: Path, venue: Venue, live: bool, rest: str | None, ws: str | None) -> None:
    """See that ``--live`` and the addresses of a simulated exchange fit the venue.

    Raises:
        RunRefusedError: they do not.
    """
    _live(config, venue, live)
    if rest is None and ws is None:
        return
    if venue not in (Venue.SIM, Venue.PAPER):
        raise RunRefusedError(
            f"--exchange-rest and --exchange-ws name a simulated exchange, and global.venue is {venue.value}; leave "
            "them out, or set global.venue to sim (or paper, which then takes its market from there)"
        )
    if rest is None or ws is None:
        raise RunRefusedError("--exchange-rest and --exchange-ws go together; vibe-quant sim serve prints both")
    _near("--exchange-rest", rest, "http")
    _near("--exchange-ws", ws, "ws")


def _live(config: Path, venue: Venue, live: bool) -> None:
    if venue is Venue.LIVE and not live:
        raise RunRefusedError(
            f"{config}: global.venue is live, which trades with real money, and --live was not given; nothing was "
            "started. Give --live as well, or set global.venue to sim or testnet"
        )
    if live and venue is not Venue.LIVE:
        raise RunRefusedError(
            f"{config}: --live was given and global.venue is {venue.value}; nothing was started. Leave --live out, or "
            "set global.venue to live"
        )


def _near(option: str, url: str, scheme: str) -> None:
    """What is simulated is on this host: nothing that could be a real exchange may be named here."""
    try:
        parts = urlsplit(url)
        near = parts.scheme == scheme and _is_loopback(parts.hostname or "") and parts.port is not None
        bare = parts.username is None and not parts.path.strip("/") and not parts.query
    except ValueError:
        near = bare = False
    if not (near and bare):
        raise RunRefusedError(
            f"{option}: no address of a simulated exchange on this host; write it as {scheme}://127.0.0.1:PORT, as "
            "vibe-quant sim serve prints it"
        )


def _is_loopback(name: str) -> bool:
    if name == "localhost":
        return True
    try:
        return ipaddress.ip_address(name).is_loopback
    except ValueError:
        return False
