"""The prices of the last minutes, thinned as they get older, so that a page that is opened has something to draw."""

from __future__ import annotations

from decimal import Decimal

from vibe_quant.domain.status import LegStatus

MOST_POINTS = 720
FINEST_MS = 1000
COARSEST_MS = 4000

Point = tuple[int, Decimal | None, Decimal | None, Decimal | None]
"""Epoch ms, bid, ask, mark."""


class Course:
    """Of one symbol: a point a second, then every second and fourth; the oldest go where it gets no coarser."""

    def __init__(self) -> None:
        self.points: list[Point] = []
        self._step_ms = FINEST_MS

    def add(self, point: Point) -> None:
        """One that comes too soon after the last is left out."""
        if self.points and point[0] - self.points[-1][0] < self._step_ms - FINEST_MS // 4:
            return
        self.points.append(point)
        if len(self.points) <= MOST_POINTS:
            return
        if self._step_ms < COARSEST_MS:
            self._step_ms *= 2
            self.points = self.points[::2]
        else:
            del self.points[: MOST_POINTS // 10]


class Courses:
    """One each symbol; those of symbols that are gone go too."""

    def __init__(self) -> None:
        self._of: dict[str, Course] = {}

    def points(self, symbol: str) -> list[Point]:
        """Oldest first."""
        course = self._of.get(symbol)
        return [] if course is None else course.points

    def look(self, at_ms: int, legs: tuple[LegStatus, ...]) -> None:
        """Take the prices of now."""
        for leg in legs:
            self._of.setdefault(leg.symbol, Course()).add((at_ms, leg.bid, leg.ask, leg.mark))
        if len(self._of) > len(legs):
            shown = {leg.symbol for leg in legs}
            self._of = {symbol: course for symbol, course in self._of.items() if symbol in shown}
