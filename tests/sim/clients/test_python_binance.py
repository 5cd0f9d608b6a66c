"""python-binance, nothing changed but its addresses, lives the scripted day."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import AsyncExitStack, asynccontextmanager
from decimal import Decimal
from typing import Any

from binance import AsyncClient, BinanceSocketManager
from binance.exceptions import BinanceAPIException
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


async def ask(call: Awaitable[Any]) -> Any:
    """The answer, or Refused."""
    try:
        return await call
    except BinanceAPIException as error:
        raise Refused(error.code, error.message) from error


def order_or_refusal(row: Row) -> Order | Refused:
    return Refused(row["code"], row["msg"]) if "code" in row else Order.read(row)


def request(draft: Draft) -> dict[str, str]:
    """The order in the exchange's words, which are the client's too."""
    words = {"symbol": SYMBOL, "side": draft.side, "positionSide": draft.leg, "type": draft.kind}
    words |= {"quantity": str(draft.qty), "newClientOrderId": draft.client_id}
    if draft.price is not None and draft.tif is not None:
        words |= {"price": str(draft.price), "timeInForce": draft.tif}
    return words


class PythonBinanceDesk:
    """The day's calls in python-binance's words."""

    def __init__(self, client: Any, stage: Stage, opened: AsyncExitStack) -> None:
        self.client = client
        self.heard = Heard()
        self.opened = opened
        self.manager = BinanceSocketManager(client, max_queue_size=100_000)
        self.manager.FSTREAM_URL = stage.ws + "/"

    async def clock(self) -> int:
        assert await self.client.ping() == await self.client.futures_ping() == {}
        spot = (await self.client.get_server_time())["serverTime"]
        futures = (await self.client.futures_time())["serverTime"]
        assert spot <= futures
        return int(futures)

    async def rules(self) -> Rules:
        (market,) = [row for row in (await self.client.futures_exchange_info())["symbols"] if row["symbol"] == SYMBOL]
        assert (market["status"], market["contractType"], market["quoteAsset"]) == ("TRADING", "PERPETUAL", "USDT")
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
        book = await self.client.futures_order_book(symbol=SYMBOL, limit=20)
        best = await self.client.futures_orderbook_ticker(symbol=SYMBOL)
        assert best["symbol"] == SYMBOL and Decimal(best["bidPrice"]) < Decimal(best["askPrice"])
        return Depth.read(book["bids"], book["asks"])

    async def candles(self) -> list[Candle]:
        rows = await self.client.futures_klines(symbol=SYMBOL, interval="1m", limit=3)
        return [Candle.read(row) for row in rows]

    async def hedged(self) -> bool:
        mode = await self.client.futures_get_position_mode()
        assert (await self.client.futures_account_config())["dualSidePosition"] == mode["dualSidePosition"]
        return mode["dualSidePosition"] is True

    async def ask_hedged(self) -> None:
        await ask(self.client.futures_change_position_mode(dualSidePosition="true"))

    async def wallet(self) -> Decimal:
        (row,) = [row for row in await self.client.futures_account_balance() if row["asset"] == "USDT"]
        account = await self.client.futures_account()
        assert Decimal(account["totalWalletBalance"]) == Decimal(row["balance"])
        return Decimal(row["balance"])

    async def legs(self) -> dict[str, Leg]:
        rows = await self.client.futures_position_information(symbol=SYMBOL)
        return {row["positionSide"]: Leg.read(row) for row in rows if row["positionSide"] != "BOTH"}

    async def set_leverage(self, leverage: int) -> int:
        answer = await self.client.futures_change_leverage(symbol=SYMBOL, leverage=leverage)
        (config,) = await self.client.futures_symbol_config(symbol=SYMBOL)
        assert config["leverage"] == answer["leverage"] and config["marginType"] == "CROSSED"
        return int(answer["leverage"])

    async def tiers(self) -> list[Decimal]:
        (row,) = await self.client.futures_leverage_bracket(symbol=SYMBOL)
        return [number(bracket["maintMarginRatio"]) for bracket in row["brackets"]]

    async def fees(self) -> tuple[Decimal, Decimal]:
        row = await self.client.futures_commission_rate(symbol=SYMBOL)
        return Decimal(row["makerCommissionRate"]), Decimal(row["takerCommissionRate"])

    async def place(self, draft: Draft) -> Order:
        return Order.read(await ask(self.client.futures_create_order(**request(draft))))

    async def place_all(self, drafts: list[Draft]) -> list[Order | Refused]:
        rows = await ask(self.client.futures_place_batch_order(batchOrders=[request(draft) for draft in drafts]))
        return [order_or_refusal(row) for row in rows]

    async def amend(self, order: Order, price: Decimal, qty: Decimal) -> Order:
        call = self.client.futures_modify_order(
            symbol=SYMBOL, orderId=order.id, side=order.side, quantity=str(qty), price=str(price)
        )
        return Order.read(await ask(call))

    async def query(self, order: Order) -> Order:
        return Order.read(await ask(self.client.futures_get_order(symbol=SYMBOL, origClientOrderId=order.client_id)))

    async def open_orders(self) -> list[Order]:
        return [Order.read(row) for row in await ask(self.client.futures_get_open_orders(symbol=SYMBOL))]

    async def cancel(self, order: Order) -> Order:
        return Order.read(await ask(self.client.futures_cancel_order(symbol=SYMBOL, orderId=order.id)))

    async def cancel_several(self, orders: list[Order]) -> list[Order | Refused]:
        ids = [order.id for order in orders]
        rows = await ask(self.client.futures_cancel_orders(symbol=SYMBOL, orderidlist=ids))
        return [order_or_refusal(row) for row in rows]

    async def cancel_all(self) -> None:
        answer = await ask(self.client.futures_cancel_all_open_orders(symbol=SYMBOL))
        assert answer["code"] == 200

    async def fills(self, order: Order) -> list[Fill]:
        rows = await self.client.futures_account_trades(symbol=SYMBOL, orderId=order.id)
        return [Fill.read(row) for row in rows]

    async def income(self) -> dict[str, Decimal]:
        return summed(await self.client.futures_income_history())

    async def place_old_stop(self, trigger: Decimal) -> None:
        """In a batch: futures_create_order sends stop types to the Algo Service by itself."""
        stop = {"symbol": SYMBOL, "side": "SELL", "positionSide": "LONG", "type": "STOP_MARKET"}
        stop |= {"stopPrice": str(trigger), "quantity": "0.1", "newClientOrderId": "old-stop"}
        (row,) = await ask(self.client.futures_place_batch_order(batchOrders=[stop]))
        raise Refused(row["code"], row["msg"])

    async def place_stop(self, client_id: str, trigger: Decimal, qty: Decimal) -> Stop:
        words = {"symbol": SYMBOL, "side": "SELL", "positionSide": "LONG", "type": "STOP_MARKET"}
        call = self.client.futures_create_order(
            **words, stopPrice=str(trigger), quantity=str(qty), clientAlgoId=client_id, workingType="MARK_PRICE"
        )
        return Stop.read(await ask(call))

    async def query_stop(self, stop: Stop) -> Stop:
        return Stop.read(await ask(self.client.futures_get_algo_order(algoId=stop.id)))

    async def open_stops(self) -> list[Stop]:
        return [Stop.read(row) for row in await ask(self.client.futures_get_open_algo_orders(symbol=SYMBOL))]

    async def cancel_stop(self, stop: Stop) -> None:
        answer = await ask(self.client.futures_cancel_algo_order(clientAlgoId=stop.client_id))
        assert (answer["algoId"], answer["code"]) == (stop.id, "200")

    async def countdown(self, ms: int) -> int:
        answer = await ask(self.client.futures_countdown_cancel_all(symbol=SYMBOL, countdownTime=ms))
        assert isinstance(answer["countdownTime"], str)
        return int(answer["countdownTime"])

    async def listen(self) -> None:
        manager, heard = self.manager, self.heard
        await self.hear(manager.futures_user_socket(), heard.user)
        await self.hear(
            manager.symbol_ticker_futures_socket(SYMBOL),
            lambda m: heard.quotes.append(Quote(Decimal(m["data"]["b"]), Decimal(m["data"]["a"]))),
        )
        await self.hear(
            manager.futures_depth_socket(SYMBOL, "10"),
            lambda m: heard.depths.append(Depth.read(m["data"]["b"], m["data"]["a"])),
        )
        await self.hear(
            manager.aggtrade_futures_socket(SYMBOL),
            lambda m: heard.prints.append(Print(Decimal(m["data"]["p"]), Decimal(m["data"]["q"]))),
        )
        await self.hear(manager.symbol_mark_price_socket(SYMBOL), lambda m: heard.marks.append(Decimal(m["data"]["p"])))
        await self.hear(
            manager.kline_futures_socket(SYMBOL),
            lambda m: heard.candles.append(Candle.told(m["k"])),
        )

    async def hear(self, socket: Any, take: Callable[[Any], object]) -> None:
        """Until the day ends; an error that the client reports on its queue fails the day."""
        socket.TIMEOUT = 1  # How long it blocks when it is closed.
        await self.opened.enter_async_context(socket)

        async def loop() -> None:
            while True:
                message = await socket.recv()
                assert message.get("e") != "error", message
                take(message)

        self.opened.push_async_callback(stopped, asyncio.create_task(loop()))

    async def renew_key(self) -> None:
        await ask(self.client.futures_stream_keepalive("any"))

    async def end_key(self) -> None:
        assert await self.client.futures_stream_close("any") == {}


async def stopped(task: asyncio.Task[None]) -> None:
    """End a loop; what it failed of is raised.

    Asked until it obeys: the client waits in asyncio.wait_for, which before Python 3.12 loses a cancellation that comes
    in the same turn of the loop as the message.
    """
    while not task.done():
        task.cancel()
        await asyncio.wait([task], timeout=0.1)
    (ended,) = await asyncio.gather(task, return_exceptions=True)
    if isinstance(ended, Exception):
        raise ended


@asynccontextmanager
async def desk(stage: Stage, keys: Keys) -> AsyncIterator[PythonBinanceDesk]:
    client = AsyncClient(keys.api_key, keys.secret, private_key=keys.private_key)
    client.API_URL, client.FUTURES_URL = stage.rest + "/api", stage.rest + "/fapi"
    async with AsyncExitStack() as opened:
        opened.push_async_callback(client.close_connection)
        yield PythonBinanceDesk(client, stage, opened)


def test_the_day() -> None:
    async def day() -> None:
        async with on_stage() as stage, desk(stage, stage.hmac) as it:
            await Day(it).run()

    asyncio.run(day())
