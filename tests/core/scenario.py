"""A script of events for the whole engine, and what it wants done in return.

One scenario is one account.  Every event comes a millisecond after the one before it.  What is asked of REST is
answered from the scenario's own truth (``held``, ``stops``, ``resting``) unless ``mute`` is set.  Prices are near 100,
a lot is 0.05.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import replace
from decimal import Decimal
from typing import TypeVar

from vibe_quant.core.engine import Engine
from vibe_quant.domain import events as ev
from vibe_quant.domain import intents as do
from vibe_quant.domain.account import Balance, Position
from vibe_quant.domain.enums import (
    NoticeKind,
    OrderSide,
    OrderStatus,
    OrderType,
    PositionSide,
    RequestKind,
    Source,
    StopStatus,
    Stream,
)
from vibe_quant.domain.risk_settings import PanicSettings, PanicTier, ProtectiveStopSettings, RiskSettings
from vibe_quant.domain.rules import Bracket, SymbolRules
from vibe_quant.domain.settings import ExecutionSettings, GlobalSettings, Manage, Settings, SymbolSettings
from vibe_quant.domain.side_view import SideView

D = Decimal
LONG, SHORT = PositionSide.LONG, PositionSide.SHORT
BTC, ETH = "BTC/USDT:USDT", "ETH/USDT:USDT"
OFFSET = 1_000_000_000
NO_STOP = ProtectiveStopSettings(enabled=False)
TIERS = (PanicTier(D("0.02"), D("0.1"), 1), PanicTier(D("0.01"), D("0.5"), 0))
RULES = SymbolRules(
    symbol=BTC,
    tick=D("0.1"),
    step=D("0.01"),
    min_qty=D("0.01"),
    max_qty=D(1000),
    min_notional=D(5),
    market_max_qty=D(500),
)
BRACKETS = (Bracket(D(0), D(1_000_000_000), D("0.01"), D(0), 20),)
NEW, PARTIAL, FILLED = OrderStatus.NEW, OrderStatus.PARTIALLY_FILLED, OrderStatus.FILLED
CANCELED, EXPIRED = OrderStatus.CANCELED, OrderStatus.EXPIRED
Kind = TypeVar("Kind")


class Dice:
    """Chance that always falls the same."""

    def random(self) -> float:
        return 0.5


def symbol(
    execution: ExecutionSettings | None = None,
    stop: ProtectiveStopSettings = NO_STOP,
    panic: PanicSettings | None = None,
    sides: tuple[PositionSide, ...] = (LONG, SHORT),
) -> SymbolSettings:
    """Settings of a symbol, without a protective stop unless one is asked for."""
    risk = RiskSettings(protective_stop=stop, panic_close=panic or PanicSettings())
    return SymbolSettings(sides=sides, execution=execution or ExecutionSettings(), risk=risk)


def panicking(**changes: object) -> SymbolSettings:
    """A symbol with panic on: 10 % slices at 2 %, half at 1 %."""
    panic = PanicSettings(enabled=True, tiers=TIERS)
    return symbol(panic=replace(panic, **changes))  # type: ignore[arg-type]


def listed(*, shared: GlobalSettings | None = None, **named: SymbolSettings) -> Settings:
    """``BTC=..., ETH=...``."""
    names = {"BTC": BTC, "ETH": ETH}
    return Settings(shared or GlobalSettings(), symbols=tuple((names[k], v) for k, v in named.items()))


def everything(default: SymbolSettings) -> Settings:
    """``manage: all``."""
    return Settings(GlobalSettings(manage=Manage.ALL), default=default)


def wallet_for(liq: str, qty: str = "1", side: PositionSide = LONG) -> Decimal:
    """The wallet with which one leg entered at 100 is liquidated at ``liq``."""
    price, q = D(liq), D(qty)
    loss = (D(100) - price if side is LONG else price - D(100)) * q
    return loss + price * q * D("0.01")


def of(kind: type[Kind], intents: Iterable[object]) -> list[Kind]:
    return [intent for intent in intents if isinstance(intent, kind)]


def orders(intents: Iterable[object]) -> list[do.OrderIntent]:
    return of(do.OrderIntent, intents)


def only(intents: Iterable[object]) -> do.OrderIntent:
    """The one order among the intents."""
    [order] = orders(intents)
    return order


def cancels(intents: Iterable[object]) -> list[str]:
    """Why orders were cancelled."""
    return [cancel.reason for cancel in of(do.CancelOrder, intents)]


def notices(intents: Iterable[object], kind: NoticeKind) -> list[do.Notify]:
    return [notice for notice in of(do.Notify, intents) if notice.kind is kind]


def started(long: str = "1", short: str = "0", settings: SymbolSettings | None = None, **execution: object) -> Scenario:
    """BTC in a calm market with both legs known; ``execution``: its settings where they differ from the defaults."""
    made = settings or symbol(replace(ExecutionSettings(), **execution))  # type: ignore[arg-type]
    desk = Scenario(listed(BTC=made))
    desk.start(long, short)
    desk.passes(1200, quoting=True)
    return desk


class Scenario:
    def __init__(self, settings: Settings | None = None, run: str = "r1") -> None:
        self.engine = Engine(settings or listed(BTC=symbol()), run, Dice())
        self.now = 1000
        self.mute = False
        self.wallet = D(10_000)
        self.rules = RULES
        self.held: dict[tuple[str, PositionSide], Decimal] = {}
        self.filled: dict[str, Decimal] = {}
        self.resting: list[ev.OrderUpdate] = []
        self.stops: list[ev.StopReport] = []
        self.bid, self.ask = D("100.0"), D("100.4")
        self._ids = 0
        self._asked: list[do.Intent] = []

    # --- the account begins

    def start(
        self, long: str = "0", short: str = "0", name: str = BTC, wallet: Decimal | None = None
    ) -> list[do.Intent]:
        """Clock, rules, streams, account, market: everything that discretion waits for."""
        self.hold(long, short, name)
        self.wallet = self.wallet if wallet is None else wallet
        out = self.feed(ev.ServerTime(OFFSET, self.now))
        for stream in Stream:
            out += self.feed(ev.StreamUp(stream, self.now))
        return out + self.market(name)

    def hold(self, long: str = "0", short: str = "0", name: str = BTC) -> None:
        """What the exchange holds; told only when something asks or ``row`` is called."""
        self.held[name, LONG], self.held[name, SHORT] = D(long), D(short)

    def market(self, name: str = BTC) -> list[do.Intent]:
        """A calm market: the last trades lie within the spread."""
        out = self.mark("100", name) + self.quote(name=name)
        return out + self.trade("100.2", name) + self.trade("100.2", name)

    # --- market

    def quote(
        self, bid: str | None = None, ask: str | None = None, name: str = BTC, size: str = "50"
    ) -> list[do.Intent]:
        self.bid = D(bid) if bid else self.bid
        self.ask = D(ask) if ask else self.ask
        t = self._tick()
        return self.feed(ev.Quote(name, t + OFFSET, t, self.bid, D(size), self.ask, D(size)))

    def trade(self, price: str, name: str = BTC) -> list[do.Intent]:
        t = self._tick()
        return self.feed(ev.Trade(name, t + OFFSET, t, D(price), D(1), False))

    def mark(self, price: str, name: str = BTC, source: Source = Source.STREAM) -> list[do.Intent]:
        t = self._tick()
        return self.feed(ev.Mark(name, t + OFFSET, t, D(price), source=source))

    def rise(self, name: str = BTC) -> list[do.Intent]:
        """The primary signal of a LONG (bid 100)."""
        return self.trade("99.8", name) + self.trade("99.9", name)

    def fall(self, name: str = BTC) -> list[do.Intent]:
        """The primary signal of a SHORT (ask 100.4)."""
        return self.trade("100.6", name) + self.trade("100.5", name)

    def calm(self, name: str = BTC) -> list[do.Intent]:
        """Trades within the spread: no signal."""
        return self.trade("100.2", name) + self.trade("100.2", name)

    # --- time

    def passes(self, ms: int, *, quoting: bool = False) -> list[do.Intent]:
        """Time passes and timers run; ``quoting``: the quote is repeated every 400 ms."""
        end, out, timers = self.now + ms, list[do.Intent](), 0
        while self.now < end:
            due = self.engine.deadline()
            stop = min(end, self.now + 400) if quoting else end
            if due is not None and due <= stop:
                self.now = max(self.now, due)
                timers += 1
                assert timers <= 20 + ms // 50, f"{timers} timers in {ms} ms"
                out += self.feed(ev.Timer(self.now))
            else:
                self.now = stop
                out += self.quote() if quoting else []
        return out

    # --- what the exchange says of orders

    def ack(self, order: do.OrderIntent) -> list[do.Intent]:
        return self.feed(self.report(order, NEW))

    def fill(
        self, order: do.OrderIntent, qty: str | Decimal | None = None, *, maker: bool = True, row_first: bool = True
    ) -> list[do.Intent]:
        """A trade of an own order and the position row that it causes; in full where no quantity is named."""
        before = self.filled.get(order.client_id, D(0))
        traded = order.qty - before if qty is None else D(qty)
        self.filled[order.client_id] = before + traded
        key = (order.symbol, order.position_side)
        self.held[key] -= traded
        status = FILLED if before + traded == order.qty else PARTIAL
        t, self._ids = self._tick(), self._ids + 1
        price = order.price or self.bid
        told = self.report(order, status)
        trade = replace(
            told,
            last_qty=traded,
            last_price=price,
            trade_id=self._ids,
            is_maker=maker,
            fee=D("0.01"),
            fee_asset="USDT",
            realized_pnl=D("0.2"),
            exch_ms=t + OFFSET,
        )
        row = self._row(*key, t + OFFSET, "ORDER")
        return self.feed(row) + self.feed(trade) if row_first else self.feed(trade) + self.feed(row)

    def cancelled(self, order: do.OrderIntent, status: OrderStatus = CANCELED) -> list[do.Intent]:
        return self.feed(self.report(order, status))

    def times_out(self, order: do.OrderIntent) -> list[do.Intent]:
        """It rests, is cancelled at its TTL, and the cooldown passes; the next order, if any, is among the intents."""
        out = self.ack(order) + self.passes(900, quoting=True)
        return out + self.cancelled(order) + self.passes(120, quoting=True)

    def report(self, order: do.OrderIntent, status: OrderStatus) -> ev.OrderUpdate:
        t = self._tick()
        return ev.OrderUpdate(
            symbol=order.symbol,
            client_id=order.client_id,
            position_side=order.position_side,
            side=order.side,
            status=status,
            order_type=order.order_type,
            qty=order.qty,
            price=order.price or D(0),
            filled_qty=self.filled.get(order.client_id, D(0)),
            exch_ms=t + OFFSET,
            recv_ms=t,
            source=Source.STREAM,
        )

    def refused(self, order: do.OrderIntent, code: int, request: RequestKind = RequestKind.SUBMIT) -> list[do.Intent]:
        t = self._tick()
        return self.feed(ev.Refused(request, order.symbol, order.client_id, code, t, t + OFFSET))

    def unknown(self, order: do.OrderIntent, request: RequestKind = RequestKind.SUBMIT) -> list[do.Intent]:
        return self.feed(ev.Unknown(request, order.symbol, order.client_id, self._tick()))

    def not_sent(self, order: do.OrderIntent, request: RequestKind = RequestKind.SUBMIT) -> list[do.Intent]:
        return self.feed(ev.NotSent(request, order.symbol, order.client_id, self._tick(), "breaker open"))

    def missing(self, order: do.OrderIntent) -> list[do.Intent]:
        t = self._tick()
        return self.feed(ev.OrderMissing(order.symbol, order.client_id, t + OFFSET, t))

    def open_orders(self, *listed: ev.OrderUpdate, name: str = BTC) -> list[do.Intent]:
        t = self._tick()
        return self.feed(ev.OpenOrdersRead(name, listed, t, t, t + OFFSET))

    def foreign(
        self, client_id: str, qty: str, filled: str = "0", status: OrderStatus = NEW, traded: str = "0", **more: object
    ) -> ev.OrderUpdate:
        """A report about an order that this run did not make; it closes the LONG of BTC unless told otherwise."""
        t = self._tick()
        update = ev.OrderUpdate(
            BTC, client_id, LONG, OrderSide.SELL, status, OrderType.LIMIT, D(qty), D("101"), D(filled), t + OFFSET, t,
            Source.STREAM, last_qty=D(traded), last_price=D("99.5"), trade_id=t,
        )  # fmt: skip
        return replace(update, **more)  # type: ignore[arg-type]

    # --- what the exchange says of the account

    def row(self, qty: str, side: PositionSide = LONG, name: str = BTC, reason: str = "ORDER") -> list[do.Intent]:
        """The user stream's row of a leg."""
        self.held[name, side] = D(qty)
        return self.feed(self._row(name, side, self._tick() + OFFSET, reason))

    def snapshot(self, name: str | None = None, **parts: object) -> list[do.Intent]:
        """A REST read of the account as it is."""
        return self.feed(replace(self._read(name), **parts))  # type: ignore[arg-type]

    def _read(self, name: str | None) -> ev.AccountSnapshot:
        t = self._tick()
        positions = tuple(
            Position(s, side, qty, D(100), t + OFFSET, leverage=10) for (s, side), qty in self.held.items() if qty > 0
        )
        return ev.AccountSnapshot(
            name,
            tuple(p for p in positions if name in (None, p.symbol)),
            (Balance("USDT", self.wallet, self.wallet, t + OFFSET),),
            tuple(self.resting),
            tuple(self.stops),
            t,
            t,
            t + OFFSET,
        )

    def stop_report(self, stop: do.PlaceStop, status: StopStatus, source: Source = Source.STREAM) -> ev.StopReport:
        """What the exchange says of an own stop."""
        t = self._tick()
        return ev.StopReport(
            stop.symbol, stop.position_side, stop.client_id, status, OrderType.STOP_MARKET, stop.side,
            stop.trigger_price, stop.qty is None, stop.qty or D(0), t + OFFSET, t, source,
        )  # fmt: skip

    # --- plumbing

    def view(self, side: PositionSide = LONG, name: str = BTC) -> SideView:
        found = self.engine.side_view(name, side)
        assert found is not None
        return found

    def feed(self, event: ev.Event) -> list[do.Intent]:
        """One event, and the answers of REST to what it made the engine ask; all intents of both."""
        out = self.engine.handle(event, self.now)
        for intent in list(out):
            for answer in self._answers(intent):
                out += self.feed(answer)
        return out

    def _answers(self, intent: do.Intent) -> Iterator[ev.Event]:
        if self.mute:
            return
        t = self._tick()
        if isinstance(intent, do.FetchSnapshot):
            yield self._read(intent.symbol)
        elif isinstance(intent, do.FetchPositions):
            whole = self._read(None)
            yield ev.PositionsRead(whole.positions or (), whole.request_ms, whole.recv_ms, whole.exch_ms)
        elif isinstance(intent, do.FetchRules):
            yield ev.RulesLoaded(replace(self.rules, symbol=intent.symbol), t, BRACKETS)
        elif isinstance(intent, do.ReadStops):
            mine = tuple(stop for stop in self.stops if stop.symbol == intent.symbol)
            yield ev.StopsRead(intent.symbol, mine, t, t, t + OFFSET)

    def _row(self, name: str, side: PositionSide, exch_ms: int, reason: str) -> ev.PositionUpdate:
        return ev.PositionUpdate(name, side, self.held[name, side], D(100), exch_ms, self.now, reason)

    def _tick(self) -> int:
        self.now += 1
        return self.now
