"""``vibe-quant doctor``: looks at host, files, journal, service, exchange and key, and says what to do."""

from __future__ import annotations

import os
import sys
from collections.abc import AsyncIterator, Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from vibe_quant.cli.completion import sides, symbols
from vibe_quant.cli.failure import FAILED
from vibe_quant.cli.options import DEFAULT_CONFIG
from vibe_quant.cli.where import AsJson, OfConfig, OfState
from vibe_quant.cli.words import printable

if TYPE_CHECKING:
    from vibe_quant.app.checkup import Symptom
    from vibe_quant.app.reach import Reachable
    from vibe_quant.config.loader import Loaded

COLOURS = {"ok": "green", "warn": "yellow", "fail": "red"}
Rest = Annotated[
    str | None, typer.Option(metavar="URL", help="venue sim, paper: an exchange that is served, http://127.0.0.1:PORT.")
]
Ws = Annotated[str | None, typer.Option(metavar="URL", help="And its streams, ws://127.0.0.1:PORT.")]
Offline = Annotated[bool, typer.Option("--offline", help="Ask nothing of the exchange.")]
Probe = Annotated[
    bool,
    typer.Option("--probe", help="Venue testnet, sim: place and cancel far orders on one leg, to ask its exchange."),
]
OfSymbol = Annotated[
    str | None, typer.Argument(help="--probe: the symbol, as BTC/USDT:USDT, BTCUSDT or BTC.", autocompletion=symbols)
]
OfSide = Annotated[str | None, typer.Argument(metavar="[LONG|SHORT]", help="And its side.", autocompletion=sides)]


def doctor(
    symbol: OfSymbol = None,
    side: OfSide = None,
    config: OfConfig = DEFAULT_CONFIG,
    state: OfState = None,
    exchange_rest: Rest = None,
    exchange_ws: Ws = None,
    offline: Offline = False,
    probe: Probe = False,
    as_json: AsJson = False,
) -> None:
    """Look for what is wrong, and say what to do.

    Configuration, disk, file permissions, journal, lock and socket, the host's clock, REST and each class of streams,
    the account's mode, rights and age of the key. It works beside a running service and without one, and changes
    nothing. A line a check; exit code 1 where one has failed. Run it as the service's user, with its environment.

    --probe does something else: on a demo or simulated exchange, while no service works the account, it asks what no
    documentation says. On one leg that you hold it places closing orders and stops half the price away, sees what
    becomes of them, and cancels them; nothing of it can fill or open. It takes about half a minute. The answers are
    kept in the state folder, and check and run tell of them where risk.dead_man is on. Exit code 1: not everything was
    asked, or something could not be seen to be gone; 3: refused; 4: never on live or paper.

    \b
    Examples:
      vibe-quant doctor --config /etc/vibe-quant/config.yaml
      vibe-quant doctor --offline --json
      vibe-quant doctor --probe BTC/USDT:USDT LONG
    """
    import asyncio

    if _wants_probe(probe, offline, symbol, side):
        from vibe_quant.cli.doctor_probe import Options
        from vibe_quant.cli.doctor_probe import probe as probed

        served = (exchange_rest, exchange_ws)
        raise typer.Exit(probed(Options(config, state, served, symbol or "", (side or "").upper(), as_json)))
    failed = asyncio.run(_look(config, state, (exchange_rest, exchange_ws), offline, as_json))
    if failed:
        raise typer.Exit(FAILED)


def _wants_probe(probe: bool, offline: bool, symbol: str | None, side: str | None) -> bool:
    """Whether it is one; what does not go together is refused."""
    if not probe:
        if symbol is not None:
            raise typer.BadParameter("a symbol and a side go with --probe; without it the whole host is looked at")
        return False
    if offline:
        raise typer.BadParameter("--probe asks the exchange, and --offline asks nothing of it")
    if symbol is None or side is None or side.upper() not in ("LONG", "SHORT"):
        raise typer.BadParameter("--probe wants a leg that you hold: a symbol, then LONG or SHORT")
    return True


async def _look(
    config: Path, state: Path | None, served: tuple[str | None, str | None], offline: bool, as_json: bool
) -> bool:
    """Whether a check has failed; on a terminal each line comes when it is known."""
    found: list[Symptom] = []
    async for symptom in _symptoms(config, state, served, offline):
        found.append(symptom)
        if not as_json:
            write(symptom)
    if as_json:
        import msgspec

        typer.echo(msgspec.json.encode(found))
    return any(symptom.grade == "fail" for symptom in found)


