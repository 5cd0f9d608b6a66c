"""What is promised in any weather, and which fault suspends which promise for how long: the table, and who looks.

A leg without its stop is measured by the exchange's own records, in ms of its clock.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal

from tests.e2e.request_scenes import Asked
from tests.e2e.stage import BARE_MS, START_MS, Stage
from tests.e2e.truth import Leg
from tests.e2e.weather import Strike, Weather

from vibe_quant.domain.enums import PositionSide, SignalReason
from vibe_quant.domain.events import Refused
from vibe_quant.domain.intents import OrderIntent
from vibe_quant.sim.liquidation import of_symbol

D = Decimal
LOOK_S = 0.05
STOP_AT = D("0.0065")
"""So near to liquidation no stop can be placed (or is in its two quiet seconds): where it belongs is gone through."""
UNDER_WAY_MS = 2000
"""So long after an answer requests may still arrive that were sent before it; a loaded machine has them wait."""
UNSEEN_MS = 5000 + 4000
"""The bound while nobody can tell the program that a stop is gone: ``reconcile_interval_s`` and what reading takes."""
PAUSE_MS = 10_000
"""The longest pause between two tries to place a stop; they double, so one is no longer than the trouble has lasted."""

CANNOT_PLACE: Mapping[str, int] = {
    "request_lost": 0,
    "unknown_503": 2000,  # not listed two seconds after
    "timeout_1007": 2000,
    "proxy_error": 2000,
    "ack_lost": 2000,
    "ack_late": 2000,
    "ack_doubled": 2000,
    "request_late": 6000,  # the request is still under way when the fault is over
    "timestamp_1021": 5000,  # the clock is measured again once in 5 s at most
    "clock_off": 5000,
    "refuse": 0,
    "unavailable_503": 0,
    "internal_1001": 0,
    "maintenance": 2000,  # the open breaker
    "limit_429": 0,
    "ban_418": 0,
    "key_revoked": 0,
    "overload_1008": 0,
    "orders_spent": 0,  # until the minute turns
    "symbol_status": 0,
    "gap": 4000,  # a stop that fires into it is rejected; two quiet seconds, and what reading and placing take
    "hedge_mode_off": 1 << 40,
}
"""While it lasts no stop may be to be had, where it strikes the placing; and so long after, besides the pause."""
CANNOT_SEE = frozenset(
    (
        "event_late",
        "event_lost",
        "listen_key_bogus",
        "listen_key_expired",
        "sockets_closed",
        "sockets_silent",
        "sockets_half_open",
        "stale_read",
    )
)
"""While it lasts, or until the next comparison, the bound is ``UNSEEN_MS``."""
MAY_REFUSE_THE_START = frozenset(("key_revoked", "hedge_mode_off", "clock_off", "timestamp_1021"))
MAY_HALT = (frozenset(("refuse",)), frozenset(("key_revoked",)), frozenset(("kill", "request_late")))
"""After one of these (all of its kinds) an operator may be needed (Resume): five refusals in a row, a key taken away,
an order of a dead run that came so late that it seems to be another instance's."""
OTHERS_CLOSE = CANNOT_SEE | frozenset(
    ("position_closed", "adl", "foreign_order", "liquidation", "hedge_mode_off", "refuse", "kill", "ack_doubled")
)
"""With one of these an order may be for more than there is, which the exchange refuses."""
SLOW = frozenset(("orders_spent",))
"""After these it may take the rest of a minute, and one more."""


@dataclass(frozen=True, slots=True)
class Span:
    """From when to when, ms of the exchange's clock."""

    start: int
    end: int


def merged(spans: Iterable[Span]) -> list[Span]:
    """Those that touch made one."""
    done: list[Span] = []
    for span in sorted(spans, key=lambda s: s.start):
        if done and span.start <= done[-1].end:
            done[-1] = Span(done[-1].start, max(span.end, done[-1].end))
        else:
            done.append(span)
    return done


def cannot_place(strike: Strike) -> bool:
    """Whether the placing of stops is struck."""
    if strike.kind not in CANNOT_PLACE:
        return False
    default = () if strike.kind not in ("ack_late", "ack_lost", "ack_doubled") else ("POST /fapi/v1/order",)
    endpoints = strike.endpoints or default
    return not endpoints or any(one in ("*", "POST /fapi/v1/algoOrder") for one in endpoints)


def cannot_see(strike: Strike) -> bool:
    """Whether the news of stops and legs, or the reading of them, is struck."""
    reads = any(one == "*" or one.startswith("GET /fapi/v3") or "openAlgo" in one for one in strike.endpoints)
    return strike.kind in CANNOT_SEE or reads or strike.kind in ("limit_429", "ban_418", "maintenance", "key_revoked")


def suspended(befell: Sequence[tuple[Strike, Span]], dead: Iterable[Span]) -> list[Span]:
    """When no stop is promised.

    While placing is struck, and a pause as long as that has lasted; while no program runs; at a start, which begins
    anew when what it met is over.
    """
    placing = merged(Span(s.start, s.end + CANNOT_PLACE[strike.kind]) for strike, s in befell if cannot_place(strike))
    pauses = [Span(s.start, s.end + min(PAUSE_MS, s.end - s.start) + 1000) for s in placing]
    met = merged([*pauses, *(span for strike, span in befell if cannot_see(strike))])
    starts = [Span(d.start, max([d.end, *(m.end + START_MS for m in met if touch(m, d))])) for d in dead]
    return merged([*pauses, *starts])


