"""``vibe-quant why``: what a side acted on last or what holds it back, the numbers that decided, and how often."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated
from urllib.parse import quote

import typer

from vibe_quant.cli.completion import sides, symbols
from vibe_quant.cli.options import DEFAULT_CONFIG
from vibe_quant.cli.service import served
from vibe_quant.cli.table import aligned
from vibe_quant.cli.where import AsJson, OfConfig, OfSocket, OfState, Where
from vibe_quant.cli.words import NONE, fact, moment, printable, stretch

if TYPE_CHECKING:
    from vibe_quant.domain.status import Why

OfSymbol = Annotated[str, typer.Argument(help="The symbol, as BTC/USDT:USDT, BTCUSDT or BTC.", autocompletion=symbols)]
OfSide = Annotated[str, typer.Argument(metavar="LONG|SHORT", help="The side.", autocompletion=sides)]


def why(
    symbol: OfSymbol,
    side: OfSide,
    config: OfConfig = DEFAULT_CONFIG,
    state: OfState = None,
    socket: OfSocket = None,
    as_json: AsJson = False,
) -> None:
    """Say why a side acts, or what holds it back.

    The reason it acted on last or the gate that holds it back now, the numbers that decided, since when, and how often
    each thing has kept it from trading.

    \b
    Examples:
      vibe-quant why BTC LONG
      vibe-quant why ETH/USDT:USDT SHORT --json
    """
    from vibe_quant.app.clock import SystemClock
    from vibe_quant.domain.status import Why

    named = side.upper()
    if named not in ("LONG", "SHORT"):
        raise typer.BadParameter(f"{side!r} is no side; write LONG or SHORT")
    path = f"/api/why/{quote(symbol, safe='')}/{named}"
    with served():
        service = Where(config, state, socket).service()
        if as_json:
            typer.echo(service.raw("GET", path))
        else:
            typer.echo(text_of(service.get(path, Why), SystemClock().wall_ms()), nl=False)


def text_of(why: Why, now_ms: int) -> str:
    """Lines for a person; ``now_ms`` epoch ms."""
    since = "" if why.since_ms is None else f", for {stretch(now_ms - why.since_ms)} (since {moment(why.since_ms)})"
    what = "acts on" if why.acting else "is held back by"
    lines = [f"{why.symbol} {why.side.value} {what}: {why.reason}{since}"]
    if why.advice:
        lines.append(why.advice)
    if why.last_reason is not None and not why.acting:
        ago = NONE if why.last_ms is None else f"{stretch(now_ms - why.last_ms)} ago"
        lines.append(f"newest order: {why.last_reason}, {ago}")
    text = "".join(printable(line) + "\n" for line in lines)
    if why.inputs:
        named = [fact(name, value) for name, value in why.inputs]
        text += aligned([("  " + name, value) for name, value in named])
    if why.counts:
        text += "not traded because, since the start:\n"
        text += aligned([(f"{count:>8}", name) for name, count in sorted(why.counts, key=lambda c: -c[1])])
    return text
