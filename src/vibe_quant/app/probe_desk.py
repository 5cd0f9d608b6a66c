"""The probe's hands: places, cancels and looks, each order recorded before it leaves; anything doubtful ends the probe.

It can express a post-only closing LIMIT far from the market and a closing STOP_MARKET far from it, and nothing else.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Collection
from dataclasses import dataclass, field
from decimal import Decimal
from typing import TypeVar

from vibe_quant.app.patience import is_passing
from vibe_quant.app.probe_places import Places
from vibe_quant.app.time_sync import why
from vibe_quant.binance.adapter import ExchangeAdapter
from vibe_quant.core.execution import RECV_WINDOW_MS
from vibe_quant.core.stop_ids import StopIds
from vibe_quant.domain import events as ev
from vibe_quant.domain.codes import Reaction, reaction_of
from vibe_quant.domain.enums import ExecutionMode, OrderStatus, OrderType, PositionSide, SignalReason, TimeInForce
from vibe_quant.domain.intents import CancelOrder, CancelStop, OrderIntent, PlaceStop, QueryOrder
from vibe_quant.ports import Accepted, AuthLost, Clock, Outcome, Rejected

T = TypeVar("T")
REASON = "probe"
UNKNOWN_ORDER = -2011
ENDS_ALL = frozenset({Reaction.HALT, Reaction.HALT_SIDE, Reaction.RELOAD})
"""Refusals that say nothing of the question: the account, the key or the symbol is not as it was."""


class ProbeStopped(Exception):  # noqa: N818 - what became of it
    """Nothing more is asked; the message says why."""


class Unforeseen(Exception):  # noqa: N818 - what became of a question
    """Refused where the question wants it taken; the message has the code."""


@dataclass(frozen=True, slots=True)
class ProbeTimes:
    """ms: the countdown that is asked for, how long one waits for news and for what vanishes, between two looks."""

    countdown_ms: int = 5000
    patience_ms: int = 10_000
    grace_ms: int = 5000
    look_ms: int = 250
    clean_ms: int = 60_000


@dataclass(slots=True)
class Sent:
    """One order or stop of the probe; for certain: ``acked``, it was taken; ``gone``, nothing of it stands."""

    client_id: str
    is_stop: bool
    at_ms: int
    acked: bool = False
    gone: bool = False


@dataclass(frozen=True, slots=True)
class Standing:
    """What rests in the symbol: client ids of the probe's own, and of everybody else's."""

    orders: frozenset[str]
    stops: frozenset[str]
    others: tuple[str, ...]

    @property
    def all(self) -> frozenset[str]:
        """The probe's own of both kinds."""
        return self.orders | self.stops


