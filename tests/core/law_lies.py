"""An adversary: it says anything that the types allow, in any order, about orders, stops and legs that are or are not.

An ``Op`` is a kind and three numbers; what event it becomes depends on what the engine has asked for so far, so that
lies meet what they are about.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field, replace
from decimal import Decimal

from hypothesis import strategies as st
from tests.core.law_setup import BRACKETS, EPOCH, LONG, OTHER, SHORT, SYMBOL, engine_of, rules_of
from tests.core.law_watch import ALL_LAWS, Watch

from vibe_quant.core.engine import Engine
from vibe_quant.domain import events as ev
from vibe_quant.domain import intents as it
from vibe_quant.domain.account import Balance, Position
from vibe_quant.domain.enums import OrderStatus, OrderType, PositionSide, RequestKind, Source, StopStatus, Stream
from vibe_quant.domain.settings import Settings

D = Decimal
HUNDRED = D(100)
Op = tuple[str, int, int, int]
WAITS = (0, 0, 1, 3, 20, 60, 200, 350, 900, 1100, 2600, 5100)
CODES = (
    0,
    -1000,
    -1006,
    -1007,
    -4116,
    -5022,
    -2022,
    -4118,
    -1111,
    -4164,
    -2011,
    -2013,
    -1021,
    -2015,
    -5024,
    -9999,
    -2021,
)
STOP_CODES = (-2021, -4130, -4117, -4116, -2011, -1001, -4142)
FOREIGN = ("user-1", "user-2", "autoclose-7", "adl_autoclose")
STRANGE = ("vq-r0-1", "vq-r0-2", "vq-r1-999")
STRANGE_STOPS = ("vq-ps-1d2f-L-r0.1", "vq-ps-1d2f-S-r0.2", "user-stop")
SIDES = (LONG, SHORT)
FINAL = (OrderStatus.CANCELED, OrderStatus.EXPIRED, OrderStatus.EXPIRED_IN_MATCH, OrderStatus.REJECTED)


def pick(options: tuple[object, ...] | list[object], n: int) -> object:
    return options[n % len(options)]


@dataclass
class Liar:
    """Feeds an engine, under watch.  ``log`` has every intent with its moment."""

    settings: Settings
    other: Settings
    seed: int = 1
    laws: frozenset[int] = ALL_LAWS
    now: int = 10_000
    bid: Decimal = HUNDRED
    log: list[tuple[int, it.Intent]] = field(default_factory=list)
    orders: list[it.OrderIntent] = field(default_factory=list)
    stops: list[it.PlaceStop] = field(default_factory=list)
    asked: list[it.Intent] = field(default_factory=list)
    last: ev.Event | None = None
    update_id: int = 0
    timers: int = 0
    engine: Engine = field(init=False)
    watch: Watch = field(init=False)

    def __post_init__(self) -> None:
        self.engine = engine_of(self.settings, self.seed)
        self.watch = Watch(self.settings, self.laws)

    def feed(self, event: ev.Event) -> None:
        self.watch.hear(event, self.now)
        out = self.engine.handle(event, self.now)
        self.watch.check(out, self.now)
        self.last = event
        for intent in out:
            self.log.append((self.now, intent))
            if isinstance(intent, it.OrderIntent):
                self.orders.append(intent)
            elif isinstance(intent, it.PlaceStop):
                self.stops.append(intent)
            if not isinstance(intent, it.Notify | it.Halt):
                self.asked.append(intent)

    @property
    def exch(self) -> int:
        return self.now + EPOCH

    def prologue(self, long: Decimal, short: Decimal) -> None:
        """What a start looks like when all goes well."""
        self.feed(ev.ServerTime(EPOCH, self.now))
        for stream in Stream:
            self.feed(ev.StreamUp(stream, self.now))
        self.feed(ev.RulesLoaded(rules_of(), self.now, BRACKETS))
        self.mark(0, 0, 0)
        self.market(0, 0, 0)
        legs = ((LONG, long, D(80)), (SHORT, short, D(120)))
        rows = [Position(SYMBOL, s, q, D(100), self.exch - 50, liq, 10) for s, q, liq in legs]
        wallet = (Balance("USDT", D(30), D(30), self.exch),)
        self.now += 1
        held = tuple(row for row in rows if row.qty > 0)
        self.feed(ev.AccountSnapshot(None, held, wallet, (), (), self.now, self.now, self.exch))
        self.feed(ev.StopsRead(SYMBOL, (), self.now, self.now, self.exch))

    def play(self, ops: list[Op]) -> None:
        for kind, a, b, c in ops:
            wait = WAITS[a % len(WAITS)]
            self.pass_time(wait)
            ACTS[kind](self, a // len(WAITS), b, c)

    def pass_time(self, ms: int) -> None:
        """Timers come when asked for, as a rule."""
        end = self.now + ms
        while (due := self.engine.deadline()) is not None and due <= end:
            self.now = max(self.now, due)
            self.timers += 1
            self.feed(ev.Timer(self.now))
            after = self.engine.deadline()
            self.watch.must(7, after is None or after > self.now, f"woken at {self.now}, it wants to be at {after}")
            assert self.timers < 20_000, "law 7: it is woken without end"
        self.now = end

    def market(self, a: int, b: int, c: int) -> None:
        """A fresh book and two trades that a strategy may like."""
        step = (D("-0.3"), D("-0.1"), D(0), D("0.1"), D("0.3"))[b % 5]
        self.bid = max(D(20), self.bid + step)
        self.update_id += 1
        bid, ask = self.bid, self.bid + D("0.1") * (1 + c % 3)
        when = self.exch - (0, 0, 0, 40, 3000)[a % 5]
        self.feed(ev.Quote(SYMBOL, when, self.now, bid, D(3 + b % 6), ask, D(3 + c % 6), self.update_id))
        levels = tuple((bid - D(i) / 10, D(2)) for i in range(3)), tuple((ask + D(i) / 10, D(2)) for i in range(3))
        self.feed(ev.Depth(SYMBOL, when, self.now, *levels))
        for last in ((bid - D("0.2"), bid), (ask + D("0.2"), ask))[c % 2]:
            self.feed(ev.Trade(SYMBOL, when, self.now, last, D(1), bool(b % 2), self.update_id * 2))

    def mark(self, a: int, b: int, c: int) -> None:
        """Anywhere between deep under and high above both liquidation prices."""
        price = (self.bid, self.bid, D("79"), D("81"), D("83"), D("85"), D("118"), D("125"), D("1"))[b % 9]
        source = Source.REST if c % 4 == 3 else Source.STREAM
        self.feed(ev.Mark(SYMBOL, self.exch - (0, 0, 500)[a % 3], self.now, price, source=source))

    def _order_id(self, a: int) -> tuple[str, PositionSide, Decimal]:
        """An order to speak of: mostly a recent one of the engine's."""
        if self.orders and a % 8 < 7:
            intent = self.orders[-1 - (a // 8) % min(4, len(self.orders))] if a % 8 > 3 else self.orders[-1]
            return intent.client_id, intent.position_side, intent.qty
        strange = (*STRANGE, *FOREIGN)
        return strange[(a // 8) % len(strange)], SIDES[a % 2], D("0.2")

    def _report(self, a: int, b: int, c: int) -> ev.OrderUpdate:
        client_id, side, qty = self._order_id(a)
        status = (
            OrderStatus.NEW,
            OrderStatus.NEW,
            OrderStatus.PARTIALLY_FILLED,
            OrderStatus.FILLED,
            FINAL[c % 4],
        )[b % 5]
        share = D(1) if status is OrderStatus.FILLED else (D(0), D("0.4"), D("0.5"), D("1"))[(b // 5) % 4]
        if status is OrderStatus.NEW:
            share = D(0)
        filled = qty * share
        exch = self.exch - (0, 0, 1, 30, 400, 4000)[c % 6]
        price = self.bid
        return ev.OrderUpdate(
            SYMBOL,
            client_id,
            side if c % 32 else side.opposite,
            side.exit_side if c % 16 else side.opposite.exit_side,
            status,
            OrderType.LIMIT,
            qty if c % 8 else qty * 2,
            price,
            filled,
            exch,
            self.now,
            Source.REST if c % 3 == 0 else Source.STREAM,
            last_qty=filled,
            last_price=price,
            trade_id=b * 1000 + c,
            fee=D("0.01") if filled else D(0),
            fee_asset="BNB" if b % 2 else "USDT",
            amended=c % 11 == 0,
        )

    def report(self, a: int, b: int, c: int) -> None:
        self.feed(self._report(a, b, c))

    def filled_with_row(self, a: int, b: int, c: int) -> None:
        """A fill, and the row that the exchange sends with it, in either order."""
        update = replace(self._report(a, 3, c), source=Source.STREAM)
        left = max(D(0), self.watch.books.leg(SYMBOL, update.position_side).most - update.filled_qty)
        row = ev.PositionUpdate(SYMBOL, update.position_side, left, D(100), update.exch_ms, self.now)
        for event in (row, update) if b % 2 else (update, row):
            self.feed(event)

    def row(self, a: int, b: int, c: int) -> None:
        qty = (D(0), D("0.02"), D("0.3"), D("0.3"), D(1), D(3))[b % 6]
        symbol = OTHER if a % 16 == 15 else SYMBOL
        exch = self.exch - (0, 0, 0, 1, 50, 2000)[c % 6]
        self.feed(ev.PositionUpdate(symbol, SIDES[a % 2], qty, D(100), exch, self.now, ("ORDER", "FUNDING_FEE")[c % 2]))

    def _positions(self, a: int, b: int, c: int) -> tuple[Position, ...] | None:
        if c % 9 == 8:
            return None
        rows = []
        for i, side in enumerate(SIDES):
            qty = (D(0), D("0.3"), D(1), D(3), None)[(b // (1 + 5 * i)) % 5]
            exch = self.exch - (0, 10, 500, 3000)[(c + i) % 4]
            liq = (D(80), D(95), None, D(120))[(a + i) % 4]
            if qty is not None:
                rows.append(Position(SYMBOL, side, qty, D(100), exch, liq, 10))
        return tuple(rows)

    def snapshot(self, a: int, b: int, c: int) -> None:
        """True only by chance; older or newer, of one symbol or all, with parts missing."""
        orders = (None, (), (self._report(a, 0, c),), (self._report(a, 4, c), self._report(a + 1, 0, b)))[b % 4]
        stops = (None, (), (self._stop(a, b, c),))[c % 3]
        wallet = (Balance("USDT", D(b % 50), D(b % 50), self.exch),) if c % 2 else None
        request = self.now - (0, 1, 40, 900, 3000)[a % 5]
        symbol = None if a % 4 else SYMBOL
        self.feed(
            ev.AccountSnapshot(symbol, self._positions(a, b, c), wallet, orders, stops, request, self.now, self.exch)
        )

    def open_orders(self, a: int, b: int, c: int) -> None:
        orders = ((), (), (self._report(a, 0, c),), (self._report(a, 0, c), self._report(a + 8, 2, b)))[b % 4]
        self.feed(ev.OpenOrdersRead(SYMBOL, orders, self.now - (0, 0, 100, 2000)[c % 4], self.now, self.exch))

    def _stop(self, a: int, b: int, c: int) -> ev.StopReport:
        if self.stops and a % 4 < 3:
            intent = self.stops[-1 - (a // 4) % min(3, len(self.stops))]
            client_id, side, trigger, qty = intent.client_id, intent.position_side, intent.trigger_price, intent.qty
        else:
            client_id, side = STRANGE_STOPS[a % 3], SIDES[a % 3 % 2]
            trigger, qty = D(80 + b % 40), None if b % 2 else D(1)
        status = (*(StopStatus.NEW,) * 5, *StopStatus)[b % 12]
        kind = OrderType.TAKE_PROFIT_MARKET if c % 13 == 12 else OrderType.STOP_MARKET
        exch = self.exch - (0, 0, 500)[c % 3]
        return ev.StopReport(
            SYMBOL, side, client_id, status, kind, side.exit_side, trigger, qty is None, qty or D(0), exch, self.now
        )

    def stop_report(self, a: int, b: int, c: int) -> None:
        self.feed(self._stop(a, b, c))

    def stops_read(self, a: int, b: int, c: int) -> None:
        """Mostly what the engine asked for, as if it rested."""
        found = {stop.client_id: stop for i in range(b % 4) for stop in (self._stop(a + i, 0, c + i),)}
        request = self.now - (0, 0, 0, 100, 2500)[c % 5]
        self.feed(ev.StopsRead(SYMBOL, tuple(found.values()), request, self.now, self.exch))

    def answer(self, a: int, b: int, c: int) -> None:
        """Something other than success about the last requests."""
        kinds = list(RequestKind)
        if self.asked and a % 8:
            asked = self.asked[-1 - (a // 8) % min(4, len(self.asked))]
            kind = KIND.get(type(asked), kinds[c % len(kinds)])
            client_id = getattr(asked, "client_id", "")
        else:
            kind, client_id = kinds[c % len(kinds)], self._order_id(a)[0]
        symbol = "" if kind is RequestKind.SNAPSHOT and c % 2 else SYMBOL
        codes = STOP_CODES if kind in (RequestKind.PLACE_STOP, RequestKind.CANCEL_STOP) else CODES
        self.feed(
            (
                ev.Refused(kind, symbol, client_id, codes[c % len(codes)], self.now, self.exch, "no"),
                ev.Unknown(kind, symbol, client_id, self.now, "timeout"),
                ev.NotSent(kind, symbol, client_id, self.now, "breaker"),
            )[b % 3]
        )

    def deny(self, a: int, b: int, c: int) -> None:
        """The last order is refused, perhaps after it was told to live."""
        if self.orders:
            order = self.orders[-1 - a % min(2, len(self.orders))]
            if b % 2:
                self.report(0, 0, 1 + c)
            code = CODES[c % len(CODES)]
            self.feed(ev.Refused(RequestKind.SUBMIT, SYMBOL, order.client_id, code, self.now, self.exch, "no"))

    def over_close(self, a: int, b: int, c: int) -> None:
        """The user's own order claims the leg, and the last order is refused for it."""
        if self.orders:
            order = self.orders[-1]
            side, mine = order.position_side, FOREIGN[a % 2]
            new, limit = OrderStatus.NEW, OrderType.LIMIT
            qty, at = (D("0.1"), D(1))[b % 2], self.exch
            self.feed(
                ev.OrderUpdate(
                    SYMBOL, mine, side, side.exit_side, new, limit, qty, D(130), D(0), at, self.now, Source.STREAM
                )
            )
            code = (-2022, -4118)[c % 2]
            self.feed(ev.Refused(RequestKind.SUBMIT, SYMBOL, order.client_id, code, self.now, self.exch, "over"))

    def stand(self, a: int, b: int, c: int) -> None:
        """All own stops that were asked for rest, and with them, now and then, one of the user's own."""
        over = {client_id for client_id, stop in self.watch.stops.items() if stop.over}
        listed = [self._resting(s.client_id, s.position_side, s.trigger_price, s.qty) for s in self.stops]
        listed = [stop for stop in listed if stop.client_id not in over][-3:]
        if c % 3 == 0:
            side = SIDES[b % 2]
            listed.append(self._resting(f"user-stop-{side[0]}", side, D(90) if side is LONG else D(110), None))
        self.feed(ev.StopsRead(SYMBOL, tuple(listed), self.now, self.now, self.exch))

    def _resting(self, client_id: str, side: PositionSide, trigger: Decimal, qty: Decimal | None) -> ev.StopReport:
        new, kind = StopStatus.NEW, OrderType.STOP_MARKET
        return ev.StopReport(
            SYMBOL, side, client_id, new, kind, side.exit_side, trigger, qty is None, qty or D(0), self.exch, self.now
        )

    def nil(self, a: int, b: int, c: int) -> None:
        """A read without the legs, or that has them as nothing."""
        rows = tuple(Position(SYMBOL, side, D(0), D(0), self.exch) for side in SIDES)
        self.now += 1
        self.feed(ev.AccountSnapshot(None, rows if b % 2 else (), None, None, None, self.now, self.now, self.exch))

    def quit(self, a: int, b: int, c: int) -> None:
        """The service is told to stop, or to manage other legs."""
        self.feed(ev.Stop(self.now) if b % 2 else ev.Reload(self.now, (self.settings, self.other)[c % 2]))

    def missing(self, a: int, b: int, c: int) -> None:
        ahead = (0, 100, 4500, 10_000)[c % 4]
        self.feed(ev.OrderMissing(SYMBOL, self._order_id(a)[0], self.exch + ahead, self.now))

    def stream(self, a: int, b: int, c: int) -> None:
        stream = list(Stream)[a % 3]
        self.feed(ev.StreamUp(stream, self.now) if b % 3 else ev.StreamDown(stream, self.now, "gone"))

    def back(self, a: int, b: int, c: int) -> None:
        """All streams up and a complete read of the account, so that what was stopped may go on."""
        for stream in set(Stream) - self.watch.gates.up:
            self.feed(ev.StreamUp(stream, self.now))
        self.now += 1
        rows = tuple(Position(SYMBOL, s, self.watch.books.leg(SYMBOL, s).most, D(100), self.exch) for s in SIDES)
        held = tuple(row for row in rows if row.qty > 0)
        orders = tuple(replace(self._report(8 * i, 0, 1)) for i in range(a % 2))
        self.feed(ev.AccountSnapshot(None, held, None, orders, None, self.now, self.now, self.exch))

    def operate(self, a: int, b: int, c: int) -> None:
        symbol = SYMBOL if a % 2 else None
        reload = ev.Reload(self.now, (self.settings, self.other)[c % 2], drop_stops=c % 5 == 4)
        commands: tuple[ev.Event, ...] = (
            ev.Pause(self.now, symbol, None if c % 2 else self.now + 50 * c, panic=c % 3 == 0),
            ev.Resume(self.now, symbol),
            ev.Resume(self.now, None),
            ev.Flatten(self.now, symbol, SIDES[c % 2] if c % 3 else None),
            reload,
            ev.Stop(self.now) if c % 7 == 0 else ev.Resume(self.now, None),
        )
        self.feed(commands[b % 6])

    def limits(self, a: int, b: int, c: int) -> None:
        news: tuple[ev.Event, ...] = (
            ev.RateLimited(self.now + 10 * c, self.now, banned=a % 2 == 0),
            ev.RateUsage(self.now, (None, 100, 2390)[c % 3], (None, 3, 299)[b % 3], 10),
            ev.DeadManAck(SYMBOL, (0, 10_000)[c % 2], self.now),
            ev.LeverageUpdate(SYMBOL, 1 + c % 20, self.exch, self.now),
            ev.BalanceUpdate(Balance("USDT", D(c), D(c), self.exch), self.exch, self.now),
            ev.ServerTime(EPOCH + (0, 0, 5, -2000)[c % 4], self.now),
        )
        self.feed(news[b % 6])

    def rules(self, a: int, b: int, c: int) -> None:
        status = "SETTLING" if c % 4 == 3 else "TRADING"
        loaded = rules_of(OTHER if a % 8 == 7 else SYMBOL, tick=("0.1", "0.5")[b % 2], status=status)
        self.feed(ev.RulesLoaded(loaded, self.now, BRACKETS if b % 3 else ()))

    def again(self, a: int, b: int, c: int) -> None:
        """The last event once more."""
        self.feed(self.last or ev.Timer(self.now))


KIND: dict[type[it.Intent], RequestKind] = {
    it.OrderIntent: RequestKind.SUBMIT,
    it.CancelOrder: RequestKind.CANCEL,
    it.AmendOrder: RequestKind.AMEND,
    it.QueryOrder: RequestKind.QUERY,
    it.ReadOpenOrders: RequestKind.READ_ORDERS,
    it.PlaceStop: RequestKind.PLACE_STOP,
    it.CancelStop: RequestKind.CANCEL_STOP,
    it.ReadStops: RequestKind.READ_STOPS,
    it.FetchSnapshot: RequestKind.SNAPSHOT,
    it.FetchPositions: RequestKind.POSITIONS,
    it.FetchMark: RequestKind.MARK,
    it.FetchRules: RequestKind.RULES,
    it.ArmDeadMan: RequestKind.DEAD_MAN,
    it.DisarmDeadMan: RequestKind.DEAD_MAN,
}
ACTS: dict[str, Callable[[Liar, int, int, int], None]] = {
    "market": Liar.market,
    "mark": Liar.mark,
    "report": Liar.report,
    "fill": Liar.filled_with_row,
    "row": Liar.row,
    "snapshot": Liar.snapshot,
    "open": Liar.open_orders,
    "stop": Liar.stop_report,
    "stops": Liar.stops_read,
    "answer": Liar.answer,
    "deny": Liar.deny,
    "over": Liar.over_close,
    "stand": Liar.stand,
    "nil": Liar.nil,
    "quit": Liar.quit,
    "missing": Liar.missing,
    "stream": Liar.stream,
    "back": Liar.back,
    "operate": Liar.operate,
    "limits": Liar.limits,
    "rules": Liar.rules,
    "again": Liar.again,
}
OFTEN = ["market"] * 6 + ["report"] * 5 + ["fill", "answer", "answer", "missing", "back", "back", "mark", "stops"]
NUMBER = st.integers(0, 500)


def ops_of(*aimed: str) -> st.SearchStrategy[list[Op]]:
    """Scripts of everything, with more of what the law in question is broken by."""
    often = [*OFTEN, *ACTS, *aimed * 5]
    op = st.tuples(st.sampled_from(often), NUMBER, NUMBER, NUMBER)
    return st.one_of(st.lists(op, max_size=20), *[st.lists(op, min_size=size, max_size=90) for size in (25, 50)])


SIZES = st.sampled_from([D(0), D("0.02"), D("0.3"), D(1), D(3)])
