"""What the API key may do, read again while the program runs: a right that it must not have stops discretion."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Sequence

from vibe_quant.app.lease_watch import PutHold
from vibe_quant.app.start_findings import PASS_MS, Account, moves_funds
from vibe_quant.app.time_sync import Say, why
from vibe_quant.domain.enums import NoticeKind, Severity
from vibe_quant.domain.intents import Notify
from vibe_quant.ports import Accepted, Clock, Entry, Exchange, Failure, KeyRights

EACH_S = 43_200.0
"""Twice a day: a look that fails leaves a pass that is young enough for a restart."""
AGAIN_S = 600.0
BY = "key"

Write = Callable[[Sequence[Entry]], None]


def key_check(account: str, at_ms: int, ok: bool) -> Entry:
    """The row by which a later start knows when the key's rights were read."""
    return Entry("check", at_ms, {"check": "key_rights", "ok": ok, "key": account})


class KeyWatch:
    """``account.key_passed_ms``: when the key last passed, this start's look included."""

    def __init__(
        self, exchange: Exchange, clock: Clock, account: Account, write: Write, hold: PutHold, say: Say
    ) -> None:
        self._exchange = exchange
        self._clock = clock
        self._account = account
        self._write = write
        self._hold = hold
        self._say = say
        self._passed_ms = account.key_passed_ms
        self._told: dict[str, str] = {}

    async def run(self, each_s: float = EACH_S, again_s: float = AGAIN_S) -> None:
        """Look until cancelled; begins with a pause, for the start has looked."""
        wait_s = each_s if self._passed_ms is not None else again_s
        while True:
            await asyncio.sleep(wait_s)
            wait_s = each_s if await self.look() else again_s

    async def look(self) -> bool:
        """Read the rights once, record and tell what they are; False where they could not be read."""
        answer = await self._exchange.key_rights()
        if not isinstance(answer, Accepted):
            self._unread(answer)
            return False
        if answer.value is not None:
            self._read(answer.value)
        return True

    def _read(self, known: KeyRights) -> None:
        allowed = self._account.allow.key_rights
        money = [name for name, held in known.rights.items() if held and moves_funds(name) and name not in allowed]
        futures = known.rights.get("enableFutures", True)
        at = self._clock.server_ms()
        if futures and not money:
            self._passed_ms = at
        self._write([key_check(self._account.fingerprint, at, futures and not money)])
        self._tell("unread", "")
        self._tell("money", _may_move(self._account, money) if money else "")
        self._tell("futures", "" if futures else _no_futures(self._account))
        rights = ", ".join(money)
        reason = f"the API key may move money out ({rights}): take that right away, or allow it by name, and restart"
        self._hold(BY, reason if money else None)

    def _unread(self, failure: Failure) -> None:
        if self._passed_ms is not None and self._clock.server_ms() - self._passed_ms <= PASS_MS:
            return
        text = (
            f"Account {self._account}: what the API key may do could not be read for 24 hours ({why(failure)}). The "
            f"program goes on and asks every {AGAIN_S / 60:.0f} minutes; a start would be refused now. The address "
            "that tells it is another one than that of futures: see whether this host reaches it."
        )
        self._tell("unread", text, said="unread")

    def _tell(self, matter: str, text: str, said: str = "") -> None:
        """Once for each change; "": it is well."""
        before = self._told.get(matter, "")
        self._told[matter] = said or text
        if text and before != (said or text):
            self._say(Notify(NoticeKind.LIFECYCLE, Severity.ALARM, text))
        elif before and not text:
            well = f"Account {self._account}: what was said of the API key ({WORDS[matter]}) is over."
            self._say(Notify(NoticeKind.LIFECYCLE, Severity.INFO, well))


WORDS = {
    "unread": "its rights could not be read",
    "money": "it might move money out",
    "futures": "it might not trade futures",
}


def _may_move(account: Account, rights: Sequence[str]) -> str:
    return (
        f"Account {account}: the API key may move money out of it by now ({', '.join(rights)}), which this program "
        "never needs. Discretionary orders are withdrawn and none is sent; panic and protective stops go on. If you "
        "have not given it that right, somebody else has: take the key away at the exchange. Otherwise take the right "
        f"away, or allow it by name with allow: {{key_rights: [{', '.join(rights)}]}} and restart."
    )


def _no_futures(account: Account) -> str:
    return (
        f"Account {account}: the API key may not trade futures any more (enableFutures is false): the exchange will "
        "refuse orders, protective stops among them; those that stand there stay. Give the key that right again at the "
        "exchange."
    )
