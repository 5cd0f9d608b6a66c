"""A report as lines and a table; costs in bps of the notional at arrival, positive is a cost."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from decimal import Decimal
from typing import TextIO

from vibe_quant.cli.table import Cell, write_table
from vibe_quant.cli.words import NONE, moment, number, percent, price, printable, rounded, stretch
from vibe_quant.domain.status import ExitCost, Report

HEAD = (
    *("ended", "symbol", "side", "closed", "of", "arrival", "average", "cost bps", "slippage bps", "fee", "realized"),
    *("maker", "orders", "took"),
)
RIGHT = frozenset(range(3, 14))
LACKS = " *"


def write_report(out: TextIO, report: Report) -> None:
    """What it comes to, each exit, the alarms."""
    length = stretch(report.until_ms - report.since_ms)
    out.write(f"{moment(report.since_ms)} to {moment(report.until_ms)} ({length})\n")
    maker = percent(Decimal(report.maker_fills) / report.fills, 1) if report.fills else NONE
    fees = ", ".join(f"{number(amount)} {printable(asset)}" for asset, amount in report.fees) or "none"
    out.write(
        f"orders {report.orders}, refused {report.refusals}, fills {report.fills} ({maker} maker), "
        f"notional {rounded(report.notional)}, fees {fees}, realized {rounded(report.realized_pnl)}\n"
    )
    if report.exits:
        out.write("\n")
        write_table(out, HEAD, [_row(exit_) for exit_ in report.exits], RIGHT)
        if any(exit_.lacking for exit_ in report.exits):
            out.write("* not all that happened was seen: trades may lack in this row, not in the sums above\n")
    else:
        out.write("no exit was finished\n")
    if report.alarms:
        out.write("\nalarms, the newest last:\n")
        for alarm, times in _folded(report.alarms):
            out.write(f"  {printable(alarm)}{f' ({times} times)' if times > 1 else ''}\n")


def _folded(alarms: Sequence[str]) -> list[tuple[str, int]]:
    """Each text once, where it came last, and how often."""
    counts = Counter(alarms)
    newest_first = dict.fromkeys(reversed(alarms))
    return [(text, counts[text]) for text in reversed(newest_first)]


def _row(cost: ExitCost) -> list[Cell | str]:
    ended = f"{moment(cost.ended_ms) if cost.finished else 'goes on'}{LACKS if cost.lacking else ''}"
    return [
        ended,
        cost.symbol,
        cost.side.value,
        number(cost.closed_qty),
        number(cost.start_qty),
        price(cost.arrival),
        price(cost.average),
        Cell(rounded(cost.cost_bps), "" if cost.cost_bps is None else "red" if cost.cost_bps > 0 else "green"),
        rounded(cost.slippage_bps),
        f"{rounded(cost.fee)} {cost.fee_asset}",
        rounded(cost.realized_pnl),
        percent(cost.maker_share, 0),
        str(cost.orders),
        stretch(cost.ended_ms - cost.begun_ms),
    ]
