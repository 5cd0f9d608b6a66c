"""What happens to the account without its program: ADL, funding, settlement, transfers, and what is done elsewhere."""

from __future__ import annotations

from decimal import Decimal

from vibe_quant.domain.enums import OrderSide, OrderStatus, OrderType, PositionSide
from vibe_quant.sim import filters, margin
from vibe_quant.sim.account import MONEY, LegKey
from vibe_quant.sim.liquidator import Liquidator, forced_order
from vibe_quant.sim.matching import Matching
from vibe_quant.sim.records import ZERO, AccountEvent, ExecType, ExpiryReason, Rejected
from vibe_quant.sim.stops import AlgoService
from vibe_quant.sim.venue import Venue


class Forced:
    """Works on the shared state like everything else; every change is told like an ordinary one."""

    def __init__(self, venue: Venue, matching: Matching, algos: AlgoService, liquidator: Liquidator) -> None:
        """Shares the exchange's state."""
        self.venue = venue
        self.matching = matching
        self._algos = algos
        self._check_margin = liquidator.check_margin

    def adl(self, symbol: str, side: PositionSide, qty: Decimal, price: Decimal | None, now: int) -> None:
        """Auto-deleverage ``qty`` of a leg at ``price`` (None: the mark)."""
        key = (symbol, side)
        at = self._mark_on_grid(key) if price is None else price
        order = forced_order(self.venue, key, side.exit_side, qty, at, "adl_autoclose", OrderType.LIMIT, now)
        self.venue.add(order, now)
        self.matching.execute(order, qty, at, False, now, ExecType.CALCULATED)

    def external_trade(
        self,
        symbol: str,
        position_side: PositionSide,
        order_side: OrderSide,
        qty: Decimal,
        now: int,
        price: Decimal | None = None,
        client_id: str = "web_external",
    ) -> None:
        """A trade of the user's own, made elsewhere: filled at once, at the touch unless ``price`` is given."""
        market = self.venue.market(symbol)
        filters.check_mode(position_side, self.venue.account.dual)
        key = (symbol, position_side)
        shown = market.shown(order_side)
        if price is None and not shown and market.mark is None:
            raise Rejected(-1112, "No orders on book for symbol.")
        at = price if price is not None else (shown[0][0] if shown else self._mark_on_grid(key))
        order = forced_order(self.venue, key, order_side, qty, ZERO, client_id, OrderType.MARKET, now)
        if order.is_closer and qty > self.venue.account.leg(*key).qty:
            raise Rejected(-2022, "ReduceOnly Order is rejected.")
        self.venue.add(order, now)
        self.matching.execute(order, qty, at, False, now)

    def settle(self, key: LegKey, price: Decimal | None, now: int) -> None:
        """Close a whole leg at the settlement price (None: the mark, or its entry while there is none)."""
        account = self.venue.account
        at = self._mark_on_grid(key) if price is None else price
        qty = account.leg(*key).qty
        client_id = f"settlement_autoclose-{now}{self.venue.next_order_id()}"
        order = forced_order(self.venue, key, key[1].exit_side, qty, at, client_id, OrderType.MARKET, now)
        self.venue.add(order, now)
        relief = ZERO if self.venue.switches.settlement_charges_fee else -account.taker_fee
        self.matching.execute(order, qty, at, False, now, extra_rate=relief)

    def switch_to_one_way(self, now: int) -> None:
        """The owner leaves hedge mode elsewhere, doing first what the exchange asks for: no orders and no positions.

        All regular and conditional orders are cancelled and all legs closed by MARKET orders at the touch, else at the
        mark, else at their entry.  The switch itself is not announced by any event.
        """
        for symbol, market in self.venue.markets.items():
            self._algos.cancel_all(symbol, now)
            for order in list(market.resting):
                if not order.status.is_final:
                    self.matching.end(order, OrderStatus.CANCELED, ExpiryReason.NONE, now)
            for side in PositionSide:
                self._close_elsewhere((symbol, side), now)
        self.venue.account.dual = False
        self.venue.account.configured_ms = now

    def _close_elsewhere(self, key: LegKey, now: int) -> None:
        qty = self.venue.account.leg(*key).qty
        if qty:
            shown = self.venue.markets[key[0]].shown(key[1].exit_side)
            price = shown[0][0] if shown else self._mark_on_grid(key)
            self.external_trade(key[0], key[1], key[1].exit_side, qty, now, price)

    def _mark_on_grid(self, key: LegKey) -> Decimal:
        """The mark (its entry while there is none) as a price at which a leg is closed: rounded against the leg."""
        rules, mark = self.venue.markets[key[0]].rules, margin.mark_of(self.venue.account, key)
        return rules.floor_price(mark) if key[1] is PositionSide.LONG else rules.ceil_price(mark)

    def funding(self, symbol: str, rate: Decimal, now: int) -> None:
        """Pay funding on the mark notional of each leg: longs pay a positive rate, shorts receive it."""
        account = self.venue.account
        asset = account.asset_of(symbol)
        total = ZERO
        for side in PositionSide:
            leg = account.leg(symbol, side)
            mark = self.venue.markets[symbol].mark
            paid = (leg.qty * (leg.entry if mark is None else mark) * rate).quantize(MONEY)
            change = -paid if side is PositionSide.LONG else paid
            account.pay(asset, change, now)
            total += change
            if symbol in account.isolated and leg.qty:
                leg.isolated_wallet += change
                rows = (account.position_row((symbol, side)),)
                self.venue.out.append(
                    AccountEvent("FUNDING_FEE", (account.balance_row(asset, change),), rows, now, symbol)
                )
        if symbol not in account.isolated and total:
            self.venue.tell_account("FUNDING_FEE", asset, total, now, symbol)
        self._check_margin(now)

    def transfer(self, asset: str, amount: Decimal, now: int) -> None:
        """Deposit (positive) or withdraw (negative) margin."""
        self.venue.account.pay(asset, amount, now)
        self.venue.tell_account("DEPOSIT" if amount > 0 else "WITHDRAW", asset, amount, now)
        self._check_margin(now)
