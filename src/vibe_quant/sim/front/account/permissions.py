"""What the API key may do, as GET apiRestrictions tells a program that looks before it trades."""

from __future__ import annotations

from collections.abc import Mapping

from vibe_quant.sim.front.endpoint import Call, Endpoint
from vibe_quant.sim.front.http import Json

CREATED_MS = 1_623_840_271_000
DEFAULTS: Mapping[str, bool] = {
    "ipRestrict": False,
    "enableReading": True,
    "enableWithdrawals": False,
    "enableInternalTransfer": False,
    "enableMargin": False,
    "enableFutures": True,
    "permitsUniversalTransfer": False,
    "enableVanillaOptions": False,
    "enableFixApiTrade": False,
    "enableFixReadOnly": False,
    "enableSpotAndMarginTrading": False,
    "enablePortfolioMarginTrading": False,
}


class PermissionCalls:
    """``permissions`` may be changed while the exchange runs; by default the key may read and trade futures."""

    def __init__(self, permissions: Mapping[str, bool]) -> None:
        """``permissions``: what differs from the defaults, by the names on the wire."""
        unknown = sorted(set(permissions) - set(DEFAULTS))
        if unknown:
            raise ValueError(f"no such permission of a key: {', '.join(unknown)}; there are {', '.join(DEFAULTS)}")
        self.permissions = dict(DEFAULTS) | dict(permissions)

    def endpoints(self) -> list[Endpoint]:
        """GET apiRestrictions."""
        return [Endpoint("GET", "/sapi/v1/account/apiRestrictions", self._restrictions)]

    def _restrictions(self, _call: Call) -> Json:
        body: dict[str, Json] = {"ipRestrict": self.permissions["ipRestrict"], "createTime": CREATED_MS}
        return body | {name: allowed for name, allowed in self.permissions.items() if name != "ipRestrict"}
