"""A box under a clock moved by hand, with live markets and one client that keeps every frame it was sent."""

from __future__ import annotations

import hashlib
import hmac
import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from decimal import Decimal
from typing import Any
from urllib.parse import urlencode

from tests.sim.law_market import Clock, LiveMarket

from vibe_quant.domain.enums import PositionSide
from vibe_quant.sim.catalogue import CATALOGUE
from vibe_quant.sim.front.box import Box
from vibe_quant.sim.front.box_options import BoxOptions, MarketSource, Seat
from vibe_quant.sim.front.http import HttpRequest, HttpResponse
from vibe_quant.sim.front.streams.session import Session
from vibe_quant.sim.switches import Switches

D = Decimal
START = 1_800_000_000_000
PRICES = {"BTCUSDT": D("60000.0"), "XRPUSDT": D("1.5000"), "BTCUSDC": D("60010.0")}
WALLETS = {"USDT": D(12_000), "USDC": D(4_000)}
SEATS = (
    Seat("BTCUSDT", PositionSide.LONG, D("2"), D("60000")),
    Seat("BTCUSDT", PositionSide.SHORT, D("0.4"), D("60000.3")),
    Seat("XRPUSDT", PositionSide.SHORT, D("500"), D("1.5")),
    Seat("BTCUSDC", PositionSide.LONG, D("0.5"), D("59990.1")),
)
NO_LIMIT = 10**9
Row = dict[str, Any]


@dataclass
class Ear:
    """The client's end of a socket; it answers a ping at the next look."""

    got: list[bytes] = field(default_factory=list)
    pings: int = 0
    ended: str = ""

    def send(self, payload: bytes) -> None:
        self.got.append(payload)

    def ping(self, payload: bytes) -> None:
        self.pings += 1

    def close(self, code: int, reason: str) -> None:
        self.ended = f"closed {code} {reason}"

    def abort(self) -> None:
        self.ended = "broken"

    def take(self) -> list[Row]:
        """The frames since the last time, their numbers exact."""
        frames = [json.loads(payload, parse_float=D) for payload in self.got]
        self.got.clear()
        return frames


class LawDesk:
    """Three symbols of two margin assets, with a leg or two each; nothing limits how often one may ask."""

    def __init__(self, switches: Switches | None = None, seed: int = 5) -> None:
        self.clock = Clock(START, START)
        self.markets = {name: LiveMarket(CATALOGUE[name], price, self.clock) for name, price in PRICES.items()}
        sources = tuple(MarketSource(market.instrument, events=market.events()) for market in self.markets.values())
        self.switches = switches or Switches()
        options = BoxOptions(
            sources,
            seed=seed,
            wallets=WALLETS,
            positions=SEATS,
            switches=self.switches,
            weight_limit=NO_LIMIT,
            order_limits=(NO_LIMIT, NO_LIMIT),
        )
        self.box = Box(options, START)
        self._ends: list[tuple[Ear, Session]] = []
        self._read: dict[tuple[str, str], Any] = {}

    @property
    def now(self) -> int:
        """Epoch ms."""
        return self.clock.now

    def wait(self, ms: int = 0) -> None:
        """Let so much time pass, or more where more has been said of a market."""
        self._read.clear()
        longest = max(market.waiting for market in self.markets.values())
        self.clock.until = self.clock.now + max(ms, longest + 2 if longest else 0)
        self.box.advance(self.clock.until)
        self.clock.now = self.clock.until
        for ear, session in self._ends:
            while ear.pings:
                ear.pings -= 1
                session.pong(self.now)

    def request(self, method: str, path: str, params: Mapping[str, object], signed: bool = True) -> HttpRequest:
        """A request in order, its parameters in the query; those that are None are left out."""
        given = {name: str(value) for name, value in params.items() if value is not None}
        query = urlencode(given | ({"timestamp": str(self.now)} if signed else {}))
        if signed:
            query += "&signature=" + sign(self.box, query.encode())
        return HttpRequest(method, path, query, headers={"x-mbx-apikey": self.box.hmac_key})

    def send(self, request: HttpRequest) -> HttpResponse:
        """Its answer, at once."""
        self._read.clear()
        answer = self.box.call(request, self.now)
        assert answer is not None
        return answer

    def call(self, method: str, path: str, signed: bool = True, **params: object) -> tuple[int, Any]:
        """(status, body with exact numbers) of a request in order."""
        answer = self.send(self.request(method, path, params, signed))
        body = json.loads(answer.body, parse_float=D)
        if answer.status != 200:
            assert answer.status in (400, 404) and body["code"] < 0 and body["msg"], (path, params, answer)
        return answer.status, body

    def read(self, path: str, signed: bool = True, **params: object) -> Any:
        """The body of a GET that must succeed; not asked again while nothing else is done."""
        key = path, repr(params)
        if key not in self._read:
            kept = dict(self._read)
            status, body = self.call("GET", path, signed, **params)
            assert status == 200, (path, params, body)
            self._read = kept | {key: body}
        return self._read[key]

    def act(self, **what: object) -> bool:
        """Let something be done to the account or a market from outside; whether it could be."""
        self._read.clear()
        return self.box.control.handle("POST", "/act", json.dumps(what).encode(), self.now).status == 200

    def tell(self) -> None:
        """Pass on what was done to the exchange past its front."""
        self._read.clear()
        self.box.tell(self.now)

    def listen(self, path: str, query: str = "") -> tuple[Ear, Session]:
        """Open a socket."""
        ear = Ear()
        session = self.box.hub.open(path, query, ear, self.now)
        self._ends.append((ear, session))
        return ear, session

    def listen_to_account(self) -> tuple[Ear, Session]:
        """A socket of the user stream."""
        status, body = self.call("POST", "/fapi/v1/listenKey", signed=False)
        assert status == 200
        return self.listen(f"/private/ws/{body['listenKey']}")


def sign(box: Box, payload: bytes) -> str:
    """HMAC of the box's own key."""
    return hmac.new(box.hmac_secret.encode(), payload, hashlib.sha256).hexdigest()
