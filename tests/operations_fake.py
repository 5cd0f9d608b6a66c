"""An operator's service that is not there: canned pictures, and every command written down."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from decimal import Decimal
from typing import Any

from vibe_quant.domain.enums import ExecutionMode, ExecutionState, PositionSide
from vibe_quant.domain.risk import RiskLevel
from vibe_quant.domain.status import (
    Answer,
    ConfigChange,
    ExitCost,
    LegStatus,
    OrderLook,
    ReloadPlan,
    Report,
    Status,
    StreamStatus,
    UnmanagedLeg,
    Why,
)

D = Decimal
NOW = 1_790_000_000_000
BTC, ETH = "BTC/USDT:USDT", "ETH/USDT:USDT"

LEG = LegStatus(
    symbol=BTC,
    side=PositionSide.LONG,
    qty=D("0.842"),
    entry=D("61240.5"),
    mark=D("60911.2"),
    bid=D("60910.1"),
    ask=D("60910.2"),
    upnl=D("-277.27"),
    state=ExecutionState.WAITING,
    mode=ExecutionMode.MAKER_ONLY,
    risk=RiskLevel.NONE,
    dist=D("0.0712"),
    liq=D("56574.3"),
    panic_tier=None,
    stop_price=D("57140.0"),
    stop_standing=True,
    order=OrderLook("vq-r1-17", D("60910.2"), D("0.003"), D("0.001"), ExecutionMode.MAKER_ONLY, NOW - 300),
    blocked=None,
    blocked_since_ms=None,
    halted=None,
    paused=False,
    flattening=False,
    begun_qty=D("1.0"),
    done=D("0.158"),
    eta_s=1830,
    arrival=D("60950.3"),
    cost_bps=D("1.84"),
    ladder=(("soft", D("0.015")), ("panic 1", D("0.012")), ("stop", D("0.01"))),
)
BLOCKED = replace(
    LEG,
    symbol=ETH,
    side=PositionSide.SHORT,
    state=ExecutionState.IDLE,
    order=None,
    blocked="paused by the operator",
    blocked_since_ms=NOW - 61_000,
    paused=True,
)
STATUS = Status(
    venue="sim",
    version="0.0",
    run="r1",
    phase="working",
    ready=True,
    now_ms=NOW,
    started_ms=NOW - 3_600_000,
    configuration="config/config.yaml",
    config_hash="0" * 64,
    paused=(),
    held=None,
    level="stream",
    breaker_open=False,
    journal_trouble="",
    weight_used=41,
    weight_limit=2400,
    legs=(LEG, BLOCKED),
    streams=tuple(StreamStatus(name, True, NOW - 3_599_000, 1000, 0) for name in ("public", "market", "user")),
    counts=(("handled", 4242), ("conflated", 17)),
)
NEVER_NAMED = UnmanagedLeg("SOL/USDT:USDT", PositionSide.SHORT, D("12.5"))
LEFT = UnmanagedLeg("XRP/USDT:USDT", PositionSide.LONG, D("300"), left_stop=D("0.51"))
WITH_OTHERS = replace(STATUS, unmanaged=(NEVER_NAMED, LEFT))
ADVISED = "It acts on the next quote or trade."
COST = ExitCost(
    symbol=BTC,
    side=PositionSide.LONG,
    begun_ms=NOW - 600_000,
    ended_ms=NOW,
    finished=True,
    start_qty=D(1),
    closed_qty=D(1),
    arrival=D("60950.3"),
    average=D("60941.1"),
    cost_bps=D("2.31"),
    slippage_bps=D("1.51"),
    fee=D("9.84"),
    fee_asset="USDT",
    realized_pnl=D("-299.4"),
    maker_share=D("0.82"),
    orders=411,
    fills=390,
)
REPORT = Report(
    since_ms=NOW - 86_400_000,
    until_ms=NOW,
    exits=(COST,),
    fills=390,
    maker_fills=320,
    notional=D("60941.1"),
    fees=(("USDT", D("9.84")),),
    realized_pnl=D("-299.4"),
    orders=411,
    refusals=3,
    alarms=("BTC/USDT:USDT LONG is 0.0141 from liquidation; its orders are now at least aggressive.",),
)
PLAN = ReloadPlan("abc123", (ConfigChange(BTC, "execution.order_ttl_ms", "800", "1200"),), ())
DONE = Answer(True, "done")


@dataclass
class FakeOperations:
    """``operations.Operations``; ``calls`` holds (command, arguments) as they came."""

    now: Status = STATUS
    plan: ReloadPlan = PLAN
    answer: Answer = DONE
    calls: list[tuple[object, ...]] = field(default_factory=list)
    notes: list[tuple[str, Mapping[str, Any]]] = field(default_factory=list)
    writable: bool = True

    def status(self) -> Status:
        return self.now

    async def drawn(self) -> Status:
        return self.status()

    def why(self, symbol: str, side: PositionSide) -> Why | None:
        if symbol != BTC:
            return None
        inputs = (("bid", "60910.1"), ("ask", "60910.2"), ("dist", "0.0712"), ("left_ms", "4900"))
        counts = (("market data is stale", 3), ("paused by the operator", 1))
        return Why(BTC, side, True, "orderbook_price", inputs, NOW - 300, counts, "orderbook_price", NOW - 300, ADVISED)

    def names(self, text: str) -> str | None:
        known = {BTC.lower(): BTC, "btcusdt": BTC, "btc": BTC, ETH.lower(): ETH, "ethusdt": ETH, "eth": ETH}
        return known.get(text.lower())

    async def pause(self, symbol: str | None, for_ms: int | None, by: str, *, panic: bool = False) -> Answer:
        return self._called("pause", symbol, for_ms, by, *(("panic",) if panic else ()))

    async def resume(self, symbol: str | None, by: str) -> Answer:
        return self._called("resume", symbol, by)

    async def flatten(self, symbol: str | None, side: PositionSide | None, by: str) -> Answer:
        return self._called("flatten", symbol, side, by)

    async def plan_reload(self, by: str) -> ReloadPlan:
        self._called("plan_reload", by)
        return self.plan

    async def apply_reload(self, token: str, by: str, *, drop_stops: bool = False) -> Answer:
        return self._called("apply_reload", token, by, *(["drop_stops"] if drop_stops else []))

    async def report(self, since_ms: int) -> Report:
        self._called("report", since_ms)
        return REPORT

    def log_lines(self, count: int) -> tuple[str, ...]:
        return tuple(f"line {number}" for number in range(count))

    def config(self, symbol: str | None) -> tuple[ConfigChange, ...] | None:
        if symbol not in (None, BTC):
            return None
        return (ConfigChange(symbol or "global", "execution.order_ttl_ms", "800", "1200"),)

    def note(self, kind: str, body: Mapping[str, Any]) -> bool:
        self.notes.append((kind, body))
        return self.writable

    def last(self, kind: str) -> Mapping[str, Any] | None:
        return next((body for noted, body in reversed(self.notes) if noted == kind), None)

    def _called(self, *call: object) -> Answer:
        self.calls.append(call)
        return self.answer
