"""An imagined exchange on a market that is fed by hand, under a clock that is moved by hand."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from decimal import Decimal
from itertools import count

from tests.app.fake_exchange import FakeClock, rules

from vibe_quant.app.paper_exchange import PaperExchange
from vibe_quant.app.paper_venue import PaperVenue
from vibe_quant.domain import events as ev
from vibe_quant.domain.enums import ExecutionMode, OrderType, PositionSide, SignalReason, TimeInForce
from vibe_quant.domain.intents import OrderIntent, PlaceStop
from vibe_quant.domain.market import Wants
from vibe_quant.domain.rules import SymbolRules
from vibe_quant.domain.settings import PaperSettings
from vibe_quant.ports import Accepted, Outcome, Rejected, Unknown
from vibe_quant.sim.latency import ConstantLatency, LatencyModel

D = Decimal
BTC = "BTC/USDT:USDT"
LONG, SHORT = PositionSide.LONG, PositionSide.SHORT
ENTRY_MS, RESPONSE_MS, STREAM_MS = 10, 20, 30


class FakePublic:
    """What the real exchange says in public; ``listed`` and ``marks`` hold what it lists and where that stands."""

    def __init__(self, clock: FakeClock) -> None:
        self.listed: dict[str, SymbolRules | Rejected] = {BTC: rules(BTC)}
        self.marks = {BTC: D(60_000)}
        self.silent = 0
        """So many reads are not answered."""
        self.asked: list[str] = []
        self.closed = False
        self._clock = clock

    async def load_names(self) -> Outcome[int]:
        return Accepted(len(self.listed))

    async def listed_rules(self, symbol: str, since_ms: int | None = None) -> Outcome[SymbolRules]:
        self.asked.append(f"rules {symbol}")
        if self.silent:
            self.silent -= 1
            return Unknown("no answer")
        if symbol not in self.listed:
            return Rejected(-1121, "no such symbol", self._clock.server_ms())
        listed = self.listed[symbol]
        return listed if isinstance(listed, Rejected) else Accepted(listed)

    async def mark(self, symbol: str) -> Outcome[ev.Mark]:
        self.asked.append(f"mark {symbol}")
        if symbol not in self.marks:
            return Rejected(-1122, "no mark", self._clock.server_ms())
        at = self._clock.server_ms()
        return Accepted(ev.Mark(symbol, at, self._clock.now_ms(), self.marks[symbol]))

    async def server_time(self) -> Outcome[int]:
        return Accepted(self._clock.server_ms())

    async def close(self) -> None:
        self.closed = True


class FakeFeed:
    """A MarketFeed that only remembers."""

    def __init__(self) -> None:
        self.wanted: Mapping[str, Wants] = {}
        self.runs = 0

    def follow(self, wanted: Mapping[str, Wants]) -> None:
        self.wanted = wanted

    async def run(self) -> None:
        self.runs += 1


@dataclass
class Told:
    """What the account's stream told, and when."""

    at: int
    event: ev.Event


class Paper:
    """BTC listed, its mark at 60000, a LONG of 1 and a touch 59999.9 x 60000 of 5 each side."""

    def __init__(self, *, latency: LatencyModel | None = None, wallet: str = "100000", leverage: int = 20) -> None:
        self.clock = FakeClock()
        settings = PaperSettings(wallet=D(wallet), leverage=leverage)
        self.venue = PaperVenue(self.clock, latency or ConstantLatency(ENTRY_MS, RESPONSE_MS, STREAM_MS), settings)
        self.public = FakePublic(self.clock)
        self.exchange = PaperExchange(self.venue, self.public, self.clock, self.clock.sleep)
        self._ids = count(1)
        self.venue.list_symbol(rules(BTC))
        self.mark("60000")
        self.venue.seat(BTC, LONG, D(1), D(60_000))
        self.quote("59999.9", "60000")

    @property
    def long(self) -> Decimal:
        return self.venue.exchange.account.leg(BTC, LONG).qty

    def quote(self, bid: str, ask: str, qty: str = "5") -> None:
        at = self.clock.server_ms()
        self.venue.show(ev.Quote(BTC, at, self.clock.now_ms(), D(bid), D(qty), D(ask), D(qty)))

    def trade(self, price: str, qty: str, *, sold: bool = False, number: int | None = None) -> ev.Trade:
        at = self.clock.server_ms()
        number = next(self._ids) if number is None else number
        trade = ev.Trade(BTC, at, self.clock.now_ms(), D(price), D(qty), sold, number)
        self.venue.show(trade)
        return trade

    def mark(self, price: str, rate: str | None = None) -> None:
        at = self.clock.server_ms()
        self.venue.show(ev.Mark(BTC, at, self.clock.now_ms(), D(price), None, None if rate is None else D(rate)))

    def order(
        self, client_id: str = "vq-1", price: str | None = "60000", qty: str = "1", **more: object
    ) -> OrderIntent:
        """A post-only limit that closes the LONG; ``price`` None: at the market."""
        intent = OrderIntent(
            symbol=BTC,
            position_side=LONG,
            client_id=client_id,
            order_type=OrderType.MARKET if price is None else OrderType.LIMIT,
            qty=D(qty),
            price=None if price is None else D(price),
            time_in_force=TimeInForce.GTX,
            mode=ExecutionMode.MAKER_ONLY,
            reason=SignalReason.PATIENT,
            timestamp_ms=self.clock.server_ms(),
        )
        return replace(intent, **more)  # type: ignore[arg-type]

    def stop(self, trigger: str, client_id: str = "vq-ps-1") -> PlaceStop:
        """For the whole of the LONG."""
        return PlaceStop(BTC, LONG, client_id, D(trigger), None, "protective stop")

    def pass_ms(self, ms: int) -> Sequence[Told]:
        """Let time pass, and hear what comes meanwhile, millisecond by millisecond."""
        told: list[Told] = []
        for _ in range(ms):
            self.clock.now += 1
            self.venue.time()
            told += [Told(self.clock.now, event) for event in self.venue.deliver()]
        return told
