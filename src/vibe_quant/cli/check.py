"""``vibe-quant check``: what a configuration says, and with a symbol's rules and price what its sizes come to."""

from __future__ import annotations

import io
import json
import os
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from vibe_quant.cli.failure import BROKEN, explained
from vibe_quant.cli.options import DEFAULT_CONFIG, OfSymbol, of_symbol

if TYPE_CHECKING:
    from vibe_quant.config.lint_size import MarketFacts

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
    as_json: AsJson = False,
) -> None:
    """Validate a configuration and show what rules.

    Each effective setting of each symbol with where it came from, and what is legal but unwise. What caps and
    multipliers come to depends on the symbol: name its rules and a price to have that judged too, or let --online ask
    the exchange. That reads, and sends nothing: symbol rules, brackets, positions, the account's mode, the key's
    rights; how many orders each leg takes and how long, by the order budget and in each panic tier. Exit code 3: a
    start would be refused. It takes the key from where run does.

    \b
    Examples:
      vibe-quant check --config config/config.yaml
      vibe-quant check --online
      vibe-quant check --rules exchangeInfo.json --price BTC/USDT:USDT=68000 --qty BTC/USDT:USDT=2
    """
    from vibe_quant.config.check import run_check

    if online:
        if rules is not None or prices or quantities:
            raise typer.BadParameter("--online asks the exchange for rules, prices and quantities; name none with it")
        raise typer.Exit(_online(config, (exchange_rest, exchange_ws), as_json))
    if exchange_rest is not None or exchange_ws is not None:
        raise typer.BadParameter("--exchange-rest and --exchange-ws go with --online")
    market = _market(rules, prices or [], quantities or [])
    raise typer.Exit(run_check(config, as_json, sys.stdout, sys.stderr, market))


def _online(config: Path, served: tuple[str | None, str | None], as_json: bool) -> int:
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
        return run_check(config, as_json, sys.stdout, sys.stderr)
    if as_json:
        text = io.StringIO()
        run_check(config, as_json, text, sys.stderr, found.market)
        whole = {**json.loads(text.getvalue()), "online": check_online.as_json(found)}
        typer.echo(json.dumps(whole, indent=2, ensure_ascii=False))
    else:
        for warning in ConfigLoader().load(config, found.market).warnings:
            typer.echo(f"warning: {located(config, warning)}")
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
