"""The exchange in a box: one account's exchange with its markets, front and faults, driven by requests and by time."""

from __future__ import annotations

import heapq
from collections.abc import Callable, Sequence
from random import Random
from string import ascii_letters, digits

from vibe_quant.sim.exchange import SimExchange
from vibe_quant.sim.feed import Feed
from vibe_quant.sim.front.account.account_calls import AccountCalls
from vibe_quant.sim.front.auth import ApiKeyPair, Keys
from vibe_quant.sim.front.bare_legs import BareLegs
from vibe_quant.sim.front.box_markets import open_markets, play, seat
from vibe_quant.sim.front.box_options import BoxOptions
from vibe_quant.sim.front.control import Control
from vibe_quant.sim.front.endpoint import Endpoint
from vibe_quant.sim.front.faults import FaultPlan, RequestFate, read_faults
from vibe_quant.sim.front.gatekeeper import Gate
from vibe_quant.sim.front.http import HttpRequest, HttpResponse, encode
from vibe_quant.sim.front.limits import LimitRules, Limits
from vibe_quant.sim.front.market.board import Board
from vibe_quant.sim.front.market.exchange_info import RequestLimits
from vibe_quant.sim.front.market.market_calls import MarketCalls
from vibe_quant.sim.front.orders.algo_calls import AlgoCalls
from vibe_quant.sim.front.orders.history import History
from vibe_quant.sim.front.orders.order_calls import OrderCalls
from vibe_quant.sim.front.orders.user_events import UserEvents
from vibe_quant.sim.front.params import Params
from vibe_quant.sim.front.streams.hub import Hub
from vibe_quant.sim.front.streams.listen_keys import KeyCalls, ListenKeys
from vibe_quant.sim.front.streams.user_frame import UserFrame
from vibe_quant.sim.front.streams.wire import HubLimits
from vibe_quant.sim.front.travel import Travel
from vibe_quant.sim.records import ExecType, OrderEvent, Rejected
from vibe_quant.sim.venue import NEVER

KEY_LENGTH = 64
WARM_UP_MS = 2_000
WARM_UP_EVENTS = 2_000
"""How long the markets have run when the exchange opens, so that it has marks and trades, and the most that each tells
meanwhile: a fast one stands still then until the opening."""


