"""``vibe-quant doctor --probe``: what a demo exchange does where its documentation is silent, asked on one leg."""

from __future__ import annotations

import os
import signal
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import typer

from vibe_quant.cli.failure import BROKEN, FAILED, INTERRUPTED, explained
from vibe_quant.cli.words import moment, printable

if TYPE_CHECKING:
    import asyncio

    from vibe_quant.app.probe import Probe, ProbeReport, Wanted
    from vibe_quant.app.probe_answers import Reply
    from vibe_quant.app.probe_record import Asker
    from vibe_quant.app.reach import Reachable
    from vibe_quant.config.loader import Loaded

SIGNALS = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)


@dataclass(frozen=True, slots=True)
class Options:
    """What the command line says."""

    config: Path
    state: Path | None
    served: tuple[str | None, str | None]
    symbol: str
    side: str
    as_json: bool


def probe(options: Options) -> int:
    """Ask, write the answers down, and say them; the exit code."""
    import asyncio

    from vibe_quant.config.loader import ConfigLoader

    with explained():
        loaded = ConfigLoader().load(options.config)
        return asyncio.run(_Session(loaded, options, _reachable(loaded, options)).work())


def _reachable(loaded: Loaded, options: Options) -> Reachable:
    """Where the exchange is.

    Raises:
        RunRefusedError, CredentialsError: it is none that may be probed, or cannot be asked.
    """
    from vibe_quant.app.reach import reachable
    from vibe_quant.app.refusal import RunRefusedError
    from vibe_quant.domain.settings import Venue

    venue = loaded.settings.shared.venue
    if venue is Venue.LIVE:
        raise RunRefusedError(
            f"{loaded.path}: global.venue is live, and the probe places and cancels orders: it is never made with real "
            "money. Nothing was sent. Make it with a configuration of venue testnet; check and run on live tell what "
            "was answered there"
        )
    if venue is Venue.PAPER:
        raise RunRefusedError(
            f"{loaded.path}: global.venue is paper, whose exchange is imagined: it would answer what this program "
            "assumes. Nothing was sent. Make the probe with a configuration of venue testnet"
        )
    at = reachable(loaded.path, loaded.settings.shared, *options.served, os.environ)
    if at is None:
        raise RunRefusedError(
            f"{loaded.path}: venue sim embeds its exchange into the service: there is none to be asked. Name one "
            "that is served with --exchange-rest and --exchange-ws, as vibe-quant sim serve prints them"
        )
    return at


class _Session:
    """One probe on the command line."""

    def __init__(self, loaded: Loaded, options: Options, at: Reachable) -> None:
        self._loaded = loaded
        self._options = options
        self._at = at
        self._ended_by: int | None = None

    async def work(self) -> int:
        """Probe, write, say; the exit code."""
        from vibe_quant.app.probe import Probe
        from vibe_quant.app.probe_leg import ProbeRefused
        from vibe_quant.app.reach import looking

        shared = self._loaded.settings.shared
        async with looking(self._at, shared) as eyes:
            one = Probe(eyes, self._wanted(), self._say)
            try:
                with self._signals(one):
                    report = await one.run()
            except ProbeRefused as refused:
                return self._refused(str(refused))
            asker = self._asker(eyes.clock.wall_ms())
        written = self._written(report, asker)
        self._conclude(report, asker, written)
        if self._ended_by == signal.SIGINT and not report.left:
            return INTERRUPTED
        return 0 if report.good and written is not None else FAILED

    def _refused(self, why: str) -> int:
        """Nothing was sent, or not even an earlier probe's orders could be put away."""
        if self._options.as_json:
            import msgspec

            typer.echo(msgspec.json.encode({"good": False, "refused": why}).decode())
        typer.echo(f"refused: {printable(why)}", err=True)
        return INTERRUPTED if self._ended_by == signal.SIGINT else BROKEN

    def _wanted(self) -> Wanted:
        from vibe_quant.app.probe import Wanted
        from vibe_quant.app.start_findings import Account
        from vibe_quant.domain.enums import PositionSide

        shared = self._loaded.settings.shared
        name = self._at.account(shared.venue) or ""
        account = Account(name, shared.venue, shared.allow, shared.client_order_prefix)
        side = PositionSide(self._options.side)
        return Wanted(account, self._options.symbol, side, str(self._loaded.path), shared.ws)

    @contextmanager
    def _signals(self, one: Probe) -> Iterator[None]:
        """The first ends the asking, not the cleaning; a second changes nothing."""
        import asyncio

        loop = asyncio.get_running_loop()
        for number_ in SIGNALS:
            loop.add_signal_handler(number_, self._end, one, signal.Signals(number_))
        try:
            yield
        finally:
            _give_back(loop)

    def _end(self, one: Probe, by: signal.Signals) -> None:
        if one.stop(by.name):
            self._ended_by = by
            typer.echo(f"{by.name}: nothing more is asked; what rests is cancelled and seen to be gone", err=True)
        else:
            typer.echo(f"{by.name}: what rests is being cancelled; it takes at most a minute or two", err=True)

    def _asker(self, wall_ms: int) -> Asker:
        from urllib.parse import urlsplit

        from vibe_quant import __version__
        from vibe_quant.app.probe_record import Asker

        host = urlsplit(self._at.endpoints.rest).netloc
        return Asker(moment(wall_ms), self._loaded.settings.shared.venue.value, host, __version__)

    def _written(self, report: ProbeReport, asker: Asker) -> Path | None:
        """Where the answers are kept now; None, and it is said: they could not be."""
        from vibe_quant.app.places import state_folder, surroundings
        from vibe_quant.app.probe_record import kept, write

        options, loaded = self._options, self._loaded
        around = surroundings(loaded.path, options.state, os.environ)
        folder = state_folder(options.state, around, loaded.settings.shared)
        try:
            return write(folder, kept(report, asker))
        except OSError as error:
            reason = error.strerror or type(error).__name__
            typer.echo(f"The answers could not be written into {folder} ({reason}): keep what is shown.", err=True)
            return None

    def _say(self, answer: Reply) -> None:
        from vibe_quant.cli.doctor import write
        from vibe_quant.cli.doctor_probe_view import symptom_of

        if not self._options.as_json:
            write(symptom_of(answer))

    def _conclude(self, report: ProbeReport, asker: Asker, written: Path | None) -> None:
        from vibe_quant.cli.doctor_probe_view import as_json, closing_words

        if self._options.as_json:
            typer.echo(as_json(report, asker, written))
            return
        for line in closing_words(report):
            typer.echo(printable(line), err=not report.good)
        if written is not None:
            typer.echo(f"The answers are kept in {printable(str(written))}; check and run tell of them.")


def _give_back(loop: asyncio.AbstractEventLoop) -> None:
    for number_ in SIGNALS:
        loop.remove_signal_handler(number_)
