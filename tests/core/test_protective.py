from __future__ import annotations

from dataclasses import replace
from decimal import Decimal

import pytest
from tests.core.stop_exchange import LONG, RULES, SHORT, SYMBOL, Desk, notices, requests, stop

from vibe_quant.domain.enums import PositionSide, RequestKind, StopStatus
from vibe_quant.domain.events import NotSent, Refused, StopsRead, Unknown
from vibe_quant.domain.intents import Notify, PlaceStop
from vibe_quant.domain.risk_settings import ProtectiveStopSettings

D = Decimal
PLACE, CANCEL, READ = RequestKind.PLACE_STOP, RequestKind.CANCEL_STOP, RequestKind.READ_STOPS


def standing(side: PositionSide = LONG, liq: str = "90", settings: ProtectiveStopSettings | None = None) -> Desk:
    desk = Desk(side, settings)
    desk.open(liq=liq)
    assert desk.manager.standing
    return desk


def told(desk: Desk) -> tuple[bool, bool, bool]:
    """What the side hears: exit now, remainder, standing."""
    return desk.manager.exit_now, desk.manager.remainder, desk.manager.standing


def set_liq(desk: Desk) -> Decimal | None:
    """The liquidation price that the present aim was set from."""
    aim = desk.manager.course.aim
    return None if aim is None else aim.from_liq


@pytest.mark.parametrize(("side", "liq", "trigger"), [(LONG, "90", "91.0"), (SHORT, "110", "108.9")])
def test_placed_and_read_back(side: PositionSide, liq: str, trigger: str) -> None:
    desk = Desk(side)
    out = desk.open(liq=liq)
    assert requests(out) == ["read", f"place {trigger} close", "read"]
    assert notices(out) == ["info"]
    assert desk.own() == [(D(trigger), None)]
    assert (desk.manager.standing, set_liq(desk)) == (True, D(liq))
    assert requests(desk.wait(29_999)) == []
    assert requests(desk.wait(2)) == ["read"]


def test_nothing_without_position_liquidation_or_rules() -> None:
    desk = Desk(rules=None)
    assert requests(desk.price("90", "100")) == []
    assert requests(desk.position("1")) == ["read"]
    assert (desk.own(), desk.manager.standing, set_liq(desk)) == ([], False, None)
    assert requests(desk.run(desk.manager.on_settings(ProtectiveStopSettings(), RULES, False, desk.now))) == [
        "place 91.0 close",
        "read",
    ]


def test_a_leg_without_a_price_is_said_once_and_served_when_it_appears() -> None:
    desk = Desk()
    desk.position("1")
    assert notices(desk.price(None, "100")) == ["info"]
    assert notices(desk.price("101", "100")) == []  # on the wrong side: none of its own
    assert notices(desk.wait(120_000)) == []
    assert requests(desk.price("90", "100")) == ["place 91.0 close", "read"]
    assert notices(desk.price(None, "100")) == ["info"]
    assert desk.own() == [(D("91.0"), None)]  # what stands stays


def test_replaced_over_a_bridge_each_step_read_back() -> None:
    desk = standing()
    out = desk.price("92", "100")
    assert requests(out) == ["place 93.0 1", "read", "cancel", "place 93.0 close", "read", "cancel"]
    assert desk.own() == [(D("93.0"), None)]
    assert set_liq(desk) == D(92)


def test_tightens_by_a_tenth_of_the_distance_and_not_by_less() -> None:
    desk = standing(liq="90")
    assert requests(desk.price("90.05", "100")) == []
    assert requests(desk.price("90.09", "100")) == []  # 91.0: the same
    assert requests(desk.price("90.1", "100"))[0] == "place 91.1 1"


def test_loosens_from_the_price_it_was_set_from_and_after_the_cooldown() -> None:
    desk = standing(liq="90")
    for liq in ("89.9", "89.8", "89.7", "89.6"):
        assert requests(desk.price(liq, "100")) == []
    assert requests(desk.price("89.55", "100"))[0] == "place 90.5 1"  # 0.5 % since 90, by small steps
    assert desk.own() == [(D("90.5"), None)]
    desk.wait(20_000)
    assert requests(desk.price("80", "100")) == []
    assert "cancel" in requests(desk.wait(10_001))
    assert desk.own() == [(D("80.9"), None)]


