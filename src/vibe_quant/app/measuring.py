"""Gathers what the running application counts of itself; looks, and changes nothing."""

from __future__ import annotations

from vibe_quant.app.application import Application
from vibe_quant.binance.frame_counts import Counters
from vibe_quant.core.market import NEVER
from vibe_quant.domain.enums import PositionSide
from vibe_quant.domain.measures import Measures, Messages


def measures(app: Application | None) -> Measures:
    """Of this moment; None: nothing runs yet."""
    if app is None:
        return Measures()
    now, dispatch, levels = app.parts.clock.now_ms(), app.dispatch, app.levels
    spent = levels.spent(now)
    return Measures(
        handled=app.consumer.handled,
        waiting=len(app.inbox),
        longest=app.inbox.longest,
        conflated=sum(app.inbox.conflated.values()),
        rows_lost=app.recorder.lost,
        defects=dispatch.defects,
        breaker_opened=app.breaker.opened,
        sent=dispatch.sent,
        outcomes=dispatch.trips.outcomes,
        round_trips=dispatch.trips.times,
        commits=app.parts.commits,
        levels={level.value: (entered, spent[level]) for level, entered in levels.entered.items()},
        messages={name: _messages(counters) for name, counters in app.parts.streams().items()},
        dropped={observer.name: observer.dropped for observer in app.parts.observers},
        failed={observer.name: observer.failed for observer in app.parts.observers},
        keys=app.parts.keys(),
        market_age_ms=_market_ages(app, now),
        mark_age_ms=_mark_ages(app, now),
        gates=_gates(app),
    )


def _messages(counters: Counters) -> Messages:
    unknown, late = sum(counters.unknown.values()), sum(counters.late.values())
    return Messages(counters.frames, counters.malformed, unknown, late, sum(counters.out_of_order.values()))


def _market_ages(app: Application, now: int) -> dict[str, int]:
    """Of what is followed and was heard of."""
    ages: dict[str, int] = {}
    for symbol in app.engine.wants():
        desk = app.engine.desks.get(symbol)
        if desk is not None and (newest := max(desk.view.quote_fresh_ms, desk.view.trade_fresh_ms)) > NEVER:
            ages[symbol] = now - newest
    return ages


def _mark_ages(app: Application, now: int) -> dict[str, int]:
    ages: dict[str, int] = {}
    for symbol in app.engine.wants():
        desk = app.engine.desks.get(symbol)
        if desk is not None and desk.view.mark is not None:
            ages[symbol] = now - desk.view.mark_recv_ms
    return ages


def _gates(app: Application) -> dict[tuple[str, PositionSide], str]:
    return {
        (desk.symbol, side): one.gate.reason.name.lower()
        for desk in app.engine.desks.values()
        for side, one in desk.sides.items()
        if one.gate.reason is not None
    }
