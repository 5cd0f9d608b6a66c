from __future__ import annotations

from dataclasses import replace
from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from vibe_quant.domain.account import Position
from vibe_quant.domain.enums import (
    ExecutionMode,
    OrderSide,
    OrderStatus,
    OrderType,
    PositionSide,
    RequestKind,
    SignalReason,
    Source,
    TimeInForce,
)
from vibe_quant.domain.events import AccountSnapshot, Event, OrderUpdate, PositionUpdate, Quote, Refused, Timer
from vibe_quant.domain.intents import CancelOrder, Intent, OrderIntent, PlaceStop
from vibe_quant.lab.cost import CostMeter

D = Decimal

SYMBOL = "BTC/USDT:USDT"
LONG, SHORT = PositionSide.LONG, PositionSide.SHORT


def quote(mid: str, half: str = "0.5") -> Quote:
    return Quote(SYMBOL, 0, 0, D(mid) - D(half), D(1), D(mid) + D(half), D(1))


def snapshot(qty: str, side: PositionSide = LONG, exch_ms: int = 0, symbol: str = SYMBOL) -> AccountSnapshot:
    return AccountSnapshot(symbol, (Position(symbol, side, D(qty), D(100), exch_ms),), None, None, None, 0, 0, exch_ms)


def position(qty: str, exch_ms: int, side: PositionSide = LONG) -> PositionUpdate:
    return PositionUpdate(SYMBOL, side, D(qty), D(100), exch_ms, exch_ms)


def fill(qty: str, price: str, *, trade: int, side: PositionSide = LONG, **other: object) -> OrderUpdate:
    fields: dict[str, object] = {
        "client_id": "vq-a-1",
        "fee": D(0),
        "fee_asset": "USDT",
        "is_maker": True,
        "order_type": OrderType.LIMIT,
        **other,
    }
    return OrderUpdate(
        symbol=SYMBOL,
        position_side=side,
        side=side.exit_side,
        status=OrderStatus.PARTIALLY_FILLED,
        qty=D(9),
        price=D(price),
        filled_qty=D(qty),
        exch_ms=0,
        recv_ms=0,
        source=Source.STREAM,
        last_qty=D(qty),
        last_price=D(price),
        trade_id=trade,
        **fields,  # type: ignore[arg-type]
    )


def order(client_id: str = "vq-a-1", reason: SignalReason = SignalReason.PATIENT, side: PositionSide = LONG) -> Intent:
    return OrderIntent(
        symbol=SYMBOL,
        position_side=side,
        client_id=client_id,
        order_type=OrderType.LIMIT,
        qty=D(1),
        price=D(100),
        time_in_force=TimeInForce.GTX,
        mode=ExecutionMode.MAKER_ONLY,
        reason=reason,
        timestamp_ms=0,
    )


def meter_of(side: PositionSide, *steps: tuple[int, Event, list[Intent], Quote | None]) -> CostMeter:
    meter = CostMeter(SYMBOL, side, "USDT")
    for step in steps:
        meter.see(*step)
    return meter


def test_long_that_sells_below_arrival_pays_slippage_and_fees() -> None:
    meter = meter_of(
        LONG,
        (1000, snapshot("2"), [order()], quote("100")),
        (2000, fill("0.5", "99", trade=1, fee=D("0.00990")), [], None),
        (3000, fill("1.5", "99", trade=2, fee=D("0.07425"), is_maker=False), [], None),
        (3001, position("0", 3000), [], None),
    )
    cost = meter.cost(9000)
    assert (cost.qty, cost.filled_qty, cost.left_qty) == (D(2), D(2), D(0))
    assert (cost.arrival_mid, cost.avg_price) == (D(100), D(99))
    assert cost.slippage_bps == D(100)
    assert cost.fee_bps == D("0.08415") / D(198) * 10_000
    assert cost.all_in_bps == D("104.25")
    assert cost.maker_share == D("0.25")
    assert (cost.began_ms, cost.flat_ms, cost.duration_ms) == (1000, 3001, 2001)
    assert meter.flat


def test_short_that_buys_below_arrival_gains() -> None:
    cost = meter_of(
        SHORT,
        (0, snapshot("1", SHORT), [order(side=SHORT)], quote("100")),
        (1, fill("1", "99", trade=1, side=SHORT, fee=D("0.0198")), [], None),
    ).cost(10)
    assert cost.slippage_bps == D(-100)
    assert cost.all_in_bps == D(-98)


def test_arrival_waits_for_the_first_quote_after_the_position_is_known() -> None:
    meter = meter_of(LONG, (10, snapshot("1"), [], None))
    assert meter.cost(20).arrival_mid is None
    meter.see(30, quote("104"), [], quote("104"))
    meter.see(40, quote("90"), [], quote("90"))
    cost = meter.cost(50)
    assert (cost.arrival_mid, cost.began_ms, cost.duration_ms) == (D(104), 30, 20)


def test_enlargement_weighs_arrival_by_quantity() -> None:
    cost = meter_of(
        LONG,
        (0, snapshot("3"), [order()], quote("100")),
        (1, fill("1", "100", trade=1), [], quote("100")),
        (1, position("2", 1), [], quote("100")),
        (2, position("3", 2), [], quote("104")),
    ).cost(5)
    assert cost.qty == D(4)
    assert cost.arrival_mid == D(101)
    assert cost.left_qty == D(3)