def test_may_not_loosen() -> None:
    desk = standing(SHORT, "110", ProtectiveStopSettings(allow_loosen=False))
    assert requests(desk.price("130", "100")) == []
    assert requests(desk.price("109", "100"))[0] == "place 107.9 1"


def test_nearer_than_that_already_half_the_distance_said_loudly_and_moved_later() -> None:
    desk = Desk()
    out = desk.open(liq="90", mark="90.6")
    assert requests(out) == ["read", "place 90.3 close", "read"]
    assert notices(out) == ["alarm", "info"]
    assert requests(desk.price("90", "90.8")) == []  # the mark alone does not chase it
    assert requests(desk.price("90", "92")) == ["place 91.0 1", "read", "cancel", "place 91.0 close", "read", "cancel"]


def test_a_stop_below_a_worsened_liquidation_goes_to_half() -> None:
    desk = standing(liq="80")
    assert "alarm" in notices(desk.price("90", "90.6"))
    assert desk.own() == [(D("90.3"), None)]


def test_2021_at_its_place_goes_to_half_and_at_half_the_side_exits() -> None:
    desk = Desk()
    desk.algo.refuse = -2021
    out = desk.open()
    assert requests(out) == ["read", "place 91.0 close", "place 95 close"]
    assert told(desk)[0]
    assert notices(out) == ["alarm", "alarm"]
    assert requests(desk.position("0.9"))[0].startswith("place")  # tried again after a fill
    assert requests(desk.wait(999)) == []
    assert requests(desk.wait(2)) != []  # and each second
    desk.algo.refuse = None
    desk.wait(2000)
    assert told(desk) == (False, False, True)
    desk.wait(60_000)
    assert desk.own() == [(D("91.0"), None)]


def test_within_a_tick_of_liquidation_there_is_no_place_and_the_side_exits() -> None:
    desk = Desk()
    out = desk.open(liq="90", mark="90.05")
    assert desk.manager.exit_now
    assert [r for r in requests(out) if r.startswith("place")] == []
    desk.price("90", "95")
    desk.wait(1001)
    assert (desk.own(), desk.manager.exit_now) == ([(D("91.0"), None)], False)
    desk.price("90", "90.05")
    desk.position("0")
    assert not desk.manager.exit_now


def test_2021_while_one_stands_close_by_keeps_that_one() -> None:
    desk = Desk()
    desk.open(liq="90", mark="90.6")  # at half: 90.3
    desk.algo.refuse = -2021
    desk.price("90", "91.2")  # our mark says that there is room, the exchange's does not
    assert desk.own() == [(D("90.3"), None)]
    assert not desk.manager.exit_now
    desk.algo.refuse = None
    desk.wait(5001)
    desk.price("90", "92")
    assert desk.own() == [(D("91.0"), None)]


def test_a_through_answer_after_the_price_has_vanished_is_no_exit() -> None:
    desk = Desk()
    desk.run(desk.manager.on_liquidation(D(90), D(100), 0))
    desk.manager.on_position(D(1), True, 0)
    (ask,) = [i for i in desk.manager.on_stops_read(StopsRead(SYMBOL, (), 0, 0, 0), 0) if isinstance(i, PlaceStop)]
    desk.manager.on_liquidation(None, D(100), 0)
    desk.manager.on_refused(Refused(PLACE, SYMBOL, ask.client_id, -2021, 0, 0), 0)
    assert not desk.manager.exit_now


