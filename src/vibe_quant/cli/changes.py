"""Differences between two configurations, by symbol, old -> new."""

from __future__ import annotations

import sys
from collections.abc import Sequence
from itertools import groupby

import typer

from vibe_quant.cli.words import printable
from vibe_quant.domain.status import ConfigChange


def write_changes(changes: Sequence[ConfigChange]) -> None:
    """On standard output, with colours on a terminal."""
    colours = sys.stdout.isatty()
    for scope, group in groupby(changes, key=lambda change: change.scope):
        typer.secho(printable(scope), bold=True)
        for change in group:
            old = typer.style(printable(change.old), fg="red") if colours else printable(change.old)
            new = typer.style(printable(change.new), fg="green") if colours else printable(change.new)
            typer.echo(f"  {printable(change.key)}: {old} -> {new}")
