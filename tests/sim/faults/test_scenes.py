"""Every fault happens as declared, and twice the same with the same seed, seen from outside a whole exchange."""

from __future__ import annotations

from collections import Counter
from decimal import Decimal
from typing import Any

import pytest
from tests.sim.faults.rig import SYMBOL, Rig
from tests.sim.faults.scenes import SCENES, Scene

from vibe_quant.sim.front.faults import read_faults
from vibe_quant.sim.front.faults.families import Act
from vibe_quant.sim.front.faults.reading import KINDS


@pytest.mark.parametrize("scene", SCENES, ids=lambda scene: scene.name)
def test_it_happens_as_declared_and_twice_the_same(scene: Scene) -> None:
    runs = []
    for _ in range(2):
        rig = Rig(scene.declared)
        scene.script(rig)
        assert rig.box.plan.struck
        assert {strike.fault for strike in rig.box.plan.struck} == {f"1:{scene.kind}"}
        assert not [strike for strike in rig.box.plan.struck if strike.failed]
        runs.append(rig.transcript)
    assert runs[0] == runs[1]


@pytest.mark.parametrize("scene", SCENES, ids=lambda scene: scene.name)
def test_without_the_fault_it_does_not_happen(scene: Scene) -> None:
    with pytest.raises((AssertionError, IndexError, ValueError, KeyError)):
        scene.script(Rig())


def test_every_kind_has_a_scene() -> None:
    assert {scene.kind for scene in SCENES} == set(KINDS)


def test_an_event_does_not_overtake_one_of_its_type_that_is_due_at_the_same_moment() -> None:
    where = {"events": ["ORDER_TRADE_UPDATE"]}
    rig = Rig({"kind": "event_late", "where": where, "when": {"nth": 1}, "delay_ms": 250})
    wire = rig.listen()
    rig.order()
    rig.wait(250)
    rig.order()
    assert [(at, message["o"]["c"]) for at, message in wire.got] == [(250, "vq-1"), (250, "vq-2")]
    at_once = Rig({"kind": "event_late", "where": where, "when": {"nth": 1}, "delay_ms": 250})
    wire = at_once.listen()
    at_once.order()
    at_once.now += 250
    trade = {"kind": "position_closed", "symbol": SYMBOL, "side": "LONG", "qty": "0.1"}
    at_once.box.plan.add(read_faults(trade), at_once.now)
    at_once.wait(0)
    orders = [message["o"]["c"] for _, message in wire.got if message["e"] == "ORDER_TRADE_UPDATE"]
    assert orders == ["vq-1", "web_external", "web_external"]


def test_what_is_declared_without_a_moment_finds_the_account_seated() -> None:
    rig = Rig({"kind": "position_closed", "symbol": SYMBOL, "side": "LONG", "qty": "0.5"})
    assert [strike.at_ms for strike in rig.box.plan.struck] == [0]
    assert rig.leg() == Decimal("1.5")


@pytest.mark.parametrize(
    ("declared", "why"),
    [
        ({"kind": "position_closed", "symbol": "ETHUSDT", "side": "LONG"}, "Invalid symbol."),
        (
            {"kind": "position_enlarged", "symbol": SYMBOL, "side": "LONG", "qty": "0.0005"},
            "BTCUSDT 0.0005 is not a multiple of the lot step 0.001.",
        ),
        ({"kind": "listen_key_expired"}, "This listenKey does not exist."),
        ({"kind": "adl", "symbol": SYMBOL, "side": "LONG"}, "BTCUSDT LONG has no position."),
        ({"kind": "liquidation", "symbol": SYMBOL, "side": "LONG"}, "BTCUSDT LONG has no position."),
    ],
)
def test_what_cannot_happen_is_logged_with_the_reason_and_nothing_else_is_hurt(
    declared: dict[str, Any], why: str
) -> None:
    flat = {"kind": "position_closed", "symbol": SYMBOL, "side": "LONG"}
    rig = Rig(flat, declared)
    assert [(strike.failed, strike.hit) for strike in rig.box.plan.struck[1:]] == [(True, why)]


def test_adl_without_a_price_needs_a_mark() -> None:
    declared = {"kind": "adl", "symbol": SYMBOL, "side": "LONG", "fraction": "0.5", "when": {"at_s": 1}}
    rig = Rig(declared, declared)
    rig.box.exchange.venue.market(SYMBOL).mark = None
    rig.wait(1000)
    assert [strike.failed for strike in rig.box.plan.struck] == [True, True]
    rig = Rig(declared)
    rig.wait(1000)
    assert rig.box.plan.struck[0].hit == "BTCUSDT LONG less 1.0 at 60000"