def test_position_zero_cancels_only_when_confirmed() -> None:
    desk = standing()
    assert requests(desk.position("0", confirmed=False)) == []
    assert requests(desk.wait(60_000)) != []
    assert desk.own() == [(D("91.0"), None)]
    assert requests(desk.manager.on_position(D(0), True, desk.now)) == ["cancel"]
    (client_id,) = desk.algo.resting
    assert requests(desk.position("0", confirmed=False)) == []  # flat already: nothing new in that
    desk.run(desk.manager.on_not_sent(NotSent(CANCEL, SYMBOL, client_id, desk.now), desk.now))
    desk.wait(1000)
    assert desk.own() == []
    assert not desk.manager.standing
    assert requests(desk.wait(120_000)) == []
    assert desk.manager.deadline() is None


def test_a_position_in_doubt_is_protected_like_a_sure_one() -> None:
    desk = standing()
    desk.position("0", confirmed=False)
    desk.algo.resting.clear()
    desk.wait(31_000)
    assert desk.own() == [(D("91.0"), None)]


def test_an_earlier_runs_stop_is_adopted_and_an_orphan_withdrawn() -> None:
    desk = Desk()
    desk.algo.resting["vq-ps-x-L-old.1"] = stop("vq-ps-x-L-old.1", "91.0")
    out = desk.open()
    assert requests(out) == ["read"]
    assert set_liq(desk) == D("91.0") * D("0.99")
    flat = Desk()
    flat.algo.resting["vq-ps-x-L-old.1"] = stop("vq-ps-x-L-old.1", "91.0")
    flat.run(flat.manager.on_stops_read(StopsRead(SYMBOL, tuple(flat.algo.resting.values()), 0, 0, 0), 0))
    assert flat.own() != []  # not known to be flat
    flat.position("0")
    assert flat.own() == []


@pytest.mark.parametrize(("side", "liq", "left", "right"), [(LONG, "90", "85", "91.0"), (SHORT, "110", "115", "108.9")])
def test_an_adopted_stop_out_of_place_and_its_bridge_are_put_right(
    side: PositionSide, liq: str, left: str, right: str
) -> None:
    desk = Desk(side)
    for n, qty in enumerate([None, D(1), D("0.2")]):
        desk.algo.resting[f"vq-ps-x-L-old.{n}"] = stop(f"vq-ps-x-L-old.{n}", left, side=side, qty=qty)
    desk.open(liq=liq)
    assert desk.own() == [(D(right), None)]


def test_two_closing_stops_are_trimmed_to_the_nearer_one() -> None:
    desk = Desk()
    for n, trigger in enumerate(["91.0", "90.9", "91.0"]):
        desk.algo.resting[f"vq-ps-x-L-old.{n}"] = stop(f"vq-ps-x-L-old.{n}", trigger)
    desk.open()
    assert desk.own() == [(D("91.0"), None)]


def test_too_many_out_of_place_lose_the_farthest_first() -> None:
    desk = Desk()
    for n, trigger in enumerate(["80", "85", "70", "75"]):
        desk.algo.resting[f"vq-ps-x-L-old.{n}"] = stop(f"vq-ps-x-L-old.{n}", trigger, qty=D(1))
    first = next(i for i in desk.open() if not isinstance(i, Notify) and requests([i]) == ["cancel"])
    assert first.client_id == "vq-ps-x-L-old.2"  # type: ignore[union-attr]
    assert desk.own() == [(D("91.0"), None)]


def test_unknown_is_read_and_placed_again_when_not_listed_after_two_seconds() -> None:
    desk = Desk()
    desk.run(desk.manager.on_liquidation(D(90), D(100), 0))
    desk.manager.on_position(D(1), True, 0)
    out = desk.manager.on_stops_read(StopsRead(SYMBOL, (), 0, 0, 0), 0)
    ask = out[0]
    assert isinstance(ask, PlaceStop)
    desk.now = 10
    assert requests(desk.run(desk.manager.on_unknown(Unknown(PLACE, SYMBOL, ask.client_id, 10), 10))) == ["read"]
    assert [r for r in requests(desk.wait(1989)) if r != "read"] == []
    assert requests(desk.wait(600))[-2:] == ["place 91.0 close", "read"]
    desk.feed(stop(ask.client_id, "91.0"))  # the first one lives after all: trimmed later
    desk.algo.one_close = False
    desk.algo.resting[ask.client_id] = stop(ask.client_id, "91.0")
    desk.wait(31_000)
    assert desk.own() == [(D("91.0"), None)]


