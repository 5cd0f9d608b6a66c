"""``vibe-quant config``: what rules and who says it, how it differs from something else, and the schema."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from vibe_quant.cli.completion import symbols
from vibe_quant.cli.failure import explained
from vibe_quant.cli.options import DEFAULT_CONFIG
from vibe_quant.cli.service import served
from vibe_quant.cli.where import AsJson, OfConfig, OfSocket, OfState, Where

if TYPE_CHECKING:
    from vibe_quant.config.effective import Scope
    from vibe_quant.config.loader import Loaded

RUNNING, DEFAULTS = "running", "defaults"

config = typer.Typer(
    help="What the configuration says, where it differs, and its schema.", no_args_is_help=True, rich_markup_mode=None
)

OfOneSymbol = Annotated[
    str | None, typer.Argument(help="Only what rules this symbol, or global.", autocompletion=symbols)
]
Other = Annotated[
    str, typer.Argument(metavar="[defaults|running|FILE]", help="What it is compared with.", show_default=True)
]


@config.command()
def show(symbol: OfOneSymbol = None, config: OfConfig = DEFAULT_CONFIG, as_json: AsJson = False) -> None:
    """Print every effective value, with who says it.

    After merging: the symbol's own section, global:, or the default. Passwords in addresses are masked; other secrets
    never stand in a configuration.

    \b
    Examples:
      vibe-quant config show
      vibe-quant config show BTC --json
    """
    from vibe_quant.config.effective import effective
    from vibe_quant.config.render import as_json as to_json
    from vibe_quant.config.render import write_text

    with explained():
        loaded = _loaded(config)
    scopes = [_masked(scope) for scope in effective(loaded)]
    if symbol is not None:
        name = _scope(symbol, [scope.name for scope in scopes])
        scopes = [scope for scope in scopes if scope.name == name]
    if as_json:
        typer.echo(to_json(config, (), loaded.warnings, scopes), nl=False)
    else:
        write_text(sys.stdout, config, (), scopes)


@config.command()
def diff(
    other: Other = DEFAULTS,
    config: OfConfig = DEFAULT_CONFIG,
    state: OfState = None,
    socket: OfSocket = None,
    as_json: AsJson = False,
) -> None:
    """Show where a configuration differs.

    From the defaults, from what the running service works by (what a reload would change), or from another file:
    theirs -> this one's.

    \b
    Examples:
      vibe-quant config diff
      vibe-quant config diff running
      vibe-quant config diff config/demo.yaml
    """
    from vibe_quant.cli.config_diff import changes, of_defaults, of_loaded, of_service

    with explained():
        loaded = _loaded(config)
        new = of_loaded(loaded)
        old = new if other in (RUNNING, DEFAULTS) else of_loaded(_loaded(Path(other)))
    if other == DEFAULTS:
        old = of_defaults(loaded)
    if other == RUNNING:
        with served():
            old = of_service(Where(config, state, socket).service(), [name for name, _ in loaded.settings.symbols])
    found = changes(old, new)
    if as_json:
        import msgspec

        typer.echo(msgspec.json.encode(found))
        return
    from vibe_quant.cli.changes import write_changes

    write_changes(found)
    if not found:
        typer.echo("no difference")


@config.command()
def schema() -> None:
    """Print the JSON schema of the configuration, for editors.

    \b
    Example:
      vibe-quant config schema > config.schema.json
    """
    from vibe_quant.config.json_schema import text

    typer.echo(text(), nl=False)


def _loaded(path: Path) -> Loaded:
    from vibe_quant.config.loader import ConfigLoader

    return ConfigLoader().load(path)


def _masked(scope: Scope) -> Scope:
    from dataclasses import replace

    from vibe_quant.config.ruling import masked

    rows = [replace(row, value=masked(row.value)) if type(row.value) is str else row for row in scope.rows]
    return replace(scope, rows=tuple(rows))


def _scope(symbol: str, names: list[str]) -> str:
    """The scope that rules a symbol; ``global`` is one too."""
    from vibe_quant.app.spelling import meant

    found = symbol if symbol in names else meant(symbol, names)
    if found is None and "default" in names and "/" in symbol:
        return "default"
    if found is None:
        raise typer.BadParameter(f"{symbol!r} is not worked by this configuration; it has {', '.join(names)}")
    return found
