"""Lays out the card of an exit: what was done and left, at which price, with how much work, how near danger came."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from decimal import Decimal
from typing import TextIO

from rich.box import SIMPLE_HEAD
from rich.console import Console
from rich.table import Table
from rich.text import Text

from vibe_quant.config.problems import plain
from vibe_quant.domain.enums import PositionSide
from vibe_quant.lab.cost import Cost
from vibe_quant.lab.states import Times

DASH = "-"
SHOWN_MS = 50
"""Shorter times would read 0.0 s on the card; the JSON has them."""
WIDTH = 80

Rows = list[tuple[str, str | Text]]


@dataclass(frozen=True, slots=True)
class CardContext:
    """What a card says besides the cost: ``unfinished`` why an exit that is not done ended, ``last`` rows of its own.

    ``tick`` is the price grid; ``times`` None: how the side spent its time is not shown; ``notes`` stand below it.
    """

    strategies: Sequence[str]
    tick: Decimal
    unfinished: str
    times: Times | None = None
    last: Sequence[tuple[str, str]] = ()
    notes: Sequence[str] = ()


def write_cost_card(out: TextIO, cost: Cost, context: CardContext, width: int | None = None) -> None:
    """The card as a table of at most 80 columns, colours on a terminal only; ``width`` None: the terminal's."""
    console = Console(file=out, highlight=False, width=width)
    console.width = min(console.width, WIDTH)
    title = Text(_title(cost, context))
    table = Table(title=title, title_justify="left", title_style="bold", box=SIMPLE_HEAD, show_header=False)
    table.min_width = min(title.cell_len, console.width)  # else a narrow card would break its title
    table.add_column(style="dim", no_wrap=True)
    table.add_column(overflow="fold")
    for section in _sections(cost, context):
        for name, value in section:
            table.add_row(Text(name), value if isinstance(value, Text) else Text(value))
        table.add_section()
    console.print(table)
    for note in context.notes:
        console.print(Text(note, style="dim"))


def _title(cost: Cost, context: CardContext) -> str:
    return f"Exit of {cost.side} {plain(cost.qty)} {cost.symbol}, {' + '.join(context.strategies)}"


def _sections(cost: Cost, context: CardContext) -> tuple[Rows, ...]:
    return (
        _done(cost, context.unfinished),
        _price(cost, places_of(context.tick) + 2),
        _work(cost, context.times),
        _danger(cost, context.times),
        [*context.last],
    )


def _done(cost: Cost, unfinished: str) -> Rows:
    rows: Rows = [("done", f"{plain(cost.filled_qty)} of {plain(cost.qty)}")]
    rows.append(("left", Text(plain(cost.left_qty), style="bold red" if cost.left_qty else "")))
    rows.append(("time", f"{cost.duration_ms / 1000:.1f} s" + ("" if cost.flat_ms else f", {unfinished}")))
    if cost.stop_qty:
        rows.append(("closed by the stop", Text(plain(cost.stop_qty), style="bold yellow")))
    if cost.forced_qty:
        rows.append(
            ("closed by force", Text(f"{plain(cost.forced_qty)} (liquidation, ADL, by hand)", style="bold red"))
        )
    return rows


def _price(cost: Cost, places: int) -> Rows:
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


def _work(cost: Cost, times: Times | None) -> Rows:
    rejects = ", ".join(f"{code}: {count}" for code, count in cost.rejects)
    rows: Rows = [
        ("orders", str(cost.orders)),
        ("cancels", str(cost.cancels)),
        ("rejections", rejects or "none"),
    ]
    if times is None:
        return rows
    return [
        *rows,
        ("mode changes", str(times.mode_changes)),
        ("time by state", _shares(times.state_ms)),
        ("time by mode", _shares(times.mode_ms)),
        *((f"held back {spent / 1000:.1f} s", reason) for reason, spent in times.blocked_ms if spent >= SHOWN_MS),
    ]


def _danger(cost: Cost, times: Times | None) -> Rows:
    rows: Rows = [
        ("panic slices", str(cost.panic_slices)),
        ("stop updates", str(cost.stop_updates)),
    ]
    if times is not None:
        nearest = times.min_liq_distance
        away = DASH if nearest is None else f"{nearest * 100:.2f} % of the mark away"
        rows.append(("nearest liquidation", away))
    return rows


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
