"""ccxt's Binance USDⓈ-M class with all but routing and signing taken out: it parses, repeats and remembers nothing."""

from __future__ import annotations

from base64 import b64encode
from collections.abc import Mapping
from typing import Any

from ccxt.async_support.binanceusdm import binanceusdm
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from cryptography.hazmat.primitives.asymmetric.padding import PKCS1v15
from cryptography.hazmat.primitives.hashes import SHA256

from vibe_quant.binance.credentials import Credentials
from vibe_quant.binance.outcome import Answer, Lost
from vibe_quant.binance.transport import FLIGHT, Flight, Transport
from vibe_quant.binance.urls import Endpoints

RECV_WINDOW_MS = 5000


class CcxtWire(binanceusdm):  # type: ignore[misc]  # ccxt's classes are not typed
    """Hands each request that ccxt routed and signed to a transport, and its answer back as it is.

    It knows the addresses of ``endpoints`` and no others.
    """

    def __init__(self, endpoints: Endpoints, credentials: Credentials | None, connect_ms: int, timeout_ms: int) -> None:
        keys = {} if credentials is None else {"apiKey": credentials.api_key, "secret": credentials.api_secret}
        options = {"recvWindow": RECV_WINDOW_MS, "fetchCurrencies": False, "maxRetriesOnFailure": 0}
        super().__init__({**keys, "enableRateLimit": False, "options": options})
        self.urls["api"] = addresses(endpoints)
        self._private_key = None if credentials is None else credentials.private_key()
        self._transport = Transport(self.cafile, connect_ms, timeout_ms)

    async def ask(self, name: str, params: Mapping[str, str | int], flight: Flight) -> Answer | Lost:
        """Call one of ccxt's implicit methods."""
        FLIGHT.set(flight)
        answer: Answer | Lost = await getattr(self, name)(dict(params))
        return answer

    async def fetch(
        self, url: str, method: str = "GET", headers: dict[str, str] | None = None, body: str | None = None
    ) -> Answer | Lost:
        """In the place of ccxt's own, which loses status and code and puts signed addresses into its errors."""
        return await self._transport.carry(method, url, headers, body)

    async def close(self, clean_instance_data: bool = False) -> None:  # noqa: ARG002 - ccxt's shape
        """Close the connections, without ccxt's quarter of a second."""
        await self._transport.close()

    def set_last_request(self, request: Any) -> None:
        """Remember no signed request."""

    def eddsa(self, request: bytes, secret: str, curve: str = "ed25519", url_encode: bool = False) -> str:  # noqa: ARG002
        """Sign with the key that was read once; ccxt reads it anew for each request."""
        return self._signed(request)

    def rsa(self, request: str, secret: str, alg: str = "sha256", padding_mode: str = "pkcs1") -> str:  # noqa: ARG002
        """As ``eddsa``; ccxt tells the two kinds of key apart by the length of their text."""
        return self._signed(request.encode())

    def _signed(self, payload: bytes) -> str:
        key = self._private_key
        if key is None:
            raise ValueError("there is no private key to sign with")
        if isinstance(key, Ed25519PrivateKey):
            return b64encode(key.sign(payload)).decode()
        return b64encode(key.sign(payload, PKCS1v15(), SHA256())).decode()


def addresses(endpoints: Endpoints) -> dict[str, str]:
    """ccxt's names of the exchange's services -> their base addresses."""
    versions = (("", "v1"), ("V2", "v2"), ("V3", "v3"))
    found = {
        f"fapi{access}{suffix}": f"{endpoints.rest}/fapi/{version}"
        for access in ("Public", "Private")
        for suffix, version in versions
    }
    return found if endpoints.sapi is None else {**found, "sapi": f"{endpoints.sapi}/sapi/v1"}
