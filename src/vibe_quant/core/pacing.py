"""Whether the account may send another order or cancel now: own windows, the exchange's counts, 429 and 418."""

from __future__ import annotations

from bisect import bisect_right
from collections import deque
from dataclasses import dataclass
from decimal import Decimal
from typing import Final

from vibe_quant.domain.blocked import Blocked
from vibe_quant.domain.events import RateLimited, RateUsage
from vibe_quant.domain.settings import RateLimitSettings
from vibe_quant.domain.status import Facts

SECOND_MS: Final = 1000
TEN_SECONDS_MS: Final = 10_000
MINUTE_MS: Final = 60_000
SENT_KEPT: Final = 5000
TOLD_TO_MS: Final = 1000
"""The exchange says in whole seconds for how long: ends that are no farther apart are one."""


@dataclass(frozen=True, slots=True)
class ExchangeLimits:
    """What the exchange allows: request weight of an IP a minute, orders of an account in ten seconds and a minute."""

    weight_1m: int = 2400
    orders_10s: int = 300
    orders_1m: int = 1200


@dataclass(slots=True)
class _Report:
    """A count as the exchange last told it, believed for as long as its window."""

    window_ms: int
    limit: int
    count: int = 0
    at_ms: int | None = None

    def is_spent(self, share: Decimal, more: int, now: int) -> bool:
        return (self.told_of(now) or 0) + more >= self.limit * share

    def told_of(self, now: int) -> int | None:
        """The count while it is believed."""
        return self.count if self.at_ms is not None and now - self.at_ms < self.window_ms else None

    def told(self, count: int | None, now: int) -> None:
        if count is not None:
            self.count, self.at_ms = count, now


