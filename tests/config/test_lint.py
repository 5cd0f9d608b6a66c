"""Advice: each unwise choice is named at its key and line, and a sound configuration is left in peace."""

from __future__ import annotations

from collections.abc import Callable
from decimal import Decimal
from pathlib import Path

import pytest

from vibe_quant.config import ConfigLoader, Loaded, Problem
from vibe_quant.config.lint import lint
from vibe_quant.config.lint_size import MarketFacts
from vibe_quant.config.sources import Sources
from vibe_quant.domain.rules import SymbolRules
from vibe_quant.domain.settings import GlobalSettings, Manage, Settings

Load = Callable[[str], Loaded]

BTC = "BTC/USDT:USDT"
QUIET = (
    "risk: {liq_distance_threshold: 0.05, panic_close: {enabled: true, tiers: [{dist_to_liq: 0.03, slice_ratio: 0.2}]}}"
)
HEAD = f'symbols:\n  "{BTC}":\n    {QUIET}\n'
RISKY = f'symbols:\n  "{BTC}":\n'
TIERS = "[{ret: 0.01, mult: 3}]"

# id, text, line, fragments
UNWISE = [
    ("cap_tiny", HEAD + "    execution: {max_order_notional: 4}\n", 4, ["is 4, below the 5"]),
    ("cap_small", HEAD + "    execution: {max_order_notional: 9, base_mult: 2}\n", 4, ["no second lot fits"]),
    (
        "accel_off",
        HEAD + f"    execution: {{use_accel_mult: false}}\n    accel: {{tiers: {TIERS}}}\n",
        4,
        ["accel.tiers change"],
    ),
    (
        "roi_off",
        HEAD + "    execution: {use_roi_mult: false}\n    roi: {tiers: [{roi: 1, mult: 3}]}\n",
        4,
        ["roi.tiers change"],
    ),
    ("base_above_max", HEAD + "    execution: {base_mult: 60}\n", 4, ["base_mult (60) is above max_mult (50)"]),
    (
        "max_mult_one",
        HEAD + f"    execution: {{max_mult: 1}}\n    accel: {{tiers: {TIERS}}}\n",
        4,
        ["tiers change nothing"],
    ),
    ("percent_of_nothing", HEAD + "    accel: {mult_percent: 2}\n", 4, ["scales nothing"]),
    ("never_taker", RISKY + "    execution: {maker_timeouts_to_escalate: 0}\n", 3, ["is 0 with panic_close disabled"]),
    ("no_stop", HEAD.replace("0.05,", "0.05, protective_stop: {enabled: false},"), 3, ["no stop rests"]),
    ("no_panic", RISKY + "    risk: {panic_close: {enabled: false}}\n", 3, ["panic_close is disabled"]),
    (
        "no_panic_by_default",
        RISKY + '  "ETH/USDT:USDT":\n',
        None,
        ["global.risk.panic_close.enabled: panic_close is dis"],
    ),
    ("short_ttl", HEAD + "    execution: {order_ttl_ms: 199}\nglobal: {ws: {stale_data_ms: 300}}\n", 4, ["is 199 ms"]),
    ("stale", "global: {ws: {stale_data_ms: 1601}}\n" + HEAD, 1, ["stale_data_ms (1601)", "order_ttl_ms (800)"]),
    ("unthrottled", HEAD + "    execution: {min_signal_interval_ms: 0}\n", 4, ["not throttled"]),
    ("dead_man", HEAD.replace("0.05,", "0.05, dead_man: {enabled: true},"), 3, ["your own too"]),
    (
        "takeover",
        HEAD.replace("0.05,", "0.05, protective_stop: {external_takeover: {max_hold_s: 20}},"),
        3,
        ["(30)", "(20)"],
    ),
    ("slow_panic", HEAD.replace("0.2", "0.001") + "    execution: {order_ttl_ms: 2000}\n", 3, ["minutes", "tiers[0]"]),
    ("patient_cap", HEAD + "    strategy: {names: [patient], patient: {max_child_notional: 100}}\n", 4, ["about 1500"]),
    ("leader_unused", HEAD + "    strategy: {leader: orderbook_price}\n", 4, ["under policy majority"]),
    (
        "weights_unused",
        HEAD + "    strategy: {weights: [{name: orderbook_price}]}\n",
        4,
        ["read under policy weighted"],
    ),
    ("policy_unused", HEAD + "    strategy: {policy: weighted}\n", 4, ["one strategy"]),
    ("live", "global: {venue: live}\n" + HEAD, 1, ["--live"]),
    ("all", f"global: {{manage: all, {QUIET}}}\n", 1, ["those you open by hand too"]),
]


