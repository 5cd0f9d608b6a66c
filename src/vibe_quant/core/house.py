"""What all sides share: settings, account, order ledger, budgets, ids, the server's clock, and who may act at all."""

from __future__ import annotations

from dataclasses import dataclass, field

from vibe_quant.core.account import Account
from vibe_quant.core.bystanders import Bystanders
from vibe_quant.core.exit_counter import ExitCounter
from vibe_quant.core.foreign import ForeignOrders
from vibe_quant.core.orders import OrderLedger
from vibe_quant.core.pacing import Pacing
from vibe_quant.core.patience import Troubles
from vibe_quant.core.position_reads import PositionReads
from vibe_quant.core.stop_ids import StopIds
from vibe_quant.core.sync import Sync
from vibe_quant.domain.commands import Flatten, Pause
from vibe_quant.domain.enums import PositionSide
from vibe_quant.domain.settings import Settings


@dataclass(frozen=True, slots=True)
class PauseState:
    """One pause; ``until_ms`` monotonic, None until undone; ``panic`` stops panic too."""

    until_ms: int | None
    panic: bool


@dataclass(slots=True)
class House:
    """Account-wide state of the core.  ``run`` is new at each start, so that client ids are never reused."""

    settings: Settings
    run: str
    pacing: Pacing
    stop_ids: StopIds
    sync: Sync
    reads: PositionReads = field(default_factory=PositionReads)
    account: Account = field(default_factory=Account)
    orders: OrderLedger = field(default_factory=OrderLedger)
    foreign: ForeignOrders = field(default_factory=ForeignOrders)
    bystanders: Bystanders = field(default_factory=Bystanders)
    counters: dict[tuple[str, PositionSide], ExitCounter] = field(default_factory=dict)
    pauses: dict[str | None, PauseState] = field(default_factory=dict)
    """symbol (None: all) -> its pause."""
    offset_ms: int | None = None
    rough_offset_ms: int = 0
    """As an account report's own time told it; stands in for what is urgent until the offset is measured."""
    user_up: bool = False
    heard_ms: int = 0
    """When the user stream last brought anything."""
    early: list[Flatten | Pause] | None = field(default_factory=list)
    """What was asked before the account was first read, for sides that are met by then; None from then on."""
    halted: str | None = None
    journal_ok: bool = True
    journal_trouble: str = ""
    held: str | None = None
    """Why the program itself holds discretion back, beside all gates."""
    troubles: Troubles = field(default_factory=Troubles)
    stopping: bool = False
    _seq: int = 0

    def server_ms(self, now: int) -> int:
        """The exchange's clock at ``now``, by the measured offset; roughly where there is none yet."""
        return now + (self.rough_offset_ms if self.offset_ms is None else self.offset_ms)

    def new_order_id(self) -> str:
        """``<prefix>-<run>-<seq>``."""
        self._seq += 1
        return f"{self.settings.shared.client_order_prefix}-{self.run}-{self._seq}"

    def is_own(self, client_id: str) -> bool:
        """True for an id that carries our prefix, of whatever run."""
        return client_id.startswith(f"{self.settings.shared.client_order_prefix}-")

    def counter(self, symbol: str, side: PositionSide) -> ExitCounter:
        """The leg's independent counter, made at first use."""
        return self.counters.setdefault((symbol, side), ExitCounter())

    def paused(self, symbol: str, now: int, *, panic: bool = False) -> bool:
        """True while a pause of the symbol, or of everything, holds; with ``panic``, one that stops panic too."""
        if not self.pauses:
            return False
        found = [self.pauses[key] for key in (None, symbol) if key in self.pauses]
        return any((p.until_ms is None or now < p.until_ms) and (p.panic or not panic) for p in found)
