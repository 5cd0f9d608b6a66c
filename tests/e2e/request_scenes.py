"""Short exits for stories of requests gone wrong: what the exchange was asked and when, and what became of an order."""

from __future__ import annotations

from collections.abc import AsyncIterator, Mapping, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any, TypeVar
from urllib.parse import parse_qsl

from tests.e2e.stage import CONFIG, LONG, SHORT, Scene, Stage, settings, stage
from tests.e2e.truth import Leg

from vibe_quant.app.application import DONE
from vibe_quant.domain.enums import PositionSide, RequestKind, Severity
from vibe_quant.domain.events import Event
from vibe_quant.domain.intents import Intent, Notify, QueryOrder
from vibe_quant.domain.settings import Settings
from vibe_quant.domain.side_view import SideView
from vibe_quant.sim.front.faults import RequestFate, read_faults
from vibe_quant.sim.front.http import HttpRequest
from vibe_quant.sim.order_records import SimOrder

POST = "POST /fapi/v1/order"
DELETE = "DELETE /fapi/v1/order"
QUERY = "GET /fapi/v1/order"
PLACE_STOP = "POST /fapi/v1/algoOrder"
CANCEL_STOP = "DELETE /fapi/v1/algoOrder"
READ_STOPS = "GET /fapi/v1/openAlgoOrders"
LEGS = "GET /fapi/v3/positionRisk"
TIME = "GET /fapi/v1/time"
BTC_LEG, ETH_LEG = ("BTCUSDT", LONG), ("ETHUSDT", SHORT)
"""Each has a liquidation price, and so its stop, by ``WALLET``."""
WALLET = "1200"
TWO = CONFIG + '  "ETH/USDT:USDT": {}\n'
SHORT_CONFIG = TWO.replace("horizon_s: 12, endgame_s: 4", "horizon_s: 5, endgame_s: 2")
EAGER_CONFIG = TWO.replace("horizon_s: 12, endgame_s: 4", "horizon_s: 6, endgame_s: 5")
"""An exit that soon takes; such orders leave a record whatever becomes of them."""
TAKES = {"params": {"timeInForce": "GTC"}}
SLOW_CONFIG = TWO.replace("horizon_s: 12, endgame_s: 4", "horizon_s: 600, endgame_s: 2")
"""An exit that outlasts its story, so that there is a position all the time."""
IntentT = TypeVar("IntentT", bound=Intent)
EventT = TypeVar("EventT", bound=Event)


def fault(kind: str, endpoint: str | None = None, *, nth: int = 1, **more: Any) -> dict[str, Any]:
    """One declaration: the ``nth`` request to ``endpoint``, unless ``more`` says when."""
    declared: dict[str, Any] = {"kind": kind, "when": {"nth": nth}, **more}
    if endpoint is not None:
        declared.setdefault("where", {})
        declared["where"] = {"endpoint": endpoint, **declared["where"]}
    return declared


@dataclass(frozen=True, slots=True)
class Asked:
    """A request as it reached the exchange: epoch ms by its clock, "POST /fapi/v1/order", parameters, faults' names."""

    at_ms: int
    endpoint: str
    params: Mapping[str, str]
    faults: tuple[str, ...]

    @property
    def client_id(self) -> str:
        """The order or stop that it is about."""
        names = ("newClientOrderId", "origClientOrderId", "clientAlgoId")
        return next((self.params[name] for name in names if name in self.params), "")

    @property
    def leg(self) -> Leg:
        """The leg that a new order is for."""
        return self.params["symbol"], PositionSide(self.params["positionSide"])


