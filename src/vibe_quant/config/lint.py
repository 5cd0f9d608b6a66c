"""What is legal and probably unwise; each piece of advice names the key, and the line where one says it."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from vibe_quant.config.finding import Finding
from vibe_quant.config.lint_size import MarketFacts, lint_market, lint_patient, lint_size
from vibe_quant.config.panic_time import time_to_flat_ms
from vibe_quant.config.problems import KeyPath, Problem, dotted, shown
from vibe_quant.config.sources import Sources
from vibe_quant.config.steps import Steps, done
from vibe_quant.domain.risk_settings import RiskSettings
from vibe_quant.domain.settings import GlobalSettings, Manage, Settings, SymbolSettings, Venue
from vibe_quant.domain.strategy_settings import Policy, StrategySettings

SHORT_TTL_MS = 200
LONG_PANIC_MS = 600_000


def lint(settings: Settings, sources: Sources, market: Mapping[str, MarketFacts] | None = None) -> tuple[Problem, ...]:
    """Advice about everything that will be worked, by line; ``market`` (symbol -> facts) makes that on sizes exact."""
    return done(linting(settings, sources, market))


def linting(
    settings: Settings, sources: Sources, market: Mapping[str, MarketFacts] | None = None
) -> Steps[tuple[Problem, ...]]:
    """The same, a symbol at a time."""
    market = market or {}
    found = [sources.problem(None, f.uses, f.message) for f in _shared(settings.shared)]
    for symbol, one, facts in _worked(settings, market):
        found += [sources.problem(symbol, f.uses, f.message) for f in _symbol(one, settings.shared, facts)]
        yield
    for symbol in market:
        if settings.of(symbol) is None:
            found.append(Problem("symbols", None, f"{symbol} is not named here: its sizes were not judged"))
    return tuple(sorted(dict.fromkeys(found), key=lambda p: p.line or 0))


def _worked(
    settings: Settings, market: Mapping[str, MarketFacts]
) -> Iterator[tuple[str | None, SymbolSettings, MarketFacts | None]]:
    """What will be worked, by the symbol whose section says it (None: ``global:``), with its facts."""
    named = dict(settings.symbols)
    if settings.shared.manage is Manage.ALL:
        yield None, settings.default, None
        yield from ((None, settings.default, facts) for symbol, facts in market.items() if symbol not in named)
    for symbol, one in named.items():
        yield symbol, one, market.get(symbol)


def _shared(shared: GlobalSettings) -> Iterator[Finding]:
    if shared.venue is Venue.LIVE:
        yield Finding((("venue",),), "orders go to the real exchange; the start asks for --live as well")
    if shared.manage is Manage.ALL:
        message = "every open position of the account is worked down, those you open by hand too"
        yield Finding((("manage",),), message)


def _symbol(one: SymbolSettings, shared: GlobalSettings, facts: MarketFacts | None) -> Iterator[Finding]:
    yield from _pace(one, shared)
    yield from lint_size(one)
    yield from lint_patient(one, facts)
    if facts is not None:
        yield from lint_market(one, facts)
    yield from _escalation(one)
    yield from _protection(one.risk)
    yield from _panic_bounds(one)
    yield from _unused(one.strategy)


def _pace(one: SymbolSettings, shared: GlobalSettings) -> Iterator[Finding]:
    ttl_path, stale_path = ("execution", "order_ttl_ms"), ("ws", "stale_data_ms")
    ttl, stale = one.execution.order_ttl_ms, shared.ws.stale_data_ms
    if ttl < SHORT_TTL_MS:
        message = f"is {ttl} ms: an order is cancelled before most queues move; below {SHORT_TTL_MS} is rarely filled"
        yield Finding((ttl_path,), message)
    if stale > 2 * ttl:
        message = (
            f"ws.stale_data_ms ({stale}) is over twice execution.order_ttl_ms ({ttl}): "
            "several orders may be priced from one dead book before it is called stale"
        )
        yield Finding((stale_path, ttl_path), message)
    if one.execution.min_signal_interval_ms == 0:
        message = "is 0: signals are not throttled, only rate_limit holds back the orders of a busy market"
        yield Finding((("execution", "min_signal_interval_ms"),), message)


def _escalation(one: SymbolSettings) -> Iterator[Finding]:
    if one.execution.maker_timeouts_to_escalate == 0 and not one.risk.panic_close.enabled:
        message = (
            "is 0 with panic_close disabled: only soft risk ever takes, so that an exit in a market "
            "running away may never end"
        )
        yield Finding((("execution", "maker_timeouts_to_escalate"), ("risk", "panic_close", "enabled")), message)


def _protection(risk: RiskSettings) -> Iterator[Finding]:
    if not risk.protective_stop.enabled:
        message = "no stop rests at the exchange: when this program is down, nothing stands before liquidation"
        yield Finding((("risk", "protective_stop", "enabled"),), message)
    if not risk.panic_close.enabled:
        message = (
            "panic_close is disabled: near liquidation the exit stays with the signals, and the stop is all there is"
        )
        yield Finding((("risk", "panic_close", "enabled"),), message)
    if risk.dead_man.enabled:
        message = "cancels every order of the symbol when this program goes silent, your own too"
        yield Finding((("risk", "dead_man", "enabled"),), message)
    takeover = risk.protective_stop.external_takeover
    if takeover.enabled and takeover.rest_verify_interval_s > takeover.max_hold_s:
        here: KeyPath = ("risk", "protective_stop", "external_takeover")
        message = (
            f"rest_verify_interval_s ({takeover.rest_verify_interval_s}) is above max_hold_s ({takeover.max_hold_s}): "
            "a stop of yours is given up before it is looked for again"
        )
        yield Finding(((*here, "rest_verify_interval_s"), (*here, "max_hold_s")), message)


def _panic_bounds(one: SymbolSettings) -> Iterator[Finding]:
    panic = one.risk.panic_close
    for i, tier in enumerate(panic.tiers if panic.enabled else ()):
        bound = time_to_flat_ms(tier, panic, one.execution)
        if bound > LONG_PANIC_MS:
            message = (
                f"may take {bound // 60_000} minutes to be flat at dist_to_liq {shown(tier.dist_to_liq)}; "
                "raise slice_ratio, or lower maker_timeouts_to_escalate, ttl_percent or order_ttl_ms"
            )
            yield Finding((("risk", "panic_close", "tiers", i), ("execution", "order_ttl_ms")), message)


def _unused(strategy: StrategySettings) -> Iterator[Finding]:
    """Choices that another choice makes void."""
    leader: KeyPath = ("strategy", "leader")
    if strategy.leader is not None and strategy.policy is not Policy.LEADER:
        yield Finding((leader,), f"changes nothing under policy {strategy.policy}; it is read under policy leader")
    if strategy.weights and strategy.policy is not Policy.WEIGHTED:
        message = f"change nothing under policy {strategy.policy}; they are read under policy weighted"
        yield Finding((("strategy", "weights"),), message)
    if strategy.policy is not Policy.MAJORITY and len(strategy.names) == 1:
        message = f"changes nothing: {dotted(('strategy', 'names'))} has one strategy, whose vote is the signal"
        yield Finding((("strategy", "policy"),), message)
