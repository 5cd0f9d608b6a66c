from __future__ import annotations

import itertools
from dataclasses import replace
from decimal import Decimal
from typing import Any

import pytest

from vibe_quant.domain.enums import OrderSide, OrderType, PositionSide, TimeInForce, WorkingType
from vibe_quant.domain.events import Mark, Quote, Trade
from vibe_quant.domain.rules import Bracket, SymbolRules
from vibe_quant.sim.exchange import SimExchange
from vibe_quant.sim.records import (
    AccountEvent,
    AlgoEvent,
    AlgoRequest,
    AmendRequest,
    ExchangeEvent,
    OrderEvent,
    OrderRequest,
    Rejected,
    SimAlgo,
    SimOrder,
)
from vibe_quant.sim.switches import Switches

D = Decimal
SYMBOL = "BTC/USDT:USDT"
LONG, SHORT = PositionSide.LONG, PositionSide.SHORT
RULES = SymbolRules(
    symbol=SYMBOL,
    tick=D("0.1"),
    step=D("0.001"),
    min_qty=D("0.001"),
    max_qty=D(1000),
    min_notional=D(5),
    market_max_qty=D(120),
    min_price=D("0.1"),
    max_price=D(100_000),
    percent_up=D("1.05"),
    percent_down=D("0.95"),
    liquidation_fee=D("0.0125"),
)
BRACKETS = (
    Bracket(D(0), D(5_000), D("0.004"), D(0), 125),
    Bracket(D(5_000), D(50_000), D("0.01"), D(30), 50),
    Bracket(D(50_000), D(1_000_000), D("0.05"), D(2_030), 10),
)


class Desk:
    """A SimExchange with short words for tests; time moves by hand."""

    def __init__(
        self,
        switches: Switches | None = None,
        wallet: str = "100000",
        rules: SymbolRules = RULES,
        others: tuple[str, ...] = (),
    ) -> None:
        symbols = {name: (replace(rules, symbol=name), BRACKETS) for name in (rules.symbol, *others)}
        self.x = SimExchange(symbols, {"USDT": D(wallet)}, switches)
        self.now = 1_000_000
        self.ids = itertools.count(1)

    def seed(self, side: PositionSide, qty: str, entry: str = "100", symbol: str = SYMBOL) -> None:
        self.x.seed_position(symbol, side, D(qty), D(entry))

    def quote(self, bid: str, bid_qty: str, ask: str, ask_qty: str, symbol: str = SYMBOL) -> None:
        self.x.on_quote(Quote(symbol, self.now, self.now, D(bid), D(bid_qty), D(ask), D(ask_qty)))

    def trade(self, price: str, qty: str, taker: str) -> None:
        self.x.on_trade(Trade(SYMBOL, self.now, self.now, D(price), D(qty), taker == "SELL"))

    def mark(self, price: str, symbol: str = SYMBOL) -> None:
        self.x.on_mark(Mark(symbol, self.now, self.now, D(price)))

    def request(self, side: PositionSide, qty: str | None, price: str | None, **more: Any) -> OrderRequest:
        opens = more.pop("opens", False)
        order_side = side.exit_side if not opens else side.opposite.exit_side
        kind = more.pop(
            "order_type", OrderType.LIMIT if price is not None or "price_match" in more else OrderType.MARKET
        )
        tif = more.pop("tif", TimeInForce.GTC if kind is OrderType.LIMIT else None)
        return OrderRequest(
            symbol=more.pop("symbol", SYMBOL),
            side=order_side,
            position_side=more.pop("position_side", side),
            order_type=kind,
            client_id=more.pop("cid", None) or f"vq-{next(self.ids)}",
            timestamp_ms=more.pop("timestamp_ms", self.now),
            qty=None if qty is None else D(qty),
            price=None if price is None else D(price),
            time_in_force=tif,
            **more,
        )

    def place(self, side: PositionSide, qty: str | None, price: str | None = None, **more: Any) -> SimOrder:
        return self.x.place(self.request(side, qty, price, **more), self.now)

    def refused(self, side: PositionSide, qty: str | None, price: str | None = None, **more: Any) -> int:
        return self.code(lambda: self.place(side, qty, price, **more))

    def code(self, action: Any) -> int:
        with pytest.raises(Rejected) as caught:
            action()
        return caught.value.code

    def amend(self, order: SimOrder, qty: str, price: str, timestamp_ms: int | None = None) -> SimOrder:
        at = self.now if timestamp_ms is None else timestamp_ms
        return self.x.amend(AmendRequest(SYMBOL, order.side, order.client_id, D(qty), D(price), at), self.now)

    def stop(
        self, side: PositionSide, trigger: str | None, qty: str | None = None, cid: str | None = None, **more: Any
    ) -> SimAlgo:
        more.setdefault("working_type", WorkingType.MARK_PRICE)
        request = AlgoRequest(
            symbol=more.pop("symbol", SYMBOL),
            side=more.pop("order_side", side.exit_side),
            position_side=more.pop("position_side", side),
            order_type=more.pop("order_type", OrderType.STOP_MARKET),
            client_id=cid or f"st-{next(self.ids)}",
            trigger_price=None if trigger is None else D(trigger),
            timestamp_ms=more.pop("timestamp_ms", self.now),
            qty=None if qty is None else D(qty),
            close_position=more.pop("close_position", qty is None),
            **more,
        )
        return self.x.algos.place(request, self.now)

    def wait(self, ms: int) -> None:
        self.now += ms
        self.x.advance(self.now)

    def leg(self, side: PositionSide, symbol: str = SYMBOL) -> Decimal:
        return self.x.account.leg(symbol, side).qty

    def wallet(self) -> Decimal:
        return self.x.account.wallets["USDT"]

    def events(self) -> list[ExchangeEvent]:
        return self.x.take_events()

    def words(self) -> list[str]:
        """The events since the last call, each as one word."""
        return [_word(event) for event in self.events()]


def _word(event: ExchangeEvent) -> str:
    if isinstance(event, OrderEvent):
        reason = f" er={event.order.expiry_reason}" if event.order.expiry_reason else ""
        return f"{event.exec_type}/{event.order.status}{reason}"
    if isinstance(event, AccountEvent):
        return f"ACCOUNT {event.reason}"
    if isinstance(event, AlgoEvent):
        return f"ALGO {event.algo.status}"
    return "LEVERAGE"


@pytest.fixture(scope="session")
def new_desk() -> type[Desk]:
    return Desk


@pytest.fixture
def desk() -> Desk:
    """100000 USDT, 1 LONG and 1 SHORT at 100, touch 99.9 x 5 / 100.1 x 5, mark 100."""
    made = Desk()
    made.seed(LONG, "1")
    made.seed(SHORT, "1")
    made.quote("99.9", "5", "100.1", "5")
    made.mark("100")
    return made


@pytest.fixture(scope="session")
def rules() -> SymbolRules:
    return RULES


@pytest.fixture(scope="session")
def brackets() -> tuple[Bracket, ...]:
    return BRACKETS


@pytest.fixture(scope="session")
def sides() -> tuple[OrderSide, OrderSide]:
    return OrderSide.SELL, OrderSide.BUY
