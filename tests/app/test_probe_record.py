"""What ``doctor --probe`` keeps, how it ends in words, where its orders rest, and how they are told from others."""

from __future__ import annotations

import json
from dataclasses import replace
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from vibe_quant.app.checkup import Grade
from vibe_quant.app.clock import StartIds, SystemClock
from vibe_quant.app.probe import ProbeReport
from vibe_quant.app.probe_answers import Reply, seen, unanswered
from vibe_quant.app.probe_ids import is_probes, probe_run
from vibe_quant.app.probe_places import places
from vibe_quant.app.probe_record import NAME, Asker, kept, of_dead_man, read, write
from vibe_quant.app.probe_words import Question
from vibe_quant.cli.doctor_probe_view import as_json, closing_words, symptom_of
from vibe_quant.core.stop_ids import StopIds
from vibe_quant.domain.enums import PositionSide
from vibe_quant.domain.settings import Venue
from vibe_quant.sim.catalogue import CATALOGUE

D = Decimal
LONG, SHORT = PositionSide.LONG, PositionSide.SHORT


def report(**more: Any) -> ProbeReport:
    """A good one, with two answers."""
    answers = (seen(Question.COUNTDOWN, False, "it stood"), unanswered(Question.DUST_LIMIT, "too dear"))
    return replace(ProbeReport("ETH/USDT:USDT", LONG, D(2), D(2), answers), **more)


BY = Asker("2026-11-22 01:00:00Z", "testnet", "demo.invalid", "1.2.3")


def test_how_it_ended_in_words() -> None:
    assert list(closing_words(report())) == [
        "Nothing of the probe rests in ETH/USDT:USDT.",
        "ETH/USDT:USDT LONG holds 2, as before.",
    ]
    left = " ".join(closing_words(report(stopped="429", left=("vq-p-1", "countdown of ETH"), trouble="no way")))
    assert "Not everything was asked: 429." in left
    assert "NOT VERIFIED GONE in ETH/USDT:USDT: vq-p-1, countdown of ETH (no way)" in left
    assert "held 2 and holds 3" in " ".join(closing_words(report(after=D(3))))
    assert "could not be read" in " ".join(closing_words(report(after=None, left=("a",))))
    assert not report(after=None).good
    assert json.loads(as_json(report(), BY, None))["file"] is None
    assert [symptom_of(reply).grade for reply in report().answers] == [Grade.OK, Grade.WARN]


def test_what_is_kept_gives_way_question_by_question(tmp_path: Path) -> None:
    state = tmp_path / "testnet"
    assert read(state) is None
    assert write(state, kept(report(), BY)) == state / NAME
    yes = report(answers=(seen(Question.CLOSERS_SUM, True, "refused", -2022),))
    write(state, kept(yes, replace(BY, at="later")))
    record = read(state)
    assert record is not None
    assert {name: one.at for name, one in record.answers.items()} == {"countdown": BY.at, "closers_sum": "later"}
    (state / NAME).write_text("{", encoding="utf-8")
    assert read(state) is None
    write(state, kept(yes, BY))
    assert read(state) is not None


@pytest.mark.parametrize("asks", list(Venue))
def test_live_and_paper_go_by_what_the_demo_environment_said(tmp_path: Path, asks: Venue) -> None:
    known, text = of_dead_man(tmp_path / asks.value, asks)
    assert not known
    assert "nobody has asked" in text
    assert "count on it that it does" in text
    answered(tmp_path, yes=True)
    known, text = of_dead_man(tmp_path / asks.value, asks)
    assert known is (asks is not Venue.SIM)
    if known:
        for words in ("takes protective stops with it", "testnet (demo.invalid)", BY.at, "1.2.3", "leave it off"):
            assert words in text
    answered(tmp_path, yes=False)
    assert ("leaves protective stops standing" in of_dead_man(tmp_path / asks.value, asks)[1]) is known


def answered(tmp_path: Path, yes: bool) -> Path:
    write(tmp_path / "testnet", kept(report(answers=(seen(Question.COUNTDOWN, yes, "so"),)), BY))
    return tmp_path


def test_a_reply_knows_its_question() -> None:
    assert isinstance(report().answers[0], Reply)
    assert report().answers[0].asked.asks.endswith("?")


def test_ids_of_a_probe_are_told_from_those_of_a_service() -> None:
    wall = SystemClock().wall_ms()
    for run, whether in ((probe_run(wall), True), (probe_run(0), True), (StartIds().run(), False), ("r1", False)):
        stop = StopIds("vq", run).new_id("BTC/USDT:USDT", LONG)
        assert (is_probes(f"vq-{run}-12", "vq"), is_probes(stop, "vq")) == (whether, whether), run
        assert len(stop) <= 36
        assert not is_probes(f"vq-{run}-12", "other")
    assert not is_probes("web_aBcDeF", "vq")
    assert probe_run(wall) != probe_run(wall + 1000)


@given(
    name=st.sampled_from(sorted(CATALOGUE)),
    side=st.sampled_from([LONG, SHORT]),
    share=st.decimals("0.2", "3", places=3),
    lots=st.integers(1, 10_000_000),
)
def test_places_are_far_and_on_the_grid_and_quantities_within_the_leg(
    name: str, side: PositionSide, share: Decimal, lots: int
) -> None:
    instrument = CATALOGUE[name]
    rules, mark = instrument.rules, instrument.price * share
    qty = rules.step * lots
    found = places(side, qty, mark, rules)
    if isinstance(found, str):
        return
    for price in (found.limit, found.stop, found.other_stop):
        assert price % rules.tick == 0
        assert rules.min_price <= price <= rules.max_price
        assert abs(price / mark - 1) >= D("0.2")
    up = side is LONG
    assert (found.limit > mark) is up
    assert (found.stop > mark) is (found.other_stop > mark) is not up
    for size in (found.whole, found.lot, found.dust or found.lot):
        assert 0 < size <= qty
        assert size % rules.step == 0
    assert found.lot * found.limit >= rules.min_notional
    assert found.dust is None or found.dust * found.limit < rules.min_notional
    assert found.holds_all is (found.whole == rules.floor_qty(qty))


def test_bounds_that_leave_no_room_and_a_leg_beyond_one_order() -> None:
    rules = CATALOGUE["ETHUSDT"].rules
    narrow = places(LONG, D(2), D(2800), replace(rules, max_price=D(3000)))
    assert isinstance(narrow, str)
    assert "no room" in narrow
    large = places(LONG, D(20_000), D(2800), rules)
    assert not isinstance(large, str)
    assert (large.whole, large.holds_all) == (rules.max_qty, False)
