"""Reads what ``sim serve`` was told into what the exchange shall hold; every fault of the input with its cure."""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
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


Texts = Sequence[str] | None
"""An option that may be given any number of times; None: not at all."""


@dataclass(frozen=True, slots=True)
class MarketArguments:
    """What is traded there, as given."""

    config: Path | None = None
    symbols: Texts = None
    tape: Path | None = None
    seed: int = 7
    scenario: str = "calm"
    speed: str = "1"


@dataclass(frozen=True, slots=True)
class AccountArguments:
    """Whose account it is, as given."""

    wallets: Texts = None
    positions: Texts = None
    leverage: int = 20
    permissions: Texts = None
    hedge_mode: bool = True


@dataclass(frozen=True, slots=True)
class ConductArguments:
    """How the exchange behaves, as given."""

    latency_ms: int = 5
    faults: Path | None = None
    switches: Texts = None


def box_options(
    market: MarketArguments, account: AccountArguments, conduct: ConductArguments, default: tuple[str, ...]
) -> BoxOptions:
    """What the exchange shall hold; ``default``: the symbols where none is named.

    Raises:
        typer.BadParameter: an option that cannot be followed.
        TapeError, FileProblem, ConfigError, FaultError: a file that cannot be used.
    """
    seats = tuple(read_position(text) for text in account.positions or ())
    markets = _markets(market, seats, default)
    wallets = dict(read_wallet(text) for text in account.wallets or ()) or {"USDT": Decimal(100_000)}
    return BoxOptions(
        markets=markets,
        seed=market.seed,
        speed=positive(market.speed),
        wallets=wallets,
        positions=seats,
        leverage=account.leverage,
        latency_ms=conduct.latency_ms,
        faults=_faults(conduct.faults),
        switches=read_switches(conduct.switches or ()),
        permissions=dict(read_permission(text) for text in account.permissions or ()),
        hedge_mode=account.hedge_mode,
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


def _markets(market: MarketArguments, seats: Iterable[Seat], default: tuple[str, ...]) -> tuple[MarketSource, ...]:
    symbols = tuple(market.symbols or ())
    if market.tape is not None:
        return (_of_tape(market.tape, symbols),)
    named = [exchange_name(symbol) for symbol in (*symbols, *_configured(market.config))]
    named += [seat.symbol for seat in seats]
    return tuple(MarketSource(_instrument(symbol), market.scenario) for symbol in dict.fromkeys(named or default))


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
