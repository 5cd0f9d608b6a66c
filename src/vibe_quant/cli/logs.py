"""``vibe-quant logs``: the service's log, from its file or, where that is not here, from the service itself."""

from __future__ import annotations

import os
import sys
from pathlib import Path
from time import sleep
from typing import Annotated

import typer

from vibe_quant.cli.completion import short_name, symbols
from vibe_quant.cli.failure import UNREADABLE
from vibe_quant.cli.log_lines import LEVELS, STYLES, Choice, follow, level_of, newest
from vibe_quant.cli.options import DEFAULT_CONFIG
from vibe_quant.cli.service import ServiceError, served
from vibe_quant.cli.where import OfConfig, OfSocket, OfState, Where

EACH_S = 0.25
MOST = 100_000
MOST_ASKED = 2000
NAME = "vibe-quant.log"
FOLDER = "logs"
WORDS = {"yellow": "yellow", "red": "red", "bold red": "bright_red"}

Follow = Annotated[bool, typer.Option("--follow", "-f", help="Go on with what is written, until interrupted.")]
Count = Annotated[int, typer.Option("-n", "--lines", min=1, max=MOST, help="So many of the newest lines.")]
LEVEL_NAMES = [level.lower() for level in LEVELS]
Level = Annotated[
    str,
    typer.Option(
        help=f"Only this level and worse: {', '.join(LEVEL_NAMES)}.",
        autocompletion=lambda incomplete: [name for name in LEVEL_NAMES if name.startswith(incomplete.lower())],
    ),
]
Symbol = Annotated[str | None, typer.Option(help="Only lines that name this symbol.", autocompletion=symbols)]


def logs(
    follow: Follow = False,
    lines: Count = 50,
    level: Level = "debug",
    symbol: Symbol = None,
    config: OfConfig = DEFAULT_CONFIG,
    state: OfState = None,
    socket: OfSocket = None,
) -> None:
    """Show the newest lines of the service's log.

    From its file, whether it runs or not; where the file is not here, or may not be read, from the service.

    \b
    Examples:
      vibe-quant logs -n 200 --level warning
      vibe-quant logs -f --symbol BTC
    """
    wanted = Choice(_level(level), () if symbol is None else _spellings(symbol, config))
    path = _file(config)
    try:
        shown, at = newest(path, lines, wanted)
    except OSError as error:
        _from_service(Where(config, state, socket), (path, error), wanted, lines, follow)
        return
    for line in shown:
        _write(line)
    if follow:
        _go_on(path, at, wanted)


def _go_on(path: Path, at: int, wanted: Choice) -> None:
    """Until interrupted."""
    for line in follow(path, at, lambda: sleep(EACH_S)):
        if wanted(line):
            _write(line)


def _from_service(where: Where, file: tuple[Path, OSError], wanted: Choice, lines: int, follow: bool) -> None:
    """What the service remembers."""
    path, error = file
    reason = f"{path} cannot be read ({error.strerror or type(error).__name__})"
    with served():
        try:
            asked = MOST_ASKED if wanted != Choice() else min(lines, MOST_ASKED)
            said = where.service().get(f"/api/logs?n={asked}", tuple[str, ...])
        except ServiceError as failed:
            raise ServiceError(f"{reason}. {failed}", failed.code) from None
    for line in [line for line in said if wanted(line)][-lines:]:
        _write(line if line.endswith("\n") else line + "\n")
    if follow:
        typer.echo(f"{reason}, so that it cannot be followed; run this where the service runs, as its user", err=True)
        raise typer.Exit(UNREADABLE)


def _file(config: Path) -> Path:
    """Where the service that was started with this configuration, from here, writes."""
    from vibe_quant.app.places import LOGS_DIRECTORY, surroundings
    from vibe_quant.config.glance import glance

    seen = glance(config)
    made = surroundings(config, None, os.environ).get(LOGS_DIRECTORY, "").partition(":")[0]
    return Path((seen.log_folder if seen else None) or made or FOLDER) / NAME


def _level(text: str) -> str:
    if text.upper() not in LEVELS:
        raise typer.BadParameter(f"{text!r} is no level; there are {', '.join(LEVEL_NAMES)}")
    return text.upper()


def _spellings(symbol: str, config: Path) -> tuple[str, ...]:
    """The symbol's names in the log; one that the configuration does not name is looked for as it is written."""
    from vibe_quant.app.spelling import meant
    from vibe_quant.config.glance import glance

    seen = glance(config)
    found = meant(symbol, () if seen is None else seen.symbols)
    return (symbol.upper(), symbol) if found is None else (found, short_name(found))


def _write(line: str) -> None:
    colour = WORDS.get(STYLES.get(level_of(line) or "", ""))
    text = line.rstrip("\n")
    typer.echo(typer.style(text, fg=colour) if colour and sys.stdout.isatty() else text)
