"""Reads what ``sim serve`` was told into what the exchange shall hold; every fault of the input with its cure."""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass, fields
from decimal import Decimal
from difflib import get_close_matches
from pathlib import Path
from typing import Any

import typer

from vibe_quant.cli.options import MOST_DIGITS, positive
from vibe_quant.domain.enums import PositionSide
from vibe_quant.sim.front.account.permissions import DEFAULTS
from vibe_quant.sim.front.box_options import BoxOptions, MarketSource, Seat
from vibe_quant.sim.instruments import Instrument, exchange_name
from vibe_quant.sim.switches import QueueModel, Switches

SWITCHES = tuple(field.name for field in fields(Switches))
POSITION = re.compile(r"(?P<symbol>[^:\s]+):(?P<side>LONG|SHORT):(?P<qty>[^@]+)(@(?P<entry>.+))?")


@dataclass(frozen=True, slots=True)
class SimArguments:
    """The options as given."""

    config: Path | None
    symbols: tuple[str, ...]
    tape: Path | None
    seed: int
    scenario: str
    speed: str
    wallets: tuple[str, ...]
    positions: tuple[str, ...]
    leverage: int
    latency_ms: int
    faults: Path | None
    switches: tuple[str, ...] = ()
    permissions: tuple[str, ...] = ()
    hedge_mode: bool = True


def box_options(arguments: SimArguments, default: tuple[str, ...]) -> BoxOptions:
    """What the exchange shall hold.

    Raises:
        typer.BadParameter: an option that cannot be followed.
        TapeError, FileProblem, ConfigError, FaultError: a file that cannot be used.
    """
    seats = tuple(read_position(text) for text in arguments.positions)
    markets = _markets(arguments, seats, default)
    wallets = dict(read_wallet(text) for text in arguments.wallets) or {"USDT": Decimal(100_000)}
    return BoxOptions(
        markets=markets,
        seed=arguments.seed,
        speed=positive(arguments.speed),
        wallets=wallets,
        positions=seats,
        leverage=arguments.leverage,
        latency_ms=arguments.latency_ms,
        faults=_faults(arguments.faults),
        switches=read_switches(arguments.switches),
        permissions=dict(read_permission(text) for text in arguments.permissions),
        hedge_mode=arguments.hedge_mode,
    )


def read_position(text: str) -> Seat:
    """``BTCUSDT:LONG:2@60000``; without ``@`` the entry is the market's opening price."""
    found = POSITION.fullmatch(text)
    if found is None:
        raise typer.BadParameter(f"{text!r} is no position; write SYMBOL:LONG:QTY or SYMBOL:SHORT:QTY@ENTRY")
    entry = found["entry"]
    side = PositionSide(found["side"])
    return Seat(found["symbol"].upper(), side, positive(found["qty"]), None if entry is None else positive(entry))


def read_wallet(text: str) -> tuple[str, Decimal]:
    """``100000`` (USDT) or ``USDC=5000``."""
    asset, found, amount = text.rpartition("=")
    return (asset.upper() if found else "USDT"), positive(amount)


def read_switches(texts: Iterable[str]) -> Switches:
    """``knock_out_closers=false``, ``query_lag_ms=0``: what nobody knows of the exchange, decided for once."""
    chosen: dict[str, Any] = {}
    for text in texts:
        name, _, value = text.partition("=")
        default = getattr(Switches(), name, None) if name in SWITCHES else None
        if default is None:
            near = get_close_matches(name, SWITCHES, n=1)
            meant = f"; did you mean {near[0]}" if near else ""
            raise typer.BadParameter(f"no switch {name!r}{meant}? All are in sim/switches.py: {', '.join(SWITCHES)}")
        chosen[name] = _like(default, value, text)
    return Switches(**chosen)


def _like(default: object, value: str, text: str) -> object:
    match default:
        case bool():
            return _yes_or_no(value, text)
        case QueueModel():
            if value not in set(QueueModel):
                raise typer.BadParameter(f"{text!r}: there are {', '.join(QueueModel)}")
            return QueueModel(value)
        case int() if value.isdecimal() and len(value) <= MOST_DIGITS:
            return int(value)
        case Decimal():
            return positive(value)
        case _:
            raise typer.BadParameter(f"{text!r}: {value!r} is not a whole number of at least 0")


def _yes_or_no(value: str, text: str) -> bool:
    if value not in ("true", "false"):
        raise typer.BadParameter(f"{text!r}: write true or false behind the =")
    return value == "true"


def read_permission(text: str) -> tuple[str, bool]:
    """``enableWithdrawals``, or ``enableFutures=false``."""
    name, given, value = text.partition("=")
    if name not in DEFAULTS:
        raise typer.BadParameter(f"no permission {name!r}; there are {', '.join(DEFAULTS)}")
    return name, _yes_or_no(value, text) if given else True


def _markets(arguments: SimArguments, seats: Iterable[Seat], default: tuple[str, ...]) -> tuple[MarketSource, ...]:
    if arguments.tape is not None:
        return (_of_tape(arguments.tape, arguments.symbols),)
    named = [exchange_name(symbol) for symbol in (*arguments.symbols, *_configured(arguments.config))]
    named += [seat.symbol for seat in seats]
    return tuple(MarketSource(_instrument(symbol), arguments.scenario) for symbol in dict.fromkeys(named or default))


def _configured(path: Path | None) -> list[str]:
    if path is None:
        return []
    from vibe_quant.config.loader import ConfigLoader

    return [name for name, _ in ConfigLoader().load(path).settings.symbols]


def _instrument(symbol: str) -> Instrument:
    from vibe_quant.sim.catalogue import CATALOGUE

    if symbol not in CATALOGUE:
        raise typer.BadParameter(f"no instrument {symbol}; there are {', '.join(CATALOGUE)}, or give a --tape of it")
    return CATALOGUE[symbol]


def _of_tape(path: Path, symbols: tuple[str, ...]) -> MarketSource:
    from vibe_quant.sim.feed import with_marks
    from vibe_quant.sim.instruments import from_tape
    from vibe_quant.tapes.open import open_tape
    from vibe_quant.tapes.tape import is_coin_margined

    if len(symbols) > 1:
        raise typer.BadParameter("a tape is of one symbol; name one --symbol, or none to take the tape's own")
    tape = open_tape(path, symbols[0] if symbols else None)
    if is_coin_margined(tape.meta.symbol):
        raise typer.BadParameter(
            f"{path} is of {tape.meta.symbol}, which is coin-margined, as nothing here is; name the --symbol "
            "that its prices shall stand for, ETHUSDT"
        )
    events = tape.events() if tape.meta.has_mark else with_marks(tape.events())
    return MarketSource(from_tape(tape), events=events)


def _faults(path: Path | None) -> object:
    if path is None:
        return ()
    from vibe_quant.config.loader import read_document
    from vibe_quant.sim.front.faults import FaultError, read_faults

    declared = read_document(path)
    try:
        read_faults(declared)
    except FaultError as error:
        raise FaultError([f"{path}: {problem}" for problem in error.problems]) from None
    return declared
