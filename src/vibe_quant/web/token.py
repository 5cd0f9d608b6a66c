"""The secret that commands over the network need, and patience with who guesses: ever less."""

from __future__ import annotations

import hashlib
import hmac
from collections.abc import Callable

MOST_MISSES = 10
FORGIVEN_MS = 6000
MOST_PEERS = 1000
WAIT_S = FORGIVEN_MS // 1000

NowMs = Callable[[], int]


class Token:
    """Compared in the same time whatever is given."""

    def __init__(self, secret: str) -> None:
        self._digest = hashlib.sha256(secret.encode()).digest()

    def matches(self, given: str) -> bool:
        """Whether it is the secret."""
        return hmac.compare_digest(hashlib.sha256(given.encode(errors="replace")).digest(), self._digest)


class Misses:
    """Wrong tokens of each address: ten at once, then one in six seconds.  ``now_ms`` is monotonic."""

    def __init__(self, now_ms: NowMs) -> None:
        self._now_ms = now_ms
        self._clear_ms: dict[str, int] = {}  # peer -> when the last of its misses is forgiven

    def too_many(self, peer: str) -> bool:
        """Nothing more is compared for this address now."""
        return self._owed_ms(peer) > (MOST_MISSES - 1) * FORGIVEN_MS

    def missed(self, peer: str) -> bool:
        """One more; True where it is the first for some time, and worth a line."""
        owed = self._owed_ms(peer)
        self._clear_ms.pop(peer, None)
        self._clear_ms[peer] = self._now_ms() + owed + FORGIVEN_MS
        if len(self._clear_ms) > MOST_PEERS:
            del self._clear_ms[next(iter(self._clear_ms))]
        return owed == 0

    def _owed_ms(self, peer: str) -> int:
        return max(0, self._clear_ms.get(peer, 0) - self._now_ms())
