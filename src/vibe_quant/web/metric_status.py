"""Metrics out of the picture of the service and of what it counts of itself, at the moment of a scrape."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from decimal import Decimal
from typing import Final

from vibe_quant.domain.measures import Measures
from vibe_quant.domain.status import LegStatus, Status
from vibe_quant.web import metric_families as m
from vibe_quant.web.exposition import Block, Family, Number, Values, one

PHASES = ("starting", "working", "protecting", "stopping")
BPS = Decimal(10_000)
Rows = Iterator[tuple[Values, Number]]


def service(status: Status, measures: Measures) -> Iterator[Block]:
    """Whether it works, where news comes from, and whether the record is kept."""
    yield m.INFO, [((status.venue, status.version), 1)]
    yield one(m.STARTED, status.started_ms / 1000)
    yield one(m.CLOCK, status.now_ms / 1000)
    yield one(m.READY, int(status.ready))
    yield m.PHASE, (((phase,), int(phase == status.phase)) for phase in PHASES)
    yield one(m.HELD, int(status.held is not None))
    yield one(m.PAUSES, len(status.paused))
    yield m.LEVEL, (((level,), int(level == status.level)) for level in measures.levels)
    yield m.LEVEL_TIME, (((level,), ms / 1000) for level, (_, ms) in measures.levels.items())
    yield m.LEVEL_ENTERED, (((level,), entered) for level, (entered, _) in measures.levels.items())
    yield one(m.BREAKER, int(status.breaker_open))
    yield one(m.BREAKER_OPENED, measures.breaker_opened)
    yield one(m.DEFECTS, measures.defects)
    yield m.TELEGRAM, _phone(status)
    yield one(m.JOURNAL_OK, int(not status.journal_trouble))
    yield one(m.ROWS_LOST, measures.rows_lost)
    yield m.COMMIT, [((), measures.commits)]


def news(status: Status, measures: Measures) -> Iterator[Block]:
    """Streams, their messages, how old they are, and the queue."""
    streams = status.streams
    yield m.STREAM_UP, (((stream.name,), int(stream.up)) for stream in streams)
    since = ((stream.name, stream.since_ms) for stream in streams if stream.since_ms is not None)
    yield m.STREAM_SINCE, (((name,), (status.now_ms - ms) / 1000) for name, ms in since)
    yield m.RECONNECTS, (((stream.name,), stream.reconnects) for stream in streams)
    yield m.MESSAGES, (((codec,), read.frames) for codec, read in measures.messages.items())
    yield m.ODD, _odd(measures)
    yield m.MARKET_AGE, _seconds(measures.market_age_ms)
    yield m.MARK_AGE, _seconds(measures.mark_age_ms)
    keys = measures.keys
    yield m.KEYS, [(("extended",), keys.extended), (("failed",), keys.failed), (("replaced",), keys.replaced)]
    yield one(m.EVENTS, measures.handled)
    yield one(m.WAITING, measures.waiting)
    yield one(m.LONGEST, measures.longest)
    yield one(m.CONFLATED, measures.conflated)
    yield m.MISSED, (((name,), missed) for name, missed in measures.dropped.items())
    yield m.SKIPPED, (((name,), skipped) for name, skipped in measures.failed.items())


def requests(status: Status, measures: Measures) -> Iterator[Block]:
    """What was asked of the exchange."""
    yield m.SENT, (((str(kind),), count) for kind, count in measures.sent.items())
    yield m.OUTCOMES, (((str(kind), what), count) for (kind, what), count in measures.outcomes.items())
    yield m.ROUND_TRIP, (((str(kind),), spread) for kind, spread in measures.round_trips.items())
    yield one(m.WEIGHT, status.weight_used)
    yield one(m.WEIGHT_LIMIT, status.weight_limit)


Look = Callable[[LegStatus, int], Number | None]
LEGS: Final[tuple[tuple[Family, Look], ...]] = (
    (m.QTY, lambda leg, _: leg.qty),
    (m.NOTIONAL, lambda leg, _: None if leg.mark is None else leg.qty * leg.mark),
    (m.UPNL, lambda leg, _: leg.upnl),
    (m.DISTANCE, lambda leg, _: leg.dist),
    (m.RISK, lambda leg, _: leg.risk),
    (m.TIER, lambda leg, _: 0 if leg.panic_tier is None else leg.panic_tier + 1),
    (m.STOP_WANTED, lambda leg, _: int(_wants_stop(leg))),
    (m.STOP_STANDING, lambda leg, _: int(leg.stop_standing)),
    (m.STOP_DISTANCE, lambda leg, _: _stop_distance(leg)),
    (m.BLOCKED_FOR, lambda leg, now: None if leg.blocked_since_ms is None else (now - leg.blocked_since_ms) / 1000),
    (m.HALTED, lambda leg, _: int(leg.halted is not None)),
    (m.PAUSED, lambda leg, _: int(leg.paused)),
    (m.FLATTENING, lambda leg, _: int(leg.flattening)),
    (m.DONE, lambda leg, _: leg.done),
    (m.ETA, lambda leg, _: leg.eta_s),
    (m.COST_SO_FAR, lambda leg, _: None if leg.cost_bps is None else leg.cost_bps / BPS),
)


def legs(status: Status, measures: Measures) -> Iterator[Block]:
    """Each managed side; what is not known of it has no line."""
    named = [((leg.symbol, leg.side.value), leg) for leg in status.legs]
    for family, look in LEGS:
        found = ((values, look(leg, status.now_ms)) for values, leg in named)
        yield family, ((values, number) for values, number in found if number is not None)
    yield m.STATE, (((*values, leg.state.value, leg.mode.value), 1) for values, leg in named)
    yield m.RUNG, (((*values, rung), at) for values, leg in named for rung, at in leg.ladder)
    yield m.BLOCKED, (((symbol, side.value, gate), 1) for (symbol, side), gate in measures.gates.items())


def _wants_stop(leg: LegStatus) -> bool:
    return leg.qty > 0 and leg.liq is not None and any(rung == "stop" for rung, _ in leg.ladder)


def _stop_distance(leg: LegStatus) -> Decimal | None:
    if not leg.stop_standing or leg.stop_price is None or not leg.mark:
        return None
    return abs(leg.mark - leg.stop_price) / leg.mark


def _phone(status: Status) -> Rows:
    """What waits is no count that only grows."""
    for name, count in status.counts:
        front, _, what = name.partition("_")
        if front == "telegram" and what != "waiting":
            yield (what,), count


def _odd(measures: Measures) -> Rows:
    for codec, read in measures.messages.items():
        for how in ("malformed", "unknown", "late", "out_of_order"):
            yield (codec, how), getattr(read, how)


def _seconds(ages: Mapping[str, int]) -> Rows:
    yield from (((symbol,), ms / 1000) for symbol, ms in ages.items())
