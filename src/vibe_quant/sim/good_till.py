"""Ends GTD orders when their date has come: one timer for the earliest date, whatever the number of orders."""

from __future__ import annotations

from vibe_quant.domain.enums import OrderStatus, TimeInForce
from vibe_quant.sim.matching import Matching
from vibe_quant.sim.records import AlgoRequest, ExpiryReason, OrderRequest, Rejected, SimOrder
from vibe_quant.sim.venue import NEVER, Venue

LEAST_AHEAD_MS = 600_000
LATEST_MS = 253_402_300_799_000
OUT_OF_RANGE = (
    "The goodTillDate timestamp must be greater than the current time plus 600 seconds "
    "and smaller than 253402300799000 (UTC 9999-12-31 23:59:59)"
)


class GoodTill:
    """The account's GTD orders."""

    def __init__(self, venue: Venue, matching: Matching) -> None:
        """Shares the exchange's state."""
        self._venue = venue
        self._matching = matching
        self._armed = NEVER
        self._orders: list[SimOrder] = []

    def check(self, request: OrderRequest | AlgoRequest, now: int) -> int:
        """The date in ms, rounded down to the second; zero where the order has none.

        Raises:
            Rejected: -1102 GTD without a date, -1106 a date without GTD (by switch), -5040 out of range.
        """
        date = request.good_till_ms
        if request.time_in_force is not TimeInForce.GTD:
            if date and self._venue.switches.stray_good_till_refused:
                raise Rejected(-1106, "Parameter 'goodtilldate' sent when not required.")
            return 0
        if date is None:
            raise Rejected(-1102, "Mandatory parameter 'goodtilldate' was not sent, was empty/null, or malformed.")
        if not now + LEAST_AHEAD_MS < date < LATEST_MS:
            raise Rejected(-5040, OUT_OF_RANGE)
        return date - date % 1000

    def watch(self, order: SimOrder) -> None:
        """End the order at its date, unless it is done before."""
        if order.good_till_ms and not order.status.is_final:
            self._live()
            self._orders.append(order)
            self._arm()

    def _live(self) -> None:
        self._orders = [order for order in self._orders if not order.status.is_final]

    def _arm(self) -> None:
        first = min((order.good_till_ms for order in self._orders), default=NEVER)
        if first < self._armed:
            self._armed = first
            self._venue.schedule(first, self._run_out)

    def _run_out(self, at: int) -> None:
        if at != self._armed:
            return
        switches = self._venue.switches
        status = OrderStatus.CANCELED if switches.gtd_ends_canceled else OrderStatus.EXPIRED
        for order in self._orders:
            if order.good_till_ms <= at and not order.status.is_final:
                self._matching.end(order, status, ExpiryReason.NONE, at)
        self._live()
        self._armed = NEVER
        self._arm()
