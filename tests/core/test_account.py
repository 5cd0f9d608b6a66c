"""A leg's quantity is never above the truth, whatever the order of rows, fills and reads, and comes to it at last."""

from __future__ import annotations

from dataclasses import dataclass, replace
from decimal import Decimal
from itertools import pairwise

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from vibe_quant.core.account import AGREE_MS, LAG_MS, Account, Leg, LegChange
from vibe_quant.domain.account import Balance, Position
from vibe_quant.domain.enums import MarginType, PositionSide
from vibe_quant.domain.events import BalanceUpdate, PositionUpdate

D = Decimal
LONG = PositionSide.LONG


def row(qty: str | Decimal, ms: int) -> PositionUpdate:
    return PositionUpdate("BTCUSDT", LONG, D(qty), D(100), ms, ms)


def position(qty: str | Decimal, ms: int) -> Position:
    return Position("BTCUSDT", LONG, D(qty), D(90), ms, margin_type=MarginType.ISOLATED, isolated_wallet=D(3))


def leg_at(qty: str, ms: int = 100) -> Leg:
    leg = Leg("BTCUSDT", LONG)
    leg.on_row(row(qty, ms), now=-LAG_MS)
    return leg


def told(leg: Leg, qty: str, ms: int, now: int = 10) -> LegChange:
    change = leg.on_row(row(qty, ms), now)
    assert change is not None
    return change


def test_a_leg_is_unknown_until_something_is_heard_of_it() -> None:
    leg = Leg("BTCUSDT", LONG)
    assert (leg.known, leg.qty, leg.is_flat) == (False, D(0), False)
    update = replace(row("10", 100), margin_type=MarginType.ISOLATED, isolated_wallet=D(5))
    assert leg.on_row(update, now=7) == LegChange(D(0), D(10), enlarged=D(10))
    assert (leg.known, leg.qty, leg.row_ms, leg.touched_ms) == (True, D(10), 100, 7)
    assert (leg.entry_price, leg.margin_type, leg.isolated_wallet) == (D(100), MarginType.ISOLATED, D(5))


def test_a_row_before_its_fill_shows_it_and_nothing_waits() -> None:
    leg = leg_at("10")
    assert told(leg, "8", 105) == LegChange(D(10), D(8))
    leg.on_fill(D(2), 105, now=11)
    assert (leg.qty, leg.pending_ms) == (D(8), None)
    assert told(leg, "7", 110).enlarged == 0
    leg.on_fill(D(1), 110, now=12)
    assert leg.qty == 7


def test_a_fill_before_its_row_is_taken_off_at_once_and_waits_for_it() -> None:
    leg = leg_at("10")
    leg.on_fill(D(2), 105, now=11)
    leg.on_fill(D(1), 106, now=13)
    assert (leg.qty, leg.row, leg.pending_ms) == (D(7), D(10), 11)
    assert told(leg, "8", 105) == LegChange(D(7), D(7))
    assert leg.pending_ms == 11
    assert told(leg, "7", 106) == LegChange(D(7), D(7))
    assert leg.pending_ms is None


def test_a_fill_older_than_the_row_is_in_it() -> None:
    leg = leg_at("8", 105)
    leg.on_fill(D(2), 104, now=11)
    assert (leg.qty, leg.pending_ms, leg.touched_ms) == (D(8), None, 11)


def test_two_fills_of_one_millisecond_are_told_apart_by_their_rows() -> None:
    leg = leg_at("10")
    leg.on_fill(D(2), 105, now=11)
    leg.on_fill(D(3), 105, now=11)
    assert told(leg, "8", 105) == LegChange(D(5), D(5))
    assert leg.pending_ms == 11
    assert told(leg, "5", 105) == LegChange(D(5), D(5))
    assert leg.pending_ms is None


