"""Binance's own SDK, nothing changed but its addresses, lives the day; what its models do not take is a failure."""

from __future__ import annotations

import asyncio
import logging
import re
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from decimal import Decimal
from functools import partial
from typing import Any

import pytest
from binance_common.configuration import ConfigurationRestAPI, ConfigurationWebSocketStreams
from binance_common.errors import ClientError, Error
from binance_sdk_derivatives_trading_usds_futures.derivatives_trading_usds_futures import DerivativesTradingUsdsFutures
from binance_sdk_derivatives_trading_usds_futures.rest_api.models import PlaceMultipleOrdersBatchOrdersParameterInner
from tests.sim.clients.day import Day
from tests.sim.clients.stage import SYMBOL, Keys, Stage, on_stage
from tests.sim.clients.values import (
    Candle,
    Depth,
    Draft,
    Fill,
    Heard,
    Leg,
    Order,
    Print,
    Quote,
    Refused,
    Row,
    Rules,
    Stop,
    number,
    summed,
)


def plain(model: Any) -> Any:
    """A model, a list of them, or what was not parsed, in the exchange's own names."""
    if isinstance(model, list):
        return [plain(item) for item in model]
    if hasattr(model, "actual_instance"):
        return plain(model.actual_instance)
    return model.to_dict() if hasattr(model, "to_dict") else model


def order_or_refusal(row: Row) -> Order | Refused:
    return Refused(row["code"], row["msg"]) if row.get("code") else Order.read(row)


NAMES = {"position_side": "positionSide", "new_client_order_id": "newClientOrderId", "time_in_force": "timeInForce"}


def request(draft: Draft) -> dict[str, Any]:
    """The order in the SDK's words; it takes quantities as float."""
    words: dict[str, Any] = {"symbol": SYMBOL, "side": draft.side, "type": draft.kind, "position_side": draft.leg}
    words |= {"quantity": float(draft.qty), "new_client_order_id": draft.client_id}
    if draft.price is not None:
        words |= {"price": float(draft.price), "time_in_force": draft.tif}
    return words


