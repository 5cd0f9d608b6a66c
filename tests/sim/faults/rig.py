"""A box under a clock moved by hand, with one client of its own; everything that the client saw is in ``seen``."""

from __future__ import annotations

import hashlib
import hmac
import json
from dataclasses import dataclass, field
from decimal import Decimal
from typing import Any
from urllib.parse import urlencode

from vibe_quant.domain.enums import PositionSide
from vibe_quant.domain.events import Mark, Quote
from vibe_quant.sim.catalogue import CATALOGUE
from vibe_quant.sim.feed import FeedEvent
from vibe_quant.sim.front.box import Box
from vibe_quant.sim.front.box_options import BoxOptions, MarketSource, Seat
from vibe_quant.sim.front.http import HttpRequest
from vibe_quant.sim.front.streams.session import Session

D = Decimal
START = 1_800_000_000_000
SYMBOL = "BTCUSDT"
BID, ASK = "60000.0", "60000.1"
LONG, SHORT = PositionSide.LONG, PositionSide.SHORT


@dataclass(frozen=True, slots=True)
class Answer:
    """What a client saw of one request; status 0: the connection broke. ``at_ms`` since the start."""

    at_ms: int
    status: int
    text: str
    retry_after: str = ""

    @property
    def body(self) -> Any:
        return json.loads(self.text)

    @property
    def code(self) -> Any:
        return self.body.get("code")


@dataclass
class FakeWire:
    """The client's end of a socket: (ms since the start, message)."""

    rig: Rig
    got: list[tuple[int, Any]] = field(default_factory=list)
    ended: str = ""

    def send(self, payload: bytes) -> None:
        self.got.append((self.rig.ms, json.loads(payload)))

    def ping(self, payload: bytes) -> None:
        self.got.append((self.rig.ms, "ping"))

    def close(self, code: int, reason: str) -> None:
        self.ended = f"closed {code}"

    def abort(self) -> None:
        self.ended = "broken"

    @property
    def events(self) -> list[tuple[int, str]]:
        """(ms, name) of the user events."""
        return [(at, message["e"]) for at, message in self.got if isinstance(message, dict) and "e" in message]


class Rig:
    """BTCUSDT at 60000.0 x 5 / 60000.1 x 5, mark 60000; LONG 2 and SHORT 1 from there, 100000 USDT."""

    def __init__(self, *declared: dict[str, Any], seed: int = 3) -> None:
        market: list[FeedEvent] = [
            Quote(SYMBOL, 0, 0, D(BID), D(5), D(ASK), D(5)),
            Mark(SYMBOL, 0, 0, D(60000)),
        ]
        self.box = Box(
            BoxOptions(
                markets=(MarketSource(CATALOGUE[SYMBOL], events=market),),
                seed=seed,
                positions=(Seat(SYMBOL, LONG, D(2), D(60000)), Seat(SYMBOL, SHORT, D(1), D(60000))),
                faults=declared,
            ),
            START,
        )
        self.now = START
        self.seen: list[Answer] = []
        self.wires: list[FakeWire] = []
        self._ids = 0
        self.wait(0)

    @property
    def ms(self) -> int:
        """Since the start; of what the box does in between, too."""
        return self.box.now - START

    def wait(self, ms: int) -> None:
        self.now += ms
        self.box.advance(self.now)

    def call(self, method: str, path: str, signed: bool = True, /, **params: str) -> Answer:
        """One request, to its answer: time moves on by what faults delay it."""
        query = urlencode(params | ({"timestamp": str(self.now)} if signed else {}))
        if signed:
            secret = self.box.hmac_secret.encode()
            query += "&signature=" + hmac.new(secret, query.encode(), hashlib.sha256).hexdigest()
        request = HttpRequest(method, path, query, headers={"x-mbx-apikey": self.box.hmac_key})
        self.box.advance(self.now)
        fate = self.box.arrive(request, self.now)
        self.wait(fate.delay_ms)
        response = None if fate.reset else self.box.work(request, fate, self.now)
        self.wait(fate.answer_delay_ms)
        if response is None or fate.lost:
            answer = Answer(self.ms, 0, "")
        else:
            retry = response.headers.get("Retry-After", "")
            answer = Answer(self.ms, response.status, response.body.decode(), retry)
        self.seen.append(answer)
        return answer

    def order(self, price: str = "60030", **more: str) -> Answer:
        """A closing order of 0.1 of the LONG leg that rests, unless ``more`` says otherwise."""
        self._ids += 1
        params = {
            "symbol": SYMBOL,
            "side": "SELL",
            "positionSide": "LONG",
            "type": "LIMIT",
            "timeInForce": "GTC",
            "quantity": "0.1",
            "price": price,
            "newClientOrderId": f"vq-{self._ids}",
        }
        params |= more
        return self.call("POST", "/fapi/v1/order", **{name: value for name, value in params.items() if value})

    def market(self, **more: str) -> Answer:
        """0.1 of the LONG leg sold at once: three user events."""
        return self.order(type="MARKET", timeInForce="", price="", **more)

    def stop(self, **more: str) -> Answer:
        """A stop for the whole LONG leg, unless ``more`` says otherwise."""
        self._ids += 1
        params = {
            "symbol": SYMBOL,
            "side": "SELL",
            "positionSide": "LONG",
            "algoType": "CONDITIONAL",
            "type": "STOP_MARKET",
            "triggerPrice": "59000",
            "closePosition": "true",
            "clientAlgoId": f"vq-{self._ids}",
        }
        params |= more
        return self.call("POST", "/fapi/v1/algoOrder", **params)

    def ping(self) -> Answer:
        return self.call("GET", "/fapi/v1/ping", False)

    def listen_key(self) -> str:
        key = self.call("POST", "/fapi/v1/listenKey", False).body["listenKey"]
        assert isinstance(key, str)
        return key

    def socket(self, path: str) -> tuple[FakeWire, Session]:
        wire = FakeWire(self)
        self.wires.append(wire)
        return wire, self.box.hub.open(path, "", wire, self.now)

    def listen(self) -> FakeWire:
        """A socket of the user stream."""
        return self.socket(f"/private/ws/{self.listen_key()}")[0]

    def leg(self, side: PositionSide = LONG) -> Decimal:
        return self.box.exchange.account.leg(SYMBOL, side).qty

    def resting(self) -> list[str]:
        return [order.client_id for order in self.box.exchange.open_orders(SYMBOL)]

    @property
    def transcript(self) -> tuple[Any, ...]:
        """All that could be seen from outside, and the log of strikes."""
        return (self.seen, [(wire.got, wire.ended) for wire in self.wires], list(self.box.plan.struck))
