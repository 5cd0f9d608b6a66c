"""Gives the engine an operator's command, waits until it has taken it, and tells truthfully what came of it."""

from __future__ import annotations

import asyncio
from collections.abc import Iterable, Sequence

from vibe_quant.app.application import Application
from vibe_quant.core.engine import Engine
from vibe_quant.core.orders import OwnOrder
from vibe_quant.domain import events as ev
from vibe_quant.domain.intents import CancelOrder, Intent, Notify
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


def live(engine: Engine, symbol: str | None, now: int, *, urgent: bool) -> tuple[str, ...]:
    """Client ids of the own orders that may live; ``urgent``: those of panic and of a protective stop too."""
    looks = [engine.look(leg.symbol, leg.side, now) for leg in engine.legs() if symbol in (None, leg.symbol)]
    orders = [look.order for look in looks if look is not None and look.order is not None]
    return tuple(order.client_id for order in orders if urgent or not order.urgent)


def cancelled(intents: Sequence[Intent]) -> tuple[str, ...]:
    """Client ids of the orders that are to be cancelled."""
    return tuple(intent.client_id for intent in intents if isinstance(intent, CancelOrder))


async def ended(app: Application, client_ids: Iterable[str]) -> str:
    """What became of orders that are being cancelled, once it is known or after ``SETTLED_S``."""
    loop, left = asyncio.get_running_loop(), list(dict.fromkeys(client_ids))
    if not left:
        return "There was no live order for it to cancel."
    end, over = loop.time() + SETTLED_S, list[OwnOrder]()
    while True:
        found = [app.engine.house.orders.get(client_id) for client_id in left]
        over += [order for order in found if order is not None and order.is_final]
        left = [client_id for client_id in left if client_id not in {order.client_id for order in over}]
        if not left or loop.time() >= end:
            return " ".join([*_over(over), *_unknown(left)])
        await asyncio.sleep(LOOK_S)


def _over(over: Sequence[OwnOrder]) -> list[str]:
    full = [order.client_id for order in over if order.filled >= order.qty]
    gone = [f"{order.client_id}{_part(order)}" for order in over if order.filled < order.qty]
    said = [f"Cancelled: {'; '.join(gone)}."] if gone else []
    return said + ([f"Filled before it could be cancelled: {', '.join(full)}."] if full else [])


def _part(order: OwnOrder) -> str:
    return f", {order.filled} of {order.qty} filled" if order.filled else ""


def _unknown(left: Sequence[str]) -> list[str]:
    if not left:
        return []
    return [
        f"Not known yet: {', '.join(left)}. The exchange is asked until it tells, and nothing discretionary is sent "
        "for that side meanwhile."
    ]


def standing(engine: Engine, symbol: str | None, now: int) -> tuple[str, ...]:
    """The pauses and halts that a resume of ``symbol`` (None: all) undoes, in words."""
    pauses = [f"the pause of {one.symbol or 'everything'}" for one in engine.pauses() if symbol in (None, one.symbol)]
    whole = engine.house.halted
    halts = [f"the halt of the account ({whole})"] if whole is not None and symbol is None else []
    for leg in engine.legs():
        look = engine.look(leg.symbol, leg.side, now) if symbol in (None, leg.symbol) else None
        halts += [f"the halt of {leg.symbol} {leg.side} ({look.halt})"] if look is not None and look.halt else []
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
