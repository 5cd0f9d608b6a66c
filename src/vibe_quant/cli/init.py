"""``vibe-quant init``: asks what has to be decided, and writes a configuration and an environment file of one's own."""

from __future__ import annotations

import os
import sys
from collections.abc import Sequence
from contextlib import suppress
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from vibe_quant.cli.failure import UNREADABLE, explained
from vibe_quant.cli.options import DEFAULT_CONFIG
from vibe_quant.cli.where import Yes
from vibe_quant.domain.enums import PositionSide
from vibe_quant.domain.service_settings import Language, TelegramUser
from vibe_quant.domain.settings import Venue

if TYPE_CHECKING:
    from vibe_quant.config.starter import Start

KEY, SECRET, TOKEN = "VIBE_QUANT_API_KEY", "VIBE_QUANT_API_SECRET", "VIBE_QUANT_TELEGRAM_TOKEN"
CONFIG_MODE, SECRET_MODE = 0o640, 0o600
SYMBOL = "BTC/USDT:USDT"

OfVenue = Annotated[Venue | None, typer.Option(help="Where orders go.  [default: sim]")]
Symbols = Annotated[list[str] | None, typer.Option("--symbol", help="A symbol to work, BTC/USDT:USDT; repeatable.")]
Sides = Annotated[
    list[PositionSide] | None, typer.Option("--side", case_sensitive=False, help="A side to work; both by default.")
]
Chat = Annotated[int | None, typer.Option(help="Telegram: the chat that is told, and may command.")]
User = Annotated[int | None, typer.Option(help="Telegram: who may command in it; needed with --telegram-chat.")]
OfLanguage = Annotated[Language, typer.Option(help="Of Telegram's messages.")]
Out = Annotated[Path, typer.Option("--config", help="The file to write; the environment file goes beside it.")]
Logs = Annotated[str | None, typer.Option("--log-folder", help="Folder of the log files. [default: logs]")]
Stdin = Annotated[bool, typer.Option("--secrets-stdin", help="Read secrets from standard input, NAME=VALUE a line.")]
Force = Annotated[bool, typer.Option("--force", help="Write over files that are there.")]


def init(
    venue: OfVenue = None,
    symbol: Symbols = None,
    side: Sides = None,
    telegram_chat: Chat = None,
    telegram_user: User = None,
    language: OfLanguage = Language.EN,
    config: Out = DEFAULT_CONFIG,
    log_folder: Logs = None,
    secrets_stdin: Stdin = False,
    yes: Yes = False,
    force: Force = False,
) -> None:
    """Write a first configuration, and a file for secrets.

    On a terminal it asks for what no option says; with --yes, and where nobody can be asked, defaults stand. The
    configuration is short, commented and valid; the environment file (vibe-quant.env beside it, mode 0600) holds the
    secrets or their places. Nothing that is there is written over without --force; secrets that are there never are
    without new ones. Secrets are asked for unseen or read from standard input, never from the command line.

    \b
    Examples:
      vibe-quant init
      vibe-quant init --yes --venue paper --symbol BTC/USDT:USDT --side LONG --config my/config.yaml
      vibe-quant init --yes --venue testnet --config my/testnet.yaml --secrets-stdin
    """
    asking = not yes and sys.stdin.isatty() and not secrets_stdin
    named = _named(telegram_chat, telegram_user)
    given = _decided(venue, symbol, side, asking)
    from vibe_quant.config.starter import Start

    start = Start(*given, named or (_asked_for_telegram() if asking else None), language.value, log_folder)
    env = config.with_name("vibe-quant.env")
    _refuse_to_overwrite((config,), force)
    secrets = _read_secrets() if secrets_stdin else _ask_secrets(start) if asking else {}
    if secrets:
        _refuse_to_overwrite((env,), force)
    _made(start, config, env, secrets)


def _named(chat: int | None, user: int | None) -> TelegramUser | None:
    """Who may command by Telegram, as the options say it."""
    if (chat is None) != (user is None):
        raise typer.BadParameter("--telegram-chat and --telegram-user go together: who may command, and where")
    return None if chat is None or user is None else TelegramUser(chat, user)


def _asked_for_telegram() -> TelegramUser | None:
    if not typer.confirm("Messages and commands by Telegram?", default=False):
        return None
    return TelegramUser(typer.prompt("  id of the chat", type=int), typer.prompt("  id of your user", type=int))


def _made(start: Start, config: Path, env: Path, secrets: dict[str, str]) -> None:
    """Both files, what was written, and what comes next; without new secrets those that are there stay."""
    kept = env.exists() and not secrets
    _write(start, config, None if kept else env, secrets)
    typer.echo(f"written: {config}" + (f"; {env} stays as it was" if kept else f", and {env} (mode 0600)"))
    _next(start, config, env)


