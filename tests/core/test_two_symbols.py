"""Behaviour 8 and 12: symbols that share a wallet, and what is passed to each of them."""

from __future__ import annotations

from collections.abc import Sequence
from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st
from tests.core.scenario import (
    BRACKETS,
    BTC,
    ETH,
    LONG,
    OFFSET,
    RULES,
    SHORT,
    Scenario,
    listed,
    notices,
    only,
    panicking,
    started,
    symbol,
    wallet_for,
)

from vibe_quant.core.account import Account
from vibe_quant.core.engine import Engine
from vibe_quant.core.margin import Margins
from vibe_quant.core.market import MarketView
from vibe_quant.core.rulebook import Rulebook
from vibe_quant.domain import events as ev
from vibe_quant.domain import intents as do
from vibe_quant.domain.account import Balance, Position
from vibe_quant.domain.enums import MarginType, NoticeKind, Stream
from vibe_quant.domain.risk import Margin
from vibe_quant.domain.rules import Brackets, SymbolRules
from vibe_quant.domain.settings import Settings

D = Decimal


class Followed:
    """A symbol as margin sees it."""

    def __init__(self, name: str, mark: str | None, asset: str | None = "USDT", brackets: Brackets = BRACKETS) -> None:
        self.symbol = name
        self.view = MarketView(name, 1500)
        self.view.mark = None if mark is None else D(mark)
        self.rulebook = Rulebook(name)
        self.rulebook.brackets = brackets
        if asset is not None:
            self.rulebook.rules = SymbolRules(
                name, D("0.1"), D("0.01"), D("0.01"), D(1000), D(5), D(500), margin_asset=asset
            )


def account(*held: tuple[str, str, MarginType]) -> Account:
    made = Account()
    made.on_balances_read((Balance("USDT", D(70), D(50)),))
    for name, qty, kind in held:
        leg = made.leg(name, LONG)
        leg.qty, leg.entry_price, leg.margin_type = D(qty), D(100), kind
    return made


CROSSED, ISOLATED = MarginType.CROSSED, MarginType.ISOLATED


def margin_of(symbol: str, asset: str, held: Account, desks: Sequence[Followed]) -> Margin | None:
    """Looked up once, once more from what was kept, and after it was forgotten: each time the same."""
    margins = Margins(held, {desk.symbol: desk for desk in desks})
    found = margins.of(symbol, asset)
    margins.keep()
    assert margins.of(symbol, asset) == margins.of(symbol, asset) == found
    margins.forget()
    assert margins.of(symbol, asset) == found
    return found


def test_the_other_symbols_crossed_legs_are_counted_and_nothing_else() -> None:
    held = account((BTC, "1", CROSSED), (ETH, "2", CROSSED))
    desks = [Followed(BTC, "100"), Followed(ETH, "90")]
    assert margin_of(BTC, "USDT", held, desks) == Margin(D(50), D("1.80"), D(-20))
    assert margin_of(ETH, "USDT", held, desks) == Margin(D(50), D("1.00"), D(0))


@pytest.mark.parametrize(
    "other",
    [Followed(ETH, None), Followed(ETH, "90", None), Followed(ETH, "90", "USDC")],
    ids=["no mark", "no rules", "another wallet"],
)
def test_what_cannot_be_valued_or_has_another_wallet_is_left_out(other: Followed) -> None:
    held = account((ETH, "2", CROSSED))
    assert margin_of(BTC, "USDT", held, [other]) == Margin(D(50))


def test_isolated_and_flat_legs_are_left_out_and_without_brackets_only_pnl_counts() -> None:
    assert margin_of(BTC, "USDT", account((ETH, "2", ISOLATED)), [Followed(ETH, "90")]) == Margin(D(50))
    bare = Followed(ETH, "90", brackets=())
    assert margin_of(BTC, "USDT", account((ETH, "2", CROSSED)), [bare]) == Margin(D(50), D(0), D(-20))


def test_an_unknown_wallet_is_no_margin() -> None:
    assert margin_of(BTC, "USDC", account(), []) is None


def test_a_loss_elsewhere_brings_liquidation_nearer() -> None:
    desk = Scenario(listed(BTC=panicking(), ETH=symbol()))
    desk.hold("1", name=ETH)
    desk.start("1", wallet=wallet_for("90") + 20)
    desk.market(ETH)
    desk.passes(1500, quoting=True)
    before = desk.view().dist
    desk.mark("92", ETH)
    desk.mark("100")
    after = desk.view().dist
    assert before is not None
    assert after is not None
    assert after < before - D("0.07")


def test_a_newer_wallet_is_told_to_every_desk_and_an_older_one_is_not() -> None:
    desk = Scenario(listed(BTC=symbol(), ETH=symbol()))
    desk.start("1")
    desk.passes(1500, quoting=True)
    poor = Balance("USDT", D(12), D(12))
    desk.feed(ev.BalanceUpdate(poor, desk.now + OFFSET, desk.now))
    dist = desk.view().dist
    assert dist is not None
    assert dist < D("0.2")
    rich = Balance("USDT", D(5000), D(5000))
    assert desk.feed(ev.BalanceUpdate(rich, desk.now + OFFSET - 5, desk.now)) == []
    assert desk.view().dist == dist


