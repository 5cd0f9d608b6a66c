"""The embedded exchange over loopback: order round trips, and book-ticker frames pushed to one client."""

from __future__ import annotations

import asyncio
import hmac
import json
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import replace
from decimal import Decimal
from pathlib import Path
from statistics import median, quantiles
from time import perf_counter, process_time, time_ns
from urllib.parse import urlencode

import aiohttp
from aiohttp import web

from vibe_quant.domain.enums import PositionSide
from vibe_quant.domain.events import Quote
from vibe_quant.sim.catalogue import CATALOGUE
from vibe_quant.sim.front.box import WARM_UP_MS
from vibe_quant.sim.front.box_options import BoxOptions, MarketSource, Seat
from vibe_quant.sim.server import SimServer

SYMBOL = "BTCUSDT"
PUSHED = 400_000
ORDERS = 400
LEAD_MS = 5_000
FRAMES_PER_S = 150_000
COUNTER = Path(__file__).with_name("frame_counter.py")


def say(text: str) -> None:
    """Print at once."""
    sys.stdout.write(text + "\n")
    sys.stdout.flush()


def quotes() -> list[Quote]:
    """One quote, and after ``LEAD_MS`` all others at once, no two alike."""
    return list(_quotes())


def _quotes() -> Iterator[Quote]:
    price = Decimal("60000.0")
    first = Quote(SYMBOL, 0, 0, price, Decimal(1), price + Decimal("0.1"), Decimal(2), 1)
    yield first
    sizes = [Decimal(n) / 1000 for n in range(1, 5_000)]
    prices = [price + Decimal(n) / 10 for n in range(40)]
    for n in range(PUSHED):
        bid = prices[n // 500 % 40]
        yield replace(
            first,
            exch_ms=LEAD_MS,
            bid=bid,
            ask=bid + Decimal("0.1"),
            bid_qty=sizes[n % 4999],
            ask_qty=sizes[(n * 7) % 4999],
            update_id=n + 2,
        )


async def bench_pushing() -> None:
    """Quotes as fast as the market's task plays them: exchange, book, rendering, framing and writing on one core."""
    source = MarketSource(CATALOGUE[SYMBOL], events=quotes())
    async with SimServer(BoxOptions((source,))) as server:
        port = server.ws.rpartition(":")[2]
        child = await asyncio.create_subprocess_exec(
            sys.executable, str(COUNTER), port, SYMBOL, str(PUSHED), stdout=subprocess.PIPE
        )
        await asyncio.sleep((LEAD_MS - WARM_UP_MS) / 1000 - 0.5)
        began = process_time()
        out, _ = await child.communicate()
        used = process_time() - began
    told = json.loads(out)
    rate = told["frames"] / told["seconds"]
    say(
        f"{'bookTicker frames to one client':<44}{told['seconds'] / told['frames'] * 1e9:>9,.0f} ns {rate:>13,.0f} /s"
        f"  aim: at least {FRAMES_PER_S:,} /s (server CPU {used / told['frames'] * 1e9:,.0f} ns a frame)"
    )


def signed(secret: str, **params: str) -> str:
    """Form parameters with time and signature."""
    text = urlencode({**params, "timestamp": str(time_ns() // 1_000_000)})
    return f"{text}&signature={hmac.digest(secret.encode(), text.encode(), 'sha256').hex()}"


async def bare(_: web.BaseRequest) -> web.Response:
    """What aiohttp itself takes to answer."""
    return web.Response(body=b"{}")


async def bench_round_trips() -> None:
    """POST and DELETE of one order after the other over one connection, beside a server that does nothing."""
    options = BoxOptions(
        (MarketSource(CATALOGUE[SYMBOL]),),
        positions=(Seat(SYMBOL, PositionSide.LONG, Decimal(5)),),
        order_limits=(1_000_000, 1_000_000),
        weight_limit=1_000_000,
    )
    runner = web.ServerRunner(web.Server(bare, access_log=None))
    await runner.setup()
    await web.TCPSite(runner, "127.0.0.1", 0).start()
    empty = f"http://127.0.0.1:{runner.addresses[0][1]}/"
    async with SimServer(options) as server, aiohttp.ClientSession() as session:
        headers = {"X-MBX-APIKEY": server.api_key, "Content-Type": "application/x-www-form-urlencoded"}
        url = f"{server.rest}/fapi/v1/order"
        ask = server.box.exchange.venue.market(SYMBOL).quote
        price = str((ask.ask * Decimal("1.02")).quantize(Decimal("0.1")) if ask else 60_000)
        nothing, posts, deletes = [], [], []
        for n in range(ORDERS):
            place = {"symbol": SYMBOL, "side": "SELL", "positionSide": "LONG", "type": "LIMIT", "timeInForce": "GTC"}
            place |= {"quantity": "0.01", "price": price, "newClientOrderId": f"bench-{n}"}
            began = perf_counter()
            async with session.post(empty, data="x") as answer:
                await answer.read()
            nothing.append(perf_counter() - began)
            body = signed(server.api_secret, **place)
            began = perf_counter()
            async with session.post(url, data=body, headers=headers) as answer:
                text = await answer.text()
            posts.append(perf_counter() - began)
            if answer.status != 200:
                raise AssertionError(text)
            body = signed(server.api_secret, symbol=SYMBOL, origClientOrderId=f"bench-{n}")
            began = perf_counter()
            async with session.delete(url, data=body, headers=headers) as answer:
                text = await answer.text()
            deletes.append(perf_counter() - began)
            if answer.status != 200:
                raise AssertionError(text)
    await runner.cleanup()
    for name, times in (("bare aiohttp round trip", nothing), ("order POST", posts), ("order DELETE", deletes)):
        tail = quantiles(times, n=100)[98]
        say(f"{name + ' over loopback':<44}{median(times) * 1e6:>9,.0f} us median {tail * 1e6:>9,.0f} us at 99 %")


def main() -> None:
    """Both."""
    asyncio.run(bench_round_trips())
    asyncio.run(bench_pushing())


if __name__ == "__main__":
    main()
