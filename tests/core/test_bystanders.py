"""What is held and not managed: it is seen, said once, and never among the legs that are worked."""

from __future__ import annotations

from decimal import Decimal

from tests.core.scenario import (
    BTC,
    ETH,
    LONG,
    NO_STOP,
    SHORT,
    D,
    Scenario,
    cancels,
    listed,
    notices,
    of,
    orders,
    symbol,
    wallet_for,
)

from vibe_quant.core.looks import unmanaged
from vibe_quant.domain import events as ev
from vibe_quant.domain import intents as do
from vibe_quant.domain.enums import NoticeKind, StopStatus
from vibe_quant.domain.risk_settings import ProtectiveStopSettings
from vibe_quant.domain.settings import Settings
from vibe_quant.domain.status import UnmanagedLeg

STOP = ProtectiveStopSettings()


def reload(desk: Scenario, to: Settings, *, drop_stops: bool = False) -> list[do.Intent]:
    return desk.feed(ev.Reload(desk.now, to, drop_stops))


def seen(desk: Scenario) -> tuple[UnmanagedLeg, ...]:
    return unmanaged(desk.engine.house, desk.engine.desks)


def worked(desk: Scenario) -> set[tuple[str, str]]:
    return {(leg.symbol, leg.side) for leg in desk.engine.legs()}


def two() -> Scenario:
    """The LONG of BTC is managed; its SHORT, and both legs of ETH, are not."""
    desk = Scenario(listed(BTC=symbol(sides=(LONG,))))
    desk.hold("3", "2", name=ETH)
    desk.start("1", "0.5")
    desk.passes(1200, quoting=True)
    return desk


def test_what_was_never_named_is_seen_beside_what_is_worked_and_never_among_it() -> None:
    desk = two()
    assert seen(desk) == (
        UnmanagedLeg(BTC, SHORT, D("0.5")),
        UnmanagedLeg(ETH, LONG, D(3)),
        UnmanagedLeg(ETH, SHORT, D(2)),
    )
    assert worked(desk) == {(BTC, "LONG")}


def test_flatten_of_everything_leaves_it_alone() -> None:
    desk = two()
    out = desk.feed(ev.Flatten(desk.now)) + desk.passes(3000, quoting=True)
    assert {(order.symbol, order.position_side) for order in orders(out)} == {(BTC, LONG)}
    out = desk.feed(ev.Flatten(desk.now, ETH)) + desk.feed(ev.Flatten(desk.now, BTC, SHORT))
    assert orders(out) == []
    assert {notice.text for notice in notices(out, NoticeKind.PAUSE)} == {"There is nothing to flatten."}


def test_it_follows_the_stream_and_the_newest_row_rules() -> None:
    desk = two()
    assert notices(desk.row("5", name=ETH), NoticeKind.LIFECYCLE) == [], "it was said at the start"
    assert seen(desk)[1].qty == 5
    old = ev.PositionUpdate(ETH, LONG, D(9), D(100), 1, desk.now)
    assert desk.feed(old) == []
    assert seen(desk)[1].qty == 5
    desk.row("0", name=ETH)
    assert [(leg.symbol, leg.side) for leg in seen(desk)] == [(BTC, SHORT), (ETH, SHORT)]


def test_one_that_is_opened_while_the_service_runs_is_said_once_and_seen() -> None:
    desk = Scenario(listed(BTC=symbol()))
    desk.start("1")
    [said] = notices(desk.row("4", name=ETH), NoticeKind.LIFECYCLE)
    assert "gets neither orders nor a protective stop" in said.text
    later = desk.row("5", name=ETH) + desk.row("0", name=ETH) + desk.row("1", name=ETH)
    assert notices(later, NoticeKind.LIFECYCLE) == []
    assert seen(desk) == (UnmanagedLeg(ETH, LONG, D(1)),)


def test_a_read_replaces_it_but_for_what_the_stream_told_since_it_left() -> None:
    desk = two()
    left = desk.now
    desk.passes(10, quoting=True)
    desk.row("7", name=ETH)
    desk.held[ETH, LONG], desk.held[ETH, SHORT] = D(3), D(0)
    desk.snapshot(request_ms=left)
    assert seen(desk) == (UnmanagedLeg(BTC, SHORT, D("0.5")), UnmanagedLeg(ETH, LONG, D(7)))
    desk.held[ETH, LONG] = D(0)
    desk.snapshot(BTC)
    assert len(seen(desk)) == 2, "a read of another symbol tells nothing of it"
    desk.snapshot()
    assert [leg.symbol for leg in seen(desk)] == [BTC]


def test_one_that_is_named_later_is_worked_and_no_longer_among_them() -> None:
    desk = two()
    desk.mute = True  # before any read of it
    reload(desk, listed(BTC=symbol(), ETH=symbol(stop=NO_STOP)))
    assert seen(desk) == ()
    assert worked(desk) == {(BTC, "LONG"), (BTC, "SHORT"), (ETH, "LONG"), (ETH, "SHORT")}


def left_by_a_reload() -> tuple[Scenario, Decimal]:
    """BTC, whose LONG has its stop at the exchange, left management while it was held."""
    desk = Scenario(listed(BTC=symbol(stop=STOP), ETH=symbol()))
    desk.start("1", wallet=wallet_for("90"))
    [stop] = of(do.PlaceStop, desk.passes(6000, quoting=True))
    desk.stops = [desk.stop_report(stop, StopStatus.NEW)]
    desk.feed(desk.stops[0])
    desk.passes(1000, quoting=True)
    assert seen(desk) == ()
    reload(desk, listed(ETH=symbol()))
    return desk, stop.trigger_price


def test_what_left_by_a_reload_is_seen_with_the_stop_that_was_left_standing() -> None:
    desk, trigger = left_by_a_reload()
    assert seen(desk) == (UnmanagedLeg(BTC, LONG, D(1), left_stop=trigger),)
    assert worked(desk) == {(ETH, "LONG"), (ETH, "SHORT")}
    out = desk.row("2") + desk.passes(3000, quoting=True) + desk.feed(ev.Flatten(desk.now))
    out += desk.passes(3000, quoting=True)
    assert (orders(out), cancels(out), of(do.CancelStop, out)) == ([], [], [])
    assert seen(desk) == (UnmanagedLeg(BTC, LONG, D(2), left_stop=trigger),)
    desk.row("0")
    assert seen(desk) == ()


def test_a_stop_that_is_being_taken_away_is_not_said_to_be_left() -> None:
    desk, _ = left_by_a_reload()
    reload(desk, listed(BTC=symbol(stop=STOP)))
    desk.passes(1000, quoting=True)
    desk.mute = True
    out = reload(desk, listed(BTC=symbol(stop=NO_STOP)), drop_stops=True)
    assert len(of(do.CancelStop, out)) == 1
    reload(desk, listed(ETH=symbol()))
    assert seen(desk) == (UnmanagedLeg(BTC, LONG, D(1)),)
