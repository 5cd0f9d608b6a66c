"""One side of a book: the touch as it is quoted, and behind it levels that a seed invents where no tape brings any.

A level stands, unchanged, until the touch has moved over it; a touch that was bettered stays behind as it was.
"""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Iterable
from decimal import ROUND_FLOOR, Decimal
from math import exp
from random import Random

from vibe_quant.domain.events import Level

RUNGS = 100
SPREAD_OF_SIZES = 0.9
DENSE_BELOW_TICKS = 30_000
DENSE, SPARSE = 1.15, 2.5
"""Mean distance of two levels in ticks: where a tick is a large part of the price, and where it is a small one."""
FAR_TICKS = 1000
SCALE_SHARE = 1 / 16
ZERO = Decimal(0)


class LadderSide:
    """Bids (``sign`` -1) or asks (1), at most ``RUNGS`` levels, best first.

    Keys are prices times ``sign``, so that the better one is always the smaller.  Quantities of invented levels are
    lognormal around the touch's own, which is averaged over the last settled touches.
    """

    def __init__(self, sign: int, tick: Decimal, step: Decimal, rng: Random) -> None:
        self.sign = sign
        self.tick = tick
        self._step = step
        self._rng = rng
        self._keys: list[Decimal] = []
        self._qtys: dict[Decimal, Decimal] = {}
        self._scale = 0.0
        self._told: tuple[Level, ...] | None = None

    def levels(self, most: int) -> list[Level]:
        """The first ``most`` levels, best first."""
        qtys = self._qtys
        if self.sign > 0:
            return [(key, qtys[key]) for key in self._keys[:most]]
        return [(-key, qtys[key]) for key in self._keys[:most]]

    def qty_at(self, key: Decimal) -> Decimal:
        """What stands there; zero where nothing does."""
        return self._qtys.get(key, ZERO)

    def tell(self, levels: Iterable[Level]) -> None:
        """Levels that the market itself brings: from now on nothing is invented, the last told ones hold."""
        self._told = tuple(levels)

    def settle(self, price: Decimal, qty: Decimal, tick: Decimal) -> set[Decimal]:
        """Take over the touch and let the ladder follow; the keys that changed.  An empty side has zeros."""
        if self._told is not None:
            return self._replace(self._as_told(price, qty))
        if not price or not qty:
            return self._replace({})
        key = price * self.sign
        changed: set[Decimal] = set()
        if self._keys and (tick != self.tick or abs(key - self._keys[0]) > FAR_TICKS * tick):
            changed = self._replace({})
        self.tick = tick
        if self._keys and key < self._keys[0]:
            between = self._invent(key, self._keys[0], RUNGS)
            self._keys[:0] = between
            changed.update(between)
        self._touch(key, qty, changed)
        self._extend(changed)
        return changed

    def _touch(self, key: Decimal, qty: Decimal, changed: set[Decimal]) -> None:
        keys = self._keys
        passed = bisect_left(keys, key)
        for gone in keys[:passed]:
            del self._qtys[gone]
            changed.add(gone)
        del keys[:passed]
        if not keys or keys[0] != key:
            keys.insert(0, key)
        if self._qtys.get(key) != qty:
            self._qtys[key] = qty
            changed.add(key)
        steps = float(qty / self._step)
        self._scale += (steps - self._scale) * (SCALE_SHARE if self._scale else 1.0)

    def _extend(self, changed: set[Decimal]) -> None:
        keys = self._keys
        for gone in keys[RUNGS:]:
            del self._qtys[gone]
            changed.add(gone)
        del keys[RUNGS:]
        if len(keys) < RUNGS:
            further = self._invent(keys[-1], None, RUNGS - len(keys))
            keys += further
            changed.update(further)

    def _invent(self, after: Decimal, before: Decimal | None, most: int) -> list[Decimal]:
        """New levels on the grid behind ``after`` and ahead of ``before``; none at or below a price of zero."""
        end = before if before is not None else (ZERO if self.sign < 0 else None)
        tick, rng = self.tick, self._rng
        mean = DENSE if abs(after) < DENSE_BELOW_TICKS * tick else SPARSE
        at = (after / tick).to_integral_value(ROUND_FLOOR)
        made: list[Decimal] = []
        while len(made) < most:
            at += 1 + int(rng.expovariate(1 / mean))
            key = at * tick
            if end is not None and key >= end:
                break
            self._qtys[key] = self._size()
            made.append(key)
        return made

    def _size(self) -> Decimal:
        return max(1, round(self._scale * exp(self._rng.gauss(0.0, SPREAD_OF_SIZES)))) * self._step

    def _as_told(self, price: Decimal, qty: Decimal) -> dict[Decimal, Decimal]:
        if not price or not qty:
            return {}
        touch = price * self.sign
        behind = ((level * self.sign, size) for level, size in self._told or ())
        return {touch: qty} | {key: size for key, size in behind if key > touch and size}

    def _replace(self, state: dict[Decimal, Decimal]) -> set[Decimal]:
        old = self._qtys
        changed = {key for key in old.keys() | state.keys() if old.get(key) != state.get(key)}
        self._qtys = state
        self._keys = sorted(state)
        return changed