class Box:
    """Sans-I/O: all times are epoch milliseconds of the exchange and never run backwards.

    ``advance`` lets time pass, ``arrive`` and ``work`` take a request (with the fault between them that may delay,
    double or lose it), ``hub.open`` takes a socket.  ``hmac_key`` and ``hmac_secret`` sign.
    """

    def __init__(self, options: BoxOptions, now: int, on_defect: Callable[[Exception], None] | None = None) -> None:
        """Open the exchange at ``now``.

        Raises:
            BoxError: the options do not fit each other.
            FaultError: a fault cannot be followed.
        """
        self.options = options
        self.now = now - WARM_UP_MS
        self.instruments = {source.instrument.symbol: source.instrument for source in options.markets}
        symbols = {name: (instrument.rules, instrument.brackets) for name, instrument in self.instruments.items()}
        self.exchange = SimExchange(symbols, options.wallets, options.switches)
        self.hmac_key, self.hmac_secret = _credentials(options.seed)
        self.keys = Keys([ApiKeyPair(self.hmac_key, self.hmac_secret)])
        self.limits = Limits(LimitRules(options.weight_limit, *options.order_limits))
        self.listen_keys = ListenKeys(options.seed, options.switches)
        sockets = HubLimits(ping_every_ms=options.ping_every_ms, life_ms=options.socket_life_ms)
        self.hub = Hub(self.listen_keys, sockets, options.switches)
        self.board = Board(self.exchange, self.instruments, self.hub, options.seed)
        self.history = History()
        self.bare_legs = BareLegs(self.exchange)
        self.gate = Gate(self._endpoints(), self.keys, self.limits, options.switches, on_defect)
        self.user_events = UserEvents(self.instruments, options.switches)
        declared = read_faults(options.faults)
        self.plan = FaultPlan((), options.seed, now)
        self.travel = Travel(options.latency_ms, options.seed)
        self.control = Control(self)
        self._late: list[tuple[int, int, UserFrame]] = []
        self._told = 0
        self.feed = Feed(open_markets(options, self.now), self.now, options.speed)
        if self.advance(now, most=WARM_UP_EVENTS * len(self.instruments)):
            self.postpone(now)
            self.advance(now)
        seat(options, self.exchange, now)
        self.bare_legs.note(now)
        self.plan.add(declared, now)
        self.gate.past.kept = self.plan.looks_back

    def _endpoints(self) -> list[Endpoint]:
        exchange, instruments = self.exchange, self.instruments
        limits = RequestLimits(self.options.weight_limit, *self.options.order_limits)
        return [
            *MarketCalls(exchange, instruments, self.board, limits).endpoints(),
            *OrderCalls(exchange, instruments, self.history).endpoints(),
            *AlgoCalls(exchange, instruments).endpoints(),
            *AccountCalls(exchange, instruments, self.history, self.options.permissions, self.limits.rules).endpoints(),
            *KeyCalls(self.listen_keys).endpoints(),
        ]

    @property
    def due(self) -> int:
        """When ``advance`` has something to do."""
        return min(self.feed.due, self._due_besides())

    def _due_besides(self) -> int:
        late = self._late[0][0] if self._late else NEVER
        return min(late, self.exchange.venue.due, self.board.due, self.plan.due, self.hub.due)

    def advance(self, now: int, most: int | None = None) -> bool:
        """Let everything happen that is due until ``now``, each at its own time.

        With ``most`` it stops after so many events of the market; True where more is due.
        """
        left = NEVER if most is None else most
        while (due := self.due) <= now:
            if left <= 0:
                return True
            self.now = max(self.now, due)
            if self.feed.due == due:
                left -= self._play(min(now, self._due_besides()), left)
            else:
                self._run(self.now)
        self.now = max(self.now, now)
        return False

    def postpone(self, now: int) -> None:
        """Let the markets stand still until after ``now``, to go on as they were; all else happens in its time."""
        self.feed.postpone(now + 1)
        self.board.skip(now)

    def _play(self, until: int, most: int) -> int:
        """Events of the markets up to ``until``, or until one makes the exchange speak; how many."""
        feed, exchange, board = self.feed, self.exchange, self.board
        venue, played = exchange.venue, 0
        while feed.due <= until and played < most:
            event = feed.pop()
            played += 1
            play(exchange, event)
            board.on_event(event)
            if exchange.out:
                self.tell(event.exch_ms)
                break
            if venue.due <= until:
                break
        self.now = max(self.now, event.exch_ms)
        return played

    def _run(self, now: int) -> None:
        self.exchange.advance(now)
        self.board.advance(now)
        self.plan.advance(now, self)
        self.tell(now)
        self.hub.advance(now)
        self._push_late(now)

    def arrive(self, request: HttpRequest, now: int) -> RequestFate:
        """What faults do to a request that is sent at ``now``, and how long it and its answer travel."""
        try:
            params = Params.parse(request.query, request.body)
        except Rejected:
            params = Params([])
        fate = self.plan.on_request(request, f"{request.method} {request.path}", params, now)
        self.gate.past.kept = self.plan.looks_back
        self.advance(now)
        return self.travel.of_request(fate)

    def work(self, request: HttpRequest, fate: RequestFate, now: int) -> HttpResponse:
        """Work a request at ``now``, which ``arrive`` gave this fate; whether the answer travels is the fate's."""
        if fate.refuse is not None:
            return fate.refuse
        self.board.clock_skew_ms = self.keys.clock_skew_ms
        answers = []
        for _ in range(fate.work_times):
            answers.append(self.gate.answer(request, now, fate.behind_ms))
            self.tell(now)
        return fate.answer or answers[fate.shown - 1]

    def call(self, request: HttpRequest, now: int) -> HttpResponse | None:
        """A request that meets the exchange at once, delays left out; None where its answer is lost."""
        self.advance(now)
        fate = self.arrive(request, now)
        answer = None if fate.reset else self.work(request, fate, now)
        return None if fate.lost else answer

    def tell(self, now: int) -> None:
        """Pass on what the exchange has told since the last time."""
        events = self.exchange.take_events()
        if not events:
            return
        for event in events:
            self.history.record(event)
            if isinstance(event, OrderEvent) and event.exec_type is ExecType.CALCULATED:
                self._forced(event)
        for symbol in {event.order.symbol: None for event in events if isinstance(event, OrderEvent)}:
            self.board.on_own(symbol, now)
        self.bare_legs.note(now)
        self.gate.past.note(now)
        self._pass_on(self.user_events.frames(events), now)

    def _pass_on(self, frames: Sequence[UserFrame], now: int) -> None:
        self._push_late(now)  # or a new event would overtake one of its type that is due at this very moment
        for told, frame in self.plan.on_user(frames, now):
            due = self.travel.arrival(frame.name, told, now)
            stamped = self.travel.stamped(frame, due)
            if due <= now:
                self._push(stamped)
            else:
                self._told += 1
                heapq.heappush(self._late, (due, self._told, stamped))

    def _push_late(self, now: int) -> None:
        while self._late and self._late[0][0] <= now:
            self._push(heapq.heappop(self._late)[2])

    def _push(self, frame: UserFrame) -> None:
        self.hub.push_user(frame.name, encode(frame.body))

    def _forced(self, event: OrderEvent) -> None:
        order = event.order
        if order.client_id.startswith("autoclose-"):
            self.board.forced(order.symbol, order.side, event.last_qty, order.price, event.last_price, event.exch_ms)


def _credentials(seed: int) -> tuple[str, str]:
    """Key and secret; they open nothing but this box."""
    random = Random(f"credentials/{seed}")
    letters = ascii_letters + digits
    return "".join(random.choices(letters, k=KEY_LENGTH)), "".join(random.choices(letters, k=KEY_LENGTH))
