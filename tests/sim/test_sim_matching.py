# mypy: disable-error-code="comparison-overlap,unreachable"
"""Queues, prints, crossings, taking, priceMatch and self-trade prevention."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

import pytest

from vibe_quant.domain.enums import OrderStatus, PositionSide, PriceMatch, TimeInForce
from vibe_quant.domain.events import Depth
from vibe_quant.sim.records import OrderEvent, Stp
from vibe_quant.sim.switches import QueueModel, Switches

D = Decimal
LONG, SHORT = PositionSide.LONG, PositionSide.SHORT
SYMBOL = "BTC/USDT:USDT"


def at_touch(new_desk: Any, model: QueueModel, **more: Any) -> tuple[Any, Any]:
    """A closing SELL of 1 behind 5 at the ask of 100.1."""
    desk = new_desk(Switches(queue_model=model, **more))
    desk.seed(LONG, "1")
    desk.quote("100", "3", "100.1", "5")
    return desk, desk.place(LONG, "1", "100.1")


def test_the_queue_must_trade_first(new_desk: Any) -> None:
    desk, order = at_touch(new_desk, QueueModel.TRADES_ONLY)
    desk.trade("100.1", "5", "BUY")
    assert order.filled_qty == 0
    desk.trade("100.1", "0.4", "BUY")
    assert order.filled_qty == D("0.4")
    assert order.status is OrderStatus.PARTIALLY_FILLED
    desk.trade("100.1", "7", "BUY")
    assert order.status is OrderStatus.FILLED
    assert desk.leg(LONG) == 0


def test_a_print_larger_than_the_queue_fills_by_the_excess(new_desk: Any) -> None:
    desk, order = at_touch(new_desk, QueueModel.TRADES_ONLY)
    desk.trade("100.1", "5.25", "BUY")
    assert order.filled_qty == D("0.25")
    assert order.avg_price == D("100.1")


def test_prints_of_the_other_side_and_beside_the_price_do_nothing(new_desk: Any) -> None:
    desk, order = at_touch(new_desk, QueueModel.TRADES_ONLY)
    desk.trade("100.1", "50", "SELL")
    desk.trade("100", "50", "BUY")
    assert order.filled_qty == 0
    assert order.ahead == 5


@pytest.mark.parametrize(
    ("model", "ahead"),
    [
        (QueueModel.TRADES_ONLY, "4"),
        (QueueModel.NEVER_MORE_THAN_DISPLAYED, "3"),
        (QueueModel.PROPORTIONAL, "3"),
    ],
)
def test_cancellations_ahead(new_desk: Any, model: QueueModel, ahead: str) -> None:
    desk, order = at_touch(new_desk, model)
    desk.trade("100.1", "1", "BUY")
    desk.quote("100", "3", "100.1", "3")
    assert order.ahead == D(ahead)


def test_proportional_shares_a_cancellation_with_those_behind(new_desk: Any) -> None:
    desk, order = at_touch(new_desk, QueueModel.PROPORTIONAL)
    desk.quote("100", "3", "100.1", "10")  # five joined behind us
    assert order.ahead == 5
    desk.quote("100", "3", "100.1", "7")
    assert order.ahead == D("3.5")
    desk.quote("100", "3", "100.1", "0.01")
    assert order.ahead == D("0.005")


@pytest.mark.parametrize(("model", "ahead"), [(QueueModel.TRADES_ONLY, 5), (QueueModel.NEVER_MORE_THAN_DISPLAYED, 0)])
def test_a_level_that_empties_without_trades(new_desk: Any, model: QueueModel, ahead: int) -> None:
    desk, order = at_touch(new_desk, model)
    desk.quote("100", "3", "100.2", "5")
    assert order.ahead == ahead
    assert order.status is OrderStatus.NEW


def test_inside_the_spread_there_is_no_queue(desk: Any) -> None:
    order = desk.place(LONG, "1", "100")
    desk.trade("100", "0.3", "BUY")
    assert order.filled_qty == D("0.3")


def test_behind_the_touch_the_queue_is_unknown_until_in_sight(desk: Any) -> None:
    order = desk.place(LONG, "1", "100.3")
    assert order.ahead is None
    desk.trade("100.3", "50", "BUY")
    assert order.filled_qty == 0
    desk.quote("100", "1", "100.3", "8")
    assert order.ahead == 8
    desk.trade("100.3", "8.5", "BUY")
    assert order.filled_qty == D("0.5")


def test_a_print_through_the_price_fills_whole(desk: Any) -> None:
    sell = desk.place(LONG, "1", "100.1")
    buy = desk.place(SHORT, "1", "99.9")
    desk.trade("100.2", "0.001", "BUY")
    desk.trade("99.8", "0.001", "SELL")
    assert sell.status is buy.status is OrderStatus.FILLED
    assert sell.avg_price == D("100.1")


def test_a_print_through_the_price_fills_what_was_printed_by_switch(new_desk: Any) -> None:
    desk, order = at_touch(new_desk, QueueModel.TRADES_ONLY, exhausted_level_fills_whole=False)
    desk.trade("100.2", "0.25", "BUY")
    assert order.filled_qty == D("0.25")
    desk.quote("100.1", "0.5", "100.2", "9")
    assert order.filled_qty == D("0.75")
    desk.quote("100.1", "0.5", "100.2", "8")  # the same bid again: it was taken
    assert order.filled_qty == D("0.75")


def test_the_opposite_touch_over_the_price_fills_whole_as_maker(new_desk: Any) -> None:
    desk, order = at_touch(new_desk, QueueModel.NEVER_MORE_THAN_DISPLAYED)
    desk.quote("100.1", "0.2", "100.2", "5")
    assert order.status is OrderStatus.FILLED
    (event,) = [e for e in desk.events() if isinstance(e, OrderEvent) and e.last_qty]
    assert event.is_maker
    assert event.last_price == D("100.1")
    assert event.fee == D("0.02002")


def test_one_print_is_used_once_across_our_orders(new_desk: Any) -> None:
    desk = new_desk()
    desk.seed(LONG, "3")
    desk.quote("100", "3", "100.2", "5")
    first = desk.place(LONG, "1", "100.1")
    second = desk.place(LONG, "1", "100.1")
    better = desk.place(LONG, "0.5", "100.1")
    desk.amend(better, "0.4", "100.1")  # loses its place, not its price
    desk.trade("100.1", "1.5", "BUY")
    assert (first.filled_qty, second.filled_qty, better.filled_qty) == (1, D("0.5"), 0)


def test_taking_stops_at_what_is_shown_and_the_rest_rests(new_desk: Any) -> None:
    desk = new_desk()
    desk.seed(LONG, "9")
    desk.quote("100", "3", "100.1", "5")
    order = desk.place(LONG, "9", "100")
    assert order.filled_qty == 3
    assert order.status is OrderStatus.PARTIALLY_FILLED
    desk.quote("100", "3", "100.2", "5")  # the bid is the one that we took
    assert order.filled_qty == 3
    desk.quote("100", "2", "100.2", "5")
    assert order.filled_qty == 5
    desk.quote("99.9", "2", "100.2", "5")
    assert order.filled_qty == 5
    assert order.ahead == 0


def test_the_shown_quantity_is_taken_once(desk: Any) -> None:
    desk.quote("99.9", "0.7", "100.1", "0.7")
    assert desk.place(LONG, "0.5", "99.9", tif=TimeInForce.IOC).filled_qty == D("0.5")
    assert desk.place(LONG, "0.5", "99.9", tif=TimeInForce.IOC).filled_qty == D("0.2")
    assert desk.place(SHORT, "0.5", "100.1", tif=TimeInForce.IOC).filled_qty == D("0.5")
    assert desk.place(SHORT, "0.5", "100.1", tif=TimeInForce.IOC).filled_qty == D("0.2")


@pytest.mark.parametrize(
    ("price", "tif", "last"),
    [("99.9", TimeInForce.IOC, "EXPIRED/EXPIRED er=2"), (None, None, "EXPIRED/EXPIRED er=9")],
)
def test_what_the_touch_does_not_hold_expires(desk: Any, price: str, tif: Any, last: str) -> None:
    desk.quote("99.9", "0.4", "100.1", "5")
    desk.words()
    order = desk.place(LONG, "1", price, tif=tif)
    assert order.filled_qty == D("0.4")
    assert desk.words() == ["NEW/NEW", "ACCOUNT ORDER", "TRADE/PARTIALLY_FILLED", last]


def test_the_account_may_also_be_told_after_the_fill(new_desk: Any) -> None:
    desk = new_desk(Switches(account_update_first=False))
    desk.seed(LONG, "1")
    desk.quote("99.9", "5", "100.1", "5")
    desk.place(LONG, "1", "99.9")
    assert desk.words() == ["NEW/NEW", "TRADE/FILLED", "ACCOUNT ORDER"]


def test_a_market_order_may_walk_on_by_switch(new_desk: Any) -> None:
    desk = new_desk(Switches(market_walks_on=True))
    desk.seed(LONG, "1")
    desk.quote("99.9", "0.4", "100.1", "5")
    order = desk.place(LONG, "1")
    desk.trade("99.9", "5", "SELL")
    assert order.filled_qty == D("0.4")
    desk.quote("99.5", "0.2", "100.1", "5")
    assert order.filled_qty == D("0.6")
    desk.quote("99.4", "9", "100.1", "5")
    assert order.status is OrderStatus.FILLED


@pytest.mark.parametrize(("side", "price"), [(LONG, "99.9"), (SHORT, "100.1")])
def test_a_side_shown_anew_may_be_taken_again(desk: Any, side: PositionSide, price: str) -> None:
    desk.quote("99.9", "0.2", "100.1", "0.2")
    taken = []
    for bid_qty, ask_qty in (("0.2", "0.2"), ("0.2", "0.2"), ("0.3", "0.3")):
        desk.quote("99.9", bid_qty, "100.1", ask_qty)
        taken.append(desk.place(side, "0.2", price, tif=TimeInForce.IOC).filled_qty)
    assert taken == [D("0.2"), 0, D("0.2")]


def test_depth_behind_the_touch_is_walked(desk: Any) -> None:
    levels = ((D("99.9"), D("5")), (D("99.8"), D("0.5")), (D("99.7"), D(9)))
    desk.quote("99.9", "0.2", "100.1", "5")
    desk.x.on_depth(Depth(SYMBOL, desk.now, desk.now, levels, ()))
    order = desk.place(LONG, "1", "99.8", tif=TimeInForce.IOC)
    assert order.filled_qty == D("0.7")
    assert desk.place(LONG, "0.1").avg_price == D("99.7")
    desk.x.on_depth(Depth(SYMBOL, desk.now, desk.now, levels, ()))
    assert desk.place(LONG, "0.2").avg_price == D("99.8")


def test_fok_fills_whole_or_not_at_all(desk: Any) -> None:
    desk.quote("99.9", "0.5", "100.1", "5")
    assert desk.refused(LONG, "0.6", "99.9", tif=TimeInForce.FOK) == -5021
    assert desk.place(LONG, "0.5", "99.9", tif=TimeInForce.FOK).status is OrderStatus.FILLED


@pytest.mark.parametrize(
    ("side", "match", "price"),
    [
        (LONG, PriceMatch.OPPONENT, "99.9"),
        (SHORT, PriceMatch.OPPONENT, "100.1"),
        (LONG, PriceMatch.QUEUE, "100.1"),
        (SHORT, PriceMatch.QUEUE, "99.9"),
        (LONG, PriceMatch.OPPONENT_5, "99.5"),
        (SHORT, PriceMatch.OPPONENT_5, "100.5"),
    ],
)
def test_price_match(desk: Any, side: PositionSide, match: PriceMatch, price: str) -> None:
    assert desk.place(side, "0.5", price_match=match).price == D(price)


def test_price_match_reads_depth_where_there_is_some(desk: Any) -> None:
    bids = tuple((D("99.9") - D("0.3") * i, D(1)) for i in range(6))
    desk.x.on_depth(Depth(SYMBOL, desk.now, desk.now, bids, ()))
    assert desk.place(LONG, "0.5", price_match=PriceMatch.OPPONENT_5).price == D("98.7")
    assert desk.refused(SHORT, "0.5", price_match=PriceMatch.OPPONENT_5) == -5041


@pytest.mark.parametrize("match", list(PriceMatch))
def test_price_match_without_a_book(new_desk: Any, match: PriceMatch) -> None:
    desk = new_desk()
    desk.seed(LONG, "1")
    assert desk.refused(LONG, "0.5", price_match=match) == -5041


def test_queue_with_gtx_by_switch(new_desk: Any) -> None:
    desk = new_desk(Switches(queue_with_gtx=True))
    desk.seed(LONG, "1")
    desk.quote("99.9", "5", "100.1", "5")
    order = desk.place(LONG, "0.5", price_match=PriceMatch.QUEUE, tif=TimeInForce.GTX)
    assert (order.price, order.ahead) == (D("100.1"), 5)


@pytest.mark.parametrize(
    ("stp", "maker", "taker"),
    [
        (Stp.EXPIRE_MAKER, OrderStatus.EXPIRED_IN_MATCH, OrderStatus.NEW),
        (Stp.EXPIRE_TAKER, OrderStatus.NEW, OrderStatus.EXPIRED_IN_MATCH),
        (Stp.EXPIRE_BOTH, OrderStatus.EXPIRED_IN_MATCH, OrderStatus.EXPIRED_IN_MATCH),
    ],
)
def test_self_trade_prevention_inside_the_spread(desk: Any, stp: Stp, maker: Any, taker: Any) -> None:
    buy = desk.place(SHORT, "0.5", "100")
    sell = desk.place(LONG, "0.5", "100", stp=stp)
    assert (buy.status, sell.status) == (maker, taker)
    assert desk.leg(LONG) == desk.leg(SHORT) == 1
    assert {o.expiry_reason for o in (buy, sell) if o.status.is_final} == {1}


def test_our_own_maker_is_met_in_its_place_in_the_queue(desk: Any) -> None:
    buy = desk.place(SHORT, "0.5", "99.9")
    sell = desk.place(LONG, "1", "99.9")
    assert sell.status is OrderStatus.FILLED  # five stood ahead of our own bid
    assert buy.status is OrderStatus.NEW
    desk.quote("99.9", "0.3", "100.1", "5")
    desk.x.seed_position(SYMBOL, LONG, D(1), D(100))
    desk.x.cancel(SYMBOL, buy.client_id, desk.now)
    buy = desk.place(SHORT, "0.5", "99.9")
    sell = desk.place(LONG, "1", "99.8", stp=Stp.EXPIRE_BOTH)
    assert sell.filled_qty == D("0.3")
    assert sell.status is buy.status is OrderStatus.EXPIRED_IN_MATCH


def test_what_stands_before_our_own_maker_is_taken_first(desk: Any) -> None:
    buy = desk.place(SHORT, "0.5", "99.9")
    desk.trade("99.9", "4.8", "SELL")
    assert buy.ahead == D("0.2")
    sell = desk.place(LONG, "1", "99.9", stp=Stp.EXPIRE_BOTH)
    assert sell.filled_qty == D("0.2")
    assert sell.status is buy.status is OrderStatus.EXPIRED_IN_MATCH


def test_an_own_maker_behind_the_shown_book_is_met_too(desk: Any) -> None:
    desk.quote("99.9", "0.3", "100.1", "5")
    buy = desk.place(SHORT, "0.5", "99.7")
    sell = desk.place(LONG, "1", "99.7")
    assert buy.status is OrderStatus.EXPIRED_IN_MATCH
    assert sell.filled_qty == D("0.3")
    assert sell.status is OrderStatus.PARTIALLY_FILLED


def test_post_only_against_our_own_order_is_refused(desk: Any) -> None:
    desk.place(SHORT, "0.5", "100")
    assert desk.refused(LONG, "0.5", "100", tif=TimeInForce.GTX) == -5022


def test_an_order_may_rest_before_any_book_is_shown(new_desk: Any) -> None:
    desk = new_desk()
    desk.seed(LONG, "1")
    order = desk.place(LONG, "1", "100", tif=TimeInForce.GTX)
    assert order.ahead == 0
    desk.quote("100", "0.1", "100.1", "1")
    assert order.status is OrderStatus.FILLED


def test_orders_that_end_while_a_print_or_quote_is_worked_are_left_alone(new_desk: Any) -> None:
    for kind in ("trade", "quote"):
        desk = new_desk(Switches(knock_out_closers=False))
        desk.seed(LONG, "1")
        desk.quote("99.9", "5", "100", "5")
        orders = [desk.place(LONG, "0.5", "100.1"), desk.place(LONG, "0.5", "100.2")]
        desk.x.venue.switches = Switches()
        desk.x.seed_position(SYMBOL, LONG, D("0.5"), D(100))  # as if the leg had shrunk unseen
        if kind == "trade":
            desk.trade("100.3", "9", "BUY")
        else:
            desk.quote("100.3", "9", "100.4", "9")
        assert [o.status for o in orders] == [OrderStatus.FILLED, OrderStatus.EXPIRED]
        assert desk.leg(LONG) == 0
