from __future__ import annotations

from dataclasses import replace
from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st
from tests.core.scenario import LONG, NO_STOP, OFFSET, SHORT, Scenario, listed, of, only, symbol

from vibe_quant.core.dead_man import DeadMan
from vibe_quant.domain.enums import OrderType, PositionSide, RequestKind, StopStatus
from vibe_quant.domain.events import DeadManAck, NotSent, RateUsage, Refused, StopReport, Unknown
from vibe_quant.domain.intents import ArmDeadMan, DisarmDeadMan, Intent, Notify, ReadStops
from vibe_quant.domain.risk_settings import DeadManSettings, RiskSettings

D = Decimal
SYMBOL = "BTC/USDT:USDT"
ON = DeadManSettings(enabled=True, countdown_s=120)
ARM, DISARM, READ = ArmDeadMan(SYMBOL, 120_000), DisarmDeadMan(SYMBOL), ReadStops(SYMBOL)
REFRESH = ArmDeadMan(SYMBOL, 120_000, refreshes=True)
CALL = RequestKind.DEAD_MAN


WITH_IT = replace(symbol(sides=(LONG,)), risk=RiskSettings(protective_stop=NO_STOP, dead_man=ON))


def ack(ms: int) -> DeadManAck:
    return DeadManAck(SYMBOL, ms, 0)


def armed() -> DeadMan:
    dead_man = DeadMan(SYMBOL, ON)
    assert dead_man.on_orders(1, 0, 0) == [ARM]
    assert dead_man.on_ack(ack(120_000), 100) == []
    return dead_man


def test_off_by_default() -> None:
    dead_man = DeadMan(SYMBOL, DeadManSettings())
    assert dead_man.on_orders(1, 0, 0) == []
    assert (dead_man.deadline(), dead_man.armed, dead_man.on_stop(0)) == (None, False, [])


def test_armed_when_working_and_refreshed_at_a_quarter() -> None:
    dead_man = armed()
    assert dead_man.on_orders(2, 0, 200) == []
    assert dead_man.deadline() == 30_000
    assert dead_man.on_timer(29_999) == []
    assert dead_man.on_timer(30_000) == [REFRESH]
    assert dead_man.on_timer(30_001) == []
    assert dead_man.deadline() == 35_000


def test_not_where_a_foreign_order_rests_and_disarmed_when_one_appears() -> None:
    dead_man = DeadMan(SYMBOL, ON)
    assert dead_man.on_orders(1, 1, 0) == []
    assert dead_man.deadline() is None
    assert dead_man.on_orders(1, 0, 10) == [ARM]
    assert dead_man.on_orders(1, 1, 20) == []  # one call at a time
    assert dead_man.on_ack(ack(120_000), 30) == [DISARM]
    assert dead_man.armed
    assert dead_man.on_ack(ack(0), 40) == []
    assert not dead_man.armed


def test_disarmed_after_five_seconds_without_own_orders() -> None:
    dead_man = armed()
    assert dead_man.on_orders(0, 0, 1000) == []
    assert dead_man.on_orders(0, 0, 3000) == []
    assert dead_man.deadline() == 6000
    assert dead_man.on_timer(5999) == []
    assert dead_man.on_orders(1, 0, 5999) == []
    assert dead_man.on_orders(0, 0, 7000) == []
    assert dead_man.on_timer(12_000) == [DISARM]


def test_refreshed_in_the_gap_between_two_orders() -> None:
    dead_man = armed()
    dead_man.on_orders(0, 0, 28_000)
    assert dead_man.on_timer(30_000) == [REFRESH]


def test_the_last_call_of_a_clean_stop_and_switching_off() -> None:
    dead_man = armed()
    dead_man.on_orders(0, 0, 200)
    assert dead_man.on_stop(300) == [DISARM]
    assert dead_man.armed
    assert dead_man.on_ack(ack(0), 310) == []
    assert (dead_man.armed, dead_man.deadline()) == (False, None)
    assert armed().on_settings(DeadManSettings(), 10) == [DISARM]


