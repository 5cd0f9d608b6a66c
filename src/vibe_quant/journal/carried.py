"""What must still be known of rows that are gone from the journal's beginning: folded from them before they go."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from vibe_quant.domain.enums import OrderStatus, RequestKind
from vibe_quant.journal.rows import Row
from vibe_quant.journal.standing import Standing, standing

TRADES_MS = 120_000
"""Trade ids are known for so long before the newest exchange time of their symbol: a restart asks as far back."""
FORGOTTEN_MS = 120 * 86_400_000
"""Orders and trades that are older are of no use: the exchange tells of three months."""
_FINAL = frozenset(str(status) for status in OrderStatus if status.is_final)


@dataclass(frozen=True, slots=True)
class Traded:
    """Of one symbol.  ``seen``: (the row's time, the exchange's) of fills and reports, without those that another
    exceeds in both; ``fills``: (the row's time, the trade's id) of the newest.  Times are epoch ms.
    """

    seen: tuple[tuple[int, int], ...] = ()
    fills: tuple[tuple[int, int], ...] = ()


@dataclass(frozen=True, slots=True)
class Carried:
    """What a reader that looks further back than the rows reach must know.

    ``orders`` are the intents of orders without an end, oldest first; ``newest`` the newest row of each kind;
    ``traded`` goes by symbol.
    """

    standing: Standing = field(default_factory=Standing)
    orders: tuple[Row, ...] = ()
    newest: tuple[Row, ...] = ()
    traded: Mapping[str, Traded] = field(default_factory=dict)

    def newest_of(self, kind: str) -> Row | None:
        """The newest row of a kind among those that are gone."""
        return next((row for row in self.newest if row.kind == kind), None)

    def fills_since(self, since_ms: int) -> dict[str, set[int]]:
        """Trade ids by symbol."""
        found = {
            symbol: {trade_id for at_ms, trade_id in one.fills if at_ms >= since_ms}
            for symbol, one in self.traded.items()
        }
        return {symbol: ids for symbol, ids in found.items() if ids}

    def last_exchange_ms(self, since_ms: int) -> dict[str, int]:
        """The newest exchange time by symbol, of rows since then."""
        found = {
            symbol: [exch_ms for at_ms, exch_ms in one.seen if at_ms >= since_ms] for symbol, one in self.traded.items()
        }
        return {symbol: max(times) for symbol, times in found.items() if times}


class Fold:
    """Takes the rows that are to go, oldest first, a page at a time, onto what was carried before them."""

    def __init__(self, before: Carried) -> None:
        self._standing = before.standing
        self._orders = {row.client_id: row for row in before.orders}
        self._newest = {row.kind: row for row in before.newest}
        self._traded = dict(before.traded)

    def take(self, rows: Sequence[Row]) -> None:
        """A page of rows.

        Raises:
            msgspec.MsgspecError, ValueError, TypeError, AttributeError, LookupError, ArithmeticError: one is damaged.
        """
        self._standing = standing((row for row in rows if row.kind in ("command", "position")), self._standing)
        for row in rows:
            self._newest[row.kind] = row
            if row.kind == "intent":
                self._intended(row)
            elif row.kind in ("report", "fill"):
                self._told(row, row.data())

    def carried(self, now_ms: int, but: Iterable[str] = ()) -> Carried:
        """What is to be kept of all that was taken; kinds of ``but`` have no newest row."""
        least = now_ms - FORGOTTEN_MS
        return Carried(
            self._standing,
            tuple(row for row in self._orders.values() if row.at_ms >= least),
            tuple(row for kind, row in self._newest.items() if kind not in but),
            {symbol: one for symbol, one in self._traded.items() if max(at_ms for at_ms, _ in one.seen) >= least},
        )

    def _intended(self, row: Row) -> None:
        if row.client_id and row.data().get("intent") == "OrderIntent":
            self._orders[row.client_id] = row

    def _told(self, row: Row, body: Mapping[str, Any]) -> None:
        if row.kind == "report" and is_end(body):
            self._orders.pop(row.client_id, None)
        exch_ms = body.get("exch_ms")
        if row.symbol and exch_ms is not None:
            before = self._traded.get(row.symbol, Traded())
            trade_id = int(body.get("trade_id") or 0) if row.kind == "fill" else None
            self._traded[row.symbol] = _seen(before, row.at_ms, int(exch_ms), trade_id)


def is_end(body: Mapping[str, Any]) -> bool:
    """Whether a report says that its order is over: a final state, or a submit that was refused."""
    if body.get("final") or body.get("status") in _FINAL:
        return True
    return body.get("answer") == "Refused" and body.get("request") == str(RequestKind.SUBMIT)


def _seen(before: Traded, at_ms: int, exch_ms: int, trade_id: int | None) -> Traded:
    seen = before.seen
    if not any(at >= at_ms and exch >= exch_ms for at, exch in seen):
        seen = (*((at, exch) for at, exch in seen if at > at_ms or exch > exch_ms), (at_ms, exch_ms))
    if trade_id is None:
        return before if seen is before.seen else Traded(seen, before.fills)
    least = max(exch for _, exch in seen) - TRADES_MS
    return Traded(seen, tuple(one for one in (*before.fills, (at_ms, trade_id)) if one[0] >= least))
