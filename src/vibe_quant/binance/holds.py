"""Whether a request may leave now: after 418 none may, after 429 urgent ones, after -1015 all but orders."""

from __future__ import annotations

from enum import Enum


class Hold(Enum):
    """How a back-off binds a request; a ban binds all."""

    URGENT = "urgent"
    """Risk: passes the back-off of a 429."""
    ORDINARY = "ordinary"


class Holds:
    """What the exchange forbade and until when, monotonic ms; of two ends the later rules."""

    def __init__(self) -> None:
        self.banned_until = 0
        self.limited_until = 0
        self.orders_until = 0

    def ban(self, until_ms: int) -> None:
        """Nothing leaves before."""
        self.banned_until = max(self.banned_until, until_ms)

    def limit(self, until_ms: int) -> None:
        """Nothing but what is urgent leaves before."""
        self.limited_until = max(self.limited_until, until_ms)

    def pause_orders(self, until_ms: int) -> None:
        """No ordinary order is placed or changed before; cancels and reads go on."""
        self.orders_until = max(self.orders_until, until_ms)

    def why_not(self, hold: Hold, places: bool, now: int) -> str | None:
        """None where a request may leave at ``now``, else the reason; ``places``: it counts as an order."""
        if now < self.banned_until:
            return f"not sent: the exchange has banned this address for another {_seconds(self.banned_until - now)} s"
        if hold is Hold.URGENT:
            return None
        if now < self.limited_until:
            return f"not sent: the exchange asked to back off for another {_seconds(self.limited_until - now)} s"
        if places and now < self.orders_until:
            left = _seconds(self.orders_until - now)
            return f"not sent: the account's order count is used up for another {left} s"
        return None


def _seconds(ms: int) -> int:
    return -(-ms // 1000)
