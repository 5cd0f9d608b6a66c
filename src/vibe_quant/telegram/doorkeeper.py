"""Who may speak, and when: strangers, what is old, what was done already and what is too much do not come in."""

from __future__ import annotations

from collections import deque
from dataclasses import dataclass

from vibe_quant.domain import log_events as le
from vibe_quant.log import log
from vibe_quant.operations import Notebook
from vibe_quant.ports import Clock
from vibe_quant.telegram.confirmations import Who
from vibe_quant.telegram.incoming import Heard, Nothing, Press, Word
from vibe_quant.telegram.tally import Tally

KIND = "telegram"
"""Rows of the journal: which update was acted upon."""
OLD_MS = 60_000
NOTE_LASTS_MS = 2 * 86_400_000
"""Telegram keeps an update for a day, and numbers anew, at random, after a week without any."""
HOUR_MS = 3_600_000
MINUTE_MS = 60_000
MOST_A_MINUTE = 30
"""Updates of one person that are answered."""


@dataclass(frozen=True, slots=True)
class TooMany:
    """More than anybody types; ``first``: it begins to be."""

    chat: int
    first: bool


class Doorkeeper:
    """``allowed``: (chat, user) pairs."""

    def __init__(self, allowed: frozenset[Who], notebook: Notebook, clock: Clock, tally: Tally) -> None:
        self._allowed = allowed
        self._notebook = notebook
        self._clock = clock
        self._tally = tally
        self._noted: tuple[int, int] | None = None  # update id, epoch ms
        self._notes_read = False
        self._old: dict[int, int] = {}
        self._alarmed_ms: int | None = None
        self._spoken: dict[Who, deque[int]] = {}

    def allow(self, allowed: frozenset[Who]) -> None:
        """These from now on, and nobody else."""
        self._allowed = allowed

    def admit(self, heard: Heard) -> Word | Press | TooMany | None:
        """The update, where it is to be answered."""
        self._tally.updates += 1
        if isinstance(heard, Nothing):
            self._tally.malformed += heard.malformed
            self._tally.ignored += not heard.malformed
            return None
        who = (heard.chat, heard.user)
        if who not in self._allowed:
            self._stranger(who)
            return None
        if self._is_replayed(heard.update_id):
            self._tally.replayed += 1
            return None
        if isinstance(heard, Word) and heard.at_ms < self._clock.server_ms() - OLD_MS:
            self._tally.old += 1
            self._old[heard.chat] = self._old.get(heard.chat, 0) + 1
            return None
        return self._too_many(who) or heard

    def noted(self, update_id: int, who: Who, act: str) -> bool:
        """Note that this update is acted upon; False: it is not on the disk, and must not be."""
        at_ms = self._clock.server_ms()
        note = {"update_id": update_id, "at_ms": at_ms, "chat": who[0], "user": who[1], "act": act}
        if not self._notebook.note(KIND, note):
            return False
        self._notes_read, self._noted = True, (update_id, at_ms)
        return True

    def too_old(self) -> dict[int, int]:
        """How many commands of each chat were too old, since this was asked last."""
        old, self._old = self._old, {}
        return old

    def _is_replayed(self, update_id: int) -> bool:
        if not self._notes_read:
            self._notes_read, self._noted = True, self._read()
        if self._noted is None:
            return False
        known, at_ms = self._noted
        return update_id <= known and self._clock.server_ms() < at_ms + NOTE_LASTS_MS

    def _read(self) -> tuple[int, int] | None:
        last = self._notebook.last(KIND) or {}
        known, at_ms = last.get("update_id"), last.get("at_ms")
        return (known, at_ms) if isinstance(known, int) and isinstance(at_ms, int) else None

    def _too_many(self, who: Who) -> TooMany | None:
        now, spoken = self._clock.now_ms(), self._spoken.setdefault(who, deque())
        while spoken and spoken[0] <= now - MINUTE_MS:
            spoken.popleft()
        if len(spoken) <= MOST_A_MINUTE:
            spoken.append(now)
            if len(spoken) <= MOST_A_MINUTE:
                return None
            return TooMany(who[0], first=True)
        self._tally.ignored += 1
        return TooMany(who[0], first=False)

    def _stranger(self, who: Who) -> None:
        """Silence, a count, and a line in the log an hour."""
        self._tally.unauthorised += 1
        now = self._clock.now_ms()
        if self._alarmed_ms is not None and now < self._alarmed_ms + HOUR_MS:
            return
        self._alarmed_ms = now
        text = (
            "somebody who is not on the allow list writes to the bot; nothing is answered. If it was you, put this "
            "chat and user under telegram.allow"
        )
        log(le.TELEGRAM_STRANGER, chat=who[0], user=who[1], count=self._tally.unauthorised, text=text)
