"""Whether the service does all that it is there for: at work, with its streams, each leg known and under its stop."""

from __future__ import annotations

from typing import TYPE_CHECKING

from vibe_quant.core.engine import Engine

if TYPE_CHECKING:
    from vibe_quant.app.application import Application

REFUSED = "the start was refused: nothing but protective stops is placed"
UNCHECKED = "the checks of the start are not over"
UNSETTLED = "the start is not over: what earlier runs have left is being settled"
NO_STREAMS = "not every stream has come up yet"


def unready(app: Application | None) -> str | None:
    """What the start still waits for; None: it is over.  A start that was refused never is."""
    if app is None:
        return UNCHECKED
    if not app.at_work:
        return REFUSED if app.refused else UNSETTLED
    return NO_STREAMS if app.ready_ms is None else unprotected(app.engine)


def ready(app: Application | None) -> bool:
    """Whether it does at this moment: the start is over, and no stream has gone since."""
    return app is not None and unready(app) is None and all(socket.up for socket in app.sockets.of.values())


def unprotected(engine: Engine) -> str | None:
    """The first leg that is not known, or could be liquidated and has no stop that was read back; None: none."""
    legs = engine.legs()
    for leg in legs:
        if not leg.known:
            return f"{leg.symbol} {leg.side}: it is not known yet what is held"
    for leg in legs:
        side = engine.desks[leg.symbol].sides[leg.side]
        if leg.qty > 0 and not (side.stop.standing or (side.flag.known and not side.stop.course.wanted)):
            return f"{leg.symbol} {leg.side}: its protective stop does not stand yet"
    return None