def test_a_bridge_of_unknown_fate_is_no_reason_to_cancel_what_stands() -> None:
    desk = standing()
    desk.now = 1000
    ask = desk.manager.on_liquidation(D(92), D(100), 1000)[0]
    assert isinstance(ask, PlaceStop)
    assert ask.qty == 1
    out = desk.run(desk.manager.on_unknown(Unknown(PLACE, SYMBOL, ask.client_id, 1000), 1000))
    out += desk.wait(1999)
    assert set(requests(out)) == {"read"}
    assert desk.own() == [(D("91.0"), None)]
    assert requests(desk.wait(1000))[1:3] == ["place 93.0 1", "read"]
    assert desk.own() == [(D("93.0"), None)]


def test_a_lost_answer_counts_as_unknown() -> None:
    desk = Desk()
    desk.manager.on_liquidation(D(90), D(100), 0)
    desk.manager.on_position(D(1), True, 0)  # the read is never answered
    desk.now = 4999
    assert requests(desk.manager.on_timer(4999)) == []
    desk.now = 5000
    assert requests(desk.manager.on_timer(5000)) == ["place 91.0 close"]  # unread for so long: protected first
    assert requests(desk.manager.on_timer(9999)) == []
    assert requests(desk.manager.on_timer(10_000)) == ["read"]


def test_refusals_back_off_alarm_at_once_and_again_every_thirty_seconds() -> None:
    desk = Desk()
    desk.algo.refuse = -4045
    out = desk.open()
    assert notices(out) == ["alarm"]
    assert requests(out) == ["read", "place 91.0 close"]
    assert requests(desk.wait(199)) == []
    assert len(requests(desk.wait(2))) == 1
    assert len(requests(desk.wait(398))) == 0
    assert len(requests(desk.wait(2))) == 1
    assert notices(desk.wait(29_000)) == []
    assert notices(desk.wait(600)) == ["alarm"]
    assert notices(desk.wait(60_000)) == ["alarm", "alarm"]
    desk.algo.refuse = None
    assert notices(desk.wait(11_000)) == ["info"]
    assert desk.manager.standing


def test_an_unreadable_exchange_is_an_alarm_while_the_stop_may_stand() -> None:
    desk = Desk()
    desk.manager.on_liquidation(D(90), D(100), 0)
    desk.manager.on_position(D(1), True, 0)
    said: list[str] = []
    for now in range(0, 40_000, 100):
        desk.now = now
        out = desk.manager.on_timer(now)
        for i in list(out):
            if isinstance(i, PlaceStop):
                out += desk.feed(stop(i.client_id, i.trigger_price))
        if "read" in requests(out):
            out += desk.manager.on_refused(Refused(READ, SYMBOL, "", -1001, now, now), now)
        elif now == 0:
            out += desk.manager.on_not_sent(NotSent(READ, SYMBOL, "", now), now)
        said += notices(out)
    assert said.count("alarm") == 2
    assert not desk.manager.standing


def test_not_sent_is_tried_again_and_what_stands_is_said_to_be_outdated() -> None:
    desk = standing()
    ask = desk.manager.on_liquidation(D(92), D(100), 0)[0]
    assert isinstance(ask, PlaceStop)
    out = desk.manager.on_not_sent(NotSent(PLACE, SYMBOL, ask.client_id, 0, "banned"), 0)
    (alarm,) = [i for i in out if isinstance(i, Notify)]
    assert "outdated" in alarm.text
    assert "banned" in alarm.text
    assert desk.manager.on_not_sent(NotSent(PLACE, SYMBOL, ask.client_id, 0, "banned"), 0) == []
    desk.wait(500)
    assert desk.own() == [(D("93.0"), None)]