class SdkDesk:
    """The day's calls in the SDK's words; its REST side blocks, therefore calls are made in a worker."""

    def __init__(self, stage: Stage, keys: Keys) -> None:
        self.heard = Heard()
        secret = {"api_secret": keys.secret} if keys.secret else {"private_key": keys.private_key}
        config = ConfigurationRestAPI(api_key=keys.api_key, base_path=stage.rest, timeout=10_000, **secret)
        self.rest = DerivativesTradingUsdsFutures(config_rest_api=config).rest_api
        streams = ConfigurationWebSocketStreams(stream_url=stage.ws)
        self.streams = DerivativesTradingUsdsFutures(config_ws_streams=streams).websocket_streams
        self.listening = False
        self.last_update = 0

    async def ask(self, call: Callable[..., Any], **words: Any) -> Any:
        """The answer in the exchange's names, or Refused."""
        try:
            answer = await asyncio.get_running_loop().run_in_executor(None, partial(call, **words))
        except ClientError as error:
            raise Refused(error.status_code or 0, error.error_message) from error
        except Error as error:
            raise Refused(getattr(error, "status_code", 0) or 0, str(error)) from error
        return plain(answer.data())

    async def clock(self) -> int:
        return int((await self.ask(self.rest.check_server_time))["serverTime"])

    async def rules(self) -> Rules:
        info = await self.ask(self.rest.exchange_information)
        (market,) = [row for row in info["symbols"] if row["symbol"] == SYMBOL]
        filters = {row["filterType"]: row for row in market["filters"]}
        lot = filters["LOT_SIZE"]
        values = (
            filters["PRICE_FILTER"]["tickSize"],
            lot["stepSize"],
            lot["minQty"],
            filters["MIN_NOTIONAL"]["notional"],
        )
        return Rules(*(Decimal(value) for value in values))

    async def depth(self) -> Depth:
        book = await self.ask(self.rest.order_book, symbol=SYMBOL, limit=20)
        return Depth.read(book["bids"], book["asks"])

    async def candles(self) -> list[Candle]:
        rows = await self.ask(self.rest.kline_candlestick_data, symbol=SYMBOL, interval="1m", limit=3)
        return [Candle.read(row) for row in rows]

    async def hedged(self) -> bool:
        return (await self.ask(self.rest.get_current_position_mode))["dualSidePosition"] is True

    async def ask_hedged(self) -> None:
        await self.ask(self.rest.change_position_mode, dual_side_position="true")

    async def wallet(self) -> Decimal:
        (row,) = [row for row in await self.ask(self.rest.futures_account_balance_v3) if row["asset"] == "USDT"]
        account = await self.ask(self.rest.account_information_v3)
        assert Decimal(account["totalWalletBalance"]) == Decimal(row["balance"])
        return Decimal(row["balance"])

    async def legs(self) -> dict[str, Leg]:
        rows = await self.ask(self.rest.position_information_v3, symbol=SYMBOL)
        return {row["positionSide"]: Leg.read(row) for row in rows}

    async def set_leverage(self, leverage: int) -> int:
        answer = await self.ask(self.rest.change_initial_leverage, symbol=SYMBOL, leverage=leverage)
        (config,) = await self.ask(self.rest.symbol_configuration, symbol=SYMBOL)
        assert config["leverage"] == answer["leverage"]
        return int(answer["leverage"])

    async def tiers(self) -> list[Decimal]:
        (row,) = await self.ask(self.rest.notional_and_leverage_brackets, symbol=SYMBOL)
        return [number(bracket["maintMarginRatio"]) for bracket in row["brackets"]]

    async def fees(self) -> tuple[Decimal, Decimal]:
        row = await self.ask(self.rest.user_commission_rate, symbol=SYMBOL)
        return Decimal(row["makerCommissionRate"]), Decimal(row["takerCommissionRate"])

    async def place(self, draft: Draft) -> Order:
        return Order.read(await self.ask(self.rest.new_order, **request(draft)))

    async def place_all(self, drafts: list[Draft]) -> list[Order | Refused]:
        """A batch takes the exchange's names; its default of reduceOnly must not be sent in hedge mode."""
        legs = ({NAMES.get(name, name): value for name, value in request(draft).items()} for draft in drafts)
        batch = [PlaceMultipleOrdersBatchOrdersParameterInner(**leg, reduceOnly=None) for leg in legs]
        rows = await self.ask(self.rest.place_multiple_orders, batch_orders=batch)
        return [order_or_refusal(row) for row in rows]

    async def amend(self, order: Order, price: Decimal, qty: Decimal) -> Order:
        words = {"symbol": SYMBOL, "side": order.side, "order_id": order.id}
        return Order.read(await self.ask(self.rest.modify_order, **words, quantity=float(qty), price=float(price)))

    async def query(self, order: Order) -> Order:
        return Order.read(await self.ask(self.rest.query_order, symbol=SYMBOL, order_id=order.id))

    async def open_orders(self) -> list[Order]:
        return [Order.read(row) for row in await self.ask(self.rest.current_all_open_orders, symbol=SYMBOL)]

    async def cancel(self, order: Order) -> Order:
        words = {"symbol": SYMBOL, "orig_client_order_id": order.client_id}
        return Order.read(await self.ask(self.rest.cancel_order, **words))

    async def cancel_several(self, orders: list[Order]) -> list[Order | Refused]:
        ids = [order.id for order in orders]
        rows = await self.ask(self.rest.cancel_multiple_orders, symbol=SYMBOL, order_id_list=ids)
        return [order_or_refusal(row) for row in rows]

    async def cancel_all(self) -> None:
        assert (await self.ask(self.rest.cancel_all_open_orders, symbol=SYMBOL))["code"] == 200

    async def fills(self, order: Order) -> list[Fill]:
        rows = await self.ask(self.rest.account_trade_list, symbol=SYMBOL, order_id=order.id)
        return [Fill.read(row) for row in rows]

    async def income(self) -> dict[str, Decimal]:
        return summed(await self.ask(self.rest.get_income_history))

    async def place_old_stop(self, trigger: Decimal) -> None:
        words = {"symbol": SYMBOL, "side": "SELL", "position_side": "LONG", "type": "STOP_MARKET"}
        await self.ask(self.rest.test_order, **words, quantity=0.1, stop_price=float(trigger))

    async def place_stop(self, client_id: str, trigger: Decimal, qty: Decimal) -> Stop:
        words = {"algo_type": "CONDITIONAL", "symbol": SYMBOL, "side": "SELL", "position_side": "LONG"}
        words |= {"type": "STOP_MARKET", "client_algo_id": client_id, "working_type": "MARK_PRICE"}
        call = self.rest.new_algo_order
        return Stop.read(await self.ask(call, **words, quantity=float(qty), trigger_price=float(trigger)))

    async def query_stop(self, stop: Stop) -> Stop:
        return Stop.read(await self.ask(self.rest.query_algo_order, client_algo_id=stop.client_id))

    async def open_stops(self) -> list[Stop]:
        rows = await self.ask(self.rest.current_all_algo_open_orders, symbol=SYMBOL)
        return [Stop.read(row) for row in rows]

    async def cancel_stop(self, stop: Stop) -> None:
        answer = await self.ask(self.rest.cancel_algo_order, algo_id=stop.id)
        assert (answer["algoId"], answer["code"]) == (stop.id, "200")

    async def countdown(self, ms: int) -> int:
        words = {"symbol": SYMBOL, "countdown_time": ms}
        return int((await self.ask(self.rest.auto_cancel_all_open_orders, **words))["countdownTime"])

    async def connect(self) -> None:
        self.listening = True
        await self.streams.create_connection()

    async def listen(self) -> None:
        key = (await self.ask(self.rest.start_user_data_stream))["listenKey"]
        await self.connect()
        streams = self.streams
        handles = (
            (streams.user_data(key), self.on_user),
            (streams.individual_symbol_book_ticker_streams(symbol=SYMBOL.lower()), self.on_quote),
            (streams.aggregate_trade_streams(symbol=SYMBOL.lower()), self.on_trade),
            (streams.mark_price_stream(symbol=SYMBOL.lower(), update_speed="1s"), self.on_mark),
            (streams.kline_candlestick_streams(symbol=SYMBOL.lower(), interval="1m"), self.on_candle),
            (streams.partial_book_depth_streams(symbol=SYMBOL.lower(), levels=10), self.on_depth),
            (streams.diff_book_depth_streams(symbol=SYMBOL.lower(), update_speed="100ms"), self.on_change),
        )
        for opening, take in handles:
            (await opening).on("message", take)

    def on_user(self, message: Any) -> None:
        """The event's name is the model's: ORDER_TRADE_UPDATE becomes an OrderTradeUpdate."""
        event = message.actual_instance
        name = re.sub(r"(?<!^)(?=[A-Z])", "_", type(event).__name__).upper()
        self.heard.user({"e": name, **plain(event)})

    def on_quote(self, message: Any) -> None:
        self.heard.quotes.append(Quote(Decimal(message.b), Decimal(message.a)))

    def on_trade(self, message: Any) -> None:
        self.heard.prints.append(Print(Decimal(message.p), Decimal(message.q)))

    def on_mark(self, message: Any) -> None:
        self.heard.marks.append(Decimal(message.p))

    def on_candle(self, message: Any) -> None:
        self.heard.candles.append(Candle.told(plain(message.k)))

    def on_depth(self, message: Any) -> None:
        self.heard.depths.append(Depth.read(message.b, message.a))

    def on_change(self, message: Any) -> None:
        """Each change follows the one before."""
        assert message.u >= message.U
        assert self.last_update in (0, message.pu), f"{message.pu} after {self.last_update}"
        self.last_update = message.u

    async def renew_key(self) -> None:
        await self.ask(self.rest.keepalive_user_data_stream)

    async def end_key(self) -> None:
        await self.ask(self.rest.close_user_data_stream)


@asynccontextmanager
async def desk(stage: Stage, keys: Keys) -> AsyncIterator[SdkDesk]:
    it = SdkDesk(stage, keys)
    try:
        yield it
    finally:
        if it.listening:
            await it.streams.close_connection(close_session=True)


@pytest.mark.parametrize("kind", ["hmac", "ed25519"])
def test_the_day(kind: str, caplog: pytest.LogCaptureFixture) -> None:
    async def day() -> None:
        async with on_stage() as stage, desk(stage, stage.keys(kind)) as it:
            await Day(it).run()

    with caplog.at_level(logging.WARNING):
        asyncio.run(day())
    assert [record.getMessage() for record in caplog.records] == []