def test_what_lasts_is_not_done_anew_and_ends_when_it_is_forgotten() -> None:
    rig = Rig({"kind": "key_revoked", "when": {"rate": 1}, "where": {}, "for_s": 60, "times": 3, "name": "k"})
    assert [rig.order().code for _ in range(2)] == [-2015, -2015]
    assert [strike.hit for strike in rig.box.plan.struck] == ["1 revoked"]
    assert rig.box.plan.remove(rig.now, "k") == ["k"]
    assert rig.order().status == 200
    assert [strike.hit for strike in rig.box.plan.struck] == ["1 revoked", "over"]


def test_what_is_forgotten_before_its_moment_does_not_happen() -> None:
    declared = {"kind": "position_closed", "symbol": SYMBOL, "side": "LONG", "when": {"at_s": 1}}
    rig = Rig(declared, declared | {"qty": "0.5"})
    assert rig.box.plan.remove(rig.now, "1:position_closed") == ["1:position_closed"]
    rig.wait(1000)
    assert rig.leg() == Decimal("1.5")


def test_moments_by_chance_come_as_often_as_declared_and_no_oftener_than_times() -> None:
    enlarged = {"kind": "position_enlarged", "symbol": SYMBOL, "side": "LONG", "qty": "0.001"}
    rig = Rig(enlarged | {"when": {"per_minute": 60}}, enlarged | {"when": {"per_minute": 60}, "times": 3})
    rig.wait(300_000)
    counts = Counter(strike.fault for strike in rig.box.plan.struck)
    assert 240 < counts["1:position_enlarged"] < 360
    assert counts["2:position_enlarged"] == 3


MUST: dict[str, dict[str, Any]] = {
    "ack_late": {"delay_ms": 40},
    "request_late": {"delay_ms": 40},
    "stale_read": {"behind_ms": 40},
    "event_late": {"delay_ms": 40},
    "unknown_503": {"reached": True},
    "timeout_1007": {"reached": False},
    "proxy_error": {"reached": False},
    "refuse": {"code": -1, "message": "No."},
    "clock_off": {"seconds": 2},
    "position_closed": {"symbol": SYMBOL, "side": "LONG", "qty": "0.001"},
    "position_enlarged": {"symbol": SYMBOL, "side": "LONG", "qty": "0.001"},
    "adl": {"symbol": SYMBOL, "side": "LONG", "qty": "0.001"},
    "liquidation": {"symbol": SYMBOL, "side": "LONG"},
    "tick_changed": {"symbol": SYMBOL, "tick": "0.5"},
    "symbol_status": {"symbol": SYMBOL, "status": "TRADING_HALT"},
    "foreign_order": {"symbol": SYMBOL, "side": "SHORT", "qty": "0.01", "opens": True},
    "foreign_stop": {"symbol": SYMBOL, "side": "LONG", "qty": "0.001"},
    "orders_cancelled": {"symbol": SYMBOL},
}


def by_chance(kind: str, seed: int) -> tuple[Any, ...]:
    """Two minutes of orders, reads and listen keys under a fault that strikes by chance."""
    when = {"per_minute": 20} if issubclass(KINDS[kind], Act) else {"rate": 0.3}
    ends = {"for_s": 1} if KINDS[kind].lasting_s is not None else {}
    rig = Rig({"kind": kind, "when": when} | ends | MUST.get(kind, {}), seed=seed)
    wire, _ = rig.socket("/private/ws/" + rig.box.listen_keys.create(rig.now))
    for _ in range(30):
        rig.wait(4000)
        rig.call("POST", "/fapi/v1/listenKey", False)
        rig.market()
        rig.order("59990", timeInForce="GTX")
        rig.call("GET", "/fapi/v1/openOrders", symbol=SYMBOL)
    return [strike.at_ms for strike in rig.box.plan.struck], [*rig.box.plan.struck], rig.seen, wire.got


@pytest.mark.parametrize("kind", sorted(KINDS))
def test_chance_comes_from_the_seed(kind: str) -> None:
    first = by_chance(kind, 1)
    assert first[0]
    assert by_chance(kind, 1) == first
    assert by_chance(kind, 2)[0] != first[0]
