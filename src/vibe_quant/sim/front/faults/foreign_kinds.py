"""What the owner, or another program of his, does by hand: orders and stops that are not ours, and ours taken away."""

from __future__ import annotations

from decimal import Decimal
from typing import Annotated, ClassVar, Literal

from pydantic import Field

from vibe_quant.domain.enums import OrderSide, OrderType, PositionSide, TimeInForce, WorkingType
from vibe_quant.sim.front.faults.account_kinds import Side, SymbolName
from vibe_quant.sim.front.faults.deck import Deck, Done
from vibe_quant.sim.front.faults.families import Act
from vibe_quant.sim.front.faults.spec import Amount, Flag, Share
from vibe_quant.sim.records import AlgoRequest, OrderRequest, Rejected

Away = Annotated[Share, Field(description="how far from the price, a ratio")]
ClientId = Annotated[str | None, Field(min_length=1, description="left out: web_ and a number of its own")]


class _Foreign(Act):
    """``price`` or how far ``away`` from the market's."""

    symbol: SymbolName
    side: Side
    client_id: ClientId = None

    def name_of(self, deck: Deck) -> str:
        """Its client id."""
        return self.client_id or f"web_{deck.exchange.venue.next_order_id()}"

    def price_at(self, deck: Deck, order_side: OrderSide, away: Decimal) -> Decimal:
        """On the grid: a price above the market for SELL, below it for BUY; a negative ``away`` turns it round."""
        market = deck.exchange.venue.market(self.symbol)
        if market.quote is None:
            raise Rejected(-1112, f"{self.symbol} has no price yet.")
        if order_side is OrderSide.SELL:
            return market.rules.ceil_price(market.quote.ask * (1 + away))
        return market.rules.floor_price(market.quote.bid * (1 - away))


class ForeignOrder(_Foreign):
    """An order of the owner's own, LIMIT GTC: closes a part of the leg, or with ``opens`` adds to it."""

    ends: ClassVar[bool] = True
    kind: Literal["foreign_order"]
    qty: Annotated[Amount, Field(description="base asset")]
    price: Annotated[Amount | None, Field(description="left out: as far away as said")] = None
    away: Away = Decimal("0.01")
    opens: Annotated[Flag, Field(description="true: adds to the leg")] = False

    def act(self, deck: Deck, now: int, /) -> Done:
        """Place it; ended, it is cancelled if it still rests."""
        order_side = (self.side.opposite if self.opens else self.side).exit_side
        request = OrderRequest(
            self.symbol,
            order_side,
            self.side,
            OrderType.LIMIT,
            self.name_of(deck),
            now,
            self.qty,
            self.price or self.price_at(deck, order_side, self.away),
            TimeInForce.GTC,
        )
        order = deck.exchange.place(request, now)

        def undo(later: int) -> None:
            if not order.status.is_final:
                deck.exchange.cancel(self.symbol, order.order_id, later)

        return Done(f"{order.client_id} {order_side.value} {order.qty} at {order.price}", undo)


class ForeignStop(_Foreign):
    """A stop of the owner's own: STOP_MARKET by the mark price, closePosition or of ``qty``."""

    ends: ClassVar[bool] = True
    kind: Literal["foreign_stop"]
    qty: Annotated[Amount | None, Field(description="base asset; left out: closePosition")] = None
    trigger: Annotated[Amount | None, Field(description="trigger price; left out: as far away as said")] = None
    away: Away = Decimal("0.05")

    def act(self, deck: Deck, now: int, /) -> Done:
        """Place it; ended, it is cancelled if it still waits."""
        order_side = self.side.exit_side
        request = AlgoRequest(
            self.symbol,
            order_side,
            self.side,
            OrderType.STOP_MARKET,
            self.name_of(deck),
            self.trigger or self.price_at(deck, order_side, -self.away),
            now,
            self.qty,
            close_position=self.qty is None,
            working_type=WorkingType.MARK_PRICE,
        )
        algo = deck.exchange.algos.place(request, now)

        def undo(later: int) -> None:
            if algo in deck.exchange.algos.open:
                deck.exchange.algos.cancel(algo.algo_id, later)

        return Done(f"{algo.client_id} {order_side.value} from {algo.trigger_price}", undo)


class OrdersCancelled(Act):
    """Orders cancelled from outside, whoever placed them: the owner tidies up."""

    kind: Literal["orders_cancelled"]
    symbol: SymbolName
    what: Annotated[Literal["regular", "conditional", "all"], Field(description="regular, conditional or all")] = "all"
    side: Annotated[PositionSide | None, Field(description="of this leg alone; left out: both")] = None
    prefix: Annotated[str, Field(description="client ids that begin so; left out: all")] = ""

    def act(self, deck: Deck, now: int, /) -> Done:
        """Cancel what is meant."""
        exchange, gone = deck.exchange, 0
        if self.what != "conditional":
            for order in exchange.open_orders(self.symbol):
                if self._means(order.client_id, order.position_side):
                    exchange.cancel(self.symbol, order.order_id, now)
                    gone += 1
        if self.what != "regular":
            for algo in list(exchange.algos.open):
                if algo.symbol == self.symbol and self._means(algo.client_id, algo.position_side):
                    exchange.algos.cancel(algo.algo_id, now)
                    gone += 1
        return Done(f"{self.symbol} {gone} cancelled")

    def _means(self, client_id: str, side: PositionSide) -> bool:
        return client_id.startswith(self.prefix) and self.side in (None, side)