@pytest.mark.parametrize("code", [0, 503])
def test_reads_that_fail_again_and_again_hold_no_placing_up(code: int) -> None:
    desk = standing()
    desk.algo.unread = code
    desk.run(desk.manager.on_user_stream(True, desk.now))
    desk.wait(5000)
    (lost,) = desk.algo.resting.values()
    desk.algo.resting.clear()
    out = desk.run(desk.feed(replace(lost, status=StopStatus.CANCELED, exch_ms=desk.now)))
    assert "place 91.0 close" in requests(out + desk.wait(100))
    assert desk.own() == [(D("91.0"), None)]


def test_4130_by_a_stop_of_ours_that_we_did_not_know() -> None:
    desk = Desk()
    desk.manager.on_liquidation(D(90), D(100), 0)
    desk.manager.on_position(D(1), True, 0)
    desk.algo.resting["vq-ps-x-L-old.1"] = stop("vq-ps-x-L-old.1", "85")
    desk.run(desk.manager.on_stops_read(StopsRead(SYMBOL, (), 0, 0, 0), 0))  # the read did not show it
    assert (D("91.0"), D(1)) in desk.own()  # a bridge protects
    desk.wait(61_000)
    assert desk.own() == [(D("91.0"), None)]


@pytest.mark.parametrize("trigger", ["101", "89"])
def test_4130_by_a_foreign_stop_that_does_not_cover(trigger: str) -> None:
    desk = Desk(settings=ProtectiveStopSettings())
    desk.algo.resting["user"] = stop("user", trigger)
    desk.open(qty="1.0005")
    assert desk.own() == [(D("91.0"), D("1.000"))]
    desk.position("0.5")  # the quantity follows the position
    assert desk.own() == [(D("91.0"), D("0.5"))]
    desk.wait(120_000)
    assert desk.own() == [(D("91.0"), D("0.5"))]
    assert "user" in desk.algo.resting
    gone = desk.algo.resting.pop("user")
    desk.run(desk.feed(replace(gone, status=StopStatus.CANCELED)))
    desk.wait(60_000)
    assert desk.own() == [(D("91.0"), None)]


def test_dust_cannot_be_bridged_and_keeps_what_stands() -> None:
    desk = standing()
    desk.position("0.0004")
    assert requests(desk.price("92", "100")) == []
    assert desk.own() == [(D("91.0"), None)]


def test_4116_and_4117() -> None:
    desk = Desk()
    desk.algo.refuse = -4116
    desk.open()
    assert "read" in requests(desk.log)
    desk = standing()
    ask = desk.manager.on_liquidation(D(92), D(100), 0)[0]
    assert isinstance(ask, PlaceStop)
    desk.manager.on_refused(Refused(PLACE, SYMBOL, ask.client_id, -4117, 0, 0), 0)
    assert desk.manager.firing(1999)
    assert not desk.manager.firing(2000)
    assert requests(desk.wait(1999)) == []
    assert requests(desk.wait(2))[0] == "read"


def test_the_user_streams_return_is_a_reason_to_read_and_its_absence_to_read_often() -> None:
    desk = standing()
    assert requests(desk.run(desk.manager.on_user_stream(False, desk.now))) == ["read"]
    assert requests(desk.wait(10_001)) == ["read", "read"]
    assert requests(desk.run(desk.manager.on_user_stream(True, desk.now))) == ["read"]
    assert requests(desk.wait(10_001)) == []
    assert Desk().manager.on_user_stream(True, 0) == []


def test_switched_off_only_with_drop_stops() -> None:
    desk = standing()
    off = ProtectiveStopSettings(enabled=False)
    out = desk.run(desk.manager.on_settings(off, RULES, False, desk.now))
    assert (requests(out), notices(out)) == ([], ["warning"])
    assert requests(desk.price("92", "100")) != []  # kept up as before
    assert requests(desk.run(desk.manager.on_settings(off, RULES, True, desk.now))) == ["cancel"]
    assert requests(desk.wait(60_000)) == []
    desk.run(desk.manager.on_settings(ProtectiveStopSettings(), RULES, False, desk.now))
    assert desk.own() == [(D("93.0"), None)]
    dropping = standing()
    dropping.manager.on_settings(off, RULES, True, 0)  # the cancel's answer is lost
    dropping.run(dropping.manager.on_settings(off, RULES, False, 10))  # new rules, the same settings
    dropping.wait(10_000)
    assert dropping.own() == []
    kept = standing()
    kept.run(kept.manager.on_settings(off, RULES, False, kept.now))
    kept.position("0")
    kept.position("1")
    assert kept.own() == []


