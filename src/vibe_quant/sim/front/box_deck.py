"""What the faults may do to the box besides answering for it (faults/deck.py)."""

from __future__ import annotations

from collections.abc import Callable, Collection
from typing import Protocol

from vibe_quant.sim.exchange import SimExchange
from vibe_quant.sim.front.auth import Keys
from vibe_quant.sim.front.board import Board
from vibe_quant.sim.front.hub import Hub
from vibe_quant.sim.front.listen_keys import ListenKeys
from vibe_quant.sim.front.publisher import StreamClass
from vibe_quant.sim.front.session import Session


class Premises(Protocol):
    """The parts of the box that the deck touches."""

    exchange: SimExchange
    hub: Hub
    board: Board
    keys: Keys
    listen_keys: ListenKeys
    hmac_key: str


class BoxDeck:
    """Acts on the box's parts; each lasting act gives the function that ends it."""

    def __init__(self, box: Premises) -> None:
        self._box = box

    @property
    def exchange(self) -> SimExchange:
        """The exchange itself."""
        return self._box.exchange

    def drop_sockets(self, classes: Collection[StreamClass], abrupt: bool, now: int) -> int:
        """Close the live sockets of these classes; how many."""
        found = self._of(classes)
        for session in found:
            if abrupt:
                session.drop()
            else:
                session.close(1001, "")
        return len(found)

    def mute_sockets(self, classes: Collection[StreamClass], now: int) -> Callable[[int], None]:
        """Connected and silent, until ended."""
        found = self._of(classes)
        for session in found:
            session.mute()

        def end(at: int) -> None:
            for session in found:
                session.unmute()

        return end

    def freeze_sockets(self, classes: Collection[StreamClass], now: int) -> Callable[[int], None]:
        """Half-open; ended by breaking them, for what was lost cannot be found again."""
        found = self._of(classes)
        for session in found:
            session.freeze()

        def end(at: int) -> None:
            for session in found:
                session.drop()

        return end

    def expire_listen_key(self, now: int) -> bool:
        """End the listen key and tell its sockets."""
        had = self._box.listen_keys.live is not None
        self._box.listen_keys.expire_now(now)
        return had

    def revoke_key(self, now: int) -> Callable[[int], None]:
        """The key answers -2015 until restored."""
        keys = self._box.keys
        revoked = [key for key, pair in keys.pairs.items() if not pair.revoked]
        for key in revoked:
            keys.revoke(key)

        def end(at: int) -> None:
            for key in revoked:
                keys.revoke(key, revoked=False)

        return end

    def skew_clock(self, ms: int) -> None:
        """The clock that answers time and judges timestamps runs so far ahead."""
        self._box.keys.clock_skew_ms = ms
        self._box.board.clock_skew_ms = ms

    def _of(self, classes: Collection[StreamClass]) -> list[Session]:
        return [session for session in self._box.hub.sessions if session.cls in classes and not session.closed]
