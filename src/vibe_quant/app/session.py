"""One run from the lock to the last row of the journal: what must be right is checked before anything is sent."""

from __future__ import annotations

from collections.abc import Callable, Coroutine, Sequence
from contextlib import AsyncExitStack
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from random import Random
from typing import Any

from vibe_quant.app.application import REFUSED, Application, Goal, Parts
from vibe_quant.app.aside import aside
from vibe_quant.app.clock import StartIds, SystemClock
from vibe_quant.app.database import Database, database_of
from vibe_quant.app.holding import Holding
from vibe_quant.app.inbox import Inbox
from vibe_quant.app.instance import Held, InstanceLock, fingerprint, record_of, this_process
from vibe_quant.app.key_watch import KeyWatch, key_check
from vibe_quant.app.memory import Memory, heritage, pauses, remember
from vibe_quant.app.narrator import log_notice
from vibe_quant.app.observers import Observer
from vibe_quant.app.paper import open_paper, paper_account
from vibe_quant.app.patience import Patience
from vibe_quant.app.places import journal_file
from vibe_quant.app.prelude import Prelude
from vibe_quant.app.pruning import pruning
from vibe_quant.app.restart import Restart
from vibe_quant.app.start_findings import Account
from vibe_quant.app.start_gate import Report, StartGate, held_by_another
from vibe_quant.app.time_sync import TimeSync
from vibe_quant.app.wire import StreamTimes, Wire, open_wire
from vibe_quant.binance.credentials import Credentials
from vibe_quant.binance.urls import Endpoints
from vibe_quant.domain import log_events as le
from vibe_quant.domain.enums import NoticeKind, Severity
from vibe_quant.domain.events import JournalState
from vibe_quant.domain.intents import Notify
from vibe_quant.domain.settings import Settings, Venue
from vibe_quant.journal.reader import JournalReader
from vibe_quant.journal.sqlite_journal import SqliteJournal
from vibe_quant.log import log
from vibe_quant.ports import Entry, JournalBroken, Sink

PAST = "past"
PAUSE_MAY_STAND = (
    "the journal of earlier runs cannot be read, and a pause may stand in it: mend it, or set it aside, and restart"
)
UNREAD = "Discretion waits, for a pause may stand in it: mend it, or set it aside, and restart"


def tell(notice: Notify) -> None:
    """A notice of the shell's own, into the log."""
    log_notice(notice)


@dataclass(frozen=True, slots=True)
class Plan:
    """What is to be run.  ``state`` is the folder of the journal; ``configuration`` names the file, for people.

    ``credentials`` None: venue paper, which has no use for them.
    """

    settings: Settings
    endpoints: Endpoints
    credentials: Credentials | None
    state: Path
    goal: Goal
    version: str
    config_hash: str
    configuration: str = ""
    pg_password: str | None = field(default=None, repr=False)
    observers: Sequence[Observer] = ()
    times: StreamTimes = field(default_factory=StreamTimes)
    started: Callable[[Application], None] = field(default=lambda _: None)
    """Called when the application is about to work: from then on ``stop`` is an event of its."""
    retune: Callable[[Settings], None] = field(default=lambda _: None)
    """Takes new settings at the moment that the engine has; raises nothing."""
    tell: Callable[[Notify], None] = field(default=tell)
    """Takes the shell's own notices."""


async def run_session(plan: Plan) -> int:
    """Run until it is over; the exit code of the process."""
    clock, shared = SystemClock(), plan.settings.shared
    account = _account(plan)
    since = datetime.fromtimestamp(clock.wall_ms() / 1000, UTC).isoformat(timespec="seconds")
    me = this_process(since, plan.configuration, shared.venue.value)
    path = journal_file(shared, plan.state)
    async with AsyncExitStack() as locks:
        for name in (account, record_of(path)):
            lock = await InstanceLock.acquire(name, me)
            if isinstance(lock, Held):
                _told(held_by_another(lock), plan.tell)
                return REFUSED
            locks.push_async_callback(lock.release)
        run = StartIds().run()
        database = database_of(shared, account, me, run, path, plan.pg_password, plan.tell)
        return await _with_journal(plan, clock, run, account, path, database)


