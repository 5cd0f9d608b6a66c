"""How a side is worked near liquidation: tier, slice, mode, pace, and what is done when the exchange refuses.

| happening                              | tier     | base              | mode                     | timeouts |
|----------------------------------------|----------|-------------------|--------------------------|----------|
| first tier reached                     | reached  | position          | MAKER_ONLY               | 0        |
| another tier reached                   | that one | position          | kept                     | kept     |
| a tier reached again                   | that one | of its first time | kept                     | kept     |
| position enlarged                      | kept     | position          | kept                     | kept     |
| order unfilled or refused, maker       | kept     | kept              | by the tier's own count  | + 1      |
| order filled, in full or in part       | kept     | kept              | kept                     | 0        |
| tiers left                             | none     |                   |                          |          |

A maker order that is refused counts as one that timed out: the price is coming through.  Where the slice under way has
no time left for a maker order and a taker's after it, its order is aggressive whatever mode and count say.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from decimal import ROUND_CEILING, Decimal

from vibe_quant.core.strategies.port import OrderEnd
from vibe_quant.domain.enums import ExecutionMode, NoticeKind, PositionSide, Severity, SignalReason
from vibe_quant.domain.intents import Intent, Notify
from vibe_quant.domain.risk import RiskFlag
from vibe_quant.domain.risk_settings import PanicSettings, PanicTier

ONE = Decimal(1)
HALF = Decimal("0.5")
LEAVE = Decimal("1.02")
MARK_RETRY_MS = 1000
MARK_LATE_MS = 1500


def tier_at(tiers: tuple[PanicTier, ...], dist: Decimal, held: int | None) -> int | None:
    """Index of the most dangerous tier with ``dist <= tier.dist_to_liq``; None: none is reached.

    ``held``, the tier ruling so far, is left for a calmer one only where ``dist`` exceeds its bound by 2 %.
    """
    for i in reversed(range(len(tiers))):
        slack = LEAVE if held is not None and i <= held else ONE
        if dist <= tiers[i].dist_to_liq * slack:
            return i
    return None


def slices(tier: PanicTier) -> int:
    """Slices that a tier needs for the whole position: ceil(1 / slice_ratio)."""
    return int((ONE / tier.slice_ratio).to_integral_value(ROUND_CEILING))


def bound_ms(tier: PanicTier, ttl_ms: int, round_trip_ms: int) -> int:
    """A tier's bound on time to flat: slices x ((maker timeouts + 1) x panic TTL + round trips).

    It is for as long as the tier or a nearer one rules, at an exchange that takes the orders within the round trip and
    shows each aggressive one, as it arrives, its quantity at the touch that it was decided on or better.  Each for
    which that is not so costs a TTL and a round trip more.
    """
    return slices(tier) * slice_ms(tier, ttl_ms, round_trip_ms)


def slice_ms(tier: PanicTier, ttl_ms: int, round_trip_ms: int) -> int:
    """The longest that one slice of a tier may take."""
    return (tier.maker_timeouts_to_escalate + 1) * ttl_ms + round_trip_ms


def panic_ttl_ms(order_ttl_ms: int, ttl_percent: Decimal) -> int:
    """order_ttl_ms x ttl_percent, floored, at least 1 ms."""
    return max(1, int(order_ttl_ms * ttl_percent))


def wants_mark(stream_mark_ms: int | None, asked_ms: int | None, stale_ms: int, now: int) -> bool:
    """Whether the mark is to be read by REST now: the stream's is older than ``stale_ms``, at most once a second."""
    stale = stream_mark_ms is None or now - stream_mark_ms >= stale_ms
    return stale and (asked_ms is None or now - asked_ms >= MARK_RETRY_MS)


@dataclass(frozen=True, slots=True)
class PanicPlan:
    """What the side is to send now: ``floor_step(base x ratio)``, at least a lot; ``whole``: all that is open.

    ``blind``: the book is not to be trusted, the exchange chooses the price (priceMatch OPPONENT).
    """

    base: Decimal
    ratio: Decimal
    whole: bool
    mode: ExecutionMode
    ttl_ms: int
    blind: bool
    tier: int
    reason: SignalReason = SignalReason.PANIC


@dataclass(frozen=True, slots=True)
class Entry:
    """A tier's first time in one panic, or the last enlargement in it: the position then, and when it was.

    Slices relieve the margin, so that the distance swings about a tier's bound; what a tier promised when it was
    first entered is kept through that.  ``behind``: it has fallen behind its bound since.
    """

    base: Decimal
    since_ms: int
    behind: bool = False


