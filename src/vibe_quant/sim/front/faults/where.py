"""What a fault may strike: requests by endpoint and parameters, user events by name, symbol and side."""

from __future__ import annotations

import re
from collections.abc import Mapping
from fnmatch import fnmatchcase
from typing import Annotated, Literal

from pydantic import BeforeValidator, Field

from vibe_quant.domain.enums import PositionSide
from vibe_quant.sim.front.faults.spec import Plain, Symbol
from vibe_quant.sim.front.http import Json
from vibe_quant.sim.front.params import Params
from vibe_quant.sim.front.streams.user_frame import UserFrame

ENDPOINT = re.compile(r"\*|[A-Z*]+ [/*]\S*")
EventName = Literal[
    "ORDER_TRADE_UPDATE", "TRADE_LITE", "ACCOUNT_UPDATE", "ALGO_UPDATE", "MARGIN_CALL", "ACCOUNT_CONFIG_UPDATE"
]


def _endpoints(value: object) -> object:
    patterns = value if isinstance(value, list | tuple) else (value,)
    if not patterns or any(isinstance(one, str) and not ENDPOINT.fullmatch(one) for one in patterns):
        raise ValueError('must be * or a method and a path, as "POST /fapi/v1/order" or "* /fapi/v1/*"')
    return patterns


def matches(key: str, patterns: tuple[str, ...]) -> bool:
    """Whether an endpoint's key (method and path) is one of these."""
    return any(fnmatchcase(key, pattern) for pattern in patterns)


class RequestFilter(Plain):
    """Which requests; what is left out matches all."""

    endpoint: Annotated[
        tuple[str, ...],
        BeforeValidator(_endpoints),
        Field(description='"POST /fapi/v1/order", or a list of such; * stands for anything'),
    ] = ("*",)
    symbol: Annotated[Symbol | None, Field(description="as the exchange writes it, BTCUSDT")] = None
    position_side: Annotated[PositionSide | None, Field(description="LONG or SHORT")] = None
    params: dict[str, str] = Field(
        default_factory=dict, description="parameters and their exact values, {timeInForce: GTX}"
    )

    def holds(self, wanted: Mapping[str, str], params: Params) -> bool:
        """Whether the parameters are ``wanted`` and of this symbol and side."""
        wanted = dict(wanted)
        if self.symbol is not None:
            wanted["symbol"] = self.symbol
        if self.position_side is not None:
            wanted["positionSide"] = self.position_side.value
        return all(params.get(name) == value for name, value in wanted.items())

    def takes(self, key: str, params: Params) -> bool:
        """Whether a request to ``key`` (method and path) with these parameters is meant."""
        return matches(key, self.endpoint) and self.holds(self.params, params)


class EventFilter(Plain):
    """Which user events; what is left out matches all."""

    events: Annotated[
        tuple[EventName, ...], Field(description="their names, [ORDER_TRADE_UPDATE, ACCOUNT_UPDATE]")
    ] = ()
    symbol: Annotated[Symbol | None, Field(description="as the exchange writes it, BTCUSDT")] = None
    position_side: Annotated[PositionSide | None, Field(description="LONG or SHORT")] = None

    def takes(self, frame: UserFrame) -> bool:
        """Whether this event is meant; of several symbols or sides in one event any will do."""
        return (
            (not self.events or frame.name in self.events)
            and (self.symbol is None or _says(frame.body, "s", self.symbol))
            and (self.position_side is None or _says(frame.body, "ps", self.position_side.value))
        )


def _says(body: Json, key: str, value: str) -> bool:
    """Whether ``key`` has this value anywhere in the body."""
    if isinstance(body, Mapping):
        return body.get(key) == value or any(_says(inner, key, value) for inner in body.values())
    return isinstance(body, list | tuple) and any(_says(inner, key, value) for inner in body)
