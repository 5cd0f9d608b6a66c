"""``vibe-quant check``: what a configuration says, and with a symbol's rules and price what its sizes come to."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from vibe_quant.cli.failure import explained
from vibe_quant.cli.options import DEFAULT_CONFIG, OfSymbol, of_symbol

if TYPE_CHECKING:
    from vibe_quant.config.lint_size import MarketFacts

Config = Annotated[Path, typer.Option("--config", help="The YAML file.", show_default=True)]
AsJson = Annotated[bool, typer.Option("--json", help="One JSON object, whatever the result.")]
Rules = Annotated[Path | None, typer.Option(help="Symbol rules in exchangeInfo form, to judge sizes by.")]
Prices = Annotated[
    list[OfSymbol] | None,
    typer.Option("--price", parser=of_symbol, metavar="SYMBOL=PRICE", help="A symbol to judge, and its price."),
]
Quantities = Annotated[
    list[OfSymbol] | None,
    typer.Option("--qty", parser=of_symbol, metavar="SYMBOL=NUMBER", help="The position to exit, base asset."),
]


def check(
    config: Config = DEFAULT_CONFIG,
    rules: Rules = None,
    prices: Prices = None,
    quantities: Quantities = None,
    as_json: AsJson = False,
) -> None:
    """Validate a configuration and show what rules.

    Each effective setting of each symbol with where it came from, and what is legal but unwise. What caps and
    multipliers come to depends on the symbol: name its rules and a price to have that judged too.

    \b
    Examples:
      vibe-quant check --config config/config.yaml
      vibe-quant check --rules exchangeInfo.json --price BTC/USDT:USDT=68000 --qty BTC/USDT:USDT=2
    """
    from vibe_quant.config.check import run_check

    market = _market(rules, prices or [], quantities or [])
    raise typer.Exit(run_check(config, as_json, sys.stdout, sys.stderr, market))


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
