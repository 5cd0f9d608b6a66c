"""The scripted day: what every client does and must see, from the opening of the account to the end of its stream."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from decimal import ROUND_CEILING, ROUND_FLOOR, Decimal
from functools import partial
from typing import TypeVar

from tests.sim.clients.desk import Desk, until
from tests.sim.clients.stage import ENTRY, LEGS, WALLET
from tests.sim.clients.values import Depth, Draft, Order, Quote, Refused, Rules

Answer = TypeVar("Answer")
MAKER, TAKER = Decimal("0.0002"), Decimal("0.0005")
SLICE = Decimal("0.3")
CLOSES = {"LONG": "SELL", "SHORT": "BUY"}


class Day:
    """One day of one client; the steps in order are ``STEPS``."""

    def __init__(self, desk: Desk) -> None:
        self.desk = desk
        self.rules = Rules(*(Decimal(1),) * 4)
        self.count = 0

    async def run(self) -> None:
        """Every step; an assertion names what was not so."""
        for step in STEPS:
            await step(self)

    def draft(self, qty: Decimal, price: Decimal | None = None, *, leg: str = "LONG", tif: str = "GTC") -> Draft:
        """A closing order: LIMIT with a price, else MARKET."""
        self.count += 1
        kind = "MARKET" if price is None else "LIMIT"
        return Draft(f"day-{self.count}", CLOSES[leg], leg, kind, qty, price, None if price is None else tif)

    def above(self, ratio: str) -> Decimal:
        """A price over the best ask by ``ratio``, on the tick grid."""
        return self.on_tick(self.quote.ask * (1 + Decimal(ratio)), ROUND_CEILING)

    def below(self, ratio: str) -> Decimal:
        """A price under the best bid by ``ratio``, on the tick grid."""
        return self.on_tick(self.quote.bid * (1 - Decimal(ratio)), ROUND_FLOOR)

    def on_tick(self, price: Decimal, rounding: str) -> Decimal:
        return (price / self.rules.tick).to_integral_value(rounding) * self.rules.tick

    @property
    def quote(self) -> Quote:
        return self.desk.heard.quotes[-1]

    async def told(self, client_id: str, status: str, event: str) -> Order:
        """What the user stream says of an order, once it says so."""
        heard = self.desk.heard

        def matching() -> list[Order]:
            return [o for o in heard.orders if (o.client_id, o.status, o.event) == (client_id, status, event)]

        await until(matching, f"{event}/{status} of {client_id} among {heard.orders[-5:]}")
        return matching()[-1]


async def found(query: Callable[[], Awaitable[Answer]]) -> Answer:
    """The answer to a query, repeated while it does not know what was placed a moment ago."""
    async with asyncio.timeout(10):
        while True:
            try:
                return await query()
            except Refused as refusal:
                assert refusal.code == -2013, refusal
                await asyncio.sleep(0.05)


async def refused(call: Awaitable[object], code: int) -> None:
    """The call is refused with exactly this code."""
    try:
        answer = await call
    except Refused as refusal:
        assert refusal.code == code, f"{refusal} where {code} was due"
    else:
        raise AssertionError(f"{code} was due, came {answer}")


async def opening(day: Day) -> None:
    """Clock, rules and the book."""
    desk = day.desk
    first, second = await desk.clock(), await desk.clock()
    assert 1_700_000_000_000 < first <= second < first + 60_000
    day.rules = rules = await desk.rules()
    assert Decimal(0) < rules.tick < 10 and Decimal(0) < rules.step <= rules.min_qty <= SLICE
    assert rules.min_notional >= 5
    proper(await desk.depth(), rules)
    candles = await desk.candles()
    assert candles and all(candle.low <= min(candle.open, candle.close) for candle in candles)
    assert all(candle.high >= max(candle.open, candle.close) for candle in candles)


def proper(depth: Depth, rules: Rules) -> None:
    """A book of two sides, sorted, not crossed, on its grids."""
    bids, asks = [price for price, _ in depth.bids], [price for price, _ in depth.asks]
    assert bids and asks and bids[0] < asks[0], depth
    assert bids == sorted(set(bids), reverse=True) and asks == sorted(set(asks))
    assert all(price % rules.tick == 0 for price in bids + asks)
    assert all(qty > 0 and qty % rules.step == 0 for _, qty in depth.bids + depth.asks)


async def account(day: Day) -> None:
    """The account as it was set up, and its settings."""
    desk = day.desk
    assert await desk.hedged() is True
    await refused(desk.ask_hedged(), -4059)
    assert await desk.wallet() == WALLET + sum((await desk.income()).values())  # which a funding time may have changed
    legs = await desk.legs()
    assert {leg.side: (leg.qty, leg.entry) for leg in legs.values()} == {k: (v, ENTRY) for k, v in LEGS.items()}
    assert await desk.set_leverage(10) == 10
    ratios = await desk.tiers()
    assert len(ratios) > 1 and ratios == sorted(ratios) and 0 < ratios[0] < 1
    assert await desk.fees() == (MAKER, TAKER)


async def market(day: Day) -> None:
    """Every market stream speaks, and what it says is a market."""
    desk, heard = day.desk, day.desk.heard
    await desk.listen()
    await until(lambda: len(heard.quotes) > 3, "book tickers")
    await until(lambda: len(heard.depths) > 1, "the order book")
    await until(lambda: len(heard.prints) > 1, "aggregate trades")
    await until(lambda: heard.marks and heard.candles, "mark price and candle")
    tick, near = day.rules.tick, (day.below("0.05"), day.above("0.05"))
    assert all(quote.bid < quote.ask and quote.bid % tick == quote.ask % tick == 0 for quote in heard.quotes)
    assert all(near[0] < trade.price < near[1] and trade.qty > 0 for trade in heard.prints)
    assert all(near[0] < mark < near[1] for mark in heard.marks)
    assert all(candle.low <= min(candle.open, candle.close) <= candle.high for candle in heard.candles)
    for depth in heard.depths:
        proper(depth, day.rules)


async def resting(day: Day) -> None:
    """A closing limit order rests, is amended, asked for, listed and cancelled."""
    desk, price = day.desk, day.above("0.01")
    draft = day.draft(Decimal("0.5"), price)
    order = await desk.place(draft)
    assert (order.client_id, order.status, order.side, order.leg) == (draft.client_id, "NEW", "SELL", "LONG")
    assert (order.price, order.qty, order.filled) == (price, draft.qty, Decimal(0))
    assert (await day.told(draft.client_id, "NEW", "NEW")).id == order.id
    price, qty = day.above("0.012"), Decimal("0.6")
    amended = await desk.amend(order, price, qty)
    assert (amended.id, amended.price, amended.qty, amended.status) == (order.id, price, qty, "NEW")
    told = await day.told(draft.client_id, "NEW", "AMENDMENT")
    assert (told.price, told.qty) == (price, qty)
    assert await found(lambda: desk.query(order)) == amended
    assert await desk.open_orders() == [amended]
    await refused(desk.place(day.draft(Decimal("1.5"), day.above("0.01"))), -2022)
    await refused(desk.place(day.draft(SLICE, day.below("0.005"), tif="GTX")), -5022)
    assert await desk.open_orders() == [amended]
    assert (await desk.cancel(order)).status == "CANCELED"
    await day.told(draft.client_id, "CANCELED", "CANCELED")
    await refused(desk.cancel(order), -2011)
    assert await desk.open_orders() == []


async def batches(day: Day) -> None:
    """A batch of which one leg is refused, a batch cancel of which one is not there, and all cancelled."""
    desk = day.desk
    drafts = [day.draft(SLICE, day.above(ratio)) for ratio in ("0.01", "0.011")]
    too_much = day.draft(Decimal(2), day.above("0.01"))
    first, second, third = await desk.place_all([*drafts, too_much])
    assert isinstance(first, Order) and isinstance(second, Order) and isinstance(third, Refused)
    assert [first.client_id, second.client_id] == [draft.client_id for draft in drafts] and third.code == -2022
    gone, unknown = await desk.cancel_several([first, Order(first.id + 10**6, "none", "", "", "", *(Decimal(0),) * 3)])
    assert isinstance(gone, Order) and (gone.id, gone.status) == (first.id, "CANCELED")
    assert isinstance(unknown, Refused) and unknown.code == -2011
    assert [order.id for order in await desk.open_orders()] == [second.id]
    await desk.cancel_all()
    await day.told(second.client_id, "CANCELED", "CANCELED")
    assert await desk.open_orders() == []


async def closing(day: Day) -> None:
    """Parts of both legs are closed; trades, income, wallet and positions agree to the last digit."""
    desk, heard = day.desk, day.desk.heard
    fees = realized = Decimal(0)
    for leg, limit in (("LONG", None), ("SHORT", day.above("0.005"))):
        draft = day.draft(SLICE, limit, leg=leg, tif="IOC")
        order = await desk.place(draft)
        assert (await day.told(draft.client_id, "FILLED", "TRADE")).filled == SLICE
        rows = await desk.fills(order)
        assert sum(row.qty for row in rows) == SLICE and not any(row.maker for row in rows)
        assert all(abs(row.fee - row.price * row.qty * TAKER) < Decimal("1e-7") for row in rows)
        sign = 1 if leg == "LONG" else -1
        assert all(abs(row.realized - sign * (row.price - ENTRY) * row.qty) < Decimal("1e-7") for row in rows)
        fees, realized = fees + sum(row.fee for row in rows), realized + sum(row.realized for row in rows)
        left = LEGS[leg] - SLICE
        await until(partial(heard.legs.count, (leg, left)), f"{leg} {left} among {heard.legs[-4:]}")
        assert (await desk.legs())[leg].qty == left
        assert (await found(partial(desk.query, order))).status == "FILLED"
    income = await desk.income()
    assert income["COMMISSION"] == -fees and income["REALIZED_PNL"] == realized
    wallet = await desk.wallet()
    assert wallet == WALLET + sum(income.values())
    await until(lambda: wallet in heard.wallets, f"the wallet of {wallet} among {heard.wallets[-4:]}")


async def stops(day: Day) -> None:
    """A stop goes through the Algo Service and nowhere else."""
    desk, trigger = day.desk, day.below("0.03")
    await refused(desk.place_old_stop(trigger), -4120)
    stop = await desk.place_stop("stop-1", trigger, SLICE)
    assert (stop.client_id, stop.status, stop.trigger, stop.leg) == ("stop-1", "NEW", trigger, "LONG")
    assert [row.id for row in await desk.open_stops()] == [stop.id]
    assert (await found(lambda: desk.query_stop(stop))).trigger == trigger
    assert await desk.open_orders() == []
    await desk.cancel_stop(stop)
    await until(lambda: {"NEW", "CANCELED"} <= {s.status for s in desk.heard.stops}, "the stop's two events")
    assert await desk.open_stops() == []
    await refused(desk.cancel_stop(stop), -2011)
    await refused(desk.place_stop("stop-2", day.above("0.03"), SLICE), -2021)


async def dead_man(day: Day) -> None:
    """The dead man's switch takes the resting order when nobody renews it."""
    desk, draft = day.desk, day.draft(SLICE, day.above("0.01"))
    await desk.place(draft)
    assert await desk.countdown(60_000) == 60_000
    assert await desk.countdown(0) == 0
    assert len(await desk.open_orders()) == 1
    assert await desk.countdown(200) == 200
    await day.told(draft.client_id, "CANCELED", "CANCELED")
    assert await desk.open_orders() == []


async def night(day: Day) -> None:
    """The listen key is renewed and ended; then it cannot be renewed."""
    await day.desk.renew_key()
    await day.desk.end_key()
    await refused(day.desk.renew_key(), -1125)


STEPS: tuple[Callable[[Day], Awaitable[None]], ...] = (
    *(opening, market, account, resting, batches),
    *(closing, stops, dead_man, night),
)
