"""Requests and events in few words, for plans that stand alone."""

from __future__ import annotations

from typing import Any

from vibe_quant.sim.front.faults import FaultPlan, RequestFate
from vibe_quant.sim.front.http import HttpRequest
from vibe_quant.sim.front.params import Params
from vibe_quant.sim.front.streams.user_frame import UserFrame

START = 1_800_000_000_000
ORDER = "POST /fapi/v1/order"
FRAMES = ("ACCOUNT_UPDATE", "TRADE_LITE", "ORDER_TRADE_UPDATE")


def plan(*declared: dict[str, Any], seed: int = 1) -> FaultPlan:
    return FaultPlan(declared, seed, START)


def meet(faults: FaultPlan, at_ms: int = 0, key: str = ORDER, /, **params: str) -> RequestFate:
    """One request, ``at_ms`` after the start."""
    method, path = key.split(" ")
    request = HttpRequest(method, path, ip="127.0.0.9")
    return faults.on_request(request, key, Params(list(params.items())), START + at_ms)


def struck(faults: FaultPlan, count: int, every_ms: int = 100, key: str = ORDER, **params: str) -> list[int]:
    """Which of ``count`` requests are refused, from 1."""
    fates = [meet(faults, number * every_ms, key, **params) for number in range(count)]
    return [number for number, fate in enumerate(fates, 1) if fate.ends]


def frame(name: str, number: int = 0, symbol: str = "BTCUSDT", side: str = "LONG") -> UserFrame:
    """An event whose ``E`` is its number."""
    body: dict[str, Any] = {"e": name, "E": number}
    if name == "ACCOUNT_UPDATE":
        body["a"] = {"m": "ORDER", "P": [{"s": symbol, "ps": side}]}
    else:
        body["o"] = {"s": symbol, "ps": side, "c": f"vq-{number}"}
    return UserFrame(name, START, body)


def fill(number: int, symbol: str = "BTCUSDT") -> list[UserFrame]:
    """The three events of one fill."""
    return [frame(name, number, symbol) for name in FRAMES]


def told(items: list[tuple[int, UserFrame]]) -> list[tuple[int, str, Any]]:
    """(ms since the start, name, number) of each telling."""
    return [(due - START, item.name, _body(item)["E"]) for due, item in items]


def _body(item: UserFrame) -> Any:
    return item.body
