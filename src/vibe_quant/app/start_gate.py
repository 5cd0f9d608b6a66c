"""Whether the program may start to trade: reads what must be right, in order, and reports all that it found.

A network that is not there yet refuses nothing: the reads are repeated until they are answered.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Iterable
from dataclasses import dataclass, replace

from vibe_quant.app import start_findings as find
from vibe_quant.app.instance import Held
from vibe_quant.app.patience import Patience, Sleep
from vibe_quant.app.start_findings import Account, Check, Finding
from vibe_quant.app.time_sync import Measured, Say, TimeSync
from vibe_quant.domain import events as ev
from vibe_quant.domain.settings import Manage, Settings
from vibe_quant.ports import Accepted, Clock, Exchange, Failure, Outcome, Unknown

FEW = 3  # attempts at what is wished for and not needed
Opening = Callable[[Patience], Awaitable[Iterable[Finding]]]
"""How an account begins that is not there before; a finding that refuses ends the start."""


async def open_already(_: Patience) -> Iterable[Finding]:
    """The account is there."""
    return ()


@dataclass(frozen=True, slots=True)
class Report:
    """What the start found.

    ``stops_allowed``: nothing is wrong with the key and the position mode, so that protective stops are placed even
    where another check refuses.  ``key_passed``: the key's rights were read and are good (None: they could not be
    read), to be journalled with the time.  ``rules``: what was read of the listed symbols, for the engine.
    """

    findings: tuple[Finding, ...]
    stops_allowed: bool = False
    key_passed: bool | None = None
    measured: Measured | None = None
    rules: tuple[ev.RulesLoaded, ...] = ()

    @property
    def refusals(self) -> tuple[Finding, ...]:
        """Why the program does not start to trade; empty: it does."""
        return tuple(finding for finding in self.findings if finding.refuses)

    def with_finding(self, finding: Finding) -> Report:
        """With what another check has found."""
        return replace(self, findings=(*self.findings, finding))


def held_by_another(held: Held) -> Report:
    """The report where another instance works the account: nothing is read, and nothing placed."""
    return Report((find.of_instance(held),))


class StartGate:
    """It only reads; ``time`` is left with the clock measured."""

    def __init__(
        self,
        exchange: Exchange,
        clock: Clock,
        time: TimeSync,
        settings: Settings,
        account: Account,
        say: Say,
        sleep: Sleep = asyncio.sleep,
    ) -> None:
        self._exchange = exchange
        self._clock = clock
        self._time = time
        self._settings = settings
        self._account = account
        self._sleep = sleep
        self._patience = Patience(clock, say, time.once, sleep)
        self._found: list[Finding] = []
        self._rules: list[ev.RulesLoaded] = []

    async def run(self, opening: Opening = open_already) -> Report:
        """Check everything; waits as long as the exchange does not answer."""
        self._found, self._rules = [], []
        await self._check_clock()
        opened = list(await opening(self._patience))
        self._found += opened
        alive = not any(found.refuses for found in opened) and await self._check_account()
        passed = await self._check_rights() if alive else None
        if alive:
            await self._check_symbols()
            await self._look_around()
        stops = alive and not any(f.refuses and f.check in (Check.KEY, Check.MODE) for f in self._found)
        return Report(tuple(self._found), stops, passed, self._time.held, tuple(self._rules))

    async def _check_clock(self) -> None:
        before = self._clock.offset_ms
        found: Measured | Failure = Unknown("not asked")
        for attempt in range(FEW):
            if attempt:
                await self._sleep(1)
            found = await self._measured()
            if not isinstance(found, Measured) or found.uncertainty_ms <= find.RECV_WINDOW_MS // 2:
                break
        self._found += find.of_clock(found, before, self._account)

    async def _measured(self) -> Measured | Failure:
        """The exchange's clock, or why it is refused; waits while there is no answer."""
        answer = await self._patience.ask("its clock", self._sampled)
        return answer.value if isinstance(answer, Accepted) else answer

    async def _sampled(self) -> Accepted[Measured] | Failure:
        found = await self._time.once()
        return Accepted(found) if isinstance(found, Measured) else found

    async def _check_account(self) -> bool:
        """False where nothing more can be read."""
        answer = await self._patience.ask("the account's configuration", self._exchange.account_config)
        self._found += find.of_config(answer, self._account)
        return isinstance(answer, Accepted)

    async def _check_rights(self) -> bool | None:
        """Whether the key's rights are good; None where they could not be read.

        The host that tells them is not waited for long.
        """
        answer = await self._patience.ask("the rights of the API key", self._exchange.key_rights, FEW)
        found = list(find.of_rights(answer, self._account, self._clock.server_ms()))
        self._found += found
        known = isinstance(answer, Accepted) and answer.value is not None
        return not any(finding.refuses for finding in found) if known else None

    async def _check_symbols(self) -> None:
        symbols = [symbol for symbol, _ in self._settings.symbols]
        for symbol, answer in zip(symbols, await asyncio.gather(*map(self._rules_of, symbols)), strict=True):
            self._found += find.of_rules(symbol, answer)
            if isinstance(answer, Accepted):
                self._rules.append(answer.value)

    async def _rules_of(self, symbol: str) -> Outcome[ev.RulesLoaded]:
        return await self._patience.ask(f"the rules of {symbol}", lambda: self._exchange.rules(symbol))

    async def _look_around(self) -> None:
        listed = frozenset(symbol for symbol, _ in self._settings.symbols)
        known = tuple(sorted(listed))
        answer = await self._patience.ask("positions and orders", lambda: self._exchange.snapshot(None, known), FEW)
        managed = frozenset[str]() if self._settings.shared.manage is Manage.ALL else listed
        self._found += find.of_snapshot(answer, self._account, managed)
