from __future__ import annotations

from decimal import Decimal

import pytest
from tests.sim.order_desk import NOW, OrderDesk

from vibe_quant.domain.enums import PositionSide
from vibe_quant.sim.front.orders.history import History

D = Decimal


@pytest.fixture
def desk() -> OrderDesk:
    return OrderDesk()


def earned(desk: OrderDesk) -> list[tuple[str, str, Decimal]]:
    desk.events()
    return [(record.type, record.symbol, record.amount) for record in desk.history.income]


def test_a_close_earns_its_pnl_and_pays_its_fee(desk: OrderDesk) -> None:
    desk.quote("60010", "60010.1")
    desk.market(qty="0.5")
    wallet = D(1_000_000)
    assert earned(desk) == [("REALIZED_PNL", "BTCUSDT", D(5)), ("COMMISSION", "BTCUSDT", D("-15.0025"))]
    assert wallet + sum(record.amount for record in desk.history.income) == desk.x.account.wallets["USDT"]
    pnl, fee = desk.history.income
    assert pnl.trade_id == fee.trade_id == desk.history.trades[0].trade_id
    assert fee.tran_id > pnl.tran_id and (fee.asset, fee.exch_ms, fee.info) == ("USDT", NOW, "COMMISSION")


def test_an_opening_earns_nothing(desk: OrderDesk) -> None:
    desk.limit(side="BUY", price="60000.1", qty="0.1")
    assert [kind for kind, _, _ in earned(desk)] == ["COMMISSION"]


def test_transfers_funding_and_the_insurance_fund(desk: OrderDesk) -> None:
    desk.x.forced.transfer("USDT", D(5), NOW)
    desk.x.forced.transfer("USDT", D(-3), NOW)
    desk.x.forced.funding("BTCUSDT", D("0.0001"), NOW)
    desk.x.venue.tell_account("INSURANCE_CLEAR", "USDT", D(9), NOW)
    desk.x.venue.tell_account("MARGIN_TRANSFER", "USDT", D(9), NOW)
    assert earned(desk) == [
        ("TRANSFER", "", D(5)),
        ("TRANSFER", "", D(-3)),
        ("FUNDING_FEE", "BTCUSDT", D(-6)),
        ("INSURANCE_CLEAR", "", D(9)),
    ]
    assert all(record.trade_id == 0 for record in desk.history.income)


def test_only_the_newest_are_kept(desk: OrderDesk) -> None:
    desk.history = History(kept=2)
    for _ in range(3):
        desk.market(qty="0.1")
    desk.events()
    assert [trade.order_id for trade in desk.history.trades] == sorted(desk.x.venue.by_id)[1:]
    assert len(desk.history.income) == 2


def test_every_execution_is_remembered(desk: OrderDesk) -> None:
    desk.x.forced.adl("BTCUSDT", PositionSide.LONG, D(1), D(60_000), NOW)
    desk.events()
    (trade,) = desk.history.trades
    assert (trade.qty, trade.price, trade.position_side, trade.is_maker) == (D(1), D(60_000), PositionSide.LONG, False)
