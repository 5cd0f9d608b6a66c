"""How the side spent its time: in which state, in which mode, behind which gate, and how near liquidation came."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from decimal import Decimal

from vibe_quant.domain.events import Event, Quote
from vibe_quant.domain.intents import Intent
from vibe_quant.domain.side_view import SideView


@dataclass(frozen=True, slots=True)
class Times:
    """Milliseconds by state, mode and gate while there was a position; ``min_liq_distance`` is a ratio of the mark.

    ``mode_changes`` counts changes of the mode while there was a position.
    """

    state_ms: tuple[tuple[str, int], ...]
    mode_ms: tuple[tuple[str, int], ...]
    blocked_ms: tuple[tuple[str, int], ...]
    mode_changes: int
    min_liq_distance: Decimal | None


class StateClock:
    """Looks at the side after each call of the engine that may have changed it."""

    def __init__(self, look: Callable[[], SideView | None]) -> None:
        self._look = look
        self._last: SideView | None = None
        self._since = 0
        self._states: dict[str, int] = {}
        self._modes: dict[str, int] = {}
        self._gates: dict[str, int] = {}
        self._mode_changes = 0
        self._nearest: Decimal | None = None

    def see(self, now: int, event: Event, intents: Sequence[Intent], quote: Quote | None) -> None:  # noqa: ARG002
        """One call of the engine; what is not shown is taken to have changed nothing."""
        last, view = self._last, self._look()
        if last is not None and last.qty:
            self._spend(last, now - self._since)
            self._mode_changes += view is not None and view.mode is not last.mode and bool(view.qty)
        self._last, self._since = view, now

    def times(self, now: int) -> Times:
        """The sums until ``now``, most time first."""
        if self._last is not None and self._last.qty:
            self._spend(self._last, now - self._since)
            self._since = now
        return Times(
            _most_first(self._states),
            _most_first(self._modes),
            _most_first(self._gates),
            self._mode_changes,
            self._nearest,
        )

    def _near(self, view: SideView) -> None:
        if view.dist is not None and (self._nearest is None or view.dist < self._nearest):
            self._nearest = view.dist

    def _spend(self, view: SideView, elapsed: int) -> None:
        """A look that lasted no time is none: between two events of one push the account is half told."""
        if not elapsed:
            return
        self._near(view)
        _add(self._states, view.state, elapsed)
        _add(self._modes, view.mode, elapsed)
        if view.blocked is not None:
            _add(self._gates, view.blocked, elapsed)


def _add(sums: dict[str, int], key: str, elapsed: int) -> None:
    sums[key] = sums.get(key, 0) + elapsed


def _most_first(sums: dict[str, int]) -> tuple[tuple[str, int], ...]:
    return tuple(sorted(((str(key), spent) for key, spent in sums.items() if spent), key=lambda row: (-row[1], row[0])))
