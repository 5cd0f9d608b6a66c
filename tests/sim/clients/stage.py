"""The exchange in a box as the clients of the day find it: its addresses, its keys, and the account it opens with."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from decimal import Decimal

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat, PublicFormat

from vibe_quant.domain.enums import PositionSide
from vibe_quant.sim.catalogue import CATALOGUE
from vibe_quant.sim.front.auth import ApiKeyPair, KeyKind
from vibe_quant.sim.front.box_options import BoxOptions, MarketSource, Seat
from vibe_quant.sim.server.runner import SimServer

SYMBOL = "BTCUSDT"
WALLET = Decimal(100_000)
ENTRY = Decimal(60_000)
LEGS = {"LONG": Decimal(2), "SHORT": Decimal(1)}
OPTIONS = BoxOptions(
    markets=(MarketSource(CATALOGUE[SYMBOL]), MarketSource(CATALOGUE["ETHUSDT"])),
    wallets={"USDT": WALLET},
    positions=tuple(Seat(SYMBOL, PositionSide(leg), qty, ENTRY) for leg, qty in LEGS.items()),
)


@dataclass(frozen=True, slots=True)
class Keys:
    """One of ``secret`` (HMAC) and ``private_key`` (Ed25519, PEM) is set."""

    api_key: str
    secret: str | None = None
    private_key: str | None = None


@dataclass(frozen=True, slots=True)
class Stage:
    """Base URLs without a slash at the end."""

    rest: str
    ws: str
    hmac: Keys
    ed25519: Keys

    def keys(self, kind: str) -> Keys:
        return {"hmac": self.hmac, "ed25519": self.ed25519}[kind]


def ed25519() -> tuple[Keys, ApiKeyPair]:
    """A key of which the client holds the private half and the exchange the public one."""
    private = Ed25519PrivateKey.from_private_bytes(bytes(range(32)))
    private_pem = private.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption()).decode()
    public_pem = private.public_key().public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo).decode()
    name = "Ed25519" * 9 + "0"
    return Keys(name, private_key=private_pem), ApiKeyPair(name, public_pem, KeyKind.ED25519)


@asynccontextmanager
async def on_stage() -> AsyncIterator[Stage]:
    """The box, served on free ports."""
    keys, pair = ed25519()
    async with SimServer(OPTIONS) as server:
        server.box.keys.add(pair)
        yield Stage(server.rest, server.ws, Keys(server.api_key, server.api_secret), keys)