class Watched:
    """A stage whose requests are noted.  ``on_strike``: kind -> faults that are declared when it strikes."""

    def __init__(self, on: Stage, on_strike: Mapping[str, Sequence[Mapping[str, Any]]]) -> None:
        self.on = on
        self.asked: list[Asked] = []
        self._on_strike = dict(on_strike)
        self._arrive = on.server.box.arrive
        setattr(on.server.box, "arrive", self._noted)  # noqa: B010 - a spy on one object

    def _noted(self, request: HttpRequest, now: int) -> RequestFate:
        plan = self.on.server.box.plan
        before = len(plan.struck)
        fate = self._arrive(request, now)
        new = tuple(strike.fault for strike in plan.struck[before:] if not strike.failed)
        params = dict(parse_qsl(f"{request.query}&{request.body.decode()}"))
        self.asked.append(Asked(now, f"{request.method} {request.path}", params, new))
        for kind in [kind for kind in self._on_strike if any(kind in name for name in new)]:
            plan.add(read_faults(list(self._on_strike.pop(kind))), now)
        return fate

    def strikes(self, kind: str) -> list[Asked]:
        """The requests that a fault has struck, oldest first."""
        return [asked for asked in self.asked if any(kind in name for name in asked.faults)]

    async def struck(self, kind: str, times: int = 1, within_s: float = 15) -> Asked:
        """Wait for the strike."""
        await self.on.until(lambda: len(self.strikes(kind)) >= times, within_s, f"the strike of {kind}")
        return self.strikes(kind)[times - 1]

    def order(self, client_id: str) -> SimOrder | None:
        """An order as the exchange has it; None where it never was one."""
        return next((order for order in self.on.truth.orders if order.client_id == client_id), None)

    def view(self, leg: Leg) -> SideView | None:
        """The core's own look at a leg."""
        unified = f"{leg[0].removesuffix('USDT')}/USDT:USDT"
        return None if self.on.app is None else self.on.app.engine.side_view(unified, leg[1])

    def sent(self, endpoint: str, since_ms: int = 0, until_ms: int = 1 << 62) -> list[Asked]:
        """Requests to an endpoint."""
        return [a for a in self.asked if a.endpoint == endpoint and since_ms < a.at_ms < until_ms]

    def intents(self, kind: type[IntentT]) -> list[IntentT]:
        """What the core has asked for."""
        return [intent for intent in self.on.intents if isinstance(intent, kind)]

    def events(self, kind: type[EventT], request: RequestKind | None = None) -> list[EventT]:
        """What the core was told, of one request if it is named."""
        found = [event for event in self.on.events if isinstance(event, kind)]
        return [event for event in found if request is None or getattr(event, "request", None) is request]

    def asked_for(self, client_id: str) -> int:
        """How often the core has asked what became of an order."""
        return sum(query.client_id == client_id for query in self.intents(QueryOrder))

    def notices(self, words: str, severity: Severity | None = None) -> list[Notify]:
        """What the operator was told."""
        found = [notice for notice in self.on.notices if words in notice.text]
        return [notice for notice in found if severity in (None, notice.severity)]

    async def told(self, words: str, severity: Severity | None = None, within_s: float = 15) -> Notify:
        """Wait until the operator is told."""
        await self.on.until(lambda: self.notices(words, severity), within_s, f"the notice {words!r}")
        return self.notices(words, severity)[0]

    def orders_of(self, leg: Leg, since_ms: int, but: str = "") -> list[SimOrder]:
        """The program's orders of a leg that the exchange took after a moment, ``but`` one."""
        own = [o for o in self.on.truth.own if leg_of(o) == leg and o.created_ms > since_ms]
        return [order for order in own if order.client_id != but]

    async def next(self, asked: Asked, within_s: float = 15) -> SimOrder:
        """Wait for the first other order of the leg after the one that was struck."""
        given = (asked.leg, asked.at_ms, asked.client_id)
        await self.on.until(lambda: self.orders_of(*given), within_s, f"another order of {asked.leg}")
        return self.orders_of(*given)[0]

    async def again(self, leg: Leg, since_ms: int, within_s: float = 15) -> SimOrder:
        """Wait for the leg's first order after a moment."""
        await self.on.until(lambda: self.orders_of(leg, since_ms), within_s, f"another order of {leg}")
        return self.orders_of(leg, since_ms)[0]


def leg_of(order: SimOrder) -> Leg:
    """The leg that an order closes."""
    return order.symbol, order.position_side


def other(leg: Leg) -> Leg:
    """Of the two legs the one that this is not."""
    return ETH_LEG if leg == BTC_LEG else BTC_LEG


def scene(*faults: Mapping[str, Any], alone: bool = False, **more: Any) -> Scene:
    """A calm market and two small positions; ``alone``: the LONG only."""
    beside = () if alone else (("ETHUSDT", SHORT, "1.5"),)
    given = {"wallet": WALLET, "others": ("ETHUSDT",), "beside": beside, **more}
    return Scene(seats=((LONG, "0.12"),), faults=faults, **given)


@asynccontextmanager
async def watched(
    folder: Path,
    setting: Scene,
    chosen: Settings | None = None,
    *,
    on_strike: Mapping[str, Sequence[Mapping[str, Any]]] | None = None,
    **judgement: Any,
) -> AsyncIterator[Watched]:
    """A stage whose requests are noted from the first one on."""
    async with stage(folder, setting, chosen=chosen or settings(SHORT_CONFIG), start=False, **judgement) as on:
        watch = Watched(on, on_strike or {})
        on.start()
        yield watch
        if on.code is None:
            assert await on.stop() == DONE, on.told()
