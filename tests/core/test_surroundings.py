"""Contract news, a journal that cannot be written, and commands that come before the account is known."""

from __future__ import annotations

from dataclasses import replace
from decimal import Decimal

import pytest
from tests.core.scenario import (
    BTC,
    ETH,
    LONG,
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
    panicking,
    started,
    symbol,
    wallet_for,
)

from vibe_quant.domain import events as ev
from vibe_quant.domain import intents as do
from vibe_quant.domain.enums import NoticeKind, PositionSide, Severity, SignalReason
from vibe_quant.domain.risk_settings import ProtectiveStopSettings

D = Decimal

# --- what the program holds back


def test_a_hold_of_the_programs_own_stops_discretion_and_nothing_else_until_it_is_taken_back() -> None:
    desk = started()
    desk.feed(ev.Hold(desk.now, "the start is not over"))
    assert orders(desk.rise()) == []
    assert desk.view().blocked == "the start is not over"
    assert desk.engine.house.pauses == {}
    out = desk.feed(ev.Hold(desk.now, None))
    assert orders([*out, *desk.rise()])
    assert desk.view().halted is None


# --- contracts


def test_a_leg_in_a_contract_without_a_name_yet_has_the_account_read_at_once_and_not_for_each_of_its_trades() -> None:
    desk = started()
    assert of(do.FetchSnapshot, desk.feed(ev.UnlistedLeg("NEWUSDT", desk.now)))
    desk.passes(10_000)
    assert of(do.FetchSnapshot, desk.feed(ev.UnlistedLeg("NEWUSDT", desk.now))) == []
    assert of(do.FetchSnapshot, desk.feed(ev.UnlistedLeg("BTCUSDT_261225", desk.now)))
    desk.passes(60_000)
    assert of(do.FetchSnapshot, desk.feed(ev.UnlistedLeg("NEWUSDT", desk.now)))


def test_news_of_a_contract_read_its_rules_at_once_and_its_status_is_told_once() -> None:
    desk = started()
    desk.rules = replace(RULES, status="SETTLING")
    out = desk.feed(ev.ContractNews(BTC, "SETTLING", desk.now))
    [fetch] = of(do.FetchRules, out)
    assert fetch.symbol == BTC
    [alarm] = notices(out, NoticeKind.LIFECYCLE)
    assert (alarm.severity, "in status SETTLING" in alarm.text) == (Severity.ALARM, True)
    again = desk.feed(ev.ContractNews(BTC, "SETTLING", desk.now))
    assert of(do.FetchRules, again)
    assert notices(again, NoticeKind.LIFECYCLE) == []
    assert orders(desk.rise()) == []
    assert desk.view().blocked == "the symbol is in status SETTLING"
    desk.rules = RULES
    out = desk.feed(ev.ContractNews(BTC, "TRADING", desk.now))
    [back] = notices(out, NoticeKind.LIFECYCLE)
    assert (back.severity, back.text) == (Severity.INFO, f"{BTC} is trading again.")
    assert orders(out)


def test_a_status_that_only_the_rules_tell_of_is_told_too() -> None:
    desk = started()
    rules = replace(RULES, status="PENDING_TRADING")
    assert "PENDING_TRADING" in notices(desk.feed(ev.RulesLoaded(rules, desk.now)), NoticeKind.LIFECYCLE)[0].text


def test_no_new_order_leaves_between_the_news_and_the_read_and_what_rests_is_left_alone() -> None:
    desk = started("1", "1")
    resting = only(desk.fall())
    desk.ack(resting)
    desk.mute = True
    desk.feed(ev.ContractNews(BTC, "TRADING", desk.now))
    assert orders(desk.rise()) == []
    assert desk.view().blocked == "the symbol's rules are being read again"
    assert cancels(desk.rise()) == []
    assert orders(desk.feed(ev.RulesLoaded(RULES, desk.now)))


def test_news_of_other_contracts_pass_by() -> None:
    desk = started()
    assert desk.feed(ev.ContractNews(ETH, "SETTLING", desk.now)) == []
    assert desk.feed(ev.ContractNews(BTC, "TRADING", desk.now))  # brackets may have changed: rules are read


# --- the journal


def test_without_a_journal_discretion_is_withdrawn_and_waits_and_both_changes_are_told_once() -> None:
    desk = started()
    order = only(desk.rise())
    desk.ack(order)
    assert desk.feed(ev.JournalState(True, desk.now)) == []
    out = desk.feed(ev.JournalState(False, desk.now, "the disk is full"))
    assert cancels(out) == ["the journal cannot be written"]
    [alarm] = notices(out, NoticeKind.LIFECYCLE)
    assert (alarm.severity, "the disk is full" in alarm.text) == (Severity.ALARM, True)
    assert desk.feed(ev.JournalState(False, desk.now)) == []
    assert orders(desk.cancelled(order) + desk.passes(2000, quoting=True)) == []
    assert desk.view().blocked == "the journal cannot be written"
    out = desk.feed(ev.JournalState(True, desk.now))
    assert [n.severity for n in notices(out, NoticeKind.LIFECYCLE)] == [Severity.INFO]
    assert orders(out)


