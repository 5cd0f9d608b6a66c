"""Watches one engine from outside: every event before it is handled, every intent after, and the laws between them."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass, field

from tests.core.law_books import ZERO, Books, Order
from tests.core.law_setup import OTHER, SYMBOL, URGENT, is_own_id, is_stop_id

from vibe_quant.domain import events as ev
from vibe_quant.domain import intents as it
from vibe_quant.domain.enums import PositionSide, RequestKind, StopStatus, Stream
from vibe_quant.domain.settings import Settings

CLIENT_ID = re.compile(r"^[.A-Z:/a-z0-9_-]{1,36}$")
NOT_A_REFUSAL = frozenset({-1000, -1006, -1007, -4116})
RANKS = {StopStatus.TRIGGERING: 1, StopStatus.TRIGGERED: 2}
QUIET_MS = 2000
ALL_LAWS = frozenset(range(1, 9))
Key = tuple[str, PositionSide]


@dataclass
class Gates:
    """Whether discretion is allowed, as the events and the core's own halts have it."""

    settings: Settings
    up: set[Stream] = field(default_factory=set)
    gate_ms: int | None = -(1 << 62)
    offset_ms: int | None = None
    fresh_ms: dict[tuple[str, Stream], int] = field(default_factory=dict)
    pauses: dict[str | None, ev.Pause] = field(default_factory=dict)
    halted: set[tuple[str | None, PositionSide | None]] = field(default_factory=set)
    stopping: bool = False
    limited_ms: int = 0
    banned_ms: int = 0
    trading: dict[str, bool] = field(default_factory=dict)

    def hear(self, event: ev.Event, now: int) -> None:  # noqa: C901 - one arm an event
        match event:
            case ev.Quote() | ev.Trade():
                stream = Stream.BOOK if isinstance(event, ev.Quote) else Stream.MARKET
                if self.offset_ms is None or now + self.offset_ms - event.exch_ms <= self._stale_ms:
                    self.fresh_ms[event.symbol, stream] = now
            case ev.StreamUp(stream=stream):
                self.up.add(stream)
                self.gate_ms = now
            case ev.StreamDown(stream=stream):
                self.up.discard(stream)
                self.fresh_ms = {key: at for key, at in self.fresh_ms.items() if key[1] is not stream}
            case ev.AccountSnapshot(symbol=None, positions=positions, orders=orders) if None not in (positions, orders):
                if self.gate_ms is not None and event.request_ms >= self.gate_ms:
                    self.gate_ms = None
            case ev.ServerTime(offset_ms=offset):
                self.offset_ms = offset
            case ev.RulesLoaded(rules=rules):
                self.trading[rules.symbol] = rules.status == "TRADING"
            case ev.RateLimited(until_ms=until, banned=True):
                self.banned_ms = max(self.banned_ms, until)
            case ev.RateLimited(until_ms=until):
                self.limited_ms = max(self.limited_ms, until)
            case _:
                self._command(event)

    def _command(self, event: ev.Event) -> None:
        match event:
            case ev.Pause(symbol=symbol):
                self.pauses[symbol] = event
            case ev.Resume(symbol=None):
                self.pauses.clear()
                self.halted.clear()
            case ev.Resume(symbol=symbol):
                self.pauses.pop(symbol, None)
                self.halted = {key for key in self.halted if key[0] != symbol}
            case ev.Reload(settings=settings):
                self.settings = settings
            case ev.Stop():
                self.stopping = True
            case _:
                pass

    @property
    def _stale_ms(self) -> int:
        return self.settings.shared.ws.stale_data_ms

    def paused(self, symbol: str, now: int, *, panic: bool) -> bool:
        found = [self.pauses[key] for key in (None, symbol) if key in self.pauses]
        return any((p.until_ms is None or now < p.until_ms) and (p.panic or not panic) for p in found)

    def forbid(self, key: Key, now: int) -> list[str]:
        """Every reason why a discretionary order of the leg must not leave now."""
        symbol, side = key
        settings = self.settings.of(symbol)
        fresh = max((at for (name, _), at in self.fresh_ms.items() if name == symbol), default=None)
        found = {
            "not managed": settings is None or side not in settings.sides,
            "user stream down": Stream.USER not in self.up,
            "market stream down": not {Stream.BOOK, Stream.MARKET} <= self.up,
            "not synced": self.gate_ms is not None,
            "clock not known": self.offset_ms is None,
            "stale": fresh is None or now - fresh >= self._stale_ms,
            "paused": self.paused(symbol, now, panic=False),
            "halted": not self.halted.isdisjoint({(None, None), (symbol, None), key}),
            "stopping": self.stopping,
            "backing off": now < self.limited_ms,
            "not trading": not self.trading.get(symbol, False),
        }
        return [name for name, holds in found.items() if holds]


@dataclass
class OwnStop:
    """What was heard of one own stop."""

    symbol: str
    side: PositionSide
    heard_ms: int
    listed: bool = False
    over: bool = False
    rank: int = 0
    """How far it has come to firing."""


