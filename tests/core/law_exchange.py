"""The truthful exchange behind a lossy wire: requests and answers late, doubled, lost or of unknown outcome.

Nothing that arrives is untrue.  ``Story`` plays market, user, operator and wire against one engine under watch, and
holds the engine's orders against what is true at the exchange.
"""

from __future__ import annotations

import heapq
from collections.abc import Callable
from dataclasses import dataclass, field, replace
from decimal import Decimal
from itertools import count

from hypothesis import strategies as st
from tests.core.law_lies import KIND
from tests.core.law_setup import BRACKETS, EPOCH, LONG, OTHER, SHORT, SYMBOL, URGENT, engine_of, is_own_id, rules_of
from tests.core.law_venue import Resting, Venue
from tests.core.law_watch import ALL_LAWS, Watch

from vibe_quant.core.engine import Engine
from vibe_quant.domain import events as ev
from vibe_quant.domain import intents as it
from vibe_quant.domain.account import Balance
from vibe_quant.domain.enums import (
    ExecutionState,
    OrderStatus,
    OrderType,
    PositionSide,
    RequestKind,
    Source,
    StopStatus,
    Stream,
)
from vibe_quant.domain.settings import Settings

D = Decimal
TICK_MS = 100
ARRIVES_MS = 2000  # recvWindow: a request that takes longer is dropped


@dataclass(frozen=True)
class Fate:
    """What the wire does to one request; ``answer`` None: none comes."""

    travel_ms: int = 5
    arrives: bool = True
    answer: str | None = "true"
    answer_ms: int = 5
    copies: int = 1


CLEAN = Fate()
FATES = (
    CLEAN,
    Fate(travel_ms=300),
    Fate(answer_ms=700),
    Fate(copies=2),
    Fate(answer="unknown", answer_ms=300),
    Fate(answer="unknown", arrives=False, answer_ms=300),
    Fate(answer="unclear", answer_ms=100),
    Fate(answer=None),
    Fate(answer=None, arrives=False),
    Fate(travel_ms=1900, answer="unknown", answer_ms=-1900),
    Fate(travel_ms=2600, answer="unknown", answer_ms=-2400),
    Fate(arrives=False, answer="not sent", answer_ms=0),
    Fate(arrives=False, answer="refused", answer_ms=20),
    Fate(answer="late copy", answer_ms=10),
)


@dataclass(frozen=True)
class Push:
    """What the wire does to one event of the user stream."""

    delay_ms: int = 3
    copies: int = 1


PUSHES = (Push(), Push(), Push(0), Push(150), Push(900), Push(copies=2), Push(copies=0))