def test_a_last_call_that_fails_is_repeated_until_it_is_known_to_have_been_heard() -> None:
    dead_man = armed()
    dead_man.on_orders(0, 0, 200)
    assert dead_man.on_stop(300) == [DISARM]
    assert dead_man.on_failed(Unknown(CALL, SYMBOL, "", 310), 310) == []
    assert (dead_man.armed, dead_man.deadline()) == (True, 1310)
    assert dead_man.on_timer(1310) == [DISARM]
    assert dead_man.on_failed(NotSent(CALL, SYMBOL, "", 1320), 1320) == []
    assert (dead_man.armed, dead_man.deadline()) == (True, 3320)
    assert dead_man.on_timer(3320) == [DISARM]
    dead_man.on_ack(ack(0), 3330)
    assert not dead_man.armed


def test_the_last_call_waits_for_a_refresh_that_is_under_way_and_none_follows_it() -> None:
    dead_man = armed()
    assert dead_man.on_timer(30_000) == [REFRESH]
    dead_man.on_orders(0, 0, 30_001)
    assert dead_man.on_stop(30_002) == []
    assert dead_man.on_ack(ack(120_000), 30_010) == [DISARM]
    dead_man.on_ack(ack(0), 30_020)
    assert dead_man.on_orders(1, 0, 30_030) == []
    assert not dead_man.armed


def test_an_unknown_answer_counts_as_armed_and_is_repeated() -> None:
    dead_man = DeadMan(SYMBOL, ON)
    dead_man.on_orders(1, 0, 0)
    assert dead_man.on_failed(Unknown(CALL, SYMBOL, "", 10), 10) == []
    assert dead_man.armed
    assert dead_man.deadline() == 1010
    assert dead_man.on_timer(1010) == [REFRESH]
    assert dead_man.on_failed(Unknown(CALL, SYMBOL, "", 1020), 1020) == []
    assert dead_man.on_orders(0, 0, 1020) == []
    assert dead_man.on_timer(6020) == [DISARM]
    assert dead_man.on_failed(Unknown(CALL, SYMBOL, "", 6030), 6030) != []  # said after the third
    assert dead_man.armed
    assert dead_man.on_timer(9030) == [DISARM]


@pytest.mark.parametrize("answer", [Refused(CALL, SYMBOL, "", -1000, 0, 0, "no"), NotSent(CALL, SYMBOL, "", 0, "ban")])
def test_certainly_not_armed(answer: Refused | NotSent) -> None:
    dead_man = DeadMan(SYMBOL, ON)
    assert dead_man.on_failed(answer, 0) == []  # nothing was asked
    said: list[Intent] = []
    now = 0
    for _ in range(4):
        assert dead_man.on_orders(1, 0, now) == [ARM]
        said += dead_man.on_failed(answer, now)
        assert not dead_man.armed
        assert dead_man.on_orders(1, 0, now) == []
        wake = dead_man.deadline()
        assert wake is not None
        assert wake > now
        now = wake
    (warning,) = said
    assert isinstance(warning, Notify)
    assert ("-1000 no" in warning.text) or ("ban" in warning.text)


def test_a_lost_answer_is_asked_again_after_five_seconds() -> None:
    dead_man = DeadMan(SYMBOL, ON)
    dead_man.on_orders(1, 0, 0)
    assert dead_man.on_timer(4999) == []
    assert dead_man.on_timer(5000) == []
    assert dead_man.on_timer(6000) == [REFRESH]


def test_after_a_gap_longer_than_the_countdown_the_stops_are_read() -> None:
    dead_man = armed()
    assert dead_man.on_timer(120_000) == [READ, REFRESH]  # counted from the call, not from its answer
    slept = armed()
    assert slept.on_orders(0, 0, 300_000) == [READ]
    assert not slept.armed
    late = DeadMan(SYMBOL, ON)
    late.on_orders(1, 0, 0)
    late.on_timer(6000)
    late.on_timer(115_000)
    assert READ in late.on_timer(121_000)
    assert late.armed


def test_others_answers_are_passed_over() -> None:
    dead_man = DeadMan(SYMBOL, ON)
    dead_man.on_orders(1, 0, 0)
    before = dead_man.deadline()
    dead_man.on_ack(DeadManAck("ETH/USDT:USDT", 120_000, 0), 1)
    dead_man.on_ack(ack(0), 1)
    dead_man.on_failed(Unknown(RequestKind.SUBMIT, SYMBOL, "x", 0), 1)
    dead_man.on_failed(Unknown(CALL, "ETH/USDT:USDT", "x", 0), 1)
    assert dead_man.deadline() == before


