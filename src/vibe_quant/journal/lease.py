"""Who may trade an account, where there is a mirror: a row that its holder renews, by the database's own clock."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from datetime import timedelta
from enum import StrEnum
from typing import Any

import psycopg
from sqlalchemy import and_, bindparam, delete, func, literal, or_, select, update
from sqlalchemy.dialects.postgresql import insert

from vibe_quant.journal.postgres import PostgresError, address_of, connected, fetch, migrate
from vibe_quant.journal.schema import leases

VALID_S = 30
RENEW_S = 10.0


class LeaseState(StrEnum):
    """Ours, not known for longer than it is valid, or another's."""

    HELD = "held"
    DOUBTFUL = "doubtful"
    LOST = "lost"


class LeaseHeldError(Exception):
    """Another instance trades the account; the message says which and until when."""


class Lease:
    """The right to trade ``account`` (a fingerprint, never a key); ``holder`` names host, process and run.

    ``heir``: a holder whose name ends so is known to be dead, and need not lapse first; "": none but ourselves.

    ``changed`` is told LOST once another holds it, DOUBTFUL while the database has not been reached for as long as a
    lease is valid, and HELD when it is ours again.
    """

    def __init__(
        self,
        url: str,
        account: str,
        holder: str,
        changed: Callable[[LeaseState, str], None],
        password: str | None = None,
        heir: str = "",
    ) -> None:
        self._address = address_of(url, password)
        self._account = account
        self._holder = holder
        self._heir = heir or holder
        self._changed = changed
        self._state = LeaseState.HELD
        self._renewed_s = 0.0

    async def acquire(self) -> None:
        """Take it, where it is free, lapsed or ours.

        Raises:
            LeaseHeldError: another holds it.
            PostgresError: it cannot be known.
        """
        async with connected(self._address) as connection:
            await migrate(connection)
            if await self._take(connection):
                self._renewed_s = asyncio.get_running_loop().time()
                return
        raise LeaseHeldError(await self._who())

    async def run(self) -> None:
        """Renew every ten seconds until cancelled or lost."""
        while self._state is not LeaseState.LOST:
            await asyncio.sleep(RENEW_S)
            await self.renew()

    async def renew(self) -> None:
        """Renew it once and tell ``changed`` of what has changed."""
        try:
            async with connected(self._address) as connection:
                ours = await fetch(connection, _RENEW, of=self._account, by=self._holder)
                ours = ours or await self._take(connection)  # nobody's: removed, or lost with the database's last copy
            detail = "" if ours else await self._who()
        except PostgresError as error:
            if asyncio.get_running_loop().time() - self._renewed_s >= VALID_S:
                self._tell(LeaseState.DOUBTFUL, f"the lease of the account cannot be renewed: {error}")
            return
        self._renewed_s = asyncio.get_running_loop().time()
        self._tell(LeaseState.HELD if ours else LeaseState.LOST, detail)

    async def holder(self) -> str | None:
        """Who holds it now, ourselves included; None where nobody does.

        Raises:
            PostgresError: it cannot be known.
        """
        async with connected(self._address) as connection:
            found = await fetch(connection, _WHO, account=self._account)
        return found[0][0] if found else None

    async def release(self) -> None:
        """Give it back at a clean end; one that is not ours stays.

        Raises:
            PostgresError: it lapses by itself.
        """
        async with connected(self._address) as connection:
            await fetch(connection, _RELEASE, of=self._account, by=self._holder)

    async def _take(self, connection: psycopg.AsyncConnection[Any]) -> list[Any]:
        return await fetch(connection, _TAKE, account=self._account, holder=self._holder, heir=self._heir)

    async def _who(self) -> str:
        by = await self.holder() or "one that has given it back just now"
        return (
            f"this account is traded by another instance: {by}. Stop that one first; where it died, its lease lapses "
            f"by itself within {VALID_S} s"
        )

    def _tell(self, state: LeaseState, detail: str) -> None:
        if state is not self._state:
            self._state = state
            self._changed(state, detail)


_NOW = func.clock_timestamp()
_UNTIL = _NOW + literal(timedelta(seconds=VALID_S))
_NEW = insert(leases).values(account=bindparam("account"), holder=bindparam("holder"), until=_UNTIL)
_TAKE = _NEW.on_conflict_do_update(
    index_elements=[leases.c.account],
    set_={"holder": _NEW.excluded.holder, "until": _UNTIL},
    where=or_(
        leases.c.until < _NOW,
        leases.c.holder == _NEW.excluded.holder,
        func.right(leases.c.holder, func.length(bindparam("heir"))) == bindparam("heir"),
    ),
).returning(leases.c.until)
_OURS = and_(leases.c.account == bindparam("of"), leases.c.holder == bindparam("by"))
_RENEW = update(leases).where(_OURS).values(until=_UNTIL).returning(leases.c.until)
_RELEASE = delete(leases).where(_OURS)
_WHO = select(leases.c.holder).where(leases.c.account == bindparam("account"), leases.c.until > _NOW)
