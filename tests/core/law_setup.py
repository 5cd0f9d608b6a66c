"""What the law tests run under: one symbol's rules, settings of every kind, and how an engine is made of them."""

from __future__ import annotations

from dataclasses import replace
from decimal import Decimal
from random import Random

from hypothesis import strategies as st

from vibe_quant.core.engine import Engine
from vibe_quant.domain.enums import PositionSide, SignalReason
from vibe_quant.domain.risk_settings import (
    DeadManSettings,
    PanicSettings,
    PanicTier,
    ProtectiveStopSettings,
    RiskSettings,
)
from vibe_quant.domain.rules import Bracket, Brackets, SymbolRules
from vibe_quant.domain.settings import (
    ExecutionSettings,
    FillRateSettings,
    GlobalSettings,
    MakerPriceMode,
    Manage,
    RateLimitSettings,
    Settings,
    SymbolSettings,
)
from vibe_quant.domain.strategy_settings import PatientSettings, PressureSettings, StrategyName, StrategySettings

D = Decimal
LONG, SHORT = PositionSide.LONG, PositionSide.SHORT
SYMBOL, OTHER = "BTC/USDT:USDT", "ETH/USDT:USDT"
PREFIX, RUN = "vq", "r1"
EPOCH = 1_700_000_000_000
"""Server time = now + EPOCH."""
STALE_MS = 1500
URGENT = frozenset({SignalReason.PANIC, SignalReason.STOP_THROUGH, SignalReason.STOP_REMAINDER})
BRACKETS: Brackets = (
    Bracket(D(0), D(50_000), D("0.004"), D(0), 125),
    Bracket(D(50_000), D(1_000_000), D("0.01"), D(300), 50),
)


def rules_of(symbol: str = SYMBOL, *, tick: str = "0.1", status: str = "TRADING") -> SymbolRules:
    """Step 0.001, at least 5 quote units: at a price of 100 a lot is 0.05."""
    return SymbolRules(symbol, D(tick), D("0.001"), D("0.001"), D(1000), D(5), D(120), status=status)


def is_stop_id(client_id: str) -> bool:
    """One that this program, in any run, gives to a protective stop."""
    return client_id.startswith(f"{PREFIX}-ps-")


def is_own_id(client_id: str) -> bool:
    """Carries our prefix."""
    return client_id.startswith(f"{PREFIX}-")


def engine_of(settings: Settings, seed: int = 1) -> Engine:
    """A new engine with a seeded random source."""
    return Engine(settings, RUN, Random(seed))


TIERS = (PanicTier(D("0.06"), D("0.3"), 1), PanicTier(D("0.03"), D("0.5"), 0))


def symbol_settings(
    names: tuple[StrategyName, ...] = (StrategyName.PATIENT,),
    *,
    sides: tuple[PositionSide, ...] = (LONG, SHORT),
    panic: bool = False,
    may_cancel_foreign: bool = False,
    amend: bool = False,
    target: str = "0",
    mult: int = 10,
    ttl_ms: int = 800,
    stop: bool = True,
    dead_man: bool = False,
    price_mode: MakerPriceMode = MakerPriceMode.INSIDE_SPREAD_1TICK,
    horizon_s: int = 20,
) -> SymbolSettings:
    """Settings of a symbol, everything else at its default."""
    base = SymbolSettings()
    execution = replace(
        ExecutionSettings(),
        order_ttl_ms=ttl_ms,
        amend=amend,
        target_qty=D(target),
        base_mult=mult,
        max_order_notional=D(100_000),
        maker_price_mode=price_mode,
        fill_rate=FillRateSettings(enabled=amend),
    )
    risk = replace(
        RiskSettings(),
        liq_distance_threshold=D("0.08"),
        panic_close=PanicSettings(panic, D("0.5"), may_cancel_foreign, TIERS if panic else ()),
        protective_stop=replace(ProtectiveStopSettings(), enabled=stop),
        dead_man=DeadManSettings(dead_man, 10),
    )
    pressure = replace(PressureSettings(), threshold_qty=D(5), sustain_ms=300, passive_level=1, passive_ttl_ms=1500)
    patient = replace(PatientSettings(), horizon_s=D(horizon_s), child_s=D(2))
    strategy = StrategySettings(names, leader=names[0], orderbook_pressure=pressure, patient=patient)
    return replace(base, sides=sides, execution=execution, risk=risk, strategy=strategy)


def settings_of(symbol: SymbolSettings, *, manage_all: bool = False, orders_per_sec: int = 30) -> Settings:
    """The whole configuration: one listed symbol; with ``manage_all`` any other as well."""
    shared = replace(
        GlobalSettings(),
        client_order_prefix=PREFIX,
        manage=Manage.ALL if manage_all else Manage.LISTED,
        rate_limit=replace(RateLimitSettings(), max_orders_per_sec=orders_per_sec),
    )
    return Settings(shared, symbol, ((SYMBOL, symbol),))


NAMES = st.sampled_from(
    [
        (StrategyName.PATIENT,),
        (StrategyName.ORDERBOOK_PRICE,),
        (StrategyName.ORDERBOOK_PRESSURE,),
        (StrategyName.PATIENT, StrategyName.ORDERBOOK_PRESSURE),
    ]
)
SYMBOLS = st.builds(
    symbol_settings,
    NAMES,
    sides=st.sampled_from([(LONG, SHORT), (LONG,), (SHORT,)]),
    panic=st.booleans(),
    may_cancel_foreign=st.booleans(),
    amend=st.booleans(),
    target=st.sampled_from(["0", "0.1"]),
    mult=st.sampled_from([1, 10]),
    ttl_ms=st.sampled_from([300, 800]),
    stop=st.booleans(),
    dead_man=st.booleans(),
    price_mode=st.sampled_from(list(MakerPriceMode)),
)
SETTINGS = st.builds(settings_of, SYMBOLS, manage_all=st.booleans(), orders_per_sec=st.sampled_from([3, 30]))
