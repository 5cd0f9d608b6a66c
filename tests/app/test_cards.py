"""A card for each exit: one meter a leg, a leg's own refusals, printed when it is done or when the run ends."""

from __future__ import annotations

import io
from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from decimal import Decimal
from types import SimpleNamespace
from typing import cast

import pytest

from vibe_quant.app import cards
from vibe_quant.app.application import Application
from vibe_quant.app.cards import FLAT_MS, Cards
from vibe_quant.app.exit_course import NOTED_MS
from vibe_quant.app.exit_log import ExitLog, Interrupted
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
from vibe_quant.domain.status import ExitCost

D = Decimal
BTC, ETH = "BTC/USDT:USDT", "ETH/USDT:USDT"
LONG, SHORT = PositionSide.LONG, PositionSide.SHORT
OFFSET = 1_790_000_000_000
SETTINGS = Settings(symbols=((BTC, SymbolSettings()), (ETH, SymbolSettings(sides=(LONG,)))))


@dataclass
class FakeLog:
    """The journal's side: what was noted, and what is to be told."""

    offset_ms: int = OFFSET
    before: tuple[Interrupted, ...] = ()
    found: list[ev.OrderUpdate] = field(default_factory=list)
    flat: set[tuple[str, PositionSide]] = field(default_factory=set)
    noted: list[ExitCost] = field(default_factory=list)
    closed: bool = False
    commits: int = 0

    def began(self, app: Application) -> tuple[Interrupted, ...]:
        return self.before

    def late(self) -> list[ev.OrderUpdate]:
        found, self.found = self.found, []
        return found

    def is_flat(self, symbol: str, side: PositionSide) -> bool:
        return (symbol, side) in self.flat

    def note(self, costs: Sequence[ExitCost]) -> None:
        assert not self.closed
        self.noted += costs
        self.commits += 1

    def close(self) -> None:
        self.closed = True


@dataclass
class Desk:
    """Feeds the cards as the consumer would."""

    out: io.StringIO = field(default_factory=io.StringIO)
    now: int = 0
    orders: int = 0
    log: FakeLog = field(default_factory=FakeLog)
    told: list[ExitCost] = field(default_factory=list)

    def __post_init__(self) -> None:
        self.cards = Cards(
            lambda: SETTINGS, lambda symbol, side: None, self.out, cast(ExitLog, self.log), self.told.append
        )

    def see(self, event: ev.Event, intents: Sequence[Intent] = (), symbol: str | None = BTC) -> None:
        self.now += 1000
        quote = None if symbol is None else ev.Quote(symbol, 1, 1, D("99.9"), D(1), D("100.1"), D(1))
        self.cards.see(self.now, event, intents, quote)

    def position(self, side: PositionSide, qty: str, exch_ms: int = 1, symbol: str = BTC) -> None:
        self.see(ev.PositionUpdate(symbol, side, D(qty), D(100), exch_ms, 1), symbol=symbol)

    def began(self, *before: Interrupted) -> None:
        """The start of a run, at this moment of the desk."""
        self.log.before = before
        clock = SimpleNamespace(now_ms=lambda: self.now)
        self.cards.began(cast(Application, SimpleNamespace(parts=SimpleNamespace(clock=clock))))

    def fill(self, side: PositionSide, qty: str, price: str, name: str = "", pnl: str = "0") -> str:
        self.orders += 1
        name = name or f"vq-run-{self.orders}"
        kind, mode = OrderType.LIMIT, ExecutionMode.MAKER_ONLY
        order = OrderIntent(BTC, side, name, kind, D(qty), D(price), TimeInForce.GTX, mode, SignalReason.PATIENT, 1)
        self.see(ev.Timer(1), [order])
        self.traded(side, qty, price, name, pnl)
        return name

    def traded(self, side: PositionSide, qty: str, price: str, name: str, pnl: str = "0") -> None:
        self.see(self.report(side, qty, price, name, self.orders, pnl))

    @staticmethod
    def report(
        side: PositionSide, qty: str, price: str, name: str, trade_id: int, pnl: str = "0", exch_ms: int = 1
    ) -> ev.OrderUpdate:
        kind, done = OrderType.LIMIT, OrderStatus.FILLED
        return ev.OrderUpdate(
            BTC, name, side, side.exit_side, done, kind, D(qty), D(price), D(qty), exch_ms, 1, Source.STREAM,
            last_qty=D(qty), last_price=D(price), trade_id=trade_id, is_maker=True, fee=D("0.01"), fee_asset="USDT",
            realized_pnl=D(pnl),
        )  # fmt: skip

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


