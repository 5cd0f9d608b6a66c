"""Shows what an exit cost: a card for a person, and JSON of stable names for a program."""

from __future__ import annotations

import json
from collections.abc import Iterable
from decimal import Decimal
from typing import Any, TextIO

from rich.box import SIMPLE_HEAD
from rich.console import Console
from rich.table import Table
from rich.text import Text

from vibe_quant.config.problems import plain
from vibe_quant.domain.enums import PositionSide
from vibe_quant.lab.result import ReplayResult
from vibe_quant.lab.states import Times

PRICE_PLACES = 8
BPS_PLACES = 4
DASH = "-"
SHOWN_MS = 50
"""Shorter times would read 0.0 s on the card; the JSON has them."""


def as_dict(result: ReplayResult) -> dict[str, Any]:
    """The card in plain values: seconds, ratios and bps as they are named; null for what there is not.

    Prices and quantities become JSON numbers of at most 15 digits, which a double gives back exactly.
    """
    cost = result.cost
    return {
        "symbol": cost.symbol,
        "side": str(cost.side),
        "strategy": "+".join(result.strategies),
        "qty": _number(cost.qty),
        "filled_qty": _number(cost.filled_qty),
        "left_qty": _number(cost.left_qty),
        "stop_qty": _number(cost.stop_qty),
        "forced_qty": _number(cost.forced_qty),
        "arrival_mid": _number(cost.arrival_mid, PRICE_PLACES),
        "avg_price": _number(cost.avg_price, PRICE_PLACES),
        "slippage_bps": _number(cost.slippage_bps, BPS_PLACES),
        "fee_bps": _number(cost.fee_bps, BPS_PLACES),
        "all_in_bps": _number(cost.all_in_bps, BPS_PLACES),
        "other_fees": {asset: _number(fee) for asset, fee in cost.other_fees},
        "maker_share": _number(cost.maker_share, BPS_PLACES),
        "orders": cost.orders,
        "cancels": cost.cancels,
        "rejects": {str(code): count for code, count in cost.rejects},
        "panic_slices": cost.panic_slices,
        "stop_updates": cost.stop_updates,
        "duration_s": cost.duration_ms / 1000,
        **_conduct(result.times),
        **_circumstances(result),
    }


def _conduct(times: Times) -> dict[str, Any]:
    return {
        "mode_changes": times.mode_changes,
        "state_ms": dict(times.state_ms),
        "mode_ms": dict(times.mode_ms),
        "blocked_ms": dict(times.blocked_ms),
        "min_liq_distance": _number(times.min_liq_distance, 6),
    }


def _circumstances(result: ReplayResult) -> dict[str, Any]:
    request = result.request
    return {
        "events": result.events,
        "wall_s": round(result.wall_s, 4),
        "events_per_s": round(result.events_per_s),
        "seed": request.seed,
        "latency": result.latency,
        "queue_model": str(request.queue_model),
        "rules_inferred": result.rules_inferred,
        "mark_derived": result.mark_derived,
        "notes": list(result.notes),
        "intents_sha256": result.intents_sha256,
    }


def as_json(result: ReplayResult) -> str:
    """``as_dict`` as one JSON object over several lines."""
    return json.dumps(as_dict(result), indent=2, ensure_ascii=False) + "\n"


def _number(value: Decimal | None, places: int | None = None) -> float | int | None:
    if value is None:
        return None
    number = float(value if places is None else round(value, places))
    return int(number) if number.is_integer() else number


def write_card(out: TextIO, result: ReplayResult, width: int | None = None) -> None:
    """The card as a table of at most 80 columns, colours on a terminal only; ``width`` None: the terminal's."""
    console = Console(file=out, highlight=False, width=width)
    console.width = min(console.width, 80)
    table = Table(
        title=Text(_title(result)), title_justify="left", title_style="bold", box=SIMPLE_HEAD, show_header=False
    )
    table.add_column(style="dim", no_wrap=True)
    table.add_column(overflow="fold")
    for section in _sections(result):
        for name, value in section:
            table.add_row(Text(name), value if isinstance(value, Text) else Text(value))
        table.add_section()
    console.print(table)
    for note in result.notes:
        console.print(Text(f"note: {note}", style="dim"))
    console.print(Text(f"intents_sha256 {result.intents_sha256}", style="dim"))


