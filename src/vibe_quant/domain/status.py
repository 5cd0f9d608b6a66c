"""What the service tells of itself: the one picture that command line, phone, page and metrics all draw from.

Prices and notionals in the quote asset, quantities in the base asset, ratios not percents, moments epoch ms.
"""

from __future__ import annotations

from dataclasses import dataclass
from decimal import Decimal

from vibe_quant.domain.enums import ExecutionMode, ExecutionState, PositionSide
from vibe_quant.domain.risk import RiskLevel

Facts = tuple[tuple[str, str], ...]
"""(name, value) in the order in which they are read; a name that ends in ``_ms`` is of a stretch of time."""
RATIOS = frozenset(("dist", "its_dist", "liq_distance_threshold", "max_mark_gap", "reserve"))
"""Facts whose values are ratios: people read them in percent."""


@dataclass(frozen=True, slots=True)
class OrderLook:
    """The live own order of a side."""

    client_id: str
    price: Decimal | None
    qty: Decimal
    filled: Decimal
    mode: ExecutionMode
    placed_ms: int


@dataclass(frozen=True, slots=True)
class Why:
    """Why a side does what it does now.

    ``acting``: True where ``reason`` is what was acted on last, False where it is the gate that holds discretion back.
    ``inputs`` are the numbers that decided; a name that ends in ``_ms`` is a stretch of time.  ``advice`` says what
    the reason means and what can be done.  ``counts``: how often each "not traded because" has begun since the start.
    ``last_reason`` and ``last_ms`` are of the newest order, whatever holds the side back now.
    """

    symbol: str
    side: PositionSide
    acting: bool
    reason: str
    inputs: Facts
    since_ms: int | None
    counts: tuple[tuple[str, int], ...]
    last_reason: str | None = None
    last_ms: int | None = None
    advice: str = ""


@dataclass(frozen=True, slots=True)
class LegStatus:
    """One managed side.  What is not known, or does not apply, is None.

    ``begun_qty`` is what the present exit began with (and what was added since), ``done`` the share of it that is
    closed, ``eta_s`` the time to flat at the pace of the last minutes, ``cost_bps`` what was paid against arrival so
    far, fees included (positive: a cost).
    """

    symbol: str
    side: PositionSide
    qty: Decimal
    entry: Decimal | None
    mark: Decimal | None
    bid: Decimal | None
    ask: Decimal | None
    upnl: Decimal | None
    state: ExecutionState
    mode: ExecutionMode
    risk: RiskLevel
    dist: Decimal | None
    liq: Decimal | None
    panic_tier: int | None
    stop_price: Decimal | None
    stop_standing: bool
    order: OrderLook | None
    blocked: str | None
    blocked_since_ms: int | None
    halted: str | None
    paused: bool
    flattening: bool
    begun_qty: Decimal | None = None
    done: Decimal | None = None
    eta_s: int | None = None
    arrival: Decimal | None = None
    cost_bps: Decimal | None = None
    ladder: tuple[tuple[str, Decimal], ...] = ()
    """Name and distance to liquidation of each rung: "soft", "panic 1" and so on, "stop"; the widest first."""


@dataclass(frozen=True, slots=True)
class UnmanagedLeg:
    """A leg that is held and not managed: it gets neither orders nor a stop of ours, and is counted nowhere.

    ``left_stop``: the trigger of our stop that was left standing when a reload took the leg out of the configuration;
    nobody has looked after it since.  None: none of ours is known.
    """

    symbol: str
    side: PositionSide
    qty: Decimal
    left_stop: Decimal | None = None


@dataclass(frozen=True, slots=True)
class StreamStatus:
    """One socket: public, market or user."""

    name: str
    up: bool
    since_ms: int | None
    frames: int
    reconnects: int


@dataclass(frozen=True, slots=True)
class Status:
    """The service as a whole.  ``phase``: starting, working, protecting (the start was refused), stopping."""

    venue: str
    version: str
    run: str
    phase: str
    ready: bool
    now_ms: int
    started_ms: int
    configuration: str
    config_hash: str
    paused: tuple[str, ...]
    """What is paused: symbols, or "all"; with the moment it ends where there is one."""
    held: str | None
    """What holds the whole account's discretion back."""
    level: str
    breaker_open: bool
    journal_trouble: str
    weight_used: int | None
    weight_limit: int | None
    legs: tuple[LegStatus, ...]
    streams: tuple[StreamStatus, ...]
    counts: tuple[tuple[str, int], ...]
    """Events handled, quotes conflated, requests sent, pairs that observers missed, and so on."""
    unmanaged: tuple[UnmanagedLeg, ...] = ()
    """What is held beside ``legs`` and left alone."""


@dataclass(frozen=True, slots=True)
class ExitCost:
    """The cost card of one exit, finished or so far."""

    symbol: str
    side: PositionSide
    begun_ms: int
    ended_ms: int
    finished: bool
    start_qty: Decimal
    closed_qty: Decimal
    arrival: Decimal | None
    average: Decimal | None
    cost_bps: Decimal | None
    """Implementation shortfall with fees, bps of the notional at arrival; positive is a cost."""
    slippage_bps: Decimal | None
    fee: Decimal
    fee_asset: str
    realized_pnl: Decimal
    maker_share: Decimal | None
    """By notional."""
    orders: int
    fills: int
    other_fees: tuple[tuple[str, Decimal], ...] = ()
    """In assets beside ``fee_asset``, by asset; in no bps."""
    lacking: bool = False
    """Not all that happened meanwhile was seen: trades and orders may lack in it."""


@dataclass(frozen=True, slots=True)
class ConfigChange:
    """One key that would change: ``scope`` is global, default or a symbol."""

    scope: str
    key: str
    old: str
    new: str


@dataclass(frozen=True, slots=True)
class ReloadPlan:
    """What a reload of the file would do.

    ``problems`` not empty: nothing of it can be applied, and they say why (invalid, or "needs a restart").
    ``token`` names exactly this plan; it is what a confirmation confirms.
    """

    token: str
    changes: tuple[ConfigChange, ...]
    problems: tuple[str, ...]
    warnings: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Answer:
    """What came of a command: ``ok`` and a sentence for the person who gave it."""

    ok: bool
    text: str


@dataclass(frozen=True, slots=True)
class Report:
    """What a stretch of time has cost.  Sums of fees by asset."""

    since_ms: int
    until_ms: int
    exits: tuple[ExitCost, ...]
    fills: int
    maker_fills: int
    notional: Decimal
    fees: tuple[tuple[str, Decimal], ...]
    realized_pnl: Decimal
    orders: int
    refusals: int
    alarms: tuple[str, ...]
    """The newest, at most twenty, oldest first."""