def test_an_exit_that_is_over_is_told_and_kept_once(desk: Desk) -> None:
    desk.position(LONG, "0.3")
    desk.fill(LONG, "0.1", "99.95", pnl="-0.5")
    desk.fill(LONG, "0.2", "99.9", pnl="0.25")
    desk.position(LONG, "0", 2)
    desk.finish(LONG)
    desk.finish(LONG)
    (cost,) = desk.told
    assert desk.log.noted[-1] == cost
    assert (cost.begun_ms, cost.ended_ms, cost.finished) == (OFFSET + 1000, OFFSET + 6000, True)
    assert (cost.start_qty, cost.closed_qty, cost.arrival, cost.orders, cost.fills) == (
        D("0.3"),
        D("0.3"),
        D(100),
        2,
        2,
    )
    assert (cost.fee, cost.fee_asset, cost.realized_pnl, cost.maker_share) == (D("0.02"), "USDT", D("-0.25"), D(1))
    assert cost.slippage_bps is not None
    assert cost.cost_bps is not None
    assert cost.cost_bps > cost.slippage_bps > 0


def test_what_it_cost_so_far_is_kept_when_it_begins_each_hour_and_at_a_stop(desk: Desk) -> None:
    desk.position(LONG, "0.3")
    assert [(cost.finished, cost.arrival, cost.closed_qty) for cost in desk.log.noted] == [(False, D(100), D(0))]
    for _ in range(NOTED_MS // 1000 - 1):
        desk.see(ev.Timer(1))
    assert len(desk.log.noted) == 1
    desk.fill(LONG, "0.1", "99.95")
    assert [cost.closed_qty for cost in desk.log.noted] == [D(0), D(0)]
    desk.see(ev.Stop(1))
    assert [cost.closed_qty for cost in desk.log.noted] == [D(0), D(0), D("0.1")]
    desk.cards.close()
    assert len(desk.log.noted) == 3
    assert desk.told == []


def test_exits_that_are_due_together_are_kept_in_one_commit(desk: Desk) -> None:
    """Orders wait for the same disk: what fifty sides cost each hour is not fifty syncs in a row."""
    held = (Position(BTC, LONG, D("0.3"), D(100), 1), Position(BTC, SHORT, D("0.2"), D(100), 1))
    desk.see(ev.AccountSnapshot(None, held, None, None, None, 1, 1, 1))
    desk.see(ev.Timer(1))
    before = desk.log.commits
    assert len(desk.log.noted) == 2
    desk.see(ev.Stop(1))
    assert (len(desk.log.noted), desk.log.commits) == (4, before + 1)


def test_nothing_is_kept_of_an_exit_whose_arrival_is_not_known(desk: Desk) -> None:
    desk.see(ev.PositionUpdate(BTC, LONG, D(1), D(100), 1, 1), symbol=None)
    desk.see(ev.Stop(1), symbol=None)
    assert desk.log.noted == []


def test_an_exit_goes_on_over_a_restart_with_its_arrival_and_its_trades(desk: Desk) -> None:
    """As one exit of one unit that began at 100 and closed at 99, 98 and 97: a third each, by three runs of trades."""
    earlier = Desk()
    earlier.position(LONG, "0.3")
    earlier.fill(LONG, "0.1", "99", pnl="-1")
    earlier.see(ev.Stop(1))
    begun = earlier.log.noted[-1]
    since = desk.report(LONG, "0.1", "98", "vq-run-2", 2)
    desk.began(Interrupted(begun, (since,)))
    desk.position(LONG, "0.1", exch_ms=9)
    assert desk.cards.progress(BTC, LONG) is not None
    desk.orders = 2
    desk.fill(LONG, "0.1", "97")
    desk.position(LONG, "0", exch_ms=10)
    desk.finish(LONG)
    (cost,) = desk.told
    assert (cost.start_qty, cost.closed_qty, cost.arrival, cost.begun_ms) == (
        D("0.3"),
        D("0.3"),
        D(100),
        begun.begun_ms,
    )
    assert (cost.average, cost.slippage_bps, cost.fills, cost.orders) == (D(98), D(200), 3, 2)
    assert (cost.fee, cost.realized_pnl) == (D("0.03"), D(-1))
    assert "closed by force" not in desk.out.getvalue()


def test_trades_that_a_restart_finds_late_are_of_the_exit_that_went_on_and_of_no_other(desk: Desk) -> None:
    earlier = Desk()
    earlier.position(LONG, "0.3")
    desk.began(Interrupted(earlier.log.noted[-1], ()))
    desk.position(LONG, "0.1", exch_ms=9)
    desk.position(SHORT, "0.5", exch_ms=9)
    desk.log.found = [
        desk.report(LONG, "0.2", "99", "", 7, exch_ms=OFFSET + 5000),
        desk.report(LONG, "0.2", "99", "", 6, exch_ms=OFFSET - 5000),
        desk.report(SHORT, "0.2", "99", "", 5, exch_ms=OFFSET + 5000),
    ]
    desk.see(ev.Timer(1))
    desk.see(desk.report(LONG, "0.2", "99", "vq-run-1", 7))  # the stream tells it again
    long, short = desk.cards.so_far(BTC, LONG), desk.cards.so_far(BTC, SHORT)
    assert long is not None
    assert short is not None
    assert (long.closed_qty, short.closed_qty) == (D("0.2"), D(0))


def test_an_exit_that_ended_while_nobody_ran_is_over(desk: Desk) -> None:
    earlier = Desk()
    earlier.position(LONG, "0.3")
    desk.began(Interrupted(earlier.log.noted[-1], (desk.report(LONG, "0.3", "99", "vq-ps-x", 1),)))
    desk.see(ev.Timer(1))
    assert desk.told == []
    desk.log.flat.add((BTC, LONG))
    desk.see(ev.Timer(1))
    (cost,) = desk.told
    assert (cost.finished, cost.average) == (True, D(99))
    assert "closed by the stop" in desk.out.getvalue()


def test_an_exit_of_what_is_not_managed_any_more_does_not_go_on(desk: Desk) -> None:
    earlier = Desk()
    earlier.position(LONG, "0.3")
    desk.began(Interrupted(replace(earlier.log.noted[-1], symbol="XRP/USDT:USDT"), ()))
    desk.cards.close()
    assert desk.titles == []


def test_a_leg_that_others_have_closed_is_over_after_a_while_and_does_not_mix_with_the_next(desk: Desk) -> None:
    desk.position(LONG, "0.3", exch_ms=1)
    desk.position(LONG, "0", exch_ms=2)
    desk.position(LONG, "0.5", exch_ms=3)
    assert [cost.start_qty for cost in desk.told] == [D("0.3")]
    desk.position(LONG, "0", exch_ms=4)
    for _ in range(FLAT_MS // 1000 - 1):
        desk.see(ev.Timer(1))
    assert len(desk.told) == 1
    desk.see(ev.Timer(1))
    assert [cost.start_qty for cost in desk.told] == [D("0.3"), D("0.5")]
    desk.finish(LONG)
    assert len(desk.told) == 2


def test_how_far_an_exit_has_come(desk: Desk) -> None:
    assert desk.cards.progress(BTC, LONG) is None
    assert desk.cards.so_far(BTC, LONG) is None
    desk.position(LONG, "0.4")
    for _ in range(60):
        desk.see(ev.Timer(1))
    desk.fill(LONG, "0.1", "100")
    progress = desk.cards.progress(BTC, LONG)
    assert progress is not None
    assert (progress.begun_qty, progress.done, progress.arrival) == (D("0.4"), D("0.25"), D(100))
    assert progress.eta_s == 186  # 62 s for a quarter
    desk.see(ev.PositionUpdate(ETH, LONG, D(1), D(100), 1, 1), symbol=None)
    other = desk.cards.progress(ETH, LONG)
    assert other is not None
    assert (other.done, other.eta_s, other.arrival) == (D(0), None, None)
