"""Draws the one picture of the service (domain/status.py) from the running application; looks, and changes nothing."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from decimal import Decimal
from typing import TYPE_CHECKING

from vibe_quant.domain.account import unrealized_pnl
from vibe_quant.domain.enums import ExecutionMode, PositionSide, Stream
from vibe_quant.domain.risk_settings import RiskSettings
from vibe_quant.domain.side_view import LiveOrder, PauseView, SideLook, SideView, WhyView
from vibe_quant.domain.status import LegStatus, OrderLook, StreamStatus, Why

if TYPE_CHECKING:
    from vibe_quant.app.application import Application

NAMES = {Stream.BOOK: "public", Stream.MARKET: "market", Stream.USER: "user"}


@dataclass(frozen=True, slots=True)
class Progress:
    """How far the present exit of a side has come; see ``LegStatus``."""

    begun_qty: Decimal | None = None
    done: Decimal | None = None
    eta_s: int | None = None
    arrival: Decimal | None = None
    cost_bps: Decimal | None = None


NOT_BEGUN = Progress()
SoFar = Callable[[str, PositionSide], Progress | None]


def legs(app: Application, so_far: SoFar, now: int, offset_ms: int) -> Iterator[LegStatus]:
    """Every managed side, each as it is when asked for; ``now`` monotonic, epoch ms = monotonic + ``offset_ms``."""
    engine = app.engine
    for leg in engine.legs():
        view = engine.side_view(leg.symbol, leg.side)
        look = engine.look(leg.symbol, leg.side, now)
        settings = engine.settings.of(leg.symbol)
        if view is None or look is None or settings is None:
            continue
        yield _leg(view, look, so_far(leg.symbol, leg.side) or NOT_BEGUN, ladder(settings.risk), offset_ms)


def _leg(
    view: SideView, look: SideLook, progress: Progress, rungs: tuple[tuple[str, Decimal], ...], offset_ms: int
) -> LegStatus:
    return LegStatus(
        symbol=view.symbol,
        side=view.side,
        qty=view.qty,
        entry=look.entry,
        mark=look.mark,
        bid=look.bid,
        ask=look.ask,
        upnl=_upnl(view, look),
        state=view.state,
        mode=view.mode,
        risk=view.risk,
        dist=view.dist,
        liq=look.liq,
        panic_tier=view.panic_tier,
        stop_price=look.stop_price,
        stop_standing=view.stop_standing,
        order=None if look.order is None else order_look(look.order, offset_ms),
        blocked=view.blocked,
        blocked_since_ms=epoch(view.blocked_since_ms, offset_ms),
        halted=view.halted,
        paused=look.paused,
        flattening=look.flattening,
        begun_qty=progress.begun_qty,
        done=progress.done,
        eta_s=progress.eta_s,
        arrival=progress.arrival,
        cost_bps=progress.cost_bps,
        ladder=rungs,
    )


def _upnl(view: SideView, look: SideLook) -> Decimal | None:
    if look.entry is None or look.mark is None:
        return None
    return unrealized_pnl(view.side, view.qty, look.entry, look.mark)


def order_look(order: LiveOrder, offset_ms: int) -> OrderLook:
    """An order of an earlier run has no mode that is known; what rests was a maker's."""
    mode = order.mode or ExecutionMode.MAKER_ONLY
    return OrderLook(order.client_id, order.price, order.qty, order.filled, mode, order.sent_ms + offset_ms)


def epoch(at_ms: int | None, offset_ms: int) -> int | None:
    """A monotonic moment as epoch ms."""
    return None if at_ms is None else at_ms + offset_ms


def ladder(risk: RiskSettings) -> tuple[tuple[str, Decimal], ...]:
    """Name and distance of each rung, the widest first."""
    rungs = [("soft", risk.liq_distance_threshold)]
    if risk.panic_close.enabled:
        rungs += [(f"panic {number}", tier.dist_to_liq) for number, tier in enumerate(risk.panic_close.tiers, 1)]
    if risk.protective_stop.enabled:
        rungs.append(("stop", risk.protective_stop.dist_to_liq))
    return tuple(sorted(rungs, key=lambda rung: -rung[1]))


def streams(app: Application, offset_ms: int) -> tuple[StreamStatus, ...]:
    """The three sockets; public and market are told apart by their sockets, their frames are counted together."""
    counters = app.parts.streams()
    found = []
    for stream, name in NAMES.items():
        socket = app.sockets.of[stream]
        counted = counters.get(name) or counters.get("market")
        frames = 0 if counted is None else counted.frames
        found.append(StreamStatus(name, socket.up, epoch(socket.since_ms, offset_ms), frames, socket.reconnects))
    return tuple(found)


def counts(app: Application) -> tuple[tuple[str, int], ...]:
    """What was counted since the start."""
    counted = [
        ("handled", app.consumer.handled),
        ("waiting", len(app.inbox)),
        ("longest_queue", app.inbox.longest),
        ("conflated", sum(app.inbox.conflated.values())),
        ("rows_lost", app.recorder.lost),
        ("defects", app.dispatch.defects),
        ("breaker_opened", app.breaker.opened),
    ]
    counted += [(f"sent {kind}", sent) for kind, sent in sorted(app.dispatch.sent.items())]
    counted += [(f"unseen {one.name}", one.dropped) for one in app.parts.observers if one.dropped]
    counted += [(f"failed {one.name}", one.failed) for one in app.parts.observers if one.failed]
    return tuple(counted)


def why(symbol: str, side: PositionSide, found: WhyView, offset_ms: int) -> Why:
    """The core's word, with moments as epoch ms."""
    return Why(
        symbol=symbol,
        side=side,
        acting=found.acting,
        reason=found.reason,
        inputs=found.inputs,
        since_ms=epoch(found.since_ms, offset_ms),
        counts=found.counts,
        last_reason=found.last_reason,
        last_ms=epoch(found.last_ms, offset_ms),
        advice=found.advice,
    )


def pause_words(pause: PauseView, offset_ms: int) -> str:
    """ "all", or a symbol, with its end by the wall and whether panic rests too."""
    until_ms = epoch(pause.until_ms, offset_ms)
    clock = None if until_ms is None else datetime.fromtimestamp(until_ms / 1000, UTC).strftime("%Y-%m-%d %H:%M:%S UTC")
    end = "" if clock is None else f" until {clock}"
    return f"{pause.symbol or 'all'}{end}{' (panic too)' if pause.panic else ''}"
