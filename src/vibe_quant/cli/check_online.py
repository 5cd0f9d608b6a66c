"""``vibe-quant check --online``: what the exchange says of a configuration, and what closing each leg will take."""

from __future__ import annotations

import sys
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING

import typer

from vibe_quant.app.forecast import LegForecast, TierForecast, forecast
from vibe_quant.app.online_check import OnlineCheck, SymbolFacts, check_online
from vibe_quant.app.reach import looking, reachable
from vibe_quant.app.start_findings import Account
from vibe_quant.cli.words import number, percent, price, printable, rounded
from vibe_quant.config.lint_size import MarketFacts
from vibe_quant.config.loader import Loaded
from vibe_quant.domain.enums import Severity
from vibe_quant.domain.rules import Brackets
from vibe_quant.domain.settings import Settings

if TYPE_CHECKING:
    from vibe_quant.app.reach import Reachable

COLOURS = {Severity.INFO: None, Severity.WARNING: "yellow", Severity.ALARM: "red"}


@dataclass(frozen=True, slots=True)
class Online:
    """What was read, and what it comes to."""

    read: OnlineCheck
    legs: Mapping[str, tuple[LegForecast, ...]]

    @property
    def market(self) -> dict[str, MarketFacts]:
        """For exact advice on sizes."""
        known = {facts.symbol: facts.market() for facts in self.read.symbols}
        return {symbol: facts for symbol, facts in known.items() if facts is not None}


def ask(loaded: Loaded, served: tuple[str | None, str | None], environment: Mapping[str, str]) -> Online | None:
    """None: the exchange would be embedded, and is not there to be asked.

    Raises:
        RunRefusedError, CredentialsError: it cannot be asked.
    """
    import asyncio

    at = reachable(loaded.path, loaded.settings.shared, *served, environment)
    return None if at is None else asyncio.run(_asked(loaded.settings, at))


async def _asked(settings: Settings, at: Reachable) -> Online:
    shared = settings.shared
    account = Account(at.account(shared.venue) or "paper", shared.venue, shared.allow, shared.client_order_prefix)
    async with looking(at, shared) as eyes:
        read = await check_online(eyes, settings, account)
    return Online(read, {facts.symbol: _legs(facts, settings) for facts in read.symbols})


def _legs(facts: SymbolFacts, settings: Settings) -> tuple[LegForecast, ...]:
    """Of the sides that are worked."""
    one, mark = settings.of(facts.symbol), facts.mark
    if one is None or mark is None:
        return ()
    budget = settings.shared.rate_limit
    return tuple(forecast(leg, mark, facts.rules.rules, one, budget) for leg in facts.legs if leg.side in one.sides)


def as_json(online: Online) -> object:
    """Plain data for ``json``: findings, and by symbol its rules, mark and legs."""
    import msgspec

    findings = [
        {"check": f.check, "refuses": f.refuses, "text": f.text, "symbol": f.symbol} for f in online.read.findings
    ]
    symbols = {
        facts.symbol: {
            "rules": facts.rules.rules,
            "brackets": facts.rules.brackets,
            "maker_fee": facts.rules.maker_fee,
            "taker_fee": facts.rules.taker_fee,
            "mark": facts.mark,
            "legs": online.legs[facts.symbol],
        }
        for facts in online.read.symbols
    }
    return msgspec.to_builtins(
        {"refused": online.read.refused, "findings": findings, "symbols": symbols}, str_keys=True
    )


def write(online: Online) -> None:
    """Symbols on standard output, findings on standard error."""
    for facts in online.read.symbols:
        for line in _lines(facts, online.legs[facts.symbol]):
            typer.echo(printable(line))
    for finding in online.read.findings:
        colour = COLOURS[finding.severity]
        text = f"{'REFUSED' if finding.refuses else finding.check.value}: {printable(finding.text)}"
        typer.echo(typer.style(text, fg=colour) if colour and sys.stderr.isatty() else text, err=True)
    verdict = "a start would be refused" if online.read.refused else "a start would not be refused"
    typer.echo(f"online: {verdict}")


def _lines(facts: SymbolFacts, legs: tuple[LegForecast, ...]) -> Iterator[str]:
    rules, fees = facts.rules.rules, (facts.rules.maker_fee, facts.rules.taker_fee)
    yield f"{facts.symbol}  {rules.status}, mark {number(facts.mark)}"
    yield (
        f"  rules: tick {number(rules.tick)}, step {number(rules.step)}, quantity {number(rules.min_qty)} to "
        f"{number(rules.max_qty)}, notional at least {number(rules.min_notional)}"
    )
    if facts.mark is not None:
        lot = rules.lot(facts.mark)
        yield f"  one lot: {number(lot)}, worth {rounded(lot * facts.mark)}"
    yield f"  fees: {_fee(fees[0])} maker, {_fee(fees[1])} taker"
    if facts.rules.brackets:
        yield f"  brackets: {_brackets(facts.rules.brackets)}"
    if not legs:
        yield "  no open position on a worked side"
    for leg in legs:
        yield from _leg(leg)


def _fee(ratio: object) -> str:
    from decimal import Decimal

    return percent(ratio, 3) if isinstance(ratio, Decimal) else "?"


def _brackets(brackets: Brackets) -> str:
    """The first and the last: between them each asks for more margin."""
    first, last = brackets[0], brackets[-1]
    return (
        f"{len(brackets)}, from {percent(first.ratio)} maintenance ({first.max_leverage}x) up to {number(first.cap)} "
        f"to {percent(last.ratio)} ({last.max_leverage}x) above {number(last.floor)}"
    )


def _leg(leg: LegForecast) -> Iterator[str]:
    where = "none on its side" if leg.liquidation is None else f"{price(leg.liquidation)}, {percent(leg.dist)} away"
    stop = "" if leg.stop_at is None else f"; stop belongs at {number(leg.stop_at)}"
    held = f"{leg.side.value} {number(leg.qty)} at {price(leg.entry)}, worth {rounded(leg.notional)}"
    yield f"  {held}; liquidation {where}{stop}"
    own = "" if leg.horizon_ms is None else f"; patient gives itself {_s(leg.horizon_ms)}, by slices of its own"
    yield (
        f"    exit: {leg.lots:.0f} lots, {leg.orders} orders of {number(leg.slice_qty)}; at least {_s(leg.least_ms)} "
        f"by the order budget that all sides share, {_s(leg.ttl_ms)} if each rests its whole life{own}"
    )
    for number_, tier in enumerate(leg.tiers, 1):
        yield f"    panic {number_}: {_tier(tier)}"


def _tier(tier: TierForecast) -> str:
    at = "" if tier.at_mark is None else f", at mark {price(tier.at_mark)}"
    return (
        f"under {percent(tier.dist)} from liquidation{at}: {tier.slices} slices of {number(tier.slice_qty)}, flat "
        f"within {_s(tier.flat_ms)} if the touch shows its slices as they arrive"
    )


def _s(ms: int) -> str:
    return f"{ms / 1000:.1f} s"