def test_older_news_of_the_position_is_no_enlargement() -> None:
    cost = meter_of(
        LONG,
        (0, snapshot("3", exch_ms=5), [], quote("100")),
        (1, position("1", 9), [], quote("100")),
        (2, snapshot("3", exch_ms=5), [], quote("100")),
    ).cost(5)
    assert (cost.qty, cost.left_qty) == (D(3), D(1))


def test_flat_is_undone_by_a_new_position() -> None:
    meter = meter_of(
        LONG,
        (0, snapshot("1"), [], quote("100")),
        (1, position("0", 1), [], quote("100")),
    )
    assert meter.flat
    meter.see(2, position("2", 2), [], quote("100"))
    assert not meter.flat


def test_a_leg_that_was_never_there_is_not_flat_and_costs_nothing() -> None:
    meter = meter_of(LONG, (0, position("0", 0), [], quote("100")), (0, Timer(0), [], quote("100")))
    cost = meter.cost(9)
    assert not meter.flat
    assert (cost.qty, cost.duration_ms) == (D(0), 0)
    assert (cost.avg_price, cost.slippage_bps, cost.fee_bps, cost.all_in_bps, cost.maker_share) == (None,) * 5


def test_other_legs_symbols_and_repeated_trades_are_left_out() -> None:
    other = "ETH/USDT:USDT"
    cost = meter_of(
        LONG,
        (0, snapshot("9", SHORT), [], quote("100")),
        (0, snapshot("9", symbol=other), [], quote("100")),
        (0, position("9", 1, SHORT), [], quote("100")),
        (0, snapshot("1"), [order()], quote("100")),
        (1, fill("0.4", "99", trade=1), [], None),
        (2, fill("0.4", "99", trade=1), [], None),
        (3, fill("0.4", "99", trade=2, side=SHORT), [], None),
        (4, fill("0", "99", trade=3), [], None),
        (5, Refused(RequestKind.SUBMIT, other, "x", -5022, 0, 0), [], None),
    ).cost(9)
    assert (cost.qty, cost.filled_qty, cost.rejects) == (D(1), D("0.4"), ())


def test_an_order_that_enlarges_the_leg_is_no_exit() -> None:
    opening = fill("1", "99", trade=1)
    buy = replace(opening, side=OrderSide.BUY)
    assert meter_of(LONG, (0, snapshot("1"), [], quote("100")), (1, buy, [], None)).cost(2).filled_qty == 0


def test_fees_in_another_asset_stand_apart() -> None:
    cost = meter_of(
        LONG,
        (0, snapshot("1"), [order()], quote("100")),
        (1, fill("0.5", "100", trade=1, fee=D("0.001"), fee_asset="BNB"), [], None),
        (2, fill("0.5", "100", trade=2, fee=D("0.01")), [], None),
    ).cost(9)
    assert cost.other_fees == (("BNB", D("0.001")),)
    assert cost.fee_bps == D(1)


def test_who_closed_is_told_apart() -> None:
    stop = PlaceStop(SYMBOL, LONG, "vq-ps-1", D(90), None, "guard")
    bridge = PlaceStop(SYMBOL, LONG, "vq-ps-2", D(90), D(1), "bridge")
    cost = meter_of(
        LONG,
        (0, snapshot("6"), [order(), stop, bridge], quote("100")),
        (1, fill("1", "100", trade=1), [], None),
        (2, fill("2", "100", trade=2, client_id="vq-ps-1"), [], None),
        (3, fill("3", "100", trade=3, client_id="autoclose-1", order_type=OrderType.LIQUIDATION), [], None),
    ).cost(9)
    assert (cost.filled_qty, cost.stop_qty, cost.forced_qty) == (D(6), D(2), D(3))
    assert cost.stop_updates == 1


def test_counts_of_what_was_sent_and_refused() -> None:
    intents = [
        order("vq-a-1"),
        order("vq-a-2", SignalReason.PANIC),
        CancelOrder(SYMBOL, "vq-a-1", "ttl"),
        CancelOrder(SYMBOL, "vq-z-9", "left over"),
        order("vq-a-3", side=SHORT),
    ]
    refusals = [Refused(RequestKind.SUBMIT, SYMBOL, "x", code, 0, 0) for code in (-5022, -5022, -2011)]
    cost = meter_of(
        LONG, (0, snapshot("1"), intents, quote("100")), *((1, refusal, [], None) for refusal in refusals)
    ).cost(1)
    assert (cost.orders, cost.cancels, cost.panic_slices) == (2, 1, 1)
    assert cost.rejects == ((-2011, 1), (-5022, 2))


prices = st.integers(min_value=1, max_value=10**6).map(lambda n: D(n) / 100)
fills = st.lists(st.tuples(prices, st.integers(min_value=1, max_value=10**4).map(lambda n: D(n) / 1000)), min_size=1)


@pytest.mark.parametrize("side", PositionSide)
@given(mid=prices, done=fills)
def test_law_slippage_is_what_the_wallet_lost_against_arrival(
    side: PositionSide, mid: D, done: list[tuple[D, D]]
) -> None:
    total = sum(qty for _, qty in done)
    meter = meter_of(side, (0, snapshot(str(total), side), [order(side=side)], quote(str(mid), "0")))
    for trade, (price, qty) in enumerate(done):
        meter.see(1, fill(str(qty), str(price), trade=trade, side=side), [], None)
    cost = meter.cost(2)
    sign = 1 if side is LONG else -1
    lost = sum(sign * (mid - price) * qty for price, qty in done)
    assert cost.slippage_bps is not None
    assert abs(cost.slippage_bps / 10_000 * mid * total - lost) < D("1e-15")
    assert cost.filled_qty == total
