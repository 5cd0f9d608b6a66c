"""The shipped configuration and the editors' schema agree with the loader, knob for knob."""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Iterator
from dataclasses import replace
from decimal import Decimal
from pathlib import Path
from typing import Any

import jsonschema
import pytest
from hypothesis import given
from hypothesis import strategies as st

from vibe_quant.config import ConfigLoader, Loaded
from vibe_quant.config.json_schema import schema, text
from vibe_quant.config.problems import EMPTY, KeyPath
from vibe_quant.config.schema import read_global
from vibe_quant.config.shape import GLOBAL, Member, leaves
from vibe_quant.config.yaml_strict import parse
from vibe_quant.domain.enums import PositionSide
from vibe_quant.domain.settings import GlobalSettings, Settings, SimSettings, SymbolSettings, Venue
from vibe_quant.domain.strategy_settings import StrategyName

FOLDER = Path(__file__).resolve().parents[2] / "config"
SHIPPED = (FOLDER / "config.yaml").read_text(encoding="utf-8")
UNCOMMENTED = re.sub(r"^( *)#(?=[a-z_]+:)", r"\1", SHIPPED, flags=re.MULTILINE)
LEAVES = dict(leaves(GLOBAL))
VALIDATOR = jsonschema.Draft7Validator(schema())


def as_editors_see(value: Any) -> Any:
    """YAML as an editor's validator gets it: floats, and null where nothing is written."""
    if isinstance(value, dict):
        return {k: as_editors_see(v) for k, v in value.items()}
    if isinstance(value, list):
        return [as_editors_see(v) for v in value]
    if value is EMPTY:
        return None
    return float(value) if isinstance(value, Decimal) else value


def assert_defaults(settings: Settings) -> None:
    """All of them, but for the legs that the embedded exchange is given: it is to have something to show."""
    legs = settings.shared.sim.positions
    assert [(leg.symbol, leg.side) for leg in legs] == [("BTC/USDT:USDT", side) for side in PositionSide]
    assert settings.shared == replace(GlobalSettings(), sim=SimSettings(positions=legs))
    assert settings.default == SymbolSettings()


def test_the_shipped_configuration_is_valid_safe_and_listed() -> None:
    loaded = ConfigLoader().load(FOLDER / "config.yaml")
    assert_defaults(loaded.settings)
    assert [name for name, _ in loaded.settings.symbols] == ["BTC/USDT:USDT"]
    assert SHIPPED.startswith("# yaml-language-server: $schema=./config.schema.json\n")


def test_the_demonstration_works_a_long_and_a_short_of_the_embedded_exchange() -> None:
    loaded = ConfigLoader().load(FOLDER / "demo.yaml")
    shared, symbols = loaded.settings.shared, loaded.settings.symbols
    assert shared.venue is Venue.SIM
    assert [(leg.symbol, (leg.side,)) for leg in shared.sim.positions] == [(name, one.sides) for name, one in symbols]
    assert [leg.side for leg in shared.sim.positions] == list(PositionSide)
    assert all(one.strategy.names == (StrategyName.PATIENT,) for _, one in symbols)
    assert [warning.path for warning in loaded.warnings] == ["global.strategy.patient.max_child_notional"]
    VALIDATOR.validate(as_editors_see(parse((FOLDER / "demo.yaml").read_text(encoding="utf-8")).data))


@pytest.mark.parametrize("path", LEAVES, ids=".".join)
def test_every_knob_stands_in_it_with_a_word_of_meaning(path: KeyPath) -> None:
    document = parse(UNCOMMENTED)
    full = ("global", *path)
    assert full in document.marks, f"add {'.'.join(map(str, path))} to config/config.yaml"
    line = UNCOMMENTED.splitlines()[document.marks[full].line - 1]
    assert re.search(r" # \w|# \{", line)


def restarting(keys: tuple[Member, ...], path: KeyPath = ()) -> Iterator[str]:
    """The topmost keys that a reload may not change."""
    for member in keys:
        here = (*path, member.name)
        if member.restart:
            yield ".".join(map(str, here))
        elif member.is_section:
            yield from restarting(member.children, here)


def test_its_head_names_what_a_reload_cannot_change() -> None:
    found = re.search(r"Needs a restart: ([^:]*?)\.\n", SHIPPED.replace("\n# ", " "))
    assert found is not None
    assert found[1].split(", ") == list(restarting(GLOBAL))


def test_every_key_in_it_shows_its_default(load: Callable[[str], Loaded]) -> None:
    assert_defaults(load(UNCOMMENTED).settings)


def test_the_schema_file_is_up_to_date() -> None:
    committed = (FOLDER / "config.schema.json").read_text(encoding="utf-8")
    assert committed == text(), "run: python -m vibe_quant.config.json_schema config/config.schema.json"


def test_editors_accept_the_shipped_configuration() -> None:
    jsonschema.Draft7Validator.check_schema(schema())
    VALIDATOR.validate(as_editors_see(parse(SHIPPED).data))
    VALIDATOR.validate(as_editors_see(parse(UNCOMMENTED).data))


@pytest.mark.parametrize(
    "broken",
    [
        {"globl": {}},
        {"global": {"executon": {}}},
        {"global": {"sides": ["LONG"]}},
        {"global": {"venue": "lve"}},
        {"global": {"ws": {"reconnect": {"jitter": 2}}}},
        {"global": {"execution": {"max_order_notional": 0}}},
        {"symbols": {"BTCUSDT": {}}},
        {"symbols": {"BTC/USDT:USDT": {"ws": {}}}},
        {"symbols": {"BTC/USDT:USDT": {"roi": {"tiers": [{"roi": 1}]}}}},
    ],
)
def test_editors_refuse(broken: dict[str, Any]) -> None:
    assert not VALIDATOR.is_valid(broken)


def test_every_knob_of_the_schema_is_described() -> None:
    node = schema()["properties"]["global"]
    for path, member in LEAVES.items():
        here = node
        for step in path:
            here = here["properties"][step]
        assert here["description"] == member.meaning != ""
        assert here["description"].endswith("(a change needs a restart)") is member.restart


def around(member: Member) -> st.SearchStrategy[Any]:
    """Values on, beside and far from the bounds of a knob, and of the wrong type."""
    edges = [Decimal(v) for k, v in member.bounds.items() if k != "pattern"]
    near = [e + d for e in edges for d in (Decimal(-1), Decimal("-0.001"), Decimal(0), Decimal("0.001"), Decimal(1))]
    whole = [int(n) for n in near if n == n.to_integral_value()]
    words = [*member.choices, "vq", "no", "12345678", "much_too_long"]
    return st.sampled_from([*whole, *[n for n in near if n != n.to_integral_value()], *words, True, None, [], 0, 1])


@given(st.data())
def test_editors_and_loader_judge_every_knob_alike(data: st.DataObject) -> None:
    path = data.draw(st.sampled_from(sorted(LEAVES, key=str)))
    value = data.draw(around(LEAVES[path]))
    raw: Any = value
    for step in reversed(path):
        raw = {step: raw}
    *_, faults = read_global(raw)
    assert VALIDATOR.is_valid({"global": as_editors_see(raw)}) == (not faults), (path, value)


def test_the_schema_is_json_without_a_lossy_number() -> None:
    bounds = [b for m in LEAVES.values() for b in m.bounds.values() if isinstance(b, Decimal)]
    assert all(Decimal(json.dumps(float(b))) == b for b in bounds)
