"""The account's lease beside a run: who may start, and what follows when it is in doubt or lost."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from pathlib import Path

from vibe_quant.app.aside import within
from vibe_quant.app.instance import Holder
from vibe_quant.app.time_sync import Say
from vibe_quant.domain.enums import NoticeKind, Severity
from vibe_quant.domain.intents import Notify
from vibe_quant.journal.lease import Lease, LeaseHeldError, LeaseState
from vibe_quant.journal.postgres import PostgresError

TAKE_S = 8.0
AGAIN_S = 10.0
GIVE_BACK_S = 3.0
BY = "lease"
LOST = "another instance has the lease of the account: end one of the two, then restart this one"

PutHold = Callable[[str, str | None], None]
"""(who holds discretion back, why; None: no more)"""


def place() -> str:
    """Names this boot of this host and its network: where two programs meet at the instance lock; "": not known."""
    try:
        boot = Path("/proc/sys/kernel/random/boot_id").read_text(encoding="ascii").strip()
        return f"{boot[:13]}.{Path('/proc/self/ns/net').stat().st_ino}"
    except OSError:
        return ""


def holder_of(host: str, holder: Holder, run: str, where: str) -> str:
    """As another instance reads it; ``where`` comes last, for it is what an heir is known by."""
    return f"{holder}, run {run}, host {host} ({where})"


class LeaseWatch:
    """``holder`` as of ``holder_of``.  Call ``take`` only under the instance lock: who held it here before is dead.

    A database that is away is no reason not to trade: the lock of the host and the look for foreign orders stay.
    """

    def __init__(self, url: str, account: str, holder: str, where: str, password: str | None, say: Say) -> None:
        heir = f"({where})" if where else ""
        self._lease = Lease(url, account, holder, self._changed, password, heir)
        self._account = account
        self._say = say
        self._hold: PutHold | None = None
        self._taken = False

    async def take(self) -> str | None:
        """Take it; why the start is refused, or None: it is ours, or nobody can know."""
        try:
            await self._acquire()
        except LeaseHeldError as held:
            return f"Account {self._account}: {held}. This one has not started and has sent nothing."
        except PostgresError as error:
            self._tell(
                Severity.ALARM,
                f"Account {self._account}: whether another host works it cannot be known, for the lease could not be "
                f"taken: {error}. The program goes on, and tries again every {AGAIN_S:.0f} s. See that no other "
                "instance works this account, and why the database does not answer.",
            )
        return None

    async def run(self, hold: PutHold) -> None:
        """Renew it until cancelled or lost; one that could not be taken is tried again until it is."""
        self._hold = hold
        while not self._taken:
            await asyncio.sleep(AGAIN_S)
            try:
                await self._acquire()
            except LeaseHeldError as held:
                self._changed(LeaseState.LOST, str(held))
                return
            except PostgresError:
                continue
            self._tell(Severity.INFO, f"Account {self._account}: its lease is ours now.")
        await self._lease.run()

    async def give_back(self) -> None:
        """At a clean end; what cannot be given back lapses by itself."""
        if not self._taken:
            return
        try:
            await within(GIVE_BACK_S, "the end of the lease", self._lease.release())
        except (PostgresError, TimeoutError):
            self._tell(
                Severity.INFO, f"Account {self._account}: its lease could not be given back; it lapses by itself."
            )

    async def _acquire(self) -> None:
        try:
            await within(TAKE_S, "the taking of the lease", self._lease.acquire())
        except TimeoutError:
            raise PostgresError(f"the database has not answered within {TAKE_S:.0f} s") from None
        self._taken = True

    def _changed(self, state: LeaseState, detail: str) -> None:
        if state is LeaseState.LOST:
            self._tell(
                Severity.ALARM,
                f"Account {self._account}: its lease is lost: {detail}. Discretionary orders are withdrawn and none is "
                "sent any more; panic and protective stops go on. End one of the two; to trade here again, restart.",
            )
            if self._hold is not None:
                self._hold(BY, LOST)
        elif state is LeaseState.DOUBTFUL:
            self._tell(
                Severity.ALARM,
                f"Account {self._account}: {detail}. Another host could take it by now; this one goes on trading. See "
                "why the database does not answer, and that no other instance is started.",
            )
        else:
            self._tell(Severity.INFO, f"Account {self._account}: its lease is renewed again.")

    def _tell(self, severity: Severity, text: str) -> None:
        self._say(Notify(NoticeKind.LIFECYCLE, severity, text))
