# mypy: disable-error-code="comparison-overlap,unreachable"
"""What the owner may set, every refusal, and what isolated margin holds."""

from __future__ import annotations

from decimal import Decimal
from functools import partial
from typing import Any

import pytest

from vibe_quant.domain.enums import MarginType, OrderSide, PositionSide
from vibe_quant.sim.records import AccountEvent, LeverageEvent, MultiAssetsEvent, OrderEvent
from vibe_quant.sim.switches import Switches

D = Decimal
LONG, SHORT = PositionSide.LONG, PositionSide.SHORT
SYMBOL, OTHER = "BTC/USDT:USDT", "ETH/USDT:USDT"
ISOLATED, CROSSED = MarginType.ISOLATED, MarginType.CROSSED


def bare(new_desk: Any, switches: Switches | None = None, wallet: str = "1000") -> Any:
    desk = new_desk(switches, wallet=wallet, others=(OTHER,))
    desk.quote("99.9", "5", "100.1", "5")
    desk.mark("100")
    return desk


def test_leverage_is_told_once(new_desk: Any) -> None:
    desk = bare(new_desk)
    for leverage in (10, 10, 125):
        desk.x.settings.set_leverage(SYMBOL, leverage, desk.now)
    assert desk.events() == [LeverageEvent(SYMBOL, 10, desk.now), LeverageEvent(SYMBOL, 125, desk.now)]
    assert desk.x.account.leverage_of(SYMBOL) == 125
    assert desk.x.account.configured_ms == desk.now


@pytest.mark.parametrize("leverage", [0, -1, 126, 10**18])
def test_leverage_beyond_the_brackets(new_desk: Any, leverage: int) -> None:
    desk = bare(new_desk)
    assert desk.code(lambda: desk.x.settings.set_leverage(SYMBOL, leverage, desk.now)) == -4028
    assert desk.x.account.leverage_of(SYMBOL) == 20


def test_leverage_too_high_for_the_position(new_desk: Any) -> None:
    # 60 at 100 are 6000: beyond the first bracket, which alone permits more than 50
    desk = bare(new_desk)
    desk.seed(SHORT, "60")
    desk.x.settings.set_leverage(SYMBOL, 50, desk.now)
    assert desk.code(lambda: desk.x.settings.set_leverage(SYMBOL, 51, desk.now)) == -2027
    assert desk.x.account.leverage_of(SYMBOL) == 50


def test_leverage_too_low_for_the_balance(new_desk: Any) -> None:
    # 10 LONG and 10 SHORT bind 100 each at 10; at 2 they bind 1000, all that there is
    desk = bare(new_desk)
    desk.seed(LONG, "10")
    desk.seed(SHORT, "10")
    desk.x.settings.set_leverage(SYMBOL, 2, desk.now)
    assert desk.code(lambda: desk.x.settings.set_leverage(SYMBOL, 1, desk.now)) == -2028
    desk.x.settings.set_leverage(SYMBOL, 4, desk.now)
    assert desk.x.account.available("USDT") == 500


def test_leverage_counts_what_rests(new_desk: Any) -> None:
    desk = bare(new_desk)
    desk.place(LONG, "10", "99", opens=True)
    desk.x.settings.set_leverage(SYMBOL, 1, desk.now)
    poor = bare(new_desk, wallet="989")
    poor.place(LONG, "10", "99", opens=True)
    assert poor.code(lambda: poor.x.settings.set_leverage(SYMBOL, 1, poor.now)) == -2028


def test_isolated_leverage_does_not_fall_under_a_position(new_desk: Any) -> None:
    desk = bare(new_desk)
    desk.x.seed_position(SYMBOL, LONG, D(1), D(100), isolated_wallet=D(10))
    assert desk.code(lambda: desk.x.settings.set_leverage(SYMBOL, 19, desk.now)) == -4161
    desk.x.settings.set_leverage(SYMBOL, 21, desk.now)
    desk.place(LONG, "1")
    desk.x.settings.set_leverage(SYMBOL, 5, desk.now)
    assert desk.x.account.leverage_of(SYMBOL) == 5


def test_margin_type_and_its_refusals(new_desk: Any) -> None:
    desk = bare(new_desk)

    def change(kind: MarginType, symbol: str = SYMBOL) -> None:
        desk.x.settings.set_margin_type(symbol, kind, desk.now)

    assert desk.code(lambda: change(CROSSED)) == -4046
    change(ISOLATED)
    (event,) = desk.events()
    assert (event.reason, event.balances) == ("MARGIN_TYPE_CHANGE", ())
    assert [(row.side, row.margin_type) for row in event.positions] == [(LONG, ISOLATED), (SHORT, ISOLATED)]
    assert desk.code(lambda: change(ISOLATED)) == -4046
    order = desk.place(LONG, "1", "99", opens=True)
    assert desk.code(lambda: change(CROSSED)) == -4047
    change(ISOLATED, OTHER)
    desk.x.cancel(SYMBOL, order.client_id, desk.now)
    desk.place(LONG, "1", opens=True)
    assert desk.code(lambda: change(CROSSED)) == -4048
    desk.place(LONG, "1")
    change(CROSSED)
    assert desk.x.account.isolated == {OTHER}
    assert desk.code(lambda: change(ISOLATED, "XYZUSDT")) == -1121