async def _symptoms(
    config: Path, state: Path | None, served: tuple[str | None, str | None], offline: bool
) -> AsyncIterator[Symptom]:
    from vibe_quant.app.checkup import fail, ok
    from vibe_quant.config.loader import ConfigLoader
    from vibe_quant.config.problems import ConfigError, FileProblem

    try:
        loaded = ConfigLoader().load(config)
    except (ConfigError, FileProblem) as error:
        yield fail("configuration", str(error), "mend it; nothing further can be looked at without it")
        return
    advice = f"; what it holds unwise ({len(loaded.warnings)}): vibe-quant check" if loaded.warnings else ""
    yield ok("configuration", f"{config} holds, venue {loaded.settings.shared.venue.value}{advice}")
    for symptom in _of_host(loaded, state):
        yield symptom
    async for symptom in _of_venue(loaded, state, served, offline):
        yield symptom


def _of_host(loaded: Loaded, state: Path | None) -> Iterator[Symptom]:
    from vibe_quant.app import checkup
    from vibe_quant.app.clock import SystemClock
    from vibe_quant.app.places import control_socket, journal_file, state_folder, surroundings
    from vibe_quant.cli.service import answers

    clock, shared = SystemClock(), loaded.settings.shared
    around = surroundings(loaded.path, state, os.environ)
    folder = state_folder(state, around, shared)
    yield from checkup.disk(folder, clock)
    yield from checkup.modes(loaded.path, folder, checkup.secret_files(loaded.path, os.environ))
    yield checkup.journal(journal_file(shared, folder), clock.wall_ms())
    socket = control_socket(folder, around)
    yield checkup.control(socket, answers(socket))


async def _of_venue(
    loaded: Loaded, state: Path | None, served: tuple[str | None, str | None], offline: bool
) -> AsyncIterator[Symptom]:
    from vibe_quant.app import checkup
    from vibe_quant.app.checkup_venue import look
    from vibe_quant.app.instance import holder_of
    from vibe_quant.app.places import control_socket, state_folder, surroundings
    from vibe_quant.app.reach import looking
    from vibe_quant.app.refusal import RunRefusedError
    from vibe_quant.app.start_findings import Account
    from vibe_quant.cli.service import answers

    shared = loaded.settings.shared
    around = surroundings(loaded.path, state, os.environ)
    running = answers(control_socket(state_folder(state, around, shared), around))
    yield checkup.tokens(shared, os.environ, running)
    try:
        at, symptom = _reached(loaded, served, running)
    except RunRefusedError as error:
        yield checkup.fail("exchange", str(error), "correct the options")
        return
    yield symptom
    if at is None:
        yield checkup.ok("exchange", "venue sim: it is embedded into the service, so that nothing is to be reached")
        return
    name = at.account(shared.venue)
    if name is not None:
        yield checkup.lock(await holder_of(name), running)
    if offline:
        return
    async with looking(at, shared) as eyes:
        account = Account(name or "paper", shared.venue, shared.allow, shared.client_order_prefix)
        async for symptom in look(eyes, loaded.settings, account):
            yield symptom


def _reached(loaded: Loaded, served: tuple[str | None, str | None], running: bool) -> tuple[Reachable | None, Symptom]:
    """Without a key that is of use, the exchange is looked at as anybody may."""
    from vibe_quant.app import checkup
    from vibe_quant.app.reach import Reachable, addresses, reachable
    from vibe_quant.app.refusal import CredentialsError

    shared = loaded.settings.shared
    endpoints = addresses(loaded.path, shared, *served)
    try:
        at = reachable(loaded.path, shared, *served, os.environ)
    except CredentialsError as error:
        bare = None if endpoints is None else Reachable(endpoints, None)
        return bare, checkup.credentials(error, needed=True, running=running)
    return at, checkup.credentials(None, needed=at is not None and at.credentials is not None)


def write(symptom: Symptom) -> None:
    """A line, in colour on a terminal."""
    grade = f"{symptom.grade:<5}"
    shown = typer.style(grade, fg=COLOURS[symptom.grade], bold=True) if sys.stdout.isatty() else grade
    text = printable(" ".join(symptom.text.split()))
    cure = f". {printable(symptom.cure[:1].upper() + symptom.cure[1:])}." if symptom.cure else ""
    typer.echo(f"{shown} {symptom.check:<15} {text.rstrip('.') if cure else text}{cure}")
