"""A card for each exit: one meter a leg, a leg's own refusals, printed when it is done or when the run ends."""

from __future__ import annotations

import io
from collections.abc import Sequence
from dataclasses import dataclass, field
from decimal import Decimal

import pytest

from vibe_quant.app import cards
from vibe_quant.app.cards import Cards
from vibe_quant.domain import events as ev
from vibe_quant.domain.account import Position
from vibe_quant.domain.enums import (
    ExecutionMode,
    NoticeKind,
    OrderStatus,
    OrderType,
    PositionSide,
    RequestKind,
    Severity,
    SignalReason,
    Source,
    TimeInForce,
)
from vibe_quant.domain.intents import Intent, Notify, OrderIntent
from vibe_quant.domain.rules import SymbolRules
from vibe_quant.domain.settings import Settings, SymbolSettings

D = Decimal
BTC, ETH = "BTC/USDT:USDT", "ETH/USDT:USDT"
LONG, SHORT = PositionSide.LONG, PositionSide.SHORT
SETTINGS = Settings(symbols=((BTC, SymbolSettings()), (ETH, SymbolSettings(sides=(LONG,)))))


@dataclass
class Desk:
    """Feeds the cards as the consumer would."""

    out: io.StringIO = field(default_factory=io.StringIO)
    now: int = 0
    orders: int = 0

    def __post_init__(self) -> None:
        self.cards = Cards(SETTINGS, lambda symbol, side: None, self.out)

    def see(self, event: ev.Event, intents: Sequence[Intent] = (), symbol: str | None = BTC) -> None:
        self.now += 1000
        quote = None if symbol is None else ev.Quote(symbol, 1, 1, D("99.9"), D(1), D("100.1"), D(1))
        self.cards.see(self.now, event, intents, quote)

    def position(self, side: PositionSide, qty: str, exch_ms: int = 1, symbol: str = BTC) -> None:
        self.see(ev.PositionUpdate(symbol, side, D(qty), D(100), exch_ms, 1), symbol=symbol)

    def fill(self, side: PositionSide, qty: str, price: str) -> str:
        self.orders += 1
        name = f"vq-run-{self.orders}"
        kind, mode = OrderType.LIMIT, ExecutionMode.MAKER_ONLY
        order = OrderIntent(BTC, side, name, kind, D(qty), D(price), TimeInForce.GTX, mode, SignalReason.PATIENT, 1)
        self.see(ev.Timer(1), [order])
        done = OrderStatus.FILLED
        report = ev.OrderUpdate(
            BTC, name, side, order.side, done, kind, D(qty), D(price), D(qty), 1, 1, Source.STREAM,
            last_qty=D(qty), last_price=D(price), trade_id=self.orders, is_maker=True, fee_asset="USDT",
        )  # fmt: skip
        self.see(report)
        return name

    def finish(self, side: PositionSide) -> None:
        self.see(ev.Timer(1), [Notify(NoticeKind.EXIT_FINISHED, Severity.INFO, "done", BTC, side)])

    @property
    def titles(self) -> list[str]:
        return [line.strip() for line in self.out.getvalue().splitlines() if line.startswith("Exit of")]


@pytest.fixture
def desk() -> Desk:
    return Desk()


def test_a_card_when_an_exit_is_done(desk: Desk) -> None:
    desk.see(ev.RulesLoaded(SymbolRules(BTC, D("0.1"), D("0.001"), D("0.001"), D(9), D(9), D(9)), 1))
    desk.position(LONG, "0.3")
    desk.fill(LONG, "0.3", "99.95")
    desk.position(LONG, "0", 2)
    assert desk.titles == []
    desk.finish(LONG)
    assert desk.titles == ["Exit of LONG 0.3 BTC/USDT:USDT, orderbook_price"]
    text = desk.out.getvalue()
    for row in ("0.3 of 0.3", "arrival mid", "99.95", "+5.00 bps", "100.0 %"):
        assert row in text
    (cost,) = desk.cards.costs
    assert (cost.filled_qty, cost.left_qty, cost.orders, cost.duration_ms) == (D("0.3"), D(0), 1, 3000)
    desk.cards.close()
    assert len(desk.titles) == 1


def test_both_legs_of_a_symbol_have_their_own(desk: Desk) -> None:
    held = (Position(BTC, LONG, D("0.3"), D(100), 1), Position(BTC, SHORT, D("0.2"), D(100), 1))
    desk.see(ev.AccountSnapshot(None, held, None, None, None, 1, 1, 1), symbol=None)
    long, short = desk.fill(LONG, "0.1", "100"), desk.fill(SHORT, "0.2", "100")
    for name, times in ((long, 2), (short, 1), ("unknown", 5)):
        for _ in range(times):
            desk.see(ev.Refused(RequestKind.SUBMIT, BTC, name, -2022, 1, 1))
    desk.finish(SHORT)
    desk.cards.close()
    short_cost, long_cost = desk.cards.costs
    assert (short_cost.side, short_cost.filled_qty, short_cost.rejects) == (SHORT, D("0.2"), ((-2022, 1),))
    assert (long_cost.side, long_cost.filled_qty, long_cost.rejects) == (LONG, D("0.1"), ((-2022, 2),))
    assert long_cost.arrival_mid == D(100)
    assert "not done" in desk.out.getvalue()


def test_another_symbols_orders_and_quotes_are_not_counted(desk: Desk) -> None:
    desk.position(LONG, "0.3", symbol=ETH)
    desk.position(LONG, "0.3")
    desk.fill(LONG, "0.1", "100")
    desk.cards.close()
    counts = {cost.symbol: (cost.orders, cost.filled_qty) for cost in desk.cards.costs}
    assert counts == {ETH: (0, D(0)), BTC: (1, D("0.1"))}


def test_what_is_not_managed_has_no_card(desk: Desk) -> None:
    desk.position(SHORT, "1", symbol=ETH)
    desk.position(LONG, "1", symbol="XRP/USDT:USDT")
    desk.position(LONG, "0")
    desk.finish(LONG)
    desk.see(ev.Timer(1), [Notify(NoticeKind.EXIT_FINISHED, Severity.INFO, "nobody's")])
    desk.cards.close()
    assert desk.titles == []


def test_an_exit_begins_anew_with_what_is_added_and_not_with_old_news(desk: Desk) -> None:
    desk.position(LONG, "0.3", exch_ms=5)
    desk.position(LONG, "0.1", exch_ms=6)
    desk.finish(LONG)  # its target is a tenth
    desk.position(LONG, "0.1", exch_ms=7)
    desk.position(LONG, "0.3", exch_ms=5)
    desk.finish(LONG)
    assert len(desk.titles) == 1
    desk.position(LONG, "0.5", exch_ms=8)
    desk.cards.close()
    assert [cost.qty for cost in desk.cards.costs] == [D("0.3"), D("0.5")]


def test_what_is_remembered_of_orders_stays_small_in_an_exit_of_weeks(
    desk: Desk, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(cards, "OWNERS_KEPT", 10)
    desk.position(LONG, "10")
    for _ in range(30):
        newest = desk.fill(LONG, "0.1", "100")
    assert len(desk.cards._owners) == 10
    assert newest in desk.cards._owners
