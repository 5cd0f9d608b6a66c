"""Watches margin: warns of legs that come near to maintenance, and liquidates those that have come there."""

from __future__ import annotations

from decimal import Decimal

from vibe_quant.domain.enums import OrderSide, OrderStatus, OrderType, PositionSide, TimeInForce
from vibe_quant.sim.account import LegKey, pnl
from vibe_quant.sim.liquidation import of_symbol
from vibe_quant.sim.margin_call import MarginCalls
from vibe_quant.sim.matching import Matching, beats
from vibe_quant.sim.records import ZERO, ExecType, ExpiryReason, SimOrder
from vibe_quant.sim.venue import Venue


class Liquidator:
    """Works on the shared state; every change is told like an ordinary one."""

    def __init__(self, venue: Venue, matching: Matching) -> None:
        """Shares the exchange's state."""
        self.venue = venue
        self.matching = matching
        self._calls = MarginCalls(venue)

    def check_margin(self, now: int) -> None:
        """Liquidate where margin has fallen to maintenance: all crossed legs of an asset, or one isolated leg.

        What comes near is warned of (margin_call.py).
        """
        account = self.venue.account
        for asset in list(account.wallets):
            balance, needed = account.cross_margin(asset)
            self._weigh(asset, asset, balance, needed, now)
        if not account.isolated:
            return
        for key, leg in list(account.legs.items()):
            if key[0] in account.isolated:
                balance = leg.isolated_wallet + pnl(key[1], leg, self.venue.markets[key[0]].mark)
                self._weigh(key, account.asset_of(key[0]), balance, account.maintenance(key), now)

    def liquidate(self, key: LegKey, now: int) -> None:
        """Liquidate whatever the margin: an isolated leg alone, a crossed one with all that share its asset."""
        account = self.venue.account
        asset = account.asset_of(key[0])
        isolated = key[0] in account.isolated
        self._calls.forget(key if isolated else asset)
        self._liquidate([key] if isolated else [crossed for crossed, _ in account.cross_legs(asset)], asset, now)

    def _weigh(self, subject: str | LegKey, asset: str, balance: Decimal, needed: Decimal, now: int) -> None:
        if needed <= 0:
            self._calls.forget(subject)
        elif balance > needed:
            self._calls.weigh(subject, balance, needed, now)
        else:
            self._calls.forget(subject)
            legs = self.venue.account.cross_legs(asset)
            self._liquidate([key for key, _ in legs] if isinstance(subject, str) else [subject], asset, now)

    def _liquidate(self, keys: list[LegKey], asset: str, now: int) -> None:
        account = self.venue.account
        isolated = keys[0][0] in account.isolated
        floor = account.cross_wallet(asset) if isolated else ZERO
        for symbol in {key[0]: None for key in keys}:
            for order in list(self.venue.markets[symbol].resting):
                self.matching.end(order, OrderStatus.EXPIRED, ExpiryReason.LIQUIDATED, now)
        for key in keys:
            fee = self.venue.markets[key[0]].rules.liquidation_fee
            self._close(key, account.leg(*key).qty, f"autoclose-{now}{self.venue.next_order_id()}", now, fee)
        short = floor - account.cross_wallet(asset)
        if short > 0:
            account.pay(asset, short, now)
            self.venue.tell_account("INSURANCE_CLEAR", asset, short, now)

    def _close(self, key: LegKey, qty: Decimal, client_id: str, now: int, fee: Decimal) -> None:
        """Walk what is shown as far as the bankruptcy price; the rest is taken over at that price."""
        market = self.venue.markets[key[0]]
        price = self._bankruptcy(key)
        order = forced_order(self.venue, key, key[1].exit_side, qty, price, client_id, OrderType.LIQUIDATION, now)
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


def forced_order(
    venue: Venue,
    key: LegKey,
    side: OrderSide,
    qty: Decimal,
    price: Decimal,
    client_id: str,
    order_type: OrderType,
    now: int,
) -> SimOrder:
    """An order that the exchange, or somebody else, enters for the account."""
    return SimOrder(
        order_id=venue.next_order_id(),
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
