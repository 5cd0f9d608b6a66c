"""What an exit cost, from the pairs (event, intents) alone: price against arrival, fees, and what it took to get it.

Arrival is the mid when the side began to be worked: the first moment at which its position is known and there is a
quote; after an enlargement the mids are weighted by quantity (behaviour 15).  Positive bps are cost on either side.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal

from vibe_quant.domain.enums import PositionSide, SignalReason
from vibe_quant.domain.events import AccountSnapshot, Event, OrderUpdate, PositionUpdate, Quote, Refused
from vibe_quant.domain.intents import CancelOrder, Intent, OrderIntent, PlaceStop
from vibe_quant.domain.status import ExitCost

ZERO = Decimal(0)
BPS = Decimal(10_000)


@dataclass(frozen=True, slots=True)
class Cost:
    """One side's exit.  Quantities in the base asset, prices in the quote asset, ``*_bps`` of what they are against.

    ``qty`` is what there was to exit, enlargements included; ``filled_qty`` all that closed of it, of which
    ``stop_qty`` by the protective stop and ``forced_qty`` by the exchange or by hand.  ``slippage_bps`` is against
    arrival, ``fee_bps`` of the notional filled; fees in other assets are in ``other_fees`` and in no bps.
    None where there was no fill, no arrival, or nothing to divide by.  ``began_ms`` is the moment of arrival,
    ``flat_ms`` when the position was told to be nil, ``duration_ms`` from arrival to flat, else to the end.
    ``rejects`` counts refused requests of whatever kind by the exchange's code, ``stop_updates`` the stops that close
    the whole leg, not the bridges between two of them.
    """

    symbol: str
    side: PositionSide
    qty: Decimal
    filled_qty: Decimal
    left_qty: Decimal
    stop_qty: Decimal
    forced_qty: Decimal
    arrival_mid: Decimal | None
    avg_price: Decimal | None
    slippage_bps: Decimal | None
    fee_bps: Decimal | None
    maker_share: Decimal | None
    other_fees: tuple[tuple[str, Decimal], ...]
    began_ms: int | None
    flat_ms: int | None
    duration_ms: int
    orders: int
    cancels: int
    rejects: tuple[tuple[int, int], ...]
    panic_slices: int
    stop_updates: int

    @property
    def all_in_bps(self) -> Decimal | None:
        """Slippage and fees together."""
        if self.slippage_bps is None or self.fee_bps is None:
            return None
        return self.slippage_bps + self.fee_bps


class CostMeter:
    """Watches one side of one symbol; ``quote_asset`` is the asset whose fees count in bps."""

    def __init__(self, symbol: str, side: PositionSide, quote_asset: str) -> None:
        self.symbol = symbol
        self.side = side
        self._asset = quote_asset
        self._left: Decimal | None = None  # the position as last told; None: not told yet
        self._left_ms = 0
        self._priced = ZERO  # how much of what there was to exit has its arrival mid
        self._unpriced = ZERO
        self._arrival_value = ZERO
        self._began_ms: int | None = None
        self._flat_ms: int | None = None
        self._trades: set[tuple[str, int]] = set()
        self._orders: set[str] = set()
        self._stops: set[str] = set()
        self._closed = {"own": ZERO, "stop": ZERO, "forced": ZERO}
        self._value = ZERO
        self._maker_value = ZERO
        self._fees: dict[str, Decimal] = {}
        self._sent: Counter[str] = Counter()
        self._rejects: Counter[int] = Counter()
        self._fills = 0
        self._realized = ZERO
        self._earlier = ""

    def resume(self, before: ExitCost, began_ms: int, prefix: str) -> None:
        """Go on where an earlier run was with this exit; ``began_ms`` on the clock of ``now``, ``prefix`` of own ids.

        Rejections, cancels, panic slices and stop updates are those from here on.
        """
        filled = before.closed_qty
        self._left = before.start_qty - filled
        self._priced, self._began_ms = before.start_qty, began_ms
        self._arrival_value = (before.arrival or ZERO) * before.start_qty
        self._value = (before.average or ZERO) * filled
        self._maker_value = (before.maker_share or ZERO) * self._value
        self._closed["own"] = filled
        self._fees = {before.fee_asset: before.fee, **dict(before.other_fees)}
        self._sent["orders"], self._fills = before.orders, before.fills
        self._realized, self._earlier = before.realized_pnl, prefix

    def see(self, now: int, event: Event, intents: Sequence[Intent], quote: Quote | None) -> None:
        """One call of the engine; ``quote`` is the newest it has been shown.

        Calls for quotes and trades to which nothing was answered may be left out, the first quote excepted.
        """
        for intent in intents:
            self._count(intent)
        match event:
            case OrderUpdate():
                self._fill(event)
            case PositionUpdate() if (event.symbol, event.side) == (self.symbol, self.side):
                self._position(event.qty, event.exch_ms, now)
            case AccountSnapshot():
                for leg in event.positions or ():
                    if (leg.symbol, leg.side) == (self.symbol, self.side):
                        self._position(leg.qty, leg.exch_ms, now)
            case Refused(symbol=self.symbol):
                self._rejects[event.code] += 1
            case _:
                pass
        if self._unpriced and quote is not None:
            self._arrive(quote, now)

    @property
    def flat(self) -> bool:
        """The position was there and has been told to be nil."""
        return self._flat_ms is not None

    @property
    def flat_ms(self) -> int | None:
        """When it was told to be nil."""
        return self._flat_ms

    @property
    def has_arrived(self) -> bool:
        """There is an arrival price."""
        return bool(self._priced)

    @property
    def filled(self) -> Decimal:
        """All that closed of it so far."""
        return sum(self._closed.values(), ZERO)

    @property
    def quote_asset(self) -> str:
        """The asset whose fees count in bps."""
        return self._asset

    @property
    def fills(self) -> int:
        """How many trades have closed of it."""
        return self._fills

    @property
    def realized_pnl(self) -> Decimal:
        """Of these trades, as the exchange tells it, quote asset, fees not in it."""
        return self._realized

    @property
    def fees(self) -> Mapping[str, Decimal]:
        """By asset."""
        return self._fees

    def _count(self, intent: Intent) -> None:
        match intent:
            case OrderIntent(position_side=self.side):
                self._orders.add(intent.client_id)
                self._sent["orders"] += 1
                self._sent["panic"] += intent.reason is SignalReason.PANIC
            case CancelOrder():
                self._sent["cancels"] += intent.client_id in self._orders
            case PlaceStop(position_side=self.side):
                self._stops.add(intent.client_id)
                self._sent["stops"] += intent.qty is None  # one with a quantity is the bridge to the next
            case _:
                pass

    def _position(self, qty: Decimal, exch_ms: int, now: int) -> None:
        """Older news than the last told is no news; what is more than before was added."""
        if self._left is not None and exch_ms < self._left_ms:
            return
        added = qty - (self._left or ZERO)
        self._left, self._left_ms = qty, exch_ms
        if added > 0:
            self._unpriced += added
            self._flat_ms = None
        if qty == 0 and self._began_ms is not None and self._flat_ms is None:
            self._flat_ms = now

    def _arrive(self, quote: Quote, now: int) -> None:
        self._arrival_value += self._unpriced * (quote.bid + quote.ask) / 2
        self._priced += self._unpriced
        self._unpriced = ZERO
        if self._began_ms is None:
            self._began_ms = now

    def _fill(self, update: OrderUpdate) -> None:
        mine = update.symbol == self.symbol and update.position_side is self.side
        if not (mine and update.last_qty and update.side is self.side.exit_side):
            return
        # A restart finds trades by their number, and may not know whose order they were of.
        trade = ("" if update.trade_id else update.client_id, update.trade_id)
        if trade in self._trades:
            return
        self._trades.add(trade)
        self._fills += 1
        self._realized += update.realized_pnl
        value = update.last_qty * update.last_price
        self._value += value
        self._maker_value += value if update.is_maker else ZERO
        self._closed[self._origin(update)] += update.last_qty
        self._fees[update.fee_asset] = self._fees.get(update.fee_asset, ZERO) + update.fee

    def _origin(self, update: OrderUpdate) -> str:
        client_id, earlier = update.client_id, self._earlier
        if client_id in self._stops or (earlier and client_id.startswith(f"{earlier}-ps-")):
            return "stop"
        own = client_id in self._orders or (earlier and client_id.startswith(f"{earlier}-"))
        return "own" if own else "forced"

    def cost(self, now: int) -> Cost:
        """What it has cost until ``now``."""
        filled = self.filled
        end = now if self._flat_ms is None else self._flat_ms
        arrival = self._arrival_value / self._priced if self._priced else None
        average = self._value / filled if filled else None
        others = {asset: fee for asset, fee in self._fees.items() if asset != self._asset and fee}
        return Cost(
            symbol=self.symbol,
            side=self.side,
            qty=self._priced + self._unpriced,
            filled_qty=filled,
            left_qty=self._left or ZERO,
            stop_qty=self._closed["stop"],
            forced_qty=self._closed["forced"],
            arrival_mid=arrival,
            avg_price=average,
            slippage_bps=self._slippage(arrival, average),
            fee_bps=self._fees.get(self._asset, ZERO) / self._value * BPS if self._value else None,
            maker_share=self._maker_value / self._value if self._value else None,
            other_fees=tuple(sorted(others.items())),
            began_ms=self._began_ms,
            flat_ms=self._flat_ms,
            duration_ms=0 if self._began_ms is None else end - self._began_ms,
            orders=self._sent["orders"],
            cancels=self._sent["cancels"],
            rejects=tuple(sorted(self._rejects.items(), reverse=True)),
            panic_slices=self._sent["panic"],
            stop_updates=self._sent["stops"],
        )

    def _slippage(self, arrival: Decimal | None, average: Decimal | None) -> Decimal | None:
        """(arrival - average) / arrival for a LONG, which sells; mirrored for a SHORT, which buys."""
        if arrival is None or average is None:
            return None
        loss = arrival - average if self.side is PositionSide.LONG else average - arrival
        return loss / arrival * BPS
