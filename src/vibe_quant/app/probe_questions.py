"""The questions of ``doctor --probe``, in an order in which each finds the symbol as it needs it."""

from __future__ import annotations

from collections.abc import Awaitable, Callable

from vibe_quant.app.probe_answers import Reply, refused, seen, unanswered
from vibe_quant.app.probe_desk import ProbeDesk, Sent, Unforeseen
from vibe_quant.app.probe_stream import Ear
from vibe_quant.app.probe_words import Question
from vibe_quant.ports import Rejected

POLL_S = 0.05
MISSING = -2013


class Questions:
    """One leg's.  ``order`` and ``stop`` are what rests from one question to the next."""

    def __init__(self, desk: ProbeDesk, ear: Ear) -> None:
        self._desk = desk
        self._ear = ear
        self._order: Sent | None = None
        self._stop: Sent | None = None

    def each(self) -> tuple[tuple[Question, Callable[[], Awaitable[Reply]]], ...]:
        """In order."""
        return (
            (Question.QUERY_LAG, self.query_lag),
            (Question.PRIVATE_STREAM, self.private_stream),
            (Question.CLOSERS_SUM, self.closers_sum),
            (Question.DUST_LIMIT, self.dust_limit),
            (Question.STOP_LISTED, self.stop_listed),
            (Question.SECOND_STOP, self.second_stop),
            (Question.CANCEL_ALL, self.cancel_all),
            (Question.COUNTDOWN, self.countdown),
        )

    async def query_lag(self) -> Reply:
        """An order of the whole leg is placed, and asked for at once and again until it is known."""
        desk = self._desk
        self._order = one = await desk.rest(desk.places.whole)
        taken = desk.clock.now_ms()
        denied = False
        while isinstance(answer := await desk.query(one), Rejected):
            if answer.code != MISSING:
                return unanswered(Question.QUERY_LAG, f"asked for, it was refused with {answer.code}", answer.code)
            denied = True
            if desk.clock.now_ms() - taken > desk.times.patience_ms:
                return unanswered(Question.QUERY_LAG, f"the order was still denied after {desk.times.patience_ms} ms")
            await desk.sleep(POLL_S)
        ms = desk.clock.now_ms() - taken
        text = f"denied with {MISSING}, and known {ms} ms after it was taken" if denied else f"known at once ({ms} ms)"
        return seen(Question.QUERY_LAG, denied, text, MISSING if denied else None, ms)

    async def private_stream(self) -> Reply:
        """Whether the stream has told of that order."""
        desk, ear, one = self._desk, self._ear, self._standing_order()
        if ear.up_ms is None:
            why = f": {ear.trouble}" if ear.trouble else ""
            return seen(Question.PRIVATE_STREAM, False, f"no connection could be had{why}")
        told = await self._told(one)
        if told is None:
            return seen(
                Question.PRIVATE_STREAM,
                False,
                f"connected, and silent for {desk.times.patience_ms} ms",
            )
        ms = max(0, told - one.at_ms)
        return seen(Question.PRIVATE_STREAM, True, f"the order was told of {ms} ms after it was sent", ms=ms)

    async def closers_sum(self) -> Reply:
        """One more closing order while one rests that claims the whole leg."""
        desk, first = self._desk, self._standing_order()
        if not desk.places.holds_all:
            return unanswered(Question.CLOSERS_SUM, "the leg is larger than one order may be; name a smaller one")
        answer = await desk.offer(desk.places.lot)
        if isinstance(answer, Rejected):
            return refused(Question.CLOSERS_SUM, answer)
        second = desk.must(answer, "POST order")
        both = {first.client_id, second.client_id} <= (await desk.look()).orders
        fate = "both rest" if both else "one of the two was ended by the exchange at once"
        await desk.withdraw(second)
        return seen(Question.CLOSERS_SUM, False, f"taken, and {fate}")

    async def dust_limit(self) -> Reply:
        """The least quantity, at a price at which it is worth too little."""
        desk = self._desk
        if self._order is not None:
            await desk.withdraw(self._order)
            self._order = None
        if desk.places.dust is None:
            return unanswered(
                Question.DUST_LIMIT, "the least quantity of this symbol is worth more than its least notional"
            )
        answer = await desk.offer(desk.places.dust)
        if isinstance(answer, Rejected):
            return refused(Question.DUST_LIMIT, answer)
        one = desk.must(answer, "POST order")
        await desk.withdraw(one)
        return seen(Question.DUST_LIMIT, False, f"taken: {desk.places.dust:f} at {desk.places.limit:f}")

    async def stop_listed(self) -> Reply:
        """How soon a closePosition stop is in the list by which the program goes."""
        desk = self._desk
        one = await desk.rest_stop(desk.places.stop)
        taken = desk.clock.now_ms()
        if not await desk.until(lambda now: one.client_id in now.stops, desk.times.patience_ms):
            return seen(Question.STOP_LISTED, False, f"not listed within {desk.times.patience_ms} ms")
        self._stop = one
        ms = desk.clock.now_ms() - taken
        told = await self._told(one)
        news = "the stream told nothing of it" if told is None else f"told by the stream {max(0, told - one.at_ms)} ms"
        news = news if told is None else f"{news} after it was sent"
        return seen(Question.STOP_LISTED, True, f"listed {ms} ms after it was taken; {news}", ms=ms)

    async def second_stop(self) -> Reply:
        """Another one beside it, at another price."""
        desk = self._desk
        await self._standing_stop()
        answer = await desk.offer_stop(desk.places.other_stop)
        if isinstance(answer, Rejected):
            return refused(Question.SECOND_STOP, answer)
        await desk.withdraw(desk.must(answer, "POST algoOrder"))
        return seen(Question.SECOND_STOP, False, "taken: two stood beside each other")

    async def cancel_all(self) -> Reply:
        """allOpenOrders with an order and a stop resting."""
        desk = self._desk
        stop, order = await self._standing_stop(), await desk.rest(desk.places.lot)
        await self._both_listed(order, stop)
        await desk.sweep()
        if not await desk.vanishes(order, desk.times.patience_ms):
            return unanswered(Question.CANCEL_ALL, "it was accepted, and not even the order went")
        return await self._fate(Question.CANCEL_ALL, stop)

    async def countdown(self) -> Reply:
        """countdownCancelAll with an order and a stop resting, until it has run out."""
        desk = self._desk
        stop, order = await self._standing_stop(), await desk.rest(desk.places.lot)
        await self._both_listed(order, stop)
        ms = desk.times.countdown_ms
        await desk.arm(ms)
        if not await desk.vanishes(order, ms + desk.times.patience_ms):
            return unanswered(Question.COUNTDOWN, f"a countdown of {ms} ms was accepted, and not even the order went")
        return await self._fate(Question.COUNTDOWN, stop)

    async def _fate(self, question: Question, stop: Sent) -> Reply:
        """What became of the stop, once the order has gone."""
        desk = self._desk
        if not await desk.vanishes(stop, desk.times.grace_ms):
            return seen(question, False, f"the order went, and the stop still stood {desk.times.grace_ms} ms later")
        self._stop = None
        return seen(question, True, "the stop went with the order")

    async def _both_listed(self, order: Sent, stop: Sent) -> None:
        """They rest, and nothing of others does: ``until`` looks for that too."""
        desk = self._desk
        wanted = {order.client_id, stop.client_id}
        if not await desk.until(lambda now: wanted <= now.all, desk.times.patience_ms):
            raise Unforeseen("order and stop were taken, and are not both listed")

    async def _standing_stop(self) -> Sent:
        desk = self._desk
        if self._stop is None:
            one = await desk.rest_stop(desk.places.stop)
            if not await desk.until(lambda now: one.client_id in now.stops, desk.times.patience_ms):
                raise Unforeseen("the stop was taken, and is not listed")
            self._stop = one
        return self._stop

    def _standing_order(self) -> Sent:
        if self._order is None:
            raise Unforeseen("the order that it needs does not rest")
        return self._order

    async def _told(self, one: Sent) -> int | None:
        """When the stream told of it, waited for."""
        desk = self._desk
        end = desk.clock.now_ms() + desk.times.patience_ms
        while self._ear.up_ms is not None and one.client_id not in self._ear.told and desk.clock.now_ms() < end:
            await desk.sleep(POLL_S)
        return self._ear.told.get(one.client_id)
