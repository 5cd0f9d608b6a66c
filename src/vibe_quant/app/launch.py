"""What ``vibe-quant run`` does before and after the run itself: refusals, keys, logs, the banner, the exit code."""

from __future__ import annotations

import asyncio
import sys
from collections.abc import Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TextIO

from vibe_quant import __version__
from vibe_quant.app.application import FAILED
from vibe_quant.app.banner import banner
from vibe_quant.app.clock import SystemClock
from vibe_quant.app.credentials import pg_password, read_credentials
from vibe_quant.app.garbage import seldom_collected
from vibe_quant.app.hosting import Hosting, Job, Reach, host
from vibe_quant.app.last_good import pointed_out
from vibe_quant.app.logs import Logs, first_line, folder_of
from vibe_quant.app.places import state_folder, states
from vibe_quant.app.probe_record import of_dead_man, uses_dead_man
from vibe_quant.app.redaction import Redactor
from vibe_quant.app.refusal import CredentialsError, RunRefusedError, refuse_unless_fitting
from vibe_quant.app.sim_venue import box_options
from vibe_quant.binance.urls import endpoints_of, simulated
from vibe_quant.config.loader import ConfigLoader, Loaded
from vibe_quant.config.problems import ConfigError
from vibe_quant.domain import log_events as le
from vibe_quant.domain.settings import Venue
from vibe_quant.log import log
from vibe_quant.sim.front.box_options import BoxOptions


@dataclass(frozen=True, slots=True, kw_only=True)
class RunOptions:
    """What the command line says.  ``state`` None: the folder that the service manager made, else state/."""

    config: Path
    live: bool = False
    until_flat: bool = False
    exchange_rest: str | None = None
    exchange_ws: str | None = None
    state: Path | None = None


def launch(
    options: RunOptions,
    environment: Mapping[str, str],
    out: TextIO | None = None,
    err: TextIO | None = None,
    hosting: Hosting = host,
) -> int:
    """Run until it is over; the exit code of the process.  Cost cards go to ``out``, all else to ``err``.

    Raises:
        FileProblem, ConfigError: the configuration cannot be read, or is not valid.
        RunRefusedError: the options do not fit the venue.
        CredentialsError: key or secret are missing or useless.
        BoxError: the embedded exchange cannot hold what it is told.
    """
    out, err = out or sys.stdout, err or sys.stderr
    loaded = _loaded(options, environment)
    job, redactor = _job(loaded, options, environment, out)
    settings = loaded.settings.shared
    head = first_line(settings.venue, __version__, SystemClock().wall_ms(), settings.log.form)
    logs = Logs.open(settings.log, folder_of(settings.log, environment), head, redactor, err, environment)
    job = replace(
        job,
        out=logs.paper(out),
        lines=logs.recent.lines,
        whisper=logs.whisper,
        terminal=err.isatty(),
        heed=logs.heed,
    )
    try:
        _announce(loaded, job, logs)
        with seldom_collected():
            return asyncio.run(hosting(job, redactor))
    except (CredentialsError, RunRefusedError):
        raise
    except Exception as defect:  # noqa: BLE001 - the last frame of the process: what is not logged here is lost
        text = "a defect: the program ends. Orders of it may rest at the exchange and are cancelled at the next start; "
        log(le.PROGRAM_FAILED, defect=defect, text=f"{text}protective stops stand.")
        return FAILED
    finally:
        logs.close()


def _loaded(options: RunOptions, environment: Mapping[str, str]) -> Loaded:
    try:
        return ConfigLoader().load(options.config)
    except ConfigError as error:
        raise pointed_out(error, states(options.state, environment)) from None


def _job(loaded: Loaded, options: RunOptions, environment: Mapping[str, str], out: TextIO) -> tuple[Job, Redactor]:
    venue = loaded.settings.shared.venue
    refuse_unless_fitting(options.config, venue, options.live, options.exchange_rest, options.exchange_ws)
    exchange = _reached(loaded, options, environment)
    keys = exchange.credentials if isinstance(exchange, Reach) else None
    secrets = [] if keys is None else [keys.api_key, keys.api_secret]
    mirror = pg_password(environment)
    job = Job(
        loaded=loaded,
        exchange=exchange,
        state=state_folder(options.state, environment, loaded.settings.shared),
        until_flat=options.until_flat,
        version=__version__,
        out=out,
        pg_password=mirror,
        environment=environment,
    )
    return job, Redactor([*secrets, *([] if mirror is None else [mirror])])


def _reached(loaded: Loaded, options: RunOptions, environment: Mapping[str, str]) -> Reach | BoxOptions:
    venue, rest, ws = loaded.settings.shared.venue, options.exchange_rest, options.exchange_ws
    if venue is Venue.PAPER:
        return Reach(endpoints_of(Venue.LIVE) if rest is None or ws is None else simulated(rest, ws), None)
    if venue is not Venue.SIM:
        return Reach(endpoints_of(venue), read_credentials(environment))
    if rest is None or ws is None:
        return box_options(loaded.settings)
    try:
        return Reach(simulated(rest, ws), read_credentials(environment))
    except CredentialsError as error:
        raise CredentialsError(f"{error} Those of a simulated exchange are what vibe-quant sim serve prints.") from None


def _announce(loaded: Loaded, job: Job, logs: Logs) -> None:
    """The banner comes first, whatever the log's level; then what is legal and unwise."""
    reach = job.exchange
    where = reach.endpoints.rest if isinstance(reach, Reach) else "against an exchange embedded in this process"
    logs.say(banner(loaded, job.version, where))
    venue = loaded.settings.shared.venue
    log(le.PLACES, state=str(job.state), log=str(logs.path), venue=venue, version=job.version)
    for warning in loaded.warnings:
        log(le.CONFIG_WARNING, path=str(loaded.path), text=str(warning))
    if uses_dead_man(loaded.settings):
        log(le.CONFIG_WARNING, path=str(loaded.path), text=of_dead_man(job.state, venue)[1])