@pytest.mark.parametrize("parts", [("2", "3"), ("5",)])
def test_one_row_for_several_fills_and_one_report_for_several_rows_are_the_same_sum(parts: tuple[str, ...]) -> None:
    leg = leg_at("10")
    rows = ("5",) if len(parts) == 2 else ("8", "5")
    for qty in rows:
        told(leg, qty, 105)
    for part in parts:
        leg.on_fill(D(part), 105, now=11)
    assert (leg.qty, leg.pending_ms) == (D(5), None)


def test_a_fill_of_the_rows_moment_that_it_does_not_show_stays_taken_off() -> None:
    leg = leg_at("10")
    told(leg, "6", 105)
    leg.on_fill(D(1), 105, now=11)
    assert (leg.qty, leg.pending_ms) == (D(5), 11)
    assert told(leg, "5", 105) == LegChange(D(5), D(5))
    assert leg.pending_ms is None


def test_a_fill_of_the_first_rows_moment_may_be_in_it_and_is_no_enlargement_later() -> None:
    leg = leg_at("8", 105)
    leg.on_fill(D(2), 105, now=11)
    assert leg.qty == 6
    assert told(leg, "8", 106) == LegChange(D(6), D(8))
    assert leg.pending_ms is None


def test_the_quantity_never_goes_below_zero() -> None:
    leg = leg_at("1")
    leg.on_fill(D(3), 105, now=11)
    assert leg.qty == 0
    assert not leg.is_flat


def test_an_older_row_changes_nothing() -> None:
    leg = leg_at("10", 105)
    assert leg.on_row(row("12", 104), now=11) is None
    assert (leg.qty, leg.touched_ms) == (D(10), -LAG_MS)


def test_an_add_between_own_fills_is_an_enlargement_of_its_size() -> None:
    leg = leg_at("10")
    leg.on_fill(D(2), 105, now=11)
    assert told(leg, "13", 104).enlarged == 3
    assert told(leg, "11", 105).enlarged == 0
    assert leg.qty == 11


def test_an_add_in_the_millisecond_of_an_own_fill_is_seen_too() -> None:
    leg = leg_at("10")
    leg.on_fill(D(2), 105, now=11)
    assert told(leg, "13", 105).enlarged == 3
    assert leg.qty == 11
    assert told(leg, "11", 105).enlarged == 0
    assert (leg.qty, leg.pending_ms) == (D(11), None)


def test_the_users_reduction_is_no_enlargement_and_zero_is_flat() -> None:
    leg = leg_at("10")
    assert told(leg, "4", 105) == LegChange(D(10), D(4))
    assert told(leg, "0", 106) == LegChange(D(4), D(0))
    assert leg.is_flat


@pytest.mark.parametrize("rows_first", [True, False])
def test_trades_that_are_told_in_one_sum_are_looked_for_in_the_rows_before_too(rows_first: bool) -> None:
    leg = leg_at("10")
    told(leg, "9", 105)
    if rows_first:
        told(leg, "6", 106)
    leg.on_fill(D(4), 106, now=20, summed=True)
    if not rows_first:
        told(leg, "6", 106)
    assert (leg.qty, leg.pending_ms) == (D(6), None)
    leg.on_fill(D(2), 110, now=30)
    told(leg, "4", 110)
    assert (leg.qty, leg.pending_ms) == (D(4), None)


def test_a_sum_that_the_rows_do_not_show_stays_taken_off() -> None:
    leg = leg_at("10")
    told(leg, "9", 105)
    told(leg, "6", 106)
    leg.on_fill(D(5), 106, now=20, summed=True)
    assert leg.qty == D(1)
    leg.on_fill(D("0.5"), 106, now=20, summed=True)
    assert leg.qty == D("0.5")


def test_a_row_whose_own_fill_came_late_shows_no_part_of_a_sum() -> None:
    leg = leg_at("10")
    told(leg, "9", 105)
    told(leg, "6", 106)
    leg.on_fill(D(1), 105, now=20)
    leg.on_fill(D(4), 106, now=20, summed=True)
    assert leg.qty == D(2), "three of four are shown, and which one is not is not known"


