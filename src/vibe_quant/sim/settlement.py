"""A contract's rules while it lives, and its end: new grids and filters, a halt, delisting, the settled position."""

from __future__ import annotations

from dataclasses import replace
from decimal import Decimal

from vibe_quant.domain.enums import OrderStatus, PositionSide
from vibe_quant.domain.rules import SymbolRules
from vibe_quant.sim.forced import Forced
from vibe_quant.sim.records import ExpiryReason
from vibe_quant.sim.stops import AlgoService
from vibe_quant.sim.venue import Venue

SETTLED = frozenset(("SETTLING", "DELIVERING", "CLOSE", "DELIVERED"))
ENDING = SETTLED | {"PRE_SETTLE", "PRE_DELIVERING"}


class Settlement:
    """What follows from a symbol's status: orders end before settlement, positions at it."""

    def __init__(self, venue: Venue, forced: Forced, algos: AlgoService) -> None:
        """Shares the exchange's state."""
        self._venue = venue
        self._forced = forced
        self._algos = algos

    def change_rules(self, symbol: str, rules: SymbolRules, now: int, price: Decimal | None = None) -> None:
        """Put new rules in force.

        What rests stays, on the new grid or not.  A halt (TRADING_HALT and the like) refuses new orders and leaves the
        rest; PRE_SETTLE ends all orders; SETTLING and CLOSE settle the legs too, at ``price`` (None: the mark).
        """
        self._venue.market(symbol).rules = rules
        if rules.status in ENDING:
            self._end_orders(symbol, now)
        if rules.status in SETTLED:
            for side in PositionSide:
                if self._venue.account.leg(symbol, side).qty:
                    self._forced.settle((symbol, side), price, now)

    def set_status(self, symbol: str, status: str, now: int, price: Decimal | None = None) -> None:
        """``change_rules`` of the status alone."""
        self.change_rules(symbol, replace(self._venue.market(symbol).rules, status=status), now, price)

    def _end_orders(self, symbol: str, now: int) -> None:
        self._algos.expire_all(symbol, now)
        for order in list(self._venue.markets[symbol].resting):
            if not order.status.is_final:
                self._forced.matching.end(order, OrderStatus.EXPIRED, ExpiryReason.DELISTED, now)
