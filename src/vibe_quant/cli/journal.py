"""``vibe-quant journal``: whether the durable record is as it was written, and what stands in it."""

from __future__ import annotations

import json
import os
from contextlib import closing
from enum import StrEnum
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, cast

import typer

from vibe_quant.cli.failure import BROKEN, UNREADABLE, explained
from vibe_quant.cli.options import DEFAULT_CONFIG
from vibe_quant.cli.words import since_ms

if TYPE_CHECKING:
    from collections.abc import Generator

    from vibe_quant.journal.rows import Row
    from vibe_quant.journal.verify import Verdict

journal = typer.Typer(
    help="The durable record of orders, fills, positions and decisions.", no_args_is_help=True, rich_markup_mode=None
)

AtPath = Annotated[Path | None, typer.Option("--path", help="The journal's SQLite file.")]
OfConfig = Annotated[
    Path | None,
    typer.Option(
        "--config",
        help="The configuration whose journal is meant. [default: VIBE_QUANT_CONFIG, else config/config.yaml]",
    ),
]
State = Annotated[
    Path | None,
    typer.Option(metavar="DIR", envvar="VIBE_QUANT_STATE", help="As given to run. [default: as there]"),
]
AsJson = Annotated[bool, typer.Option("--json", help="JSON: one object, or one a line.")]
Since = Annotated[str | None, typer.Option(help="From this time on: 24h, 2026-11-21, or 2026-11-21T14:30 (UTC).")]
Kinds = Annotated[list[str] | None, typer.Option("--kind", help="Only these kinds: intent, fill, ...")]
OfSymbol = Annotated[str | None, typer.Option(help="Only this symbol: BTC/USDT:USDT.")]


class Form(StrEnum):
    """What a line of an export is."""

    JSON = "json"
    CSV = "csv"


@journal.command()
def verify(path: AtPath = None, config: OfConfig = None, state: State = None, as_json: AsJson = False) -> None:
    """Look at every row: altered, removed, inserted or moved ones are found, and a journal that was cut short.

    The journal may be written meanwhile. Exit code 0: good, 3: broken, 2: not readable.

    \b
    Examples:
      vibe-quant journal verify --config config/config.yaml
      vibe-quant journal verify --path state/sim/journal.sqlite
    """
    from vibe_quant.journal.verify import verify as judge

    with explained():
        verdict = judge(_where(path, config, state))
    typer.echo(_json_of(verdict) if as_json else _text_of(verdict))
    if not verdict.good:
        raise typer.Exit(BROKEN)


@journal.command()
def show(
    path: AtPath = None,
    config: OfConfig = None,
    state: State = None,
    since: Since = None,
    kinds: Kinds = None,
    symbol: OfSymbol = None,
    as_json: AsJson = False,
) -> None:
    """Print rows, oldest first, times in UTC; --json gives each row whole.

    \b
    Example:
      vibe-quant journal show --config config/config.yaml --since 2026-11-21 --kind fill
    """
    from vibe_quant.cli.journal_rows import line_of
    from vibe_quant.journal.reader import JournalReader

    begin_ms = 0 if since is None else _epoch_ms(since)
    with explained():
        for row in JournalReader(_where(path, config, state)).rows(begin_ms, kinds or (), symbol):
            typer.echo(_row_json(row) if as_json else _printable(line_of(row)))


@journal.command()
def export(
    path: AtPath = None,
    config: OfConfig = None,
    state: State = None,
    form: Annotated[Form, typer.Option("--format", help="json: an object a line; csv: a header, then columns.")] = (
        Form.JSON
    ),
    out: Annotated[Path | None, typer.Option("-o", "--out", help="A file; standard output if left out.")] = None,
    since: Since = None,
    until: Annotated[str | None, typer.Option(help="Up to this time, in the same forms.")] = None,
    kinds: Kinds = None,
    symbol: OfSymbol = None,
) -> None:
    """Write rows for other programs, oldest first.

    As CSV, whose column body is JSON, or as JSON lines. A file is for its owner only and appears when it is whole.

    \b
    Examples:
      vibe-quant journal export --config config/config.yaml --format csv --kind fill --since 7d -o fills.csv
      vibe-quant journal export --path state/sim/journal.sqlite --until 2026-11-21
    """
    from vibe_quant.cli.journal_export import export as write
    from vibe_quant.journal.reader import JournalReader

    begin_ms = 0 if since is None else _epoch_ms(since)
    end_ms = None if until is None else _epoch_ms(until)
    with explained():
        rows = JournalReader(_where(path, config, state)).rows(begin_ms, kinds or (), symbol)
        try:
            with closing(cast("Generator[Row]", rows)):
                count = write((row for row in rows if end_ms is None or row.at_ms < end_ms), form, out)
        except BrokenPipeError:
            raise
        except OSError as error:
            typer.echo(
                f"{out} cannot be written ({error.strerror}); make room, or name another place with -o", err=True
            )
            raise typer.Exit(UNREADABLE) from None
    if out is not None:
        typer.echo(f"{out}: {count} rows", err=True)


def _where(path: Path | None, config: Path | None, state: Path | None) -> Path:
    if path is not None and config is not None:
        raise typer.BadParameter("name the journal by one of the two: --path FILE or --config FILE")
    if path is not None:
        return path
    from vibe_quant.app.places import journal_file, state_folder, surroundings
    from vibe_quant.config.loader import ConfigLoader

    named = config or Path(os.environ.get("VIBE_QUANT_CONFIG") or DEFAULT_CONFIG)
    shared = ConfigLoader().load(named).settings.shared
    return journal_file(shared, state_folder(state, surroundings(named, state, os.environ), shared))


def _epoch_ms(text: str) -> int:
    from vibe_quant.app.clock import SystemClock

    return since_ms(text, SystemClock().wall_ms())


def _text_of(verdict: Verdict) -> str:
    from vibe_quant.cli.journal_rows import moment

    lines = [
        f"journal  {verdict.path}, {verdict.size / 1_048_576:.1f} MiB",
        f"rows     {verdict.rows} that hold{_behind(verdict)}",
        f"span     {moment(verdict.first_ms)} to {moment(verdict.last_ms)}",
        f"last     {verdict.chain}",
        "verdict  good" if verdict.good else f"verdict  BROKEN: {verdict.reason}",
    ]
    return "\n".join([*lines, f"note     {verdict.note}"] if verdict.note else lines)


def _behind(verdict: Verdict) -> str:
    """What a removal has taken before them; the rows themselves say so."""
    return f", behind {verdict.removed} that were removed as journal.keep_days has it" if verdict.removed else ""


def _json_of(verdict: Verdict) -> str:
    names = ("rows", "first_bad", "reason", "first_ms", "last_ms", "chain", "note", "removed", "size")
    found = {name: getattr(verdict, name) for name in names}
    return json.dumps({"path": str(verdict.path), "good": verdict.good, **found}, ensure_ascii=False)


def _row_json(row: Row) -> str:
    from vibe_quant.cli.journal_rows import row_object

    return _printable(json.dumps(row_object(row), ensure_ascii=False))


def _printable(text: str) -> str:
    """Bytes that are no text, which only a damaged file holds, as escapes."""
    return text.encode(errors="backslashreplace").decode()
