"""``vibe-quant report``: what a stretch of time has cost, from the service, or from the journal where none runs."""

from __future__ import annotations

import os
import sys
from typing import TYPE_CHECKING, Annotated

import typer

from vibe_quant.cli.failure import NOT_RUNNING, explained
from vibe_quant.cli.options import DEFAULT_CONFIG
from vibe_quant.cli.service import ServiceError, served
from vibe_quant.cli.where import AsJson, OfConfig, OfSocket, OfState, Where
from vibe_quant.cli.words import since_ms

if TYPE_CHECKING:
    from vibe_quant.domain.status import Report

Since = Annotated[str, typer.Option(help="24h, 7d, or a moment: 2026-11-21, 2026-11-21T14:30 (UTC).")]


def report(
    since: Since = "24h",
    config: OfConfig = DEFAULT_CONFIG,
    state: OfState = None,
    socket: OfSocket = None,
    as_json: AsJson = False,
) -> None:
    """Show what was closed and what it has cost.

    Each exit with its cost against arrival, fills, fees, realized gain, and the newest alarms.

    \b
    Examples:
      vibe-quant report
      vibe-quant report --since 7d --json
    """
    from vibe_quant.app.clock import SystemClock

    now = SystemClock().wall_ms()
    found = _found(Where(config, state, socket), since_ms(since, now), now)
    if as_json:
        import msgspec

        typer.echo(msgspec.json.encode(found))
        return
    from vibe_quant.cli.report_view import write_report

    write_report(sys.stdout, found)


def _found(where: Where, begin_ms: int, now_ms: int) -> Report:
    from vibe_quant.domain.status import Report

    with served():
        try:
            return where.service().get(f"/api/report?since_ms={max(0, begin_ms)}", Report)
        except ServiceError as failed:
            if failed.code != NOT_RUNNING or where.socket is not None:
                raise
    return _read(where, begin_ms, now_ms)


def _read(where: Where, begin_ms: int, now_ms: int) -> Report:
    """Straight from the journal's file."""
    from vibe_quant.app.places import journal_file, state_folder, surroundings
    from vibe_quant.app.report import read_report
    from vibe_quant.config.loader import ConfigLoader

    with explained():
        shared = ConfigLoader().load(where.config).settings.shared
        around = surroundings(where.config, where.state, os.environ)
        path = journal_file(shared, state_folder(where.state, around, shared))
        typer.echo(f"no service is running; read from {path}", err=True)
        return read_report(path, begin_ms, now_ms + 1)
    raise AssertionError("explained() ends the command")
