from __future__ import annotations

from dataclasses import replace
from decimal import Decimal

import pytest
from tests.core.stop_exchange import LONG, SYMBOL, Desk, notices, requests, stop

from vibe_quant.domain.enums import PositionSide, StopStatus
from vibe_quant.domain.events import StopsRead
from vibe_quant.domain.intents import Notify, PlaceStop
from vibe_quant.domain.risk_settings import ProtectiveStopSettings

D = Decimal


def standing(side: PositionSide = LONG, liq: str = "90", settings: ProtectiveStopSettings | None = None) -> Desk:
    desk = Desk(side, settings)
    desk.open(liq=liq)
    assert desk.manager.standing
    return desk


def told(desk: Desk) -> tuple[bool, bool, bool]:
    """What the side hears: exit now, remainder, standing."""
    return desk.manager.exit_now, desk.manager.remainder, desk.manager.standing


def test_firing_then_finished_with_a_remainder() -> None:
    desk = standing()
    (client_id,) = desk.algo.resting
    own = desk.algo.resting.pop(client_id)
    desk.now = 1000
    assert requests(desk.run(desk.feed(replace(own, status=StopStatus.TRIGGERING)))) == []
    assert (desk.manager.firing(1000), desk.manager.standing) == (True, False)
    desk.now = 1500
    desk.run(desk.feed(replace(own, status=StopStatus.TRIGGERED)))
    desk.run(desk.feed(replace(own, status=StopStatus.TRIGGERING)))  # late
    assert (desk.manager.firing(3499), desk.manager.firing(3500)) == (True, False)
    out = desk.run(desk.feed(replace(own, status=StopStatus.FINISHED)))
    assert requests(out) == ["leg"]
    assert requests(desk.wait(1000)) == ["leg"]  # asked again until told
    assert not told(desk)[1]
    assert notices(desk.position("0.3")) == ["alarm"]
    assert told(desk)[1]
    desk.wait(3000)
    assert desk.own() == [(D("91.0"), None)]
    desk.position("0")
    assert not told(desk)[1]


@pytest.mark.parametrize("users", [False, True])
def test_firing_known_only_from_a_read_is_kept_quiet_for_too(users: bool) -> None:
    desk = Desk()
    if users:
        desk.algo.resting["user"] = stop("user", "92")
    desk.open()
    (client_id,) = desk.algo.resting
    fired = replace(desk.algo.resting[client_id], status=StopStatus.TRIGGERING)
    desk.now = 1000
    desk.run(desk.manager.on_stops_read(StopsRead(SYMBOL, (fired,), 990, 1000, 0), 1000))
    assert (desk.manager.firing(2999), desk.manager.firing(3000)) == (True, False)
    desk.now = 2500
    desk.run(desk.manager.on_stops_read(StopsRead(SYMBOL, (fired,), 2490, 2500, 0), 2500))
    assert not desk.manager.firing(3000)  # no news


def test_finished_and_flat() -> None:
    desk = standing()
    (client_id,) = desk.algo.resting
    own = desk.algo.resting.pop(client_id)
    assert requests(desk.run(desk.feed(replace(own, status=StopStatus.FINISHED)))) == ["leg"]
    assert notices(desk.position("0")) == []
    assert not desk.manager.remainder
    desk.run(desk.feed(replace(own, status=StopStatus.FINISHED)))  # doubled
    desk.run(desk.feed(replace(own, status=StopStatus.NEW)))  # late
    assert requests(desk.wait(60_000)) == []


def test_a_leg_that_nobody_tells_of_is_protected_again_after_two_seconds() -> None:
    desk = standing()
    (client_id,) = desk.algo.resting
    own = desk.algo.resting.pop(client_id)
    desk.run(desk.feed(replace(own, status=StopStatus.FINISHED)))
    assert "place 91.0 close" in requests(desk.wait(2100))


def test_a_firing_stop_that_vanishes_counts_as_finished() -> None:
    desk = standing()
    (client_id,) = desk.algo.resting
    own = desk.algo.resting.pop(client_id)
    desk.run(desk.feed(replace(own, status=StopStatus.TRIGGERING)))
    out = desk.wait(5000)
    assert "leg" in requests(out)
    desk.position("0.3")
    assert desk.manager.remainder


@pytest.mark.parametrize("status", [StopStatus.CANCELED, StopStatus.EXPIRED])
def test_a_stop_that_is_taken_away_is_said_and_placed_again(status: StopStatus) -> None:
    desk = standing()
    (client_id,) = desk.algo.resting
    own = desk.algo.resting.pop(client_id)
    out = desk.run(desk.feed(replace(own, status=status, detail="why")))
    assert notices(out) == ["warning", "info"]
    assert requests(out) == ["leg", "place 91.0 close", "read"]
    assert desk.run(desk.feed(stop("vq-ps-x-L-never.1", "80", status=status))) == []


def test_a_stop_rejected_at_its_trigger_is_an_alarm_an_exit_and_a_new_stop() -> None:
    desk = standing()
    (client_id,) = desk.algo.resting
    own = desk.algo.resting.pop(client_id)
    out = desk.run(desk.feed(replace(own, status=StopStatus.REJECTED, detail="PERCENT_PRICE")))
    assert (notices(out), requests(out)) == (["alarm"], ["leg"])
    [alarm] = [i for i in out if isinstance(i, Notify)]
    assert "rejected its order (PERCENT_PRICE)" in alarm.text
    out = desk.position("1")
    assert (notices(out), requests(out)) == (["alarm", "info"], ["place 91.0 close", "read"])
    assert told(desk) == (False, True, True)


def test_a_stop_rejected_before_it_rested_is_a_refusal() -> None:
    desk = Desk()
    desk.manager.on_liquidation(D(90), D(100), 0)
    desk.manager.on_position(D(1), True, 0)
    [ask] = [i for i in desk.feed(StopsRead(SYMBOL, (), 0, 0, 0)) if isinstance(i, PlaceStop)]
    out = desk.feed(stop(ask.client_id, "91.0", status=StopStatus.REJECTED))
    assert (notices(out), requests(out)) == (["alarm"], [])
    assert requests(desk.wait(199)) == []
    assert "place 91.0 close" in requests(desk.wait(2))


def test_a_stop_that_is_not_listed_any_more_is_placed_again() -> None:
    desk = standing()
    desk.algo.resting.clear()
    out = desk.wait(30_001)
    assert notices(out) == ["warning", "info"]
    assert desk.own() == [(D("91.0"), None)]
    desk.now += 10
    outdated = StopsRead(SYMBOL, (), 5, desk.now, 0)
    assert desk.manager.on_stops_read(outdated, desk.now) == []
