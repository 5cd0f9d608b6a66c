"""Lines that say the same again within a while become one line with a count."""

from __future__ import annotations

import re
from collections.abc import Hashable
from dataclasses import dataclass, replace
from datetime import datetime, timedelta

from vibe_quant.app.log_form import Said

WINDOW = timedelta(seconds=30)
MOST = 1000
_NUMBER = re.compile(r"\d+")


@dataclass(slots=True)
class _Run:
    begin: datetime
    last: Said
    more: int = 0


class Fold:
    """The first of its kind is written at once; those that follow within ``window`` are one line at its end."""

    def __init__(self, window: timedelta = WINDOW, most: int = MOST) -> None:
        self._window = window
        self._most = most
        self._runs: dict[Hashable, _Run] = {}

    def take(self, said: Said) -> list[Said]:
        """What is to be written now."""
        key = _key(said)
        run = self._runs.get(key)
        if run is not None and run.begin <= said.at < run.begin + self._window:
            run.last, run.more = said, run.more + 1
            return []
        before = self._over(key, said.at)
        if len(self._runs) >= self._most:
            before += self._over(next(iter(self._runs)), said.at)
        self._runs[key] = _Run(said.at, said)
        return [*before, said]

    def due(self, at: datetime) -> list[Said]:
        """What has been folded long enough; what goes on is folded on."""
        found: list[Said] = []
        for key, run in list(self._runs.items()):
            if run.begin <= at < run.begin + self._window:
                continue
            found += self._over(key, at)
            if run.more:
                self._runs[key] = _Run(at, run.last)
        return found

    def rest(self, at: datetime) -> list[Said]:
        """All that is folded, at the end."""
        return [said for key in list(self._runs) for said in self._over(key, at)]

    def _over(self, key: Hashable, at: datetime) -> list[Said]:
        """The last of them with the count, at the time when it is written."""
        run = self._runs.pop(key, None)
        return [replace(run.last, repeated=run.more, trace="", at=at)] if run is not None and run.more else []


def _key(said: Said) -> Hashable:
    """All fields; of noisy ones neither ids nor numbers, which differ each time and tell nothing new."""
    if not said.event.noisy:
        return (said.event.name, said.level, *said.fields.items())
    words = {name: value for name, value in said.fields.items() if isinstance(value, str) and name != "client_id"}
    if "text" in words:
        words["text"] = _NUMBER.sub("0", words["text"])
    return (said.event.name, said.level, *words.items())