def test_conditional_orders_block_the_modes_by_switch(new_desk: Any) -> None:
    for blocks in (True, False):
        desk = bare(new_desk, Switches(algos_block_modes=blocks))
        desk.seed(LONG, "1")
        desk.stop(LONG, "90", "1")
        desk.seed(LONG, "0")
        change = partial(desk.x.settings.set_margin_type, SYMBOL, ISOLATED, desk.now)
        switch = partial(desk.x.settings.set_dual, False, desk.now)
        if blocks:
            assert (desk.code(change), desk.code(switch)) == (-4047, -4067)
        else:
            change()
            switch()


def test_no_isolation_in_multi_assets_mode(new_desk: Any) -> None:
    desk = bare(new_desk)
    desk.x.settings.set_multi_assets(True, desk.now)
    assert desk.events() == [MultiAssetsEvent(True, desk.now)]
    assert desk.code(lambda: desk.x.settings.set_margin_type(SYMBOL, ISOLATED, desk.now)) == -4168


def test_the_position_mode_and_its_refusals(new_desk: Any) -> None:
    desk = bare(new_desk)

    def switch(dual: bool) -> None:
        desk.x.settings.set_dual(dual, desk.now)

    assert desk.code(lambda: switch(True)) == -4059
    order = desk.place(LONG, "1", "99", opens=True)
    assert desk.code(lambda: switch(False)) == -4067
    desk.x.cancel(SYMBOL, order.client_id, desk.now)
    desk.seed(SHORT, "1", symbol=OTHER)
    assert desk.code(lambda: switch(False)) == -4068
    desk.seed(SHORT, "0", symbol=OTHER)
    desk.events()
    switch(False)
    assert desk.events() == []
    assert not desk.x.account.dual
    assert desk.code(lambda: switch(False)) == -4059
    switch(True)
    assert desk.x.account.dual


def test_moving_margin_and_its_refusals(new_desk: Any) -> None:
    desk = bare(new_desk)

    def move(amount: str) -> None:
        desk.x.settings.move_margin(SYMBOL, LONG, D(amount), desk.now)

    assert desk.code(lambda: move("1")) == -4049
    desk.x.account.isolated.add(SYMBOL)
    assert desk.code(lambda: move("1")) == -4054
    desk.x.seed_position(SYMBOL, LONG, D(1), D(100), isolated_wallet=D(10))
    move("20.5")
    (event,) = desk.events()
    assert isinstance(event, AccountEvent)
    assert (event.reason, event.positions[0].isolated_wallet) == ("MARGIN_TRANSFER", D("30.5"))
    assert (event.balances[0].wallet, event.balances[0].cross_wallet, event.balances[0].change) == (1000, D("969.5"), 0)
    assert desk.code(lambda: move("969.6")) == -4050
    assert desk.code(lambda: move("1E+90")) == -4050
    assert desk.code(lambda: move("-1E+90")) == -4051
    assert desk.code(lambda: move("-25.51")) == -4051  # 5 are bound by the position at leverage 20
    desk.mark("99")
    assert desk.code(lambda: move("-24.56")) == -4051  # 30.5 - 1 of loss - 4.95
    move("-24.55")
    assert desk.x.account.leg(SYMBOL, LONG).isolated_wallet == D("5.95")


@pytest.mark.parametrize(
    ("side", "qty", "price", "mark", "rate", "leverage", "expected"),
    [
        # TRXUSDT 2021-06: the open loss at the mark is put in, too, and the fee taken out
        (SHORT, "150", "0.07574", "0.07577341", "0.0004", 1, "11.3614671"),
        # AAPLUSDT 2026-08: 0.31074682 with a mark 0.002621 below the price
        (LONG, "0.02", "313.2", "313.197379", "0.0004", 20, "0.31074682"),
        (LONG, "1", "100", "101", "0.0005", 10, "9.95"),
    ],
)
def test_what_an_isolated_opening_puts_in(
    new_desk: Any, side: Any, qty: str, price: str, mark: str, rate: str, leverage: int, expected: str
) -> None:
    desk = new_desk(wallet="400")
    desk.x.account.taker_fee = D(rate)
    desk.x.account.isolated.add(SYMBOL)
    desk.x.settings.set_leverage(SYMBOL, leverage, desk.now)
    desk.mark(mark)
    opening = OrderSide.BUY if side is LONG else OrderSide.SELL
    desk.x.forced.external_trade(SYMBOL, side, opening, D(qty), desk.now, price=D(price))
    assert desk.x.account.leg(SYMBOL, side).isolated_wallet == D(expected)


def test_one_way_mode_from_outside_leaves_nothing_open(new_desk: Any) -> None:
    desk = bare(new_desk)
    desk.seed(LONG, "2")
    desk.seed(SHORT, "1", "90", OTHER)  # without book and mark: closed at its entry
    resting = desk.place(LONG, "1", "101")
    stop = desk.stop(LONG, "90")
    desk.events()
    desk.x.forced.switch_to_one_way(desk.now)
    events = desk.events()
    assert (str(resting.status), str(stop.status)) == ("CANCELED", "CANCELED")
    assert not any(leg.qty for leg in desk.x.account.legs.values())
    assert not desk.x.open_orders(None)
    assert not desk.x.algos.open
    assert not desk.x.account.dual
    closes = [event for event in events if isinstance(event, OrderEvent) and event.last_qty]
    assert [(e.order.symbol, e.last_qty, e.last_price) for e in closes] == [(SYMBOL, 2, D("99.9")), (OTHER, 1, 90)]
    assert desk.wallet() == D(1000) + sum(e.realized_pnl - e.fee for e in closes)
