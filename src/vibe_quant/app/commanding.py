"""Gives the engine an operator's command, waits until it has taken it, and tells truthfully what came of it."""

from __future__ import annotations

import asyncio
from collections.abc import Iterable, Sequence

from vibe_quant.app.application import Application
from vibe_quant.core.engine import Engine
from vibe_quant.domain import events as ev
from vibe_quant.domain.intents import Intent, Notify
from vibe_quant.domain.side_view import LiveOrder
from vibe_quant.domain.status import Answer

TAKEN_S = 5.0
SETTLED_S = 5.0
LOOK_S = 0.02
Command = ev.Pause | ev.Resume | ev.Flatten | ev.Reload


class Commanding:
    """An observer, so that what the engine answered is seen; one a process."""

    def __init__(self) -> None:
        self._waiting: dict[int, tuple[Command, asyncio.Future[tuple[Intent, ...]]]] = {}

    def see(self, now: int, event: ev.Event, intents: Sequence[Intent], quote: ev.Quote | None) -> None:  # noqa: ARG002
        """One call of the engine."""
        waiting = self._waiting.get(id(event))
        if waiting is not None and not waiting[1].done():
            waiting[1].set_result(tuple(intents))

    async def give(self, app: Application, command: Command) -> tuple[Intent, ...] | None:
        """What the engine answered; None where it has not taken it within ``TAKEN_S``."""
        taken: asyncio.Future[tuple[Intent, ...]] = asyncio.get_running_loop().create_future()
        self._waiting[id(command)] = (command, taken)
        try:
            app.inbox.put(command)
            return await asyncio.wait_for(taken, TAKEN_S)
        except TimeoutError:
            return None
        finally:
            del self._waiting[id(command)]


async def ended(app: Application, orders: Iterable[LiveOrder]) -> str:
    """What became of orders that are being cancelled, once it is known or after ``SETTLED_S``."""
    loop, left = asyncio.get_running_loop(), {order.client_id: order for order in orders}
    if not left:
        return "No own order was live."
    end, over = loop.time() + SETTLED_S, dict[str, str]()
    while left and loop.time() < end:
        for client_id in list(left):
            found = app.engine.house.orders.get(client_id)
            if found is None or found.is_final:
                order = left.pop(client_id)
                over[client_id] = "" if found is None or not found.filled else f", {found.filled} of {order.qty} filled"
        if left:
            await asyncio.sleep(LOOK_S)
    return " ".join([*_over(over), *_unknown(list(left))])


def _over(over: dict[str, str]) -> list[str]:
    if not over:
        return []
    listed = "; ".join(f"{client_id}{filled}" for client_id, filled in over.items())
    return [f"Cancelled: {listed}."]


def _unknown(left: list[str]) -> list[str]:
    if not left:
        return []
    return [
        f"Not known yet: {', '.join(left)}. The exchange is asked until it tells, and nothing discretionary is sent "
        "for that side meanwhile."
    ]


def standing(engine: Engine, symbol: str | None) -> tuple[str, ...]:
    """The pauses and halts that a resume of ``symbol`` (None: all) undoes, in words."""
    pauses = [f"the pause of {one.symbol or 'everything'}" for one in engine.pauses() if symbol in (None, one.symbol)]
    whole = engine.house.halted
    halts = [f"the halt of the account ({whole})"] if whole is not None and symbol is None else []
    views = [engine.side_view(leg.symbol, leg.side) for leg in engine.legs() if symbol in (None, leg.symbol)]
    own = [view for view in views if view is not None and view.halted not in (None, whole)]
    halts += [f"the halt of {view.symbol} {view.side} ({view.halted})" for view in own]
    return (*pauses, *halts)


def resumed(engine: Engine, undone: Sequence[str]) -> str:
    """What a resume has undone, and what holds the whole account back all the same."""
    held = f" Discretion still waits: {engine.house.held}." if engine.house.held is not None else ""
    what = f"Undone: {'; '.join(undone)}." if undone else "Nothing of it was paused or halted."
    return f"{what}{held}"


def told(intents: Sequence[Intent]) -> str:
    """What the engine has said to it."""
    return " ".join(intent.text for intent in intents if isinstance(intent, Notify))


def answered(app: Application, text: str) -> Answer:
    """The command was taken; that it may not outlive a restart is said."""
    trouble = app.parts.journal.trouble
    if trouble or not app.recorder.ok:
        text = f"{text} The journal cannot be written ({trouble or 'see the log'}): a restart may not know of this."
    return Answer(True, text)
