"""What requests are signed with; neither half of it is ever shown."""

from __future__ import annotations

import re
from dataclasses import dataclass, field

from cryptography.exceptions import UnsupportedAlgorithm
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from cryptography.hazmat.primitives.asymmetric.rsa import RSAPrivateKey
from cryptography.hazmat.primitives.serialization import load_pem_private_key

PEM = "PRIVATE KEY"
HIDDEN = "***"
SIGNED = re.compile(r"""((?:signature|listenKey)=)[^&\s"'<]+""", re.IGNORECASE)
PrivateKey = Ed25519PrivateKey | RSAPrivateKey


@dataclass(frozen=True, slots=True)
class Credentials:
    """An API key with its secret: that of an HMAC key, or an Ed25519 or RSA private key in PEM (without a password).

    Raises:
        ValueError: a part is empty, holds what no header may carry, or is PEM that cannot be read; shows neither part.
    """

    api_key: str = field(repr=False)
    api_secret: str = field(repr=False)

    def __post_init__(self) -> None:
        """Refuse what could only fail later, in the middle of a request."""
        _check("API key", self.api_key)
        if PEM in self.api_secret:
            self.private_key()
        else:
            _check("API secret", self.api_secret)

    def private_key(self) -> PrivateKey | None:
        """The key of a PEM secret; None where the secret is shared (HMAC)."""
        if PEM not in self.api_secret:
            return None
        try:
            key = load_pem_private_key(self.api_secret.encode(), None)
        except (ValueError, TypeError, UnsupportedAlgorithm):
            key = None
        if isinstance(key, Ed25519PrivateKey | RSAPrivateKey):
            return key
        raise ValueError(
            "the API secret looks like a private key in PEM, but is no Ed25519 or RSA key without password"
        )

    def scrub(self, text: str) -> str:
        """``text`` without key, secret, signature and listen key, should somebody have echoed them."""
        for secret in (self.api_key, self.api_secret):
            text = text.replace(secret, HIDDEN)
        return SIGNED.sub(rf"\1{HIDDEN}", text)

    def __repr__(self) -> str:
        return f"Credentials({HIDDEN})"


def _check(what: str, text: str) -> None:
    if not text or any(not "!" <= letter <= "~" for letter in text):
        raise ValueError(f"the {what} is empty, or holds spaces, line breaks or characters that are not ASCII")
