"""What can be seen of the sides from outside the core: for cards, pages, /why, and whoever waits for flat."""

from __future__ import annotations

from dataclasses import dataclass
from decimal import Decimal

from vibe_quant.domain.enums import ExecutionMode, ExecutionState, PositionSide
from vibe_quant.domain.risk import RiskLevel


@dataclass(frozen=True, slots=True)
class SideView:
    """A frozen look at one side.

    ``qty`` is |position| as the core counts with it, base asset; ``dist`` the liquidation distance, a ratio, None
    where nothing can liquidate the side or it is not known.  ``blocked`` is the gate that holds discretion back and
    ``blocked_since_ms`` when it began (monotonic), None where nothing does or nothing is held; ``blocked_counts``:
    gate, how often begun.
    """

    symbol: str
    side: PositionSide
    state: ExecutionState
    mode: ExecutionMode
    qty: Decimal
    risk: RiskLevel
    dist: Decimal | None
    panic_tier: int | None
    stop_standing: bool
    blocked: str | None
    blocked_since_ms: int | None
    halted: str | None
    blocked_counts: tuple[tuple[str, int], ...] = ()


@dataclass(frozen=True, slots=True)
class LegView:
    """A managed leg: |position| in the base asset; ``known`` False before the exchange has told of it.

    ``flat``: nil by the exchange's own word.
    """

    symbol: str
    side: PositionSide
    qty: Decimal
    known: bool
    flat: bool


@dataclass(frozen=True, slots=True)
class LiveOrder:
    """The own order of a side that may live; ``sent_ms`` monotonic, ``urgent``: of panic or a protective stop."""

    client_id: str
    price: Decimal | None
    qty: Decimal
    filled: Decimal
    mode: ExecutionMode | None
    sent_ms: int
    urgent: bool


@dataclass(frozen=True, slots=True)
class SideLook:
    """What a person wants to see of one side beside ``SideView``; looked at when asked, not at each event.

    ``stop_price`` is the nearest to the mark of the stops that close the leg and are known to rest, ours or the
    user's.  ``target`` is where the exit stops, base asset.  ``halt`` is the side's own, not the account's.
    """

    entry: Decimal | None
    liq: Decimal | None
    mark: Decimal | None
    bid: Decimal | None
    ask: Decimal | None
    stop_price: Decimal | None
    order: LiveOrder | None
    paused: bool
    flattening: bool
    target: Decimal
    halt: str | None


@dataclass(frozen=True, slots=True)
class WhyView:
    """Why a side does what it does now (``domain.status.Why`` in monotonic milliseconds).

    ``acting``: nothing holds it back, ``reason`` is that of its newest order; else ``reason`` holds it back since
    ``since_ms`` (None: that was not looked at).  ``inputs`` are the numbers behind it as they are now, of an order as
    they were when it left.  ``advice``: what it means and what can be done (``domain.advice``).
    """

    acting: bool
    reason: str
    inputs: tuple[tuple[str, str], ...]
    since_ms: int | None
    counts: tuple[tuple[str, int], ...]
    last_reason: str | None
    last_ms: int | None
    advice: str = ""


@dataclass(frozen=True, slots=True)
class PauseView:
    """One pause: of a symbol, None of all; ``until_ms`` monotonic, None until undone; ``panic``: panic rests too."""

    symbol: str | None
    until_ms: int | None
    panic: bool
