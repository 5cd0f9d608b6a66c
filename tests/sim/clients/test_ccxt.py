"""ccxt, nothing changed but its addresses, lives the scripted day: by unified calls where it has them."""

from __future__ import annotations

import asyncio
import re
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from decimal import Decimal
from typing import Any

import ccxt.pro
import pytest
from tests.sim.clients.day import Day
from tests.sim.clients.desk import until
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
    Rules,
    Stop,
    number,
    summed,
)

MARKET = "BTC/USDT:USDT"
HOME = "https://fapi.binance.com"
STATUSES = {"NEW": "open", "FILLED": "closed", "CANCELED": "canceled"}


def exchange(stage: Stage, keys: Keys) -> Any:
    """``binanceusdm`` with its base addresses turned to the box."""
    secret = keys.secret or keys.private_key
    options = {"fetchCurrencies": False}
    client = ccxt.pro.binanceusdm(
        {"apiKey": keys.api_key, "secret": secret, "enableRateLimit": False, "options": options}
    )
    api = client.urls["api"]
    for name, url in api.items():
        if isinstance(url, str) and url.startswith(HOME):
            api[name] = stage.rest + url.removeprefix(HOME)
    api["ws"]["linear"] = stage.ws + "/ws"
    return client


async def ask(call: Awaitable[Any]) -> Any:
    """The answer, or Refused with the code out of the error's text."""
    try:
        return await call
    except ccxt.BaseError as error:
        found = re.search(r'"code":\s*(-?\d+)', str(error))
        if not found:
            raise
        raise Refused(int(found[1]), str(error)) from error


def order(unified: Any) -> Order:
    """An order; the unified fields say the same as the raw ones."""
    read = Order.read(unified["info"])
    assert (unified["id"], unified["clientOrderId"]) == (str(read.id), read.client_id)
    assert (unified["status"], unified["side"]) == (STATUSES[read.status], read.side.lower())
    assert (number(unified["amount"]), number(unified["filled"])) == (read.qty, read.filled)
    return read


def outcomes(rows: list[Any], client_ids: list[str]) -> list[Order | Refused]:
    """Of a batch: ccxt sorts its rows by time, refusals first, and so loses whose refusal it is."""
    orders = {row["info"]["clientOrderId"]: order(row) for row in rows if "code" not in row["info"]}
    refusals = [Refused(int(row["info"]["code"]), row["info"]["msg"]) for row in rows if "code" in row["info"]]
    return [orders.get(client_id) or refusals.pop(0) for client_id in client_ids]


