"""The account's listen key: made, kept alive, closed, expired; one at a time, shared by all who use the account."""

from __future__ import annotations

import string
from collections.abc import Callable
from random import Random

from vibe_quant.sim.front.endpoint import Call, Endpoint, Security
from vibe_quant.sim.front.http import Json
from vibe_quant.sim.records import Rejected
from vibe_quant.sim.switches import Switches
from vibe_quant.sim.venue import NEVER

LIFE_MS = 60 * 60_000
LENGTH = 64
ALPHABET = string.ascii_letters + string.digits
PATH = "/fapi/v1/listenKey"


class ListenKeys:
    """At most one key lives; ``on_gone(key, now)`` is told once when it expires or is closed."""

    def __init__(self, seed: int, switches: Switches | None = None, life_ms: int = LIFE_MS) -> None:
        self._random = Random(seed)
        self._switches = switches or Switches()
        self._life_ms = life_ms
        self._key: str | None = None
        self._until = 0
        self.on_gone: Callable[[str, int], None] = _nobody

    @property
    def live(self) -> str | None:
        """The key that events go to; None: there is none."""
        return self._key

    @property
    def due(self) -> int:
        """When the key expires (epoch ms); NEVER where there is none."""
        return NEVER if self._key is None else self._until

    def create(self, now: int) -> str:
        """The live key, made now where there is none, and valid from now for its whole life."""
        self.advance(now)
        if self._key is None:
            self._key = "".join(self._random.choices(ALPHABET, k=LENGTH))
        self._until = now + self._life_ms
        return self._key

    def keep_alive(self, now: int) -> str:
        """Extend the live key.  Raises Rejected: -1125."""
        self.advance(now)
        if self._key is None:
            raise _does_not_exist()
        self._until = now + self._life_ms
        return self._key

    def close(self, now: int) -> None:
        """Invalidate the live key for everybody.  Raises Rejected: -1125 where there is none (a switch)."""
        self.advance(now)
        if self._key is None and self._switches.closing_no_listen_key_refused:
            raise _does_not_exist()
        self.expire_now(now)

    def expire_now(self, now: int) -> None:
        """End the live key, if any, before its time."""
        key, self._key = self._key, None
        if key is not None:
            self.on_gone(key, now)

    def advance(self, now: int) -> None:
        """Let the key expire where its time is over."""
        if self._key is not None and now >= self._until:
            self.expire_now(now)


class KeyCalls:
    """POST, PUT and DELETE of the listen key; parameters are ignored."""

    def __init__(self, keys: ListenKeys) -> None:
        self._keys = keys

    def endpoints(self) -> list[Endpoint]:
        """The rows of the routing table."""
        rows = (("POST", self._create), ("PUT", self._keep_alive), ("DELETE", self._close))
        return [Endpoint(method, PATH, handler, Security.API_KEY) for method, handler in rows]

    def _create(self, call: Call) -> Json:
        return {"listenKey": self._keys.create(call.now)}

    def _keep_alive(self, call: Call) -> Json:
        return {"listenKey": self._keys.keep_alive(call.now)}

    def _close(self, call: Call) -> Json:
        self._keys.close(call.now)
        return {}


def _does_not_exist() -> Rejected:
    return Rejected(-1125, "This listenKey does not exist.")


def _nobody(_key: str, _now: int) -> None:
    """Nobody listens."""
