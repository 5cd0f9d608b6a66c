"""Orders that rest far from the market until somebody does something: scenes of account, contract and operator."""

from __future__ import annotations

from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from dataclasses import replace
from pathlib import Path
from typing import Any

from tests.e2e.request_scenes import Watched, watched
from tests.e2e.stage import BTC, CONFIG, LONG, Scene, settings

from vibe_quant.domain.commands import Flatten, Reload, Resume
from vibe_quant.domain.enums import PositionSide
from vibe_quant.domain.events import AccountSnapshot
from vibe_quant.domain.settings import Settings, SymbolSettings
from vibe_quant.journal.rows import Row
from vibe_quant.sim.order_records import SimOrder

RAW = "BTCUSDT"
LEG = (RAW, LONG)
ALONE = ((LONG, "0.1"),)
"""One leg, which has a liquidation price by ``WALLET``."""
WALLET = "700"
SHORT_CONFIG = CONFIG.replace("horizon_s: 12, endgame_s: 4", "horizon_s: 5, endgame_s: 2")
SLOW_CONFIG = CONFIG.replace("horizon_s: 12, endgame_s: 4", "horizon_s: 600, endgame_s: 2")
"""Orders at the touch, one after the other, and a position that outlasts its story."""
RESTING = CONFIG.replace(
    "order_ttl_ms: 300", "order_ttl_ms: 60000\n    maker_safety_ticks: 1000\n    maker_timeouts_to_escalate: 0"
).replace("names: [patient]", "names: [orderbook_price]")
"""Orders rest a hundred dollars from the market, for a minute; what ends them was done by somebody."""


def resting(**execution: str) -> Settings:
    """Settings with single fields of ``execution`` (or of any other name in the text) put otherwise."""
    text = RESTING
    for key, value in execution.items():
        lines = [line for line in text.splitlines() if line.strip().startswith(f"{key}:")]
        assert len(lines) == 1, key
        text = text.replace(lines[0], f"{lines[0].split(':')[0]}: {value}")
    return settings(text)


@asynccontextmanager
async def at_rest(
    folder: Path,
    scene: Scene | None = None,
    chosen: Settings | None = None,
    **judgement: Any,
) -> AsyncIterator[Watched]:
    """A program whose order rests at the exchange, under a stop that stands."""
    scene = scene or alone()
    async with watched(folder, scene, chosen or resting(), **judgement) as w:
        await rests(w)
        await w.on.until(lambda: w.on.truth.stops(), 10, "a stop")
        yield w


async def rests(w: Watched, side: PositionSide = LONG, within_s: float = 10) -> SimOrder:
    """Wait until an order of the side rests; that order."""
    await w.on.until(lambda: live(w, side), within_s, f"a resting order of {side}")
    return live(w, side)[0]


def alone(*faults: Mapping[str, Any], **more: Any) -> Scene:
    """A calm market and the one leg."""
    return Scene(seats=ALONE, faults=faults, **{"wallet": WALLET, **more})


def orders_of(w: Watched, side: PositionSide, since_ms: int) -> list[SimOrder]:
    """The program's orders of a side that the exchange took after a moment."""
    return [order for order in w.on.truth.own if order.position_side is side and order.created_ms > since_ms]


async def again(w: Watched, since_ms: int, within_s: float = 15, side: PositionSide = LONG) -> SimOrder:
    """Wait for the side's first order after a moment."""
    await w.on.until(lambda: orders_of(w, side, since_ms), within_s, f"another order of {side}")
    return orders_of(w, side, since_ms)[0]


def live(w: Watched, side: PositionSide = LONG) -> list[SimOrder]:
    """The program's orders of a side that rest now."""
    return [order for order in w.on.truth.own if order.position_side is side and not order.status.is_final]


def with_ttl(chosen: Settings, order_ttl_ms: int) -> Settings:
    """Settings with another life of orders."""

    def other(one: SymbolSettings) -> SymbolSettings:
        return replace(one, execution=replace(one.execution, order_ttl_ms=order_ttl_ms))

    symbols = tuple((symbol, other(one)) for symbol, one in chosen.symbols)
    return replace(chosen, symbols=symbols, default=other(chosen.default))


def flatten(w: Watched, side: PositionSide | None = None) -> None:
    """The operator wants it flat, by orders that live shortly."""
    assert w.on.app is not None
    app = w.on.app
    now = app.parts.clock.now_ms()
    app.inbox.put(Reload(now, with_ttl(app.engine.settings, 500)))
    app.inbox.put(Flatten(now, None if side is None else BTC, side))


def journalled(w: Watched, *kinds: str, **fields: str) -> list[Row]:
    """Rows of the journal whose data, or client id, say so."""
    rows: list[Row] = []
    for row in w.on.journal.rows(kinds=kinds):
        data: Mapping[str, Any] = {"client_id": row.client_id} | dict(row.data())
        if all(wanted in str(data.get(key, "")) for key, wanted in fields.items()):
            rows.append(row)
    return rows


async def reads(w: Watched, times: int, within_s: float = 20) -> None:
    """Wait until the account was read so often from now on: what is silent until then stays silent."""
    had = len(w.events(AccountSnapshot))
    await w.on.until(lambda: len(w.events(AccountSnapshot)) >= had + times, within_s, f"{times} reads of the account")


def resume(w: Watched) -> None:
    """The operator lets it go on."""
    assert w.on.app is not None
    app = w.on.app
    app.inbox.put(Resume(app.parts.clock.now_ms()))
