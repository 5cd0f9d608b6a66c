"""POST countdownCancelAll."""

from __future__ import annotations

from vibe_quant.sim.exchange import SimExchange
from vibe_quant.sim.front.endpoint import Call, Endpoint
from vibe_quant.sim.front.http import Json
from vibe_quant.sim.front.params import illegal, missing


class CountdownCalls:
    """The dead-man's timers of the account."""

    def __init__(self, exchange: SimExchange) -> None:
        """``exchange`` keeps the timers."""
        self._exchange = exchange

    def endpoints(self) -> list[Endpoint]:
        """The rows of the routing table."""
        return [Endpoint("POST", "/fapi/v1/countdownCancelAll", self.arm, weight=10)]

    def arm(self, call: Call) -> Json:
        """``countdownTime`` in ms, zero stops the timer; it comes back as text."""
        symbol = call.params.need("symbol")
        countdown = call.params.integer("countdownTime")
        if countdown is None:
            raise missing("countdownTime")
        if countdown < 0:
            raise illegal("countdownTime")
        self._exchange.countdowns.arm(symbol, countdown, call.now)
        return {"symbol": symbol, "countdownTime": str(countdown)}
