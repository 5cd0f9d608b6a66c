"""Orders with our prefix that the ledger does not know: left by an earlier run, or of a second instance at work."""

from __future__ import annotations

from vibe_quant.core.house import House
from vibe_quant.core.orders import from_report
from vibe_quant.domain.enums import NoticeKind, Severity
from vibe_quant.domain.events import OrderUpdate
from vibe_quant.domain.intents import CancelOrder, Halt, Intent, Notify

LEFTOVER_MS = 10_000  # own orders of an earlier run may surface for so long after the first account read


class Strangers:
    """One an account.  ``first_read_ms``: when the account was first read as a whole."""

    def __init__(self, house: House) -> None:
        self._house = house
        self._of_others: set[str] = set()
        self._orphans: set[str] = set()
        self.first_read_ms: int | None = None

    def adopt(self, update: OrderUpdate, now: int) -> bool:
        """Take an order of an earlier run on a managed leg into the ledger, where it is cancelled; False: none."""
        if self._is_late(now) or update.status.is_final:
            return False
        self._house.orders.record(from_report(update, now))
        self._house.counter(update.symbol, update.position_side).adopt(update)
        return True

    def orphan(self, update: OrderUpdate, now: int) -> list[Intent]:
        """On a leg that is not managed: a leftover is cancelled as often as it is seen, and not followed."""
        if update.client_id not in self._orphans and (self._is_late(now) or update.status.is_final):
            return self.of_another(update)
        if update.status.is_final:
            return []
        self._orphans.add(update.client_id)
        return [CancelOrder(update.symbol, update.client_id, "left by an earlier run")]

    def of_another(self, update: OrderUpdate) -> list[Intent]:
        """Not ours to touch, whatever it is: remembered as a claim; where it lives, discretion halts."""
        self._house.foreign.report(update)
        if update.status.is_final or (self._house.halted is not None and self._of_others):
            return []
        self._of_others.add(update.client_id)
        reason = f"order {update.client_id} carries our prefix and is not ours"
        self._house.halted = self._house.halted or reason
        text = (
            f"{update.symbol}: {reason}: another instance works this account. All discretionary orders have stopped; "
            "panic and protective stops go on. Stop the other instance, or give one another client_order_prefix; then "
            "resume."
        )
        facts = (("client_id", update.client_id),)
        return [
            Notify(NoticeKind.HALT, Severity.ALARM, text, update.symbol, update.position_side, facts),
            Halt(None, None, reason),
        ]

    def _is_late(self, now: int) -> bool:
        """Too late for a leftover of an earlier run."""
        return self.first_read_ms is not None and now >= self.first_read_ms + LEFTOVER_MS