def test_leverage_comes_by_read_and_by_stream() -> None:
    desk = started()
    assert desk.engine.house.account.leverage[BTC] == 10
    desk.feed(ev.LeverageUpdate(BTC, 25, desk.now + OFFSET, desk.now))
    assert desk.engine.house.account.leverage[BTC] == 25
    desk.snapshot(positions=(Position(BTC, LONG, D(1), D(100), desk.now + OFFSET, leverage=None),))
    assert desk.engine.house.account.leverage[BTC] == 25


def test_a_read_of_one_symbol_leaves_the_others() -> None:
    desk = Scenario(listed(BTC=symbol(), ETH=symbol()))
    desk.hold("1", name=ETH)
    desk.start("1")
    desk.hold("0.5", name=ETH)
    desk.hold("0.5")
    desk.snapshot(BTC)
    assert (desk.view().qty, desk.view(LONG, ETH).qty) == (D("0.5"), D(1))


def test_depth_and_candles_reach_their_symbol_and_an_old_row_or_mark_does_not() -> None:
    desk = started()
    t = desk.now
    desk.feed(ev.Depth(BTC, t + OFFSET, t, ((D(1), D(2)),), ((D(3), D(4)),)))
    assert desk.engine.desks[BTC].view.bids == ((D(1), D(2)),)
    series = desk.engine.desks[BTC].view.want_candles(1)
    desk.feed(ev.Candle(BTC, t + OFFSET, t, 0, D(1), D(2), D(1), D(2), D(3), True))
    assert series is desk.engine.desks[BTC].view.candles[1]
    old = ev.PositionUpdate(BTC, LONG, D(7), D(100), 5, t)
    assert desk.feed(old) == []
    before = desk.view()
    assert desk.feed(ev.Mark(BTC, 5, t, D(1))) == []
    assert desk.view() == before
    flat = started("0")
    flat.feed(ev.Depth(BTC, t + OFFSET, t, (), ()))
    flat.feed(ev.Candle(BTC, t + OFFSET, t, 0, D(1), D(2), D(1), D(2), D(3), True))
    assert flat.view().qty == 0


def test_older_brackets_stay_where_rules_come_without() -> None:
    desk = started()
    desk.feed(ev.RulesLoaded(RULES, desk.now))
    assert desk.engine.desks[BTC].rulebook.brackets == BRACKETS


def test_two_engines_with_the_same_events_want_the_same() -> None:
    def run() -> list[do.Intent]:
        desk = Scenario(listed(BTC=panicking(), ETH=symbol()))
        out = desk.start("1", "0.5", wallet=wallet_for("90")) + desk.rise() + desk.fall()
        return out + desk.passes(3000, quoting=True) + desk.mark("91.4") + desk.passes(3000)

    assert run() == run()


def test_an_engine_without_symbols_wants_nothing_and_wakes_for_nothing() -> None:
    idle = Engine(Settings(), "r1", Scenario().engine._random)
    assert idle.deadline() is None
    assert idle.handle(ev.Timer(0), 0) == []
    assert idle.handle(ev.Stop(1), 1)
    assert idle.side_view(BTC, SHORT) is None


def test_streams_that_were_up_before_a_desk_opened_are_up_for_it() -> None:
    desk = Scenario(Settings(symbols=((BTC, symbol()),)))
    desk.feed(ev.ServerTime(OFFSET, desk.now))
    for stream in Stream:
        desk.feed(ev.StreamUp(stream, desk.now))
    desk.feed(ev.Reload(desk.now, listed(BTC=symbol(), ETH=symbol())))
    desk.hold("1", name=ETH)
    desk.row("1", name=ETH)
    desk.passes(10)
    desk.market(ETH)
    assert only(desk.rise(ETH)).symbol == ETH
    assert notices(desk.passes(100), NoticeKind.RECONNECT) == []


@given(st.lists(st.tuples(st.integers(0, 7), st.integers(0, 3), st.booleans()), max_size=30))
def test_a_part_that_was_worked_out_before_is_never_an_outdated_one(changes: list[tuple[int, int, bool]]) -> None:
    held, desks = account((BTC, "1", CROSSED), (ETH, "2", CROSSED)), [Followed(BTC, "100"), Followed(ETH, "90")]
    margins = Margins(held, {desk.symbol: desk for desk in desks})
    for kind, n, first in changes:
        desk = desks[first]
        leg = held.leg(desk.symbol, (LONG, SHORT)[n % 2])
        match kind:
            case 0 | 1:
                leg.qty = D(n)
            case 2:
                leg.entry_price = D(90 + n)
            case 3:
                leg.margin_type = (CROSSED, ISOLATED)[n // 2]
            case 4 | 5:
                desk.view.mark = (None, D(80), D(90), D(100))[n]
            case 6:
                desk.rulebook.rules = Followed(desk.symbol, None, ("USDT", "USDC", None, "USDT")[n]).rulebook.rules
            case _:
                desk.rulebook.brackets = BRACKETS if n else ()
        margins.forget()
        if n:
            margins.keep()
        fresh = Margins(held, {desk.symbol: desk for desk in desks})
        assert [margins.of(name, "USDT") for name in (BTC, ETH)] == [fresh.of(name, "USDT") for name in (BTC, ETH)]
