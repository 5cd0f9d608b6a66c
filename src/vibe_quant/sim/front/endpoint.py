"""What an endpoint is: method and path, who may call it, what it costs, and the function that answers."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from enum import StrEnum

from vibe_quant.sim.front.http import Json
from vibe_quant.sim.front.params import Params


class Security(StrEnum):
    """What a request must carry."""

    NONE = "NONE"
    API_KEY = "API_KEY"
    SIGNED = "SIGNED"


@dataclass(frozen=True, slots=True)
class Call:
    """One admitted request: its parameters and the exchange's time (epoch ms) at which it is worked.

    ``api_key`` is the key that it came with, empty where none was asked for.
    """

    params: Params
    now: int
    api_key: str = ""


@dataclass(frozen=True, slots=True)
class Endpoint:
    """A row of the routing table.

    ``weight`` is of the IP's minute; ``orders`` is what the call counts on the 10 s and 1 min order counts.
    ``handler`` raises Rejected for anything the exchange refuses.
    """

    method: str
    path: str
    handler: Callable[[Call], Json]
    security: Security = Security.SIGNED
    weight: int | Callable[[Params], int] = 1
    orders: tuple[int, int] | Callable[[Params], tuple[int, int]] = (0, 0)

    def weigh(self, params: Params) -> int:
        """Weight of a call with these parameters."""
        return self.weight if isinstance(self.weight, int) else self.weight(params)

    def count(self, params: Params) -> tuple[int, int]:
        """(10 s, 1 min) order counts of a call with these parameters."""
        return self.orders if isinstance(self.orders, tuple) else self.orders(params)
