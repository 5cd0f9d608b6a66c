"""Broken configurations: each is refused with a message that helps, at the line where the mistake is."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from vibe_quant.config import ConfigError, ConfigLoader, Problem

ALL = "global: {manage: all}\n"
BTC = 'symbols:\n  "BTC/USDT:USDT":\n'

# id, text, line, fragments of path and message
BROKEN = [
    ("empty", "", None, ["is empty"]),
    ("comments_only", "# nothing\n", None, ["is empty"]),
    ("top_list", "- a\n", None, ["global: and symbols:", "is a list"]),
    ("top_scalar", "hello\n", None, ["global: and symbols:", "'hello'"]),
    ("top_key_typo", "globl: {}\n" + BTC, 1, ["globl", "did you mean global?"]),
    ("top_section_misplaced", "risk: {}\n" + BTC, 1, ["risk", "belongs under global:"]),
    ("top_symbol", ALL + '"BTC/USDT:USDT": {}\n', 2, ["belongs under symbols:"]),
    ("top_secret", ALL + "API_KEY: abc\n", 2, ["API_KEY", "a secret does not belong in this file"]),
    ("secret", "global: {manage: all, telegram: {token: abc}}\n", 1, ["telegram.token", "a secret does not belong"]),
    ("top_unknown", ALL + "zebra: 1\n", 2, ["zebra", "known here: global, symbols"]),
    ("global_scalar", "global: 5\n" + BTC, 1, ["global", "must be a section, is 5"]),
    ("symbols_list", "symbols: [BTC]\n", 1, ["symbols", "must be a section, is a list"]),
    ("symbol_scalar", 'symbols:\n  "BTC/USDT:USDT": 5\n', 2, ["BTC/USDT:USDT", "must be a section, is 5"]),
    ("tab", "global:\n\tmanage: all\n", 2, ["tab", "spaces"]),
    ("syntax", "global:\n  ws: [1, 2\n", 3, ["is not valid YAML", "column"]),
    ("unclosed_quote", 'global:\n  venue: "sim\n', 3, ["is not valid YAML"]),
    ("nul", "global:\n  venue: s\x00im\n", 2, ["unprintable", "U+0000"]),
    ("two_documents", ALL + "---\nglobal: {}\n", 2, ["second document"]),
    ("bad_escape", 'global:\n  venue: "\\UFFFFFFFF"\n', None, ["escape"]),
    ("surrogate", 'global:\n  venue: "\\ud800"\n', 2, ["surrogate"]),
    ("surrogate_key", 'global:\n  "\\ud800": 1\n', 2, ["half a character"]),
    ("duplicate", "global:\n  manage: all\n  venue: sim\n  manage: listed\n", 4, ["manage", "twice", "line 2"]),
    ("duplicate_symbol", BTC + '  "BTC/USDT:USDT": {}\n', 3, ["written twice", "line 2"]),
    ("duplicate_in_tier", BTC + "    roi: {tiers: [{roi: 1, roi: 2, mult: 2}]}\n", 3, ["tiers[0].roi", "twice"]),
    ("tag", "global: {manage: !!str all}\n", 1, ["tag", "tag:yaml.org,2002:str"]),
    (
        "python_tag",
        "global: {manage: all, accel: {tiers: !!python/object/apply:os.system []}}\n",
        1,
        ["tag", "os.system"],
    ),
    ("merge_key", "global: &g {manage: all}\nsymbols: {<<: *g}\n", 2, ["merge keys"]),
    ("unknown_alias", "global: *nowhere\n", 1, ["*nowhere", "no &nowhere"]),
    ("recursive_alias", "global: &g\n  ws: *g\n", 2, ["*g inside itself"]),
    ("complex_key", "global: {[a, b]: 1}\n", 1, ["other than text as a key"]),
    ("deep", "global: " + "[" * 40 + "]" * 40 + "\n", 1, ["nested deeper"]),
    ("huge_number", "global: {ws: {stale_data_ms: 1e999999999}}\n" + BTC, 1, ["out of any range"]),
    ("endless_digits", "global: {ws: {stale_data_ms: " + "9" * 5000 + "}}\n" + BTC, 1, ["out of any range"]),
    ("mirror_password", "global: {manage: all, journal: {url: 'postgresql://me:hunter2@h/d'}}\n", 1, ["PGPASSWORD"]),
    ("mirror_query", "global: {manage: all, journal: {url: 'postgresql://h/d?password=hunter2'}}\n", 1, ["PGPASSWORD"]),
    ("mirror_scheme", "global: {manage: all, journal: {url: 'mysql://h/d'}}\n", 1, ["postgresql://USER@HOST"]),
    ("mirror_host", "global: {manage: all, journal: {url: 'postgresql://[h/d'}}\n", 1, ["postgresql://USER@HOST"]),
    ("right", "global: {manage: all, allow: {key_rights: [withdraw]}}\n", 1, ["'withdraw'", "enableWithdrawals"]),
    (
        "seat_name",
        "global: {manage: all, sim: {positions: [{symbol: BTCUSDT, side: LONG, qty: 1}]}}\n",
        1,
        ["sim.positions[0].symbol", 'write "BTC/USDT:USDT"'],
    ),
    (
        "seat_twice",
        "global:\n  manage: all\n  paper:\n    positions:\n"
        '      - {symbol: "BTC/USDT:USDT", side: LONG, qty: 1}\n'
        '      - {symbol: "BTC/USDT:USDT", side: LONG, qty: 2}\n',
        6,
        ["paper.positions[1]", "LONG of BTC/USDT:USDT a second time"],
    ),
    (
        "seat_side",
        'global: {manage: all, sim: {positions: [{symbol: "BTC/USDT:USDT", side: BOTH, qty: 1}]}}\n',
        1,
        ["positions[0].side", "LONG, SHORT"],
    ),
    ("unknown_global", ALL + "symbols: {}\n" + "global2: {}\n", 3, ["global2", "did you mean global?"]),
    ("unknown_key", "global:\n  manage: all\n  execution:\n    order_tll_ms: 5\n", 4, ["order_ttl_ms?"]),
    ("unknown_null", "global:\n  manage: all\n  executon:\n", 3, ["executon", "did you mean execution?"]),
    ("unknown_far", "global: {manage: all, ws: {zebra: 1}}\n", 1, ["ws.zebra", "known here: stale_data_ms"]),
    ("unknown_in_tier", BTC + "    roi:\n      tiers:\n        - {roi: 1, mult: 2, mlt: 3}\n", 5, ["tiers[0].mlt"]),
    ("knob_elsewhere", "global: {manage: all, risk: {order_ttl_ms: 5}}\n", 1, ["belongs to execution.order_ttl_ms"]),
    ("ws_in_symbol", BTC + "    ws: {stale_data_ms: 500}\n", 3, ["belongs to global:"]),
    ("sides_in_global", "global: {manage: all, sides: [LONG]}\n", 1, ["belongs to a symbol"]),
    ("section_is_scalar", "global: {manage: all, risk: 5}\n", 1, ["global.risk", "must be a section", "is 5"]),
    ("section_is_list", BTC + "    execution: []\n", 3, ["must be a section", "is a list"]),
    ("bool_for_int", "global: {manage: all, ws: {stale_data_ms: true}}\n", 1, ["whole number, is true"]),
    ("fraction_for_int", "global: {manage: all, ws: {stale_data_ms: 500.5}}\n", 1, ["whole number, is 500.5"]),
    ("quoted_int", "global: {manage: all, ws: {stale_data_ms: '500'}}\n", 1, ["whole number, is the text '500'"]),
    ("octal", "global: {manage: all, ws: {stale_data_ms: 0500}}\n", 1, ["the text '0500'", "leading zeros"]),
    ("sexagesimal", "global: {manage: all, ws: {stale_data_ms: 10:30}}\n", 1, ["the text '10:30'", "colons"]),
    ("underscore", "global: {manage: all, ws: {stale_data_ms: 1_500}}\n", 1, ["the text '1_500'"]),
    ("percent", "global: {manage: all, risk: {liq_distance_threshold: 5%}}\n", 1, ["a number, is the text '5%'"]),
    ("nan", "global: {manage: all, risk: {liq_distance_threshold: .nan}}\n", 1, ["a number, is '.nan'"]),
    ("bool_for_decimal", "global: {manage: all, risk: {liq_distance_threshold: true}}\n", 1, ["a number, is true"]),
    ("no_for_bool", "global: {manage: all, execution: {amend: no}}\n", 1, ["true or false, is 'no'"]),
    ("int_for_bool", "global: {manage: all, execution: {amend: 1}}\n", 1, ["true or false, is 1"]),
    ("number_for_text", "global: {manage: all, client_order_prefix: 12}\n", 1, ["must be text, is 12"]),
    ("list_for_text", "global: {manage: all, client_order_prefix: [vq]}\n", 1, ["must be text, is a list"]),
    ("prefix", "global: {manage: all, client_order_prefix: much_too_long}\n", 1, ["must match", "much_too_long"]),
    ("too_low", "global: {manage: all, execution: {order_ttl_ms: -1}}\n", 1, ["is -1", "at least 50", "600000"]),
    ("too_high", "global: {manage: all, execution: {max_mark_gap: 0.5}}\n", 1, ["is 0.5", "at most 0.2"]),
    ("exclusive", "global: {manage: all, execution: {max_order_notional: 0}}\n", 1, ["is 0", "more than 0"]),
    (
        "bad_enum",
        "global: {manage: all, venue: lve}\n",
        1,
        ["'lve'", "sim, paper, testnet, live", "did you mean live?"],
    ),
    ("enum_case", BTC + "    sides: [long]\n", 3, ["sides[0]", "LONG, SHORT", "did you mean LONG?"]),
    ("enum_bool", "global: {manage: all, venue: true}\n", 1, ["is true; must be one of"]),
    ("list_is_scalar", BTC + "    sides: LONG\n", 3, ["must be a list, is 'LONG'"]),
    ("tier_is_scalar", BTC + "    roi: {tiers: [0.5]}\n", 3, ["roi.tiers[0]", "an item with roi, mult", "0.5"]),
    (
        "tier_is_empty",
        BTC + "    roi:\n      tiers:\n        -\n",
        5,
        ["roi.tiers[0]", "an item with roi, mult", "null"],
    ),
    ("tier_missing", BTC + "    roi:\n      tiers:\n        - {roi: 0.5}\n", 5, ["tiers[0].mult", "is required"]),
    ("tier_null", BTC + "    roi: {tiers: [{roi: 0.5, mult: null}]}\n", 3, ["tiers[0].mult", "is required"]),
    ("bare_symbol", "symbols:\n  BTCUSDT: {}\n", 2, ['write "BTC/USDT:USDT"']),
    ("spot_symbol", "symbols:\n  ETH/USDC: {}\n", 2, ['write "ETH/USDC:USDC"']),
    ("lower_symbol", 'symbols:\n  "eth/usdt:usdt": {}\n', 2, ['write "ETH/USDT:USDT"']),
    ("dated_symbol", 'symbols:\n  "BTC/USDT:USDT-251226": {}\n', 2, ["dated future"]),
    ("inverse_symbol", 'symbols:\n  "BTC/USD:BTC": {}\n', 2, ["settle = quote"]),
    ("empty_symbol", 'symbols:\n  "": {}\n', 2, ["symbols.''", "BASE/QUOTE:SETTLE"]),
    ("escaped_symbol", 'symbols:\n  "\\e[31mBTCUSDT": {}\n', 2, ["\\x1b[31mBTCUSDT", "BASE/QUOTE:SETTLE"]),
    ("listed_nothing", "global:\n  manage: listed\n", 2, ["name at least one under symbols:", "global.manage: all"]),
    ("listed_by_default", "global: {}\n", None, ["name at least one under symbols:", "global.manage: all"]),
    (
        "backoff",
        "global:\n  manage: all\n  ws:\n    reconnect:\n      initial_delay_ms: 50000\n",
        5,
        ["50000", "30000"],
    ),
    ("sides_empty", BTC + "    sides: []\n", 3, ["sides", "is empty"]),
    ("sides_twice", BTC + "    sides: [LONG, LONG]\n", 3, ["names LONG more than once"]),
    (
        "fill_rate",
        BTC + "    execution: {fill_rate: {low: 0.8}}\n",
        3,
        ["fill_rate.low", "0.8", "fill_rate.high", "0.75"],
    ),
    (
        "accel_order",
        BTC + "    accel:\n      tiers:\n        - {ret: 0.01, mult: 2}\n        - {ret: 0.005, mult: 3}\n",
        6,
        ["accel.tiers[1].ret", "0.005 after 0.01 in [0]"],
    ),
    (
        "roi_mult_order",
        BTC + "    roi: {tiers: [{roi: 1, mult: 2}, {roi: 2, mult: 2}]}\n",
        3,
        ["tiers[1].mult", "2 after 2"],
    ),
    (
        "percent_and_tiers",
        BTC + "    accel: {mult_percent: 2, tiers: [{ret: 0.1, mult: 2}]}\n",
        3,
        ["tiers or mult_percent"],
    ),
    ("percent_global", "global: {manage: all, accel: {mult_percent: 2}}\n", 1, ["belongs under a symbol"]),
    ("panic_no_tiers", BTC + "    risk: {panic_close: {enabled: true}}\n", 3, ["panic_close", "has no tiers"]),
    ("panic_all_no_tiers", "global: {manage: all, risk: {panic_close: {enabled: true}}}\n", 1, ["has no tiers"]),
    (
        "panic_order",
        BTC + "    risk:\n      panic_close:\n        tiers:\n          - {dist_to_liq: 0.01, slice_ratio: 0.1}\n"
        "          - {dist_to_liq: 0.02, slice_ratio: 0.1}\n",
        7,
        ["tiers[1].dist_to_liq", "0.02 after 0.01 in [0]", "nearer to liquidation"],
    ),
    (
        "panic_slices",
        BTC + "    risk: {panic_close: {tiers: [{dist_to_liq: 0.02, slice_ratio: 0.1}, "
        "{dist_to_liq: 0.01, slice_ratio: 0.05}]}}\n",
        3,
        ["tiers[1].slice_ratio", "0.05 after 0.1 in [0]", "smaller slices"],
    ),
    (
        "panic_above_soft",
        BTC + "    risk:\n      panic_close:\n        enabled: true\n"
        "        tiers: [{dist_to_liq: 0.04, slice_ratio: 0.1}]\n",
        6,
        ["liq_distance_threshold is 0.015", "greater than risk.panic_close.tiers[0].dist_to_liq, which is 0.04"],
    ),
    (
        "panic_below_stop",
        BTC + "    risk: {panic_close: {enabled: true, tiers: [{dist_to_liq: 0.01, slice_ratio: 0.1}]}}\n",
        3,
        ["tiers[0].dist_to_liq is 0.01", "protective_stop.dist_to_liq, which is 0.01"],
    ),
    (
        "panic_equal",
        BTC + "    risk: {panic_close: {tiers: [{dist_to_liq: 0.02, slice_ratio: 0.1}, "
        "{dist_to_liq: 0.02, slice_ratio: 0.1}]}}\n",
        3,
        ["tiers[1].dist_to_liq", "0.02 after 0.02 in [0]"],
    ),
    (
        "panic_at_soft",
        BTC + "    risk: {panic_close: {enabled: true, tiers: [{dist_to_liq: 0.015, slice_ratio: 0.1}]}}\n",
        3,
        ["liq_distance_threshold is 0.015", "which is 0.015"],
    ),
    (
        "soft_at_stop",
        BTC + "    risk: {liq_distance_threshold: 0.01}\n",
        3,
        ["is 0.01", "protective_stop", "which is 0.01"],
    ),
    ("soft_below_stop", BTC + "    risk: {liq_distance_threshold: 0.005}\n", 3, ["0.005", "protective_stop", "0.01"]),
    ("names_empty", BTC + "    strategy: {names: []}\n", 3, ["strategy.names", "is empty"]),
    ("names_twice", BTC + "    strategy: {names: [patient, patient]}\n", 3, ["names patient more than once"]),
    ("leader_missing", BTC + "    strategy: {policy: leader}\n", 3, ["needs strategy.leader", "orderbook_price"]),
    ("leader_absent", BTC + "    strategy: {policy: leader, leader: patient}\n", 3, ["leader patient is not in"]),
    (
        "weight_unlisted",
        BTC + "    strategy: {weights: [{name: patient}]}\n",
        3,
        ["weights[0].name", "patient, which is not"],
    ),
    (
        "weight_twice",
        BTC + "    strategy: {weights: [{name: orderbook_price}, {name: orderbook_price}]}\n",
        3,
        ["weights[1].name", "second weight"],
    ),
    ("pressure_threshold", BTC + "    strategy: {names: [orderbook_pressure]}\n", 3, ["threshold_qty"]),
    (
        "pressure_pause",
        BTC + "    strategy: {orderbook_pressure: {active_burst_pause_min_ms: 9000}}\n",
        3,
        ["pause_min_ms is 9000", "pause_max_ms, which is 6000"],
    ),
    ("patient_endgame", BTC + "    strategy: {patient: {endgame_s: 240}}\n", 3, ["endgame_s is 240", "horizon_s"]),
]


@pytest.mark.parametrize(("text", "line", "fragments"), [pytest.param(*case[1:], id=case[0]) for case in BROKEN])
def test_each_mistake_is_named_with_its_line(
    problems: Callable[[str], tuple[Problem, ...]], text: str, line: int | None, fragments: list[str]
) -> None:
    found = problems(text)
    matching = [p for p in found if all(f in f"{p.path}: {p.message}" for f in fragments)]
    assert matching, [str(p) for p in found]
    assert matching[0].line == line
    assert len(found) == 1, [str(p) for p in found]


def test_many_mistakes_are_told_at_once_in_the_order_of_lines() -> None:
    path = Path(__file__).with_name("broken") / "many.yaml"
    with pytest.raises(ConfigError) as caught:
        ConfigLoader().load(path)
    expected = [
        int(line)
        for line, text in enumerate(path.read_text(encoding="utf-8").splitlines(), 1)
        for _ in range(text.count("# wrong"))
    ]
    assert [p.line for p in caught.value.problems] == expected
    said = str(caught.value)
    assert str(path) in said
    assert f"{len(expected)} problems" in said
    assert 'write "DOGE/USDT:USDT"' in said


@pytest.mark.parametrize(
    "url", ["postgresql://me:hunter2@h/d", "mysql://me:hunter2@h/d", "postgresql://h/d?password=hunter2"]
)
def test_a_refused_address_is_not_shown(problems: Callable[[str], tuple[Problem, ...]], url: str) -> None:
    assert "hunter2" not in str(problems(f"global: {{manage: all, journal: {{url: '{url}'}}}}\n"))
