"""An exit of which something was not seen is never told as if its cost were whole."""

from __future__ import annotations

import io
from collections.abc import Sequence
from dataclasses import replace
from decimal import Decimal
from typing import Any

import pytest
from tests.app.test_cards import BTC, ETH, LONG, SHORT, Desk
from tests.operations_fake import COST, REPORT

from vibe_quant.app.cards import LACKING
from vibe_quant.app.exit_log import Interrupted
from vibe_quant.app.observers import Observer
from vibe_quant.cli.report_view import write_report
from vibe_quant.domain import events as ev
from vibe_quant.domain.intents import Intent
from vibe_quant.domain.service_settings import Language
from vibe_quant.lab.cost import CostMeter
from vibe_quant.telegram.cards import Cards as PhoneCards
from vibe_quant.telegram.wording import Words
from vibe_quant.web.trail import Trail

D = Decimal
SHOWN = " ".join(LACKING.split())


def card(desk: Desk) -> str:
    return " ".join(desk.out.getvalue().split())


def test_a_trade_at_which_a_defect_struck_is_not_in_the_cost_and_the_card_says_so(monkeypatch: Any) -> None:
    """The whole way: the observer skips the pair, the meter never gets it, the exit ends, and all that tell it know."""
    desk, whole = Desk(), CostMeter.see

    def fails_at_98(self: CostMeter, now: int, event: ev.Event, *rest: Any) -> None:
        if isinstance(event, ev.OrderUpdate) and event.last_price == 98:
            raise ArithmeticError("as the test wants it")
        whole(self, now, event, *rest)

    monkeypatch.setattr(CostMeter, "see", fails_at_98)
    observer = Observer("cards", desk.cards.see, missed=desk.cards.missed)

    def see(event: ev.Event, intents: Sequence[Intent] = (), symbol: str | None = BTC) -> None:
        desk.now += 1000
        observer.offer(desk.now, event, intents, ev.Quote(BTC, 1, 1, D("99.9"), D(1), D("100.1"), D(1)))
        observer.drain()

    monkeypatch.setattr(desk, "see", see)
    desk.position(LONG, "0.3")
    desk.position(SHORT, "0.2")
    desk.position(LONG, "0.3", symbol=ETH)
    desk.fill(LONG, "0.1", "99")
    desk.fill(LONG, "0.2", "98")
    desk.position(LONG, "0", 2)
    desk.finish(LONG)
    (cost,) = desk.told
    assert (cost.closed_qty, cost.start_qty, cost.lacking) == (D("0.1"), D("0.3"), True)
    assert SHOWN in card(desk)
    short, other = desk.cards.so_far(BTC, SHORT), desk.cards.so_far(ETH, LONG)
    assert short is not None
    assert other is not None
    assert short.lacking, "the same symbol's other leg may have been meant"
    assert not other.lacking, "another symbol's was not"


def test_an_exit_of_which_all_was_seen_says_nothing() -> None:
    desk = Desk()
    desk.position(LONG, "0.3")
    desk.fill(LONG, "0.3", "99")
    desk.position(LONG, "0", 2)
    desk.finish(LONG)
    assert [cost.lacking for cost in desk.told] == [False]
    assert SHOWN not in card(desk)


def test_an_exit_that_may_have_begun_unseen_lacks_what_came_before() -> None:
    desk = Desk()
    desk.position(LONG, "0.3", exch_ms=1)
    desk.position(LONG, "0", exch_ms=2)
    desk.finish(LONG)
    desk.cards.missed(None)  # its opening, and a first trade of it
    desk.position(LONG, "0.2", exch_ms=9)
    desk.position(LONG, "0", exch_ms=10)
    desk.finish(LONG)
    assert [cost.lacking for cost in desk.told] == [False, True]
    desk.position(LONG, "0.2", exch_ms=11)
    desk.position(LONG, "0", exch_ms=12)
    desk.finish(LONG)
    assert desk.told[-1].lacking is False, "of this one all was seen"


def test_over_a_restart_it_still_lacks() -> None:
    earlier, desk = Desk(), Desk()
    earlier.position(LONG, "0.3")
    earlier.cards.missed(BTC)
    earlier.see(ev.Stop(1))
    assert earlier.log.noted[-1].lacking
    desk.began(Interrupted(earlier.log.noted[-1], ()))
    found = desk.cards.so_far(BTC, LONG)
    assert found is not None
    assert found.lacking


def test_progress_is_by_the_position_where_trades_may_lack_and_claims_no_cost() -> None:
    desk = Desk()
    desk.position(LONG, "0.4")
    desk.fill(LONG, "0.1", "100")
    desk.position(LONG, "0.3", exch_ms=2)
    desk.cards.missed(None)
    desk.position(LONG, "0.1", exch_ms=3)
    progress = desk.cards.progress(BTC, LONG)
    assert progress is not None
    assert (progress.done, progress.eta_s, progress.cost_bps) == (D("0.75"), None, None)


def test_a_card_that_cannot_be_printed_does_not_spoil_the_end(logged: list[str], monkeypatch: Any) -> None:
    desk = Desk()
    desk.position(LONG, "0.3")
    desk.position(SHORT, "0.3")
    whole, calls = CostMeter.cost, list[CostMeter]()

    def fails_once(self: CostMeter, now: int) -> Any:
        calls.append(self)
        if len(calls) == 1:
            raise ArithmeticError("as the test wants it")
        return whole(self, now)

    monkeypatch.setattr(CostMeter, "cost", fails_once)
    desk.cards.close()
    assert desk.titles == ["Exit of SHORT 0.3 BTC/USDT:USDT, orderbook_price"]
    assert any("observer_failed |" in line for line in logged)


@pytest.mark.parametrize("language", list(Language))
def test_every_way_that_tells_of_it_says_it(language: Language) -> None:
    lacking = replace(COST, lacking=True)
    cards = PhoneCards(Words(language), lambda symbol, side: None)
    said = Words(language).say("exit.lacking")
    for cost, holds in ((COST, False), (lacking, True)):
        assert (said in cards.exit(cost)) is holds
        report = replace(REPORT, exits=(cost,))
        assert (said in cards.report(report)) is holds
        write_report(out := io.StringIO(), report)
        assert ("not all that happened was seen" in out.getvalue()) is holds
        assert (" *" in out.getvalue()) is holds


def test_the_pages_list_says_it() -> None:
    class Clock:
        def now_ms(self) -> int:
            return 0

        def server_ms(self) -> int:
            return 0

        @property
        def offset_ms(self) -> int:
            return 0

    trail = Trail("vq", Clock())
    trail.cost(COST)
    trail.cost(replace(COST, lacking=True))
    assert ["trades may lack" in one.text for one in trail.events] == [False, True]