def test_a_fill_first_heard_of_by_a_late_answer_is_no_enlargement_when_it_is_cleared_up() -> None:
    leg = leg_at("10")
    told(leg, "7", 105)
    leg.on_fill(D(3), 109, now=20)  # the answer to a query bears the time of the order's end
    assert (leg.qty, leg.pending_ms) == (D(4), 20)
    assert leg.on_read(position("7", 105), request_ms=30, now=40) is None
    change = leg.on_read(position("7", 105), request_ms=40 + AGREE_MS, now=50 + AGREE_MS)
    assert change == LegChange(D(4), D(7))
    assert leg.pending_ms is None


def test_a_read_counts_where_the_stream_has_not_touched_the_leg_since_it_left() -> None:
    leg = leg_at("10")
    told(leg, "8", 105, now=50)
    assert leg.on_read(position("9", 110), request_ms=50, now=60) is None
    assert leg.qty == 8
    assert leg.on_read(position("9", 110), request_ms=51, now=60) == LegChange(D(8), D(9), D(1), mismatch=True)
    assert (leg.entry_price, leg.margin_type, leg.isolated_wallet) == (D(90), MarginType.ISOLATED, D(3))


def test_a_read_that_agrees_is_no_mismatch_nor_is_one_that_clears_up_waiting_fills() -> None:
    leg = leg_at("10")
    assert leg.on_read(position("10", 100), request_ms=10, now=20) == LegChange(D(10), D(10))
    leg.on_fill(D(2), 105, now=30)
    assert leg.on_read(position("8", 105), request_ms=40, now=50) == LegChange(D(8), D(8))
    assert leg.pending_ms is None
    leg.on_fill(D(2), 110, now=60)
    assert leg.on_read(position("3", 110), request_ms=70, now=80) == LegChange(D(6), D(3), mismatch=True)


def test_a_read_tells_of_an_add_and_of_fills_whose_rows_were_lost() -> None:
    leg = leg_at("10")
    leg.on_fill(D(3), 105, now=11)
    assert leg.on_read(position("9", 110), request_ms=20, now=30) == LegChange(D(7), D(9), enlarged=D(2))


def test_the_first_read_of_a_leg_is_believed_and_the_trade_it_ends_with_stays_taken_off() -> None:
    leg = Leg("BTCUSDT", LONG)
    assert leg.on_read(position("8", 105), request_ms=10, now=20) == LegChange(D(0), D(8), enlarged=D(8))
    leg.on_fill(D(2), 105, now=21)
    assert leg.qty == 6


@pytest.mark.parametrize("known", [True, False])
def test_a_missing_leg_is_flat_only_by_two_reads_a_second_apart(known: bool) -> None:
    leg = leg_at("10") if known else Leg("BTCUSDT", LONG)
    assert not leg.is_contradicted
    assert leg.on_read(None, request_ms=20, now=30) is None
    assert leg.on_read(None, request_ms=29 + AGREE_MS, now=5_000) is None
    contradicted = leg.is_contradicted
    assert (contradicted, leg.known, leg.is_flat) == (True, known, False)
    change = leg.on_read(None, request_ms=30 + AGREE_MS, now=6_000)
    assert change == LegChange(D(10) if known else D(0), D(0), mismatch=known)
    assert leg.is_flat
    assert leg.on_read(None, request_ms=7_000, now=7_010) == LegChange(D(0), D(0))


def test_two_answers_under_way_at_once_are_one_read() -> None:
    leg = leg_at("10")
    assert leg.on_read(None, request_ms=20, now=30) is None
    assert leg.on_read(None, request_ms=21, now=30 + 2 * AGREE_MS) is None
    assert not leg.is_flat


@pytest.mark.parametrize("touch", ["row", "fill"])
def test_news_between_two_reads_starts_the_count_again(touch: str) -> None:
    leg = leg_at("10")
    leg.on_read(None, request_ms=20, now=30)
    if touch == "row":
        told(leg, "10", 110, now=40)
    else:
        leg.on_fill(D(1), 110, now=40)
    assert leg.on_read(None, request_ms=2_000, now=2_010) is None
    assert leg.on_read(None, request_ms=3_010, now=3_020) is not None