def test_an_order_on_its_way_when_the_journal_breaks_is_withdrawn_as_soon_as_it_rests() -> None:
    desk = started()
    order = only(desk.rise())
    assert cancels(desk.feed(ev.JournalState(False, desk.now))) == []
    assert cancels(desk.ack(order)) == ["the journal cannot be written"]


def test_without_a_journal_panic_and_stops_go_on() -> None:
    settings = replace(panicking(), risk=replace(panicking().risk, protective_stop=ProtectiveStopSettings()))
    desk = Scenario(listed(BTC=settings))
    desk.feed(ev.JournalState(False, desk.now))
    out = desk.start("1", wallet=wallet_for("90")) + desk.passes(6000, quoting=True)
    assert of(do.PlaceStop, out)
    assert orders(out + desk.rise()) == []
    assert only(desk.mark("91.5")).reason is SignalReason.PANIC


# --- before the account is known


def begin(desk: Scenario, long: str, short: str = "0") -> list[do.Intent]:
    return desk.start(long, short) + desk.passes(2500, quoting=True)


@pytest.mark.parametrize(("name", "side"), [(None, None), (BTC, None), (BTC, LONG)])
def test_flatten_before_the_position_is_known_takes_effect_when_it_is(
    name: str | None, side: PositionSide | None
) -> None:
    desk = Scenario(listed(BTC=symbol()))
    said = notices(desk.feed(ev.Flatten(desk.now, name, side)), NoticeKind.LIFECYCLE)
    assert f"{BTC} LONG: flattening begins as soon as its position is known." in [n.text for n in said]
    out = begin(desk, "3")
    assert any("flattening 3 by" in n.text for n in notices(out, NoticeKind.LIFECYCLE))
    assert {o.reason for o in orders(out)} == {SignalReason.FLATTEN}
    assert desk.engine.desks[BTC].sides[LONG].flatten_base == D(3)


def test_flatten_of_a_side_that_turns_out_flat_is_over_and_does_not_meet_a_later_position() -> None:
    desk = Scenario(listed(BTC=symbol()))
    desk.feed(ev.Flatten(desk.now, BTC))
    begin(desk, "0", "1")
    sides = desk.engine.desks[BTC].sides
    assert (sides[LONG].flatten_due, sides[LONG].flatten_base, sides[SHORT].flatten_base) == (False, None, D(1))
    desk.row("2")
    assert sides[LONG].flatten_base is None


def test_a_pause_ends_what_was_to_be_flattened_and_leaves_the_other_side_of_it() -> None:
    desk = Scenario(listed(BTC=symbol()))
    desk.feed(ev.Flatten(desk.now))
    desk.feed(ev.Pause(desk.now, BTC))
    desk.feed(ev.Flatten(desk.now, BTC, SHORT))
    desk.feed(ev.Resume(desk.now, BTC))
    begin(desk, "1", "1")
    sides = desk.engine.desks[BTC].sides
    assert (sides[LONG].flatten_base, sides[SHORT].flatten_base) == (None, D(1))


def test_commands_of_before_the_first_read_meet_symbols_that_show_themselves_by_then_and_no_later_one() -> None:
    desk = Scenario(everything(symbol()))
    [said] = notices(desk.feed(ev.Flatten(desk.now, None, LONG)), NoticeKind.PAUSE)
    assert "as soon as the account is read" in said.text
    desk.feed(ev.Flatten(desk.now, ETH))
    desk.feed(ev.Pause(desk.now, ETH))
    desk.feed(ev.Resume(desk.now, ETH))
    desk.hold("1", "1", ETH)
    begin(desk, "1", "1")
    sides = {(name, key): side for name, one in desk.engine.desks.items() for key, side in one.sides.items()}
    assert {key for key, side in sides.items() if side.flatten_base is not None} == {(BTC, LONG)}
    later = "SOL/USDT:USDT"
    desk.row("1", name=later)
    assert desk.engine.desks[later].sides[LONG].flatten_base is None
    desk.row("0")
    desk.row("0", SHORT)
    desk.row("0", name=ETH)
    desk.row("0", SHORT, ETH)
    desk.row("0", name=later)
    [said] = notices(desk.feed(ev.Flatten(desk.now, BTC)), NoticeKind.PAUSE)
    assert said.text == "There is nothing to flatten."


def test_a_side_that_is_not_managed_any_more_is_not_flattened() -> None:
    desk = started("1")
    desk.feed(ev.Reload(desk.now, listed(ETH=symbol())))
    assert "nothing to flatten" in notices(desk.feed(ev.Flatten(desk.now, BTC)), NoticeKind.PAUSE)[0].text


def test_a_pause_at_the_start_holds_discretion_and_not_the_stops() -> None:
    desk = Scenario(listed(BTC=symbol(stop=ProtectiveStopSettings())))
    desk.feed(ev.Pause(desk.now))  # as where key and mode are right and another check has failed
    out = desk.start("1", wallet=wallet_for("90")) + desk.passes(6000, quoting=True)
    assert of(do.PlaceStop, out)
    assert orders(out + desk.rise()) == []
    assert desk.view().blocked == "paused by the operator"
