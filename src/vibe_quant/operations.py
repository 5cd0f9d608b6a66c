"""Between the running service and the ways to its operator: what may be asked and commanded, and what is shown."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, Protocol

from vibe_quant.domain import events as ev
from vibe_quant.domain.enums import PositionSide
from vibe_quant.domain.intents import Intent, Notify
from vibe_quant.domain.status import Answer, ConfigChange, ExitCost, ReloadPlan, Report, Status, Why


class Operations(Protocol):
    """What an operator may ask of the running service and tell it, by whichever way: socket, phone or page.

    ``by`` names who asks, for the journal: "cli (uid 1000)", "telegram 42", "page".  Symbols are unified; None is the
    whole account.  Nothing here can open or enlarge a position, or raise a limit.
    """

    def status(self) -> Status:
        """The picture of this moment: for who needs all of it at once."""
        ...

    async def drawn(self) -> Status:
        """The same, a few legs at a time: each leg is of one moment, and who looks often holds nothing up."""
        ...

    def why(self, symbol: str, side: PositionSide) -> Why | None:
        """Why the side does what it does; None where it is not managed."""
        ...

    def names(self, text: str) -> str | None:
        """The managed symbol that a person means ("btcusdt", "BTC", "BTC/USDT:USDT"); None: none, or several."""
        ...

    async def pause(self, symbol: str | None, for_ms: int | None, by: str, *, panic: bool = False) -> Answer:
        """Stop discretion and cancel its live orders; ``for_ms`` None: until resumed.

        ``panic`` stops panic's exits too, so that only the stops at the exchange protect: for who says so in words.
        """
        ...

    async def resume(self, symbol: str | None, by: str) -> Answer:
        """End pauses and halts."""
        ...

    async def flatten(self, symbol: str | None, side: PositionSide | None, by: str) -> Answer:
        """Work it to zero without signals; to be confirmed by whoever asks before this is called."""
        ...

    async def plan_reload(self, by: str) -> ReloadPlan:
        """Read the configuration file again, and say what would change; nothing does."""
        ...

    async def apply_reload(self, token: str, by: str, *, drop_stops: bool = False) -> Answer:
        """Apply that plan, if the file is still the one it was made of.

        ``drop_stops``: a protective stop that it switches off is taken away though its position stands.
        """
        ...

    async def report(self, since_ms: int) -> Report:
        """From the journal, since a moment (epoch ms).

        Raises:
            JournalBroken: it is not there yet, or cannot be read now.
        """
        ...

    def log_lines(self, count: int) -> tuple[str, ...]:
        """The newest lines of the log, oldest first."""
        ...

    def config(self, symbol: str | None) -> tuple[ConfigChange, ...] | None:
        """What rules, secrets masked: key and value (``new``), with the default as ``old``; None: not managed."""
        ...


class Notebook(Protocol):
    """Small things that must outlive the process, as rows of the journal; whoever serves ``Operations`` has it too."""

    def note(self, kind: str, body: Mapping[str, Any]) -> bool:
        """Write a row of ``kind`` with plain data; False: it is not on the disk.

        It waits for the disk in the order path: for what is rare and comes from people who may command, never for each
        message of a stranger.
        """
        ...

    def last(self, kind: str) -> Mapping[str, Any] | None:
        """The newest row of ``kind``, of this run or an earlier one; None: there is none, or none can be read."""
        ...


class Front(Protocol):
    """A way to the operator: runs beside trading, sees what happens, and can hold nothing up."""

    name: str

    def see(self, now: int, event: ev.Event, intents: Sequence[Intent], quote: ev.Quote | None) -> None:
        """One call of the engine (``app.observers``); market news that was answered with nothing is left out."""
        ...

    def notice(self, notice: Notify) -> None:
        """A notice of the shell's own; those of the engine come by ``see``."""
        ...

    def cost(self, cost: ExitCost) -> None:
        """An exit is over."""
        ...

    async def run(self) -> None:
        """Until cancelled; what raises is said and begun again later."""
        ...
