# mypy: disable-error-code="comparison-overlap,unreachable"
"""A leg can only shrink by its closers: over-close rules, knock-outs, amendments, what happens from outside."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

import pytest

from vibe_quant.domain.enums import OrderSide, OrderStatus, PositionSide, TimeInForce
from vibe_quant.sim.records import AccountEvent, OrderEvent
from vibe_quant.sim.switches import Switches

D = Decimal
LONG, SHORT = PositionSide.LONG, PositionSide.SHORT
SYMBOL = "BTC/USDT:USDT"


def with_leg(new_desk: Any, switches: Switches | None = None, qty: str = "1") -> Any:
    desk = new_desk(switches)
    desk.seed(LONG, qty)
    desk.quote("99.9", "5", "100.1", "5")
    desk.mark("100")
    return desk


def test_a_flat_leg_refuses_closers(new_desk: Any) -> None:
    desk = with_leg(new_desk)
    assert desk.refused(SHORT, "0.5", "99.9") == -2022
    clipping = with_leg(new_desk, Switches(over_close_refused=False, closers_sum_refused=False))
    assert clipping.refused(SHORT, "0.5", "99.9") == -2022


def test_an_order_above_its_leg_is_refused_or_clipped(new_desk: Any) -> None:
    assert with_leg(new_desk).refused(LONG, "1.001", "100.1") == -2022
    clipped = with_leg(new_desk, Switches(over_close_refused=False)).place(LONG, "3", "100.1")
    assert clipped.qty == 1


def test_resting_closers_claim_the_leg(new_desk: Any) -> None:
    desk = with_leg(new_desk)
    first = desk.place(LONG, "0.7", "100.1")
    assert desk.refused(LONG, "0.301", "100.2") == -2022
    assert desk.refused(LONG, "0.301") == -2022
    desk.place(LONG, "0.3", "100.2")
    desk.x.cancel(SYMBOL, first.client_id, desk.now)
    desk.place(LONG, "0.7", "100.2")


def test_openers_claim_nothing(new_desk: Any) -> None:
    desk = with_leg(new_desk)
    opener = desk.place(LONG, "1", "99", opens=True)
    closer = desk.place(LONG, "1", "100.1")
    assert opener.status is closer.status is OrderStatus.NEW
    desk.trade("98.9", "1", "SELL")
    assert desk.leg(LONG) == 2
    assert desk.x.account.leg(SYMBOL, LONG).entry == D("99.5")


def test_without_the_sum_rule_the_worst_priced_excess_is_knocked_out(new_desk: Any) -> None:
    desk = with_leg(new_desk, Switches(closers_sum_refused=False))
    near = desk.place(LONG, "0.7", "100.1")
    desk.place(LONG, "0.7", "100.0")
    assert near.status is OrderStatus.EXPIRED
    assert near.expiry_reason == 4


def test_a_market_close_knocks_resting_closers_out_by_switch(new_desk: Any) -> None:
    desk = with_leg(new_desk, Switches(market_close_counts_closers=False))
    far = desk.place(LONG, "0.3", "102")
    near = desk.place(LONG, "0.6", "101")
    desk.words()
    desk.place(LONG, "0.2")
    assert far.status is OrderStatus.EXPIRED
    assert near.status is OrderStatus.NEW
    assert desk.words() == ["NEW/NEW", "ACCOUNT ORDER", "TRADE/FILLED", "EXPIRED/EXPIRED er=4"]


def test_a_manual_close_knocks_out_and_never_flips(new_desk: Any) -> None:
    desk = with_leg(new_desk)
    order = desk.place(LONG, "0.6", "101")
    desk.x.forced.external_trade(SYMBOL, LONG, OrderSide.SELL, D("0.5"), desk.now)
    assert order.status is OrderStatus.EXPIRED
    assert order.expiry_reason == 4
    assert desk.leg(LONG) == D("0.5")


def test_as_many_closers_go_as_must(new_desk: Any) -> None:
    desk = with_leg(new_desk)
    orders = [desk.place(LONG, "0.3", price) for price in ("101", "103", "102")]
    desk.x.forced.external_trade(SYMBOL, LONG, OrderSide.SELL, D("0.7"), desk.now)
    assert [o.status for o in orders] == [OrderStatus.NEW, OrderStatus.EXPIRED, OrderStatus.EXPIRED]


def test_realized_pnl_accumulates_in_the_position_row(new_desk: Any) -> None:
    desk = with_leg(new_desk)
    for _ in range(2):
        desk.x.forced.external_trade(SYMBOL, LONG, OrderSide.SELL, D("0.1"), desk.now, price=D(110))
    rows = [e.positions[0] for e in desk.events() if isinstance(e, AccountEvent)]
    assert [(row.realized_pnl, row.amount, row.unrealized_pnl) for row in rows] == [(1, D("0.9"), 0), (2, D("0.8"), 0)]


def test_a_closer_left_standing_is_clipped_at_its_fill(new_desk: Any) -> None:
    desk = with_leg(new_desk, Switches(knock_out_closers=False))
    order = desk.place(LONG, "1", "101")
    desk.x.forced.external_trade(SYMBOL, LONG, OrderSide.SELL, D("0.6"), desk.now)
    assert order.status is OrderStatus.NEW
    desk.trade("101.1", "9", "BUY")
    assert (order.filled_qty, desk.leg(LONG)) == (D("0.4"), 0)
    desk.trade("101.1", "9", "BUY")
    assert order.status is OrderStatus.EXPIRED
    assert order.expiry_reason == 4


def test_external_trades_enlarge_close_and_refuse(new_desk: Any) -> None:
    desk = with_leg(new_desk)
    desk.x.forced.external_trade(SYMBOL, LONG, OrderSide.BUY, D(1), desk.now, price=D(110))
    assert (desk.leg(LONG), desk.x.account.leg(SYMBOL, LONG).entry) == (2, 105)
    close = lambda: desk.x.forced.external_trade(SYMBOL, LONG, OrderSide.SELL, D(3), desk.now)  # noqa: E731
    assert desk.code(close) == -2022
    bare = new_desk()
    bare.seed(LONG, "1")
    sell = lambda: bare.x.forced.external_trade(SYMBOL, LONG, OrderSide.SELL, D(1), bare.now)  # noqa: E731
    assert bare.code(sell) == -1112


def test_adl_is_told_as_the_exchange_tells_it(new_desk: Any) -> None:
    desk = with_leg(new_desk)
    desk.events()
    desk.x.forced.adl(SYMBOL, LONG, D("0.4"), D(101), desk.now)
    orders = [e for e in desk.events() if isinstance(e, OrderEvent)]
    assert [(e.exec_type, e.order.status, e.order.client_id) for e in orders] == [
        ("NEW", "NEW", "adl_autoclose"),
        ("CALCULATED", "NEW", "adl_autoclose"),
    ]
    assert desk.leg(LONG) == D("0.6")


def test_money_of_a_recorded_close(new_desk: Any) -> None:
    """Figures of a mainnet close of 0.002 BTC at 90853.20 entered at 91739.90 (taker 0.05 %)."""
    desk = new_desk(wallet="642.76097079")
    desk.seed(LONG, "0.002", "91739.9")
    desk.quote("90853.2", "1", "90853.3", "1")
    desk.mark("90853.2")
    desk.place(LONG, "0.002")
    (trade,) = [e for e in desk.events() if isinstance(e, OrderEvent) and e.last_qty]
    assert (trade.realized_pnl, trade.fee, trade.fee_asset) == (D("-1.7734"), D("0.0908532"), "USDT")
    assert desk.wallet() == D("640.89671759")


def test_funding_moves_the_wallet_by_the_net_notional(desk: Any) -> None:
    desk.x.forced.external_trade(SYMBOL, LONG, OrderSide.BUY, D(1), desk.now, price=D(100))
    before = desk.wallet()
    desk.events()
    desk.x.forced.funding(SYMBOL, D("0.001"), desk.now)
    assert desk.wallet() - before == D("-0.1")  # 2 LONG pay 0.2, 1 SHORT receives 0.1
    (event,) = desk.events()
    assert isinstance(event, AccountEvent)
    assert (event.reason, event.positions, event.symbol) == ("FUNDING_FEE", (), SYMBOL)
    assert event.balances[0].change == D("-0.1")


def test_isolated_margin_moves_with_its_leg(new_desk: Any) -> None:
    desk = new_desk(wallet="1000")
    desk.x.set_leverage(SYMBOL, 10, desk.now)
    desk.x.seed_position(SYMBOL, LONG, D(2), D(100), isolated_wallet=D(20))
    desk.quote("100", "5", "100.1", "5")
    desk.mark("100")
    account = desk.x.account
    assert account.cross_wallet("USDT") == 980
    desk.x.forced.external_trade(SYMBOL, LONG, OrderSide.BUY, D(1), desk.now, price=D(100))
    assert account.leg(SYMBOL, LONG).isolated_wallet == D("29.95")
    desk.place(LONG, "1")
    assert account.leg(SYMBOL, LONG).isolated_wallet == D("19.96666667")
    desk.events()
    desk.x.forced.funding(SYMBOL, D("0.01"), desk.now)
    assert account.leg(SYMBOL, LONG).isolated_wallet == D("17.96666667")
    (event,) = desk.events()
    assert isinstance(event, AccountEvent)
    assert event.positions[0].isolated_wallet == D("17.96666667")
    desk.place(LONG, "2")
    assert account.cross_wallet("USDT") == desk.wallet()


def test_transfers_are_told(desk: Any) -> None:
    desk.words()
    desk.x.forced.transfer("USDT", D(5), desk.now)
    desk.x.forced.transfer("USDT", D(-7), desk.now)
    assert desk.words() == ["ACCOUNT DEPOSIT", "ACCOUNT WITHDRAW"]
    assert desk.wallet() == 99_998


def test_an_amendment_loses_the_queue(desk: Any) -> None:
    order = desk.place(LONG, "0.5", "100.1")
    desk.trade("100.1", "5", "BUY")
    assert order.ahead == 0
    desk.quote("99.9", "5", "100.1", "4")
    desk.words()
    desk.amend(order, "1", "100.1")  # the whole leg: what it claims itself is not in its way
    assert (order.ahead, order.amendments) == (4, 1)
    assert desk.words() == ["AMENDMENT/NEW"]


def test_an_amendment_may_take(desk: Any) -> None:
    order = desk.place(LONG, "0.5", "100.1")
    desk.words()
    desk.amend(order, "0.5", "99.9")
    assert desk.words() == ["AMENDMENT/NEW", "ACCOUNT ORDER", "TRADE/FILLED"]


def test_the_documented_cancels_of_an_amendment(desk: Any) -> None:
    post_only = desk.place(LONG, "0.5", "100", tif=TimeInForce.GTX)
    assert desk.amend(post_only, "0.5", "99.9").status is OrderStatus.CANCELED
    order = desk.place(LONG, "0.5", "100")
    desk.trade("100", "0.3", "BUY")
    assert desk.amend(order, "0.3", "100").status is OrderStatus.CANCELED


def test_a_post_only_amendment_against_our_own_order_cancels(desk: Any) -> None:
    desk.place(SHORT, "0.5", "100")
    order = desk.place(LONG, "0.5", "100.1", tif=TimeInForce.GTX)
    assert desk.amend(order, "0.5", "100").status is OrderStatus.CANCELED


@pytest.mark.parametrize(
    ("qty", "price", "code"),
    [
        ("0.5", "100.1", -5027),
        ("0.5", "100.15", -4014),
        ("0.5005", "100.2", -4023),
        ("0.04", "100.2", -5029),
        ("1.1", "100.1", -2022),
        ("0.5", "94.9", -4024),
    ],
)
def test_a_refused_amendment_changes_nothing(desk: Any, qty: str, price: str, code: int) -> None:
    order = desk.place(LONG, "0.5", "100.1")
    desk.trade("100.1", "1", "BUY")
    desk.words()
    assert desk.code(lambda: desk.amend(order, qty, price)) == code
    assert (order.qty, order.price, order.ahead, desk.words()) == (D("0.5"), D("100.1"), 4, [])


def test_amendments_that_cannot_be(desk: Any, new_desk: Any) -> None:
    order = desk.place(LONG, "0.5", "100.1")
    assert desk.code(lambda: desk.amend(order, "0.5", "100.2", desk.now - 6000)) == -1021
    order.amendments = 10_000
    assert desk.code(lambda: desk.amend(order, "0.5", "100.2")) == -5026
    desk.x.venue.markets[SYMBOL].rules = new_desk(rules=halted(desk)).x.venue.markets[SYMBOL].rules
    assert desk.code(lambda: desk.amend(order, "0.5", "100.2")) == -5024
    desk.x.cancel(SYMBOL, order.client_id, desk.now)
    assert desk.code(lambda: desk.amend(order, "0.5", "100.2")) == -2013
    walking = with_leg(new_desk, Switches(market_walks_on=True), "9")
    market = walking.place(LONG, "9")
    assert walking.code(lambda: walking.amend(market, "8", "100.2")) == -5025


def halted(desk: Any) -> Any:
    from dataclasses import replace

    return replace(desk.x.venue.markets[SYMBOL].rules, status="TRADING_HALT")


def test_countdown_cancels_the_symbol(desk: Any) -> None:
    order = desk.place(LONG, "0.5", "100.1")
    desk.stop(LONG, "90")
    desk.words()
    desk.x.countdowns.arm(SYMBOL, 1000, desk.now)
    desk.wait(900)
    desk.x.countdowns.arm(SYMBOL, 1000, desk.now)
    desk.wait(999)
    assert order.status is OrderStatus.NEW
    desk.wait(1)
    assert desk.words() == ["CANCELED/CANCELED", "ALGO CANCELED"]


def test_countdown_stopped_and_countdown_that_spares_algos(new_desk: Any) -> None:
    desk = with_leg(new_desk, Switches(countdown_cancels_algos=False))
    desk.place(LONG, "0.5", "100.1")
    desk.stop(LONG, "90")
    desk.words()
    desk.x.countdowns.arm(SYMBOL, 1000, desk.now)
    desk.x.countdowns.arm(SYMBOL, 0, desk.now)
    desk.wait(5000)
    assert desk.words() == []
    desk.x.countdowns.arm(SYMBOL, 1000, desk.now)
    desk.wait(1000)
    assert desk.words() == ["CANCELED/CANCELED"]
