"""What a reload would change, by scope, old -> new; and what refuses it as a whole."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

import pytest
from tests.core.settings_held import COLD, HOT_OF_ALL, HOT_OF_SYMBOL, with_other

from vibe_quant.config import Loaded
from vibe_quant.config.reload import changes, consequences, refusals
from vibe_quant.domain.settings import GlobalSettings, Settings, SymbolSettings
from vibe_quant.domain.status import ConfigChange

BTC, ETH = "BTC/USDT:USDT", "ETH/USDT:USDT"
Load = Callable[[str], Loaded]
LISTED = 'symbols:\n  "BTC/USDT:USDT": {}\n'


def test_the_same_file_changes_nothing(load: Load) -> None:
    one = load(f"global: {{}}\n{LISTED}")
    other = load(f"# a comment\nglobal: {{execution: {{order_ttl_ms: 800}}}}\n{LISTED}")
    assert changes(one.settings, other.settings) == ()
    assert refusals(one.settings, other) == ()
    assert consequences(one.settings, other.settings) == ()
    assert one.sha256 != other.sha256


def test_what_global_says_is_told_of_each_symbol_that_it_rules(load: Load) -> None:
    old = load(f"global: {{}}\n{LISTED}  {ETH!r}: {{execution: {{base_mult: 2}}}}\n")
    new = load(
        f"global: {{rate_limit: {{max_orders_per_sec: 7}}, execution: {{base_mult: 5}}}}\n{LISTED}"
        f"  {ETH!r}: {{execution: {{base_mult: 2}}}}\n"
    )
    assert changes(old.settings, new.settings) == (
        ConfigChange("global", "rate_limit.max_orders_per_sec", "5", "7"),
        ConfigChange(BTC, "execution.base_mult", "1", "5"),
    )


def test_symbols_that_come_and_go(load: Load) -> None:
    old, new = load(f"global: {{}}\n{LISTED}"), load(f"global: {{}}\nsymbols: {{{ETH!r}: {{}}}}\n")
    assert changes(old.settings, new.settings) == (
        ConfigChange(BTC, "managed", "yes", "no"),
        ConfigChange(ETH, "managed", "no", "yes"),
    )
    told = consequences(old.settings, new.settings)
    assert [text.split(":")[0] for text in told] == ["BTC/USDT", "BTC/USDT"]
    assert all("stop is left standing" in text for text in told)


def test_a_symbol_that_leaves_the_list_under_all_goes_over_to_the_default(load: Load) -> None:
    old = load(f"global: {{manage: all}}\nsymbols: {{{BTC!r}: {{execution: {{base_mult: 3}}}}}}\n")
    new = load("global: {manage: all, execution: {max_mult: 9}}\n")
    assert changes(old.settings, new.settings) == (
        ConfigChange("default", "execution.max_mult", "50", "9"),
        ConfigChange(BTC, "execution.base_mult", "3", "1"),
        ConfigChange(BTC, "execution.max_mult", "50", "9"),
    )


def test_all_and_listed_are_said_in_words(load: Load) -> None:
    listed, everything = load(f"global: {{}}\n{LISTED}").settings, load(f"global: {{manage: all}}\n{LISTED}").settings
    assert changes(listed, everything) == (ConfigChange("global", "manage", "listed", "all"),)
    assert "those you open by hand too" in consequences(listed, everything)[0]
    assert "stops are left standing" in consequences(everything, listed)[0]


def test_a_leg_that_goes_and_a_stop_that_is_switched_off_are_said(load: Load) -> None:
    old = load(f"global: {{}}\n{LISTED}")
    new = load(
        f"global: {{}}\nsymbols: {{{BTC!r}: {{sides: [LONG], risk: {{protective_stop: {{enabled: false}}}}}}}}\n"
    )
    gone, stop = consequences(old.settings, new.settings)
    assert gone.startswith(f"{BTC} SHORT is not managed any more")
    assert "--drop-stops" in stop
    assert consequences(new.settings, new.settings) == ()


def test_what_needs_a_restart_is_named_with_its_line(load: Load) -> None:
    old = load(f"global: {{}}\n{LISTED}")
    new = load(f"global:\n  venue: testnet\n  web: {{port: 9}}\n  execution: {{base_mult: 2}}\n{LISTED}")
    venue, port = map(str, refusals(old.settings, new))
    assert venue.startswith("line 2: global.venue: sim -> testnet needs a restart")
    assert port.startswith("line 3: global.web.port: 8420 -> 9 needs a restart")


def test_a_password_in_an_address_is_not_told() -> None:
    secret = "postgresql://me:hunter2@db/x"
    shared = GlobalSettings()
    other = with_journal(shared, secret)
    told = changes(Settings(shared), Settings(other))
    assert "hunter2" not in repr(told)


def with_journal(shared: GlobalSettings, url: str) -> GlobalSettings:
    return replace(shared, journal=replace(shared.journal, url=url))


def loaded(shared: GlobalSettings, load: Load) -> Loaded:
    one = load(f"global: {{}}\n{LISTED}")
    return replace(one, settings=replace(one.settings, shared=shared))


@pytest.mark.parametrize("path", COLD, ids=".".join)
def test_every_knob_that_needs_a_restart_is_refused_and_named(path: tuple[str, ...], load: Load) -> None:
    old = Settings(GlobalSettings(), symbols=((BTC, SymbolSettings()),))
    new = loaded(with_other(GlobalSettings(), path, COLD[path]), load)
    problem = refusals(old, new)[0]
    assert problem.path == "global." + ".".join(path)
    assert "needs a restart" in problem.message


@pytest.mark.parametrize("path", HOT_OF_ALL, ids=".".join)
def test_no_other_knob_of_all_is(path: tuple[str, ...], load: Load) -> None:
    old = Settings(GlobalSettings(), symbols=((BTC, SymbolSettings()),))
    new = loaded(with_other(GlobalSettings(), path, HOT_OF_ALL[path]), load)
    assert refusals(old, new) == ()
    assert [one.key for one in changes(old, new.settings)] == [".".join(path)]


@pytest.mark.parametrize("path", HOT_OF_SYMBOL, ids=".".join)
def test_every_knob_of_a_symbol_is_told_and_taken(path: tuple[str, ...], load: Load) -> None:
    old = load(f"global: {{}}\n{LISTED}")
    other = with_other(SymbolSettings(), path, HOT_OF_SYMBOL[path])
    new = Settings(old.settings.shared, other, ((BTC, other),))
    [told] = changes(old.settings, new)
    assert (told.scope, told.key) == (BTC, ".".join(path))
    assert told.old != told.new


def test_a_phone_that_is_spoken_to_is_not_made_mute(load: Load) -> None:
    old = load(f"global: {{telegram: {{enabled: true, allow: [{{chat: 1, user: 1}}]}}}}\n{LISTED}")
    new = load(f"global: {{telegram: {{enabled: true, allow: []}}}}\n{LISTED}")
    [problem] = refusals(old.settings, new)
    assert problem.path == "global.telegram.allow"
