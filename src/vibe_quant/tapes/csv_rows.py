"""The layout of recorded CSV tapes: one row a quote (q), trade (t) or mark (m), thirteen columns under a header."""

from __future__ import annotations

from decimal import Decimal, InvalidOperation

from vibe_quant.domain.events import Mark, MarketEvent, Quote, Trade
from vibe_quant.tapes.decimals import Numbers, positive

HEADER = "T_ms,E_ms,recv_ns,kind,bid,bid_qty,ask,ask_qty,price,qty,buyer_is_maker,id,extra"
COLUMNS = tuple(HEADER.split(","))
NS_PER_MS = 1_000_000
ORDINARY = frozenset({"", "MARKET"})
MAKER = {"1": True, "0": False}


class CsvLayout:
    """Times are epoch milliseconds, ``recv_ns`` the recorder's clock in epoch nanoseconds (empty: none).

    ``offset_ms`` is taken off every receive time.  Marks carry ``E_ms`` only, the index in ``id`` and the funding rate
    in ``extra``; trades whose ``extra`` is neither empty nor MARKET are not ordinary and are left out.
    """

    width = len(COLUMNS)

    def __init__(self, symbol: str, offset_ms: int) -> None:
        self.symbol = symbol
        self.offset_ms = offset_ms
        self.prices = Numbers()
        self.qtys = Numbers()
        self.extraordinary = 0
        self._clock: bool | None = None

    def is_header(self, line: str) -> bool:
        """True; raises ValueError that lists what is missing if the columns are not the thirteen in their order."""
        names = line.strip().split(",")
        missing = [name for name in COLUMNS if name not in names]
        if missing:
            raise ValueError(f"the header lacks the columns {', '.join(missing)}")
        if tuple(names) != COLUMNS:
            raise ValueError(f"the columns must be {HEADER}, in this order")
        return True

    def may_be_zero(self, fields: list[str]) -> bool:
        """Only a quote can lack a side."""
        return fields[3] == "q"

    def build(self, fields: list[str]) -> tuple[MarketEvent, ...]:
        """The row's event, or nothing for a trade that is not ordinary."""
        kind = fields[3]
        if kind == "q":
            return self._quote(fields)
        if kind == "t":
            return self._trade(fields)
        if kind == "m":
            return self._mark(fields)
        raise ValueError(f"kind {kind!r} is none of q, t, m")

    def _quote(self, fields: list[str]) -> tuple[MarketEvent, ...]:
        ms, _, recv_ns, _, bid, bid_qty, ask, ask_qty, _, _, _, update_id, _ = fields
        at, prices, qtys = int(ms), self.prices, self.qtys
        recv = self._recv(at, recv_ns)
        number = int(update_id or 0)
        return (Quote(self.symbol, at, recv, prices[bid], qtys[bid_qty], prices[ask], qtys[ask_qty], number),)

    def _trade(self, fields: list[str]) -> tuple[MarketEvent, ...]:
        ms, _, recv_ns, _, _, _, _, _, price, qty, maker, trade_id, extra = fields
        if extra.rstrip() not in ORDINARY:
            self.extraordinary += 1
            return ()
        if maker not in MAKER:
            raise ValueError(f"buyer_is_maker is {maker!r}, neither 1 nor 0")
        at = int(ms)
        recv = self._recv(at, recv_ns)
        return (Trade(self.symbol, at, recv, self.prices[price], self.qtys[qty], MAKER[maker], int(trade_id or 0)),)

    def _mark(self, fields: list[str]) -> tuple[MarketEvent, ...]:
        at = int(fields[1])
        index, funding = fields[11], fields[12].strip()
        return (
            Mark(
                self.symbol,
                at,
                self._recv(at, fields[2]),
                positive(fields[8]),
                positive(index) if index else None,
                _rate(funding) if funding else None,
            ),
        )

    def _recv(self, exch_ms: int, recv_ns: str) -> int:
        if self._clock is None:
            self._clock = bool(recv_ns)
        if not self._clock:
            if recv_ns:
                raise ValueError("recv_ns is filled here and empty in earlier rows; fill it everywhere or nowhere")
            return exch_ms
        return int(recv_ns) // NS_PER_MS - self.offset_ms


def _rate(text: str) -> Decimal:
    try:
        rate = Decimal(text)
    except InvalidOperation:
        raise ValueError(f"funding rate {text!r} is not a number") from None
    if not rate.is_finite():
        raise ValueError(f"funding rate {text!r} is not a number")
    return rate
