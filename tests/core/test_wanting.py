"""Which markets are followed, what the legs are, and whether anything of ours can be live."""

from __future__ import annotations

from dataclasses import replace
from decimal import Decimal

from tests.core.scenario import BTC, ETH, LONG, SHORT, Scenario, everything, listed, only, started, symbol

from vibe_quant.domain import events as ev
from vibe_quant.domain.market import Wants
from vibe_quant.domain.settings import Settings
from vibe_quant.domain.side_view import LegView
from vibe_quant.domain.strategy_settings import PressureSettings, StrategyName, StrategySettings

D = Decimal


def pressing() -> Settings:
    """BTC with a strategy that looks at depth."""
    pressure = PressureSettings(threshold_qty=D(10))
    strategy = StrategySettings(names=(StrategyName.ORDERBOOK_PRESSURE,), orderbook_pressure=pressure)
    return listed(BTC=replace(symbol(), strategy=strategy))


def test_what_is_not_known_is_followed_what_is_known_flat_is_not() -> None:
    desk = Scenario(listed(BTC=symbol(), ETH=symbol()))
    assert set(desk.engine.wants()) == {BTC, ETH}
    before = desk.engine.wants_version
    desk.start("1")
    desk.passes(3000, quoting=True)
    assert set(desk.engine.wants()) == {BTC}
    assert desk.engine.wants_version == before + 1


def test_a_flat_leg_is_followed_for_a_minute_more() -> None:
    desk = started("1")
    desk.row("0")
    flat, version = desk.now, desk.engine.wants_version
    while desk.now < flat + 59_000:
        desk.passes(1000)
    assert set(desk.engine.wants()) == {BTC}
    desk.passes(61_000)  # at the next comparison with the account, at the latest
    assert (desk.engine.wants(), desk.engine.wants_version) == ({}, version + 1)
    desk.row("0.5")
    assert (set(desk.engine.wants()), desk.engine.wants_version) == ({BTC}, version + 2)


def test_a_symbol_is_followed_while_an_order_of_ours_may_live() -> None:
    desk = started("1")
    order = only(desk.rise())
    desk.unknown(order)
    desk.row("0")
    desk.mute = True
    desk.passes(150_000)
    assert set(desk.engine.wants()) == {BTC}


def test_what_the_strategies_look_at_is_wanted_and_a_reload_changes_it() -> None:
    desk = started("1")
    assert desk.engine.wants() == {BTC: Wants(0, candles=False)}
    version = desk.engine.wants_version
    desk.feed(ev.Reload(desk.now, pressing()))
    [wants] = desk.engine.wants().values()
    assert wants.depth_levels > 0
    assert wants.candles is bool(desk.engine.desks[BTC].sides[LONG].signal.needs.candles_min)
    assert desk.engine.wants_version == version + 1
    assert desk.engine.settings == pressing()


def test_a_symbol_that_comes_with_a_position_is_followed_and_one_that_is_not_managed_is_not() -> None:
    desk = Scenario(everything(symbol(sides=(LONG,))))
    assert desk.engine.wants() == {}
    desk.start("0")
    desk.row("1", name=ETH)
    assert set(desk.engine.wants()) == {ETH}
    desk.feed(ev.Reload(desk.now, listed(BTC=symbol())))
    desk.passes(121_000)
    assert ETH not in desk.engine.wants()


def test_wants_are_a_copy() -> None:
    desk = started("1")
    desk.engine.wants().clear()
    assert desk.engine.wants()


def test_legs_are_what_is_managed_and_known() -> None:
    desk = Scenario(listed(BTC=symbol(), ETH=symbol(sides=(SHORT,))))
    assert desk.engine.legs() == tuple(
        LegView(name, side, D(0), known=False, flat=False) for name, side in ((BTC, LONG), (BTC, SHORT), (ETH, SHORT))
    )
    desk.start("1")
    desk.passes(3000, quoting=True)
    assert desk.engine.legs()[:2] == (
        LegView(BTC, LONG, D(1), known=True, flat=False),
        LegView(BTC, SHORT, D(0), known=True, flat=True),
    )
    desk.feed(ev.Reload(desk.now, listed(ETH=symbol())))
    assert {leg.symbol for leg in desk.engine.legs()} == {ETH}


def test_quiet_is_no_order_of_any_side_that_can_be_live() -> None:
    desk = started("1", "1")
    quiet = [desk.engine.quiet]
    order = only(desk.fall())
    quiet.append(desk.engine.quiet)
    desk.unknown(order)
    quiet.append(desk.engine.quiet)
    desk.cancelled(order)
    quiet.append(desk.engine.quiet)  # cooling down is not living
    assert quiet == [True, False, False, True]
