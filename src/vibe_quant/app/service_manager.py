"""Tells the service manager how the service is: ready only when ready, alive only while the engine makes progress.

While the start is not over each sign of life prolongs it, for a host's network may come up late: a start that waits is
healthy.  That is bounded as long as nothing works yet (``WAIT_S``), for a fresh process may cure what a waiting one
cannot see; and not bounded once stops and panic are at work, for then an end would only cost protection.
"""

from __future__ import annotations

import asyncio
from collections.abc import Mapping, Sequence
from enum import Enum

from vibe_quant.app.pulse import Present, Pulse
from vibe_quant.app.readiness import unready
from vibe_quant.app.sd_notify import US, NotifySocket, notify_socket, watchdog_s
from vibe_quant.app.status_line import cut, status_line
from vibe_quant.domain import log_events as le
from vibe_quant.domain.enums import Severity
from vibe_quant.domain.events import Event, Quote
from vibe_quant.domain.intents import Intent, Notify
from vibe_quant.domain.status import ExitCost
from vibe_quant.log import log
from vibe_quant.operations import Operations

LOOK_S = 0.2
BEAT_S = 15.0
"""Between two signs of life where no watchdog asks for more."""
WAIT_S = 1800.0
STATUS_S = 5.0
PROLONGED_S = 60.0
"""What a sign of life prolongs the start by."""
ENDING_S = 30.0
"""What an end may take beyond its orders: the mirror's last rows, and putting everything away."""


class Phase(Enum):
    """As the service manager sees it."""

    STARTING = "starting"
    READY = "ready"
    STOPPING = "stopping"


