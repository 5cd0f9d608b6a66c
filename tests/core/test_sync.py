"""When the account is read: as often as the most demanding symbol wants, and which answer counts for which question."""

from __future__ import annotations

from dataclasses import replace

from tests.core.scenario import BTC, Scenario, listed, of, symbol

from vibe_quant.core.sync import Sync, interval_ms
from vibe_quant.domain import intents as do
from vibe_quant.domain.risk_settings import RiskSettings
from vibe_quant.domain.settings import GlobalSettings, Manage, Settings, SymbolSettings


def every(seconds: int) -> SymbolSettings:
    return replace(symbol(), risk=RiskSettings(reconcile_interval_s=seconds))


def test_the_most_demanding_of_what_is_worked_rules() -> None:
    assert interval_ms(listed(BTC=every(40), ETH=every(20))) == 20_000
    everything = GlobalSettings(manage=Manage.ALL)
    assert interval_ms(Settings(everything, default=every(10))) == 10_000
    assert interval_ms(Settings(everything, default=every(10), symbols=((BTC, every(60)),))) == 10_000
    assert interval_ms(Settings(GlobalSettings(), default=every(10), symbols=((BTC, every(60)),))) == 60_000


def test_the_account_is_compared_as_often_as_any_position_may_want_it() -> None:
    desk = Scenario(Settings(GlobalSettings(manage=Manage.ALL), default=every(10), symbols=((BTC, every(60)),)))
    desk.start()
    desk.passes(5000)
    assert len(of(do.FetchSnapshot, desk.passes(20_000))) == 2


def test_an_answer_to_the_read_before_leaves_the_one_under_way_open() -> None:
    sync = Sync(30_000)
    sync.begin(10, "the user stream is up")
    assert len(sync.due(10)) == 1
    sync.begin(20, "the book stream is up")
    assert len(sync.due(20)) == 1
    sync.answered(10, 25, complete=True)
    assert (sync.gate_ms, sync.deadline()) == (20, 10_020)
    assert len(sync.due(10_020)) == 1  # the second one was lost
    sync.answered(10_020, 10_050, complete=True)
    assert (sync.gate_ms, sync.deadline()) == (None, 40_050)
