"""``vibe-quant pause``, ``resume``, ``flatten``: what an operator tells the running service."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated, Any

import typer

from vibe_quant.cli.asking import confirm
from vibe_quant.cli.completion import short_name, sides, targets
from vibe_quant.cli.failure import DECLINED
from vibe_quant.cli.options import DEFAULT_CONFIG
from vibe_quant.cli.service import Service, ServiceError, served
from vibe_quant.cli.where import OfConfig, OfSocket, OfState, Where, Yes
from vibe_quant.cli.words import number, printable, rounded, stretch_ms

if TYPE_CHECKING:
    from vibe_quant.domain.status import LegStatus, Status, UnmanagedLeg

ALL = "all"
What = Annotated[
    list[str] | None,
    typer.Argument(metavar="[SYMBOL] [30m]", help="A symbol (all by default); how long.", autocompletion=targets),
]
Panic = Annotated[bool, typer.Option("--panic", help="Stop panic exits too: only the stop is left then.")]
OneSymbol = Annotated[str | None, typer.Argument(help="A symbol; all by default.", autocompletion=targets)]
Target = Annotated[
    str, typer.Argument(metavar="SYMBOL|all", help="The symbol, or all of them.", autocompletion=targets)
]
TargetSide = Annotated[
    str | None, typer.Argument(metavar="[LONG|SHORT|all]", help="Its side; needed with a symbol.", autocompletion=sides)
]


def pause(
    what: What = None,
    panic: Panic = False,
    yes: Yes = False,
    config: OfConfig = DEFAULT_CONFIG,
    state: OfState = None,
    socket: OfSocket = None,
) -> None:
    """Stop discretionary exits, for a while or until resume.

    Their live orders are cancelled; panic exits and protective stops go on. It outlives a restart; without a length of
    time (90s, 30m, 4h, 2d) it lasts until resume.

    \b
    Examples:
      vibe-quant pause
      vibe-quant pause 30m
      vibe-quant pause BTC 2h
    """
    body = _pause_of(what or [])
    if panic:
        confirm("Panic exits stop too: near liquidation only the stop at the exchange is left. Pause them?", yes)
        body["panic"] = True
    _tell(Where(config, state, socket), "/api/pause", body)


def resume(
    symbol: OneSymbol = None, config: OfConfig = DEFAULT_CONFIG, state: OfState = None, socket: OfSocket = None
) -> None:
    """End pauses and halts.

    \b
    Examples:
      vibe-quant resume
      vibe-quant resume BTC
    """
    _tell(Where(config, state, socket), "/api/resume", {"symbol": _one(symbol)})


def flatten(
    target: Target,
    side: TargetSide = None,
    yes: Yes = False,
    config: OfConfig = DEFAULT_CONFIG,
    state: OfState = None,
    socket: OfSocket = None,
) -> None:
    """Close a position now, without waiting for signals.

    Aggressive limits, a tenth of it at a time, down to zero whatever target_qty says. It asks first; where nobody can
    be asked it wants --yes. It outlives a restart, and pause ends it.

    \b
    Examples:
      vibe-quant flatten BTC LONG
      vibe-quant flatten all --yes
    """
    body = _flatten_of(target, side)
    with served():
        service = Where(config, state, socket).service()
        if not yes:
            _show(_status(service), body)
    confirm("Close this now?", yes)
    _told(service, "/api/flatten", body)


def _pause_of(words: list[str]) -> dict[str, Any]:
    """A symbol and a length of time, in either order; each at most once."""
    lengths = [word for word in words if stretch_ms(word) is not None]
    names = [word for word in words if stretch_ms(word) is None]
    if len(lengths) > 1 or len(names) > 1:
        raise typer.BadParameter(f"{' '.join(words)!r}: name one symbol (or none) and one length of time (or none)")
    return {"symbol": _one(names[0] if names else None), "for_ms": stretch_ms(lengths[0]) if lengths else None}


def _flatten_of(target: str, side: str | None) -> dict[str, Any]:
    symbol = _one(target)
    if symbol is None:
        if side not in (None, ALL):
            raise typer.BadParameter(f"all goes without a side; name the symbol whose {side} is to be closed")
        return {"all": True}
    if side is None:
        raise typer.BadParameter(f"name the side of {symbol}: LONG, SHORT, or all for both")
    named = side.upper()
    if named not in ("LONG", "SHORT", "ALL"):
        raise typer.BadParameter(f"{side!r} is no side; write LONG, SHORT or all")
    return {"symbol": symbol, "side": None if named == "ALL" else named}


def _one(symbol: str | None) -> str | None:
    return None if symbol is None or symbol.lower() == ALL else symbol


def _tell(where: Where, path: str, body: dict[str, Any]) -> None:
    with served():
        service = where.service()
    _told(service, path, body)


def _told(service: Service, path: str, body: dict[str, Any]) -> None:
    """Command it, and say what came of it."""
    from vibe_quant.domain.status import Answer

    with served():
        answer = service.command(path, body, Answer)
        if not answer.ok:
            raise ServiceError(printable(answer.text), DECLINED)
    typer.echo(printable(answer.text))


def _status(service: Service) -> Status:
    from vibe_quant.domain.status import Status

    return service.get("/api/status", Status)


def _show(now: Status, body: dict[str, Any]) -> None:
    """The legs that are meant, as far as the names say it: the service decides by its own reading of them."""
    typer.echo(f"{now.venue.upper()}, configuration {now.configuration}:", err=True)
    meant = [leg for leg in now.legs if leg.qty and _is_meant(leg, body)]
    for leg in meant:
        worth = "" if leg.mark is None else f", about {rounded(leg.qty * leg.mark)} of the quote asset"
        typer.echo(f"  {leg.symbol} {leg.side.value} {number(leg.qty)}{worth}", err=True)
    if not meant:
        typer.echo("  no open position of that name", err=True)
    for other in now.unmanaged:
        if _is_meant(other, body):
            typer.echo(f"  {other.symbol} {other.side.value} {number(other.qty)} stays: it is not managed", err=True)


def _is_meant(leg: LegStatus | UnmanagedLeg, body: dict[str, Any]) -> bool:
    symbol, side = body.get("symbol"), body.get("side")
    names = (leg.symbol, short_name(leg.symbol), leg.symbol.partition("/")[0])
    named = symbol is None or symbol.upper() in names
    return named and side in (None, leg.side.value)