class CcxtDesk:
    """The day's calls in ccxt's words."""

    def __init__(self, client: Any) -> None:
        self.client = client
        self.heard = Heard()
        self.tasks: list[asyncio.Task[None]] = []

    async def clock(self) -> int:
        return int(await self.client.fetch_time())

    async def rules(self) -> Rules:
        market = (await self.client.load_markets(reload=True))[MARKET]
        assert (market["id"], market["active"], market["linear"], market["settle"]) == (SYMBOL, True, True, "USDT")
        precision, limits = market["precision"], market["limits"]
        values = precision["price"], precision["amount"], limits["amount"]["min"], limits["cost"]["min"]
        return Rules(*(number(value) for value in values))

    async def depth(self) -> Depth:
        book = await self.client.fetch_order_book(MARKET, 20)
        return Depth.read(book["bids"], book["asks"])

    async def candles(self) -> list[Candle]:
        return [Candle.read(row) for row in await self.client.fetch_ohlcv(MARKET, "1m", limit=3)]

    async def hedged(self) -> bool:
        return bool((await self.client.fetch_position_mode(MARKET))["hedged"])

    async def ask_hedged(self) -> None:
        await ask(self.client.set_position_mode(True, MARKET))

    async def wallet(self) -> Decimal:
        balance = await self.client.fetch_balance()
        (row,) = [row for row in balance["info"]["assets"] if row["asset"] == "USDT"]
        assert number(balance["USDT"]["total"]) == number(row["marginBalance"])
        return number(row["walletBalance"])

    async def legs(self) -> dict[str, Leg]:
        unified = await self.client.fetch_positions([MARKET])
        legs = {row["side"].upper(): Leg.read(row["info"]) for row in unified}
        assert all(number(row["contracts"]) == legs[row["side"].upper()].qty for row in unified)
        return legs

    async def set_leverage(self, leverage: int) -> int:
        return int((await self.client.set_leverage(leverage, MARKET))["leverage"])

    async def tiers(self) -> list[Decimal]:
        tiers = await self.client.fetch_leverage_tiers([MARKET])
        return [number(tier["maintenanceMarginRate"]) for tier in tiers[MARKET]]

    async def fees(self) -> tuple[Decimal, Decimal]:
        fee = await self.client.fetch_trading_fee(MARKET)
        return number(fee["maker"]), number(fee["taker"])

    async def place(self, draft: Draft) -> Order:
        return order(await ask(self.client.create_order(**self.request(draft))))

    def request(self, draft: Draft) -> dict[str, Any]:
        params = {"positionSide": draft.leg, "newClientOrderId": draft.client_id}
        if draft.tif is not None:
            params["timeInForce"] = draft.tif
        price = None if draft.price is None else float(draft.price)
        words = {"symbol": MARKET, "type": draft.kind.lower(), "side": draft.side.lower()}
        return {**words, "amount": float(draft.qty), "price": price, "params": params}

    async def place_all(self, drafts: list[Draft]) -> list[Order | Refused]:
        rows = await ask(self.client.create_orders([*map(self.request, drafts)]))
        return outcomes(rows, [draft.client_id for draft in drafts])

    async def amend(self, order_: Order, price: Decimal, qty: Decimal) -> Order:
        call = self.client.edit_order(
            str(order_.id), MARKET, "limit", order_.side.lower(), float(qty), float(price), {"positionSide": order_.leg}
        )
        return order(await ask(call))

    async def query(self, order_: Order) -> Order:
        return order(await ask(self.client.fetch_order(str(order_.id), MARKET)))

    async def open_orders(self) -> list[Order]:
        return [order(row) for row in await ask(self.client.fetch_open_orders(MARKET))]

    async def cancel(self, order_: Order) -> Order:
        return order(await ask(self.client.cancel_order(str(order_.id), MARKET)))

    async def cancel_several(self, orders: list[Order]) -> list[Order | Refused]:
        """By the raw call: the unified one drops the rows of orders that are not there."""
        request = {"symbol": SYMBOL, "orderidlist": [str(order_.id) for order_ in orders]}
        rows = await ask(self.client.fapiPrivateDeleteBatchOrders(request))
        return [Refused(int(row["code"]), row["msg"]) if "code" in row else Order.read(row) for row in rows]

    async def cancel_all(self) -> None:
        (answer,) = await ask(self.client.cancel_all_orders(MARKET))
        assert int(answer["info"]["code"]) == 200

    async def fills(self, order_: Order) -> list[Fill]:
        rows = await self.client.fetch_my_trades(MARKET, params={"orderId": order_.id})
        assert all(row["fee"]["currency"] == "USDT" for row in rows)
        return [Fill.read(row["info"]) for row in rows]

    async def income(self) -> dict[str, Decimal]:
        return summed([row["info"] for row in await self.client.fetch_ledger("USDT")])

    async def place_old_stop(self, trigger: Decimal) -> None:
        words = {"symbol": SYMBOL, "side": "SELL", "positionSide": "LONG", "type": "STOP_MARKET"}
        words |= {"stopPrice": str(trigger), "quantity": "0.1", "newClientOrderId": "old-stop"}
        await ask(self.client.fapiPrivatePostOrder(words))

    async def place_stop(self, client_id: str, trigger: Decimal, qty: Decimal) -> Stop:
        params = {"positionSide": "LONG", "triggerPrice": float(trigger), "clientOrderId": client_id}
        call = self.client.create_order(MARKET, "market", "sell", float(qty), None, params)
        return Stop.read((await ask(call))["info"])

    async def query_stop(self, stop: Stop) -> Stop:
        return Stop.read((await ask(self.client.fetch_order(str(stop.id), MARKET, {"trigger": True})))["info"])

    async def open_stops(self) -> list[Stop]:
        rows = await ask(self.client.fetch_open_orders(MARKET, params={"trigger": True}))
        return [Stop.read(row["info"]) for row in rows]

    async def cancel_stop(self, stop: Stop) -> None:
        await ask(self.client.cancel_order(str(stop.id), MARKET, {"trigger": True}))

    async def countdown(self, ms: int) -> int:
        request = {"symbol": SYMBOL, "countdownTime": ms}
        return int((await ask(self.client.fapiPrivatePostCountdownCancelAll(request)))["countdownTime"])

    async def listen(self) -> None:
        client, heard = self.client, self.heard
        self.watch(lambda: client.watch_bids_asks([MARKET]), self.on_quotes)
        self.watch(lambda: client.watch_trades(MARKET, params={"name": "aggTrade"}), self.on_trades)
        self.watch(lambda: client.watch_mark_price(MARKET), lambda t: heard.marks.append(number(t["markPrice"])))
        self.watch(lambda: client.watch_ohlcv(MARKET, "1m"), lambda rows: heard.candles.extend(map(Candle.read, rows)))
        self.watch(lambda: client.watch_order_book(MARKET), self.on_book)
        self.watch(lambda: client.watch_orders(), self.on_orders)
        self.watch(lambda: client.watch_positions([MARKET]), self.on_positions)
        self.watch(lambda: client.watch_balance(), self.on_balance)
        await until(self.user_stream_is_open, "the user stream")

    def user_stream_is_open(self) -> bool:
        sockets = [socket for url, socket in self.client.clients.items() if "/private/" in url]
        return bool(sockets) and all(socket.connection is not None for socket in sockets) and bool(self.heard.legs)

    def watch(self, call: Callable[[], Awaitable[Any]], take: Callable[[Any], object]) -> None:
        async def loop() -> None:
            while True:
                take(await call())

        self.tasks.append(asyncio.create_task(loop()))

    def on_quotes(self, tickers: Any) -> None:
        ticker = tickers[MARKET]
        self.heard.quotes.append(Quote(number(ticker["bid"]), number(ticker["ask"])))

    def on_trades(self, rows: list[Any]) -> None:
        self.heard.prints += [Print(number(row["price"]), number(row["amount"])) for row in rows]

    def on_book(self, book: Any) -> None:
        assert book["nonce"]
        self.heard.depths.append(Depth.read(book["bids"][:20], book["asks"][:20]))

    def on_orders(self, rows: list[Any]) -> None:
        for info in (row["info"] for row in rows):
            if "caid" in info:
                self.heard.stops.append(Stop.told(info))
            else:
                self.heard.orders.append(Order.told(info))

    def on_positions(self, _rows: list[Any]) -> None:
        """From ccxt's cache: of two pushes before its caller wakes, the second is in no answer of watch_positions."""
        rows = self.client.positions["linear"]
        self.heard.legs += [(row["side"].upper(), number(row["contracts"])) for row in rows]

    def on_balance(self, balance: Any) -> None:
        self.heard.wallets.append(number(balance["USDT"]["total"]))

    async def renew_key(self) -> None:
        await ask(self.client.fapiPrivatePutListenKey())

    async def end_key(self) -> None:
        assert await self.client.fapiPrivateDeleteListenKey() == {}

    async def close(self) -> None:
        """The first error of a watcher, if one had any; then the sockets."""
        for task in self.tasks:
            task.cancel()
        ended = await asyncio.gather(*self.tasks, return_exceptions=True)
        await self.client.close()
        for error in ended:
            if isinstance(error, Exception):
                raise error


@asynccontextmanager
async def desk(stage: Stage, keys: Keys) -> AsyncIterator[CcxtDesk]:
    it = CcxtDesk(exchange(stage, keys))
    try:
        yield it
    finally:
        await it.close()


@pytest.mark.parametrize("kind", ["hmac", "ed25519"])
def test_the_day(kind: str) -> None:
    async def day() -> None:
        async with on_stage() as stage, desk(stage, stage.keys(kind)) as it:
            await Day(it).run()

    asyncio.run(day())
