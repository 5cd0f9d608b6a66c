"""Completion by Tab for bash and zsh: the script, and what follows a command that wants a symbol or a side."""

from __future__ import annotations

import os
from collections.abc import Iterable
from enum import StrEnum
from pathlib import Path
from typing import Annotated

import typer

from vibe_quant.cli.options import DEFAULT_CONFIG

PROGRAM = "vibe-quant"
VARIABLE = "_VIBE_QUANT_COMPLETE"
REGISTERED = f"\ncompdef _vibe_quant_completion {PROGRAM}"
AUTOLOADED = f"""
if [[ "${{funcstack[1]}}" = _{PROGRAM} ]]; then
  _vibe_quant_completion "$@"
else
  compdef _vibe_quant_completion {PROGRAM}
fi"""
"""zsh reads a file of fpath at the first Tab, and waits for that one's completions too."""


class Shell(StrEnum):
    """Whose completion."""

    BASH = "bash"
    ZSH = "zsh"


def completion(shell: Annotated[Shell, typer.Argument(help="bash or zsh.")]) -> None:
    """Print a shell's script for completion by Tab.

    Commands, options, and where one is wanted the symbols of the configuration.

    \b
    Examples:
      vibe-quant completion bash > ~/.local/share/bash-completion/completions/vibe-quant
      vibe-quant completion zsh > ~/.zfunc/_vibe-quant
    """
    from typer.completion import get_completion_script  # type: ignore[attr-defined]

    script = get_completion_script(prog_name=PROGRAM, complete_var=VARIABLE, shell=shell.value)
    typer.echo(script.replace(REGISTERED, AUTOLOADED))


def ready_to_complete() -> None:
    """Make the shells' dialects known where a shell asks; else nothing is loaded."""
    if VARIABLE in os.environ:
        from typer.completion import completion_init  # type: ignore[attr-defined]

        completion_init()


def symbols(ctx: typer.Context, incomplete: str) -> list[str]:
    """Those of the configuration, in the form without the colon at which bash would break a word."""
    from vibe_quant.config.glance import glance

    seen = glance(Path(ctx.params.get("config") or os.environ.get("VIBE_QUANT_CONFIG") or DEFAULT_CONFIG))
    names = () if seen is None else tuple(short_name(symbol) for symbol in seen.symbols)
    return _fitting(names, incomplete)


def sides(incomplete: str) -> list[str]:
    """LONG, SHORT."""
    return _fitting(("LONG", "SHORT"), incomplete)


def targets(ctx: typer.Context, incomplete: str) -> list[str]:
    """A symbol, or all of them."""
    return [*symbols(ctx, incomplete), *(["all"] if "all".startswith(incomplete) else [])]


def short_name(symbol: str) -> str:
    """``BTC/USDT:USDT`` -> ``BTCUSDT``."""
    return symbol.partition(":")[0].replace("/", "")


def _fitting(names: Iterable[str], incomplete: str) -> list[str]:
    """Those that begin so, in the case that was begun with: a shell takes no other."""
    fit = [name for name in names if name.startswith(incomplete.upper())]
    return [name.lower() for name in fit] if incomplete.islower() else fit
