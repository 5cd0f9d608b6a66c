"""Who asks: keys, signatures over the bytes as they came, and whether the request is young enough."""

from __future__ import annotations

import binascii
import hmac
import re
from base64 import b64decode
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace
from enum import StrEnum
from functools import lru_cache
from urllib.parse import unquote_to_bytes

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey
from cryptography.hazmat.primitives.serialization import load_pem_public_key

from vibe_quant.sim.front.http import HttpRequest
from vibe_quant.sim.front.params import Params
from vibe_quant.sim.records import Rejected

HEADER = "x-mbx-apikey"
KEY_FORMAT = re.compile(r"[A-Za-z0-9]{64}")
SIGNATURE = re.compile(rb"(?:^|&)signature=([^&]*)$", re.IGNORECASE)

DEFAULT_WINDOW_MS = 5000
MAX_WINDOW_MS = 60_000
EARLIEST_MS = 1000


class KeyKind(StrEnum):
    """How a key signs."""

    HMAC = "HMAC"
    ED25519 = "ED25519"


@dataclass(frozen=True, slots=True)
class ApiKeyPair:
    """A key of the account.

    ``secret`` is the shared secret of an HMAC key, the public key in PEM of an Ed25519 one.  ``ips`` are the addresses
    that it is bound to, empty: any.  Without ``trading`` it may only read.
    """

    key: str
    secret: str = field(repr=False)
    kind: KeyKind = KeyKind.HMAC
    revoked: bool = False
    trading: bool = True
    ips: frozenset[str] = frozenset()


class Keys:
    """All keys of the account, and the clock against which timestamps are held.

    ``clock_skew_ms`` is by how much the exchange's clock runs ahead of its true time (a fault).
    """

    def __init__(self, pairs: Iterable[ApiKeyPair] = ()) -> None:
        """Raises ValueError: the secret of an Ed25519 key is no public key in PEM."""
        self._pairs: dict[str, ApiKeyPair] = {}
        self.clock_skew_ms = 0
        for pair in pairs:
            self.add(pair)

    @property
    def pairs(self) -> Mapping[str, ApiKeyPair]:
        """Every pair by its key."""
        return self._pairs

    def add(self, pair: ApiKeyPair) -> None:
        """Add a key, or replace it."""
        if pair.kind is KeyKind.ED25519:
            _public_key(pair.secret)
        self._pairs[pair.key] = pair

    def revoke(self, key: str, revoked: bool = True) -> None:
        """Revoke a key or, with False, let it live again.  KeyError: there is none such."""
        self._pairs[key] = replace(self._pairs[key], revoked=revoked)

    def identify(self, request: HttpRequest) -> ApiKeyPair:
        """The key that a request names.

        Raises:
            Rejected: -2014 no key or none that could be one, -2015 not ours, revoked or from a foreign address.
        """
        key = request.headers.get(HEADER, "")
        pair = self._pairs.get(key)
        if pair is None and not KEY_FORMAT.fullmatch(key):
            raise Rejected(-2014, "API-key format invalid.", 401)
        if pair is None or pair.revoked or (pair.ips and request.ip not in pair.ips):
            raise _not_allowed()
        return pair

    def verify(self, pair: ApiKeyPair, request: HttpRequest, params: Params, now: int) -> None:
        """Hold a SIGNED request against its key and the clock.

        Raises:
            Rejected: -1102 without timestamp or signature, -1130 and -1131 by recvWindow, -1021 by the clock,
                -1022 by the signature, -2015 where a reading key would trade.
        """
        self._check_time(params, now)
        params.need("signature")
        if not _is_signed(pair, request):
            raise Rejected(-1022, "Signature for this request is not valid.")
        if request.method != "GET" and not pair.trading:
            raise _not_allowed()

    def _check_time(self, params: Params, now: int) -> None:
        params.need("timestamp")
        timestamp = params.integer("timestamp") or 0
        window = _window(params)
        clock = now + self.clock_skew_ms
        if timestamp >= clock + EARLIEST_MS:
            raise Rejected(-1021, "Timestamp for this request was 1000ms ahead of the server's time.")
        if clock - timestamp > window:
            raise Rejected(-1021, "Timestamp for this request is outside of the recvWindow.")


def split_signature(query: bytes, body: bytes) -> tuple[bytes, bytes]:
    """(what was signed, the signature), both as they came: the query followed by the body without any ``&`` between.

    The signature is the last parameter of the body or, failing that, of the query; anywhere else it is part of what
    was signed, and empty here.
    """
    found = SIGNATURE.search(body)
    if found:
        return query + body[: found.start()], found[1]
    found = SIGNATURE.search(query)
    if found:
        return query[: found.start()] + body, found[1]
    return query + body, b""


def _is_signed(pair: ApiKeyPair, request: HttpRequest) -> bool:
    payload, raw = split_signature(request.query.encode(), request.body)
    signature = unquote_to_bytes(raw)
    if pair.kind is KeyKind.HMAC:
        return hmac.compare_digest(
            signature.lower(), hmac.digest(pair.secret.encode(), payload, "sha256").hex().encode()
        )
    try:
        _public_key(pair.secret).verify(b64decode(signature, validate=True), payload)
    except (InvalidSignature, binascii.Error):
        return False
    return True


def _window(params: Params) -> int:
    window = params.integer("recvWindow")
    if window is None:
        return DEFAULT_WINDOW_MS
    if window < 0:
        raise Rejected(-1130, "Data sent for parameter 'recvWindow' is not valid.")
    if window > MAX_WINDOW_MS:
        raise Rejected(-1131, "recvWindow must be less than 60000")
    return window


def _not_allowed() -> Rejected:
    return Rejected(-2015, "Invalid API-key, IP, or permissions for action.", 401)


@lru_cache(maxsize=64)
def _public_key(pem: str) -> Ed25519PublicKey:
    key = load_pem_public_key(pem.encode())
    if not isinstance(key, Ed25519PublicKey):
        raise ValueError("the public key is not an Ed25519 key")
    return key
