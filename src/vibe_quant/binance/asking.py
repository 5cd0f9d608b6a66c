"""One request and its answer read: what cannot be read is a failed read, and of an action an unknown outcome."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Protocol, TypeVar

from vibe_quant.binance.holds import Hold
from vibe_quant.binance.rest_codec import Unreadable
from vibe_quant.ports import Accepted, Clock, NotSent, Outcome, Rejected, Unknown

T = TypeVar("T")
Params = Mapping[str, str | int]
Reader = Callable[[str, int], T]
"""(the answer's text, ``Clock.now_ms`` when it was read) -> its value; raises Unreadable."""

UNREADABLE = 200
"""Code of a read whose answer came with HTTP 200 and made no sense."""


class Caller(Protocol):
    """Carries one request under ccxt's name for it; the value is the text of the answer's body."""

    @property
    def has_wallet(self) -> bool:
        """Whether the venue has the wallet service, which alone tells of the key's rights."""
        ...

    def no_room(self, weight: int) -> str | None:
        """Why reads that cost so much together cannot leave in this minute; None: they can."""
        ...

    async def call(self, name: str, params: Params, hold: Hold) -> Outcome[str]:
        """Send once."""
        ...

    async def close(self) -> None:
        """End."""
        ...


class Asker:
    """Calls, and reads what came back."""

    def __init__(self, client: Caller, clock: Clock) -> None:
        self.clock = clock
        self._client = client

    def no_room(self, weight: int) -> str | None:
        """Why reads that cost so much together cannot leave in this minute; None: they can."""
        return self._client.no_room(weight)

    async def read(self, name: str, params: Params, reader: Reader[T]) -> Outcome[T]:
        """A GET of something that is not about one request of ours; unreadable: Rejected(UNREADABLE)."""
        sent = self.clock.server_ms()
        answer = await self._client.call(name, params, Hold.ORDINARY)
        if not isinstance(answer, Accepted):
            return answer
        try:
            return Accepted(reader(answer.value, self.clock.now_ms()))
        except Unreadable as error:
            return Rejected(UNREADABLE, f"{_what(name, error)}; nothing was taken from it", sent)

    async def act(
        self, name: str, make: Callable[[], Params], reader: Reader[T], hold: Hold = Hold.ORDINARY
    ) -> Outcome[T]:
        """A request that changes something, or asks what became of one; unreadable: Unknown.

        ``make`` gives the parameters; a ValueError of it means that there can be no such request, and none is sent.
        """
        try:
            params = make()
        except ValueError as error:
            return NotSent(f"{name}: {error}")
        answer = await self._client.call(name, params, hold)
        if not isinstance(answer, Accepted):
            return answer
        try:
            return Accepted(reader(answer.value, self.clock.now_ms()))
        except Unreadable as error:
            return Unknown(f"{_what(name, error)}; what was asked may have been done")


def _what(name: str, error: Unreadable) -> str:
    return f"{name}: the exchange's answer cannot be read: {error}"
