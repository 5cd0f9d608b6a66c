"""What one connection carries against what is wanted: the next SUBSCRIBE or UNSUBSCRIBE, and whether it was obeyed."""

from __future__ import annotations

import asyncio
from collections.abc import Collection, Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from itertools import islice
from urllib.parse import quote

import msgspec

from vibe_quant.binance.dial import NoConnection
from vibe_quant.binance.link import Link

MOST_NAMES = 200
"""In one message."""
MOST_STREAMS = 1024
"""On one connection."""
SPACING_S = 0.2
"""Between two messages: half of what the exchange allows."""
LONGEST_QUERY = 1500
TRIES = 2


@dataclass(frozen=True, slots=True)
class Step:
    """One message to be sent."""

    method: str
    names: tuple[str, ...]


def next_step(wanted: Collection[str], carried: Collection[str]) -> Step | None:
    """What to say next: what is missing before what is too much; None where nothing is."""
    missing = tuple(islice((name for name in wanted if name not in carried), MOST_NAMES))
    if missing:
        return Step("SUBSCRIBE", missing)
    surplus = tuple(islice((name for name in carried if name not in wanted), MOST_NAMES))
    return Step("UNSUBSCRIBE", surplus) if surplus else None


def first_names(wanted: Iterable[str]) -> tuple[str, ...]:
    """Those that go into the URL, the first ones, as long as it stays short."""
    names: list[str] = []
    length = 0
    for name in wanted:
        length += len(escaped(name)) + 1
        if length > LONGEST_QUERY:
            break
        names.append(name)
    return tuple(names)


def escaped(name: str) -> str:
    """A stream's name as it stands in a URL."""
    return quote(name, safe="@!_")


class Talk:
    """Messages and their acknowledgements over all connections of a client; an id is never used twice."""

    def __init__(self, ack_ms: int) -> None:
        self._ack_s = ack_ms / 1000
        self._id = 0
        self._waiting: dict[int, asyncio.Future[str]] = {}

    def answered(self, number: int | str | None, refusal: str) -> None:
        """An answer came; ``refusal`` is empty where it was obeyed.  Answers to nothing are left alone."""
        waiting = self._waiting.get(number) if isinstance(number, int) else None
        if waiting is not None and not waiting.done():
            waiting.set_result(refusal)

    async def ask(self, link: Link, step: Step) -> str:
        """Send it and wait for its answer; empty where it was obeyed, or what went wrong."""
        self._id += 1
        number = self._id
        answer: asyncio.Future[str] = asyncio.get_running_loop().create_future()
        self._waiting[number] = answer
        message = {"method": step.method, "params": step.names, "id": number}
        try:
            async with asyncio.timeout(self._ack_s):
                await link.send(msgspec.json.encode(message).decode())
                return await answer
        except TimeoutError:
            return f"not acknowledged within {self._ack_s:g} s"
        finally:
            del self._waiting[number]


class Subscriptions:
    """The streams that are wanted, and every connection brought to carry them."""

    def __init__(self, talk: Talk) -> None:
        self._talk = talk
        self._changed: set[asyncio.Event] = set()
        self.wanted: dict[str, None] = {}
        """Names in order."""

    def want(self, names: Iterable[str]) -> None:
        """These and no others, at most ``MOST_STREAMS`` of them; connections follow at once."""
        wanted = dict.fromkeys(islice(names, MOST_STREAMS))
        if wanted != self.wanted:
            self.wanted = wanted
            for event in self._changed:
                event.set()

    async def some(self) -> None:
        """Until anything is wanted."""
        with self._watching() as changed:
            while not self.wanted:
                changed.clear()
                await changed.wait()

    async def keep(self, link: Link) -> None:
        """Bring this connection to carry what is wanted, for as long as it lives.  Raises NoConnection."""
        carried = dict.fromkeys(link.address.names)
        with self._watching() as changed:
            while True:
                changed.clear()
                step = next_step(self.wanted, carried)
                if step is None:
                    link.flows()
                    await changed.wait()
                    continue
                await self._insist(link, step)
                if step.method == "SUBSCRIBE":
                    carried |= dict.fromkeys(step.names)
                else:
                    carried = {name: None for name in carried if name not in step.names}

    async def _insist(self, link: Link, step: Step) -> None:
        trouble = ""
        for _ in range(TRIES):
            trouble = await self._talk.ask(link, step)
            await asyncio.sleep(SPACING_S)
            if not trouble:
                return
        raise NoConnection(f"{step.method} of {len(step.names)} streams, tried {TRIES} times: {trouble}")

    @contextmanager
    def _watching(self) -> Iterator[asyncio.Event]:
        changed = asyncio.Event()
        self._changed.add(changed)
        try:
            yield changed
        finally:
            self._changed.discard(changed)
