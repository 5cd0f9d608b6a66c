"""``doctor --probe`` on the wire: it reports what the exchange's switches say, and leaves it as it was."""

from __future__ import annotations

from dataclasses import fields, replace
from typing import Any

import pytest
from tests.app.probe_stage import COUNTDOWN, QUICK, RAW, probe_stage, words
from tests.e2e.stage import LONG, SHORT

from vibe_quant.app.probe_answers import ASKED, BELIEVED_MS
from vibe_quant.app.probe_words import Question, Word
from vibe_quant.domain.enums import PositionSide
from vibe_quant.sim.front.http import HttpResponse
from vibe_quant.sim.switches import Switches

YES, NO = Word.YES, Word.NO
HARSH = {
    Question.QUERY_LAG: YES,
    Question.PRIVATE_STREAM: YES,
    Question.CLOSERS_SUM: YES,
    Question.DUST_LIMIT: YES,
    Question.STOP_LISTED: YES,
    Question.SECOND_STOP: YES,
    Question.CANCEL_ALL: YES,
    Question.COUNTDOWN: YES,
}
"""What the defaults of the switches answer."""
OTHER: dict[str, tuple[Any, Question]] = {
    "query_lag_ms": (0, Question.QUERY_LAG),
    "closers_sum_refused": (False, Question.CLOSERS_SUM),
    "min_notional_relief_limit": (True, Question.DUST_LIMIT),
    "second_close_position_refused": (False, Question.SECOND_STOP),
    "cancel_all_cancels_algos": (False, Question.CANCEL_ALL),
    "countdown_cancels_algos": (False, Question.COUNTDOWN),
}
"""Each switch that a question is about, its other value, and that question."""
ALL_OTHER = Switches(**{name: value for name, (value, _) in OTHER.items()})


def test_the_table_names_switches_and_every_question_that_has_one() -> None:
    assert set(OTHER) <= {field.name for field in fields(Switches)}
    assert {question for _, question in OTHER.values()} == set(Question) - {
        Question.PRIVATE_STREAM,
        Question.STOP_LISTED,
    }
    assert set(ASKED) == set(Question)


@pytest.mark.parametrize("side", [LONG, SHORT])
async def test_what_the_harsher_switches_say_is_reported_and_nothing_is_left(side: PositionSide) -> None:
    async with probe_stage() as on:
        report = await on.probe(side)
        assert report.good, report
        assert words(report) == HARSH
        assert list(on.replies) == list(report.answers)
        codes = {reply.question: reply.code for reply in report.answers if reply.code}
        assert codes == {
            Question.QUERY_LAG: -2013,
            Question.CLOSERS_SUM: -2022,
            Question.DUST_LIMIT: -4164,
            Question.SECOND_STOP: -4130,
        }
        matter = {reply.question for reply in report.answers if reply.matters}
        assert matter == {Question.CANCEL_ALL, Question.COUNTDOWN}
        assert report.before == report.after == on.truth.seats[RAW, side]
        on.judge()


@pytest.mark.parametrize("side", [LONG, SHORT])
async def test_what_the_kinder_switches_say_is_reported_and_nothing_is_left(side: PositionSide) -> None:
    async with probe_stage(ALL_OTHER) as on:
        report = await on.probe(side)
        assert report.good, report
        assert words(report) == {**HARSH, **{question: NO for _, question in OTHER.values()}}
        assert not any(reply.matters or reply.code for reply in report.answers)
        on.judge()


@pytest.mark.parametrize("switch", OTHER)
async def test_each_switch_alone_turns_its_own_answer(switch: str) -> None:
    value, question = OTHER[switch]
    async with probe_stage(Switches(**{switch: value})) as on:
        report = await on.probe()
        assert report.good, report
        assert words(report) == {**HARSH, question: NO}
        on.judge()


@pytest.mark.parametrize("knocks", [True, False])
async def test_closers_beyond_the_leg_that_the_exchange_takes_are_put_away(knocks: bool) -> None:
    async with probe_stage(Switches(closers_sum_refused=False, knock_out_closers=knocks)) as on:
        report = await on.probe()
        assert report.good, report
        assert words(report)[Question.CLOSERS_SUM] is NO
        on.judge()