class Pacing:
    """One an account.  Discretion obeys all of it, risk only the ban.

    The reserve is kept back from the weight and from the exchange's order counts.  Orders sent since the exchange's
    last word are added to it.  A second is (t - 1000, t].
    """

    __slots__ = (
        "_banned_until",
        "_cancels",
        "_full_until",
        "_limited_until",
        "_next",
        "_orders",
        "_s",
        "_sent",
        "_share",
        "_slots",
        "_weight",
    )

    def __init__(self, settings: RateLimitSettings, limits: ExchangeLimits | None = None) -> None:
        limits = limits or ExchangeLimits()
        self._weight = _Report(MINUTE_MS, limits.weight_1m)
        self._slots = (_Report(TEN_SECONDS_MS, limits.orders_10s), _Report(MINUTE_MS, limits.orders_1m))
        self._orders: deque[int] = deque()
        self._cancels: deque[int] = deque()
        self._sent: list[int] = []
        self._next: tuple[int, int | None] | None = None
        """(now, answer) of the last ``next_at``, until something changes: each waiting side asks for it."""
        self._limited_until = self._banned_until = self._full_until = 0
        self.retune(settings)

    def retune(self, settings: RateLimitSettings) -> None:
        """Take new settings; what was sent, told and forbidden stays known."""
        self._next = None
        self._s = settings
        self._share = 1 - settings.weight_reserve
        self._orders = deque(self._orders, maxlen=settings.max_orders_per_sec)
        self._cancels = deque(self._cancels, maxlen=settings.max_cancels_per_sec)

    def on_usage(self, usage: RateUsage) -> None:
        """Take what the headers of an answer say."""
        self._next = None
        self._weight.told(usage.weight_1m, usage.recv_ms)
        self._weight.limit = usage.weight_limit or self._weight.limit
        self._slots[0].told(usage.orders_10s, usage.recv_ms)
        self._slots[1].told(usage.orders_1m, usage.recv_ms)

    def on_limited(self, limited: RateLimited) -> bool:
        """Take a 429 or a 418; the later end rules.  Whether it is news: others under way are answered the same."""
        self._next = None
        known = self._banned_until if limited.banned else self._limited_until
        until = max(known, limited.until_ms)
        if limited.banned:
            self._banned_until = until
        else:
            self._limited_until = until
        return known <= limited.recv_ms or until > known + TOLD_TO_MS

    def too_many(self, now: int) -> None:
        """Take a -1015: no order until ten seconds have turned; a minute, where they were not enough."""
        if now < self._full_until:
            return
        self._next = None
        again = self._full_until and now < self._full_until + TEN_SECONDS_MS
        self._full_until = now + (MINUTE_MS if again else TEN_SECONDS_MS)

    def weight(self, now: int) -> tuple[int | None, int]:
        """The address's request weight of this minute as the exchange last told it (None: long ago), and its limit."""
        return self._weight.told_of(now), self._weight.limit

    def may_order(self, now: int, risk: bool = False) -> Blocked | None:
        """None where an order may leave now, else why not; ``risk`` is for panic, stops and what they need."""
        held = self._held(now, risk)
        if held is not None or risk:
            return held
        if now < self._full_until:
            return Blocked.TOO_MANY
        if _is_full(self._orders, now):
            return Blocked.ORDERS_SPENT
        if any(slot.is_spent(self._share, self._sent_since(slot, now), now) for slot in self._slots):
            return Blocked.COUNT_SPENT
        return None if self.has_weight(now) else Blocked.WEIGHT_SPENT

    def has_weight(self, now: int) -> bool:
        """Whether a request that can wait may leave: the reserve is untouched, and nobody asked to back off."""
        return self._held(now, False) is None and not self._weight.is_spent(self._share, 0, now)

    def may_cancel(self, now: int, risk: bool = False) -> Blocked | None:
        """None where a cancel may leave now, else why not; a cancel may spend the reserve."""
        held = self._held(now, risk)
        if held is not None or risk:
            return held
        return Blocked.CANCELS_SPENT if _is_full(self._cancels, now) else None

    def ordered(self, now: int, risk: bool = False) -> None:
        """An order has left; one of risk counts for the exchange only."""
        self._next = None
        self._sent.append(now)
        if len(self._sent) > SENT_KEPT:
            del self._sent[0]
        if not risk:
            self._orders.append(now)

    def cancelled(self, now: int, risk: bool = False) -> None:
        """A cancel has left; one of risk counts for nothing."""
        if not risk:
            self._next = None
            self._cancels.append(now)

    def next_at(self, now: int) -> int | None:
        """The next moment at which something held back may be free again; None where nothing is held back."""
        if self._next is None or self._next[0] != now:
            self._next = (now, self._worked_out(now))
        return self._next[1]

    def _worked_out(self, now: int) -> int | None:
        if self.may_order(now) is None and self.may_cancel(now) is None:
            return None
        ends = [self._limited_until, self._banned_until, self._full_until]
        ends += [times[0] + SECOND_MS for times in (self._orders, self._cancels) if _is_full(times, now)]
        ends += [r.at_ms + r.window_ms for r in (self._weight, *self._slots) if r.at_ms is not None]
        for slot in self._slots:
            first = bisect_right(self._sent, now - slot.window_ms)
            ends += [at + slot.window_ms for at in self._sent[first : first + 1]]
        return min((end for end in ends if end > now), default=now + SECOND_MS)

    def facts(self, blocked: Blocked, now: int) -> Facts:
        """The numbers behind what a budget holds back; nothing for any other reason."""
        ends = {
            Blocked.BANNED: self._banned_until,
            Blocked.BACK_OFF: self._limited_until,
            Blocked.TOO_MANY: self._full_until,
        }
        if blocked in ends:
            return (("left_ms", str(max(0, ends[blocked] - now))),)
        windows = {Blocked.ORDERS_SPENT: self._orders, Blocked.CANCELS_SPENT: self._cancels}
        if blocked in windows:
            times = windows[blocked]
            free = times[0] + SECOND_MS - now if times else 0
            return (("limit_per_s", str(times.maxlen)), ("left_ms", str(max(0, free))))
        reserve = ("reserve", str(self._s.weight_reserve))
        if blocked is Blocked.WEIGHT_SPENT:
            used, limit = self.weight(now)
            return (("weight", str(used)), ("limit", str(limit)), reserve)
        if blocked is not Blocked.COUNT_SPENT:
            return ()
        counts = [(slot, (slot.told_of(now) or 0) + self._sent_since(slot, now)) for slot in self._slots]
        in_windows = [(f"in_{slot.window_ms // SECOND_MS}_s", f"{count} of {slot.limit}") for slot, count in counts]
        return (*in_windows, reserve)

    def _held(self, now: int, risk: bool) -> Blocked | None:
        if now < self._banned_until:
            return Blocked.BANNED
        if now < self._limited_until and not risk:
            return Blocked.BACK_OFF
        return None

    def _sent_since(self, slot: _Report, now: int) -> int:
        since = now - slot.window_ms
        if slot.at_ms is not None:
            since = max(since, slot.at_ms)
        return len(self._sent) - bisect_right(self._sent, since)


def _is_full(times: deque[int], now: int) -> bool:
    """The window's limit is the deque's length, so the oldest kept decides."""
    return len(times) == times.maxlen and times[0] > now - SECOND_MS
