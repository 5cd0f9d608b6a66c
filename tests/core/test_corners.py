"""Wishes of strategies that the shipped scenarios do not meet, and prices that are not known."""

from __future__ import annotations

from dataclasses import replace
from decimal import Decimal

import pytest
from tests.core.scenario import BTC, LONG, RULES, Scenario, listed, only, orders, started, symbol

from vibe_quant.core import side as side_module
from vibe_quant.core.account import Leg
from vibe_quant.core.market import MarketView
from vibe_quant.core.order_plan import NoPlan
from vibe_quant.core.strategies.orderbook_price import OrderbookPrice
from vibe_quant.core.strategies.port import Needs
from vibe_quant.core.urgent import gone_through, urgent_plan
from vibe_quant.domain import events as ev
from vibe_quant.domain import intents as do
from vibe_quant.domain.blocked import Blocked
from vibe_quant.domain.enums import ExecutionMode, OrderType, SignalReason, TimeInForce
from vibe_quant.domain.strategy_settings import StrategyName, StrategySettings

D = Decimal


class OnCandles(OrderbookPrice):
    """The first strategy, if it wanted candles of five minutes."""

    @property
    def needs(self) -> Needs:
        return Needs(candles_min=(5,))


def test_candles_that_a_strategy_wants_are_kept_from_when_it_is_chosen(monkeypatch: pytest.MonkeyPatch) -> None:
    desk = started()
    assert desk.engine.desks[BTC].view.candles == {}
    monkeypatch.setattr(side_module, "build", lambda name, settings, side, random: OnCandles(side))
    other = replace(symbol(), strategy=StrategySettings(names=(StrategyName.PATIENT,)))
    desk.feed(ev.Reload(desk.now, listed(BTC=other)))
    assert list(desk.engine.desks[BTC].view.candles) == [5]


def test_a_leg_in_panic_has_some_price_or_waits() -> None:
    leg = Leg(BTC, LONG, known=True, qty=D(1), row=D(1))
    plan = urgent_plan(gone_through(D(1), 400), leg, MarketView(BTC, 1500), RULES, D(1))
    assert plan == NoPlan(Blocked.NO_PRICE)


def test_post_only_refusals_of_a_strategy_that_fixes_its_mode_cost_a_tick_and_nothing_else() -> None:
    made = replace(symbol(), strategy=StrategySettings(names=(StrategyName.PATIENT,)))
    desk = Scenario(listed(BTC=made))
    desk.start("1")
    desk.passes(1200, quoting=True)
    prices = []
    for _ in range(4):
        [own] = desk.engine.house.orders.live(BTC, LONG)
        prices.append((own.price, own.mode))
        sent = do.OrderIntent(
            BTC, LONG, own.client_id, OrderType.LIMIT, own.qty, own.price, TimeInForce.GTX,
            ExecutionMode.MAKER_ONLY, SignalReason.PATIENT, own.timestamp_ms,
        )  # fmt: skip
        assert sent.reduce_only is True
        assert orders(desk.refused(sent, -5022) + desk.passes(220)) == []  # it waits for a newer quote
        only(desk.quote())
    maker = ExecutionMode.MAKER_ONLY
    touch = D("100.4")
    assert prices == [(touch, maker), (touch, maker), (touch + RULES.tick, maker), (touch + RULES.tick, maker)]
