"""When the exchange warns that a position is running out of margin: once on the way down, again only after recovery."""

from __future__ import annotations

from decimal import Decimal

from vibe_quant.domain.enums import MarginType
from vibe_quant.sim.account import Leg, LegKey, pnl
from vibe_quant.sim.records import ZERO, MarginCallEvent, MarginCallRow
from vibe_quant.sim.venue import Venue

Subject = str | LegKey
"""What shares one margin: the crossed legs of an asset, or one isolated leg."""


class MarginCalls:
    """Thresholds are switches: margin_call_ratio, margin_call_clear_ratio, margin_call_repeat_ms."""

    def __init__(self, venue: Venue) -> None:
        """Shares the exchange's state."""
        self._venue = venue
        self._told: dict[Subject, int] = {}

    def weigh(self, subject: Subject, balance: Decimal, needed: Decimal, now: int) -> None:
        """Tell, or not, of a margin balance (above ``needed``, the maintenance margin) of ``subject``."""
        switches = self._venue.switches
        told = self._told.get(subject)
        if needed < balance * (switches.margin_call_ratio if told is None else switches.margin_call_clear_ratio):
            if told is not None:
                del self._told[subject]
            return
        repeat = switches.margin_call_repeat_ms
        if told is None or (repeat and now - told >= repeat):
            self._told[subject] = now
            self._tell(subject, now)

    def forget(self, subject: Subject) -> None:
        """The subject is liquidated or holds nothing any more."""
        if self._told:
            self._told.pop(subject, None)

    def _tell(self, subject: Subject, now: int) -> None:
        account = self._venue.account
        if isinstance(subject, str):
            wallet, legs = account.cross_wallet(subject), account.cross_legs(subject)
        else:
            wallet, legs = None, [(subject, account.leg(*subject))]
        rows = tuple(self._row(key, leg) for key, leg in legs)
        self._venue.out.append(MarginCallEvent(wallet, rows, now))

    def _row(self, key: LegKey, leg: Leg) -> MarginCallRow:
        account = self._venue.account
        mark = self._venue.markets[key[0]].mark
        return MarginCallRow(
            key[0],
            key[1],
            account.signed(key),
            MarginType.ISOLATED if key[0] in account.isolated else MarginType.CROSSED,
            leg.isolated_wallet,
            ZERO if mark is None else mark,
            pnl(key[1], leg, mark),
            account.maintenance(key),
        )
