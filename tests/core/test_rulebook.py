"""When a symbol's rules are read, and when they are read again."""

from __future__ import annotations

from dataclasses import replace
from decimal import Decimal

from tests.core.scenario import BRACKETS, BTC, RULES, orders, started

from vibe_quant.core.rulebook import Rulebook
from vibe_quant.domain import events as ev
from vibe_quant.domain.enums import RequestKind, Stream
from vibe_quant.domain.events import RulesLoaded
from vibe_quant.domain.intents import FetchRules


def test_a_first_stream_asks_only_while_nothing_is_known_and_one_that_is_back_asks_anew() -> None:
    book = Rulebook(BTC)
    assert book.stream_up(Stream.BOOK, 5, again=False) == [FetchRules(BTC, f"the {Stream.BOOK} stream is up")]
    assert (book.awaited, book.rules) == (False, None)
    book.loaded(RulesLoaded(RULES, 10), 10)
    assert book.stream_up(Stream.BOOK, 20, again=False) == []
    assert book.stream_up(Stream.BOOK, 30, again=True) == [FetchRules(BTC, f"the {Stream.BOOK} stream is up", 30)]
    assert (book.awaited, book.due_ms) == (True, 10_030)
    assert book.stream_up(Stream.MARKET, 31, again=False) == []
    assert (book.awaited, book.due_ms) == (True, 10_030), "one that is new does not answer for the one that was gone"
    book.loaded(RulesLoaded(RULES, 40), 40)
    assert (book.awaited, book.rules) == (False, RULES)


def test_doubt_lasts_until_they_were_read() -> None:
    book = Rulebook(BTC)
    book.loaded(RulesLoaded(RULES, 0), 0)
    assert (book.doubted, book.awaited) == (False, False)
    assert book.doubt("an order was refused", 5) == [FetchRules(BTC, "an order was refused", 5)]
    assert (book.doubted, book.awaited) == (True, False)
    book.failed(6)
    assert (book.doubted, book.awaited) == (True, False)
    assert book.tick(2006) == [FetchRules(BTC, "read again every ten minutes, sooner where that failed", 5)]
    book.loaded(RulesLoaded(RULES, 7), 7)
    assert (book.doubted, book.awaited) == (False, False)


def test_it_is_read_again_after_ten_minutes_after_silence_and_sooner_after_a_failure() -> None:
    book = Rulebook(BTC)
    assert (book.due_ms, book.tick(10**9)) == (None, [])
    book.loaded(RulesLoaded(RULES, 0), 0)
    assert (book.due_ms, book.tick(599_999)) == (600_000, [])
    [asked] = book.tick(600_000)
    assert isinstance(asked, FetchRules)
    assert (book.due_ms, book.tick(609_999)) == (610_000, [])
    assert len(book.tick(610_000)) == 1
    assert book.failed(610_005) == []
    assert (book.due_ms, book.tick(612_004)) == (612_005, [])
    assert len(book.tick(612_005)) == 1


def test_of_a_contract_that_is_delisted_the_rules_are_asked_for_once_a_minute_and_nothing_is_made_by_them() -> None:
    desk = started("1")
    book = desk.engine.desks[BTC].rulebook
    t = desk.now
    desk.feed(ev.Refused(RequestKind.RULES, BTC, "", -1121, t, t))
    assert (book.due_ms, book.doubted) == (t + 60_000, True)
    assert orders(desk.rise()) == []
    assert desk.view().blocked == "the symbol's rules are being read again"
    book.loaded(RulesLoaded(RULES, t), t)
    assert not book.doubted, "it is listed again"


def test_another_tick_or_step_is_another_grid_and_brackets_outlast_a_read_without_them() -> None:
    book = Rulebook(BTC)
    assert not book.loaded(RulesLoaded(RULES, 0, BRACKETS), 0), "the first rules replace nothing"
    assert not book.loaded(RulesLoaded(replace(RULES, min_notional=Decimal(7)), 1), 1)
    assert book.brackets == BRACKETS
    assert book.rules is not None
    assert book.rules.min_notional == 7
    assert book.loaded(RulesLoaded(replace(RULES, tick=Decimal("0.5")), 2), 2)
    assert book.loaded(RulesLoaded(replace(RULES, tick=Decimal("0.5"), step=Decimal("0.1")), 3), 3)
