"""The exchange in a box on a bare stage: one symbol, no market of its own, everything brought about by hand."""

from __future__ import annotations

import hmac
import json
from dataclasses import replace
from decimal import Decimal
from typing import Any
from urllib.parse import urlencode

from vibe_quant.domain.enums import PositionSide
from vibe_quant.domain.events import Depth, Mark, Quote, Trade
from vibe_quant.domain.rules import Bracket, SymbolRules
from vibe_quant.sim.front.box import Box
from vibe_quant.sim.front.box_markets import play
from vibe_quant.sim.front.box_options import BoxOptions, MarketSource
from vibe_quant.sim.front.http import HttpRequest, HttpResponse, encode
from vibe_quant.sim.instruments import of_rules
from vibe_quant.sim.switches import Switches

D = Decimal
NOW = 1_790_000_040_000
NOTHING, PLENTY = D(0), D(1000)
LONG, SHORT = PositionSide.LONG, PositionSide.SHORT
PLACES = {
    "AAPLUSDT": (5, 2), "ACEUSDT": (6, 2), "ADAUSDT": (5, 0), "AVAXUSDT": (4, 0), "BTCUSDC": (1, 3), "BTCUSDT": (2, 3),
    "DOTUSDT": (4, 1), "ETHUSDC": (2, 3), "ETHUSDT": (2, 3), "MANTAUSDT": (7, 1), "SEIUSDT": (7, 0), "SOLUSDT": (4, 2),
    "TRXUSDT": (5, 0), "XRPUSDT": (4, 1),
}  # fmt: skip


class Wire:
    """A socket that remembers."""

    def __init__(self) -> None:
        self.sent: list[Any] = []

    def send(self, payload: bytes) -> None:
        self.sent.append(json.loads(payload))

    def ping(self, payload: bytes) -> None: ...

    def close(self, code: int, reason: str) -> None: ...

    def abort(self) -> None: ...


class Stage:
    """One symbol with the given precisions; ``private`` hears the user stream."""

    def __init__(self, symbol: str, places: tuple[int, int] | None = None, **options: Any) -> None:
        price_places, qty_places = places or PLACES[symbol]
        quote = "USDC" if symbol.endswith("USDC") else "USDT"
        self.symbol, self.asset, self.now = symbol, quote, NOW
        self.tick, self.step = D(1).scaleb(-price_places), D(1).scaleb(-qty_places)
        rules = SymbolRules(
            symbol=symbol,
            tick=self.tick,
            step=self.step,
            min_qty=self.step,
            max_qty=D(10_000_000),
            min_notional=options.pop("min_notional", D(0)),
            market_max_qty=D(1_000_000),
            min_price=self.tick,
            max_price=D(1_000_000),
            percent_up=options.pop("percent_up", None),
            percent_down=options.pop("percent_down", None),
            liquidation_fee=D("0.0125"),
            margin_asset=quote,
        )
        brackets = (
            Bracket(D(0), D(100_000), D("0.004"), D(0), 125),
            Bracket(D(100_000), D(100_000_000), D("0.05"), D(4_600), 10),
        )
        instrument = of_rules(rules, D(100), brackets)
        instrument = replace(instrument, price_places=price_places, qty_places=qty_places, underlying_subtypes=("PoW",))
        switches = Switches(**{"query_lag_ms": 0, **options.pop("switches", {})})
        market = MarketSource(instrument, events=())
        wallets = {quote: options.pop("wallet", D(100_000_000))}
        self.box = Box(BoxOptions((market,), wallets=wallets, switches=switches, **options), self.now)
        self.x = self.box.exchange
        self.box.listen_keys.create(self.now)
        self.private = self.hear("private/ws", f"listenKey={self.box.listen_keys.live}")

    def hear(self, path: str, query: str = "") -> Wire:
        wire = Wire()
        self.box.hub.open(f"/{path}", query, wire, self.now)
        return wire

    def events(self, name: str) -> list[Any]:
        """The user events of that name so far."""
        self.box.tell(self.now)
        return [event for event in self.private.sent if event.get("e") == name]

    def wait(self, ms: int) -> None:
        self.now += ms
        self.box.advance(self.now)

    def play(self, event: Any) -> None:
        play(self.x, event)
        self.box.board.on_event(event)
        self.box.tell(self.now)

    def quote(self, bid: Decimal, ask: Decimal, bid_qty: Decimal = PLENTY, ask_qty: Decimal = PLENTY) -> None:
        self.play(Quote(self.symbol, self.now, self.now, bid, bid_qty, ask, ask_qty))

    def trade(self, price: Decimal, qty: Decimal, buyer_is_maker: bool = True) -> None:
        self.play(Trade(self.symbol, self.now, self.now, price, qty, buyer_is_maker))

    def mark(self, price: Decimal) -> None:
        self.play(Mark(self.symbol, self.now, self.now, price, price, D("0.00005301")))

    def depth(self, depth: Depth) -> None:
        self.play(depth)

    def seed(self, side: PositionSide, qty: Decimal, entry: Decimal, realized: Decimal = NOTHING) -> None:
        self.x.seed_position(self.symbol, side, qty, entry)
        self.x.account.leg(self.symbol, side).realized = realized

    def answer(self, method: str, path: str, **params: Any) -> HttpResponse:
        """A signed request through the gate; ``_secret`` signs with another one."""
        secret = params.pop("_secret", self.box.hmac_secret)
        given = {key: value for key, value in params.items() if value is not None} | {"timestamp": self.now}
        query = urlencode(given)
        signature = hmac.digest(secret.encode(), query.encode(), "sha256").hex()
        headers = {"x-mbx-apikey": self.box.hmac_key}
        request = HttpRequest(method, path, f"{query}&signature={signature}", b"", headers)
        answer = self.box.call(request, self.now)
        assert answer is not None
        return answer

    def ask(self, method: str, path: str, **params: Any) -> Any:
        answer = self.answer(method, path, **params)
        assert answer.status == 200, answer.body
        return json.loads(answer.body)

    def place(self, side: str, position_side: str, qty: object, price: object = None, **more: Any) -> Any:
        kind = "MARKET" if price is None and not more.get("priceMatch") else "LIMIT"
        if kind == "LIMIT":
            more.setdefault("timeInForce", "GTC")
        more = {"symbol": self.symbol, "side": side, "positionSide": position_side, "type": kind, **more}
        return self.ask("POST", "/fapi/v1/order", quantity=qty, price=price, **more)


def as_json(body: Any) -> Any:
    """What a client would read."""
    return json.loads(encode(body))
