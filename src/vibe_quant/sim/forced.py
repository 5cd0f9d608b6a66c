"""What happens to the account without its program: liquidation, ADL, funding, transfers and trades made elsewhere."""

from __future__ import annotations

from decimal import Decimal

from vibe_quant.domain.enums import OrderSide, OrderStatus, OrderType, PositionSide, TimeInForce
from vibe_quant.sim.account import MONEY, LegKey, pnl
from vibe_quant.sim.liquidation import of_symbol
from vibe_quant.sim.matching import Matching, beats
from vibe_quant.sim.records import ZERO, AccountEvent, ExecType, ExpiryReason, Rejected, SimOrder
from vibe_quant.sim.venue import Venue


class Forced:
    """Works on the shared state like everything else; every change is told like an ordinary one."""

    def __init__(self, venue: Venue, matching: Matching) -> None:
        """Shares the exchange's state."""
        self.venue = venue
        self.matching = matching

    def check_margin(self, now: int) -> None:
        """Liquidate where margin has fallen to maintenance: all crossed legs of an asset, or one isolated leg."""
        account = self.venue.account
        for asset in list(account.wallets):
            balance, needed = account.cross_margin(asset)
            if needed > 0 and balance <= needed:
                self._liquidate([key for key, _ in account.cross_legs(asset)], asset, now)
        for key, leg in list(account.legs.items()):
            if leg.qty and key[0] in account.isolated:
                needed = account.maintenance(key)
                if needed > 0 and leg.isolated_wallet + pnl(key[1], leg, self.venue.markets[key[0]].mark) <= needed:
                    self._liquidate([key], account.asset_of(key[0]), now)

    def _liquidate(self, keys: list[LegKey], asset: str, now: int) -> None:
        account = self.venue.account
        isolated = keys[0][0] in account.isolated
        floor = account.cross_wallet(asset) if isolated else ZERO
        for symbol in {key[0]: None for key in keys}:
            for order in list(self.venue.markets[symbol].resting):
                self.matching.end(order, OrderStatus.EXPIRED, ExpiryReason.LIQUIDATED, now)
        for key in keys:
            fee = self.venue.markets[key[0]].rules.liquidation_fee
            self._close(key, account.leg(*key).qty, f"autoclose-{now}{self.venue.next_id()}", now, fee)
        short = floor - account.cross_wallet(asset)
        if short > 0:
            account.wallets[asset] += short
            self.venue.tell_account("INSURANCE_CLEAR", asset, short, now)

    def _close(self, key: LegKey, qty: Decimal, client_id: str, now: int, fee: Decimal) -> None:
        """Walk what is shown as far as the bankruptcy price; the rest is taken over at that price."""
        market = self.venue.markets[key[0]]
        price = self._bankruptcy(key)
        order = self._forced_order(key, key[1].exit_side, qty, price, client_id, OrderType.LIQUIDATION, now)
        self.venue.add(order, now)
        for level, shown in market.shown(order.side):
            if not order.remaining or beats(order.side, price, level):
                break
            done = self.matching.execute(
                order, min(shown, order.remaining), level, False, now, ExecType.CALCULATED, fee
            )
            market.take(order.side, level, done)
        if order.remaining:
            self.matching.execute(order, order.remaining, price, False, now, ExecType.CALCULATED, fee)

    def _bankruptcy(self, key: LegKey) -> Decimal:
        """Price on the tick grid that leaves no margin; the mark where there is none, or one better than the mark."""
        market = self.venue.markets[key[0]]
        mark = market.mark if market.mark is not None else self.venue.account.leg(*key).entry
        price = of_symbol(self.venue.account, *key, bankruptcy=True)
        if price is None or beats(key[1].exit_side, price, mark):
            price = mark
        return market.rules.ceil_price(price) if key[1] is PositionSide.LONG else market.rules.floor_price(price)

    def adl(self, symbol: str, side: PositionSide, qty: Decimal, price: Decimal, now: int) -> None:
        """Auto-deleverage ``qty`` of a leg at ``price``."""
        key = (symbol, side)
        order = self._forced_order(key, side.exit_side, qty, price, "adl_autoclose", OrderType.LIMIT, now)
        self.venue.add(order, now)
        self.matching.execute(order, qty, price, False, now, ExecType.CALCULATED)

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
        shown = market.shown(order_side)
        at = price if price is not None else (shown[0][0] if shown else market.mark)
        if at is None:
            raise Rejected(-1112, "No orders on book for symbol.")
        key = (symbol, position_side)
        order = self._forced_order(key, order_side, qty, ZERO, client_id, OrderType.MARKET, now)
        if order.is_closer and qty > self.venue.account.leg(*key).qty:
            raise Rejected(-2022, "ReduceOnly Order is rejected.")
        self.venue.add(order, now)
        self.matching.execute(order, qty, at, False, now)

    def _forced_order(
        self,
        key: LegKey,
        side: OrderSide,
        qty: Decimal,
        price: Decimal,
        client_id: str,
        order_type: OrderType,
        now: int,
    ) -> SimOrder:
        return SimOrder(
            order_id=self.venue.next_id(),
            client_id=client_id,
            symbol=key[0],
            side=side,
            position_side=key[1],
            order_type=order_type,
            time_in_force=TimeInForce.IOC,
            qty=qty,
            price=price,
            created_ms=now,
            updated_ms=now,
            orig_type=order_type,
        )

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
            account.wallets[asset] += change
            total += change
            if symbol in account.isolated and leg.qty:
                leg.isolated_wallet += change
                rows = (account.position_row((symbol, side)),)
                self.venue.out.append(
                    AccountEvent("FUNDING_FEE", (account.balance_row(asset, change),), rows, now, symbol)
                )
        if symbol not in account.isolated and total:
            self.venue.tell_account("FUNDING_FEE", asset, total, now, symbol)
        self.check_margin(now)

    def transfer(self, asset: str, amount: Decimal, now: int) -> None:
        """Deposit (positive) or withdraw (negative) margin."""
        wallets = self.venue.account.wallets
        wallets[asset] = wallets.get(asset, ZERO) + amount
        self.venue.tell_account("DEPOSIT" if amount > 0 else "WITHDRAW", asset, amount, now)
        self.check_margin(now)