@dataclass(frozen=True, slots=True)
class PanicState:
    """A side in panic; ``entries`` by tier.  ``qty`` is the position now (absolute, base asset)."""

    tier: int
    qty: Decimal
    entries: tuple[tuple[int, Entry], ...]
    mode: ExecutionMode = ExecutionMode.MAKER_ONLY
    timeouts: int = 0

    @property
    def entry(self) -> Entry:
        """Of the tier that rules."""
        return dict(self.entries)[self.tier]

    def with_entry(self, entry: Entry) -> PanicState:
        """The same with another entry of the tier that rules."""
        others = tuple(pair for pair in self.entries if pair[0] != self.tier)
        return replace(self, entries=(*others, (self.tier, entry)))


def step(state: PanicState | None, tier: int | None, qty: Decimal, now: int) -> PanicState | None:
    """The state after a look at tier and position (absolute, base asset); None: not in panic."""
    if tier is None or qty <= 0:
        return None
    fresh = ((tier, Entry(qty, now)),)
    if state is None:
        return PanicState(tier, qty, fresh)
    if qty > state.qty:
        return replace(state, tier=tier, qty=qty, entries=fresh)
    known = any(found == tier for found, _ in state.entries)
    return replace(state, tier=tier, qty=qty, entries=state.entries if known else (*state.entries, *fresh))


def ended(state: PanicState, end: OrderEnd) -> PanicState:
    """The state after a panic order's end."""
    return replace(state, timeouts=0 if end in (OrderEnd.FILLED, OrderEnd.PARTIAL) else state.timeouts + 1)


def escalated(state: PanicState, tier: PanicTier) -> PanicState:
    """MAKER_ONLY becomes AGGRESSIVE_LIMIT at the tier's own count of timeouts in a row, and stays so."""
    if state.timeouts >= tier.maker_timeouts_to_escalate:
        return replace(state, mode=ExecutionMode.AGGRESSIVE_LIMIT)
    return state


def due_ms(state: PanicState, tier: PanicTier, ttl_ms: int, round_trip_ms: int) -> int:
    """When the slice under way is to be closed; half a slice is let pass, as rounding to the step takes from each."""
    entry = state.entry
    closed = int((entry.base - state.qty) / entry.base / tier.slice_ratio + HALF)
    return entry.since_ms + min(closed + 1, slices(tier)) * slice_ms(tier, ttl_ms, round_trip_ms)


def is_behind(state: PanicState, tier: PanicTier, ttl_ms: int, round_trip_ms: int, now: int) -> bool:
    """Whether less is closed than the slices whose longest time has passed."""
    entry = state.entry
    due = (now - entry.since_ms) // slice_ms(tier, ttl_ms, round_trip_ms)
    return entry.base - state.qty < min(due * tier.slice_ratio, ONE) * entry.base