async def _with_journal(plan: Plan, clock: SystemClock, run: str, account: str, path: Path, database: Database) -> int:
    """The rest of the run once no other host has the account; a lease that is not given back lapses by itself."""
    refused = await database.take()
    if refused is not None:
        plan.tell(Notify(NoticeKind.LIFECYCLE, Severity.ALARM, refused))
        return REFUSED
    journal = SqliteJournal(path, run, database.offer)
    try:
        code = await Session(plan, clock, run, account, journal, database).work()
    finally:
        journal.close()
    await database.end(journal.acknowledged.seq)
    return code


def _account(plan: Plan) -> str:
    """What stands for the account; simulated exchanges of one seed have the same key, and are not the same account."""
    shared = plan.settings.shared
    if shared.venue is Venue.PAPER:
        return paper_account(journal_file(shared, plan.state))
    if plan.credentials is None:
        raise ValueError(f"venue {shared.venue} needs a key")
    key = plan.credentials.api_key
    return fingerprint(f"{key}@{plan.endpoints.rest}" if shared.venue is Venue.SIM else key)


def _wire(plan: Plan, clock: SystemClock, sink: Sink, random: Random) -> Wire:
    """The exchange that is traded at, or the one that is imagined; a key is for the former alone."""
    shared, reach = plan.settings.shared, plan.endpoints
    if shared.venue is Venue.PAPER:
        return open_paper(reach, clock, sink, shared, random, plan.times)
    return open_wire(reach, plan.credentials, clock, sink, shared, random, plan.times)