def test_disabled_from_the_start() -> None:
    desk = Desk(settings=ProtectiveStopSettings(enabled=False))
    assert requests(desk.open()) == ["read"]
    assert desk.own() == []


def test_a_cancel_that_finds_nothing_is_read() -> None:
    desk = standing()
    desk.algo.resting.clear()
    assert requests(desk.position("0")) == ["cancel", "read"]
    assert requests(desk.wait(60_000)) == []


def test_a_cancel_of_unknown_outcome_is_read_and_repeated() -> None:
    desk = standing()
    (client_id,) = desk.algo.resting
    assert requests(desk.manager.on_position(D(0), True, 0)) == ["cancel"]
    desk.now = 100
    assert requests(desk.run(desk.manager.on_unknown(Unknown(CANCEL, SYMBOL, client_id, 100), 100))) == [
        "read",
        "cancel",
    ]
    assert desk.own() == []


def test_a_refused_cancel_backs_off() -> None:
    desk = standing()
    (client_id,) = desk.algo.resting
    desk.manager.on_position(D(0), True, 0)
    assert requests(desk.run(desk.manager.on_refused(Refused(CANCEL, SYMBOL, client_id, -1001, 0, 0), 0))) == []
    desk.run(desk.manager.on_refused(Refused(CANCEL, SYMBOL, client_id, -1001, 0, 0), 0))  # doubled
    assert requests(desk.wait(201)) == ["cancel"]


def test_news_of_others_is_passed_over() -> None:
    desk = standing()
    elsewhere = "ETH/USDT:USDT"
    before = desk.manager.deadline()
    assert desk.manager.on_stops_read(StopsRead(elsewhere, (), 9, 9, 9), 0) == []
    assert desk.manager.on_stop_report(replace(stop("vq-ps-x", "1"), symbol=elsewhere), 0) == []
    assert desk.manager.on_stop_report(stop("vq-ps-x", "1", side=SHORT), 0) == []
    assert desk.manager.on_refused(Refused(PLACE, elsewhere, "x", -1, 0, 0), 0) == []
    assert desk.manager.on_refused(Refused(PLACE, SYMBOL, "not ours", -1, 0, 0), 0) == []
    assert desk.manager.on_refused(Refused(READ, SYMBOL, "", -1, 0, 0), 0) == []  # the other leg's read
    assert desk.manager.on_unknown(Unknown(PLACE, elsewhere, "x", 0), 0) == []
    assert desk.manager.on_not_sent(NotSent(PLACE, elsewhere, "x", 0), 0) == []
    assert desk.manager.deadline() == before


def test_a_lost_stop_whose_place_is_beyond_the_mark_by_now_goes_to_half() -> None:
    desk = standing()
    (client_id,) = desk.algo.resting
    desk.price("90", "90.6")
    own = desk.algo.resting.pop(client_id)
    desk.run(desk.feed(replace(own, status=StopStatus.CANCELED)))
    assert desk.own() == [(D("90.3"), None)]


def test_an_answer_about_another_request_than_the_one_under_way() -> None:
    desk = standing()
    (client_id,) = desk.algo.resting
    desk.manager.on_position(D(0), True, 0)
    desk.manager.on_timer(5000)  # the cancel's answer is late: reading
    desk.manager.on_refused(Refused(CANCEL, SYMBOL, client_id, -1001, 5001, 0), 5001)
    desk.now = 5002
    desk.run(desk.feed(StopsRead(SYMBOL, tuple(desk.algo.resting.values()), 5000, 5002, 0)))
    desk.wait(10_000)
    assert desk.own() == []
