"""Marks by REST: one by one while they are few, out of one read of all where hundreds are asked for each second."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping
from decimal import Decimal
from typing import Any

from tests.binance.rest_desk import HandClock
from tests.binance.rest_stage import text

from vibe_quant.binance.asking import UNREADABLE, Asker
from vibe_quant.binance.holds import Hold
from vibe_quant.binance.marks import FEW, FRESH_MS, Marks
from vibe_quant.domain.events import Mark
from vibe_quant.ports import Accepted, Outcome, Rejected, Unknown

D = Decimal


class Exchange:
    """Has a mark of S0 to S199, and a row that is none; ``lost``: nobody answers."""

    has_wallet = True

    def __init__(self) -> None:
        self.asked: list[Mapping[str, str | int]] = []
        self.lost = False

    def no_room(self, weight: int) -> str | None:
        return None

    async def call(self, name: str, params: Mapping[str, str | int], hold: Hold) -> Outcome[str]:
        self.asked.append(params)
        await asyncio.sleep(0)
        if self.lost:
            return Unknown("no answer")
        rows: list[Any] = [{"symbol": f"S{n}", "markPrice": str(n + 1), "time": 9} for n in range(200)]
        wanted = params.get("symbol")
        return Accepted(text([{"pair": "?"}, *rows] if wanted is None else rows[int(str(wanted)[1:])]))

    async def close(self) -> None:
        """Nothing to end."""


def desk() -> tuple[Marks, Exchange, HandClock]:
    exchange, clock = Exchange(), HandClock()
    return Marks(Asker(exchange, clock)), exchange, clock


async def each(marks: Marks, count: int) -> list[Outcome[Mark]]:
    return list(await asyncio.gather(*(marks.of(f"S{n}/USDT:USDT", f"S{n}") for n in range(count))))


async def test_a_few_are_read_one_by_one() -> None:
    marks, exchange, clock = desk()
    for _ in range(3):
        told = await each(marks, FEW)
        assert [one.value.price for one in told if isinstance(one, Accepted)] == [D(n + 1) for n in range(FEW)]
        clock.pass_ms(1000)
    assert all("symbol" in params for params in exchange.asked)


async def test_hundreds_each_second_cost_no_more_than_a_few_reads_of_all() -> None:
    marks, exchange, clock = desk()
    for _ in range(10):
        told = await each(marks, 200)
        assert [one.value.price for one in told if isinstance(one, Accepted)] == [D(n + 1) for n in range(200)]
        assert all(isinstance(one, Accepted) and one.value.recv_ms == clock.now for one in told[FEW:])
        clock.pass_ms(1000)
    weight = sum(1 if "symbol" in params else 10 for params in exchange.asked)
    assert weight <= 10 * (10 + FEW), "of the 2400 of a minute, half at the most"


async def test_those_who_ask_at_other_moments_of_the_second_share_too() -> None:
    marks, exchange, clock = desk()
    await each(marks, 50)
    clock.pass_ms(FRESH_MS - 1)
    before = len(exchange.asked)
    assert isinstance(await marks.of("S7/USDT:USDT", "S7"), Accepted)
    assert len(exchange.asked) == before
    clock.pass_ms(1)
    assert isinstance(await marks.of("S7/USDT:USDT", "S7"), Accepted)
    assert len(exchange.asked) == before + 1


async def test_a_read_of_all_that_fails_or_lacks_one_is_a_failed_read() -> None:
    marks, exchange, clock = desk()
    (*_, missing) = [*await each(marks, 50), await marks.of("S999/USDT:USDT", "S999")]
    assert isinstance(missing, Rejected)
    assert missing.code == UNREADABLE
    clock.pass_ms(FRESH_MS)
    exchange.lost = True
    assert isinstance(await marks.of("S7/USDT:USDT", "S7"), Unknown)
