"""When a leg stood without stops for the whole of it: what a program that promises protection is measured by."""

from __future__ import annotations

from collections import defaultdict, deque
from dataclasses import dataclass
from decimal import Decimal

from vibe_quant.domain.enums import OrderType
from vibe_quant.sim.account import LegKey
from vibe_quant.sim.exchange import SimExchange
from vibe_quant.sim.records import ZERO

KEPT = 10_000
PROTECTIVE = frozenset((OrderType.STOP, OrderType.STOP_MARKET, OrderType.TRAILING_STOP_MARKET))


@dataclass(slots=True, eq=False)
class Bare:
    """A stretch of time (epoch ms; ``until_ms`` None: it lasts); ``qty`` is the most that had no stop in it."""

    key: LegKey
    from_ms: int
    until_ms: int | None
    qty: Decimal


class BareLegs:
    """``stretches``: the newest ``KEPT``, oldest first.  Take-profits protect nothing; what triggered still does."""

    def __init__(self, exchange: SimExchange) -> None:
        self.stretches: deque[Bare] = deque(maxlen=KEPT)
        self._exchange = exchange
        self._open: dict[LegKey, Bare] = {}

    def note(self, now: int) -> None:
        """Look at the account, of which something may have changed; changes within one moment are one."""
        bare = self._uncovered()
        for key in self._open.keys() - bare.keys():
            ended = self._open.pop(key)
            ended.until_ms = now
            if ended.from_ms == now:
                self.stretches.remove(ended)
        for key, qty in bare.items():
            stretch = self._open.get(key)
            if stretch is None:
                self._open[key] = begun = Bare(key, now, None, qty)
                self.stretches.append(begun)
            else:
                stretch.qty = max(stretch.qty, qty)

    def _uncovered(self) -> dict[LegKey, Decimal]:
        covered: dict[LegKey, Decimal] = defaultdict(lambda: ZERO)
        for algo in self._exchange.algos.open:
            key = (algo.symbol, algo.position_side)
            if algo.order_type in PROTECTIVE and algo.side is algo.position_side.exit_side:
                leg = self._exchange.account.leg(*key)
                covered[key] += leg.qty if algo.close_position else algo.qty
        legs = self._exchange.account.legs.items()
        return {key: leg.qty - covered[key] for key, leg in legs if leg.qty > covered[key]}
