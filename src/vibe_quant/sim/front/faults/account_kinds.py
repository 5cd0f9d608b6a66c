"""Faults of the account and its markets: what others do to a position, and what the exchange does to a symbol."""

from __future__ import annotations

from dataclasses import replace
from decimal import Decimal
from typing import Annotated, ClassVar, Literal

from pydantic import Field, model_validator

from vibe_quant.domain.enums import PositionSide
from vibe_quant.domain.rules import ceil_to
from vibe_quant.sim.account import Leg
from vibe_quant.sim.front.faults.deck import Deck, Done
from vibe_quant.sim.front.faults.families import Act
from vibe_quant.sim.front.faults.spec import Amount, Share, Symbol
from vibe_quant.sim.records import Rejected

SymbolName = Annotated[Symbol, Field(description="as the exchange writes it, BTCUSDT")]
Side = Annotated[PositionSide, Field(description="LONG or SHORT")]
Status = Literal["TRADING", "PRE_SETTLE", "SETTLING", "CLOSE", "TRADING_HALT", "TRADING_CANCEL_ONLY", "PENDING_TRADING"]


class _OfLeg(Act):
    """What concerns a part of a leg: ``qty``, or a fraction of what it has."""

    symbol: SymbolName
    side: Side
    qty: Annotated[Amount | None, Field(description="base asset; in its place: fraction")] = None
    fraction: Annotated[Share | None, Field(description="of the leg, above 0 to 1; 1 where neither is said")] = None

    @model_validator(mode="after")
    def _one_size(self) -> _OfLeg:
        if self.qty is not None and self.fraction is not None:
            raise ValueError("say qty or fraction, not both")
        return self

    def leg(self, deck: Deck) -> Leg:
        """The leg, which must be open."""
        deck.exchange.venue.market(self.symbol)
        leg = deck.exchange.account.leg(self.symbol, self.side)
        if not leg.qty:
            raise Rejected(-2022, f"{self.symbol} {self.side} has no position.")
        return leg

    def size(self, deck: Deck) -> Decimal:
        """Quantity on the step grid, at least one step."""
        rules = deck.exchange.venue.market(self.symbol).rules
        if self.qty is not None:
            if self.qty % rules.step:
                raise Rejected(-1111, f"{self.symbol} {self.qty} is not a multiple of the lot step {rules.step}.")
            return self.qty
        return max(rules.step, rules.floor_qty(self.leg(deck).qty * (self.fraction or 1)))


class PositionClosed(_OfLeg):
    """Position closed from outside, at the touch: the user's own trade elsewhere."""

    kind: Literal["position_closed"]

    def act(self, deck: Deck, now: int, /) -> Done:
        """Trade it down; never past flat."""
        qty = min(self.size(deck), self.leg(deck).qty)
        deck.exchange.forced.external_trade(self.symbol, self.side, self.side.exit_side, qty, now)
        return Done(f"{self.symbol} {self.side} less {qty}")


class PositionEnlarged(_OfLeg):
    """Position enlarged (or opened) from outside, at the touch: the user's own trade elsewhere."""

    kind: Literal["position_enlarged"]

    def act(self, deck: Deck, now: int, /) -> Done:
        """Trade it up."""
        qty = self.size(deck)
        deck.exchange.forced.external_trade(self.symbol, self.side, self.side.opposite.exit_side, qty, now)
        return Done(f"{self.symbol} {self.side} more by {qty}")


class Deleveraged(_OfLeg):
    """ADL: a part of the leg is closed against a bankrupt counterparty."""

    kind: Literal["adl"]
    price: Annotated[Amount | None, Field(description="left out: the mark")] = None

    def act(self, deck: Deck, now: int, /) -> Done:
        """Deleverage it; never past flat."""
        qty = min(self.size(deck), self.leg(deck).qty)
        market = deck.exchange.venue.market(self.symbol)
        if self.price is None and market.mark is None:
            raise Rejected(-1112, f"{self.symbol} has no mark price yet; give a price.")
        deck.exchange.forced.adl(self.symbol, self.side, qty, self.price, now)
        return Done(f"{self.symbol} {self.side} less {qty} at {self.price or market.mark}")


class Liquidated(Act):
    """Liquidation, whatever the margin: the isolated leg, or all crossed legs that share its margin asset.

    It goes as if the mark had got there: what the book does not take goes at the bankruptcy price.
    """

    kind: Literal["liquidation"]
    symbol: SymbolName
    side: Side

    def act(self, deck: Deck, now: int, /) -> Done:
        """Liquidate."""
        deck.exchange.venue.market(self.symbol)
        if not deck.exchange.account.leg(self.symbol, self.side).qty:
            raise Rejected(-2022, f"{self.symbol} {self.side} has no position.")
        deck.exchange.liquidator.liquidate((self.symbol, self.side), now)
        return Done(f"{self.symbol} {self.side} liquidated")


class HedgeModeOff(Act):
    """Hedge mode switched off by the owner elsewhere, who ends all orders and positions first, as he must."""

    kind: Literal["hedge_mode_off"]

    def act(self, deck: Deck, now: int, /) -> Done:
        """Switch to one-way mode."""
        deck.exchange.forced.switch_to_one_way(now)
        return Done("one-way mode")


class TickChanged(Act):
    """Tick size changed, and the least price put on the new grid; what rests stays where it is."""

    ends: ClassVar[bool] = True
    kind: Literal["tick_changed"]
    symbol: SymbolName
    tick: Annotated[Amount, Field(description='the new tick, "0.5"')]

    def act(self, deck: Deck, now: int, /) -> Done:
        """Change it."""
        exchange = deck.exchange
        market = exchange.venue.market(self.symbol)
        former = market.rules
        least = ceil_to(former.min_price, self.tick)
        exchange.change_rules(self.symbol, replace(former, tick=self.tick, min_price=least), now)

        def undo(later: int) -> None:
            rules = replace(market.rules, tick=former.tick, min_price=former.min_price)
            exchange.change_rules(self.symbol, rules, later)

        return Done(f"{self.symbol} {former.tick} -> {self.tick}", undo)


class SymbolStatus(Act):
    """Symbol's status changed: PRE_SETTLE ends its orders, SETTLING and CLOSE its positions too, a halt refuses."""

    ends: ClassVar[bool] = True
    kind: Literal["symbol_status"]
    symbol: SymbolName
    status: Annotated[Status, Field(description="PRE_SETTLE, CLOSE, TRADING_HALT, ...")]
    price: Annotated[Amount | None, Field(description="of the settlement; left out: the mark")] = None

    def act(self, deck: Deck, now: int, /) -> Done:
        """Change it."""
        exchange = deck.exchange
        former = exchange.venue.market(self.symbol).rules.status
        exchange.settlement.set_status(self.symbol, self.status, now, self.price)

        def undo(later: int) -> None:
            exchange.settlement.set_status(self.symbol, former, later)

        return Done(f"{self.symbol} {former} -> {self.status}", undo)


class Overload(Act):
    """-1008 to new orders; closing orders are spared as the exchange's rules have it."""

    ends: ClassVar[bool] = True
    kind: Literal["overload_1008"]

    def act(self, deck: Deck, _: int, /) -> Done:
        """Overload it."""
        entry = deck.exchange.entry
        entry.overloaded = True

        def undo(_now: int) -> None:
            entry.overloaded = False

        return Done("overloaded", undo)
