"""How fast a chat may be written to: one message a second, and fewer in a row, the last of them for what matters."""

from __future__ import annotations

from collections import deque
from dataclasses import dataclass, field

from vibe_quant.telegram.urgency import Urgency


@dataclass(frozen=True, slots=True)
class Limits:
    """``each_ms`` lies between two messages; ``routine``, ``risk``, ``replies``: how many a window each may fill.

    The window is short, so that a burst does not use up what the next alarm needs.
    """

    each_ms: int = 1000
    window_ms: int = 10_000
    routine: int = 2
    risk: int = 3
    replies: int = 3

    def most(self, urgency: Urgency) -> int:
        """How many messages may lie in the window before one of this kind."""
        if urgency is Urgency.RISK:
            return self.risk
        return self.replies if urgency is Urgency.REPLY else self.routine


GROUP = Limits()
"""Telegram takes twenty a minute: this is eighteen at most."""
PRIVATE = Limits(risk=5, replies=8)
"""Telegram takes about one a second; people read less, but for what they have asked for."""


@dataclass(slots=True)
class Pace:
    """One chat's."""

    limits: Limits
    _sent: deque[int] = field(default_factory=deque)

    def wait_ms(self, urgency: Urgency, now: int) -> int:
        """How long such a message must wait; zero: it may leave."""
        while self._sent and self._sent[0] <= now - self.limits.window_ms:
            self._sent.popleft()
        if not self._sent:
            return 0
        wait = self._sent[-1] + self.limits.each_ms - now
        over = len(self._sent) - self.limits.most(urgency)
        if over >= 0:
            wait = max(wait, self._sent[over] + self.limits.window_ms - now)
        return max(0, wait)

    def sent(self, now: int) -> None:
        """One has left."""
        self._sent.append(now)
