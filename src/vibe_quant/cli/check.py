"""``vibe-quant check``: what a configuration says, and with a symbol's rules and price what its sizes come to."""

from __future__ import annotations

import io
import json
import os
import sys
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from vibe_quant.cli.failure import BROKEN, explained
from vibe_quant.cli.options import DEFAULT_CONFIG, OfSymbol, of_symbol
from vibe_quant.cli.where import OfState
from vibe_quant.cli.words import printable

if TYPE_CHECKING:
    from vibe_quant.config.lint_size import MarketFacts
    from vibe_quant.config.loader import Loaded

Config = Annotated[Path, typer.Option("--config", envvar="VIBE_QUANT_CONFIG", help="The YAML file.", show_default=True)]
AsJson = Annotated[bool, typer.Option("--json", help="One JSON object, whatever the result.")]
Rules = Annotated[Path | None, typer.Option(help="Symbol rules in exchangeInfo form, to judge sizes by.")]
Prices = Annotated[
    list[OfSymbol] | None,
    typer.Option("--price", parser=of_symbol, metavar="SYMBOL=PRICE", help="A symbol to judge, and its price."),
]
Online = Annotated[
    bool, typer.Option("--online", help="Ask the exchange: what a start would find, and what closing each leg takes.")
]
Rest = Annotated[
    str | None,
    typer.Option(metavar="URL", help="--online, venue sim, paper: an exchange that is served, http://127.0.0.1:PORT."),
]
Ws = Annotated[str | None, typer.Option(metavar="URL", help="And its streams, ws://127.0.0.1:PORT.")]
Quantities = Annotated[
    list[OfSymbol] | None,
    typer.Option("--qty", parser=of_symbol, metavar="SYMBOL=NUMBER", help="The position to exit, base asset."),
]


def check(
    config: Config = DEFAULT_CONFIG,
    rules: Rules = None,
    prices: Prices = None,
    quantities: Quantities = None,
    online: Online = False,
    exchange_rest: Rest = None,
    exchange_ws: Ws = None,
    state: OfState = None,
    as_json: AsJson = False,
) -> None:
    """Validate a configuration and show what rules.

    Each effective setting of each symbol with where it came from, and what is legal but unwise. What caps and
    multipliers come to depends on the symbol: name its rules and a price to have that judged too, or let --online ask
    the exchange. That reads, and sends nothing: symbol rules, brackets, positions, the account's mode, the key's
    rights; how many orders each leg takes and how long, by the order budget and in each panic tier. Exit code 3: a
    start would be refused. It takes the key from where run does. Where risk.dead_man is on it tells what doctor --probe
    was answered, by the state folder.

    \b
    Examples:
      vibe-quant check --config config/config.yaml
      vibe-quant check --online
      vibe-quant check --rules exchangeInfo.json --price BTC/USDT:USDT=68000 --qty BTC/USDT:USDT=2
    """
    if online:
        if rules is not None or prices or quantities:
            raise typer.BadParameter("--online asks the exchange for rules, prices and quantities; name none with it")
        raise typer.Exit(_online(config, (exchange_rest, exchange_ws), state, as_json))
    if exchange_rest is not None or exchange_ws is not None:
        raise typer.BadParameter("--exchange-rest and --exchange-ws go with --online")
    market = _market(rules, prices or [], quantities or [])
    raise typer.Exit(_offline(config, state, as_json, market))


def _offline(config: Path, state: Path | None, as_json: bool, market: dict[str, MarketFacts] | None = None) -> int:
    """The check by the file alone, and by what the probe has left in the state folder."""
    from vibe_quant.config.check import run_check

    told = _of_dead_man(config, state)
    if told is None or not as_json:
        code = run_check(config, as_json, sys.stdout, sys.stderr, market)
        if told is not None:
            typer.echo(told.line)
        return code
    text = io.StringIO()
    code = run_check(config, as_json, text, sys.stderr, market)
    typer.echo(json.dumps({**json.loads(text.getvalue()), **told.as_json}, indent=2, ensure_ascii=False))
    return code


@dataclass(frozen=True, slots=True)
class _DeadMan:
    """What is known of the switch that the configuration turns on."""

    known: bool
    text: str

    @property
    def line(self) -> str:
        return printable(f"{'note' if self.known else 'warning'}: {self.text}")

    @property
    def as_json(self) -> dict[str, object]:
        return {"dead_man": {"asked": self.known, "text": self.text}}


def _of_dead_man(config: Path, state: Path | None) -> _DeadMan | None:
    """None: it is off, or the configuration does not hold."""
    from vibe_quant.config.loader import ConfigLoader
    from vibe_quant.config.problems import ConfigError, FileProblem

    try:
        loaded = ConfigLoader().load(config)
    except (ConfigError, FileProblem):
        return None
    return _told_of(loaded, state)


def _told_of(loaded: Loaded, state: Path | None) -> _DeadMan | None:
    from vibe_quant.app.places import state_folder, surroundings
    from vibe_quant.app.probe_record import of_dead_man, uses_dead_man

    if not uses_dead_man(loaded.settings):
        return None
    shared = loaded.settings.shared
    folder = state_folder(state, surroundings(loaded.path, state, os.environ), shared)
    return _DeadMan(*of_dead_man(folder, shared.venue))


def _online(config: Path, served: tuple[str | None, str | None], state: Path | None, as_json: bool) -> int:
    """The check with the exchange's own word; 3 where a start would be refused."""
    from vibe_quant.cli import check_online
    from vibe_quant.config.check import run_check
    from vibe_quant.config.loader import ConfigLoader
    from vibe_quant.config.problems import ConfigError, FileProblem
    from vibe_quant.config.render import located

    try:
        loaded = ConfigLoader().load(config)
    except (ConfigError, FileProblem):
        return run_check(config, as_json, sys.stdout, sys.stderr)
    with explained():
        found = check_online.ask(loaded, served, os.environ)
    if found is None:
        typer.echo("venue sim embeds its exchange into the service: there is none to be asked", err=True)
        return _offline(config, state, as_json)
    dead_man = _told_of(loaded, state)
    if as_json:
        text = io.StringIO()
        run_check(config, as_json, text, sys.stderr, found.market)
        more = {} if dead_man is None else dead_man.as_json
        whole = {**json.loads(text.getvalue()), **more, "online": check_online.as_json(found)}
        typer.echo(json.dumps(whole, indent=2, ensure_ascii=False))
    else:
        for warning in ConfigLoader().load(config, found.market).warnings:
            typer.echo(f"warning: {located(config, warning)}")
        if dead_man is not None:
            typer.echo(dead_man.line)
        check_online.write(found)
    return BROKEN if found.read.refused else 0


def _market(rules: Path | None, prices: list[OfSymbol], quantities: list[OfSymbol]) -> dict[str, MarketFacts]:
    from vibe_quant.config.lint_size import MarketFacts
    from vibe_quant.tapes.rules import load_rules

    priced = {price.symbol for price in prices}
    for qty in quantities:
        if qty.symbol not in priced:
            raise typer.BadParameter(f"--qty {qty.symbol} needs a --price of the same symbol, and --rules")
    if rules is None:
        if prices:
            raise typer.BadParameter("--rules and --price go together: sizes are judged by both")
        return {}
    if not prices:
        raise typer.BadParameter("--rules and --price go together: name a price for each symbol to be judged")
    held = {qty.symbol: qty.value for qty in quantities}
    with explained():
        return {p.symbol: MarketFacts(load_rules(rules, p.symbol), p.value, held.get(p.symbol)) for p in prices}
