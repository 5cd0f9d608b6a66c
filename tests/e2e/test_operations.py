"""What an operator commands over ``Operations``, judged by the exchange's own records, and by a restart."""

from __future__ import annotations

import asyncio
from dataclasses import replace
from decimal import Decimal
from pathlib import Path

from tests.e2e.account_scenes import LEG, alone, journalled, live, resting, rests, with_ttl
from tests.e2e.request_scenes import Watched
from tests.e2e.stage import BTC, LONG, stage

from vibe_quant.app.application import DONE
from vibe_quant.app.control_room import ControlRoom
from vibe_quant.config.loader import Loaded
from vibe_quant.config.sources import Sources
from vibe_quant.domain.commands import Reload
from vibe_quant.domain.enums import OrderStatus
from vibe_quant.domain.settings import Settings

D = Decimal
QUIET_S = 1.5
"""In so long an order would leave: signals come each second or so."""


def room_of(settings: Settings, folder: Path) -> ControlRoom:
    """A room over settings that no file holds."""
    loaded = Loaded(settings, Sources({}, {}, {}), Path("story.yaml"), (), "0" * 64)
    return ControlRoom(loaded, "test", folder)


async def begin(w: Watched) -> ControlRoom:
    """The program starts, with a room of its own as each process has."""
    w.on.room = room = room_of(w.on.settings, w.on.folder)
    w.on.start()
    await w.on.until(lambda: room.status().phase == "working", 15, "the end of the start")
    await w.on.until(lambda: room.status().ready, 15, "readiness")
    return room


def targeted(settings: Settings) -> Settings:
    """Discretion stops at 0.05."""
    symbols = tuple((s, replace(o, execution=replace(o.execution, target_qty=D("0.05")))) for s, o in settings.symbols)
    return replace(settings, symbols=symbols)


async def test_pause_outlives_the_program_flatten_goes_to_zero_and_resume_ends_what_holds(tmp_path: Path) -> None:
    chosen = targeted(resting())
    async with stage(tmp_path, alone(), chosen=chosen, start=False) as on:
        w = Watched(on, {})
        room = await begin(w)
        order = await rests(w)
        [leg] = [leg for leg in room.status().legs if leg.side is LONG]
        assert leg.order is not None
        assert (leg.qty, leg.order.client_id, leg.stop_standing) == (D("0.1"), order.client_id, True)
        why = room.why(BTC, LONG)
        assert why is not None
        assert why.acting
        assert dict(why.inputs)["order"] == order.client_id

        paused = await room.pause(None, None, "cli (uid 7)")
        assert paused.ok
        assert f"Cancelled: {order.client_id}" in paused.text
        assert order.status is OrderStatus.CANCELED
        assert not live(w)
        [row] = journalled(w, "command", command="pause")
        assert row.data()["by"] == "cli (uid 7)"
        assert await w.on.stop() == DONE
        assert room.status().phase == "stopping"
        assert not (await room.flatten(None, None, "cli")).ok

        orders = len(w.on.truth.own)
        again = await begin(w)
        assert again.status().paused == ("all",)
        await w.on.protected()
        await asyncio.sleep(QUIET_S)
        assert len(w.on.truth.own) == orders
        why = again.why(BTC, LONG)
        assert why is not None
        assert (why.acting, why.reason) == (False, "paused by the operator")
        assert dict(why.inputs) == {"pause of all": "until resumed"}

        held = await again.flatten(BTC, LONG, "telegram 42")
        assert held.ok
        assert "It waits: paused by the operator" in held.text
        resumed = await again.resume(None, "telegram 42")
        assert "Undone: the pause of everything." in resumed.text
        app = w.on.app
        assert app is not None
        app.inbox.put(Reload(app.parts.clock.now_ms(), with_ttl(app.engine.settings, 500)))
        await w.on.flat()
        assert w.on.truth.left(LEG) == 0
        await w.on.until(lambda: all(leg.qty == 0 for leg in again.status().legs), 10, "the program's word of it")
        nothing = await again.flatten(BTC, LONG, "telegram 42")
        assert "nothing to flatten" in nothing.text.lower()
        assert await w.on.stop() == DONE
