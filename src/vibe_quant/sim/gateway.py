"""Carries intents to the exchange and its answers and pushes back, each after its latency; faults enter here.

Requests and REST answers travel independently of each other and of the stream: a cancel may overtake its order, and an
acknowledgement come after the fill it belongs to.  Pushes of the user stream never overtake each other.
"""

from __future__ import annotations

import heapq
from collections.abc import Callable
from dataclasses import dataclass
from enum import StrEnum

from vibe_quant.domain.enums import OrderType, Source, WorkingType
from vibe_quant.domain.events import DeadManAck, Event, Mark, OrderMissing, OrderResult, Refused, RulesLoaded, Unknown
from vibe_quant.domain.intents import (
    AmendOrder,
    ArmDeadMan,
    CancelOrder,
    CancelStop,
    DisarmDeadMan,
    FetchMark,
    FetchPositions,
    FetchRules,
    FetchSnapshot,
    Halt,
    Intent,
    Notify,
    OrderIntent,
    PlaceStop,
    QueryOrder,
    ReadOpenOrders,
    ReadStops,
    Request,
)
from vibe_quant.domain.requests import KINDS, client_id_of
from vibe_quant.sim import answers
from vibe_quant.sim.exchange import SimExchange
from vibe_quant.sim.latency import LatencyModel
from vibe_quant.sim.records import AlgoRequest, AmendRequest, ExchangeEvent, OrderRequest, Rejected
from vibe_quant.sim.venue import NEVER


class Hop(StrEnum):
    """Where a fault strikes."""

    REQUEST = "request"
    ANSWER = "answer"
    STREAM = "stream"


@dataclass(frozen=True, slots=True)
class Fate:
    """What becomes of one message.

    A lost REQUEST was not executed, a lost ANSWER was; for both the engine hears Unknown, ``unknown_after_ms`` after it
    sent the request (None: the gateway's timeout).  A lost push is lost for good.  ``copies``: of answers and pushes.
    """

    lost: bool = False
    delay_ms: int = 0
    copies: int = 1
    unknown_after_ms: int | None = None


SAFE = Fate()
Fault = Callable[[Hop, Request | ExchangeEvent, int], Fate | None]
"""(hop, what travels, exchange or sending time) -> its fate; None: nothing happens to it."""


