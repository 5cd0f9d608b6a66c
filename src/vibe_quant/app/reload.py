"""Reloads the configuration of a running service: all of it or nothing, journalled, and the last good file kept.

The file is read and compared in pieces, and once: an order or a stop never waits for all of it.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from vibe_quant.app.application import Application
from vibe_quant.app.last_good import keep
from vibe_quant.breath import in_pieces
from vibe_quant.config.loader import ConfigLoader, Loaded, content_of, digest
from vibe_quant.config.problems import ConfigError, FileProblem
from vibe_quant.config.reload import changing, consequences, refusals
from vibe_quant.domain import events as ev
from vibe_quant.domain.enums import NoticeKind, Severity
from vibe_quant.domain.intents import Notify
from vibe_quant.domain.status import Answer, ConfigChange, ReloadPlan
from vibe_quant.ports import Entry

TAKEN_S = 10.0
LOOK_S = 0.01
MOST_SAID = 12
MOST_JOURNALLED = 200
STARTING = "the service is still starting"
STOPPING = "the service is stopping"
UNCHANGED = "Nothing was changed: the service goes on with what it had."
AGAIN = "The file, or what the service works by, has changed since this was shown: look at it again."
SLOW = "The engine has not taken it yet: it waits behind other news, and is taken after them. Look at the status."

Tell = Callable[[Notify], None]


@dataclass(frozen=True, slots=True)
class _Read:
    """The file at one moment; ``loaded`` None: it is not a valid configuration, and ``problems`` say why."""

    loaded: Loaded | None
    problems: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class _Judged:
    """A file against what ruled; ``token`` names both."""

    token: str
    new: Loaded
    changes: tuple[ConfigChange, ...]
    refused: tuple[str, ...]
    warnings: tuple[str, ...]


class Reloader:
    """One a process.  ``app`` gives the application once it works, ``adopt`` is told what rules after a reload.

    ``plan`` changes nothing.  ``apply`` gives the engine the new settings as one event, which it takes between two
    others; whoever else holds a part of them has the new ones when that event is done.
    """

    def __init__(
        self,
        loaded: Loaded,
        state: Path,
        app: Callable[[], Application | None],
        tell: Tell,
        adopt: Callable[[Loaded], None] = lambda _: None,
    ) -> None:
        self.loaded = loaded
        self._state = state
        self._app = app
        self._tell = tell
        self._adopt = adopt
        self._one_at_a_time, self._one_reads = asyncio.Lock(), asyncio.Lock()
        self._judged: _Judged | None = None
        """The newest: what is shown, confirmed and applied is read and compared once."""

    @property
    def not_now(self) -> str | None:
        """Why nothing can be reloaded now; None: it can."""
        app = self._app()
        if app is None or not (app.at_work or app.refused):
            return STARTING
        return STOPPING if app.refused or app.over or app.engine.house.stopping else None

    async def plan(self, by: str) -> ReloadPlan:  # noqa: ARG002 - nothing is done by it
        """Read the file again, and say what would change."""
        judged = await self._judge()
        return judged if isinstance(judged, ReloadPlan) else await self._planned(judged)

    async def apply(self, token: str, by: str, *, drop_stops: bool = False) -> Answer:
        """Apply the plan of that token; refused where file or service have changed since."""
        async with self._one_at_a_time:
            if _token(self.loaded, self._content()) != token:
                return Answer(False, f"{AGAIN} {UNCHANGED}")
            judged = await self._judge()
            if isinstance(judged, ReloadPlan) or judged.token != token:
                return Answer(False, f"{AGAIN} {UNCHANGED}")
            plan = await self._planned(judged)
            app, held = self._app(), self.not_now
            if plan.problems or app is None or held is not None:
                why = "; ".join(plan.problems) or held or STARTING
                return Answer(False, f"Not reloaded: {why}. {UNCHANGED}")
            return await self._taken(app, judged.new, plan.changes, by, drop_stops)

    def keep(self) -> None:
        """Put what rules beside the journal, as the last good file."""
        try:
            keep(self._state, self.loaded.content)
        except OSError as error:
            text = (
                f"The last good configuration cannot be kept in {self._state} ({error.strerror or error}). The service "
                "goes on; mend the folder's permissions, or make room."
            )
            self._tell(Notify(NoticeKind.LIFECYCLE, Severity.WARNING, text))

    async def _judge(self) -> _Judged | ReloadPlan:
        """What the file says against what rules now; where it is not valid, a plan that holds its problems."""
        async with self._one_reads:  # however many ask at once, one piece is done a turn, and the file is read once
            known = self._judged
            if known is not None and known.token == _token(self.loaded, self._content()):
                return known
            read = await self._read()
            return ReloadPlan("", (), read.problems) if read.loaded is None else await self._compared(read.loaded)

    async def _compared(self, new: Loaded) -> _Judged:
        ruling = self.loaded
        found = await in_pieces(changing(ruling.settings, new.settings))
        self._judged = _Judged(
            token=_token(ruling, new.content),
            new=new,
            changes=found,
            refused=tuple(str(problem) for problem in refusals(ruling.settings, new)),
            warnings=(*consequences(ruling.settings, new.settings), *(str(warning) for warning in new.warnings)),
        )
        return self._judged

    async def _planned(self, judged: _Judged) -> ReloadPlan:
        """With what the exchange says of it now."""
        problems = (*judged.refused, *await self._unlisted(judged.new))
        return ReloadPlan(judged.token, judged.changes, problems, judged.warnings)

    async def _unlisted(self, new: Loaded) -> list[str]:
        """A symbol that would be managed has to be one of the exchange's."""
        app, known = self._app(), dict(self.loaded.settings.symbols)
        added = [symbol for symbol, _ in new.settings.symbols if symbol not in known]
        if app is None or not added:
            return []
        unlisted = await app.parts.unlisted(added)
        return [f"symbols.{symbol}: the exchange lists no such perpetual; correct the name" for symbol in unlisted]

    async def _taken(
        self, app: Application, new: Loaded, found: tuple[ConfigChange, ...], by: str, drop_stops: bool
    ) -> Answer:
        self._journalled(app, new, found, by, drop_stops)
        now = app.parts.clock.now_ms()
        app.inbox.put(ev.Reload(now, new.settings, drop_stops, by))
        self.loaded, self._judged = new, None
        try:
            await _is_taken(app, new)
        finally:  # whoever asked may be gone by now: what was put is taken all the same
            answer = self._settled(app, new, found, by)
        return answer

    def _settled(self, app: Application, new: Loaded, found: tuple[ConfigChange, ...], by: str) -> Answer:
        """All that shows the configuration shows the new one."""
        taken = app.engine.settings is new.settings
        self._adopt(new)
        self.keep()
        text = f"Reloaded by {by}: {_said(found)}." + ("" if taken else f" {SLOW}")
        self._tell(Notify(NoticeKind.LIFECYCLE, Severity.INFO, text))
        return Answer(taken, text)

    def _journalled(
        self, app: Application, new: Loaded, found: tuple[ConfigChange, ...], by: str, drop_stops: bool
    ) -> None:
        body = {
            "command": "reload",
            "by": by,
            "before": self.loaded.sha256,
            "after": new.sha256,
            "drop_stops": drop_stops,
            "changes": [[one.scope, one.key, one.old, one.new] for one in found[:MOST_JOURNALLED]],
            "more": max(0, len(found) - MOST_JOURNALLED),
        }
        app.recorder.append([Entry("command", app.parts.clock.server_ms(), body)], app.parts.clock.now_ms())

    async def _read(self) -> _Read:
        try:
            return _Read(await in_pieces(ConfigLoader().steps(self.loaded.path)))
        except FileProblem as problem:
            return _Read(None, (f"{problem}",))
        except ConfigError as error:
            return _Read(None, tuple(str(problem) for problem in error.problems))

    def _content(self) -> bytes:
        try:
            return content_of(self.loaded.path)
        except FileProblem:
            return b""


def _token(ruling: Loaded, content: bytes) -> str:
    """Names this content of the file against what rules."""
    return digest(f"{ruling.sha256} {digest(content)}".encode())[:16]


async def _is_taken(app: Application, new: Loaded) -> None:
    """Wait for it, but not for ever."""
    loop = asyncio.get_running_loop()
    end = loop.time() + TAKEN_S
    while app.engine.settings is not new.settings and not app.over and loop.time() < end:
        await asyncio.sleep(LOOK_S)


def _said(found: tuple[ConfigChange, ...]) -> str:
    """The changes in one line, the first of many."""
    if not found:
        return "nothing that rules has changed"
    listed = [f"{one.scope} {one.key} {one.old} -> {one.new}" for one in found[:MOST_SAID]]
    more = len(found) - MOST_SAID
    return "; ".join(listed) + (f"; and {more} more" if more > 0 else "")
