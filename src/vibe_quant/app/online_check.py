"""What the exchange says of a configuration: whether a start would be refused; each symbol's rules and positions."""

from __future__ import annotations

from dataclasses import dataclass
from decimal import Decimal

from vibe_quant.app import start_findings as find
from vibe_quant.app.reach import Looking
from vibe_quant.app.start_findings import Account, Finding
from vibe_quant.config.lint_size import MarketFacts
from vibe_quant.domain import events as ev
from vibe_quant.domain.account import Position
from vibe_quant.domain.settings import Manage, Settings
from vibe_quant.ports import Accepted, Outcome


@dataclass(frozen=True, slots=True)
class SymbolFacts:
    """One symbol as the exchange has it now; ``legs`` are the open ones, ``mark`` None where it was not read."""

    symbol: str
    rules: ev.RulesLoaded
    mark: Decimal | None
    legs: tuple[Position, ...]

    def market(self) -> MarketFacts | None:
        """For advice on sizes; by the larger leg."""
        if self.mark is None:
            return None
        return MarketFacts(self.rules.rules, self.mark, max((leg.qty for leg in self.legs), default=None))


@dataclass(frozen=True, slots=True)
class OnlineCheck:
    """All findings, in order, and the facts of each symbol that could be read."""

    findings: tuple[Finding, ...]
    symbols: tuple[SymbolFacts, ...] = ()

    @property
    def refused(self) -> bool:
        """Whether a start would be."""
        return any(finding.refuses for finding in self.findings)


async def check_online(at: Looking, settings: Settings, account: Account) -> OnlineCheck:
    """Read what the start gate would, once and without its patience, and what sizes are judged by."""
    expected = at.clock.offset_ms
    found = [*find.of_clock(await at.time.once(), expected, account)]
    if any(finding.refuses for finding in found):
        return OnlineCheck(tuple(found))
    await at.exchange.load_names()
    legs: tuple[Position, ...] = ()
    if at.at.credentials is not None:
        found += find.of_config(await at.exchange.account_config(), account)
        found += find.of_rights(await at.exchange.key_rights(), account, at.clock.server_ms())
        legs = await _legs(at, settings, account, found)
    symbols = [await _symbol(at, symbol, legs, found) for symbol in _worked(settings, legs)]
    return OnlineCheck(tuple(found), tuple(facts for facts in symbols if facts is not None))


async def _legs(at: Looking, settings: Settings, account: Account, found: list[Finding]) -> tuple[Position, ...]:
    listed = tuple(symbol for symbol, _ in settings.symbols)
    read = await at.exchange.snapshot(None, listed)
    managed = frozenset[str]() if settings.shared.manage is Manage.ALL else frozenset(listed)
    found += find.of_snapshot(read, account, managed)
    if not isinstance(read, Accepted):
        return ()
    return tuple(leg for leg in read.value.positions or () if leg.qty > 0)


def _worked(settings: Settings, legs: tuple[Position, ...]) -> list[str]:
    """Those that are listed, and under manage: all those with a position."""
    held = [leg.symbol for leg in legs if settings.of(leg.symbol) is not None]
    return list(dict.fromkeys([*(symbol for symbol, _ in settings.symbols), *held]))


async def _symbol(at: Looking, symbol: str, legs: tuple[Position, ...], found: list[Finding]) -> SymbolFacts | None:
    rules = await _rules(at, symbol)
    found += find.of_rules(symbol, rules)
    if not isinstance(rules, Accepted):
        return None
    mark = await at.exchange.mark(symbol)
    price = mark.value.price if isinstance(mark, Accepted) else None
    return SymbolFacts(symbol, rules.value, price, tuple(leg for leg in legs if leg.symbol == symbol))


async def _rules(at: Looking, symbol: str) -> Outcome[ev.RulesLoaded]:
    """Without a key there are no brackets."""
    if at.at.credentials is not None:
        return await at.exchange.rules(symbol)
    listed = await at.exchange.listed_rules(symbol)
    if not isinstance(listed, Accepted):
        return listed
    return Accepted(ev.RulesLoaded(listed.value, at.clock.now_ms()))
