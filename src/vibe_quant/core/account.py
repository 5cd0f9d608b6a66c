"""The account as far as it is known: legs, wallets, leverage.

A snapshot replaces, the stream merges, both monotonic.
"""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from decimal import Decimal

from vibe_quant.domain.account import Balance, Position
from vibe_quant.domain.enums import MarginType, PositionSide
from vibe_quant.domain.events import BalanceUpdate, PositionUpdate

ZERO = Decimal(0)
AGREE_MS = 1000  # two reads that agree, so far apart, are believed against an older row (behaviour 12)
LAG_MS = 5000  # so far behind the stream a read may be, as REST is in volatile markets
FALLS_KEPT = 16  # rows back that a sum of trades is looked for
UNTOLD = Decimal("Infinity")  # the fall of a first row: any own fill of its millisecond may be in it


@dataclass(frozen=True, slots=True)
class LegChange:
    """What a row or a read did to a leg; ``enlarged`` is the quantity that own fills cannot explain upward."""

    before: Decimal
    after: Decimal
    enlarged: Decimal = ZERO
    mismatch: bool = False


@dataclass(slots=True)
class Leg:
    """One leg: the last account row, and own fills that it does not show.

    ``qty`` (absolute, base asset) is the row less those fills, never below zero.  ``known`` is False until a first
    row, or two reads a second apart that agree on none.  The row shows a fill older than it.  Of a fill of its own
    millisecond it shows what it has fallen by: the stream sends a row for each trade, as a rule before the fill.
    Several trades told in one sum, with the time of the last, are shown by this row and those right before it.
    """

    symbol: str
    side: PositionSide
    known: bool = False
    entry_price: Decimal = ZERO
    margin_type: MarginType = MarginType.CROSSED
    isolated_wallet: Decimal = ZERO
    qty: Decimal = ZERO
    row: Decimal = ZERO
    row_ms: int = -1
    touched_ms: int = -LAG_MS
    pending_ms: int | None = None
    """Since when (monotonic) own fills have been waiting for the row that contains them; None: none wait."""
    _fills: list[tuple[int, Decimal]] = field(default_factory=list)
    _sums: list[tuple[int, Decimal]] = field(default_factory=list)
    """Those of ``_fills`` that are sums of several trades."""
    _falls: list[Decimal] = field(default_factory=list)
    """What rows of ``row_ms`` have fallen by, and no known fill explains."""
    _older: list[tuple[int, Decimal]] = field(default_factory=list)
    """(time, fall) of earlier rows that no known fill explains, newest last."""
    _opened_ms: int = -LAG_MS
    """When the stream told that it is open, monotonic."""
    _read: tuple[Decimal, int] | None = None
    """A read that disagreed: its quantity, and when it arrived."""

    @property
    def is_flat(self) -> bool:
        """Zero by the exchange's own word, not only by our sums."""
        return self.known and self.row == 0

    @property
    def is_contradicted(self) -> bool:
        """A read disagreed and did not count yet; a second one settles it."""
        return self._read is not None

    def on_fill(self, qty: Decimal, exch_ms: int, now: int, *, summed: bool = False) -> None:
        """An own closing fill of ``qty`` (> 0); counted until a row says that it contains it.

        ``summed``: more than one trade, as an answer tells them, or the stream after one was lost.
        """
        self.touched_ms = now
        self._read = None
        fill = (exch_ms, qty)
        if exch_ms < self.row_ms:
            self._older = [fall for fall in self._older if fall != fill]
            return
        self._fills.append(fill)
        if summed:
            self._sums.append(fill)
        self.pending_ms = now if self.pending_ms is None else self.pending_ms
        self._settle()

    def on_row(self, update: PositionUpdate, now: int) -> LegChange | None:
        """A row of the user stream; None where it is older than what is known."""
        if update.exch_ms < self.row_ms:
            return None
        self.touched_ms = now
        self._read = None
        if update.qty > 0 and self.row == 0:
            self._opened_ms = now
        change = self._replace(update.qty, update.exch_ms, self._expected(update.exch_ms))
        self.entry_price = update.entry_price
        self.margin_type = update.margin_type
        self.isolated_wallet = update.isolated_wallet
        return change

    def on_read(self, position: Position | None, request_ms: int, now: int) -> LegChange | None:
        """A REST read of the leg (None: absent from it); None where it does not count.

        It counts if the stream has not touched the leg since the request left, and it is no older than the row and
        the fills; an older one, or one that has the leg as nil, if a second read agrees with it, asked for at least a
        second after the first was answered and untouched in between: what protects a leg is not withdrawn on one read.
        Neither counts within ``LAG_MS`` of what a read that lags would not show: the stream's last news of the leg, or
        for one without it, that it was opened.
        """
        if self.touched_ms >= request_ms:
            return None
        qty = position.qty if position is not None else ZERO
        exch_ms = position.exch_ms if position is not None else 0
        newest = max([self.row_ms, *(ms for ms, _ in self._fills)])
        if qty == 0 or exch_ms < newest:
            if self._may_lag(qty, request_ms) or not self._agrees(qty, request_ms, now):
                return None
            exch_ms = max(exch_ms, newest)
        mismatch = self.known and not self.qty <= qty <= self.row
        change = self._replace(qty, exch_ms, self._expected(exch_ms + 1))
        self._fills.clear()
        self._settle()
        self._read = None
        if position is not None:
            self.entry_price = position.entry_price
            self.margin_type = position.margin_type
            self.isolated_wallet = position.isolated_wallet
        return LegChange(change.before, self.qty, change.enlarged, mismatch)

    def _may_lag(self, qty: Decimal, request_ms: int) -> bool:
        """Whether the read differs as one would that shows how the leg was before the stream's news."""
        news_ms = self.touched_ms if qty > 0 else self._opened_ms
        return qty != self.row and request_ms < news_ms + LAG_MS

    def _agrees(self, qty: Decimal, request_ms: int, now: int) -> bool:
        """True where the read says nothing new, or says the same as one a second before it."""
        if self.known and qty == self.qty == self.row:
            return True
        if self._read is not None and self._read[0] == qty:
            return request_ms - self._read[1] >= AGREE_MS
        self._read = (qty, now)
        return False

    def _replace(self, qty: Decimal, exch_ms: int, expected: Decimal) -> LegChange:
        before = self.qty
        if exch_ms > self.row_ms:
            self._fills = [fill for fill in self._fills if fill[0] >= exch_ms]
            falls = [(self.row_ms, fall) for fall in self._falls if fall != UNTOLD]
            self._older = [*self._older, *falls][-FALLS_KEPT:]
            self._falls.clear()
        if not self.known:
            self._falls.append(UNTOLD)
        elif qty < expected:
            self._falls.append(expected - qty)
        enlarged = max(ZERO, qty - expected) if self.known else qty
        self.row, self.row_ms, self.known = qty, exch_ms, True
        self._settle()
        return LegChange(before, self.qty, enlarged)

    def _expected(self, exch_ms: int) -> Decimal:
        """What is left, by the last row, of the leg before the trades of ``exch_ms``."""
        if exch_ms == self.row_ms:
            return self.row
        at_row = sum((fill for ms, fill in self._fills if ms == self.row_ms), ZERO)
        newer = sum((fill for ms, fill in self._fills if self.row_ms < ms < exch_ms), ZERO)
        if UNTOLD in self._falls:
            return self.row - newer
        # A fill first heard of late bears a later time than its trade: the last row may have fallen by it already.
        return self.row - max(ZERO, at_row + newer - sum(self._falls, ZERO))

    def _settle(self) -> None:
        self._match()
        if not self._fills:
            self.pending_ms = None
        self.qty = max(ZERO, self.row - sum((qty for _, qty in self._fills), ZERO))

    def _match(self) -> None:
        """Drop the fills that the rows of their own millisecond show: one by one, or all of them in one sum.

        An outside reduction of the very size and millisecond of a fill passes for it until the fill's own row comes.
        """
        fills = [qty for ms, qty in self._fills if ms == self.row_ms]
        while fills and fills[0] in self._falls:
            self._falls.remove(fills.pop(0))
        if fills and sum(fills) == sum(self._falls):
            fills.clear()
            self._falls.clear()
        fills = [qty for qty in fills if (self.row_ms, qty) not in self._sums or not self._shown(qty)]
        self._fills = [(self.row_ms, qty) for qty in fills] + [fill for fill in self._fills if fill[0] > self.row_ms]
        self._sums = [fill for fill in self._sums if fill in self._fills]

    def _shown(self, qty: Decimal) -> bool:
        """Whether what this row and those right before it have fallen by is just that; it is explained then."""
        total, used = sum(self._falls, ZERO), 0
        while ZERO < total < qty and used < len(self._older):
            used += 1
            total += self._older[-used][1]
        if total != qty:
            return False
        self._falls.clear()
        del self._older[len(self._older) - used :]
        return True


class Account:
    """Legs by (symbol, side), wallets by asset, leverage by symbol."""

    def __init__(self) -> None:
        self.legs: dict[tuple[str, PositionSide], Leg] = {}
        self.balances: dict[str, Balance] = {}
        self.leverage: dict[str, int] = {}

    def leg(self, symbol: str, side: PositionSide) -> Leg:
        """The leg's ledger, made at first use."""
        key = (symbol, side)
        if key not in self.legs:
            self.legs[key] = Leg(symbol, side)
        return self.legs[key]

    def on_balance(self, update: BalanceUpdate) -> bool:
        """A wallet pushed by the stream; False where it is older than what is known."""
        known = self.balances.get(update.balance.asset)
        if known is not None and known.exch_ms > update.exch_ms:
            return False
        self.balances[update.balance.asset] = replace(update.balance, exch_ms=update.exch_ms)
        return True

    def on_balances_read(self, balances: tuple[Balance, ...]) -> None:
        """Wallets read by REST; an older one loses."""
        for balance in balances:
            known = self.balances.get(balance.asset)
            if known is None or balance.exch_ms >= known.exch_ms:
                self.balances[balance.asset] = balance
