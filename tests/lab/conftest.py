from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from decimal import Decimal
from pathlib import Path

import pytest

from vibe_quant.core.strategies.port import RandomSource
from vibe_quant.domain.enums import (
    ExecutionMode,
    ExecutionState,
    OrderType,
    PositionSide,
    SignalReason,
    Stream,
    TimeInForce,
)
from vibe_quant.domain.events import AccountSnapshot, Event, OrderUpdate, PositionUpdate, Quote, StreamUp, Timer
from vibe_quant.domain.intents import CancelStop, FetchSnapshot, Intent, OrderIntent, PlaceStop
from vibe_quant.domain.market import MarketState
from vibe_quant.domain.risk import RiskLevel
from vibe_quant.domain.settings import Settings
from vibe_quant.domain.side_view import SideView
from vibe_quant.lab.request import ReplayRequest
from vibe_quant.sim.market.generator import generate
from vibe_quant.sim.market.scenarios import scenario_params
from vibe_quant.tapes.parquet_write import write_tape

SYMBOL = "BTC/USDT:USDT"
ZERO = Decimal(0)
WriteTape = Callable[..., Path]


@pytest.fixture(scope="session")
def make_tape(tmp_path_factory: pytest.TempPathFactory) -> WriteTape:
    """Writes a generated tape once a test run and gives its path."""
    folder = tmp_path_factory.mktemp("tapes")

    def make(scenario: str = "calm", seed: int = 7, duration_s: int = 20, side: PositionSide | None = None) -> Path:
        path = folder / f"{scenario}-{seed}-{duration_s}-{side}.parquet"
        if not path.exists():
            params = scenario_params(scenario, side)
            events = generate(scenario, seed, SYMBOL, duration_s, side=side)
            write_tape(events, path, SYMBOL, params.tick, params.step, "generated for a test")
        return path

    return make


@pytest.fixture
def request_for(make_tape: WriteTape) -> Callable[..., ReplayRequest]:
    """A request on a short calm tape, with what the test wants otherwise."""

    def build(**fields: object) -> ReplayRequest:
        known = {"tape": make_tape(), "symbol": SYMBOL, "side": PositionSide.LONG, "qty": Decimal("0.3")}
        return ReplayRequest(**{**known, **fields})  # type: ignore[arg-type]

    return build


@dataclass
class TakerEngine:
    """Stands in for the core: a stop at once, then a taking slice of 0.1 whenever none is under way."""

    settings: Settings
    run: str
    random: RandomSource
    qty: Decimal = ZERO
    live: bool = False
    sent: int = 0
    stop: bool = False
    wake: int | None = None
    market: MarketState | None = None

    def __post_init__(self) -> None:
        self.symbol, symbol_settings = self.settings.symbols[0]
        (self.side,) = symbol_settings.sides

    def handle(self, event: Event, now: int) -> list[Intent]:
        match event:
            case StreamUp(stream=Stream.USER):
                return [FetchSnapshot(self.symbol, "start")]
            case AccountSnapshot() if event.positions:
                self.qty = event.positions[0].qty
                self.stop = True
                price = event.positions[0].entry_price * (
                    Decimal("0.9") if self.side is PositionSide.LONG else Decimal("1.1")
                )
                price = price.quantize(Decimal("0.1"))
                return [PlaceStop(self.symbol, self.side, "vq-ps-1", price, None, "guard")]
            case PositionUpdate():
                self.qty = event.qty
                if not self.qty and self.stop:
                    self.stop, self.wake = False, now + 1000
            case OrderUpdate() if event.status.is_final:
                self.live = False
            case Timer():
                self.wake = None
                return [CancelStop(self.symbol, PositionSide.LONG, "vq-ps-1", "flat")]
            case Quote() if self.qty and not self.live:
                return [self._order(event, now)]
            case _:
                pass
        return []

    def _order(self, quote: Quote, now: int) -> Intent:
        self.live = True
        self.sent += 1
        top = (quote.bid, quote.bid_qty, quote.ask, quote.ask_qty)
        self.market = MarketState(self.symbol, *top, None, None, None, quote.exch_ms, None, None)
        return OrderIntent(
            symbol=self.symbol,
            position_side=self.side,
            client_id=f"vq-{self.run}-{self.sent}",
            order_type=OrderType.LIMIT,
            qty=min(self.qty, Decimal("0.1")),
            price=quote.bid if self.side is PositionSide.LONG else quote.ask,
            time_in_force=TimeInForce.IOC,
            mode=ExecutionMode.AGGRESSIVE_LIMIT,
            reason=SignalReason.LONG_PRIMARY,
            timestamp_ms=now,
        )

    def deadline(self) -> int | None:
        return self.wake

    def market_state(self, symbol: str) -> MarketState | None:
        return self.market

    def side_view(self, symbol: str, side: PositionSide) -> SideView | None:
        return SideView(
            symbol=symbol,
            side=side,
            state=ExecutionState.WAITING if self.live else ExecutionState.IDLE,
            mode=ExecutionMode.AGGRESSIVE_LIMIT,
            qty=self.qty,
            risk=RiskLevel.NONE,
            dist=Decimal("0.3") - self.qty / 10,
            panic_tier=None,
            stop_standing=self.stop,
            blocked=None,
            blocked_since_ms=None,
            halted=None,
        )


@pytest.fixture
def taker() -> type[TakerEngine]:
    return TakerEngine
