"""Reads what ``sim serve`` was told into what the exchange shall hold; every fault of the input with its cure."""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass
from decimal import Decimal
from pathlib import Path

import typer

from vibe_quant.cli.options import positive
from vibe_quant.domain.enums import PositionSide
from vibe_quant.sim.front.box_options import BoxOptions, MarketSource, Seat
from vibe_quant.sim.instruments import Instrument, exchange_name

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
    faults: Path | None


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
        faults=_faults(arguments.faults),
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

    if len(symbols) > 1:
        raise typer.BadParameter("a tape is of one symbol; name one --symbol, or none to take the tape's own")
    tape = open_tape(path, symbols[0] if symbols else None)
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