def _decided(
    venue: Venue | None, symbols: Sequence[str] | None, sides: Sequence[PositionSide] | None, asking: bool
) -> tuple[Venue, tuple[str, ...], tuple[PositionSide, ...]]:
    """What the options say, what is answered, or what is safe."""
    if venue is None:
        words = "Where orders go: sim (an exchange of its own), paper, testnet, live"
        venue = Venue(_asked(words, "sim", list(Venue))) if asking else Venue.SIM
    if not symbols:
        symbols = typer.prompt("Symbols to work, by spaces", default=SYMBOL).split() if asking else [SYMBOL]
    if not sides:
        word = _asked("Sides to work: LONG, SHORT, both", "both", ["LONG", "SHORT", "both"]) if asking else "both"
        sides = tuple(PositionSide) if word == "both" else (PositionSide(word),)
    return venue, tuple(dict.fromkeys(_unified(text, venue) for text in symbols)), tuple(dict.fromkeys(sides))


def _asked(words: str, default: str, choices: Sequence[str]) -> str:
    """Until it is one of them, in whatever case."""
    while True:
        said = str(typer.prompt(words, default=default))
        for choice in choices:
            if choice.lower() == said.strip().lower():
                return str(choice)
        typer.echo(f"  there are {', '.join(choices)}")


def _unified(text: str, venue: Venue) -> str:
    from vibe_quant.config.symbols import fault_of, unified_name
    from vibe_quant.sim.catalogue import CATALOGUE
    from vibe_quant.sim.instruments import exchange_name

    name = text if fault_of(text) is None else unified_name(text) or unified_name(f"{text}USDT") or text
    fault = fault_of(name)
    if fault is not None:
        raise typer.BadParameter(f"{text!r} {fault}")
    if venue is Venue.SIM and exchange_name(name) not in CATALOGUE:
        raise typer.BadParameter(f"the embedded exchange has no {name}; there are {', '.join(CATALOGUE)}")
    return name


def _refuse_to_overwrite(paths: Sequence[Path], force: bool) -> None:
    there = [str(path) for path in paths if path.exists()]
    if there and not force:
        typer.echo(
            f"{' and '.join(there)}: there already, nothing was written. Name another --config, or give --force to "
            "write over it.",
            err=True,
        )
        raise typer.Exit(UNREADABLE)


def _ask_secrets(start: Start) -> dict[str, str]:
    """Unseen; nothing said: a place is kept for it."""
    wanted = [(KEY, "API key"), (SECRET, "API secret")] if start.venue in (Venue.TESTNET, Venue.LIVE) else []
    wanted += [(TOKEN, "Telegram token")] if start.telegram is not None else []
    said = [
        (name, typer.prompt(f"{words} (unseen; empty: later)", default="", hide_input=True, show_default=False))
        for name, words in wanted
    ]
    return {name: value.strip() for name, value in said if value.strip()}


def _read_secrets() -> dict[str, str]:
    found: dict[str, str] = {}
    for line in sys.stdin.read().splitlines():
        name, equals, value = line.strip().partition("=")
        if not equals and not name:
            continue
        if name not in (KEY, SECRET, TOKEN) or not value or not value.isprintable() or "'" in value:
            raise typer.BadParameter(f"standard input holds a line that is no NAME=VALUE of {KEY}, {SECRET}, {TOKEN}")
        found[name] = value
    return found


def _write(start: Start, config: Path, env: Path | None, secrets: dict[str, str]) -> None:
    """The configuration is seen to be valid before it gets its name; ``env`` None: none is written."""
    from vibe_quant.config.loader import ConfigLoader
    from vibe_quant.config.starter import environment, written

    half = config.with_name(f".{config.name}.{os.getpid()}")
    try:
        config.parent.mkdir(parents=True, exist_ok=True)
        _put(half, written(start), CONFIG_MODE)
        with explained():
            ConfigLoader().load(half)
        half.replace(config)
        if env is not None:
            _put(half, environment(start, secrets, config), SECRET_MODE)
            half.replace(env)
    except OSError as error:
        typer.echo(f"{config.parent} cannot be written ({error.strerror}); mend its owner, or name another", err=True)
        raise typer.Exit(UNREADABLE) from None
    finally:
        with suppress(OSError):
            half.unlink(missing_ok=True)


def _put(path: Path, text: str, mode: int) -> None:
    """For its owner from its first moment."""
    with os.fdopen(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, mode), "w", encoding="utf-8") as file:
        file.write(text)


def _next(start: Start, config: Path, env: Path) -> None:
    from vibe_quant.config.starter import wanted

    needs = wanted(start)
    there = {line.partition("=")[0].strip() for line in env.read_text(encoding="utf-8").splitlines()}
    lacking = ", ".join(name for name in needs if name not in there)
    live = " --live" if start.venue is Venue.LIVE else ""
    steps = [f"vibe-quant check --config {config}"]
    if needs:
        steps.append(f"{f'fill in {lacking} in {env}, then ' if lacking else ''}set -a; . {env}; set +a")
        steps.append(f"vibe-quant doctor --config {config}")
    steps += [f"vibe-quant run --config {config}{live}", f"vibe-quant status --config {config}"]
    typer.echo("next:")
    for number, step in enumerate(steps, 1):
        typer.echo(f"  {number}. {step}")
