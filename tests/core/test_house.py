"""What all sides share: ids never repeat, pauses hold as long as they say, server time is ours plus an offset."""

from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from vibe_quant.core.house import House, PauseState
from vibe_quant.core.pacing import Pacing
from vibe_quant.core.stop_ids import StopIds
from vibe_quant.core.sync import Sync
from vibe_quant.domain.enums import PositionSide
from vibe_quant.domain.settings import GlobalSettings, Manage, RateLimitSettings, Settings

LONG, SHORT = PositionSide.LONG, PositionSide.SHORT
BTC, ETH = "BTCUSDT", "ETHUSDT"


def house(run: str = "k3f9") -> House:
    return House(Settings(), run, Pacing(RateLimitSettings()), StopIds("vq", run), Sync(30_000))


def test_order_ids_carry_prefix_and_run_and_never_repeat() -> None:
    ours = house()
    ids = [ours.new_order_id() for _ in range(3)]
    assert ids == ["vq-k3f9-1", "vq-k3f9-2", "vq-k3f9-3"]
    assert not set(ids) & {house("k3fa").new_order_id()}


def test_own_is_what_carries_the_prefix_of_whatever_run() -> None:
    ours = house()
    assert ours.is_own(ours.new_order_id())
    assert ours.is_own(house("old").new_order_id())
    assert ours.is_own(ours.stop_ids.new_id(BTC, LONG))
    for foreign in ("web_1", "vqx-1", "vq", "VQ-k3f9-1", ""):
        assert not ours.is_own(foreign)


def test_server_time_is_ours_until_an_offset_is_measured() -> None:
    ours = house()
    assert ours.server_ms(1_000) == 1_000
    ours.offset_ms = 500
    assert ours.server_ms(1_000) == 1_500


def test_each_leg_has_one_counter_of_its_own() -> None:
    ours = house()
    assert ours.counter(BTC, LONG) is ours.counter(BTC, LONG)
    others = [ours.counter(BTC, SHORT), ours.counter(ETH, LONG)]
    assert all(other is not ours.counter(BTC, LONG) for other in others)


@pytest.mark.parametrize("key", [None, BTC])
def test_a_pause_holds_for_its_symbol_or_for_all_until_its_time(key: str | None) -> None:
    ours = house()
    assert not ours.paused(BTC, 10)
    ours.pauses[key] = PauseState(100, panic=False)
    assert ours.paused(BTC, 99)
    assert ours.paused(ETH, 99) == (key is None)
    assert not ours.paused(BTC, 100)
    ours.pauses[key] = PauseState(None, panic=False)
    assert ours.paused(BTC, 10**9)


def test_panic_is_stopped_only_by_a_pause_that_says_so_and_holds() -> None:
    ours = house()
    ours.pauses[None] = PauseState(None, panic=False)
    ours.pauses[BTC] = PauseState(100, panic=True)
    assert ours.paused(BTC, 99, panic=True)
    assert not ours.paused(ETH, 99, panic=True)
    assert not ours.paused(BTC, 100, panic=True)
    assert ours.paused(BTC, 100)


states = st.builds(PauseState, st.none() | st.integers(0, 20), st.booleans())


@settings(deadline=None)
@given(st.dictionaries(st.sampled_from([None, BTC, ETH]), states), st.integers(0, 25))
def test_what_stops_panic_stops_everything_else_too(pauses: dict[str | None, PauseState], now: int) -> None:
    ours = house()
    ours.pauses = pauses
    for symbol in (BTC, ETH):
        assert ours.paused(symbol, now) or not ours.paused(symbol, now, panic=True)
        assert not ours.paused(symbol, now) or {None, symbol} & set(pauses)


@pytest.mark.parametrize(
    ("symbol", "managed"),
    [
        ("BTC/USDT:USDT", True),
        ("币安人生/USDT:USDT", True),
        ("BTCUSDT_260327", False),
        ("BTC/USDT:USDT-260327", False),
        ("BTC/USDT", False),
        ("BTC/USDT:", False),
    ],
)
def test_all_means_every_perpetual_and_nothing_else(symbol: str, managed: bool) -> None:
    assert (Settings(GlobalSettings(manage=Manage.ALL)).of(symbol) is not None) is managed
