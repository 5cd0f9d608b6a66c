"""Brings the stage into the situation of a recorded market message, and takes what our streams and reads say."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

from tests.sim.recorded_shapes import decimals
from tests.sim.recorded_stage import Stage, as_json

from vibe_quant.domain.enums import OrderSide
from vibe_quant.domain.events import Depth

D = Decimal
CLASSES = {"bookTicker": "public", "depthUpdate": "public", "trade": "public"}


def _stage(symbol: str, price: str, qty: str) -> Stage:
    return Stage(symbol, (decimals(price), decimals(qty)))


def _listen(stage: Stage, recorded: Any, stream: str) -> Any:
    """A socket in the recording's own mode."""
    event = recorded.get("data", recorded)["e"]
    cls = CLASSES.get(event, "market")
    wrapped = "data" in recorded
    return stage.hear(f"{cls}/stream", f"streams={stream}") if wrapped else stage.hear(f"{cls}/ws/{stream}")


def _stream(recorded: Any) -> str:
    data = recorded.get("data", recorded)
    symbol = (data.get("s") or data["o"]["s"]).lower()
    return recorded.get("stream") or f"{symbol}@{data['e']}"


def book_ticker(recorded: Any) -> Any:
    """The touch as recorded."""
    told = recorded.get("data", recorded)
    stage = _stage(told["s"], told["b"], told["B"])
    socket = _listen(stage, recorded, _stream(recorded))
    stage.quote(*(D(told[key]) for key in "baBA"))
    return socket.sent[-1]


def trade(recorded: Any) -> Any:
    """The raw trade as recorded."""
    stage = _stage(recorded["s"], recorded["p"], recorded["q"])
    socket = _listen(stage, recorded, _stream(recorded))
    stage.quote(D(recorded["p"]), D(recorded["p"]) + stage.tick)
    stage.trade(D(recorded["p"]), D(recorded["q"]), recorded["m"])
    return socket.sent[-1]


def agg_trade(recorded: Any) -> Any:
    """The aggregate of one trade."""
    told = recorded["data"]
    stage = _stage(told["s"], told["p"], told["q"])
    socket = _listen(stage, recorded, _stream(recorded))
    stage.quote(D(told["p"]), D(told["p"]) + stage.tick)
    stage.trade(D(told["p"]), D(told["q"]), told["m"])
    stage.wait(1000)
    return socket.sent[-1]


def depth(recorded: Any) -> Any:
    """A book like the recorded one, and one that differs from it by a level."""
    told = recorded["data"]
    asks = [(D(price), D(qty)) for price, qty in told["a"]]
    stage = _stage(told["s"], *told["a"][0])
    bids = [(D(price), D(qty)) for price, qty in told["b"]] or [(asks[0][0] - stage.tick, D(1))]
    socket = _listen(stage, recorded, _stream(recorded))
    for more in (D(0), stage.step):
        stage.quote(bids[0][0], asks[0][0], bids[0][1], asks[0][1] + more)
        stage.depth(Depth(stage.symbol, stage.now, stage.now, tuple(bids), tuple(asks)))
        stage.wait(500)
    return socket.sent[-1]


def depth_read(recorded: Any) -> Any:
    """GET depth of such a book."""
    stage = _stage("BTCUSDT", *recorded["asks"][0])
    bids, asks = ([(D(price), D(qty)) for price, qty in recorded[side]] for side in ("bids", "asks"))
    stage.quote(bids[0][0], asks[0][0], bids[0][1], asks[0][1])
    stage.depth(Depth(stage.symbol, stage.now, stage.now, tuple(bids), tuple(asks)))
    stage.wait(500)
    return stage.ask("GET", "/fapi/v1/depth", symbol="BTCUSDT", limit=5)


def mark_price(recorded: Any) -> Any:
    """The second's mark."""
    told = recorded["data"]
    stage = Stage(told["s"])
    socket = _listen(stage, recorded, _stream(recorded))
    price = D(told["p"])
    stage.quote(price, price + stage.tick)
    stage.mark(price)
    stage.wait(3000)
    return socket.sent[-1]


def kline(recorded: Any) -> Any:
    """A candle that goes on, or has ended."""
    told = recorded["data"]["k"]
    stage = _stage(told["s"], told["o"], told["v"])
    socket = _listen(stage, recorded, _stream(recorded))
    stage.quote(D(told["o"]), D(told["o"]) + stage.tick)
    stage.trade(D(told["o"]), D(told["v"]), False)
    stage.wait(61_000 if told["x"] else 500)
    return next(frame for frame in reversed(socket.sent) if frame["data"]["k"]["x"] == told["x"])


def force_order(recorded: Any) -> Any:
    """Somebody's liquidation."""
    told = recorded.get("data", recorded)["o"]
    stage = Stage(told["s"], (decimals(told["p"]), decimals(told["q"])))
    socket = _listen(stage, recorded, _stream(recorded))
    stage.quote(D(told["p"]), D(told["p"]) + stage.tick)
    side, qty = OrderSide(told["S"]), D(told["q"])
    stage.box.board.forced(stage.symbol, side, qty, D(told["p"]), D(told["ap"]), stage.now)
    stage.wait(3000)
    return socket.sent[-1]


def exchange_info(recorded: Any) -> Any:
    """The rules of one symbol beside the limits; filters by their names."""
    stage = Stage("BTCUSDT", percent_up=D("1.05"), percent_down=D("0.95"))
    body = stage.ask("GET", "/fapi/v1/exchangeInfo")
    return by_filter(as_json(body))


def by_filter(body: Any) -> Any:
    """exchangeInfo of BTCUSDT alone with its filters as an object: their order says nothing."""
    (symbol,) = (row for row in body["symbols"] if row["symbol"] == "BTCUSDT")
    filters = {row["filterType"]: row for row in symbol["filters"]}
    return body | {"symbols": [symbol | {"filters": filters}]}
