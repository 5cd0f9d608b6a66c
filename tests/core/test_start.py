"""Behaviour 12: what discretion waits for, and how the account is kept compared."""

from __future__ import annotations

from dataclasses import replace
from decimal import Decimal

import pytest
from tests.core.scenario import (
    BTC,
    ETH,
    LONG,
    NEW,
    OFFSET,
    RULES,
    SHORT,
    Scenario,
    cancels,
    everything,
    listed,
    notices,
    of,
    only,
    orders,
    symbol,
)

from vibe_quant.domain import events as ev
from vibe_quant.domain import intents as do
from vibe_quant.domain.account import Position
from vibe_quant.domain.enums import ExecutionState, NoticeKind, OrderStatus, RequestKind, Severity, Stream

D = Decimal


def test_discretion_waits_for_clock_streams_rules_and_account_and_says_for_which() -> None:
    desk = Scenario()
    desk.mute = True
    desk.hold("1")
    desk.feed(ev.ServerTime(OFFSET, desk.now))
    assert desk.calm() == []  # no position is known: nothing to be looked after

    desk.row("1")
    assert desk.view().blocked == "the user stream is down"
    out = desk.feed(ev.StreamUp(Stream.USER, desk.now))
    assert of(do.FetchSnapshot, out)
    assert of(do.FetchRules, out)
    assert desk.view().blocked == "the account has not been read since a stream came up"
    desk.snapshot()
    assert desk.view().blocked == "the symbol's rules are not known"
    desk.feed(ev.RulesLoaded(RULES, desk.now))
    assert desk.view().blocked == "the book stream is down"
    desk.feed(ev.StreamUp(Stream.BOOK, desk.now))
    desk.feed(ev.StreamUp(Stream.MARKET, desk.now))
    assert desk.view().blocked == "the account has not been read since a stream came up"
    desk.snapshot()
    desk.mute = False
    desk.market()
    assert desk.view().blocked == "no signal"
    assert only(desk.rise()).symbol == BTC


def test_a_read_that_left_before_the_stream_came_up_opens_no_gate() -> None:
    desk = Scenario()
    desk.mute = True
    desk.start("1")
    desk.snapshot(request_ms=desk.now - 500)
    desk.row("1")
    assert desk.view().blocked == "the account has not been read since a stream came up"
    desk.snapshot()
    assert desk.view().blocked != "the account has not been read since a stream came up"


def test_an_incomplete_read_is_repeated_and_opens_no_gate() -> None:
    desk = Scenario()
    desk.mute = True
    desk.start("1")
    desk.snapshot(orders=None)
    desk.row("1")
    assert desk.view().blocked == "the account has not been read since a stream came up"
    desk.snapshot()
    assert "account" not in str(desk.view().blocked)
    desk.snapshot(positions=None)
    assert len([f for f in of(do.FetchSnapshot, desk.passes(2100)) if f.symbol is None]) == 1
    desk.snapshot(balances=None, stops=None)


def test_a_failed_read_is_repeated_after_two_seconds_and_one_without_an_answer_after_ten() -> None:
    desk = Scenario()
    desk.mute = True
    desk.start("1")
    desk.feed(ev.Unknown(RequestKind.SNAPSHOT, "", "", desk.now))
    whole = [f.reason for f in of(do.FetchSnapshot, desk.passes(2100)) if f.symbol is None]
    assert whole == ["the last read failed"]
    assert [f for f in of(do.FetchSnapshot, desk.passes(9800)) if f.symbol is None] == []
    assert [f for f in of(do.FetchSnapshot, desk.passes(300)) if f.symbol is None] != []


def test_the_account_is_compared_every_interval() -> None:
    desk = Scenario()
    desk.start("1")
    desk.passes(2000, quoting=True)
    assert of(do.FetchSnapshot, desk.passes(27_000, quoting=True)) == []
    [read] = of(do.FetchSnapshot, desk.passes(3000, quoting=True))
    assert read.reason == "reconcile"


