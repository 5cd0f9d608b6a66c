"""The touch of a generated market, in ticks and steps: how it moves, is eaten, filled up and reshaped."""

from __future__ import annotations

from math import log
from random import Random

from vibe_quant.sim.market.params import MarketParams

LOT_SHARE = 0.01
LOT_SIGMA = 2.2
FRESH = 0.25
STEPWISE = 0.6
RETURN_SHARE = 0.6
THINNEST = 0.1
HASTE = 5.0
RETREAT = 3.0


class Book:
    """Best bid and ask; depth behind them does not exist.

    ``open`` says that a side has gone and the book is yet to close, ``threshold`` how far the latent price must leave
    the mid before the book moves.
    """

    def __init__(self, params: MarketParams, rng: Random, value: float) -> None:
        self._params = params
        self._rng = rng
        self._touch_mu = log(params.touch_median)
        self._taker_mu = log(params.taker_median)
        self._lot_mu = log(params.touch_median * LOT_SHARE)
        self.bid = int(value)
        self.ask = self.bid + self._spread()
        self.bid_qty, self.ask_qty = self._touch(), self._touch()
        self._bid_before, self._ask_before = self.bid, self.ask
        self.open = False
        self.threshold = self._next_threshold()

    @property
    def mid(self) -> float:
        """Half of bid and ask together."""
        return (self.bid + self.ask) / 2

    def move(self, value: float, *, up: bool) -> None:
        """One side leaves its level for ``value``, in one step or in several."""
        half = self._spread() / 2
        goal = max(self.ask + 1, round(value + half)) if up else max(1, min(self.bid - 1, round(value - half)))
        way = abs(goal - (self.ask if up else self.bid))
        part = way > 1 and self._rng.random() < STEPWISE
        if part:
            way = 1 + int((way - 1) * self._rng.random() ** 2)
        if up:
            self.ask, self.ask_qty = self.ask + way, self._fresh()
        else:
            self.bid, self.bid_qty = max(1, self.bid - way), self._fresh()
        self.threshold = (self.ask - self.bid) / 2 + 1.0 if part else self._next_threshold()
        self.open = True

    def jump(self, value: float) -> None:
        """Both sides stand anew around ``value``."""
        self.bid = max(1, round(value - self._spread() / 2))
        self.ask = self.bid + self._spread()
        self.bid_qty, self.ask_qty = self._fresh(), self._fresh()
        self.threshold, self.open = self._next_threshold(), False

    def close_up(self, value: float) -> None:
        """The side that lags follows, so that the spread is ordinary again."""
        spread = self._spread()
        if value > self.mid:
            bid = max(self.bid, self.ask - spread)
            self.bid_qty = self._fresh() if bid != self.bid else self.bid_qty
            self.bid = bid
        else:
            ask = min(self.ask, self.bid + spread)
            self.ask_qty = self._fresh() if ask != self.ask else self.ask_qty
            self.ask = ask
        self.open = False

    def wanted(self, *, buys: bool) -> int:
        """What a taker takes: of an ordinary size, never more than is displayed."""
        shown = self.ask_qty if buys else self.bid_qty
        if self._params.exact_share and self._rng.random() < self._params.exact_share:
            return shown
        return min(1 + int(self._rng.lognormvariate(self._taker_mu, self._params.taker_sigma)), shown)

    def take(self, qty: int, *, buys: bool) -> bool:
        """``qty`` goes; True if that was all, and the side stands at its next level."""
        eaten = qty == (self.ask_qty if buys else self.bid_qty)
        if buys:
            self.ask += self._retreat() if eaten else 0
            self.ask_qty = self._touch() if eaten else self.ask_qty - qty
        else:
            self.bid = max(1, self.bid - (self._retreat() if eaten else 0))
            self.bid_qty = self._touch() if eaten else self.bid_qty - qty
        self.open = self.open or eaten
        return eaten

    def requote(self, lean: float) -> None:
        """Someone adds to or withdraws from a side of the touch, or reshapes the spread.

        ``lean`` from -1 to 1 says where the price is about to go: the side in its way thins, the other one fills.
        """
        bid_side = self._rng.random() < 0.5
        if self._params.reshape and self._rng.random() < self._params.reshape:
            self._reshape(bid_side)
            return
        usual = self._params.touch_median * max(THINNEST, 1.0 + (lean if bid_side else -lean))
        qty = self.bid_qty if bid_side else self.ask_qty
        lot = 1 + int(self._rng.lognormvariate(self._lot_mu, LOT_SIGMA) * (1.0 + HASTE * abs(lean)))
        adds = self._rng.random() * (usual + qty) < usual
        qty = qty + min(lot, int(usual) + 1) if adds else max(1, qty - lot)
        if bid_side:
            self.bid_qty = qty
        else:
            self.ask_qty = qty

    def _reshape(self, bid_side: bool) -> None:
        """A side improves or withdraws: to the other's neighbour, back to where it came from, or part of some way."""
        if bid_side:
            level = self.ask - self._gap(self.ask - self.bid, self.ask - self._bid_before)
            self._bid_before, self.bid, self.bid_qty = self.bid, max(1, level), self._touch()
        else:
            level = self.bid + self._gap(self.ask - self.bid, self._ask_before - self.bid)
            self._ask_before, self.ask, self.ask_qty = self.ask, level, self._touch()

    def _gap(self, now: int, before: int) -> int:
        """The spread after someone reshaped it."""
        rng = self._rng
        if rng.random() < self._params.tight_share:
            return 1
        if before > 0 and rng.random() < RETURN_SHARE:
            return before
        return max(1, now + round((self._spread() - now) * rng.random() ** 2))

    def _touch(self) -> int:
        return 1 + int(self._rng.lognormvariate(self._touch_mu, self._params.touch_sigma))

    def _fresh(self) -> int:
        """What stands at a level that was just built."""
        return 1 + int(FRESH * self._rng.lognormvariate(self._touch_mu, self._params.touch_sigma))

    def _spread(self) -> int:
        if not self._params.spread_extra:
            return 1
        return 1 + int(self._rng.lognormvariate(log(self._params.spread_extra), self._params.spread_sigma))

    def _retreat(self) -> int:
        """How far the next level is from one that was eaten."""
        if not self._params.spread_extra:
            return 1
        return 1 + int(self._rng.expovariate(RETREAT / self._params.spread_extra))

    def _next_threshold(self) -> float:
        """Half the spread and a random rest."""
        rest = self._rng.expovariate(1 / (self._params.sticky * self.mid))
        return (self.ask - self.bid) / 2 + max(1.0, rest)