@dataclass
class Watch:
    """Raises AssertionError at the first intent that breaks one of the ``laws`` (1 to 6) that it is to watch over."""

    settings: Settings
    laws: frozenset[int] = ALL_LAWS
    books: Books = field(default_factory=Books)
    stops: dict[str, OwnStop] = field(default_factory=dict)
    foreign_reads: dict[Key, list[int]] = field(default_factory=dict)
    dropped: bool = False
    ids: set[str] = field(default_factory=set)
    firing_ms: dict[Key, int] = field(default_factory=dict)
    gates: Gates = field(init=False)

    def __post_init__(self) -> None:
        self.gates = Gates(self.settings)
        for symbol in (SYMBOL, OTHER):
            for side in PositionSide:
                self.books.leg(symbol, side)

    def hear(self, event: ev.Event, now: int) -> None:
        """One event, before the engine handles it."""
        self.gates.hear(event, now)
        match event:
            case ev.OrderUpdate():
                self.books.report(event)
            case ev.PositionUpdate():
                self.books.leg(event.symbol, event.side).on_row(event.qty, event.exch_ms)
            case ev.AccountSnapshot():
                self._snapshot(event, now)
            case ev.OpenOrdersRead():
                self.books.listed(event.symbol, event.orders, event.request_ms)
            case ev.StopReport():
                self._stop_report(event, now)
            case ev.StopsRead():
                self._stops_read(event.symbol, event.stops, event.request_ms, now)
            case ev.StreamDown(stream=Stream.USER):
                for order in self.books.orders.values():
                    order.doubt = order.doubt or order.lives
            case ev.Reload():
                self.dropped = self.dropped or event.drop_stops
            case _:
                self._answer(event, now)

    def _answer(self, event: ev.Event, now: int) -> None:  # noqa: C901 - one arm an answer
        order = self.books.orders.get(getattr(event, "client_id", ""))
        if order is None:
            return
        match event:
            case ev.OrderMissing():
                order.does_not_exist(event.exch_ms, now)
            case ev.Unknown(request=RequestKind.SUBMIT):
                order.doubt = order.doubt or order.told_ms is None
            case ev.Unknown(request=RequestKind.CANCEL) | ev.Refused(request=RequestKind.CANCEL):
                order.doubt = order.doubt or order.canceling
            case ev.Unknown(request=RequestKind.AMEND):
                order.doubt = True
            case ev.Refused(request=RequestKind.SUBMIT) | ev.NotSent(request=RequestKind.SUBMIT):
                if isinstance(event, ev.Refused) and event.code in NOT_A_REFUSAL:
                    order.doubt = True
                elif order.told_ms is None:
                    order.gone = True
            case ev.NotSent(request=RequestKind.CANCEL) if order.canceling and not order.in_doubt(now):
                order.canceling, order.asked_ms = False, None
            case ev.Refused(request=RequestKind.AMEND) | ev.NotSent(request=RequestKind.AMEND):
                order.amend_qty = ZERO
            case _:
                pass

    def _snapshot(self, read: ev.AccountSnapshot, now: int) -> None:
        if read.positions is not None:
            rows = {(p.symbol, p.side): p for p in read.positions}
            for symbol, side in {*rows, *self.books.legs}:
                if read.symbol in (None, symbol):
                    row = rows.get((symbol, side))
                    qty, exch_ms = (ZERO, None) if row is None else (row.qty, row.exch_ms)
                    self.books.leg(symbol, side).on_read(qty, exch_ms, read.request_ms, now)
        symbols = [read.symbol] if read.symbol else {order.intent.symbol for order in self.books.orders.values()}
        for symbol in symbols:
            if read.orders is not None:
                self.books.listed(symbol, tuple(o for o in read.orders if o.symbol == symbol), read.request_ms)
        stop_symbols = [read.symbol] if read.symbol else {stop.symbol for stop in self.stops.values()}
        for symbol in {*stop_symbols, *(s.symbol for s in read.stops or ())}:
            if read.stops is not None:
                mine = tuple(s for s in read.stops if s.symbol == symbol)
                self._stops_read(symbol, mine, read.request_ms, now)

    def _stop_report(self, report: ev.StopReport, now: int) -> None:
        key = (report.symbol, report.side)
        if not is_stop_id(report.client_id):
            if report.status.is_final:
                self.foreign_reads.pop(key, None)
            return
        stop = self.stops.setdefault(report.client_id, OwnStop(report.symbol, report.side, now))
        stop.heard_ms = now
        stop.over = stop.over or report.status.is_final
        rank = RANKS.get(report.status, 0)
        if rank > stop.rank and not stop.over:
            stop.rank = rank
            self.firing_ms[key] = now

    def _stops_read(self, symbol: str, stops: Sequence[ev.StopReport], request_ms: int, now: int) -> None:
        listed = {s.client_id: s for s in stops if s.symbol == symbol and not s.status.is_final}
        for client_id, report in listed.items():
            if is_stop_id(client_id):
                stop = self.stops.setdefault(client_id, OwnStop(symbol, report.side, request_ms))
                stop.listed = True
                stop.heard_ms = max(stop.heard_ms, request_ms)
            else:
                self.foreign_reads.setdefault((symbol, report.side), []).append(request_ms)

    def check(self, out: Sequence[it.Intent], now: int) -> None:
        """What the engine wants done."""
        for intent in out:
            match intent:
                case it.OrderIntent():
                    self.submit(intent, now)
                case it.CancelOrder():
                    self._cancel(intent, now)
                case it.AmendOrder():
                    self._amend(intent)
                case it.PlaceStop():
                    self._place_stop(intent, now)
                case it.CancelStop():
                    self._cancel_stop(intent)
                case it.Halt():
                    self.gates.halted.add((intent.symbol, intent.side))
                case _:
                    pass

    def must(self, law: int, holds: object, text: str) -> None:
        """A law's word about an intent."""
        assert holds or law not in self.laws, f"law {law}: {text}"

    def submit(self, intent: it.OrderIntent, now: int) -> None:
        key = (intent.symbol, intent.position_side)
        self._law_6(intent.client_id)
        self.must(1, intent.side is intent.position_side.exit_side, f"{intent} opens")
        self.must(1, intent.reduce_only, f"{intent} is not reduce-only")
        self.must(1, intent.qty > 0, f"{intent} has no quantity")
        live = self.books.live(*key)
        self._law_2(intent, live)
        self._law_3(intent, live, now)
        self.books.orders[intent.client_id] = Order(intent, intent.qty, now)

    def _law_2(self, intent: it.OrderIntent, live: list[Order]) -> None:
        most = self.books.leg(intent.symbol, intent.position_side).most
        claimed = sum((order.remaining for order in live), ZERO) + intent.qty
        self.must(2, claimed <= most, f"{claimed} live, doubtful and new against a position of {most}: {intent}")

    def _law_3(self, intent: it.OrderIntent, live: list[Order], now: int) -> None:
        key, ids = (intent.symbol, intent.position_side), [order.intent.client_id for order in live]
        self.must(3, now >= self.gates.banned_ms, f"{intent} during a ban")
        self.must(3, now >= self.firing_ms.get(key, -QUIET_MS) + QUIET_MS, f"{intent} while the stop is firing")
        if intent.reason not in URGENT:
            self.must(3, not ids, f"discretionary {intent} beside {ids}")
            forbidden = self.gates.forbid(key, now)
            self.must(3, not forbidden, f"discretionary {intent} while {forbidden}")
            return
        self.must(3, not self.gates.paused(intent.symbol, now, panic=True), f"{intent} while panic is paused")
        self.must(3, len(ids) <= 1, f"{intent} beside {ids}")
        self.must(
            3, all(order.in_doubt(now) for order in live), f"panic's {intent} beside {ids}, which is not in doubt"
        )

    def _cancel(self, intent: it.CancelOrder, now: int) -> None:
        if not is_own_id(intent.client_id):
            settings = self.gates.settings.of(intent.symbol)
            allowed = settings is not None and settings.risk.panic_close.may_cancel_foreign
            self.must(4, allowed, f"{intent} is foreign")
            self.must(4, "panic" in intent.reason, f"{intent} is foreign, and it is not panic")
            return
        self.must(5, not is_stop_id(intent.client_id), f"{intent} is a stop")
        order = self.books.orders.get(intent.client_id)
        if order is not None:
            order.canceling, order.asked_ms, order.doubt = True, now, False

    def _amend(self, intent: it.AmendOrder) -> None:
        order = self.books.orders[intent.client_id]
        self.must(1, intent.position_side is order.intent.position_side, f"{intent} changes the leg")
        self.must(1, ZERO < intent.qty <= order.qty, f"{intent} is larger than the order")
        order.amend_qty = intent.qty

    def _place_stop(self, intent: it.PlaceStop, now: int) -> None:
        self._law_6(intent.client_id)
        self.must(6, is_stop_id(intent.client_id), f"{intent} cannot be found again as ours")
        self.must(1, intent.side is intent.position_side.exit_side, f"{intent} opens")
        self.must(1, intent.qty is None or intent.qty > 0, f"{intent} has no quantity")
        self.stops[intent.client_id] = OwnStop(intent.symbol, intent.position_side, now)

    def _cancel_stop(self, intent: it.CancelStop) -> None:
        """Law 5: something else is known to stand, the leg is flat by more than one read, or the operator said so."""
        self.must(5, is_stop_id(intent.client_id), f"{intent} is foreign")
        stop = self.stops.get(intent.client_id)
        if stop is None:
            return self.must(5, False, f"{intent} was never heard of")
        key = (stop.symbol, stop.side)
        others = [
            s
            for client_id, s in self.stops.items()
            if client_id != intent.client_id and (s.symbol, s.side) == key and s.listed and not s.over
        ]
        reads = self.foreign_reads.get(key, [])
        taken_over = bool(reads) and max(reads) - min(reads) >= 1000
        flat = self.books.leg(*key).may_be_flat
        return self.must(5, others or taken_over or flat or self.dropped, f"{intent} leaves {key} bare")

    def _law_6(self, client_id: str) -> None:
        self.must(6, client_id not in self.ids, f"{client_id} is used again")
        self.must(6, CLIENT_ID.match(client_id), f"{client_id!r} is no client id")
        self.ids.add(client_id)