@dataclass
class Story:
    """``outsiders``: the user, stops and the exchange itself may reduce the legs too."""

    settings: Settings
    fates: list[int]
    pushes: list[int]
    outsiders: bool = False
    seed: int = 1
    laws: frozenset[int] = ALL_LAWS
    faults: bool = True
    flowing: bool = True
    user_up: bool = True
    banned_until: int = 0
    log: list[tuple[int, it.Intent]] = field(default_factory=list)
    wire: list[tuple[int, int, Callable[[], None]]] = field(default_factory=list)
    flying: dict[str, it.OrderIntent] = field(default_factory=dict)
    last_at: dict[type, int] = field(default_factory=dict)
    seq: count[int] = field(default_factory=count)
    next_tick: int = 0
    beat: int = 0
    update_id: int = 0
    drift: int = 0
    slow_reads: bool = False
    photos: list[tuple[int, ev.AccountSnapshot]] = field(default_factory=list)
    timers: int = 0
    engine: Engine = field(init=False)
    watch: Watch = field(init=False)
    venue: Venue = field(init=False)
    _fate: int = 0
    _push: int = 0

    def __post_init__(self) -> None:
        self.engine = engine_of(self.settings, self.seed)
        self.watch = Watch(self.settings, self.laws)
        self.venue = Venue(self.push, fires=self.outsiders)

    @property
    def now(self) -> int:
        return self.venue.now

    def begin(self, long: Decimal, short: Decimal, *, leftover: bool) -> None:
        """The service starts on an account that holds these legs, perhaps with an order of an earlier run."""
        venue = self.venue
        venue.legs = {LONG: long, SHORT: short}
        venue.wallet = max(long, short, D("0.1")) * 20  # a single leg is liquidated about 20 away from its entry
        venue.leg_ms = dict.fromkeys(venue.legs, venue.exch - 5000)
        for side in (LONG, SHORT):
            if leftover and venue.legs[side] >= 1:
                price = D("100.8") if side is LONG else D("99.2")
                order = Resting(f"vq-r0-{side[0]}", side, D("0.2"), price, OrderType.LIMIT, self.now)
                order.told_ms = venue.exch - 4000
                venue.orders[order.client_id] = order
        self.feed(ev.ServerTime(EPOCH, self.now))
        for stream in Stream:
            self.feed(ev.StreamUp(stream, self.now))
        self.advance(50)

    def feed(self, event: ev.Event) -> None:
        self.watch.hear(event, self.now)
        out = self.engine.handle(event, self.now)
        self.watch.check(out, self.now)
        for intent in out:
            self.log.append((self.now, intent))
            self.take(intent)

    def advance(self, ms: int) -> None:
        """Lets time pass: what is on the wire arrives, timers come, the market goes on."""
        end = self.now + ms
        while True:
            due = self.engine.deadline()
            tick = max(self.next_tick, self.now)
            arrival = self.wire[0][0] if self.wire else end + 1
            at = min(arrival, tick, due if due is not None else end + 1)
            if at > end:
                break
            self.venue.now = max(self.now, at)
            self._step(due)
        self.venue.now = end

    def _step(self, due: int | None) -> None:
        if self.wire and self.wire[0][0] <= self.now:
            heapq.heappop(self.wire)[2]()
        elif due is not None and due <= self.now:
            self.timers += 1
            self.feed(ev.Timer(self.now))
            after = self.engine.deadline()
            assert after is None or after > self.now, f"law 7: woken at {self.now}, it wants to be woken at {after}"
        else:
            self.next_tick = self.now + TICK_MS
            self.tick()

    def later(self, ms: int, act: Callable[[], None]) -> None:
        heapq.heappush(self.wire, (self.now + max(ms, 0), next(self.seq), act))

    def tick(self) -> None:
        """The market: a wave that both sides like in turn, resting orders it goes through are filled."""
        venue = self.venue
        self.beat += 1
        wave = (0, 1, 2, 3, 2, 1, 0, -1, -2, -3, -2, -1)[self.beat % 12]
        venue.bid = max(D(1), D(100) + D(self.drift) / 10 + D(wave) / 10)  # no exchange has a price of zero
        venue.mark = venue.bid
        for order in list(venue.orders.values()):
            through = order.price <= venue.bid if order.side is LONG else order.price >= venue.ask
            if order.remaining > 0 and through:
                venue.fill(order, order.remaining, maker=True)
        venue.fire()
        venue.countdown()
        self.photos = [*self.photos[-4:], (self.now, venue.snapshot(self.now))]
        if self.flowing:
            self._say_market()

    def _say_market(self) -> None:
        venue, self.update_id = self.venue, self.update_id + 1
        now, exch, bid, ask = self.now, venue.exch, venue.bid, venue.ask
        self.feed(ev.Mark(SYMBOL, exch, now, venue.mark))
        self.feed(ev.Quote(SYMBOL, exch, now, bid, D(4 + self.beat % 3), ask, D(4 + self.beat % 4), self.update_id))
        books = tuple((bid - D(i) / 10, D(9)) for i in range(3)), tuple((ask + D(i) / 10, D(9)) for i in range(3))
        self.feed(ev.Depth(SYMBOL, exch, now, *books))
        for i, last in enumerate(((bid - D("0.2"), bid), (ask + D("0.2"), ask))[self.beat % 2]):
            self.feed(ev.Trade(SYMBOL, exch, now, last, D(1), True, self.update_id * 2 + i))

    def push(self, event: ev.Event) -> None:
        """The user stream: in order within a kind, perhaps late, doubled or lost."""
        if not self.user_up:
            return
        fate = Push()
        if self.faults:
            self._push += 1
            fate = PUSHES[self.pushes[self._push % len(self.pushes)] % len(PUSHES)]
        at = max(self.now + fate.delay_ms, self.last_at.get(type(event), 0))
        self.last_at[type(event)] = at
        for _ in range(fate.copies):
            self.later(at - self.now, lambda: self._arrive(event))

    def _arrive(self, event: ev.Event) -> None:
        if self.user_up:
            self.feed(replace(event, recv_ms=self.now))

    def take(self, intent: it.Intent) -> None:
        """A request leaves."""
        kind = KIND.get(type(intent))
        if kind is None:
            return
        if isinstance(intent, it.OrderIntent):
            self.laws_2_and_3(intent)
        if isinstance(intent, it.CancelStop):
            self.law_5(intent)
        if self.now < self.banned_until:
            self.later(0, lambda: self.feed(self._failure("not sent", kind, intent)))
            return
        fate = CLEAN
        if self.faults:
            self._fate += 1
            fate = FATES[self.fates[self._fate % len(self.fates)] % len(FATES)]
        if isinstance(intent, it.OrderIntent) and fate.arrives and fate.travel_ms <= ARRIVES_MS:
            self.flying[intent.client_id] = intent
        left = self.now
        if fate.arrives:
            self.later(fate.travel_ms, lambda: self._served(kind, intent, fate, left))
        elif fate.answer is not None:
            self.later(fate.answer_ms, lambda: self.feed(self._failure(fate.answer or "", kind, intent)))

    def laws_2_and_3(self, intent: it.OrderIntent) -> None:
        """Against the truth: what lives at the exchange or is on its way, and the leg as it is."""
        side, venue = intent.position_side, self.venue
        flying = [i for i in self.flying.values() if i.position_side is side]
        live = venue.live(side, own=True)
        claimed = sum((o.remaining for o in live), D(0)) + sum((i.qty for i in flying), D(0)) + intent.qty
        fits = self.outsiders or claimed <= venue.legs[side]
        self.watch.must(2, fits, f"{claimed} claimed of {venue.legs[side]} in truth: {intent}")
        most = 1 if intent.reason in URGENT else 0
        self.watch.must(3, len(live) + len(flying) <= most, f"{intent} beside {live} and {flying} in truth")

    def law_5(self, intent: it.CancelStop) -> None:
        """Against the truth: another stop rests, the user's too, unless the stream or two reads call the leg flat."""
        stop = self.venue.stops.get(intent.client_id)
        if stop is None or self.venue.legs[stop.side] == 0:
            return
        others = [s for s in self.venue.stops.values() if s.side is stop.side and s.client_id != intent.client_id]
        told = self.watch.books.leg(SYMBOL, stop.side).may_be_flat
        self.watch.must(5, others or told, f"{intent} leaves {stop.side} bare in truth")

    def _served(self, kind: RequestKind, intent: it.Intent, fate: Fate, left: int) -> None:
        answer = self._serve(intent, left)
        if fate.answer is None:
            return
        if fate.answer != "true" and fate.answer != "late copy":
            answer = self._failure(fate.answer, kind, intent)
        for copy in range(fate.copies + (fate.answer == "late copy")):
            wait = fate.answer_ms + (3000 if copy and fate.answer == "late copy" else 0)
            self.later(wait, lambda: self.feed(replace(answer, recv_ms=self.now)))

    def _serve(self, intent: it.Intent, left: int) -> ev.Event:  # noqa: C901 - one arm a request
        venue = self.venue
        photo = self.photos[0][1] if self.slow_reads and self.photos else venue.snapshot(left)
        match intent:
            case it.OrderIntent():
                self.flying.pop(intent.client_id, None)
                return venue.submit(intent)
            case it.CancelOrder():
                return venue.cancel(intent.client_id)
            case it.AmendOrder():
                return venue.amend(intent)
            case it.QueryOrder():
                return venue.query(intent.client_id, blind=self.slow_reads)
            case it.ReadOpenOrders():
                return ev.OpenOrdersRead(SYMBOL, photo.orders or (), left, self.now, venue.exch)
            case it.PlaceStop():
                return venue.place_stop(intent)
            case it.CancelStop():
                return venue.cancel_stop(intent.client_id)
            case it.ReadStops():
                return ev.StopsRead(SYMBOL, photo.stops or (), left, self.now, venue.exch)
            case it.FetchSnapshot():
                return replace(photo, symbol=intent.symbol, request_ms=left, exch_ms=venue.exch)
            case it.FetchPositions():
                return ev.PositionsRead(photo.positions or (), left, self.now, venue.exch)
            case it.FetchMark():
                return ev.Mark(SYMBOL, venue.exch, self.now, venue.mark, source=Source.REST)
            case it.FetchRules(symbol=symbol):
                known = venue.rules if symbol == SYMBOL else rules_of(OTHER)
                return ev.RulesLoaded(known, self.now, BRACKETS)
            case it.ArmDeadMan(countdown_ms=ms):
                venue.countdown_ms = self.now + ms
                return ev.DeadManAck(SYMBOL, ms, self.now)
            case _:
                venue.countdown_ms = None
                return ev.DeadManAck(SYMBOL, 0, self.now)

    def _failure(self, how: str, kind: RequestKind, intent: it.Intent) -> ev.Event:
        client_id = getattr(intent, "client_id", "")
        symbol = getattr(intent, "symbol", None) or ""
        if how == "unclear" and kind is RequestKind.SUBMIT:
            return ev.Refused(kind, symbol, client_id, -1007, self.now, self.venue.exch, "status unknown")
        if how in ("unknown", "unclear"):
            return ev.Unknown(kind, symbol, client_id, self.now, "timeout")
        if how == "refused":
            code = -1008 if kind is not RequestKind.CANCEL else -1015
            return ev.Refused(kind, symbol, client_id, code, self.now, self.venue.exch, "overloaded")
        return ev.NotSent(kind, symbol, client_id, self.now, "breaker")

    def play(self, ops: list[tuple[str, int]]) -> None:
        for kind, n in ops:
            DEEDS[kind](self, n)

    def wait(self, n: int) -> None:
        self.advance((10, 120, 400, 900, 2500, 6000)[n % 6])

    def trend(self, n: int) -> None:
        """The price goes to where panic may begin, or comes back."""
        self.drift = (0, 5, -5, -60, 60)[n % 5]
        self.advance(200)

    def dive(self, n: int) -> None:
        """The mark comes near liquidation: soft, both panic tiers, about the stop."""
        liq = self.venue.liq()
        if liq is not None:
            dist = (D("0.07"), D("0.05"), D("0.025"), D("0.012"), D("0.008"))[n % (5 if self.outsiders else 4)]
            mark = liq[1] / (1 - dist if liq[0] is LONG else 1 + dist)
            self.drift = int((mark - 100) * 10)
        self.advance(n * 10 % 900)

    def partial(self, n: int) -> None:
        """Somebody takes a part of what rests; how much the next crossing order finds."""
        venue = self.venue
        venue.take_share = (D(1), D("0.5"), D(0))[n % 3]
        for order in [o for o in venue.orders.values() if o.remaining > 0]:
            venue.fill(order, venue.rules.floor_qty(order.remaining * (n % 4) / 4), maker=True)
        self.advance(n % 40)

    def streams(self, n: int) -> None:
        if n % 3 == 0:
            self.flowing = not self.flowing
            self.advance(50)
            return
        self.user_up = False
        if n % 2:
            self.advance(n * 20 % 4000)
        self.feed(ev.StreamDown(Stream.USER, self.now, "dropped"))
        self.advance(n * 30 % 3000)
        self.user_up = True
        self.feed(ev.StreamUp(Stream.USER, self.now))

    def reads(self, n: int) -> None:
        """REST begins, or ceases, to lag half a second behind."""
        self.slow_reads = n % 2 == 0

    def add(self, n: int) -> None:
        """The user enlarges a leg."""
        self.venue.change((LONG, SHORT)[n % 2], D(n % 5 + 1) / 10, "ORDER")

    def user(self, n: int) -> None:
        """The user's own order comes or goes, or closes something."""
        venue, side = self.venue, (LONG, SHORT)[n % 2]
        mine = venue.orders.get("user-1")
        if mine is not None and mine.remaining > 0:
            venue.end(mine, OrderStatus.CANCELED)
        elif n % 3 == 0:
            price = D(130) if side is LONG else D(70)
            venue.orders["user-1"] = Resting("user-1", side, venue.legs[side] / 2, price, OrderType.LIMIT, self.now)
            venue.tell(venue.orders["user-1"])
        elif self.outsiders:
            venue.change(side, -venue.rules.floor_qty(venue.legs[side] * (n % 4) / 3), ("USER", "ADL")[n % 2])
        self.advance(n % 300)

    def guard(self, n: int) -> None:
        """The user places a stop that covers a leg, or takes it away."""
        side = (LONG, SHORT)[n % 2]
        mine = f"user-stop-{side[0]}"
        if mine in self.venue.stops:
            self.venue.end_stop(mine, StopStatus.CANCELED)
        elif self.venue.legs[side] > 0:
            mark = self.venue.mark * (D("0.97") if side is LONG else D("1.03"))
            self.venue.rest_stop(mine, side, self.venue.rules.floor_price(mark), None)
        self.advance(n * 30 % 2500)

    def operate(self, n: int) -> None:
        commands = (
            ev.Pause(self.now, None, None if n % 5 else self.now + 900),
            ev.Resume(self.now),
            ev.Flatten(self.now, SYMBOL),
            ev.Reload(self.now, self.settings),
        )
        self.feed(commands[n % 4])

    def limits(self, n: int) -> None:
        """429 or 418; during a ban nothing leaves this host."""
        until = self.now + 40 * (n % 60)
        self.feed(ev.RateLimited(until, self.now, banned=n % 2 == 0))
        if n % 2 == 0:
            self.banned_until = max(self.banned_until, until)

    def calm(self) -> None:
        """No faults from here on: streams are up, nobody else trades, the operator has resumed everything."""
        self.advance(max(0, self.banned_until - self.now) + 10)
        self.faults, self.flowing, self.drift, self.slow_reads = False, True, 0, False
        self.venue.take_share = D(1)
        for order in list(self.venue.orders.values()):
            if order.client_id.startswith("user-") and order.remaining > 0:
                self.venue.end(order, OrderStatus.CANCELED)
        for client_id in [c for c in self.venue.stops if c.startswith("user-")]:
            self.venue.end_stop(client_id, StopStatus.CANCELED)
        self.feed(ev.StreamDown(Stream.USER, self.now, "dropped"))
        self.user_up = True
        for stream in Stream:
            self.feed(ev.StreamUp(stream, self.now))
        self.feed(ev.Resume(self.now))

    def hold(self) -> None:
        """The operator pauses: legs stay as they are, unless panic says otherwise."""
        self.feed(ev.Pause(self.now))

    def release(self) -> None:
        """The operator pays in, so that no slice is withheld for the other leg's sake, and lets it go on."""
        self.venue.wallet = D(1000)
        wallet = Balance("USDT", self.venue.wallet, self.venue.wallet, self.venue.exch)
        self.feed(ev.BalanceUpdate(wallet, self.venue.exch, self.now, "DEPOSIT"))
        self.feed(ev.Resume(self.now))

    def settle(self, until: Callable[[], bool], seconds: int) -> bool:
        """Lets time pass until it is so, at most for so long."""
        for _ in range(seconds):
            if until():
                return True
            self.advance(1000)
        return until()

    def is_doubtful(self) -> bool:
        """Whether the fate of some order is not known to the core."""
        views = [self.engine.side_view(SYMBOL, side) for side in (LONG, SHORT)]
        return any(view is not None and view.state is ExecutionState.DOUBTFUL for view in views)

    def protected(self, side: PositionSide) -> bool:
        """One stop of ours stands where one has to, and none where nothing is held."""
        held, liq = self.venue.legs[side] > 0, self.venue.liq()
        needed = held and liq is not None and liq[0] is side and self.stop_wanted
        stops = self.own_stops(side)
        if needed:
            return len(stops) == 1 and stops[0].close_position
        return held or not stops

    @property
    def stop_wanted(self) -> bool:
        settings = self.settings.of(SYMBOL)
        return settings is not None and settings.risk.protective_stop.enabled

    def own_stops(self, side: PositionSide) -> list[ev.StopReport]:
        return [s for s in self.venue.stops.values() if s.side is side and is_own_id(s.client_id)]


DEEDS: dict[str, Callable[[Story, int], None]] = {
    "wait": Story.wait,
    "trend": Story.trend,
    "dive": Story.dive,
    "partial": Story.partial,
    "streams": Story.streams,
    "reads": Story.reads,
    "add": Story.add,
    "user": Story.user,
    "guard": Story.guard,
    "operate": Story.operate,
    "limits": Story.limits,
}
DEED = st.tuples(
    st.sampled_from(["wait"] * 8 + ["partial", "dive", "dive", "guard"] * 2 + list(DEEDS)), st.integers(0, 200)
)
SCRIPT = st.one_of(st.lists(DEED, max_size=8), st.lists(DEED, min_size=12, max_size=35))
WIRE = st.one_of(st.just([0]), st.lists(st.integers(0, len(FATES) - 1), min_size=1, max_size=40))
STREAM = st.one_of(st.just([0]), st.lists(st.integers(0, len(PUSHES) - 1), min_size=1, max_size=25))
