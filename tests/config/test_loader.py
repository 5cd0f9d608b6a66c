"""From file to frozen settings: inheritance, null, empty sections, and files that cannot be read."""

from __future__ import annotations

import os
from collections.abc import Callable
from dataclasses import FrozenInstanceError
from decimal import Decimal
from hashlib import sha256
from pathlib import Path
from typing import Any

import pytest

from vibe_quant.config import ConfigError, ConfigLoader, FileProblem, Loaded
from vibe_quant.domain.enums import PositionSide
from vibe_quant.domain.settings import AccelTier, GlobalSettings, MakerPriceMode, Manage, SymbolSettings, Venue
from vibe_quant.domain.strategy_settings import StrategyName

Load = Callable[[str], Loaded]

BTC, ETH = "BTC/USDT:USDT", "ETH/USDT:USDT"


def test_a_bare_symbol_has_every_default(load: Load) -> None:
    settings = load(f'symbols:\n  "{BTC}":\n').settings
    assert settings.shared == GlobalSettings()
    assert settings.of(BTC) == SymbolSettings()
    assert settings.of(ETH) is None


def test_values_arrive_as_the_types_of_the_settings(load: Load) -> None:
    one = load(
        f"""
global: {{venue: paper, manage: all, ws: {{reconnect: {{multiplier: 3}}}}}}
symbols:
  "{BTC}":
    sides: [SHORT]
    execution: {{max_order_notional: 500, maker_price_mode: queue, order_ttl_ms: 900}}
    accel: {{tiers: [{{ret: 0.001, mult: 2}}, {{ret: 0.01, mult: 5}}]}}
    strategy: {{names: [patient]}}
"""
    ).settings
    assert one.shared.venue is Venue.PAPER
    assert one.shared.manage is Manage.ALL
    assert one.shared.ws.reconnect.multiplier == 3
    assert isinstance(one.shared.ws.reconnect.multiplier, Decimal)
    btc = one.of(BTC)
    assert btc is not None
    assert btc.sides == (PositionSide.SHORT,)
    assert type(btc.execution.max_order_notional) is Decimal
    assert btc.execution.maker_price_mode is MakerPriceMode.QUEUE
    assert btc.execution.order_ttl_ms == 900
    assert btc.accel.tiers == (AccelTier(Decimal("0.001"), 2), AccelTier(Decimal("0.01"), 5))
    assert btc.strategy.names == (StrategyName.PATIENT,)
    assert one.of(ETH) == SymbolSettings()


INHERIT = f"""
global:
  execution: {{order_ttl_ms: 500, base_mult: 3, fill_rate: {{low: 0.1}}}}
  risk:
    liq_distance_threshold: 0.1
    protective_stop: {{dist_to_liq: 0.02, loosen_cooldown_s: 7}}
    panic_close: {{enabled: true, tiers: [{{dist_to_liq: 0.05, slice_ratio: 0.1}}]}}
symbols:
  "{BTC}":
    execution: {{order_ttl_ms: 900, base_mult: null}}
    risk:
      protective_stop: {{enabled: false}}
      panic_close: {{tiers: [{{dist_to_liq: 0.06, slice_ratio: 0.2}}, {{dist_to_liq: 0.03, slice_ratio: 0.3}}]}}
  "{ETH}":
    execution:
      # order_ttl_ms: 900
    risk: null
"""


def test_scalars_override_lists_replace_null_resets_and_empty_inherits(load: Load) -> None:
    settings = load(INHERIT).settings
    btc, eth = settings.of(BTC), settings.of(ETH)
    assert btc is not None and eth is not None
    assert (btc.execution.order_ttl_ms, btc.execution.base_mult, btc.execution.fill_rate.low) == (
        900,
        1,
        Decimal("0.1"),
    )
    assert not btc.risk.protective_stop.enabled
    assert btc.risk.protective_stop.loosen_cooldown_s == 7
    assert btc.risk.panic_close.enabled
    assert [t.slice_ratio for t in btc.risk.panic_close.tiers] == [Decimal("0.2"), Decimal("0.3")]
    assert (eth.execution.order_ttl_ms, eth.execution.base_mult) == (500, 3)
    assert eth.risk == SymbolSettings().risk


def test_mult_percent_stands_beside_the_tiers_that_it_scales(load: Load) -> None:
    settings = load(
        f"""
global: {{accel: {{tiers: [{{ret: 0.001, mult: 3}}]}}}}
symbols:
  "{BTC}": {{accel: {{mult_percent: 0.5}}}}
  "{ETH}": {{accel: {{tiers: null, mult_percent: 2}}}}
"""
    ).settings
    btc, eth = settings.of(BTC), settings.of(ETH)
    assert btc is not None and eth is not None
    assert (btc.accel.tiers, btc.accel.mult_percent) == ((AccelTier(Decimal("0.001"), 3),), Decimal("0.5"))
    assert eth.accel.tiers == ()


