"""What the way over Telegram has counted since the start."""

from __future__ import annotations

from dataclasses import dataclass, fields


@dataclass(slots=True)
class Tally:
    """``dropped``: lost to the bounds of the queues; ``lost``: not taken by Telegram; ``held_back``: 429."""

    updates: int = 0
    commands: int = 0
    unauthorised: int = 0
    ignored: int = 0
    malformed: int = 0
    old: int = 0
    replayed: int = 0
    wrong_confirmations: int = 0
    conflicts: int = 0
    sent: int = 0
    dropped: int = 0
    lost: int = 0
    held_back: int = 0
    failures: int = 0

    def counts(self) -> tuple[tuple[str, int], ...]:
        """(name, count), for status and metrics."""
        return tuple((f"telegram_{one.name}", getattr(self, one.name)) for one in fields(self))
