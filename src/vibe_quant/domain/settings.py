"""Every knob of the program, declared once: name, default, bounds and meaning; frozen, standard library only.

``config/`` derives its validating models and the JSON schema from these dataclasses, so that a knob cannot be known
to one and not to the other.  Ratios, not percents; ms and s as the names say; notionals in the quote asset.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from decimal import Decimal
from enum import StrEnum

from vibe_quant.domain.enums import PositionSide
from vibe_quant.domain.knobs import group, knob
from vibe_quant.domain.risk_settings import RiskSettings
from vibe_quant.domain.service_settings import JournalSettings, LogSettings, TelegramSettings, WebSettings
from vibe_quant.domain.strategy_settings import StrategySettings

D = Decimal


class Venue(StrEnum):
    """Where orders go."""

    SIM = "sim"
    PAPER = "paper"
    TESTNET = "testnet"
    LIVE = "live"


class Manage(StrEnum):
    """Which positions are worked."""

    LISTED = "listed"
    ALL = "all"


class MakerPriceMode(StrEnum):
    """Where a maker order rests."""

    AT_TOUCH = "at_touch"
    INSIDE_SPREAD_1TICK = "inside_spread_1tick"
    CUSTOM_TICKS = "custom_ticks"
    QUEUE = "queue"


@dataclass(frozen=True, slots=True)
class ReconnectSettings:
    """Backoff of a socket."""

    initial_delay_ms: int = knob(1000, "first delay before reconnecting, ms", ge=100, le=60_000)
    max_delay_ms: int = knob(30_000, "longest delay between attempts, ms", ge=100, le=600_000)
    multiplier: Decimal = knob(D(2), "growth of the delay at each failure", ge=D(1), le=D(10))
    jitter: Decimal = knob(D("0.2"), "random share of the delay", ge=D(0), le=D(1))


@dataclass(frozen=True, slots=True)
class WsSettings:
    """Streams."""

    stale_data_ms: int = knob(1500, "market data older than this stops discretionary orders, ms", ge=100, le=60_000)
    user_silence_s: int = knob(60, "user stream silent for so long while working: REST check, s", ge=5, le=3600)
    reconnect: ReconnectSettings = group(ReconnectSettings, "backoff of reconnects", restart=True)


@dataclass(frozen=True, slots=True)
class RateLimitSettings:
    """Budgets of discretionary requests; risk orders are exempt."""

    max_orders_per_sec: int = knob(5, "discretionary orders in any second", ge=1, le=30)
    max_cancels_per_sec: int = knob(8, "discretionary cancels in any second", ge=1, le=30)
    weight_reserve: Decimal = knob(D("0.2"), "share of the IP weight kept for cancels and risk", ge=D(0), le=D("0.9"))


@dataclass(frozen=True, slots=True)
class BreakerSettings:
    """REST circuit breaker."""

    failures: int = knob(5, "failures in a row that open the breaker", ge=1, le=100)
    block_s: int = knob(60, "seconds it stays open", ge=1, le=3600)


@dataclass(frozen=True, slots=True)
class SeededPosition:
    """A leg that a simulated account holds when it is opened."""

    symbol: str = knob(..., "unified name, BTC/USDT:USDT")
    side: PositionSide = knob(..., "LONG or SHORT")
    qty: Decimal = knob(..., "|position|, base asset", gt=D(0), le=D(1_000_000_000_000))
    entry: Decimal | None = knob(None, "entry price; null: the market's own when it opens", gt=D(0))


@dataclass(frozen=True, slots=True)
class SimSettings:
    """The embedded exchange."""

    scenario: str = knob("calm", "scenario of its generated markets, see tape generate --help", pattern=r"^[a-z_]+$")
    seed: int = knob(7, "seed of its markets, keys and chance", ge=0, le=4_294_967_295)
    speed: Decimal = knob(D(1), "how many times faster than real its markets run", gt=D(0), le=D(100))
    wallet: Decimal = knob(D(100_000), "wallet of each margin asset", gt=D(0), le=D(1_000_000_000_000))
    leverage: int = knob(20, "leverage of every symbol", ge=1, le=125)
    latency_ms: int = knob(5, "mean time of requests, answers and user events each way, ms", ge=0, le=10_000)
    positions: tuple[SeededPosition, ...] = knob((), "legs that its account holds at the start")


@dataclass(frozen=True, slots=True)
class PaperSettings:
    """The account that is imagined on the live market."""

    wallet: Decimal = knob(D(100_000), "wallet of each margin asset", gt=D(0), le=D(1_000_000_000_000))
    leverage: int = knob(20, "leverage of every symbol", ge=1, le=125)
    positions: tuple[SeededPosition, ...] = knob((), "legs that it holds at the start")


@dataclass(frozen=True, slots=True)
class AllowSettings:
    """What the start refuses unless it is allowed by name."""

    key_rights: tuple[str, ...] = knob((), "rights the key may have beside its own, such as enableWithdrawals")
    multi_assets: bool = knob(False, "start in multi-assets mode too")


@dataclass(frozen=True, slots=True)
class GlobalSettings:
    """Settings that have no per-symbol form."""

    venue: Venue = knob(Venue.SIM, "sim, paper, testnet, or live (refused without --live)", restart=True)
    manage: Manage = knob(Manage.LISTED, "listed: only symbols named under symbols:, all: every open position")
    client_order_prefix: str = knob(
        "vq", "prefix of own client order ids; own = carries it", pattern=r"^[A-Za-z0-9]{1,8}$", restart=True
    )
    ws: WsSettings = group(WsSettings, "streams")
    rate_limit: RateLimitSettings = group(RateLimitSettings, "budgets of discretionary requests")
    breaker: BreakerSettings = group(BreakerSettings, "REST circuit breaker")
    stop_timeout_s: int = knob(20, "a stop of the service is over after so long, s", ge=2, le=600, restart=True)
    allow: AllowSettings = group(AllowSettings, "what the start refuses unless it is allowed by name", restart=True)
    sim: SimSettings = group(SimSettings, "venue sim: the embedded exchange", restart=True)
    paper: PaperSettings = group(
        PaperSettings, "venue paper: the account that is imagined on the live market", restart=True
    )
    journal: JournalSettings = group(JournalSettings, "the durable record", restart=True)
    log: LogSettings = group(LogSettings, "what is written for people")
    web: WebSettings = group(WebSettings, "page, metrics and health over HTTP", restart=True)
    telegram: TelegramSettings = group(TelegramSettings, "messages to a phone, commands from it")
    watch: bool = knob(False, "reload when this file changes")


@dataclass(frozen=True, slots=True)
class FillRateSettings:
    """Maker fill-rate feedback."""

    enabled: bool = knob(False, "let the maker fill rate steer mode and TTL")
    window_min: Decimal = knob(D(5), "window of the rate, minutes", gt=D(0), le=D(1440))
    low: Decimal = knob(D("0.25"), "below: this signal is executed aggressively", ge=D(0), le=D(1))
    high: Decimal = knob(D("0.75"), "above: maker TTL x 1.25", ge=D(0), le=D(1))


@dataclass(frozen=True, slots=True)
class ExecutionSettings:
    """Orders of a side: life, size, price, rotation."""

    order_ttl_ms: int = knob(800, "life of an order, ms", ge=50, le=600_000)
    repost_cooldown_ms: int = knob(100, "end of one order to the next, ms", ge=0, le=60_000)
    min_signal_interval_ms: int = knob(200, "between two signals acted on, a side, ms", ge=0, le=60_000)
    base_mult: int = knob(1, "slice = base_mult x lot", ge=1, le=1000)
    use_roi_mult: bool = knob(True, "scale slices by ROI tiers")
    use_accel_mult: bool = knob(True, "scale slices by acceleration tiers")
    max_mult: int = knob(50, "cap of the product of multipliers", ge=1, le=10_000)
    max_order_notional: Decimal = knob(D(200), "cap of a discretionary order, quote asset", gt=D(0), le=D(10_000_000))
    max_mark_gap: Decimal = knob(
        D("0.005"), "a discretionary order is never priced worse than mark x (1 -/+ this)", gt=D(0), le=D("0.2")
    )
    maker_price_mode: MakerPriceMode = knob(MakerPriceMode.INSIDE_SPREAD_1TICK, "where a maker order rests")
    maker_n_ticks: int = knob(1, "ticks inside, for custom_ticks", ge=0, le=1000)
    maker_safety_ticks: int = knob(1, "ticks kept from the other side of the book", ge=1, le=1000)
    maker_timeouts_to_escalate: int = knob(2, "maker timeouts in a row to go aggressive; 0: never taker", ge=0, le=1000)
    aggr_fills_to_deescalate: int = knob(1, "full aggressive fills before maker again; 0: never", ge=0, le=1000)
    aggr_timeouts_to_deescalate: int = knob(2, "aggressive timeouts in a row to go back; 0: never", ge=0, le=1000)
    target_qty: Decimal = knob(D(0), "stop working the side at this |position|, base asset", ge=D(0))
    amend: bool = knob(False, "amend a resting maker order in place where the touch has left")
    fill_rate: FillRateSettings = group(FillRateSettings, "maker fill-rate feedback")


@dataclass(frozen=True, slots=True)
class AccelTier:
    """Multiplier from a recent return."""

    ret: Decimal = knob(..., "return over the window, ratio", gt=D(0), le=D(1))
    mult: int = knob(..., "slice multiplier", ge=1, le=10_000)


@dataclass(frozen=True, slots=True)
class AccelSettings:
    """Acceleration."""

    window_ms: int = knob(2000, "window of the return, ms", ge=100, le=600_000)
    tiers: tuple[AccelTier, ...] = knob((), "strictly increasing in ret and mult")
    mult_percent: Decimal | None = knob(
        None, "scales the inherited tiers' mult (1 = as is), rounded up, at least 1", gt=D(0), le=D(100)
    )


@dataclass(frozen=True, slots=True)
class RoiTier:
    """Multiplier from the return on initial margin."""

    roi: Decimal = knob(..., "unrealised PnL / initial margin, ratio", gt=D(-10), le=D(1000))
    mult: int = knob(..., "slice multiplier", ge=1, le=10_000)


@dataclass(frozen=True, slots=True)
class RoiSettings:
    """Return on investment."""

    tiers: tuple[RoiTier, ...] = knob((), "strictly increasing in roi and mult")


@dataclass(frozen=True, slots=True)
class SymbolSettings:
    """Everything a symbol may override."""

    sides: tuple[PositionSide, ...] = knob((PositionSide.LONG, PositionSide.SHORT), "sides that are worked")
    execution: ExecutionSettings = group(ExecutionSettings, "orders: life, size, price, rotation")
    accel: AccelSettings = group(AccelSettings, "acceleration")
    roi: RoiSettings = group(RoiSettings, "return on margin")
    risk: RiskSettings = group(RiskSettings, "distance to liquidation")
    strategy: StrategySettings = group(StrategySettings, "who decides when")


def is_perpetual(symbol: str) -> bool:
    """Whether a name is one of a perpetual, BASE/QUOTE:MARGIN; a dated future has the exchange's own, or a date."""
    _, slash, rest = symbol.partition("/")
    _, colon, margin = rest.partition(":")
    return bool(slash and colon and margin) and "-" not in margin


@dataclass(frozen=True, slots=True)
class Settings:
    """The whole configuration, frozen.

    ``symbols`` are the listed ones; ``default`` is what an unlisted symbol gets under ``manage: all``.
    """

    shared: GlobalSettings = field(default_factory=GlobalSettings)
    default: SymbolSettings = field(default_factory=SymbolSettings)
    symbols: tuple[tuple[str, SymbolSettings], ...] = ()

    def of(self, symbol: str) -> SymbolSettings | None:
        """Settings of a managed symbol (unified name, "BTC/USDT:USDT"); None where it is not managed."""
        for name, settings in self.symbols:
            if name == symbol:
                return settings
        return self.default if self.shared.manage is Manage.ALL and is_perpetual(symbol) else None