@dataclass(slots=True)
class ProbeDesk:
    """One leg, and what the probe has sent for it.  ``run`` is the token of this probe."""

    exchange: ExchangeAdapter
    clock: Clock
    symbol: str
    side: PositionSide
    places: Places
    prefix: str
    run: str
    times: ProbeTimes
    sent: list[Sent] = field(default_factory=list)
    armed_until_ms: int | None = None
    """A countdown may run until then, monotonic ms."""
    sleep: Callable[[float], Awaitable[None]] = asyncio.sleep
    _stop_ids: StopIds = field(init=False)

    def __post_init__(self) -> None:
        self._stop_ids = StopIds(self.prefix, self.run)

    async def offer(self, qty: Decimal) -> Outcome[Sent]:
        """Send a post-only closing LIMIT at the far price; a refusal of business is an outcome.

        Raises:
            ProbeStopped: whatever says nothing of the question.
        """
        now = self.clock.now_ms()
        one = self._recorded(Sent(f"{self.prefix}-{self.run}-{len(self.sent) + 1}", False, now))
        intent = OrderIntent(
            symbol=self.symbol,
            position_side=self.side,
            client_id=one.client_id,
            order_type=OrderType.LIMIT,
            qty=qty,
            price=self.places.limit,
            time_in_force=TimeInForce.GTX,
            mode=ExecutionMode.MAKER_ONLY,
            reason=SignalReason.PATIENT,
            timestamp_ms=self.clock.server_ms(),
            recv_window_ms=RECV_WINDOW_MS,
        )
        answer = await self.exchange.submit(intent)
        self._check(f"POST order {one.client_id}", answer, one)
        if isinstance(answer, Accepted) and answer.value.status is not OrderStatus.NEW:
            raise ProbeStopped(f"order {one.client_id} is {answer.value.status} where it should rest")
        return Accepted(one) if isinstance(answer, Accepted) else answer

    async def offer_stop(self, trigger: Decimal) -> Outcome[Sent]:
        """Send a closePosition STOP_MARKET; as ``offer``."""
        one = Sent(self._stop_ids.new_id(self.symbol, self.side), True, self.clock.now_ms())
        stop = PlaceStop(self.symbol, self.side, self._recorded(one).client_id, trigger, None, REASON)
        answer = await self.exchange.place_stop(stop)
        self._check(f"POST algoOrder {one.client_id}", answer, one)
        return Accepted(one) if isinstance(answer, Accepted) else answer

    async def rest(self, qty: Decimal) -> Sent:
        """``offer`` where it must be taken; raises Unforeseen where it is not."""
        return _taken(await self.offer(qty), f"a closing LIMIT of {qty:f} at {self.places.limit:f}")

    async def rest_stop(self, trigger: Decimal) -> Sent:
        """``offer_stop`` where it must be taken; raises Unforeseen where it is not."""
        return _taken(await self.offer_stop(trigger), f"a closePosition stop at {trigger:f}")

    async def withdraw(self, one: Sent) -> None:
        """Cancel it and see it gone."""
        answer = await self.cancel(one)
        self._check(f"the cancel of {one.client_id}", answer, None)
        if isinstance(answer, Rejected) and answer.code != UNKNOWN_ORDER:
            raise ProbeStopped(f"{one.client_id} could not be cancelled ({why(answer)})")
        if not await self.vanishes(one, self.times.patience_ms):
            raise ProbeStopped(f"{one.client_id} is still listed after it was cancelled")
        one.gone = True

    async def vanishes(self, one: Sent, within_ms: int) -> bool:
        """Whether it is no longer listed, looked at until then."""
        return await self.until(lambda now: one.client_id not in now.all, within_ms)

    async def until(self, seen: Callable[[Standing], bool], within_ms: int) -> bool:
        """Look until it is so, or the time is over; whether it is."""
        end = self.clock.now_ms() + within_ms
        while not seen(await self.look()):
            if self.clock.now_ms() >= end:
                return False
            await self.pause()
        return True

    async def cancel(self, one: Sent) -> Outcome[object]:
        """Ask for its end, once."""
        if one.is_stop:
            return await self.exchange.cancel_stop(CancelStop(self.symbol, self.side, one.client_id, REASON))
        return await self.exchange.cancel(CancelOrder(self.symbol, one.client_id, REASON))

    async def query(self, one: Sent) -> Outcome[ev.OrderUpdate]:
        """GET order; "does not exist" is an outcome."""
        answer = await self.exchange.query(QueryOrder(self.symbol, one.client_id))
        self._check(f"GET order {one.client_id}", answer, None)
        return answer

    async def arm(self, countdown_ms: int) -> None:
        """Start the exchange's countdown; the symbol must hold nothing of others."""
        self.armed_until_ms = self.clock.now_ms() + countdown_ms + self.times.patience_ms
        self.must(await self.exchange.countdown(self.symbol, countdown_ms), "countdownCancelAll")

    async def sweep(self) -> None:
        """DELETE allOpenOrders; the symbol must hold nothing of others."""
        self.must(await self.exchange.cancel_all(self.symbol), "DELETE allOpenOrders")

    async def look(self) -> Standing:
        """What rests now; raises ProbeStopped where somebody else's order has come."""
        orders = self.must(await self.exchange.open_orders(self.symbol), "openOrders")
        stops = self.must(await self.exchange.open_stops(self.symbol), "openAlgoOrders")
        found = standing(orders, stops, {one.client_id for one in self.sent})
        if found.others:
            listed = ", ".join(found.others)
            raise ProbeStopped(f"an order of others has come to rest in {self.symbol} ({listed}); it is left alone")
        return found

    async def pause(self) -> None:
        """Until the next look."""
        await self.sleep(self.times.look_ms / 1000)

    def must(self, answer: Outcome[T], what: str) -> T:
        """The value; raises ProbeStopped for anything else."""
        if not isinstance(answer, Accepted):
            raise ProbeStopped(f"{what} was not answered as it must be: {why(answer)}")
        return answer.value

    def _recorded(self, one: Sent) -> Sent:
        self.sent.append(one)
        return one

    def _check(self, what: str, answer: Outcome[object], one: Sent | None) -> None:
        """Note what is known of ``one`` now, and stop where the answer says nothing of the question."""
        if isinstance(answer, Accepted):
            if one is not None:
                one.acked = True
            return
        reaction = reaction_of(answer.code) if isinstance(answer, Rejected) else None
        if one is not None and reaction not in (None, Reaction.VERIFY):
            one.gone = True
        if is_passing(answer) or isinstance(answer, AuthLost) or reaction in ENDS_ALL:
            raise ProbeStopped(f"{what}: {why(answer)}")


def standing(orders: ev.OpenOrdersRead, stops: ev.StopsRead, own: Collection[str]) -> Standing:
    """What two reads show; ``own``: the client ids that are the probe's."""
    listed = [one.client_id for one in orders.orders]
    waiting = [one.client_id for one in stops.stops if not one.status.is_final]
    return Standing(
        frozenset(own).intersection(listed),
        frozenset(own).intersection(waiting),
        tuple(one for one in (*listed, *waiting) if one not in own),
    )


def _taken(answer: Outcome[Sent], what: str) -> Sent:
    if not isinstance(answer, Accepted):
        raise Unforeseen(f"{what} was refused ({why(answer)})")
    return answer.value
