"""When a connection that delivers nothing is taken for dead: by its data, never by its pings."""

from __future__ import annotations

from collections.abc import Callable

TICKS = 5


def always() -> bool:
    """Data is always to be expected."""
    return True


class Silence:
    """How long one stream may say nothing.

    ``first_ms`` at first, doubled up to ``most_ms`` each time a reconnection has brought nothing either: a market in
    which nothing happens looks the same as a dead socket.  Without a limit while ``expected`` says no.
    """

    def __init__(self, first_ms: int, most_ms: int | None = None, expected: Callable[[], bool] = always) -> None:
        self._first_ms = first_ms
        self._most_ms = most_ms or first_ms
        self._expected = expected
        self._now_ms = first_ms

    @property
    def limit_ms(self) -> int | None:
        """The longest silence; None: nothing is expected."""
        return self._now_ms if self._expected() else None

    @property
    def tick_ms(self) -> int:
        """How often to look; a silence is some looks in a row, so that a program that stood still suspects nobody."""
        return max(self._first_ms // TICKS, 5)

    def heard(self) -> None:
        """Data came."""
        self._now_ms = self._first_ms

    def expired(self) -> None:
        """A connection was given up for its silence."""
        self._now_ms = min(self._now_ms * 2, self._most_ms)
