"""What faults may do to the exchange besides answering for it: account, markets, limits, sockets, keys, clock."""

from __future__ import annotations

from collections.abc import Callable, Collection
from dataclasses import dataclass
from typing import Protocol

from vibe_quant.sim.exchange import SimExchange
from vibe_quant.sim.front.auth import Keys
from vibe_quant.sim.front.limits import Limits
from vibe_quant.sim.front.streams.listen_keys import ListenKeys
from vibe_quant.sim.front.streams.session import Session


@dataclass(frozen=True, slots=True)
class Done:
    """What an act did, in words, and how it is taken back at a later time (epoch ms)."""

    text: str
    undo: Callable[[int], None] | None = None


class Sockets(Protocol):
    """The hub."""

    @property
    def sessions(self) -> Collection[Session]:
        """The live sockets, in the order in which they came."""
        ...


class Deck(Protocol):
    """The box as the faults see it: it is one as it stands."""

    @property
    def exchange(self) -> SimExchange:
        """The exchange itself."""
        ...

    @property
    def keys(self) -> Keys:
        """API keys, and how far the clock is off that tells the time and judges timestamps."""
        ...

    @property
    def limits(self) -> Limits:
        """Weights and order counts."""
        ...

    @property
    def listen_keys(self) -> ListenKeys:
        """The account's listen key."""
        ...

    @property
    def hub(self) -> Sockets:
        """The sockets."""
        ...
