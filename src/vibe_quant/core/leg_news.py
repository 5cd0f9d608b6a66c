"""What a change of a leg means: enlarged, reduced by somebody else, flat; said, and acted on at once."""

from __future__ import annotations

from decimal import Decimal
from typing import TYPE_CHECKING

from vibe_quant.core import flatten
from vibe_quant.core.account import LegChange
from vibe_quant.core.tally import Dust
from vibe_quant.domain.enums import NoticeKind, PositionSide, Severity
from vibe_quant.domain.events import OrderUpdate
from vibe_quant.domain.intents import Intent, Notify

if TYPE_CHECKING:
    from vibe_quant.core.desk import Desk
    from vibe_quant.core.side import Side

ZERO = Decimal(0)
SETTLE_MS = 2000  # own fills that no row contains after so long are looked into
EXPLAIN_MS = 100  # a row may come so long before the report of the own fill that caused it
CAUSES = {
    "autoclose-": "the exchange's liquidation",
    "adl_autoclose": "the exchange's auto-deleveraging (ADL)",
    "settlement_autoclose-": "the exchange's settlement",
}


class LegNews:
    """One a symbol."""

    def __init__(self, desk: Desk) -> None:
        self._desk = desk
        self._reported: set[PositionSide] = set()
        self._falls: dict[PositionSide, tuple[int, Decimal]] = {}
        """side -> since when, and by how much, it has fallen without a report of an own fill"""

    def changed(self, key: PositionSide, change: LegChange | None, now: int) -> list[Intent]:
        """React to a change of a leg, managed or not."""
        side = self._desk.sides.get(key)
        if side is None:
            return self._unmanaged(key)
        out: list[Intent] = []
        if change is not None and change.enlarged > 0 and not side.gate.retired:
            out += self._enlarged(side, change, now)
        if change is not None and change.mismatch:
            out.append(self._mismatch(side, change))
        out += flatten.told(side, now)
        if side.leg.is_flat:
            side.flatten_base = None  # the position at the command is gone, whoever closed it
        out += self._fitted(side, ZERO if change is None else change.before - change.after, now)
        return out + side.aftermath.finished(now)

    def foreign_fill(self, update: OrderUpdate) -> list[Intent]:
        """A fill of an order that is not ours, on a leg that is managed."""
        if update.last_qty <= 0 or update.position_side not in self._desk.sides:
            return []
        if update.side is not update.position_side.exit_side:
            return []
        cause = next((text for prefix, text in CAUSES.items() if update.client_id.startswith(prefix)), None)
        severity = Severity.INFO if cause is None else Severity.ALARM
        who = cause or "an order that is not ours"
        text = (
            f"{update.symbol} {update.position_side}: {update.last_qty} was closed at {update.last_price} by {who} "
            f"({update.client_id}). Own orders are fitted to what is left."
        )
        facts = (("client_id", update.client_id), ("qty", str(update.last_qty)), ("price", str(update.last_price)))
        return [Notify(NoticeKind.MISMATCH, severity, text, update.symbol, update.position_side, facts)]

    def tick(self, now: int) -> list[Intent]:
        """Own fills that have waited for their row for too long ask for a read; a fall that no fill explains counts."""
        for side in self._desk.sides.values():
            waiting = side.leg.pending_ms
            if waiting is not None and now >= waiting + SETTLE_MS:
                side.leg.pending_ms = now
                side.house.sync.surprise(now, f"{side.symbol} {side.side}: own fills without a position row")
        return [intent for key in list(self._falls) for intent in self._fitted(self._desk.sides[key], ZERO, now)]

    def deadline(self) -> int | None:
        """When fills, or falls, have waited long enough."""
        moments = [side.leg.pending_ms + SETTLE_MS for side in self._desk.sides.values() if side.leg.pending_ms]
        moments += [since + EXPLAIN_MS for since, _ in self._falls.values()]
        return min(moments, default=None)

    def _fitted(self, side: Side, fallen: Decimal, now: int) -> list[Intent]:
        """Withdraw what is larger than the position.

        The row of an own fill comes before its report, as a rule: a fall that own orders explain waits for that.
        """
        own = side.house.orders.remaining(side.symbol, side.side)
        over = own - side.leg.qty
        since, before = self._falls.pop(side.side, (now, ZERO))
        if over <= 0:
            return []
        fallen += before
        if over <= fallen <= own and now < since + EXPLAIN_MS:
            self._falls[side.side] = (since, fallen)
            return []
        return side.withdraw("the position is smaller than the order", now)

    def _enlarged(self, side: Side, change: LegChange, now: int) -> list[Intent]:
        first = change.before == 0
        if side.ctx is not None:
            side.ctx.exit_qty, side.ctx.began_ms = side.leg.qty - side.target, now
        side.tally.dust = Dust.NONE
        side.rescue.backoff.ready_ms = now  # it may have been too little before
        if first:
            side.tally.begin()
            side.flatten_base = None
        word = "has a position" if first else f"was enlarged by {change.enlarged}"
        text = f"{side.symbol} {side.side} {word}: {change.before} -> {change.after}. It is worked down."
        facts = (("before", str(change.before)), ("after", str(change.after)))
        return [Notify(NoticeKind.OPEN_ALERT, Severity.INFO, text, side.symbol, side.side, facts)]

    def _mismatch(self, side: Side, change: LegChange) -> Notify:
        text = (
            f"{side.symbol} {side.side}: the exchange's account read says {change.after} where {change.before} was "
            "counted from the stream. The read is taken; orders are fitted to it."
        )
        facts = (("counted", str(change.before)), ("read", str(change.after)))
        return Notify(NoticeKind.MISMATCH, Severity.WARNING, text, side.symbol, side.side, facts)

    def _unmanaged(self, key: PositionSide) -> list[Intent]:
        leg = self._desk.house.account.leg(self._desk.symbol, key)
        if leg.qty <= 0 or key in self._reported:
            return []
        self._reported.add(key)
        text = (
            f"{self._desk.symbol} {key} holds {leg.qty} and is not managed by the configuration: it gets neither "
            "orders nor a protective stop."
        )
        return [Notify(NoticeKind.LIFECYCLE, Severity.WARNING, text, self._desk.symbol, key)]
