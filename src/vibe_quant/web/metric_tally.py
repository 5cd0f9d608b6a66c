"""Counts what passes by, for metrics: orders and their ends, trades, lags, refusals, notices; all of it bounded."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from decimal import Decimal
from typing import TypeVar

from vibe_quant.domain import events as ev
from vibe_quant.domain.enums import OrderStatus, PositionSide, RequestKind, Source
from vibe_quant.domain.intents import Intent, Notify, OrderIntent
from vibe_quant.domain.spread import Spread
from vibe_quant.domain.status import ExitCost
from vibe_quant.web import metric_families as m
from vibe_quant.web.exposition import Block, Values, one

RATIOS = (-0.005, -0.001, -0.0005, -0.0002, -0.0001, 0.0, 0.0001, 0.0002, 0.0005, 0.001, 0.002, 0.005, 0.01, 0.05)
LIVES = (0.05, 0.1, 0.2, 0.4, 0.8, 1.2, 2.0, 5.0, 10.0, 30.0, 60.0, 300.0)
KEPT = 5000
"""Orders and trades that are remembered for late reports."""
NAMED = 64
"""Codes and assets that are counted each by itself; others are counted together."""
OTHER = "other"
BPS = Decimal(10_000)
MARKET = (ev.Quote, ev.Trade, ev.Depth, ev.Candle, ev.Mark)
Key = TypeVar("Key")
Value = TypeVar("Value")


@dataclass(slots=True)
class _Order:
    mode: str
    reason: str
    at_ms: int
    mid: Decimal | None
    ended: bool = False


class Tally:
    """``own`` is the prefix of own client ids; others' orders are not counted."""

    def __init__(self, own: str) -> None:
        self._own = f"{own}-"
        self._orders: dict[str, _Order] = {}
        self._trades: dict[tuple[str, int], None] = {}
        self._offset_ms: int | None = None
        self._sent: dict[Values, int] = defaultdict(int)
        self._ends: dict[Values, int] = defaultdict(int)
        self._lives: dict[Values, Spread] = defaultdict(lambda: Spread(LIVES))
        self._fills: dict[Values, int] = defaultdict(int)
        self._filled: dict[Values, Decimal] = defaultdict(Decimal)
        self._slippage: dict[Values, Spread] = defaultdict(lambda: Spread(RATIOS))
        self._fees: dict[Values, Decimal] = defaultdict(Decimal)
        self._pnl: dict[Values, Decimal] = defaultdict(Decimal)
        self._exits: dict[Values, int] = defaultdict(int)
        self._exit_costs = Spread(RATIOS)
        self._notices: dict[Values, int] = defaultdict(int)
        self._refused: dict[Values, int] = defaultdict(int)
        self._limited: dict[Values, int] = defaultdict(int)
        self._used: dict[Values, int] = {}
        self._event_lags: dict[Values, Spread] = defaultdict(Spread)
        self._decision_lag = Spread()

    def see(self, now: int, event: ev.Event, intents: Sequence[Intent], quote: ev.Quote | None) -> None:
        """One call of the engine."""
        self._lag(event)
        self._happened(event, now)
        decided = False
        for intent in intents:
            if isinstance(intent, OrderIntent):
                decided = True
                self._ordered(intent, now, quote)
            elif isinstance(intent, Notify):
                self.notice(intent)
        if decided and isinstance(event, MARKET):
            self._decision_lag.add((now - event.recv_ms) / 1000)

    def notice(self, notice: Notify) -> None:
        """Of the engine or of the shell."""
        self._notices[notice.kind.value, notice.severity.value] += 1

    def cost(self, cost: ExitCost) -> None:
        """An exit is over."""
        self._exits[cost.symbol, cost.side.value] += 1
        if cost.cost_bps is not None:
            self._exit_costs.add(float(cost.cost_bps / BPS))

    def blocks(self) -> Iterator[Block]:
        """All that was counted, each metric as it is when it is asked for."""
        yield m.EVENT_LAG, self._event_lags.items()
        yield one(m.DECISION_LAG, self._decision_lag)
        yield m.REFUSED, self._refused.items()
        yield m.RATE_LIMITED, self._limited.items()
        yield m.ORDERS_USED, self._used.items()
        yield m.ORDERS, self._sent.items()
        yield m.ENDS, self._ends.items()
        yield m.LIFE, self._lives.items()
        yield m.FILLS, self._fills.items()
        yield m.FILLED, self._filled.items()
        yield m.SLIPPAGE, self._slippage.items()
        yield m.FEES, self._fees.items()
        yield m.PNL, self._pnl.items()
        yield m.EXITS, self._exits.items()
        yield one(m.EXIT_COST, self._exit_costs)
        yield m.NOTICES, self._notices.items()

    def _lag(self, event: ev.Event) -> None:
        match event:
            case ev.OrderUpdate(source=Source.STREAM):
                kind = "order"
            case ev.PositionUpdate():
                kind = "position"
            case ev.Quote() | ev.Trade() | ev.Mark():
                kind = type(event).__name__.lower()
            case _:
                return
        if self._offset_ms is not None:
            self._event_lags[kind,].add(max(0, event.recv_ms + self._offset_ms - event.exch_ms) / 1000)

    def _happened(self, event: ev.Event, now: int) -> None:
        match event:
            case ev.ServerTime():
                self._offset_ms = event.offset_ms
            case ev.OrderUpdate():
                if event.client_id.startswith(self._own):
                    self._reported(event, now)
            case ev.Refused():
                self._count_named(self._refused, (event.request.value, str(event.code)))
                self._not_done(event, "refused", now)
            case ev.NotSent():
                self._not_done(event, "unsent", now)
            case ev.RateLimited():
                self._limited["ban" if event.banned else "backoff",] += 1
            case ev.RateUsage():
                self._usage(event)
            case _:
                pass

    def _ordered(self, intent: OrderIntent, now: int, quote: ev.Quote | None) -> None:
        mid = None if quote is None or quote.symbol != intent.symbol else (quote.bid + quote.ask) / 2
        mode, reason = intent.mode.value, intent.reason.value
        self._sent[intent.symbol, intent.position_side.value, mode, reason] += 1
        self._orders[intent.client_id] = _Order(mode, reason, now, mid)
        _forget(self._orders)

    def _reported(self, update: ev.OrderUpdate, now: int) -> None:
        if update.last_qty > 0:
            self._traded(update)
        if not update.status.is_final:
            return
        if update.status is OrderStatus.REJECTED:
            end = "refused"
        elif update.status is OrderStatus.FILLED:
            end = "filled"
        else:
            end = "part" if update.filled_qty > 0 else "unfilled"
        self._ended(update.client_id, end, now)

    def _not_done(self, answer: ev.Refused | ev.NotSent, end: str, now: int) -> None:
        if answer.request is RequestKind.SUBMIT:
            self._ended(answer.client_id, end, now)

    def _ended(self, client_id: str, end: str, now: int) -> None:
        order = self._orders.get(client_id)
        if order is None or order.ended:
            return
        order.ended = True
        self._ends[order.mode, order.reason, end] += 1
        self._lives[order.mode,].add((now - order.at_ms) / 1000)

    def _traded(self, update: ev.OrderUpdate) -> None:
        trade = (update.symbol, update.trade_id)
        if trade in self._trades:
            return
        self._trades[trade] = None
        _forget(self._trades)
        leg = (update.symbol, update.position_side.value)
        role = "unknown" if update.is_maker is None else "maker" if update.is_maker else "taker"
        self._fills[*leg, role] += 1
        self._filled[*leg, role] += update.last_qty * update.last_price
        self._pnl[leg] += update.realized_pnl
        if update.fee and update.fee_asset:
            known = (update.fee_asset,) in self._fees or len(self._fees) < NAMED
            self._fees[update.fee_asset if known else OTHER,] += update.fee
        order = self._orders.get(update.client_id)
        if order is not None and order.mid:
            worse = order.mid - update.last_price
            worse = worse if update.position_side is PositionSide.LONG else -worse
            self._slippage[order.mode,].add(float(worse / order.mid))

    def _usage(self, usage: ev.RateUsage) -> None:
        for window, used in (("10s", usage.orders_10s), ("1m", usage.orders_1m)):
            if used is not None:
                self._used[window,] = used

    @staticmethod
    def _count_named(counts: dict[Values, int], values: Values) -> None:
        first, *_ = values
        counts[values if values in counts or len(counts) < NAMED else (first, OTHER)] += 1


def _forget(kept: dict[Key, Value]) -> None:
    """The oldest goes first."""
    if len(kept) > KEPT:
        del kept[next(iter(kept))]