def test_a_read_that_is_older_than_the_row_needs_a_second_one_that_says_the_same() -> None:
    leg = leg_at("10", 105)
    assert leg.on_read(position("12", 100), request_ms=20, now=30) is None
    assert leg.on_read(position("11", 100), request_ms=2_000, now=2_010) is None
    assert leg.on_read(position("11", 100), request_ms=3_010, now=3_020) == LegChange(D(10), D(11), D(1), mismatch=True)
    assert leg.row_ms == 105
    assert leg.on_row(row("12", 104), now=4_000) is None


def test_reads_that_lag_do_not_make_a_leg_flat_that_was_just_opened() -> None:
    leg, opened = Leg("BTCUSDT", LONG), 20_000
    leg.on_read(None, request_ms=10, now=20)
    leg.on_read(None, request_ms=2_000, now=2_010)
    assert leg.is_flat
    told(leg, "10", 100, now=opened)
    for after in (10, 1_100, 2_200, LAG_MS - 1):
        assert leg.on_read(None, request_ms=opened + after, now=opened + after) is None
        assert (leg.qty, leg.is_contradicted) == (D(10), False)
    told(leg, "9", 110, now=opened + LAG_MS - 1)  # it was not opened by that
    assert leg.on_read(None, request_ms=opened + LAG_MS, now=opened + LAG_MS) is None
    assert leg.on_read(None, request_ms=opened + LAG_MS + AGREE_MS, now=opened + LAG_MS + AGREE_MS) is not None
    assert leg.is_flat


def test_reads_that_lag_do_not_undo_what_the_stream_has_told() -> None:
    leg = leg_at("10", 100)
    told(leg, "6", 105, now=0)
    for at in (10, 1_100, 2_200, LAG_MS - 1):
        assert leg.on_read(position("10", 100), request_ms=at, now=at + 5) is None
        assert (leg.qty, leg.is_contradicted) == (D(6), False)
    assert leg.on_read(position("6", 105), request_ms=LAG_MS - 1, now=LAG_MS) == LegChange(D(6), D(6))


def test_an_account_makes_each_leg_once() -> None:
    account = Account()
    leg = account.leg("BTCUSDT", LONG)
    assert account.leg("BTCUSDT", LONG) is leg
    assert account.leg("BTCUSDT", LONG.opposite) is not leg
    assert set(account.legs) == {("BTCUSDT", LONG), ("BTCUSDT", LONG.opposite)}


def test_the_newest_wallet_rules_whoever_told_of_it() -> None:
    account = Account()
    assert account.on_balance(BalanceUpdate(Balance("USDT", D(5), D(5)), exch_ms=100, recv_ms=1))
    assert not account.on_balance(BalanceUpdate(Balance("USDT", D(4), D(4)), exch_ms=99, recv_ms=2))
    account.on_balances_read((Balance("USDT", D(3), D(3), exch_ms=99), Balance("BNB", D(1), D(1))))
    assert {asset: balance.wallet for asset, balance in account.balances.items()} == {"USDT": D(5), "BNB": D(1)}
    account.on_balances_read((Balance("USDT", D(2), D(2), exch_ms=100),))
    assert account.on_balance(BalanceUpdate(Balance("BNB", D(2), D(2)), exch_ms=1, recv_ms=3))
    assert {asset: balance.wallet for asset, balance in account.balances.items()} == {"USDT": D(2), "BNB": D(2)}


@dataclass(frozen=True)
class Happened:
    """A trade of the leg at the exchange: an own fill, or an outside change; ``left`` is the position after it."""

    ms: int
    change: Decimal
    own: bool
    left: Decimal


