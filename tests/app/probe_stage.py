"""A probe in this loop against the exchange in a box, and what the exchange's own records must say after it."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass, field, replace
from decimal import Decimal
from typing import Any

from tests.e2e.process import Spies
from tests.e2e.stage import LONG, SHORT, Scene
from tests.e2e.truth import Truth

from vibe_quant.app.probe import Probe, ProbeReport, Wanted
from vibe_quant.app.probe_answers import Reply
from vibe_quant.app.probe_desk import ProbeTimes
from vibe_quant.app.probe_words import Question, Word
from vibe_quant.app.reach import Reachable, looking
from vibe_quant.app.start_findings import Account
from vibe_quant.binance.credentials import Credentials
from vibe_quant.binance.urls import simulated
from vibe_quant.domain.enums import OrderStatus, OrderType, PositionSide, TimeInForce
from vibe_quant.domain.settings import GlobalSettings, Venue, WsSettings
from vibe_quant.sim.front.faults import read_faults
from vibe_quant.sim.server import SimServer
from vibe_quant.sim.switches import Switches

RAW = "ETHUSDT"
NAMED = "ETH/USDT:USDT"
SEATS = ((LONG, "2"), (SHORT, "1.5"))
PREFIX = "vq"
QUICK = ProbeTimes(countdown_ms=1000, patience_ms=5000, grace_ms=1000, look_ms=50, clean_ms=30_000)
LAG_MS = 1000
COUNTDOWN = "POST /fapi/v1/countdownCancelAll"


@dataclass
class ProbeStage:
    """One exchange; probes come and go."""

    server: SimServer
    truth: Truth
    spies: Spies = field(default_factory=Spies)
    probes: list[Probe] = field(default_factory=list)
    replies: list[Reply] = field(default_factory=list)

    def reachable(self) -> Reachable:
        keys = Credentials(self.server.api_key, self.server.api_secret)
        return Reachable(simulated(self.server.rest, self.server.ws), keys)

    def wanted(self, side: PositionSide, named: str, times: ProbeTimes) -> Wanted:
        shared = GlobalSettings()
        account = Account(self.reachable().account(Venue.SIM) or "", Venue.SIM, shared.allow, PREFIX)
        return Wanted(account, named, side, "config.yaml", WsSettings(), times)

    async def probe(self, side: PositionSide = LONG, named: str = NAMED, times: ProbeTimes = QUICK) -> ProbeReport:
        """One probe, from the lock to its report."""
        async with looking(self.reachable(), GlobalSettings()) as eyes:
            one = Probe(eyes, self.wanted(side, named, times), self.replies.append)
            self.probes.append(one)
            return await one.run()

    def fault(self, kind: str, **fields: Any) -> None:
        """Declare a fault now."""
        box = self.server.box
        box.plan.add(read_faults([{"kind": kind, **fields}]), box.now)

    def act(self, kind: str, **fields: Any) -> None:
        """Let something happen at the exchange now."""
        box = self.server.box
        box.plan.add(read_faults([{"kind": kind, **fields}]), box.now, passing=True)
        box.advance(box.now)

    def at(self, endpoint: str, nth: int, what: Callable[[], object]) -> None:
        """Do something when a request arrives for the nth time."""
        seen = [0]

        def spy(arrived: str) -> None:
            seen[0] += arrived == endpoint
            if arrived == endpoint and seen[0] == nth:
                what()

        self.spies.arrived.append(spy)

    def waiting(self) -> list[str]:
        """Conditional orders that stand."""
        return [one.client_id for one in self.server.box.exchange.algos.open]

    def resting(self) -> list[str]:
        """Regular orders that rest."""
        return [one.client_id for one in self.truth.orders if not one.status.is_final]

    def judge(self, *, others: tuple[str, ...] = ()) -> None:
        """Nothing of a probe is left, no leg has changed, and nothing was ever near a fill; ``others`` still stand."""
        truth = self.truth
        assert self.server.defects == []
        assert sorted([*self.resting(), *self.waiting()]) == sorted(others)
        assert self.server.box.exchange.countdowns._due == {}
        assert {leg: truth.left(leg) for leg in truth.seats} == truth.seats
        assert truth.opening() == []
        assert truth.foreign_cancelled() == []
        assert truth.box.limits.sent_while_banned == 0
        self.judge_orders()

    def judge_orders(self) -> None:
        """What was sent: closing, post-only, at most the leg, far from the market, and never filled."""
        mark = self.server.box.exchange.venue.markets[RAW].mark
        assert mark is not None
        for order in self.truth.own:
            assert order.order_type is OrderType.LIMIT
            assert order.time_in_force is TimeInForce.GTX
            assert order.qty <= self.truth.seats[order.symbol, order.position_side]
            assert order.filled_qty == 0
            assert order.status in (OrderStatus.CANCELED, OrderStatus.NEW, OrderStatus.EXPIRED)
            assert abs(order.price / mark - 1) > Decimal("0.4")
        for stop in self.server.box.exchange.algos.known():
            if not stop.client_id.startswith(f"{PREFIX}-ps-"):
                continue
            assert stop.close_position
            assert abs(stop.trigger_price / mark - 1) > Decimal("0.4")


@asynccontextmanager
async def probe_stage(
    switches: Switches | None = None,
    seats: tuple[tuple[PositionSide, str], ...] = SEATS,
    symbol: str = RAW,
    faults: tuple[Mapping[str, Any], ...] = (),
    wallet: str = "20000",
    **more: Any,
) -> AsyncIterator[ProbeStage]:
    """A served exchange that holds the legs."""
    chosen = switches or Switches()
    if chosen.query_lag_ms == Switches().query_lag_ms:  # longer than a machine stalls
        chosen = replace(chosen, query_lag_ms=LAG_MS)
    scene = Scene(seats=seats, symbol=symbol, wallet=wallet, switches=chosen, faults=faults, **more)
    async with SimServer(scene.options()) as server:
        held = {(leg_symbol, side): Decimal(qty) for leg_symbol, side, qty in scene.legs}
        stage = ProbeStage(server, Truth(server.box, PREFIX, held))
        stage.spies.watch(server)
        yield stage
        await asyncio.sleep(0)


def words(report: ProbeReport) -> dict[Question, Word]:
    """Each question with its answer."""
    return {reply.question: reply.answer for reply in report.answers}
