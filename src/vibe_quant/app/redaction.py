"""Takes secrets out of text: what is known to be secret, in every form it travels in, and what looks like a secret."""

from __future__ import annotations

import re
from base64 import b64encode
from collections.abc import Iterable
from urllib.parse import quote, quote_plus

HIDDEN = "***"
LEAST_LINE = 16
"""Lines of a key file shorter than this are no secret by themselves."""

_ASSIGNED = re.compile(
    r"(?P<name>signature|listen_?key|x-mbx-apikey)"
    r"(?P<between>[\"']?\s*(?:=|:|%3D|,)\s*b?[\"']?)"
    r"(?P<value>[A-Za-z0-9+/%_.=-]{8,})",
    re.IGNORECASE,
)
_STREAM_PATH = re.compile(r"(?P<path>/ws/)[A-Za-z0-9]{32,}")
_PEM = re.compile(r"-----BEGIN[A-Z ]*PRIVATE KEY-----.*?(?:-----END[A-Z ]*PRIVATE KEY-----|\Z)", re.DOTALL)


class Redactor:
    """Knows the secrets of this run; listen keys are added as they are given out.

    ``most`` bounds how many added ones are remembered, those given at the start excepted.
    """

    def __init__(self, secrets: Iterable[str] = (), most: int = 64) -> None:
        self._most = most
        self._fixed: list[str] = [form for secret in secrets for form in _forms(secret)]
        self._added: list[str] = []
        self._compile()

    def add(self, secret: str) -> None:
        """Hide this too from now on; nothing happens for an empty text or one that is known."""
        forms = [form for form in _forms(secret) if form not in self._added and form not in self._fixed]
        if forms:
            self._added = [*self._added, *forms][-self._most :]
            self._compile()

    def keep(self, secret: str) -> None:
        """Hide this too, however many others are added later."""
        self._fixed += [form for form in _forms(secret) if form not in self._fixed]
        self._compile()

    def clean(self, text: str) -> str:
        """The text without secrets."""
        if self._known is not None:
            text = self._known.sub(HIDDEN, text)
        text = _PEM.sub(HIDDEN, text)
        text = _ASSIGNED.sub(rf"\g<name>\g<between>{HIDDEN}", text)
        return _STREAM_PATH.sub(rf"\g<path>{HIDDEN}", text)

    def _compile(self) -> None:
        forms = sorted({*self._fixed, *self._added}, key=len, reverse=True)
        self._known = re.compile("|".join(map(re.escape, forms))) if forms else None


def _forms(secret: str) -> list[str]:
    """A secret as it is, as a URL, a repr and a basic authorisation would have it, and line by line."""
    bare = secret.strip()
    if not bare:
        return []
    lines = [line.strip() for line in bare.splitlines()]
    parts = [bare, *(line for line in lines if len(line) >= LEAST_LINE and not line.startswith("-----"))]
    forms = [form for part in parts for form in (part, quote(part, safe=""), quote_plus(part), repr(part)[1:-1])]
    return [*dict.fromkeys(forms), b64encode(bare.encode()).decode()]
