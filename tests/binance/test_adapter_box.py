"""The adapter over the real client against the exchange in a box: what it says is what is true there."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace
from decimal import Decimal
from typing import TypeVar

from tests.binance.rest_stage import BTC, RAW, WallClock, boxed, close_order

from vibe_quant.binance.adapter import ExchangeAdapter
from vibe_quant.domain.account import Position
from vibe_quant.domain.enums import OrderStatus, OrderType, PositionSide, SignalReason, StopStatus
from vibe_quant.domain.events import AccountSnapshot, Event, OrderUpdate, RateUsage, StopReport
from vibe_quant.domain.intents import AmendOrder, CancelOrder, CancelStop, OrderIntent, PlaceStop, QueryOrder
from vibe_quant.ports import Accepted, Outcome, Rejected
from vibe_quant.sim import answers
from vibe_quant.sim.catalogue import CATALOGUE, NAMED_IN_CHINESE
from vibe_quant.sim.front.box_options import BoxOptions, MarketSource, Seat
from vibe_quant.sim.server import SimServer
from vibe_quant.sim.switches import Switches

D = Decimal
LONG, SHORT = PositionSide.LONG, PositionSide.SHORT
CHINESE = f"{NAMED_IN_CHINESE.removesuffix('USDT')}/USDT:USDT"
NAMES = {RAW: BTC, NAMED_IN_CHINESE: CHINESE}
OPTIONS = BoxOptions(
    (MarketSource(CATALOGUE[RAW]), MarketSource(CATALOGUE[NAMED_IN_CHINESE])),
    positions=(Seat(RAW, LONG, D(2), D(60_000)), Seat(NAMED_IN_CHINESE, SHORT, D(1000), D("0.1"))),
    switches=replace(Switches(), query_lag_ms=0),
)


T = TypeVar("T")


def told(outcome: Outcome[T]) -> T:
    assert isinstance(outcome, Accepted), outcome
    return outcome.value


def code(outcome: Outcome[OrderUpdate]) -> int:
    assert isinstance(outcome, Rejected), outcome
    return outcome.code


async def price(adapter: ExchangeAdapter, symbol: str, ratio: str, tick: str = "0.1") -> Decimal:
    mark = told(await adapter.mark(symbol)).price
    return (mark * D(ratio)).quantize(D(tick))


async def order(adapter: ExchangeAdapter, ratio: str, client_id: str) -> OrderIntent:
    at = await price(adapter, BTC, ratio)
    return close_order(client_id=client_id, price=at, timestamp_ms=WallClock().server_ms())


async def test_the_life_of_an_order() -> None:
    events: list[Event] = []
    async with boxed(OPTIONS, events.append) as (adapter, server):
        placed = await order(adapter, "1.01", "vq-1")
        ack = told(await adapter.submit(placed))
        assert (ack.status, ack.price, ack.qty, ack.avg_price) == (OrderStatus.NEW, placed.price, placed.qty, None)
        assert code(await adapter.submit(placed)) == -4116
        dear = await price(adapter, BTC, "1.02")
        amended = told(await adapter.amend(AmendOrder(BTC, LONG, "vq-1", D("0.02"), dear)))
        assert (amended.price, amended.qty, amended.avg_price) == (dear, D("0.02"), None)
        (resting,) = server.box.exchange.open_orders(RAW)
        queried = told(await adapter.query(QueryOrder(BTC, "vq-1")))
        assert queried == _named(answers.order_read(resting, queried.recv_ms))
        (listed,) = told(await adapter.open_orders(BTC)).orders
        assert listed == replace(queried, recv_ms=listed.recv_ms)
        gone = told(await adapter.cancel(CancelOrder(BTC, "vq-1", "old")))
        assert (gone.status, gone.filled_qty) == (OrderStatus.CANCELED, D(0))
        assert code(await adapter.cancel(CancelOrder(BTC, "vq-1", "again"))) == -2011
        assert code(await adapter.query(QueryOrder(BTC, "vq-never"))) == -2013
        assert code(await adapter.submit(await order(adapter, "0.99", "vq-2"))) == -5022
        assert told(await adapter.open_orders(BTC)).orders == ()
    assert any(isinstance(event, RateUsage) for event in events)


async def test_a_market_close_and_its_trades() -> None:
    async with boxed(OPTIONS) as (adapter, _):
        await adapter.load_names()
        began = told(await adapter.server_time())
        for number in range(3):
            at = WallClock().server_ms()
            closing = close_order(order_type=OrderType.MARKET, price=None, client_id=f"vq-{number}", timestamp_ms=at)
            told(await adapter.submit(replace(closing, reason=SignalReason.PANIC)))
        filled = told(await adapter.query(QueryOrder(BTC, "vq-0")))
        assert (filled.status, filled.filled_qty) == (OrderStatus.FILLED, D("0.01"))
        assert filled.avg_price
        trades = told(await adapter.user_trades(BTC, began))
        assert sum(trade.qty for trade in trades) == D("0.03")
        assert [trade.trade_id for trade in trades] == sorted({trade.trade_id for trade in trades})
        assert {trade.symbol for trade in trades} == {BTC}
        (leg, _) = told(await adapter.snapshot(None, ())).positions or ()
        assert leg.qty == D("1.97")


async def test_stops_are_placed_read_back_and_canceled() -> None:
    async with boxed(OPTIONS) as (adapter, server):
        trigger = await price(adapter, BTC, "0.9")
        whole = told(await adapter.place_stop(PlaceStop(BTC, LONG, "vq-ps-1", trigger, None, "first")))
        bridge = told(await adapter.place_stop(PlaceStop(BTC, LONG, "vq-ps-2", trigger, D("0.5"), "a bridge")))
        assert (whole.status, whole.close_position, whole.trigger_price) == (StopStatus.NEW, True, trigger)
        assert (bridge.close_position, bridge.qty) == (False, D("0.5"))
        read = told(await adapter.open_stops(BTC))
        true = answers.stops(server.box.exchange, RAW, 0, 0, 0).stops
        assert _timeless(read.stops) == _timeless(true)
        gone = told(await adapter.cancel_stop(CancelStop(BTC, LONG, "vq-ps-1", "moved")))
        assert (gone.status, gone.trigger_price, gone.qty) == (StopStatus.CANCELED, D(0), D(0))
        assert [one.client_id for one in told(await adapter.open_stops(BTC)).stops] == ["vq-ps-2"]


async def test_the_account_is_as_it_is_there() -> None:
    async with boxed(OPTIONS) as (adapter, server):
        told(await adapter.submit(await order(adapter, "1.01", "vq-1")))
        cheap = await price(adapter, CHINESE, "1.3", "0.00001")
        told(await adapter.place_stop(PlaceStop(CHINESE, SHORT, "vq-ps-1", cheap, None, "first")))
        for known in ((), (BTC,), (BTC, CHINESE)):
            _same(told(await adapter.snapshot(None, known)), server, None)
        _same(told(await adapter.snapshot(CHINESE, ())), server, NAMED_IN_CHINESE)


async def test_rules_of_a_name_in_chinese() -> None:
    async with boxed(OPTIONS) as (adapter, server):
        read = told(await adapter.rules(CHINESE))
        market = server.box.exchange.venue.market(NAMED_IN_CHINESE)
        assert read.rules == replace(market.rules, symbol=CHINESE)
        assert read.brackets == market.brackets
        account = server.box.exchange.account
        assert (read.maker_fee, read.taker_fee) == (account.maker_fee, account.taker_fee)
        assert told(await adapter.mark(CHINESE)).symbol == CHINESE
        assert told(await adapter.countdown(CHINESE, 60_000)).countdown_ms == 60_000
        assert told(await adapter.countdown(CHINESE, 0)).countdown_ms == 0


async def test_mode_key_and_listen_key() -> None:
    options = replace(OPTIONS, permissions={"enableWithdrawals": True, "ipRestrict": True})
    async with boxed(options) as (adapter, _):
        config = told(await adapter.account_config())
        assert (config.hedge_mode, config.multi_assets, config.can_trade) == (True, False, True)
        rights = told(await adapter.key_rights())
        assert rights is not None
        assert (rights.ip_restricted, rights.rights["enableWithdrawals"]) == (True, True)
        gone = await adapter.keep_alive()
        assert isinstance(gone, Rejected)
        assert gone.code == -1125
        key = told(await adapter.listen_key())
        assert told(await adapter.listen_key()) == key
        assert isinstance(await adapter.keep_alive(), Accepted)


def _same(read: AccountSnapshot, server: SimServer, raw: str | None) -> None:
    true = answers.snapshot(server.box.exchange, raw, 0, 0, 0)
    assert _timeless(read.orders or ()) == _timeless(true.orders or ())
    assert _timeless(read.stops or ()) == _timeless(true.stops or ())
    assert [_unliquidated(leg) for leg in read.positions or ()] == [
        replace(_unliquidated(leg), symbol=NAMES[leg.symbol]) for leg in true.positions or ()
    ]
    assert all(leg.liquidation_price for leg in read.positions or ())
    assert {one.asset: (one.wallet, one.cross_wallet) for one in read.balances or ()} == {
        one.asset: (one.wallet, one.cross_wallet) for one in true.balances or ()
    }
    assert read.request_ms <= read.recv_ms


def _unliquidated(leg: Position) -> Position:
    """The price moves with every mark of any leg."""
    return replace(leg, liquidation_price=None)


def _named(order: OrderUpdate) -> OrderUpdate:
    return replace(order, symbol=NAMES[order.symbol])


def _timeless(reports: Iterable[OrderUpdate | StopReport]) -> dict[str, OrderUpdate | StopReport]:
    """By client id, without the moment of reading, under unified names."""
    return {one.client_id: replace(one, recv_ms=0, symbol=NAMES.get(one.symbol, one.symbol)) for one in reports}
