"""Faulty configurations as people write them, and what the loader says of each."""

from __future__ import annotations

import tempfile
from functools import cache
from pathlib import Path
from typing import NoReturn

from vibe_quant.config import ConfigError, ConfigLoader, FileProblem
from vibe_quant.config.shape import GLOBAL, Member

ALL = "global:\n  manage: all\n"
RISK = ALL + "  risk:\n"
TIERS = RISK + "    panic_close:\n      enabled: true\n"
FAULTS = {
    "unknown_near": ALL + "  venu: sim\n",
    "unknown_far": ALL + "  ws: {zebra: 1}\n",
    "elsewhere": ALL + "  order_ttl_ms: 800\n",
    "no_symbol_form": 'symbols:\n  "BTC/USDT:USDT": {venue: sim}\n',
    "symbol_form": ALL + "  sides: [LONG]\n",
    "top_global": ALL + "venue: sim\n",
    "top_symbol": ALL + '"BTC/USDT:USDT": {}\n',
    "top_near": "globl: {manage: all}\n",
    "secret": ALL + "  api_secret: hunter2\n",
    "secret_top": ALL + "telegram_token: hunter2\n",
    "password": ALL + '  journal: {url: "postgresql://me:hunter2@db/x"}\n',
    "twice": ALL + "  venue: sim\n  venue: paper\n",
    "required": ALL + "  telegram: {enabled: true, allow: [{chat: 1}]}\n",
    "bounds": ALL + "  execution: {order_ttl_ms: 5}\n",
    "section_whole": "global: 5\nsymbols: {}\n",
    "section": ALL + "  execution: 5\n",
    "section_list": ALL + "  execution: [5]\n",
    "list": ALL + "  accel: {tiers: 5}\n",
    "list_section": ALL + "  accel: {tiers: {ret: 1}}\n",
    "item": ALL + "  accel: {tiers: [5]}\n",
    "whole": ALL + "  execution: {order_ttl_ms: soon}\n",
    "whole_text": ALL + '  execution: {order_ttl_ms: "800"}\n',
    "number": ALL + "  execution: {max_mark_gap: wide}\n",
    "flag": ALL + "  execution: {amend: yes}\n",
    "text": ALL + "  client_order_prefix: 5\n",
    "null_item": ALL + "  accel: {tiers: [null]}\n",
    "pattern": ALL + '  client_order_prefix: "a b"\n',
    "choice": ALL + "  venue: binance\n",
    "choice_near": ALL + "  venue: papper\n",
    "endless": ALL + "  execution: {max_order_notional: 1e999}\n",
    "rungs": RISK + "    liq_distance_threshold: 0.005\n",
    "rising": ALL + "  accel: {tiers: [{ret: 0.02, mult: 2}, {ret: 0.01, mult: 3}]}\n",
    "panic_order": TIERS
    + "      tiers: [{dist_to_liq: 0.012, slice_ratio: 0.5}, {dist_to_liq: 0.013, slice_ratio: 0.2}]\n",
    "no_tiers": TIERS,
    "over": ALL + "  ws: {reconnect: {initial_delay_ms: 5000, max_delay_ms: 1000}}\n",
    "no_side": 'symbols:\n  "BTC/USDT:USDT": {sides: []}\n',
    "side_twice": 'symbols:\n  "BTC/USDT:USDT": {sides: [LONG, LONG]}\n',
    "nothing_listed": "global: {venue: sim}\n",
    "name": "symbols:\n  BTCUSDT: {}\n",
    "tab": "global:\n\tmanage: all\n",
    "syntax": "global: {manage: all\n",
    "empty": "",
    "words": "hello\n",
}


class Forbidden(type(Path())):  # type: ignore[misc]
    """A file that this user may not read, whoever runs the tests."""

    def open(self, *_: object, **__: object) -> NoReturn:
        raise PermissionError


@cache
def said() -> dict[str, tuple[str, ...]]:
    """Name of the fault -> what a reload would be refused with."""
    with tempfile.TemporaryDirectory() as folder:
        found = {name: _of(Path(folder) / "config.yaml", text) for name, text in FAULTS.items()}
        gone = _read(Path(folder) / "gone.yaml")
    forbidden = _read(Forbidden("/etc/vibe-quant/config.yaml"))
    bounds = {limits: (f"line 3: global.x: is 5; must be {limits} (what it is)",) for limits in limits_of(GLOBAL)}
    return {**found, **bounds, "gone": tuple(text.replace(folder, "/etc") for text in gone), "forbidden": forbidden}


def limits_of(keys: tuple[Member, ...]) -> set[str]:
    """Every form of bounds that a key has."""
    return {key.limits for key in keys if key.limits}.union(*(limits_of(key.children) for key in keys))


def _of(path: Path, text: str) -> tuple[str, ...]:
    path.write_text(text, encoding="utf-8")
    return _read(path)


def _read(path: Path) -> tuple[str, ...]:
    try:
        ConfigLoader().load(path)
    except ConfigError as error:
        return tuple(str(problem) for problem in error.problems)
    except FileProblem as problem:
        return (str(problem),)
    raise AssertionError(f"{path.read_text('utf-8')!r} is taken")