class Session:
    """The start's checks, then the application; the account is ours and the journal is open."""

    def __init__(
        self, plan: Plan, clock: SystemClock, run: str, account: str, journal: SqliteJournal, database: Database
    ) -> None:
        self._plan = plan
        self._clock = clock
        self._run = run
        self._account = account
        self._journal = journal
        self._database = database
        self._app: Application | None = None
        self._inbox = Inbox()
        self._holding = Holding(clock, self._inbox.put)
        self._random = Random()
        self._wire = _wire(plan, clock, self._inbox.put, self._random)
        self._time = TimeSync(self._wire.exchange, clock, self._inbox.put, plan.tell)
        self._patience = Patience(clock, plan.tell, self._time.once)

    async def work(self) -> int:
        """Check, report, and run as far as the checks allow."""
        try:
            memory, key_passed_ms = self._remembered()
            await self._patience.ask("the list of contracts", self._wire.exchange.load_names)
            report = await self._gate(key_passed_ms)
            _told(report, self._plan.tell)
            self._record_start(report)
            if report.refusals and not report.stops_allowed:
                return REFUSED
            return await self._trade(report, memory, key_passed_ms)
        finally:
            await self._wire.exchange.close()

    def _remembered(self) -> tuple[Memory, int | None]:
        """What the journal knows of earlier runs; where it cannot be read, nothing, and it is said.

        A pause that nobody can read may stand: without an operator's restart nothing discretionary is sent then.
        Of an account that is imagined nothing outlives the run.
        """
        venue = self._plan.settings.shared.venue
        if venue is Venue.PAPER:
            return Memory(), None
        try:
            reader = JournalReader(self._journal.path)
            inherits, said = heritage(reader.last_start(), self._account, venue)
            if said:
                self._plan.tell(Notify(NoticeKind.LIFECYCLE, Severity.WARNING, said))
            if not inherits:
                return Memory(), None
            return remember(reader, self._clock.server_ms()), reader.last_key_pass(self._account)
        except (JournalBroken, ValueError, LookupError, ArithmeticError) as error:  # or a row holds no such data
            broken = error if isinstance(error, JournalBroken) else f"journal {self._journal.path}: a row is damaged"
            there = self._journal.path.exists()
            if there:
                self._holding.put(PAST, PAUSE_MAY_STAND)
            text = f"{broken}. Nothing is known of earlier runs." + (f" {UNREAD}." if there else "")
            self._plan.tell(Notify(NoticeKind.LIFECYCLE, Severity.ALARM, text))
            return Memory(), None

    async def _gate(self, key_passed_ms: int | None) -> Report:
        account = self._of(key_passed_ms)
        gate = StartGate(self._wire.exchange, self._clock, self._time, self._plan.settings, account, self._plan.tell)
        return await gate.run(self._wire.opening)

    def _of(self, key_passed_ms: int | None) -> Account:
        shared = self._plan.settings.shared
        return Account(self._account, shared.venue, shared.allow, shared.client_order_prefix, key_passed_ms)

    def _beside(self, report: Report, key_passed_ms: int | None) -> dict[str, Callable[[], Coroutine[Any, Any, None]]]:
        """What runs beside the application, by name; it holds discretion back where it must."""
        passed = self._clock.server_ms() if report.key_passed else key_passed_ms
        hold = self._holding.put
        keys = KeyWatch(self._wire.exchange, self._clock, self._of(passed), self._write, hold, self._plan.tell)
        keep_days, mirrored = self._plan.settings.shared.journal.keep_days, self._database.mirrored
        pruned = pruning(self._journal, keep_days, self._clock, mirrored, lambda: self._app)
        return {**self._database.tasks(hold), **pruned, "key": lambda: aside("the look at the key's rights", keys.run)}

    def _record_start(self, report: Report) -> None:
        plan, shared = self._plan, self._plan.settings.shared
        body = {
            "version": plan.version,
            "config_hash": plan.config_hash,
            "configuration": plan.configuration,
            "venue": shared.venue.value,
            "prefix": shared.client_order_prefix,
            "account": self._account,
            "refusals": [finding.text for finding in report.refusals],
        }
        at = self._clock.server_ms()
        rows = [Entry("start", at, body)]
        if report.key_passed is not None:
            rows.append(key_check(self._account, at, report.key_passed))
        self._write(rows)

    def _write(self, rows: Sequence[Entry]) -> None:
        """Before and beside the application; what cannot be written is said, and the application knows by itself."""
        try:
            self._journal.write(rows)
        except JournalBroken as broken:
            log(le.JOURNAL_FAILED, text=str(broken))

    async def _unlisted(self, symbols: Sequence[str]) -> tuple[str, ...]:
        """Which of these the exchange does not list; it is asked again where a name is not known."""
        if any(symbol not in self._wire.names for symbol in symbols):
            await self._wire.exchange.load_names()
        return tuple(symbol for symbol in symbols if symbol not in self._wire.names)

    def _retune(self, settings: Settings) -> None:
        self._wire.retune(settings.shared)
        self._plan.retune(settings)

    async def _trade(self, report: Report, memory: Memory, key_passed_ms: int | None) -> int:
        plan, wire = self._plan, self._wire
        reader = JournalReader(self._journal.path)
        restart = Restart(wire.exchange, self._clock, memory, reader, self._write, plan.tell, self._patience)
        now = self._clock.now_ms()
        well = JournalState(not self._journal.trouble, now, self._journal.trouble)
        parts = Parts(
            clock=self._clock,
            run=self._run,
            random=self._random,
            exchange=wire.exchange,
            market=wire.market,
            user=wire.user,
            journal=self._journal,
            time_sync=self._time,
            observers=plan.observers,
            beside=self._beside(report, key_passed_ms),
            holding=self._holding,
            first=[*report.rules, *pauses(memory.standing, self._clock), well],
            streams=wire.streams,
            keys=wire.keys,
            unlisted=self._unlisted,
            retune=self._retune,
            commits=self._journal.commits,
            booked=restart.found.trades,
            prelude=Prelude(restart, memory, self._clock).run,
        )
        self._app = app = Application(plan.settings, self._inbox, parts)
        plan.started(app)
        return await app.run(Goal.PROTECT if report.refusals else plan.goal)


def _told(report: Report, tell: Callable[[Notify], None]) -> None:
    for finding in report.findings:
        tell(finding.notice())