def test_a_missing_leg_is_flat_only_by_a_second_read_a_second_later() -> None:
    desk = Scenario(listed(BTC=symbol(sides=(LONG,))))
    desk.start("1")
    desk.passes(1500, quoting=True)
    desk.hold("0")
    out = desk.snapshot()
    assert desk.view().qty == 1
    assert notices(out, NoticeKind.MISMATCH) == []
    out = desk.passes(1100, quoting=True)
    assert desk.view().qty == 0
    [notice] = notices(out, NoticeKind.MISMATCH)
    assert dict(notice.facts) == {"counted": "1", "read": "0"}


def test_a_read_that_differs_is_taken_and_said() -> None:
    desk = Scenario()
    desk.start("1")
    desk.hold("0.4")
    [notice] = notices(desk.snapshot(), NoticeKind.MISMATCH)
    assert (desk.view().qty, notice.severity) == (D("0.4"), Severity.WARNING)


def test_surprises_are_read_for_at_most_every_five_seconds_however_many_there_are() -> None:
    desk = Scenario()
    desk.start("1")
    desk.passes(1500, quoting=True)
    order = only(desk.rise())
    desk.ack(order)
    desk.calm()
    first = [intent for _ in range(50) for intent in desk.refused(order, -2011, RequestKind.CANCEL)]
    assert len(of(do.FetchSnapshot, first)) == 1
    desk.cancelled(order)
    assert len([f for f in of(do.FetchSnapshot, desk.passes(5000, quoting=True)) if "cancel" in f.reason]) == 1
    desk.passes(1000, quoting=True)
    out = desk.feed(ev.Refused(RequestKind.CANCEL, BTC, order.client_id, -2011, desk.now, desk.now))
    out += desk.passes(5000, quoting=True)
    assert len([f for f in of(do.FetchSnapshot, out) if "cancel" in f.reason]) == 1


def test_a_silent_user_stream_is_cross_checked_while_something_is_held() -> None:
    desk = Scenario()
    desk.start("1")
    asked = of(do.FetchSnapshot, desk.passes(61_000, quoting=True))
    assert "the user stream is silent" in [f.reason for f in asked]

    flat = Scenario()
    flat.start("0")
    asked = of(do.FetchSnapshot, flat.passes(61_000, quoting=True))
    assert "the user stream is silent" not in [f.reason for f in asked]


def test_orders_of_an_earlier_run_are_cancelled_before_the_first_new_one() -> None:
    desk = Scenario()
    left = desk.foreign("vq-old-7", "0.3", exch_ms=OFFSET)
    desk.resting = [left]
    out = desk.start("1")
    assert cancels(out) == ["not expected to live"]
    assert orders(desk.rise()) == []
    desk.resting = []
    assert orders(desk.feed(desk.foreign("vq-old-7", "0.3", status=OrderStatus.CANCELED)))


def test_what_an_order_of_an_earlier_run_had_filled_before_is_not_counted_again() -> None:
    desk = Scenario()
    desk.resting = [desk.foreign("vq-old-7", "0.3", filled="0.2", status=OrderStatus.PARTIALLY_FILLED)]
    desk.start("1")
    assert desk.view().qty == 1
    out = desk.feed(desk.foreign("vq-old-7", "0.3", "0.3", OrderStatus.FILLED, traded="0.1"))
    assert desk.view().qty == D("0.9")
    [fill] = notices(out, NoticeKind.FILL)
    assert dict(fill.facts)["before"] == "1.2"


@pytest.mark.parametrize("name", [BTC, ETH])
def test_a_leftover_on_a_leg_that_is_not_managed_is_cancelled_as_often_as_it_is_seen(name: str) -> None:
    desk = Scenario(listed(BTC=symbol(sides=(SHORT,))))
    desk.resting = [desk.foreign("vq-old-7", "0.3", symbol=name)]
    assert cancels(desk.start("1")) == ["left by an earlier run"] * 3
    again = desk.passes(40_000)
    assert "left by an earlier run" in cancels(again)
    assert of(do.Halt, again) == []
    assert cancels(desk.feed(desk.foreign("vq-old-7", "0.3", status=OrderStatus.CANCELED, symbol=name))) == []