async def test_how_long_an_order_is_denied_is_measured_and_matters_beyond_what_is_allowed_for() -> None:
    async with probe_stage(Switches(query_lag_ms=BELIEVED_MS + 300)) as on:
        report = await on.probe(times=replace(QUICK, patience_ms=20_000))
        reply = next(reply for reply in report.answers if reply.question is Question.QUERY_LAG)
        assert reply.ms is not None
        assert reply.ms > BELIEVED_MS
        assert reply.matters
        assert report.good
        on.judge()


async def test_a_lag_without_an_end_is_said_and_the_rest_is_asked() -> None:
    async with probe_stage(Switches(query_lag_ms=60_000)) as on:
        report = await on.probe(times=replace(QUICK, patience_ms=1500))
        assert words(report) == {**HARSH, Question.QUERY_LAG: Word.UNANSWERED}
        on.judge()


@pytest.mark.parametrize(
    ("fault", "says"),
    [
        ({"kind": "listen_key_bogus", "when": {"rate": "1"}}, "silent"),
        ({"kind": "event_lost", "when": {"rate": "1"}}, "silent"),
        (
            {"kind": "unavailable_503", "when": {"rate": "1"}, "where": {"endpoint": "POST /fapi/v1/listenKey"}},
            "no conn",
        ),
    ],
)
async def test_a_private_stream_that_does_not_deliver_is_told(fault: dict[str, Any], says: str) -> None:
    async with probe_stage(faults=(fault,)) as on:
        report = await on.probe(times=replace(QUICK, patience_ms=1500))
        reply = next(reply for reply in report.answers if reply.question is Question.PRIVATE_STREAM)
        assert (reply.answer, reply.matters) == (NO, True)
        assert says in reply.text
        assert on.server.api_secret not in repr(report)
        on.judge()


async def test_a_symbol_whose_least_order_is_no_dust_says_so() -> None:
    async with probe_stage(seats=((LONG, "0.01"),), symbol="BTCUSDT") as on:
        report = await on.probe(named="btc")
        assert words(report) == {**HARSH, Question.DUST_LIMIT: Word.UNANSWERED}
        assert "worth more" in next(r.text for r in report.answers if r.question is Question.DUST_LIMIT)


async def test_other_legs_and_what_others_have_in_other_symbols_are_left_alone() -> None:
    async with probe_stage(others=("BTCUSDT",), beside=(("BTCUSDT", LONG, "0.1"),)) as on:
        on.act("foreign_stop", symbol="BTCUSDT", side="LONG", client_id="mine", when={"at_s": 0})
        assert on.waiting() == ["mine"]
        assert (await on.probe()).good
        on.judge(others=("mine",))


@pytest.mark.parametrize("kind", ["foreign_order", "foreign_stop"])
async def test_what_comes_to_rest_while_a_countdown_runs_is_spared(kind: str) -> None:
    async with probe_stage() as on:
        more = {"price": "9000", "qty": "0.5"} if kind == "foreign_order" else {}
        come = {"symbol": RAW, "side": "SHORT", "client_id": "mine", "when": {"at_s": 0}}
        if kind == "foreign_order":
            more["price"] = "900"

        def comes() -> None:
            on.fault(kind, **come, **more)

        on.at(COUNTDOWN, 1, comes)
        report = await on.probe(times=replace(QUICK, countdown_ms=4000))
        assert "mine" in report.stopped
        assert report.left == ()
        assert Question.COUNTDOWN not in words(report)
        on.judge(others=("mine",))


async def test_a_leg_that_changes_meanwhile_is_said() -> None:
    async with probe_stage() as on:
        on.at(COUNTDOWN, 1, lambda: on.fault("position_enlarged", symbol=RAW, side="LONG", qty="1", when={"at_s": 0}))
        report = await on.probe()
        assert report.after == report.before + 1
        assert not report.good
        assert report.left == ()


