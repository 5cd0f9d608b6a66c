"""How an imagined account begins, what of its configuration refuses the start, and what stands for it."""

from __future__ import annotations

from decimal import Decimal
from pathlib import Path

import pytest
from tests.app.fake_exchange import FakeClock, rules
from tests.app.paper_stage import BTC, LONG, SHORT, FakeFeed, FakePublic

from vibe_quant.app.instance import Held
from vibe_quant.app.paper import PaperOpening, paper_account
from vibe_quant.app.paper_exchange import PaperExchange
from vibe_quant.app.paper_feeds import LEVELS, PaperMarketFeed, PaperTap
from vibe_quant.app.paper_venue import PaperVenue
from vibe_quant.app.patience import Patience
from vibe_quant.app.start_findings import Check, Finding
from vibe_quant.domain.enums import PositionSide, Severity
from vibe_quant.domain.intents import Notify
from vibe_quant.domain.market import Wants
from vibe_quant.domain.settings import PaperSettings, SeededPosition
from vibe_quant.ports import Accepted, Rejected
from vibe_quant.sim.latency import ConstantLatency

D = Decimal
PEPE = "PEPE/USDT:USDT"


def seat(symbol: str = BTC, side: PositionSide = LONG, qty: str = "1", entry: str | None = None) -> SeededPosition:
    return SeededPosition(symbol, side, D(qty), None if entry is None else D(entry))


class Began:
    """An opening that is over."""

    def __init__(self, *seats: SeededPosition, leverage: int = 20) -> None:
        self.clock = FakeClock()
        self.public = FakePublic(self.clock)
        self.public.listed[PEPE] = rules(PEPE)
        self.said: list[Notify] = []
        self.market = FakeFeed()
        settings = PaperSettings(leverage=leverage, positions=seats)
        self.venue = PaperVenue(self.clock, ConstantLatency(), settings)
        self.exchange = PaperExchange(self.venue, self.public, self.clock, self.clock.sleep)
        self.feed = PaperMarketFeed(self.market, PaperTap(self.venue, lambda _: None))
        self._opening = PaperOpening(self.venue, self.exchange, self.feed, settings)

    async def run(self) -> tuple[Finding, ...]:
        async def resync() -> None:
            """Nothing to measure."""

        return await self._opening.run(Patience(self.clock, self.said.append, resync, self.clock.sleep))

    @property
    def legs(self) -> dict[tuple[str, PositionSide], tuple[Decimal, Decimal]]:
        return {key: (leg.qty, leg.entry) for key, leg in self.venue.exchange.account.legs.items() if leg.qty}


async def test_legs_are_seated_at_their_entry_or_at_the_mark_and_followed() -> None:
    began = Began(seat(entry="58000"), seat(side=SHORT, qty="0.5"))
    (assumed,) = await began.run()
    assert began.legs == {(BTC, LONG): (D(1), D(58_000)), (BTC, SHORT): (D("0.5"), D(60_000))}
    assert not assumed.refuses
    for piece in ("nothing is ever sent", "no API key is read", "default ladders", "0.02 %", "begins anew"):
        assert piece in assumed.text
    read = await began.exchange.snapshot(None, ())
    assert isinstance(read, Accepted)
    assert len(read.value.positions or ()) == 2
    began.feed.follow({})
    assert began.market.wanted == {BTC: Wants(LEVELS)}


async def test_an_account_without_positions_has_nothing_to_do() -> None:
    _, empty = await Began().run()
    assert "global.paper.positions is empty" in empty.text
    assert (empty.refuses, empty.severity) == (False, Severity.WARNING)


async def test_an_exchange_that_does_not_answer_is_waited_for() -> None:
    began = Began(seat())
    began.public.silent = 3
    await began.run()
    assert began.legs
    assert began.clock.now >= 1_000_000 + 7_000
    assert [notice for notice in began.said if f"the rules of {BTC}" in notice.text]


@pytest.mark.parametrize(
    ("wrong", "check", "says"),
    [
        (seat("XYZ/USDT:USDT"), Check.SYMBOL, ["XYZ/USDT:USDT", "no such perpetual contract"]),
        (seat(PEPE), Check.SYMBOL, [PEPE, "has no mark price (-1122"]),
        (seat(qty="0.0005"), Check.ACCOUNT, ["0.0005", "no multiple of the lot step 0.001"]),
    ],
    ids=["unlisted", "without a mark", "off the grid"],
)
async def test_what_no_account_can_hold_refuses_the_start(wrong: SeededPosition, check: Check, says: list[str]) -> None:
    began = Began(wrong)
    (found,) = [finding for finding in await began.run() if finding.refuses]
    assert (found.check, found.symbol) == (check, wrong.symbol)
    assert [
        piece for piece in [*says, "global.paper.positions", "Nothing was started."] if piece not in found.text
    ] == []
    assert began.legs == {}


async def test_rules_that_cannot_be_read_refuse_it_too() -> None:
    began = Began(seat())
    began.public.listed[BTC] = Rejected(200, "unreadable", 0)
    (found,) = [finding for finding in await began.run() if finding.refuses]
    assert "could not be read (200 unreadable)" in found.text


async def test_a_leverage_that_the_contract_cannot_have_is_said() -> None:
    began = Began(seat(PEPE), leverage=100)
    began.public.marks[PEPE] = D("0.01")
    (found,) = [finding for finding in await began.run() if finding.severity is Severity.WARNING]
    assert f"{PEPE}: its leverage is 50" in found.text
    assert not found.refuses


def test_the_record_is_what_stands_for_the_account(tmp_path: Path) -> None:
    here, there = (paper_account(tmp_path / name / "journal.sqlite") for name in ("a", "b"))
    assert here != there
    assert here == paper_account(tmp_path / "b" / ".." / "a" / "journal.sqlite")
    assert "--state" in Held(here, None, 1).text
    assert "API key" not in Held(here, None, 1).text
    assert "API key of another account" in Held("0123456789abcdef", None, 1).text
