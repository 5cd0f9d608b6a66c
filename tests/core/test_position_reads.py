"""One read of all positions answers every symbol that waits for its liquidation prices."""

from __future__ import annotations

from decimal import Decimal

from tests.core.scenario import BTC, ETH, LONG, OFFSET, Scenario, listed, notices, of, started, symbol

from vibe_quant.core.position_reads import PositionReads
from vibe_quant.domain import events as ev
from vibe_quant.domain import intents as do
from vibe_quant.domain.account import Balance, Position
from vibe_quant.domain.enums import NoticeKind, RequestKind

D = Decimal


def test_changes_within_a_second_share_a_read_and_one_after_it_left_has_another() -> None:
    reads = PositionReads()
    assert (reads.deadline(), reads.due(10_000)) == (None, [])
    reads.changed(0)
    reads.changed(600)
    assert (reads.deadline(), reads.due(999)) == (1000, [])
    assert len(reads.due(1000)) == 1
    assert reads.due(1001) == []
    reads.changed(1100)
    reads.answered(1000, 1200)
    assert reads.deadline() == 2000
    assert len(reads.due(2000)) == 1
    reads.answered(1000, 2050)  # the same answer once more
    reads.answered(2000, 2100)
    assert reads.deadline() is None
    reads.answered(2200, 2300)  # a read that others have asked for
    assert reads.deadline() is None


def test_a_read_that_left_before_the_first_change_answers_nothing() -> None:
    reads = PositionReads()
    reads.changed(500)
    reads.answered(400, 600)
    assert reads.deadline() == 1500


def test_a_read_that_fails_is_repeated_after_a_second_and_one_without_an_answer_after_five() -> None:
    reads = PositionReads()
    reads.failed(0)
    assert reads.deadline() is None
    reads.changed(0)
    assert len(reads.due(1000)) == 1
    assert reads.deadline() == 6000
    reads.failed(1300)
    assert reads.deadline() == 2300
    assert len(reads.due(2300)) == 1
    assert len(reads.due(7300)) == 1


def test_a_change_of_the_wallet_is_read_once_for_all_symbols() -> None:
    desk = Scenario(listed(BTC=symbol(), ETH=symbol()))
    desk.hold("1", name=ETH)
    desk.start("1")
    desk.passes(3000, quoting=True)
    poor = Balance("USDT", D(5000), D(5000))
    desk.mute = True
    desk.feed(ev.BalanceUpdate(poor, desk.now + OFFSET, desk.now))
    asked = desk.passes(1100, quoting=True)
    assert len(of(do.FetchPositions, asked)) == 1
    assert of(do.FetchSnapshot, asked) == []
    desk.feed(ev.NotSent(RequestKind.POSITIONS, "", "", desk.now, "the weight is spent"))
    assert len(of(do.FetchPositions, desk.passes(1100, quoting=True))) == 1


def test_a_read_price_that_is_nearer_rules_and_the_symbol_is_at_rest_then() -> None:
    desk = started()
    desk.passes(3000, quoting=True)
    before = desk.view().dist
    assert before is not None
    leg = desk.engine.house.account.leg(BTC, LONG)
    row = Position(BTC, LONG, leg.qty, D(100), desk.now + OFFSET, D(99))
    desk.mute = True
    desk.now += 1
    out = desk.feed(ev.PositionsRead((row,), desk.now, desk.now, desk.now + OFFSET))
    assert desk.view().dist == D("0.01")
    assert notices(out, NoticeKind.MISMATCH) == []
    assert of(do.FetchSnapshot, out) == []


def test_legs_beside_the_prices_that_are_others_than_ours_are_a_surprise() -> None:
    desk = started()
    desk.passes(3000, quoting=True)
    desk.mute = True
    desk.now += 1
    out = desk.feed(ev.PositionsRead((), desk.now, desk.now, desk.now + OFFSET))
    assert [(read.symbol, read.reason) for read in of(do.FetchSnapshot, out)] == [
        (None, f"{BTC} LONG: a read says 0, counted were 1")
    ]
    assert desk.view().qty == 1
    late = desk.feed(ev.PositionsRead((), 0, desk.now, desk.now + OFFSET))
    assert of(do.FetchSnapshot, late) == []
