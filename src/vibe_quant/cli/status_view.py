"""The status of a service as lines and a table: what is wrong stands first, what is not known is a dash."""

from __future__ import annotations

from collections.abc import Iterator
from decimal import Decimal
from typing import TYPE_CHECKING, TextIO

from vibe_quant.cli.table import Cell, rich_table, write_table
from vibe_quant.cli.words import NONE, number, percent, price, printable, rounded, stretch
from vibe_quant.domain.risk import RiskLevel
from vibe_quant.domain.status import LegStatus, Status

if TYPE_CHECKING:
    from rich.console import Group

SIDES = ("symbol", "side", "qty", "done", "eta", "cost bps", "dist", "state", "order")
SIDES_RIGHT = frozenset(range(2, 7))
SIDES_SPARE = frozenset({8})
HELD = ("symbol", "side", "qty", "entry", "mark", "uPnL", "notional", "liquidation", "dist", "stop")
HELD_RIGHT = frozenset(range(2, 9))
HELD_SPARE = frozenset({3, 6})
RISKS = {
    RiskLevel.NONE: Cell("", "green"),
    RiskLevel.SOFT: Cell("SOFT ", "yellow"),
    RiskLevel.PANIC: Cell("PANIC ", "bold red"),
}


def write_status(out: TextIO, now: Status) -> None:
    """The service, then its sides."""
    for cell in lines(now):
        _line(out, cell)
    if now.legs:
        out.write("\n")
        write_table(out, SIDES, [_side(leg) for leg in now.legs], SIDES_RIGHT, SIDES_SPARE)
        for cell in _held_back(now):
            _line(out, cell)
    else:
        out.write("no managed position\n")
    for cell in _unmanaged(now):
        _line(out, cell)


def write_positions(out: TextIO, now: Status) -> None:
    """A line a leg; what is not managed stands apart."""
    write_table(out, HELD, [_held(leg) for leg in now.legs], HELD_RIGHT, HELD_SPARE)
    for cell in _unmanaged(now):
        _line(out, cell)


def drawn(now: Status) -> Group:
    """For a terminal that is drawn again and again."""
    from rich.console import Group
    from rich.text import Text

    said = [*lines(now), Cell("")], [*_held_back(now), *_unmanaged(now)]
    above, below = ([Text(printable(cell.text), cell.style) for cell in cells] for cells in said)
    return Group(*above, rich_table(SIDES, [_side(leg) for leg in now.legs], SIDES_RIGHT, SIDES_SPARE), *below)


def lines(now: Status) -> Iterator[Cell]:
    """What is said of the service as a whole; what is well takes three lines."""
    ready = "" if now.ready else ", NOT READY"
    yield Cell(
        f"{now.venue.upper()}  {now.phase}{ready}  version {now.version}  run {now.run}  "
        f"up {stretch(now.now_ms - now.started_ms)}",
        "bold" if now.ready else "bold yellow",
    )
    yield Cell(f"configuration {now.configuration} ({now.config_hash[:12]})")
    weight = "" if now.weight_used is None else f"  weight {now.weight_used}/{now.weight_limit or NONE}"
    yield Cell(f"data by {now.level}{weight}  streams {_streams(now)}", "" if _is_well(now) else "yellow")
    if now.paused:
        yield Cell(f"PAUSED: {', '.join(now.paused)}", "bold yellow")
    if now.held:
        yield Cell(f"HELD BACK: {now.held}", "bold yellow")
    if now.breaker_open:
        yield Cell("BREAKER OPEN: only cancels, stops, panic and queries go to the exchange", "bold red")
    if now.journal_trouble:
        yield Cell(f"JOURNAL: {now.journal_trouble}", "bold red")


def _is_well(now: Status) -> bool:
    return now.level == "stream" and all(stream.up for stream in now.streams)


def _streams(now: Status) -> str:
    """Each with how long it is as it is."""
    said = []
    for stream in now.streams:
        since = "" if stream.since_ms is None else f" {stretch(now.now_ms - stream.since_ms)}"
        said.append(f"{stream.name} {'up' if stream.up else 'DOWN'}{since}")
    return ", ".join(said) or NONE


def _side(leg: LegStatus) -> list[Cell | str]:
    eta = None if leg.eta_s is None else leg.eta_s * 1000
    return [
        leg.symbol,
        leg.side.value,
        number(leg.qty),
        percent(leg.done, 1),
        stretch(eta),
        rounded(leg.cost_bps),
        _dist(leg),
        Cell(_doing(leg), "cyan" if leg.flattening else ""),
        _order(leg),
    ]


def _held_back(now: Status) -> Iterator[Cell]:
    """A line for each side that something keeps from trading."""
    for leg in now.legs:
        if leg.halted:
            yield Cell(f"{leg.symbol} {leg.side.value} HALTED: {leg.halted}", "bold red")
        elif leg.blocked:
            since = "" if leg.blocked_since_ms is None else f", for {stretch(now.now_ms - leg.blocked_since_ms)}"
            yield Cell(f"{leg.symbol} {leg.side.value} held back: {leg.blocked}{since}", "yellow")


def _unmanaged(now: Status) -> Iterator[Cell]:
    """A line for each leg that is held and left alone."""
    for leg in now.unmanaged:
        stop = "no stops of ours"
        if leg.left_stop is not None:
            stop = (
                f"our stop at {number(leg.left_stop)} was left standing when a reload took it out, and is not looked "
                "after"
            )
        yield Cell(f"{leg.symbol} {leg.side.value} {number(leg.qty)} not managed: no orders, {stop}", "magenta")


def _doing(leg: LegStatus) -> str:
    mode = "maker" if leg.mode.value == "MAKER_ONLY" else "aggressive"
    words = [
        leg.state.value.lower(),
        mode,
        *(["flatten"] if leg.flattening else []),
        *(["paused"] if leg.paused else []),
    ]
    return " ".join(words)


def _order(leg: LegStatus) -> str:
    order = leg.order
    return NONE if order is None else f"{number(order.qty - order.filled)} @ {number(order.price)}"


def _dist(leg: LegStatus) -> Cell:
    """To liquidation, with the word for how dangerous that is."""
    tier = "" if leg.panic_tier is None else f"{leg.panic_tier + 1} "
    return Cell(f"{RISKS[leg.risk].text}{tier}{percent(leg.dist)}", RISKS[leg.risk].style)


def _held(leg: LegStatus) -> list[Cell | str]:
    notional = None if leg.mark is None else leg.qty * leg.mark
    return [
        leg.symbol,
        leg.side.value,
        number(leg.qty),
        price(leg.entry),
        price(leg.mark),
        Cell(rounded(leg.upnl), _gain(leg.upnl)),
        rounded(notional),
        price(leg.liq),
        _dist(leg),
        _stop(leg),
    ]


def _gain(upnl: Decimal | None) -> str:
    return "" if upnl is None or not upnl else "green" if upnl > 0 else "red"


def _stop(leg: LegStatus) -> Cell:
    if leg.stop_standing:
        return Cell(number(leg.stop_price), "green")
    if leg.stop_price is not None:
        return Cell(f"{number(leg.stop_price)} GONE", "bold red")
    return Cell("none" if leg.liq is None else "NONE", "" if leg.liq is None else "bold red")


def _line(out: TextIO, cell: Cell) -> None:
    if not out.isatty():
        out.write(printable(cell.text) + "\n")
        return
    from rich.console import Console
    from rich.text import Text

    Console(file=out, soft_wrap=True).print(Text(printable(cell.text), cell.style))