class ServiceManager:
    """A front.  ``wait_s`` watchdog's patience, None: there is none; ``stop_s`` how long a stop may take."""

    name = "service manager"

    def __init__(
        self, notify: NotifySocket, wait_s: float | None, stop_s: float, present: Present, operations: Operations
    ) -> None:
        self._notify = notify
        self._beat_s = BEAT_S if wait_s is None else min(BEAT_S, wait_s / 3)
        self._watched = wait_s is not None
        self._stop_s = stop_s
        self._present = present
        self._operations = operations
        self._pulse = Pulse(present)
        self._phase = Phase.STARTING
        self._patient_until_s: float | None = None
        self._beat_due_s = 0.0
        self._stuck_s: float | None = None
        self._waited = False
        self._failed = False
        self._said = ""
        self._alarm = ""

    def see(self, now: int, event: Event, intents: Sequence[Intent], quote: Quote | None) -> None:
        """Of no use here: what is behind is seen by the consumer's own counts."""

    def notice(self, notice: Notify) -> None:
        """An alarm of a start stands in the status until the start is over."""
        if notice.severity is Severity.ALARM:
            self._alarm = notice.text

    def cost(self, cost: ExitCost) -> None:
        """Of no use here."""

    async def run(self) -> None:
        """Until cancelled, which is the end of the service; a defect of this front is none."""
        loop = asyncio.get_running_loop()
        describing = asyncio.create_task(self._describe())
        try:
            while True:
                self._survive(loop.time())
                await asyncio.sleep(LOOK_S)
        except asyncio.CancelledError:
            self._stops()
            raise
        finally:
            describing.cancel()

    def _survive(self, now_s: float) -> None:
        """Look; what fails in it is said once, and what comes before it, the sign of life, goes on."""
        try:
            self.look(now_s)
        except Exception as defect:  # noqa: BLE001 - begun again in a minute it would come too late for the watchdog
            self._fails(defect, LOOK_S)

    def _fails(self, defect: Exception, again_s: float) -> None:
        if not self._failed:
            self._failed = True
            text = f"a defect: the {self.name} is not told all that it should be; trading goes on"
            log(le.TASK_FAILED, defect=defect, task=self.name, again_s=again_s, text=text)

    def look(self, now_s: float) -> None:
        """Tell what is to be told by now; ``now_s`` is the loop's time."""
        if self._patient_until_s is None:
            self._patient_until_s, self._beat_due_s = now_s + WAIT_S, now_s
        if now_s >= self._beat_due_s:
            self._beat(now_s)
        self._turn()

    def _turn(self) -> None:
        """From one phase into the next."""
        app = self._present()
        if app is not None and (app.engine.house.stopping or app.over):
            self._stops()
        elif self._phase is Phase.STARTING and self._missing() is None:
            self._phase = Phase.READY
            self._alarm = self._said = ""
            self._notify.send("READY=1", f"STATUS={self._status(self._line())}")

    def _stops(self) -> None:
        """Said once; a stop that the configuration allows more time than the unit does is given it."""
        if self._phase is not Phase.STOPPING:
            self._phase = Phase.STOPPING
            prolonged = int((self._stop_s + ENDING_S) * US)
            status = "STATUS=stopping: own orders are cancelled, protective stops stay"
            self._notify.send("STOPPING=1", f"EXTEND_TIMEOUT_USEC={prolonged}", status)

    def _beat(self, now_s: float) -> None:
        """A sign of life, where there is life."""
        late_s = now_s - self._beat_due_s
        self._beat_due_s = now_s + self._beat_s
        stuck = self._pulse.beat()
        if stuck is not None:
            self._is_stuck(stuck, now_s)
            return
        if self._stuck_s is not None:
            late_s, self._stuck_s = now_s - self._stuck_s, None
        if late_s > self._beat_s:
            text = f"nothing was done for {late_s:.1f} s: a slow disk, or a host without a processor to spare"
            log(le.MOVING_AGAIN, after_s=round(late_s, 1), text=text)
        if self._watched:
            self._notify.send("WATCHDOG=1")
        if self._phase is Phase.STARTING and self._may_wait(now_s):
            self._notify.send(f"EXTEND_TIMEOUT_USEC={int(max(PROLONGED_S, 3 * self._beat_s) * US)}")

    def _is_stuck(self, what: str, now_s: float) -> None:
        if self._stuck_s is None:
            self._stuck_s = now_s
            text = f"{what}. The watchdog is fed no more: unless that ends the service manager kills this process and "
            log(le.STUCK, text=f"{text}starts another, which cancels the orders that are left. Protective stops stand.")

    def _may_wait(self, now_s: float) -> bool:
        if self._present() is not None or self._patient_until_s is None or now_s < self._patient_until_s:
            return True
        if not self._waited:
            self._waited = True
            text = f"nothing could be begun in {WAIT_S / 60:.0f} min: the service manager will end this start, and "
            log(le.START_WAITED, text=f"{text}begin another. Protective stops at the exchange stand.")
        return False

    async def _describe(self) -> None:
        """Beside the signs of life, which wait for no picture."""
        while True:
            try:
                await self.tell_status()
            except Exception as defect:  # noqa: BLE001 - the next one may be told
                self._fails(defect, STATUS_S)
            await asyncio.sleep(STATUS_S)

    async def tell_status(self) -> None:
        """The line as it is now, where it is another; its picture is drawn in pieces, so that no order waits for it."""
        try:
            line = status_line(await self._operations.drawn())
        except Exception as defect:  # noqa: BLE001 - that, too, is told in the line
            line = self._undrawn(defect)
        status = self._status(line)
        if status != self._said and self._phase is not Phase.STOPPING:
            self._said = status
            self._notify.send(f"STATUS={status}")

    def _missing(self) -> str | None:
        """What the start waits for; whatever a look comes to, the signs of life go on."""
        try:
            return unready(self._present())
        except Exception as defect:  # noqa: BLE001 - a look that fails must not end in a restart of what trades
            return f"it could not be seen ({type(defect).__name__})"

    def _line(self) -> str:
        """The picture at once: for the one moment at which the service turns ready."""
        try:
            return status_line(self._operations.status())
        except Exception as defect:  # noqa: BLE001 - nor a picture that cannot be drawn
            return self._undrawn(defect)

    def _undrawn(self, defect: Exception) -> str:
        return f"{self._phase.value}, the picture could not be drawn ({type(defect).__name__})"

    def _status(self, line: str) -> str:
        """The line, and before it what a start still waits for."""
        if self._phase is not Phase.STARTING:
            return line
        return cut(f"not ready: {self._alarm or self._missing()}; {line}")


def service_manager(
    environment: Mapping[str, str], pid: int, stop_s: float, present: Present, operations: Operations
) -> tuple[ServiceManager, ...]:
    """One where the environment names its socket, none else."""
    notify = notify_socket(environment)
    if notify is None:
        return ()
    return (ServiceManager(notify, watchdog_s(environment, pid), stop_s, present, operations),)
