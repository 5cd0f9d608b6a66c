"""Asks the person at the terminal; where there is none, what would have been asked must have been said before."""

from __future__ import annotations

import sys

import typer

from vibe_quant.cli.failure import FAILED, UNREADABLE


def confirm(question: str, yes: bool) -> None:
    """Goes on if it is confirmed; ends the command where it is not, or where nobody can be asked without ``yes``."""
    if yes:
        return
    if not sys.stdin.isatty():
        typer.echo("Nobody can be asked here, so nothing was done. Give --yes to confirm it.", err=True)
        raise typer.Exit(UNREADABLE)
    if not typer.confirm(question, default=False, err=True):
        typer.echo("Nothing was done.", err=True)
        raise typer.Exit(FAILED)
