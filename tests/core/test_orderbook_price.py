"""The four conditions, on the state as it is."""

from decimal import Decimal

import pytest

from vibe_quant.core.market import MarketView
from vibe_quant.core.strategies.orderbook_price import OrderbookPrice
from vibe_quant.core.strategies.port import Needs, OrderEnd, StrategyContext, Urgency, Vote, Wish, WorkingOrder
from vibe_quant.domain.enums import ExecutionMode, PositionSide, SignalReason
from vibe_quant.domain.rules import SymbolRules
from vibe_quant.domain.strategy_settings import StrategyName

D = Decimal
LONG, SHORT = PositionSide.LONG, PositionSide.SHORT
RULES = SymbolRules("BTCUSDT", D("0.1"), D("0.001"), D("0.001"), D(1000), D(5), D(120))


def vote(side: PositionSide, touch: int | None, last: int | None, prev: int | None) -> Vote:
    market = MarketView("BTCUSDT", 1500)
    market.bid = market.ask = None if touch is None else D(touch)
    market.last = None if last is None else D(last)
    market.prev = None if prev is None else D(prev)
    return OrderbookPrice(side).vote(StrategyContext(side, market, RULES, D(1), D(1), 0), 0)


@pytest.mark.parametrize(
    ("touch", "last", "prev", "reason"),
    [
        (101, 101, 100, SignalReason.LONG_PRIMARY),
        (102, 101, 100, SignalReason.LONG_PRIMARY),
        (100, 101, 100, None),
        (101, 100, 100, SignalReason.LONG_BID_IMPROVE),
        (102, 100, 101, SignalReason.LONG_BID_IMPROVE),
        (101, 100, 101, None),
        (100, 100, 100, None),
        (99, 100, 98, None),
    ],
)
def test_long_sells_into_a_rising_bid(touch: int, last: int, prev: int, reason: SignalReason | None) -> None:
    got = vote(LONG, touch, last, prev)
    assert (got.reason if got.wish is Wish.EXIT else None) == reason


@pytest.mark.parametrize(
    ("touch", "last", "prev", "reason"),
    [
        (99, 99, 100, SignalReason.SHORT_PRIMARY),
        (98, 99, 100, SignalReason.SHORT_PRIMARY),
        (100, 99, 100, None),
        (99, 100, 100, SignalReason.SHORT_ASK_IMPROVE),
        (98, 100, 99, SignalReason.SHORT_ASK_IMPROVE),
        (99, 100, 99, None),
        (100, 100, 100, None),
        (101, 100, 102, None),
    ],
)
def test_short_buys_into_a_falling_ask(touch: int, last: int, prev: int, reason: SignalReason | None) -> None:
    got = vote(SHORT, touch, last, prev)
    assert (got.reason if got.wish is Wish.EXIT else None) == reason


@pytest.mark.parametrize("known", [(None, 101, 100), (101, None, 100), (101, 101, None)])
@pytest.mark.parametrize("side", [LONG, SHORT])
def test_without_book_or_two_trades_it_holds(side: PositionSide, known: tuple[int | None, ...]) -> None:
    assert vote(side, *known).wish is Wish.HOLD


def test_primary_goes_by_the_rotation_and_improve_takes() -> None:
    assert vote(LONG, 101, 101, 100).urgency is Urgency.ROTATION
    assert vote(LONG, 101, 100, 100).urgency is Urgency.AGGRESSIVE
    assert vote(SHORT, 99, 99, 100).urgency is Urgency.ROTATION
    assert vote(SHORT, 99, 100, 100).urgency is Urgency.AGGRESSIVE


def test_each_side_reads_its_own_touch() -> None:
    market = MarketView("BTCUSDT", 1500)
    market.bid, market.ask, market.last, market.prev = D(101), D(102), D(101), D(100)
    assert OrderbookPrice(LONG).vote(StrategyContext(LONG, market, RULES, D(1), D(1), 0), 0).wish is Wish.EXIT
    market.bid, market.ask, market.last, market.prev = D(98), D(99), D(99), D(100)
    assert OrderbookPrice(SHORT).vote(StrategyContext(SHORT, market, RULES, D(1), D(1), 0), 0).wish is Wish.EXIT


def test_it_remembers_nothing_and_waits_for_nothing() -> None:
    strategy = OrderbookPrice(LONG)
    context = StrategyContext(LONG, MarketView("BTCUSDT", 1500), RULES, D(1), D(1), 0)
    order = WorkingOrder(D(1), D(1), D(0), 0, ExecutionMode.MAKER_ONLY, SignalReason.LONG_PRIMARY)
    assert strategy.name is StrategyName.ORDERBOOK_PRICE
    assert strategy.needs == Needs()
    strategy.acted(strategy.vote(context, 0), 0)
    strategy.ended(SignalReason.LONG_PRIMARY, OrderEnd.FILLED, 0)
    assert strategy.keep(context, order, 10**9) is None
    assert strategy.deadline(0) is None