def _title(result: ReplayResult) -> str:
    cost = result.cost
    return f"Exit of {cost.side} {plain(cost.qty)} {cost.symbol}, {' + '.join(result.strategies)}"


Rows = list[tuple[str, str | Text]]


def _sections(result: ReplayResult) -> tuple[Rows, ...]:
    return _done(result), _price(result), _work(result), _danger(result), _run(result)


def _done(result: ReplayResult) -> Rows:
    cost = result.cost
    rows: Rows = [("done", f"{plain(cost.filled_qty)} of {plain(cost.qty)}")]
    rows.append(("left", Text(plain(cost.left_qty), style="bold red" if cost.left_qty else "")))
    rows.append(("time", f"{cost.duration_ms / 1000:.1f} s" + ("" if cost.flat_ms else ", the tape ended")))
    if cost.stop_qty:
        rows.append(("closed by the stop", Text(plain(cost.stop_qty), style="bold yellow")))
    if cost.forced_qty:
        rows.append(
            ("closed by force", Text(f"{plain(cost.forced_qty)} (liquidation, ADL, by hand)", style="bold red"))
        )
    return rows


def _price(result: ReplayResult) -> Rows:
    cost = result.cost
    places = places_of(result.tick) + 2
    word = "sold" if cost.side is PositionSide.LONG else "bought"
    rows: Rows = [
        ("arrival mid", _rounded(cost.arrival_mid, places)),
        (f"average {word} at", _rounded(cost.avg_price, places)),
        ("slippage", _bps(cost.slippage_bps)),
        ("fees", _bps(cost.fee_bps)),
        ("all in", Text(_bps(cost.all_in_bps), style="bold")),
        ("maker share", DASH if cost.maker_share is None else f"{cost.maker_share * 100:.1f} %"),
    ]
    rows += [(f"fees in {asset}", f"{plain(fee)}, in no bps above") for asset, fee in cost.other_fees]
    return rows


def _work(result: ReplayResult) -> Rows:
    cost, times = result.cost, result.times
    rejects = ", ".join(f"{code}: {count}" for code, count in cost.rejects)
    return [
        ("orders", str(cost.orders)),
        ("cancels", str(cost.cancels)),
        ("rejections", rejects or "none"),
        ("mode changes", str(times.mode_changes)),
        ("time by state", _shares(times.state_ms)),
        ("time by mode", _shares(times.mode_ms)),
        *((f"held back {spent / 1000:.1f} s", reason) for reason, spent in times.blocked_ms if spent >= SHOWN_MS),
    ]


def _danger(result: ReplayResult) -> Rows:
    cost, nearest = result.cost, result.times.min_liq_distance
    return [
        ("panic slices", str(cost.panic_slices)),
        ("stop updates", str(cost.stop_updates)),
        ("nearest liquidation", DASH if nearest is None else f"{nearest * 100:.2f} % of the mark away"),
    ]


def _run(result: ReplayResult) -> Rows:
    return [
        ("seed, latency", f"{result.request.seed}, {result.latency}"),
        ("events", f"{result.events:,} in {result.wall_s:.2f} s, {result.events_per_s:,.0f} a second"),
    ]


def _shares(sums: Iterable[tuple[str, int]]) -> str:
    return ", ".join(f"{name} {spent / 1000:.1f} s" for name, spent in sums if spent >= SHOWN_MS) or DASH


def _bps(value: Decimal | None) -> str:
    return DASH if value is None else f"{value:+.2f} bps"


def _rounded(value: Decimal | None, places: int) -> str:
    return DASH if value is None else plain(round(value, places))


def places_of(grid: Decimal) -> int:
    """Decimals of a grid: 1 for 0.1, 0 for 1 and 10."""
    exponent = grid.normalize().as_tuple().exponent
    return max(0, -exponent) if isinstance(exponent, int) else 0