@pytest.mark.parametrize(("text", "line", "fragments"), [pytest.param(*case[1:], id=case[0]) for case in UNWISE])
def test_each_unwise_choice_is_named(load: Load, text: str, line: int | None, fragments: list[str]) -> None:
    warnings = load(text).warnings
    matching = [w for w in warnings if all(f in f"{w.path}: {w.message}" for f in fragments)]
    assert [w.line for w in matching] == [line], [str(w) for w in warnings]


def test_a_sound_configuration_has_no_warnings(load: Load) -> None:
    assert load(HEAD).warnings == ()


def test_thresholds_are_not_crossed_by_what_stands_on_them(load: Load) -> None:
    text = HEAD + "    execution: {order_ttl_ms: 200, max_order_notional: 5}\nglobal: {ws: {stale_data_ms: 400}}\n"
    assert load(text).warnings == ()


def test_what_global_says_is_advised_on_once(load: Load) -> None:
    text = f'global:\n  execution: {{max_order_notional: 3}}\n  {QUIET}\nsymbols:\n  "{BTC}":\n  "ETH/USDT:USDT":\n'
    assert [(w.path, w.line) for w in load(text).warnings] == [("global.execution.max_order_notional", 2)]


def test_global_alone_is_not_advised_on_where_it_rules_nothing(load: Load) -> None:
    text = f"global: {{execution: {{max_order_notional: 3}}}}\n{HEAD}    execution: {{max_order_notional: 100}}\n"
    assert load(text).warnings == ()


RULES = SymbolRules(BTC, Decimal("0.1"), Decimal("0.001"), Decimal("0.001"), Decimal(100), Decimal(100), Decimal(100))


def advice(load: Load, text: str, price: str, qty: str | None = None) -> list[Problem]:
    loaded = load(text)
    facts = MarketFacts(RULES, Decimal(price), Decimal(qty) if qty else None)
    return list(lint(loaded.settings, loaded.sources, {BTC: facts}))


def test_a_cap_below_one_lot_of_the_symbol(load: Load) -> None:
    (warning,) = advice(load, HEAD, "300000")
    assert (warning.path, warning.line) == ("global.execution.max_order_notional", None)
    assert "0.001, worth 300)" in warning.message
    assert advice(load, HEAD, "200000") == []


def test_facts_of_a_symbol_that_is_not_named_judge_the_defaults_where_those_rule_it() -> None:
    facts = {BTC: MarketFacts(RULES, Decimal(300_000))}
    loaded = lint(Settings(GlobalSettings(manage=Manage.ALL)), Sources({}, {}, {}), facts)
    assert [w.path for w in loaded if "0.001, worth 300)" in w.message] == ["global.execution.max_order_notional"]
    listed = lint(Settings(), Sources({}, {}, {}), facts)
    assert [str(w) for w in listed] == ["symbols: BTC/USDT:USDT is not named here: its sizes were not judged"]


def test_a_multiplier_that_the_cap_swallows(load: Load) -> None:
    text = HEAD + "    execution: {base_mult: 3}\n"
    (warning,) = advice(load, text, "150000")
    assert warning.line == 4
    assert "no multiplier changes anything" in warning.message
    assert advice(load, text, "100000") == []


def test_a_patient_exit_whose_cap_and_horizon_contradict(load: Load) -> None:
    text = (
        HEAD
        + "    execution: {target_qty: 0.5}\n    strategy: {names: [patient], patient: {max_child_notional: 1000}}\n"
    )
    # children of 1000 every 16 s: 15,000 in the horizon of 240 s
    assert advice(load, text, "100000", "0.65") == []
    (warning,) = advice(load, text, "100000", "0.7")
    assert warning.line == 5
    assert "20000 in children of 1000 takes about 320 s, the horizon is 240 s" in warning.message
    assert advice(load, text, "100000", "0.1") == []


def test_the_shipped_configuration_has_no_warnings() -> None:
    path = Path(__file__).resolve().parents[2] / "config" / "config.yaml"
    assert ConfigLoader().load(path).warnings == ()