def test_what_only_symbols_can_complete_is_no_fault_of_global(load: Load) -> None:
    settings = load(
        f"""
global: {{strategy: {{names: [orderbook_pressure]}}}}
symbols:
  "{BTC}": {{strategy: {{orderbook_pressure: {{threshold_qty: 12}}}}}}
"""
    ).settings
    btc = settings.of(BTC)
    assert btc is not None
    assert btc.strategy.orderbook_pressure.threshold_qty == 12


def test_a_fault_of_global_is_told_once_however_many_symbols_inherit_it(load: Load) -> None:
    with pytest.raises(ConfigError) as caught:
        load(f'global:\n  execution: {{order_ttl_ms: 1}}\nsymbols:\n  "{BTC}":\n  "{ETH}":\n')
    assert [(p.path, p.line) for p in caught.value.problems] == [("global.execution.order_ttl_ms", 2)]


def test_no_contradiction_is_claimed_about_a_value_that_is_itself_wrong(load: Load) -> None:
    with pytest.raises(ConfigError) as caught:
        load(
            f'symbols:\n  "{BTC}":\n    risk:\n      liq_distance_treshold: 0.05\n'
            "      panic_close: {enabled: true, tiers: [{dist_to_liq: 0.04, slice_ratio: 0.1}]}\n"
        )
    assert [p.line for p in caught.value.problems] == [4]


@pytest.mark.parametrize(
    "risk",
    [
        "{protective_stop: {enabled: false}, "
        "panic_close: {enabled: true, tiers: [{dist_to_liq: 0.01, slice_ratio: 1}]}}",
        "{protective_stop: {enabled: false}, liq_distance_threshold: 0.001}",
        "{panic_close: {enabled: false, tiers: [{dist_to_liq: 0.5, slice_ratio: 1}]}}",
        "{panic_close: {tiers: [{dist_to_liq: 0.2, slice_ratio: 0.1}, {dist_to_liq: 0.1, slice_ratio: 0.1}]}}",
    ],
)
def test_a_rung_that_is_switched_off_does_not_count(load: Load, risk: str) -> None:
    assert load(f'symbols: {{"{BTC}": {{risk: {risk}}}}}\n').settings.of(BTC) is not None


@pytest.mark.parametrize("name", ["1000SHIB/USDT:USDT", "币安人生/USDT:USDT", "ETH/BTC:BTC", "BTC/USDC:USDC"])
def test_names_of_linear_perpetuals_are_taken(load: Load, name: str) -> None:
    assert load(f'symbols: {{"{name}": {{}}}}\n').settings.of(name) is not None


def test_settings_are_frozen_to_the_bottom(load: Load) -> None:
    settings: Any = load(f'symbols: {{"{BTC}": {{}}}}\n').settings
    for target, name in [
        (settings, "shared"),
        (settings.shared.ws, "stale_data_ms"),
        (settings.of(BTC).risk, "dead_man"),
    ]:
        with pytest.raises(FrozenInstanceError):
            setattr(target, name, None)
    hash(settings)


def test_files_that_cannot_be_read(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    loader = ConfigLoader()
    with pytest.raises(FileProblem, match="no such file"):
        loader.load(tmp_path / "absent.yaml")
    with pytest.raises(FileProblem, match="is a directory"):
        loader.load(tmp_path)
    with pytest.raises(FileProblem, match="cannot be read"):
        loader.load(tmp_path / ("x" * 5000))
    with pytest.raises(FileProblem, match="cannot be read"):
        loader.load(Path("a\0b"))

    def refuse(*_: object, **__: object) -> None:
        raise PermissionError

    monkeypatch.setattr(Path, "open", refuse)
    with pytest.raises(FileProblem, match="permissions"):
        loader.load(tmp_path / "secret.yaml")


@pytest.mark.skipif(not hasattr(os, "geteuid") or os.geteuid() == 0, reason="root may read everything")
def test_a_file_without_permission(tmp_path: Path) -> None:
    path = tmp_path / "secret.yaml"
    path.write_text("global: {}")
    path.chmod(0)
    with pytest.raises(FileProblem, match="permissions"):
        ConfigLoader().load(path)


def test_content_that_is_no_text(tmp_path: Path) -> None:
    path = tmp_path / "config.yaml"
    path.write_bytes(b"global:\n  venue: \xff\n")
    with pytest.raises(ConfigError, match="line 2: is not UTF-8"):
        ConfigLoader().load(path)
    path.write_bytes(b"#" * 300_000)
    with pytest.raises(ConfigError, match="larger than 256 KiB"):
        ConfigLoader().load(path)


def test_the_file_has_a_name_that_anybody_can_compute(tmp_path: Path) -> None:
    path = tmp_path / "config.yaml"
    path.write_text("global: {manage: all}\n", encoding="utf-8")
    assert ConfigLoader().load(path).sha256 == sha256(path.read_bytes()).hexdigest()
