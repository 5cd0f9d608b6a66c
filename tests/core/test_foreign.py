"""The user's own orders: what they claim, and how many rest, under late, repeated and contradicting news."""

from __future__ import annotations

from dataclasses import replace
from decimal import Decimal

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from vibe_quant.core import foreign
from vibe_quant.core.foreign import ForeignOrders
from vibe_quant.domain.enums import OrderSide, OrderStatus, OrderType, PositionSide, Source
from vibe_quant.domain.events import OrderUpdate

D = Decimal
LONG, SHORT = PositionSide.LONG, PositionSide.SHORT
NEW, CANCELED = OrderStatus.NEW, OrderStatus.CANCELED
BTC = "BTCUSDT"


def report(
    client_id: str, status: OrderStatus = NEW, ms: int = 100, *, filled: str = "0", recv: int = 0
) -> OrderUpdate:
    return OrderUpdate(
        symbol=BTC,
        client_id=client_id,
        position_side=LONG,
        side=OrderSide.SELL,
        status=status,
        order_type=OrderType.LIMIT,
        qty=D(5),
        price=D(100),
        filled_qty=D(filled),
        exch_ms=ms,
        recv_ms=recv,
        source=Source.STREAM,
    )


def test_closers_of_the_leg_claim_what_they_may_still_fill_and_openers_nothing() -> None:
    orders = ForeignOrders()
    assert orders.count(BTC) == 0
    orders.report(report("web_1", OrderStatus.PARTIALLY_FILLED, filled="2"))
    orders.report(replace(report("web_2"), side=OrderSide.BUY))
    orders.report(replace(report("web_3"), side=OrderSide.BUY, position_side=SHORT))
    assert orders.claimed(BTC, LONG) == 3
    assert orders.claimed(BTC, SHORT) == 5
    assert [order.client_id for order in orders.closers(BTC, LONG)] == ["web_1"]
    assert orders.claimed("ETHUSDT", LONG) == 0
    assert (orders.count(BTC), orders.count("ETHUSDT")) == (3, 0)


def test_an_older_report_loses_and_an_end_is_an_end() -> None:
    orders = ForeignOrders()
    orders.report(report("web_1", OrderStatus.PARTIALLY_FILLED, 105, filled="2"))
    orders.report(report("web_1", NEW, 104))
    assert orders.claimed(BTC, LONG) == 3
    orders.report(report("web_1", CANCELED, 106))
    orders.report(report("web_1", OrderStatus.PARTIALLY_FILLED, 105, filled="2"))
    assert orders.count(BTC) == 0
    orders.report(report("web_1", NEW, 107))  # the user may use an id again
    assert orders.claimed(BTC, LONG) == 5


def test_a_list_replaces_what_was_known_of_its_symbol() -> None:
    orders = ForeignOrders()
    orders.report(report("web_1"))
    orders.report(replace(report("web_1"), symbol="ETHUSDT"))
    orders.listed(BTC, (report("web_2"),))
    assert [order.client_id for order in orders.closers(BTC, LONG)] == ["web_2"]
    assert orders.count("ETHUSDT") == 1
    orders.listed(BTC, ())
    assert orders.count(BTC) == 0


def test_an_order_heard_of_after_the_list_was_asked_for_outlives_it() -> None:
    orders = ForeignOrders()
    orders.report(report("web_1", recv=49))
    orders.report(report("web_2", OrderStatus.PARTIALLY_FILLED, 105, filled="4", recv=50))
    orders.listed(BTC, (report("web_2", NEW, 104),), request_ms=50)
    assert orders.count(BTC) == 1
    assert orders.claimed(BTC, LONG) == 1


def test_a_list_does_not_revive_what_the_stream_has_ended() -> None:
    orders = ForeignOrders()
    orders.report(report("web_1"))
    orders.report(report("web_1", CANCELED, 105))
    orders.listed(BTC, (report("web_1", NEW, 100),), request_ms=50)
    assert orders.count(BTC) == 0


@pytest.mark.parametrize("client_id", ["autoclose-17", "adl_autoclose", "settlement_autoclose-3"])
def test_orders_of_the_exchange_itself_never_rest(client_id: str) -> None:
    orders = ForeignOrders()
    orders.report(report(client_id))
    orders.listed(BTC, (report(client_id),))
    assert orders.count(BTC) == 0


def test_only_so_many_ends_are_remembered(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(foreign, "KEPT", 1)
    orders = ForeignOrders()
    for client_id in ("web_1", "web_2"):
        orders.report(report(client_id, CANCELED, 105))
        orders.report(report(client_id, NEW, 104))
        assert orders.count(BTC) == 0
    orders.report(report("web_1", NEW, 104))
    assert orders.count(BTC) == 1


@settings(deadline=None)
@given(
    st.lists(
        st.tuples(st.sampled_from("ab"), st.integers(100, 110), st.booleans()),
        unique_by=lambda told: told[:2],
        max_size=12,
    )
)
def test_what_rests_is_what_the_newest_report_of_each_order_says(told: list[tuple[str, int, bool]]) -> None:
    orders = ForeignOrders()
    for client_id, ms, ends in told:
        ended = any(each_id == client_id and earlier < ms and over for each_id, earlier, over in told)
        if not ended:  # an id lives once
            orders.report(report(client_id, CANCELED if ends else NEW, ms))
    over = {client_id for client_id, _, ends in told if ends}
    living = {client_id for client_id, _, _ in told} - over
    assert {order.client_id for order in orders.closers(BTC, LONG)} == living
    assert orders.claimed(BTC, LONG) == 5 * len(living)
