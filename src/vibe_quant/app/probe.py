"""``doctor --probe``: asks a demo exchange what no page says, on one leg that is held, and leaves it as it was."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Coroutine
from dataclasses import dataclass, field
from datetime import UTC, datetime
from decimal import Decimal
from typing import Any, TypeVar

from vibe_quant.app.instance import Held, InstanceLock, this_process
from vibe_quant.app.probe_answers import Reply, unanswered
from vibe_quant.app.probe_clean import ProbeCleaner
from vibe_quant.app.probe_desk import ProbeDesk, ProbeStopped, ProbeTimes, Sent, Unforeseen
from vibe_quant.app.probe_ids import probe_run
from vibe_quant.app.probe_leg import NOTHING, Leg, ProbeRefused, found_leg
from vibe_quant.app.probe_questions import POLL_S, Questions
from vibe_quant.app.probe_stream import Ear, listening
from vibe_quant.app.reach import Looking
from vibe_quant.app.start_findings import Account
from vibe_quant.domain.enums import PositionSide
from vibe_quant.domain.settings import WsSettings
from vibe_quant.ports import Accepted

T = TypeVar("T")
READS = 5
Tell = Callable[[Reply], None]


@dataclass(frozen=True, slots=True)
class Wanted:
    """What is to be probed; ``configuration`` names the file, for whoever finds the account taken."""

    account: Account
    named: str
    side: PositionSide
    configuration: str
    ws: WsSettings
    times: ProbeTimes = field(default_factory=ProbeTimes)


@dataclass(frozen=True, slots=True)
class ProbeReport:
    """What came of it.  ``before`` and ``after`` is what the leg held; None: it could not be read.

    ``stopped``: why not everything was asked ("": it was).  ``left``: client ids, and a countdown, of which it could
    not be verified that they are gone; ``trouble`` is why.
    """

    symbol: str
    side: PositionSide
    before: Decimal
    after: Decimal | None
    answers: tuple[Reply, ...]
    stopped: str = ""
    left: tuple[str, ...] = ()
    trouble: str = ""

    @property
    def good(self) -> bool:
        """Everything was asked, nothing is left, and the leg is as it was."""
        return not self.stopped and not self.left and self.after == self.before


class Probe:
    """One probe; ``tell`` takes each answer as it comes."""

    def __init__(self, at: Looking, wanted: Wanted, tell: Tell) -> None:
        self._at = at
        self._wanted = wanted
        self._tell = tell
        self._stopped_by = ""
        self._cleaning = False
        self._task: asyncio.Task[Any] | None = None

    def stop(self, name: str) -> bool:
        """Ask nothing more and clean up; whether that is still to be done, and not under way already."""
        first = not (self._stopped_by or self._cleaning)
        self._stopped_by = self._stopped_by or name
        if self._task is not None and not self._cleaning:
            self._task.cancel()
        return first

    async def run(self) -> ProbeReport:
        """From the lock to the last look.

        Raises:
            ProbeRefused: nothing was sent.
        """
        wanted, clock = self._wanted, self._at.clock
        since = datetime.fromtimestamp(clock.wall_ms() / 1000, UTC).isoformat(timespec="seconds")
        me = this_process(since, wanted.configuration, wanted.account.venue.value)
        lock = await InstanceLock.acquire(wanted.account.fingerprint, me)
        if isinstance(lock, Held):
            raise ProbeRefused(lock.text)
        try:
            return await self._locked()
        finally:
            await lock.release()

    async def _locked(self) -> ProbeReport:
        wanted = self._wanted
        try:
            leg = await self._until_stopped(found_leg(self._at, wanted.account, wanted.named, wanted.side))
        except ProbeStopped as stopped:
            raise ProbeRefused(f"{stopped}. {NOTHING}") from None
        desk = self._desk(leg)
        await self._swept(desk, leg)
        async with listening(self._at, wanted.ws) as ear:
            return await self._asked(desk, leg, ear)

    def _desk(self, leg: Leg) -> ProbeDesk:
        at, wanted = self._at, self._wanted
        run = probe_run(at.clock.wall_ms())
        symbol, prefix = leg.position.symbol, wanted.account.prefix
        return ProbeDesk(at.exchange, at.clock, symbol, wanted.side, leg.places, prefix, run, wanted.times)

    async def _swept(self, desk: ProbeDesk, leg: Leg) -> None:
        """What an earlier probe has left goes first, a countdown of its included."""
        old = [*((one, False) for one in leg.left_orders), *((one, True) for one in leg.left_stops)]
        if not old:
            return
        now = desk.clock.now_ms()
        desk.sent += [Sent(client_id, is_stop, now, acked=True) for client_id, is_stop in old]
        desk.armed_until_ms = now + desk.times.patience_ms
        cleaner = ProbeCleaner(desk, self._at.time)
        if left := await cleaner.clean():
            raise ProbeRefused(
                f"An earlier probe has left {', '.join(left)} in {desk.symbol}, and it could not be verified that they "
                f"are gone now ({cleaner.trouble}). Nothing was asked. Cancel them by hand at the exchange."
            )

    async def _asked(self, desk: ProbeDesk, leg: Leg, ear: Ear) -> ProbeReport:
        answers: list[Reply] = []
        cleaner = ProbeCleaner(desk, self._at.time)
        stopped = ""
        try:
            await self._until_stopped(self._ask(desk, ear, answers))
        except ProbeStopped as why_stopped:
            stopped = str(why_stopped)
        finally:
            self._cleaning = True
            left = await cleaner.clean()
        after = await self._after(desk)
        trouble = cleaner.trouble if left else ""
        before = leg.position.qty
        return ProbeReport(desk.symbol, desk.side, before, after, tuple(answers), stopped, left, trouble)

    async def _ask(self, desk: ProbeDesk, ear: Ear, answers: list[Reply]) -> None:
        await _heard(ear, desk)
        for question, ask in Questions(desk, ear).each():
            try:
                answer = await ask()
            except Unforeseen as unforeseen:
                answer = unanswered(question, str(unforeseen))
            answers.append(answer)
            self._tell(answer)

    async def _after(self, desk: ProbeDesk) -> Decimal | None:
        """What the leg holds now."""
        for _ in range(READS):
            read = await desk.exchange.positions()
            if isinstance(read, Accepted):
                mine = (leg.qty for leg in read.value.positions if (leg.symbol, leg.side) == (desk.symbol, desk.side))
                return next(mine, Decimal(0))
            await desk.sleep(1)
        return None

    async def _until_stopped(self, work: Coroutine[Any, Any, T]) -> T:
        """Its result; raises ProbeStopped where somebody wanted an end."""
        self._task = task = asyncio.create_task(work)
        if self._stopped_by:
            task.cancel()
        try:
            return await task
        except asyncio.CancelledError:
            if not self._stopped_by:
                raise
            raise ProbeStopped(f"ended by {self._stopped_by}") from None
        finally:
            self._task = None


async def _heard(ear: Ear, desk: ProbeDesk) -> None:
    """Wait for the stream, as long as one waits."""
    end = desk.clock.now_ms() + desk.times.patience_ms
    while ear.up_ms is None and desk.clock.now_ms() < end:
        await desk.sleep(POLL_S)