def touch(one: Span, other: Span) -> bool:
    """Whether they have a moment in common."""
    return one.start <= other.end and other.start <= one.end


def unseen(befell: Iterable[tuple[Strike, Span]]) -> list[Span]:
    """When the longer bound holds."""
    return merged(Span(span.start, span.end + UNSEEN_MS) for strike, span in befell if cannot_see(strike))


def without(span: Span, spans: Iterable[Span]) -> list[Span]:
    """What is left of a stretch."""
    left, at = [], span.start
    for gone in spans:
        if gone.end <= at or gone.start >= span.end:
            continue
        if gone.start > at:
            left.append(Span(at, gone.start))
        at = max(at, gone.end)
    return [*left, Span(at, span.end)] if at < span.end else left


class Witness:
    """Looks at the exchange all along: when a leg that is owed a stop stood without."""

    def __init__(self, on: Stage) -> None:
        self._on = on
        self.bare: list[tuple[Leg, Span]] = []
        self.near: list[Span] = []
        self._since: dict[Leg, int] = {}

    async def watch(self) -> None:
        """Until cancelled."""
        while True:
            self.look()
            await asyncio.sleep(LOOK_S)

    def look(self) -> None:
        """Once."""
        box = self._on.server.box
        owed = {leg for leg in self._on.truth.bare_now() if self._owed(leg)}
        for leg in [leg for leg in self._since if leg not in owed]:
            self.bare.append((leg, Span(self._since.pop(leg), box.now)))
        for leg in owed:
            self._since.setdefault(leg, box.now)

    def end(self) -> None:
        """What lasts is over."""
        now = self._on.server.box.now
        self.bare += [(leg, Span(since, now)) for leg, since in self._since.items()]
        self._since.clear()

    def _owed(self, leg: Leg) -> bool:
        account = self._on.server.box.exchange.account
        price = of_symbol(account, *leg)
        mark = account.markets[leg[0]].mark
        if price is None or mark is None:
            return False
        dist = (mark - price) / mark if leg[1] is PositionSide.LONG else (price - mark) / mark
        return dist > STOP_AT and dist < D("0.9")


def too_long_bare(
    bare: Iterable[tuple[Leg, Span]], befell: Sequence[tuple[Strike, Span]], dead: Iterable[Span]
) -> list[str]:
    """Stretches beyond the bounds."""
    excused, longer = suspended(befell, dead), unseen(befell)
    found = []
    for leg, span in bare:
        for left in without(span, excused):
            bound = UNSEEN_MS if any(touch(left, s) for s in longer) else BARE_MS + 1000
            if left.end - left.start > bound:
                found.append(f"{leg} bare for {left.end - left.start} ms from {left.start}, bound {bound}")
    return found


def foreign_touched(asked: Iterable[Asked], prefix: str) -> list[str]:
    """Requests that would cancel what is not ours."""
    deletes = [one for one in asked if one.endpoint.startswith("DELETE") and "rder" in one.endpoint]
    return [f"{one.endpoint} {dict(one.params)}" for one in deletes if not one.client_id.startswith(f"{prefix}-")]


def sent_though_told(
    kind: str,
    asked: Sequence[Asked],
    befell: Iterable[tuple[Strike, Span]],
    starts: Iterable[int],
    may: Callable[[Asked], bool] = lambda _: False,
) -> list[str]:
    """Requests after a program was told to wait, and what was under way has come; each start is told anew."""
    found = []
    for span in [span for strike, span in befell if strike.kind == kind]:
        told: int | None = None
        for one in asked:
            if not span.start <= one.at_ms < span.end or may(one):
                continue
            if told is None or any(told < start <= one.at_ms for start in starts):
                told = one.at_ms if one.faults and all(kind in name for name in one.faults) else None
            elif one.at_ms > told + UNDER_WAY_MS:
                found.append(f"{one.endpoint} {one.client_id} {one.at_ms - told} ms after {kind} was told")
    return found


def discretionary_of(on: Stage) -> Callable[[Asked], bool]:
    """Whether a request places or changes an order that neither panic nor a stop needs."""
    urgent = (SignalReason.PANIC, SignalReason.STOP_THROUGH, SignalReason.STOP_REMAINDER)
    orders = {i.client_id for i in on.intents if isinstance(i, OrderIntent) and i.reason not in urgent}
    return lambda one: one.endpoint in ("POST /fapi/v1/order", "PUT /fapi/v1/order") and one.client_id in orders


def over_closers(on: Stage, kinds: frozenset[str]) -> list[str]:
    """Refusals for more than there was (-2022), where nobody else has closed and the program was told of everything."""
    if kinds & OTHERS_CLOSE or any(o.client_id.startswith(f"{on.truth.prefix}-ps-") for o in on.truth.orders):
        return []
    return [f"{e.client_id} {e.message}" for e in on.events if isinstance(e, Refused) and e.code == -2022]


def added(on: Stage) -> dict[Leg, Decimal]:
    """What others have added to each leg."""
    total: dict[Leg, Decimal] = {}
    for trade in on.server.box.history.trades:
        leg = (trade.symbol, trade.position_side)
        if trade.side is not trade.position_side.exit_side:
            total[leg] = total.get(leg, D(0)) + trade.qty
    return total


def said(weather: Weather) -> str:
    """How to live it again."""
    kept = ",".join(str(number) for number in range(len(weather.strikes)))
    again = f"VQ_WEATHER_SEEDS={weather.seed} VQ_WEATHER_ONLY={kept}"
    return f"{weather}\nagain: {again} .venv/bin/python -m pytest tests/e2e/test_weather.py -m slow\n"
