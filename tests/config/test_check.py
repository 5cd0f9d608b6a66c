"""The check as the command line runs it: exit codes, stable JSON, text with the origin of every value."""

from __future__ import annotations

import io
import json
import tempfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from vibe_quant.config import Loaded, run_check
from vibe_quant.config.effective import effective
from vibe_quant.config.render import as_json, write_text
from vibe_quant.config.shape import GLOBAL, SYMBOL, Member

GOOD = """
global:
  manage: all
  execution: {order_ttl_ms: 500}
  accel: {tiers: [{ret: 0.01, mult: 2}]}
symbols:
  "BTC/USDT:USDT":
    execution:
      base_mult: 2
      order_ttl_ms: null
    accel: {mult_percent: 1.5}
    risk:
      liq_distance_threshold: 0.05
      panic_close: {enabled: true, tiers: [{dist_to_liq: 0.04, slice_ratio: 0.3}]}
"""


def check(path: Path, *, as_json: bool = False) -> tuple[int, str, str]:
    out, err = io.StringIO(), io.StringIO()
    return run_check(path, as_json, out, err), out.getvalue(), err.getvalue()


@pytest.fixture
def good(tmp_path: Path) -> Path:
    path = tmp_path / "config.yaml"
    path.write_text(GOOD, encoding="utf-8")
    return path


def values(shape: dict[str, Any], scope: str) -> dict[str, Any]:
    found: dict[str, Any] = shape["settings"][scope]["values"]
    return found


def test_json_of_a_valid_file(good: Path) -> None:
    code, out, err = check(good, as_json=True)
    assert (code, err) == (0, "")
    shape = json.loads(out)
    assert list(shape) == ["path", "valid", "problems", "warnings", "settings"]
    assert (shape["path"], shape["valid"], shape["problems"]) == (str(good), True, [])
    assert list(shape["settings"]) == ["global", "default", "BTC/USDT:USDT"]
    btc = values(shape, "BTC/USDT:USDT")
    assert btc["execution.base_mult"] == {"value": 2, "origin": "symbol", "line": 9}
    assert btc["execution.order_ttl_ms"] == {"value": 800, "origin": "default", "line": 10}
    assert btc["execution.max_mark_gap"] == {"value": "0.005", "origin": "default", "line": None}
    assert btc["accel.tiers"] == {"value": [{"ret": "0.01", "mult": 2}], "origin": "global", "line": 5}
    assert btc["accel.mult_percent"] == {"value": "1.5", "origin": "symbol", "line": 11}
    assert btc["sides"]["value"] == ["LONG", "SHORT"]
    assert values(shape, "default")["execution.order_ttl_ms"] == {"value": 500, "origin": "global", "line": 4}
    assert values(shape, "global")["manage"] == {"value": "all", "origin": "global", "line": 3}
    # ceil(1 / 0.3) x ((2 + 1) x 800 / 2 + 200)
    assert shape["settings"]["BTC/USDT:USDT"]["panic_bounds_ms"] == [5600]
    assert {"path", "line", "message"} == set(shape["warnings"][0])


def test_text_of_a_valid_file(good: Path) -> None:
    code, out, err = check(good)
    assert (code, err) == (0, "")
    assert "BTC/USDT:USDT\n" in out
    assert "  execution.base_mult = 2  (symbol, line 9)\n" in out
    assert "  execution.amend = false  (default)\n" in out
    assert "  accel.tiers = [{ret: 0.01, mult: 2}]  (global, line 5)\n" in out
    assert "panic bound: tiers[0] is flat within 5.6 s, if the touch shows its slices as they arrive" in out
    assert f"warning: {good}:3: global.manage: " in out
    assert out.endswith(f"{good}: valid\n")


def test_a_terminal_gets_tables(good: Path) -> None:
    class Terminal(io.StringIO):
        def isatty(self) -> bool:
            return True

    out = Terminal()
    assert run_check(good, False, out, io.StringIO()) == 0
    assert "execution.base_mult" in out.getvalue()
    assert "symbol, line 9" in out.getvalue()
    assert "─" in out.getvalue()


def test_an_invalid_file_is_4_with_every_problem(tmp_path: Path) -> None:
    path = tmp_path / "config.yaml"
    path.write_text("global:\n  manage: all\n  venue: lve\n  executon: {}\n", encoding="utf-8")
    code, out, err = check(path)
    assert (code, out) == (4, "")
    assert [line.split(" ")[0] for line in err.splitlines()] == [f"{path}:3:", f"{path}:4:"]
    code, out, err = check(path, as_json=True)
    assert (code, err) == (4, "")
    shape = json.loads(out)
    assert not shape["valid"]
    assert [p["line"] for p in shape["problems"]] == [3, 4]
    assert shape["settings"] == {}


def test_a_missing_file_is_2(tmp_path: Path) -> None:
    path = tmp_path / "absent.yaml"
    code, out, err = check(path)
    assert (code, out) == (2, "")
    assert err.startswith(f"{path}: there is no such file")
    code, out, _ = check(path, as_json=True)
    assert code == 2
    assert "no such file" in json.loads(out)["problems"][0]["message"]


VALUES = st.one_of(st.none(), st.booleans(), st.integers(-5, 5000), st.sampled_from(["live", "all", "LONG", "patient"]))


def sections(keys: tuple[Member, ...]) -> st.SearchStrategy[dict[str, Any]]:
    """Sections with known keys, and with anything under them: sound values, wrong types, wrong shapes."""
    known: dict[str, st.SearchStrategy[Any]] = {"zebra": VALUES}
    for member in keys:
        inner = sections(member.children) if member.children else VALUES
        known[member.name] = st.one_of(VALUES, st.lists(inner, max_size=3) if member.many else inner)
    return st.fixed_dictionaries({}, optional=known)


@given(
    st.fixed_dictionaries(
        {},
        optional={
            "global": sections(GLOBAL),
            "symbols": st.dictionaries(
                st.sampled_from(["BTC/USDT:USDT", "BTCUSDT", "ETH/USDT:USDT"]),
                st.one_of(VALUES, sections(SYMBOL)),
                max_size=2,
            ),
        },
    )
)
def test_any_structure_is_shown_or_refused_in_words(raw: dict[str, Any]) -> None:
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "config.yaml"
        path.write_text(json.dumps(raw), encoding="utf-8")
        code, out, err = check(path)
    assert code in (0, 4)
    assert (out if code == 0 else err).strip()


def test_what_a_reload_cannot_change_says_so(load: Callable[[str], Loaded]) -> None:
    scopes = effective(load("global: {manage: all}\n"))
    shape = json.loads(as_json(Path("x"), (), (), scopes))
    found = values(shape, "global")
    assert found["venue"] == {"value": "sim", "origin": "default", "line": None, "restart": True}
    assert "restart" not in found["manage"]
    out = io.StringIO()
    write_text(out, Path("x"), (), scopes)
    assert "  venue = sim  (default; a change needs a restart)\n" in out.getvalue()
