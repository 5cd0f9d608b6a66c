"""Nothing goes wrong: both sides reach zero, under their stops, and everything is recorded as the exchange has it."""

from __future__ import annotations

from collections import defaultdict
from decimal import Decimal
from pathlib import Path

from tests.e2e.stage import CONFIG, SHORT, Scene, settings, stage

from vibe_quant.app.application import DONE, Goal

SCENE = Scene(others=("ETHUSDT",), beside=(("ETHUSDT", SHORT, "3"),))
BOTH = settings(f'{CONFIG}  "ETH/USDT:USDT": {{}}\n')


async def test_both_sides_reach_zero_and_the_records_add_up_with_the_exchanges_own(tmp_path: Path) -> None:
    async with stage(tmp_path, SCENE, chosen=BOTH) as on:
        await on.protected()
        assert len(on.truth.stops()) == 2
        await on.flat()
        assert await on.stop() == DONE
        booked: dict[str, Decimal] = defaultdict(Decimal)
        for row in on.journal.rows(kinds=("fill",)):
            booked[row.side] += Decimal(row.data()["last_qty"])
        assert booked == {"LONG": Decimal("0.3"), "SHORT": Decimal(3)}


async def test_it_ends_by_itself_when_that_is_its_goal(tmp_path: Path) -> None:
    async with stage(tmp_path, SCENE, chosen=BOTH, start=False) as on:
        on.start(Goal.FLAT)
        assert await on.ended() == DONE
        assert not any(on.truth.left(leg) for leg in on.truth.seats)
        assert on.truth.stops() == []
