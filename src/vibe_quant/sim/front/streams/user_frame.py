"""One event of the user stream on its way to the sockets."""

from __future__ import annotations

from dataclasses import dataclass

from vibe_quant.sim.front.http import Json


@dataclass(frozen=True, slots=True)
class UserFrame:
    """``name`` is the event's ``e``, ``exch_ms`` its time; ``body`` the whole payload."""

    name: str
    exch_ms: int
    body: Json