def test_an_order_with_our_prefix_that_we_did_not_make_halts_everything() -> None:
    desk = Scenario()
    desk.start("1")
    desk.passes(11_000, quoting=True)
    out = desk.feed(desk.foreign("vq-other-1", "0.3"))
    [halt] = of(do.Halt, out)
    assert (halt.symbol, halt.side) == (None, None)
    assert notices(out, NoticeKind.HALT)[0].severity is Severity.ALARM
    desk.quote()
    assert orders(desk.rise()) == []
    assert str(desk.view().blocked).startswith("halted")
    assert of(do.Halt, desk.feed(desk.foreign("vq-other-2", "0.3"))) == []
    desk.feed(desk.foreign("vq-other-2", "0.3", status=OrderStatus.CANCELED))
    assert orders(desk.feed(ev.Resume(desk.now)))


def test_another_instance_shows_itself_on_a_symbol_that_is_not_managed_too() -> None:
    desk = Scenario()
    desk.start("1")
    desk.passes(11_000, quoting=True)
    assert of(do.Halt, desk.feed(desk.foreign("vq-other-1", "0.3", symbol=ETH)))
    assert of(do.Halt, desk.feed(desk.foreign("vq-other-1", "0.3", status=OrderStatus.FILLED))) == []


def test_what_is_not_managed_is_said_once_and_left_alone() -> None:
    desk = Scenario(listed(BTC=symbol(sides=(SHORT,))))
    desk.hold("2", name=ETH)
    out = desk.start("1")
    out += desk.row("1") + desk.row("3", name=ETH) + desk.rise() + desk.passes(40_000, quoting=True)
    said = [n.text for n in notices(out, NoticeKind.LIFECYCLE)]
    assert [text[:20] for text in said] == ["ETH/USDT:USDT LONG h", "BTC/USDT:USDT LONG h"]
    assert [i for i in out if isinstance(i, do.OrderIntent | do.PlaceStop)] == []
    assert desk.row("0", name=ETH) == []
    assert desk.engine.side_view(BTC, LONG) is desk.engine.side_view(ETH, LONG) is None


def test_manage_all_picks_up_a_position_at_once_and_asks_for_its_rules() -> None:
    desk = Scenario(everything(symbol()))
    desk.start()
    assert desk.engine.desks == {}
    out = desk.row("1", name=ETH)
    assert notices(out, NoticeKind.OPEN_ALERT)
    assert of(do.FetchRules, desk.passes(5))
    desk.market(ETH)
    assert only(desk.rise(ETH)).symbol == ETH


def test_manage_all_opens_no_desk_for_rows_without_a_position_and_one_for_rules() -> None:
    desk = Scenario(everything(symbol()))
    desk.start("1")
    flat = desk.snapshot(positions=(Position(ETH, LONG, D(0), D(0), desk.now + OFFSET),))
    assert list(desk.engine.desks) == [BTC]
    assert of(do.Notify, flat) == []
    desk.feed(ev.RulesLoaded(RULES, desk.now))
    assert list(desk.engine.desks) == [BTC]


def test_events_of_symbols_that_are_not_managed_pass_by() -> None:
    desk = Scenario()
    desk.start("1")
    t = desk.now
    candle = ev.Candle(ETH, t, t, 0, D(1), D(1), D(1), D(1), D(1), True)
    depth = ev.Depth(ETH, t, t, (), ())
    passing: list[ev.Event] = [
        candle,
        depth,
        ev.RulesLoaded(replace(RULES, symbol=ETH), t),
        ev.LeverageUpdate(ETH, 5, t, t),
        ev.DeadManAck(ETH, 0, t),
        ev.StopsRead(ETH, (), t, t, t),
        ev.OpenOrdersRead(ETH, (), t, t, t),
        ev.Unknown(RequestKind.SNAPSHOT, ETH, "", t),
        ev.OrderMissing(ETH, "vq-r1-99", t, t),
        desk.foreign("web_1", "1", symbol=ETH),
    ]
    for event in passing:
        assert orders(desk.feed(event)) == []
    assert desk.quote(name=ETH) + desk.trade("1", ETH) + desk.mark("1", ETH) == []
    assert desk.view().state is ExecutionState.IDLE


def test_a_second_leg_unknown_at_first_is_known_flat_after_two_reads() -> None:
    desk = Scenario()
    desk.start("1")
    assert desk.view(SHORT).qty == 0
    desk.passes(1200, quoting=True)
    assert desk.engine.house.account.leg(BTC, SHORT).is_flat
    assert desk.foreign("vq-r1-1", "1").status is NEW