class PanicClose:
    """Panic of one side; ``order_ttl_ms`` and ``round_trip_ms`` may be set anew at any time."""

    def __init__(
        self, symbol: str, side: PositionSide, settings: PanicSettings, order_ttl_ms: int, round_trip_ms: int = 200
    ) -> None:
        self.symbol = symbol
        self.side = side
        self.settings = settings
        self.order_ttl_ms = order_ttl_ms
        self.round_trip_ms = round_trip_ms
        self._state: PanicState | None = None
        self._mark_ms: int | None = None

    @property
    def state(self) -> PanicState | None:
        """None: not in panic."""
        return self._state

    @property
    def ttl_ms(self) -> int:
        """Life of a panic order."""
        return panic_ttl_ms(self.order_ttl_ms, self.settings.ttl_percent)

    def reconfigure(self, settings: PanicSettings, order_ttl_ms: int) -> bool:
        """New settings; True where they are others: at the next flag, which is to follow at once, a panic that is on
        enters its tier anew.  What it has come to in mode and timeouts stays: the danger is the same.
        """
        if settings == self.settings and order_ttl_ms == self.order_ttl_ms:
            return False
        self.settings, self.order_ttl_ms = settings, order_ttl_ms
        if self._state is not None:
            self._state = replace(self._state, entries=())
        return True

    def on_flag(self, flag: RiskFlag, qty: Decimal, now: int) -> list[Intent]:
        """A new risk flag or position; a tier that settings no longer have is none."""
        tier = flag.tier if flag.tier is not None and flag.tier < len(self.settings.tiers) else None
        self._mark_ms = flag.mark_ms
        before = self._state
        after = step(before, tier, qty, now)
        self._state = after = self._settled(after)
        known = before.entry.since_ms if before is not None and before.entries else None  # none by new settings
        if after is not None and after.entry.since_ms == now != known:
            return [self._entered(after, flag, now)]
        if before is not None and after is None:
            text = f"{self.symbol} {self.side} has left panic; signals decide again."
            return [Notify(NoticeKind.RISK, Severity.INFO, text, self.symbol, self.side)]
        return []

    def on_end(self, end: OrderEnd) -> None:
        """An order sent by a plan has ended; nothing happens where panic was left meanwhile."""
        if self._state is not None:
            self._state = self._settled(ended(self._state, end))

    def on_timer(self, now: int) -> list[Intent]:
        """Compares the pace with the tier's bound; behind it, the next tier's slice, said once a tier."""
        state = self._state
        if state is None or state.entry.behind:
            return []
        tier = self.settings.tiers[state.tier]
        if not is_behind(state, tier, self.ttl_ms, self.round_trip_ms, now):
            return []
        self._state = state.with_entry(replace(state.entry, behind=True))
        last = state.tier + 1 >= len(self.settings.tiers)
        sends = "the whole remainder" if last else "slices of the next tier"
        text = (
            f"{self.symbol} {self.side} is behind its bound in panic tier {state.tier + 1}: {state.qty} of "
            f"{state.entry.base} still open. It now sends {sends}.{self._age(now)}"
        )
        return [Notify(NoticeKind.RISK, Severity.ALARM, text, self.symbol, self.side)]

    def plan(self, now: int, *, book_fresh: bool) -> PanicPlan | None:
        """What to send now; None: not in panic.

        Maker orders that fill in part are no timeouts, and the round trips of many add up: time counts as well.
        """
        state = self._state
        if state is None:
            return None
        tiers = self.settings.tiers
        last = state.tier + 1 >= len(tiers)
        entry = state.entry
        ratio = tiers[state.tier + 1 if entry.behind and not last else state.tier].slice_ratio
        whole = entry.behind and last
        due = due_ms(state, tiers[state.tier], self.ttl_ms, self.round_trip_ms)
        mode = ExecutionMode.AGGRESSIVE_LIMIT if now + 2 * self.ttl_ms > due else state.mode
        return PanicPlan(entry.base, ratio, whole, mode, self.ttl_ms, not book_fresh, state.tier)

    def remainder_plan(self, qty: Decimal, *, book_fresh: bool) -> PanicPlan:
        """The plan for what a fired stop has left: as in the last tier, aggressive; all of it where there is none."""
        last = len(self.settings.tiers) - 1
        ratio = self.settings.tiers[last].slice_ratio if last >= 0 else ONE
        mode, reason = ExecutionMode.AGGRESSIVE_LIMIT, SignalReason.STOP_REMAINDER
        return PanicPlan(qty, ratio, ratio == ONE, mode, self.ttl_ms, not book_fresh, max(last, 0), reason)

    def deadline(self, now: int) -> int | None:
        """The next moment after ``now`` at which a slice is overdue."""
        state = self._state
        if state is None or state.entry.behind:
            return None
        entry, tier = state.entry, self.settings.tiers[state.tier]
        due = int((entry.base - state.qty) / entry.base / tier.slice_ratio) + 1
        at = entry.since_ms + due * slice_ms(tier, self.ttl_ms, self.round_trip_ms)
        return at if at > now else None

    def _settled(self, state: PanicState | None) -> PanicState | None:
        return None if state is None else escalated(state, self.settings.tiers[state.tier])

    def _entered(self, state: PanicState, flag: RiskFlag, now: int) -> Notify:
        tier = self.settings.tiers[state.tier]
        bound = bound_ms(tier, self.ttl_ms, self.round_trip_ms)
        dist = "unknown" if flag.dist is None else f"{flag.dist:.4f}"
        text = (
            f"{self.symbol} {self.side} is in panic tier {state.tier + 1}, {dist} from liquidation: closing "
            f"{state.qty} in slices of {tier.slice_ratio} of it, to be flat within {bound / 1000:.1f} s."
            f"{self._age(now)}"
        )
        age = "unknown" if self._mark_ms is None else str(now - self._mark_ms)
        facts = (
            ("tier", str(state.tier + 1)),
            ("dist", dist),
            ("qty", str(state.qty)),
            ("bound_ms", str(bound)),
            ("mark_age_ms", age),
        )
        return Notify(NoticeKind.RISK, Severity.ALARM, text, self.symbol, self.side, facts)

    def _age(self, now: int) -> str:
        """A sentence about a mark that is late, else nothing."""
        if self._mark_ms is None or now - self._mark_ms < MARK_LATE_MS:
            return ""
        return f" The distance is by a mark price {(now - self._mark_ms) / 1000:.1f} s old; no newer one has come."
