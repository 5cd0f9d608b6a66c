"""Keeps in the journal what exits cost, so far and in the end, and tells a start which of them go on."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import msgspec

from vibe_quant.app.application import Application
from vibe_quant.app.memory import heritage
from vibe_quant.app.report import EXIT, exit_of, trade_of
from vibe_quant.domain import events as ev
from vibe_quant.domain import log_events as le
from vibe_quant.domain.enums import OrderStatus, OrderType, PositionSide, Source
from vibe_quant.domain.settings import Venue
from vibe_quant.domain.status import ExitCost
from vibe_quant.journal.reader import JournalReader, LastStart
from vibe_quant.journal.rows import Row
from vibe_quant.log import log
from vibe_quant.ports import Entry, JournalBroken

DAY_MS = 86_400_000
KEPT_MS = 7 * DAY_MS
"""An exit that was told of longer ago begins anew; restarts compare positions as far back (``app.memory``)."""
MARGIN_MS = 60_000
"""The server's clock may have been set back between two rows."""
BAD = (JournalBroken, msgspec.MsgspecError, ValueError, LookupError, ArithmeticError)


@dataclass(frozen=True, slots=True)
class Interrupted:
    """An exit that an earlier run was at: what it had cost when it was last told, and the trades after that."""

    cost: ExitCost
    trades: tuple[ev.OrderUpdate, ...]


class ExitLog:
    """One a process.  Before ``began`` and after ``close`` nothing is written."""

    def __init__(self, reader: JournalReader) -> None:
        self._reader = reader
        self._app: Application | None = None
        self._seq = 0
        self._late = True

    @property
    def offset_ms(self) -> int:
        """Epoch ms = monotonic ms + this."""
        return 0 if self._app is None else self._app.parts.clock.offset_ms

    def began(self, app: Application) -> tuple[Interrupted, ...]:
        """The application is about to work: which exits go on; what cannot be read is said, and costs begin anew."""
        self._app = app
        if app.settings.shared.venue is Venue.PAPER:  # its account begins anew at each start
            self._late = False
            return ()
        try:
            return self._interrupted(app.parts.clock.server_ms())
        except BAD as error:
            self._given_up(error)
            return ()

    def late(self) -> Sequence[ev.OrderUpdate]:
        """Once, when what became of earlier runs' orders is settled: the trades that this has found."""
        app = self._app
        if not self._late or app is None or not app.at_work:
            return ()
        self._late = False
        try:
            rows = self._reader.rows(kinds=("fill",), after=self._seq)
            return [update for row in rows if (update := _told(row)) is not None and row.data().get("found_at_restart")]
        except BAD as error:
            self._given_up(error)
            return ()

    def is_flat(self, symbol: str, side: PositionSide) -> bool:
        """Whether the exchange has said so, and what earlier runs have left is settled."""
        app = self._app
        if app is None or not app.at_work:
            return False
        return any(leg.flat for leg in app.engine.legs() if (leg.symbol, leg.side) == (symbol, side))

    def note(self, costs: Sequence[ExitCost]) -> None:
        """Write a row of each, in one commit; a journal in trouble keeps them until it is well."""
        if self._app is None:
            return
        clock = self._app.parts.clock
        at_ms = clock.server_ms()
        rows = [Entry(EXIT, at_ms, msgspec.to_builtins(cost), cost.symbol, str(cost.side)) for cost in costs]
        self._app.recorder.append(rows, clock.now_ms())

    def close(self) -> None:
        """The run is over, and its journal closed."""
        self._app = None

    def _interrupted(self, server_ms: int) -> tuple[Interrupted, ...]:
        start, last = self._reader.last_start(), self._reader.last_row()
        if start is None or last is None:
            return ()
        self._seq = last.seq
        return tuple(
            found
            for row in self._reader.newest_of_legs(EXIT, server_ms - KEPT_MS)
            if self._is_ours(row, start)
            if (found := self._gone_on(row)) is not None
        )

    def _is_ours(self, row: Row, start: LastStart) -> bool:
        """Whether the row's run was at the account that this start is at."""
        of = self._reader.start_of(row.run)
        return of is not None and heritage(of, start.account, Venue(start.venue))[0]

    def _gone_on(self, row: Row) -> Interrupted | None:
        cost = exit_of(row)
        if cost.finished or cost.arrival is None:
            return None
        fills = self._reader.rows(row.at_ms - MARGIN_MS, ("fill",), row.symbol, after=row.seq)
        told = [_told(fill) for fill in fills if fill.side == row.side]
        return Interrupted(cost, tuple(update for update in told if update is not None))

    def _given_up(self, error: Exception) -> None:
        text = f"what exits have cost before this start cannot be read, their costs begin anew: {error}"
        log(le.COSTS_UNREAD, text=text)


def _told(row: Row) -> ev.OrderUpdate | None:
    """A trade that closed, as a report of its order."""
    trade = trade_of(row)
    if trade is None:
        return None
    exch_ms = int(row.data().get("exch_ms", row.at_ms))
    return ev.OrderUpdate(
        symbol=row.symbol,
        client_id=row.client_id,
        position_side=PositionSide(row.side),
        side=trade.side,
        status=OrderStatus.PARTIALLY_FILLED,
        order_type=OrderType.LIMIT,
        qty=trade.last_qty,
        price=trade.last_price,
        filled_qty=trade.last_qty,
        exch_ms=exch_ms,
        recv_ms=0,
        source=Source.DERIVED,
        last_qty=trade.last_qty,
        last_price=trade.last_price,
        trade_id=trade.trade_id,
        is_maker=trade.is_maker,
        fee=trade.fee,
        fee_asset=trade.fee_asset,
        realized_pnl=trade.realized_pnl,
    )