@pytest.mark.parametrize(
    ("endpoint", "nth", "code", "question"),
    [
        ("POST /fapi/v1/order", 2, -4016, Question.CLOSERS_SUM),
        ("POST /fapi/v1/order", 3, -2019, Question.DUST_LIMIT),
        ("POST /fapi/v1/algoOrder", 2, -4045, Question.SECOND_STOP),
        ("GET /fapi/v1/order", 1, -1121, Question.QUERY_LAG),
    ],
)
async def test_a_refusal_that_is_about_something_else_is_no_answer(
    endpoint: str, nth: int, code: int, question: Question
) -> None:
    async with probe_stage() as on:
        on.fault("refuse", code=code, message="no", where={"endpoint": endpoint}, when={"nth": nth})
        report = await on.probe()
        assert words(report) == {**HARSH, question: Word.UNANSWERED}
        reply = next(reply for reply in report.answers if reply.question is question)
        assert (reply.code, reply.matters) == (code, False)
        assert report.good
        on.judge()


@pytest.mark.parametrize(
    ("endpoint", "lost"),
    [
        (
            "POST /fapi/v1/order",
            {
                Question.QUERY_LAG,
                Question.PRIVATE_STREAM,
                Question.CLOSERS_SUM,
                Question.CANCEL_ALL,
                Question.COUNTDOWN,
            },
        ),
        (
            "POST /fapi/v1/algoOrder",
            {Question.STOP_LISTED, Question.SECOND_STOP, Question.CANCEL_ALL, Question.COUNTDOWN},
        ),
    ],
)
async def test_where_nothing_is_taken_each_question_says_why_it_was_not_answered(
    endpoint: str, lost: set[Question]
) -> None:
    async with probe_stage() as on:
        on.fault("refuse", code=-4016, message="too far", where={"endpoint": endpoint}, when={"rate": "1"})
        report = await on.probe()
        unanswered = {reply.question for reply in report.answers if reply.answer is Word.UNANSWERED}
        assert lost <= unanswered
        assert len(report.answers) == len(Question)
        assert any("-4016" in reply.text for reply in report.answers)
        on.judge()


async def test_a_stop_that_is_not_listed_matters() -> None:
    async with probe_stage() as on:
        on.fault("stale_read", behind_ms=60_000, where={"endpoint": "GET /fapi/v1/openAlgoOrders"}, when={"rate": "1"})
        report = await on.probe(times=replace(QUICK, patience_ms=700))
        reply = next(reply for reply in report.answers if reply.question is Question.STOP_LISTED)
        assert (reply.answer, reply.matters) == (NO, True)
        assert words(report)[Question.COUNTDOWN] is Word.UNANSWERED, "a stop that nobody sees proves nothing"
        on.judge()


async def test_an_exchange_on_which_nothing_is_swept_leaves_the_question_open() -> None:
    async with probe_stage() as on:
        for endpoint in (COUNTDOWN, "DELETE /fapi/v1/allOpenOrders"):
            body = (
                '{"symbol":"ETHUSDT","countdownTime":"1000"}' if endpoint == COUNTDOWN else '{"code":200,"msg":"done"}'
            )
            answers_emptily(on, endpoint, body)
        report = await on.probe(times=replace(QUICK, patience_ms=2500))
        assert words(report) == {**HARSH, Question.CANCEL_ALL: Word.UNANSWERED, Question.COUNTDOWN: Word.UNANSWERED}
        assert not any(reply.matters for reply in report.answers)


def answers_emptily(on: Any, endpoint: str, body: str) -> None:
    """The exchange says yes and does nothing."""
    box = on.server.box
    work = box.work

    def instead(request: Any, fate: Any, now: int) -> Any:
        switches_off = b"countdownTime=0" in request.body or "countdownTime=0" in request.query
        if f"{request.method} {request.path}" == endpoint and not switches_off:
            return HttpResponse(200, body.encode())
        return work(request, fate, now)

    box.work = instead