class SimGateway:
    """One program's connections to a SimExchange.  ``due_request`` and ``due_delivery`` say when there is work."""

    def __init__(
        self,
        exchange: SimExchange,
        latency: LatencyModel,
        fault: Fault | None = None,
        timeout_ms: int = 5000,
    ) -> None:
        """``timeout_ms``: how long the client waits for an answer before it calls the outcome unknown."""
        self.exchange = exchange
        self.latency = latency
        self.fault = fault
        self.timeout_ms = timeout_ms
        self.due_request = NEVER
        self.due_delivery = NEVER
        self._requests: list[tuple[int, int, Request, int]] = []
        self._deliveries: list[tuple[int, int, Event]] = []
        self._seq = 0
        self._last_push = 0

    def send(self, intent: Intent, now: int) -> None:
        """Let a request leave at ``now``; Notify and Halt are not for the exchange."""
        if isinstance(intent, Notify | Halt):
            return
        fate = self._fate(Hop.REQUEST, intent, now)
        if fate.lost:
            self._unknown(intent, now, fate)
            return
        self._seq += 1
        arrival = now + self.latency.entry() + fate.delay_ms
        heapq.heappush(self._requests, (arrival, self._seq, intent, now))
        self.due_request = self._requests[0][0]

    def execute(self) -> None:
        """Let the exchange work the request that arrives first, at its time of arrival."""
        now, _, intent, sent = heapq.heappop(self._requests)
        self.due_request = self._requests[0][0] if self._requests else NEVER
        fate = self._fate(Hop.ANSWER, intent, now)
        recv = now + self.latency.response() + fate.delay_ms
        try:
            answer = self._work(intent, sent, now, recv)
        except Rejected as refusal:
            answer = _refused(intent, refusal, now, recv)
        self.collect()
        if fate.lost:
            self._unknown(intent, sent, fate)
            return
        for _ in range(fate.copies):
            self.deliver(recv, answer)

    def collect(self) -> None:
        """Put what the exchange has told onto the user stream."""
        for event in self.exchange.take_events():
            fate = self._fate(Hop.STREAM, event, event.exch_ms)
            if fate.lost:
                continue
            self._last_push = max(self._last_push, event.exch_ms + self.latency.stream() + fate.delay_ms)
            for _ in range(fate.copies):
                for told in answers.pushed(event, self._last_push):
                    self.deliver(self._last_push, told)

    def deliver(self, at: int, event: Event) -> None:
        """Hand an event to the engine at ``at``."""
        self._seq += 1
        heapq.heappush(self._deliveries, (at, self._seq, event))
        self.due_delivery = self._deliveries[0][0]

    def receive(self) -> Event:
        """Take the delivery that is due first."""
        event = heapq.heappop(self._deliveries)[2]
        self.due_delivery = self._deliveries[0][0] if self._deliveries else NEVER
        return event

    def _fate(self, hop: Hop, subject: Request | ExchangeEvent, now: int) -> Fate:
        return SAFE if self.fault is None else self.fault(hop, subject, now) or SAFE

    def _unknown(self, intent: Request, sent: int, fate: Fate) -> None:
        after = self.timeout_ms if fate.unknown_after_ms is None else fate.unknown_after_ms
        at = sent + after
        detail = f"no answer within {after} ms"
        self.deliver(at, Unknown(KINDS[type(intent)], intent.symbol or "", client_id_of(intent), at, detail))

    def _work(self, intent: Request, sent: int, now: int, recv: int) -> Event:  # noqa: C901 - one case an intent
        exchange = self.exchange
        match intent:
            case OrderIntent() | CancelOrder() | AmendOrder():
                return self._order(intent, sent, now, recv)
            case QueryOrder():
                return answers.order_read(exchange.query(intent.symbol, intent.client_id, now), recv)
            case ReadOpenOrders():
                return answers.open_orders(exchange, intent.symbol, sent, now, recv)
            case PlaceStop():
                algo = exchange.algos.place(algo_request(intent, sent), now)
                return answers.stop_report(algo, recv, Source.REST)
            case CancelStop():
                return answers.stop_report(exchange.algos.cancel(intent.client_id, now), recv, Source.REST)
            case ReadStops():
                return answers.stops(exchange, intent.symbol, sent, now, recv)
            case ArmDeadMan():
                exchange.countdowns.arm(intent.symbol, intent.countdown_ms, now)
                return DeadManAck(intent.symbol, intent.countdown_ms, recv)
            case DisarmDeadMan():
                exchange.countdowns.arm(intent.symbol, 0, now)
                return DeadManAck(intent.symbol, 0, recv)
            case FetchSnapshot():
                return answers.snapshot(exchange, intent.symbol, sent, now, recv)
            case FetchPositions():
                return answers.positions(exchange, sent, now, recv)
            case FetchMark():
                return self._mark(intent.symbol, now, recv)
            case FetchRules():
                return self._rules(intent.symbol, recv)

    def _order(self, intent: OrderIntent | CancelOrder | AmendOrder, sent: int, now: int, recv: int) -> OrderResult:
        exchange = self.exchange
        if isinstance(intent, OrderIntent):
            return answers.order_ack(exchange.place(order_request(intent), now), recv)
        if isinstance(intent, CancelOrder):
            return answers.order_read(exchange.cancel(intent.symbol, intent.client_id, now), recv, False)
        return answers.order_read(exchange.amend(amend_request(intent, sent), now), recv, False)

    def _mark(self, symbol: str, now: int, recv: int) -> Mark:
        """The exchange always has a mark; before the first of the tape it is the mid."""
        market = self.exchange.venue.market(symbol)
        quote = market.quote
        mark = market.mark
        if mark is None and quote is not None and quote.bid and quote.ask:
            mark = (quote.bid + quote.ask) / 2
        if mark is None:
            raise Rejected(-1122, "Invalid symbol status: neither a mark price nor a quote yet.")
        return Mark(symbol, now, recv, mark, None, market.funding_rate, Source.REST)

    def _rules(self, symbol: str, recv: int) -> RulesLoaded:
        market = self.exchange.venue.market(symbol)
        account = self.exchange.account
        return RulesLoaded(market.rules, recv, market.brackets, account.maker_fee, account.taker_fee)


def _refused(intent: Request, refusal: Rejected, now: int, recv: int) -> Event:
    if isinstance(intent, QueryOrder) and refusal.code == -2013:
        return OrderMissing(intent.symbol, intent.client_id, now, recv)
    kind, client_id = KINDS[type(intent)], client_id_of(intent)
    return Refused(kind, intent.symbol or "", client_id, refusal.code, recv, now, refusal.message)


def order_request(intent: OrderIntent) -> OrderRequest:
    """POST order as the intent means it."""
    return OrderRequest(
        symbol=intent.symbol,
        side=intent.side,
        position_side=intent.position_side,
        order_type=intent.order_type,
        client_id=intent.client_id,
        timestamp_ms=intent.timestamp_ms,
        qty=intent.qty,
        price=intent.price,
        time_in_force=intent.time_in_force if intent.order_type is OrderType.LIMIT else None,
        price_match=intent.price_match,
        recv_window_ms=intent.recv_window_ms,
    )


def amend_request(intent: AmendOrder, sent: int) -> AmendRequest:
    """PUT order, signed at ``sent`` (epoch ms)."""
    return AmendRequest(
        symbol=intent.symbol,
        side=intent.position_side.exit_side,
        client_id=intent.client_id,
        qty=intent.qty,
        price=intent.price,
        timestamp_ms=sent,
    )


def algo_request(intent: PlaceStop, sent: int) -> AlgoRequest:
    """POST algoOrder, signed at ``sent`` (epoch ms)."""
    return AlgoRequest(
        symbol=intent.symbol,
        side=intent.side,
        position_side=intent.position_side,
        order_type=OrderType.STOP_MARKET,
        client_id=intent.client_id,
        trigger_price=intent.trigger_price,
        timestamp_ms=sent,
        qty=intent.qty,
        close_position=intent.qty is None,
        working_type=WorkingType.MARK_PRICE,
    )
