from __future__ import annotations

from dataclasses import replace
from decimal import Decimal

import pytest
from tests.core.stop_exchange import LONG, RULES, SHORT, Desk, requests, stop

from vibe_quant.domain.enums import OrderType, PositionSide, StopStatus
from vibe_quant.domain.risk_settings import ProtectiveStopSettings, TakeoverSettings

D = Decimal


def standing(side: PositionSide = LONG, liq: str = "90", settings: ProtectiveStopSettings | None = None) -> Desk:
    desk = Desk(side, settings)
    desk.open(liq=liq)
    assert desk.manager.standing
    return desk


def test_a_foreign_stop_takes_over_after_a_rest_check() -> None:
    desk = Desk()
    desk.algo.resting["user"] = stop("user", "92")
    desk.open()
    assert (desk.own(), desk.manager.standing) == ([], True)
    assert requests(desk.wait(30_001)) == ["read"]
    assert requests(desk.wait(30_001)) == ["read"]


def test_a_read_that_came_before_liquidation_was_known_is_judged_when_it_is() -> None:
    desk = Desk()
    desk.algo.resting["user"] = stop("user", "92")
    assert requests(desk.position("1")) == ["read"]
    assert desk.price("90", "100") == []
    assert (desk.own(), desk.manager.standing) == ([], True)


def test_one_of_that_read_that_does_not_cover_does_not_take_over() -> None:
    desk = Desk()
    desk.algo.resting["user"] = stop("user", "89")
    desk.position("1")
    assert requests(desk.price("90", "100"))[0].startswith("place 91.0")


def test_ours_goes_only_when_two_reads_have_shown_the_foreign_one() -> None:
    desk = standing()
    desk.now = 1000
    desk.algo.resting["user"] = stop("user", "92")
    assert requests(desk.run(desk.feed(stop("user", "92")))) == ["read"]
    assert len(desk.own()) == 1
    assert requests(desk.wait(1001)) == ["read", "cancel"]
    assert desk.own() == []
    assert set(desk.algo.resting) == {"user"}


def test_its_final_event_places_ours_at_once() -> None:
    desk = Desk()
    user = desk.algo.resting["user"] = stop("user", "92")
    desk.open()
    desk.algo.resting.clear()
    assert requests(desk.run(desk.feed(replace(user, status=StopStatus.CANCELED)))) == ["place 91.0 close", "read"]
    desk.run(desk.feed(user))  # a late report of the dead
    assert desk.own() == [(D("91.0"), None)]


def test_not_seen_for_max_hold_places_ours() -> None:
    desk = Desk()
    desk.algo.resting["user"] = stop("user", "92")
    desk.open()
    desk.algo.resting.clear()
    assert [r for r in requests(desk.wait(299_000)) if r != "read"] == []
    assert "place 91.0 close" in requests(desk.wait(1001))


def test_one_by_quantity_is_looked_at_again_on_enlargement() -> None:
    desk = Desk()
    desk.algo.resting["user"] = stop("user", "92", qty=D(1))
    desk.open()
    assert desk.own() == []
    desk.position("1.5")
    assert desk.own() == [(D("91.0"), None)]


@pytest.mark.parametrize(
    "foreign",
    [
        stop("user", "92", order_type=OrderType.TAKE_PROFIT_MARKET),
        stop("user", "92", order_type=OrderType.STOP, qty=D(5)),
        stop("user", "92", qty=D("0.5")),
        stop("user", "90", qty=D(5)),
        stop("user", "100", qty=D(5)),
        stop("user", "92", side=SHORT),
        stop("user", "92", status=StopStatus.TRIGGERING),
    ],
)
def test_what_never_takes_over(foreign: object) -> None:
    desk = Desk()
    desk.algo.one_close = False
    desk.algo.resting["user"] = foreign  # type: ignore[assignment]
    desk.open()
    assert desk.own() == [(D("91.0"), None)]
    assert "user" in desk.algo.resting


def test_takeover_can_be_switched_off() -> None:
    desk = Desk(settings=ProtectiveStopSettings(external_takeover=TakeoverSettings(enabled=False)))
    desk.algo.one_close = False
    desk.algo.resting["user"] = stop("user", "92")
    desk.open()
    assert desk.own() == [(D("91.0"), None)]
    held = Desk()
    held.algo.one_close = False
    held.algo.resting["user"] = stop("user", "92")
    held.open()
    off = ProtectiveStopSettings(external_takeover=TakeoverSettings(enabled=False))
    held.run(held.manager.on_settings(off, RULES, False, 0))
    assert held.own() == [(D("91.0"), None)]


def test_a_foreign_stop_that_fires_silences_the_side_too() -> None:
    desk = standing()
    desk.run(desk.feed(stop("user", "80", qty=D("0.1"))))
    desk.run(desk.feed(stop("user", "80", qty=D("0.1"), status=StopStatus.TRIGGERING)))
    assert desk.manager.firing(desk.now + 1999)
    ended = standing()
    ended.run(ended.feed(stop("user", "80", status=StopStatus.FINISHED)))
    ended.run(ended.feed(stop("user", "80", status=StopStatus.TRIGGERING)))
    assert not ended.manager.firing(0)


def test_every_foreign_conditional_order_of_the_symbol_is_counted_the_other_legs_too() -> None:
    desk = Desk()
    desk.open()
    assert desk.manager.takeover.resting == 0
    users = stop("user", "110", order_type=OrderType.TAKE_PROFIT_MARKET)
    other = stop("other", "108", side=SHORT)
    desk.algo.resting |= {"user": users, "other": other}
    desk.run(desk.feed(users))
    assert desk.run(desk.feed(other)) == []
    assert desk.manager.takeover.resting == 2
    desk.wait(30_001)
    assert (desk.manager.takeover.resting, desk.manager.takeover.held) == (2, None)
    desk.run(desk.feed(replace(other, status=StopStatus.CANCELED)))
    assert desk.manager.takeover.resting == 1
    desk.algo.resting.clear()
    desk.wait(30_001)
    assert desk.manager.takeover.resting == 0