@st.composite
def histories(draw: st.DrawFn, *, odd_sizes: bool = False) -> list[Happened]:
    """What happens to a leg of 100.

    Outside reductions have milliseconds of their own, or else (``odd_sizes``) sizes that no sum of fills can have.
    """
    ms, left, story, kind = 1_000, D(100), list[Happened](), ""
    for number in range(draw(st.integers(1, 7))):
        last, kind = kind, draw(st.sampled_from(["fill", "fill", "add", "cut"]))
        apart = "cut" in (last, kind) and not odd_sizes
        ms += draw(st.integers(1 if apart else 0, 2))
        size = D(draw(st.integers(1, 5)))
        if kind == "cut" and odd_sizes:
            size += D(1) / 2 ** (number + 1)
        left += size if kind == "add" else -size
        story.append(Happened(ms, size, kind == "fill", left))
    return story


def interleavings(draw: st.DrawFn, story: list[Happened]) -> list[tuple[bool, int]]:
    """(is a fill, index): each stream in its own order, the two mixed at will."""
    fills = [(True, number) for number, each in enumerate(story) if each.own]
    rows = [(False, number) for number in range(len(story))]
    mixed = []
    while fills or rows:
        mixed.append((fills if fills and (not rows or draw(st.booleans())) else rows).pop(0))
    return mixed


def truth(story: list[Happened], rows: int, fills: set[int]) -> Decimal:
    """The position by the first ``rows`` rows, less the delivered fills that came after those."""
    left = story[rows - 1].left if rows else D(100)
    return left - sum(story[number].change for number in fills if number >= rows)


def heard(leg: Leg, story: list[Happened], is_fill: bool, number: int, now: int) -> LegChange | None:
    each = story[number]
    if is_fill:
        leg.on_fill(each.change, each.ms, now)
        return None
    return leg.on_row(row(each.left, each.ms), now)


@pytest.mark.parametrize("odd_sizes", [False, True])
@settings(deadline=None)
@given(data=st.data())
def test_a_leg_is_never_above_the_truth_and_comes_to_it(odd_sizes: bool, data: st.DataObject) -> None:
    story = data.draw(histories(odd_sizes=odd_sizes))
    leg = leg_at("100", 999)
    rows, fills, enlarged = 0, set[int](), D(0)
    for is_fill, number in data.draw(st.composite(interleavings)(story)):
        change = heard(leg, story, is_fill, number, now=10)
        rows, fills = (rows, fills | {number}) if is_fill else (number + 1, fills)
        assert leg.qty <= max(D(0), truth(story, rows, fills))
        enlarged += change.enlarged if change is not None else 0
    before = [D(100), *(each.left for each in story)]
    adds = sum(after - earlier for earlier, after in pairwise(before) if after > earlier)
    assert enlarged == adds
    leg.on_read(position(story[-1].left, story[-1].ms), request_ms=20, now=30)
    assert (leg.qty, leg.pending_ms) == (story[-1].left, None)


@settings(deadline=None)
@given(data=st.data())
def test_own_fills_and_adds_need_no_read_to_come_to_the_truth(data: st.DataObject) -> None:
    story = [each for each in data.draw(histories()) if each.own]
    left = D(100)
    for number, each in enumerate(story):
        left -= each.change
        story[number] = replace(each, left=left)
    leg = leg_at("100", 999)
    for is_fill, number in data.draw(st.composite(interleavings)(story)):
        heard(leg, story, is_fill, number, now=10)
    assert (leg.qty, leg.pending_ms) == (left, None)


@settings(deadline=None)
@given(data=st.data())
def test_a_read_that_left_before_the_last_news_never_counts(data: st.DataObject) -> None:
    story = data.draw(histories())
    leg = leg_at("100", 999)
    for now, (is_fill, number) in enumerate(data.draw(st.composite(interleavings)(story)), start=10):
        heard(leg, story, is_fill, number, now)
        before = (leg.qty, leg.row, leg.row_ms)
        stale = data.draw(st.sampled_from([None, position("100", 999), position("77", 9_999)]))
        leg.on_read(stale, data.draw(st.integers(0, leg.touched_ms)), now)
        assert (leg.qty, leg.row, leg.row_ms) == before