def test_a_refresh_waits_for_request_weight_until_the_countdown_is_three_quarters_over() -> None:
    weight = [False]
    dead_man = DeadMan(SYMBOL, ON, lambda _: weight[0])
    assert dead_man.on_orders(1, 0, 0) == []  # nothing is armed, nothing is lost
    assert dead_man.deadline() == 1000
    weight[0] = True
    assert dead_man.on_timer(1000) == [ARM]
    dead_man.on_ack(ack(120_000), 1100)
    weight[0] = False
    assert dead_man.on_timer(31_000) == []
    assert dead_man.deadline() == 32_000
    assert dead_man.on_timer(90_999) == []
    assert dead_man.on_timer(91_999) == [REFRESH]  # due or not, now it leaves
    dead_man.on_ack(ack(120_000), 92_000)
    assert dead_man.on_timer(122_000) == []
    assert dead_man.on_orders(1, 1, 122_100) == [DISARM]  # what ends it waits for nothing


def test_the_countdown_asks_the_accounts_budget() -> None:
    desk = Scenario(listed(BTC=WITH_IT))
    desk.start("1")
    desk.passes(1200, quoting=True)
    desk.ack(only(desk.rise()))
    desk.feed(DeadManAck(SYMBOL, 120_000, desk.now))
    desk.feed(RateUsage(desk.now + 20_000, weight_1m=2300))
    assert of(ArmDeadMan, desk.passes(40_000)) == []
    desk.feed(RateUsage(desk.now, weight_1m=100))
    assert of(ArmDeadMan, desk.passes(1100)) == [REFRESH]


@pytest.mark.parametrize("side", [LONG, SHORT])
def test_a_conditional_order_of_the_users_own_keeps_it_off_and_ends_it(side: PositionSide) -> None:
    desk = Scenario(listed(BTC=WITH_IT))
    t = desk.now
    users = StopReport(
        SYMBOL, side, "web_1", StopStatus.NEW, OrderType.TAKE_PROFIT_MARKET, side.exit_side, D(110), True, D(0),
        t + OFFSET, t,
    )  # fmt: skip
    desk.stops = [users]
    desk.start("1", "1")
    desk.passes(1200, quoting=True)
    assert of(ArmDeadMan, desk.rise()) == []
    assert of(ArmDeadMan, desk.feed(replace(users, status=StopStatus.CANCELED))) == [ARM]
    desk.feed(DeadManAck(SYMBOL, 120_000, desk.now))
    assert of(DisarmDeadMan, desk.feed(replace(users, client_id="web_2"))) == [DISARM]


steps = st.tuples(
    st.sampled_from(["orders", "ack", "unknown", "refused", "timer"]), st.integers(0, 3), st.integers(1, 40_000)
)


@given(st.lists(steps, max_size=50))
def test_what_may_run_is_known_to_run_and_the_clock_never_stands(script: list[tuple[str, int, int]]) -> None:
    dead_man, now, runs_until = DeadMan(SYMBOL, ON), 0, 0
    asked: tuple[ArmDeadMan | DisarmDeadMan, int] | None = None
    for kind, value, pause in script:
        now += pause
        out: list[Intent] = []
        if kind == "orders":
            out = dead_man.on_orders(value % 2, value // 2, now)
        elif kind == "refused":
            asked = None
            out = dead_man.on_failed(Refused(CALL, SYMBOL, "", -1, now, now), now)
        elif kind in ("ack", "unknown") and asked is not None:
            call, since = asked
            asked = None
            countdown = call.countdown_ms if isinstance(call, ArmDeadMan) else 0
            runs_until = since + countdown if countdown else 0
            unknown = Unknown(CALL, SYMBOL, "", now)
            out = dead_man.on_ack(ack(countdown), now) if kind == "ack" else dead_man.on_failed(unknown, now)
        out += dead_man.on_timer(now)
        calls = [i for i in out if isinstance(i, ArmDeadMan | DisarmDeadMan)]
        assert len(calls) <= 1
        if calls:
            if asked is not None and isinstance(asked[0], ArmDeadMan):
                runs_until = asked[1] + 120_000  # nobody told: it may have been done
            asked = (calls[0], now)
        assert dead_man.armed or now >= runs_until
        wake = dead_man.deadline()
        assert wake is None or wake > now
