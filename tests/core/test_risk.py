from __future__ import annotations

from collections.abc import Callable
from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from vibe_quant.core.risk import RiskManager
from vibe_quant.domain.account import Position
from vibe_quant.domain.enums import MarginType, PositionSide, Severity, Source
from vibe_quant.domain.intents import FetchMark, Intent, Notify
from vibe_quant.domain.risk import Approved, Margin, Refused, RiskLevel
from vibe_quant.domain.risk_settings import PanicSettings, PanicTier, RiskSettings
from vibe_quant.domain.rules import Bracket

D = Decimal
LONG, SHORT = PositionSide.LONG, PositionSide.SHORT
SYMBOL = "BTC/USDT:USDT"
FREE = (Bracket(D(0), D(10**9), D(0), D(0), 125),)  # no maintenance: a LONG of 1 at 100 with 10 dies at 90
TIERS = (PanicTier(D("0.04"), D("0.1")), PanicTier(D("0.02"), D("0.2")))
PANIC = RiskSettings(liq_distance_threshold=D("0.05"), panic_close=PanicSettings(enabled=True, tiers=TIERS))
CALM = RiskSettings(liq_distance_threshold=D("0.05"))


def leg(side: PositionSide, qty: str, entry: str = "100", liq: str | None = None, **kw: object) -> Position:
    price = None if liq is None else D(liq)
    return Position(SYMBOL, side, D(qty), D(entry), 0, price, **kw)  # type: ignore[arg-type]


def manager(
    settings: RiskSettings = CALM,
    *,
    brackets: bool = True,
    wallet: str | None = "10",
    ask: Callable[[int], None] = lambda _: None,
) -> RiskManager:
    risk = RiskManager(SYMBOL, settings, 1500, ask_read=ask)
    if brackets:
        risk.on_brackets(FREE, 0)
    if wallet is not None:
        risk.on_margin(Margin(D(wallet)), 0)
    return risk


def kinds(intents: list[Intent]) -> list[str]:
    return [type(i).__name__ for i in intents]


def test_computed_at_once_and_soft_with_hysteresis() -> None:
    risk = manager()
    risk.on_mark(D(100), 0)
    risk.on_position(leg(LONG, "1"), 0)
    flag = risk.flag(LONG)
    assert (flag.level, flag.dist, flag.liq, flag.known, flag.mark_ms) == (RiskLevel.NONE, D("0.1"), D(90), True, 0)
    (warning,) = [i for i in risk.on_mark(D(90) / D("0.9501"), 10) if isinstance(i, Notify)]
    assert warning.severity is Severity.WARNING
    assert (warning.side, risk.flag(LONG).level) == (LONG, RiskLevel.SOFT)
    assert risk.on_mark(D(90) / D("0.9451"), 20) == []  # 0.0549: above the threshold, within its hysteresis
    assert risk.flag(LONG).level is RiskLevel.SOFT
    (calm,) = risk.on_mark(D(90) / D("0.944"), 30)
    assert isinstance(calm, Notify)
    assert (calm.severity, risk.flag(LONG).level) == (Severity.INFO, RiskLevel.NONE)


def test_a_leg_that_is_not_worked_is_neither_warned_of_nor_read_for() -> None:
    works = {SHORT}
    asked: list[int] = []
    risk = RiskManager(SYMBOL, CALM, 1500, works.__contains__, asked.append)
    risk.on_brackets(FREE, 0)
    risk.on_margin(Margin(D(10)), 0)
    assert risk.on_mark(D(91), 0) + risk.on_position(leg(LONG, "1"), 0) + risk.on_timer(60_000) == []
    assert (risk.flag(LONG).level, risk.deadline(), asked) == (RiskLevel.SOFT, None, [])
    works.add(LONG)
    assert kinds(risk.on_timer(60_000)) == ["Notify", "FetchMark"]
    assert kinds(risk.on_timer(61_000)) == ["FetchMark"]
    assert asked == [60_000]
    works.remove(LONG)
    assert risk.on_mark(D(99), 61_010) == []  # left quietly: it is said elsewhere that it is not managed
    works.add(LONG)
    assert "Notify" not in kinds(risk.on_timer(62_000))


def test_marks_that_a_tape_was_made_to_yield_are_as_good_as_a_streams() -> None:
    risk = manager()
    risk.on_position(leg(LONG, "1"), 0)
    risk.on_mark(D(100), 1000, Source.DERIVED)
    assert "FetchMark" not in kinds(risk.on_timer(2499))
    assert "FetchMark" in kinds(risk.on_timer(2500))


def test_the_age_from_which_a_mark_is_read_follows_the_settings() -> None:
    risk = manager()
    risk.on_position(leg(LONG, "1"), 0)
    risk.on_mark(D(100), 2000)
    assert "FetchMark" not in kinds(risk.on_settings(CALM, 5000, 4000))
    assert "FetchMark" in kinds(risk.on_settings(CALM, 1000, 4000))


def test_a_mark_is_as_old_as_the_exchange_made_it() -> None:
    risk = manager()
    risk.on_position(leg(LONG, "1"), 0)
    risk.on_mark(D(100), 5000, made_ms=2000)
    assert risk.flag(LONG).mark_ms == 2000
    risk.on_mark(D(100), 6000, made_ms=6100)  # the offset is a little wrong
    assert risk.flag(LONG).mark_ms == 6000


def test_zero_and_negative_distance_are_the_most_dangerous_tier() -> None:
    risk = manager(PANIC)
    risk.on_position(leg(LONG, "1"), 0)
    for price in ("90", "89"):
        risk.on_mark(D(price), 0)
        assert (risk.flag(LONG).level, risk.flag(LONG).tier) == (RiskLevel.PANIC, 1)


def test_tiers_are_left_with_two_percent_to_spare() -> None:
    risk = manager(PANIC)
    risk.on_position(leg(SHORT, "1"), 0)  # dies at 110

    def at(dist: str) -> tuple[RiskLevel, int | None]:
        risk.on_mark(D(110) / (1 + D(dist)), 0)
        return risk.flag(SHORT).level, risk.flag(SHORT).tier

    assert at("0.0399") == (RiskLevel.PANIC, 0)
    assert at("0.0199") == (RiskLevel.PANIC, 1)
    assert at("0.0203") == (RiskLevel.PANIC, 1)
    assert at("0.0205") == (RiskLevel.PANIC, 0)
    assert at("0.0407") == (RiskLevel.PANIC, 0)
    assert at("0.0409") == (RiskLevel.SOFT, None)
    assert at("0.0407") == (RiskLevel.SOFT, None)
    risk.on_settings(CALM, 1500, 0)
    assert at("0.01") == (RiskLevel.SOFT, None)


def test_the_smaller_crossed_leg_has_none_and_the_larger_has_all() -> None:
    risk = manager()
    risk.on_mark(D(100), 0)
    risk.on_position(leg(LONG, "1"), 0)
    risk.on_position(leg(SHORT, "0.5"), 0)
    assert (risk.flag(SHORT).level, risk.flag(SHORT).liq, risk.flag(SHORT).dist) == (RiskLevel.NONE, None, None)
    assert risk.flag(LONG).liq == D(80)
    risk.on_position(leg(SHORT, "1"), 0)  # nothing net
    assert (risk.flag(LONG).dist, risk.flag(SHORT).dist) == (None, None)


def test_isolated_legs_stand_alone() -> None:
    risk = manager(wallet=None)
    risk.on_mark(D(100), 0)
    for side in PositionSide:
        risk.on_position(leg(side, "1", margin_type=MarginType.ISOLATED, isolated_wallet=D(20)), 0)
    assert (risk.flag(LONG).liq, risk.flag(SHORT).liq) == (D(80), D(120))
    assert risk.permits_slice(SHORT, D(1)) == Approved()


def test_without_a_price_the_margin_is_the_distance() -> None:
    risk = manager(wallet="150")
    risk.on_mark(D(100), 0)
    risk.on_position(leg(LONG, "1"), 0)
    assert (risk.flag(LONG).liq, risk.flag(LONG).dist) == (None, D("1.5"))


def test_a_price_that_rest_calls_none_and_nobody_can_compute_is_no_danger() -> None:
    risk = manager(brackets=False)
    risk.on_mark(D(100), 0)
    risk.on_position(leg(LONG, "1"), 0)
    risk.on_read([leg(LONG, "1")], 0, 0)
    assert (risk.flag(LONG).known, risk.flag(LONG).dist, risk.flag(LONG).level) == (True, None, RiskLevel.NONE)


@pytest.mark.parametrize(
    ("side", "read", "rules"),
    [
        (LONG, "90.05", "90.05"),  # agree: the exchange's own
        (LONG, "92", "92"),
        (LONG, "85", "90"),
        (LONG, None, "90"),
        (SHORT, "109", "109"),
        (SHORT, "115", "110"),
    ],
)
def test_until_read_and_computed_agree_the_nearer_rules(side: PositionSide, read: str | None, rules: str) -> None:
    risk = manager()
    risk.on_mark(D(100), 0)
    risk.on_position(leg(side, "1"), 0)
    risk.on_read([leg(side, "1", liq=read)], 10, 20)
    assert risk.flag(side).liq == D(rules)


def test_a_read_price_rules_alone_where_nothing_can_be_computed() -> None:
    risk = manager(wallet=None)
    risk.on_mark(D(100), 0)
    risk.on_position(leg(LONG, "1"), 0)
    assert not risk.flag(LONG).known
    risk.on_read([leg(LONG, "1", liq="97"), leg(SHORT, "1", liq="1")], 20, 30)
    assert (risk.flag(LONG).liq, risk.flag(LONG).known) == (D(97), True)
    risk.on_read([leg(LONG, "1", liq="50")], 10, 40)  # left earlier, came later
    assert risk.flag(LONG).liq == D(97)
    other = Position("ETH/USDT:USDT", LONG, D(1), D(1), 0, D(3))
    risk.on_read([other, leg(LONG, "0", liq="5")], 50, 60)
    assert risk.flag(LONG).liq == D(97)
    risk.on_position(leg(LONG, "0"), 70)
    risk.on_position(leg(LONG, "1"), 80)  # another position: what was read is not of it
    assert not risk.flag(LONG).known


def test_a_hedges_price_beyond_the_mark_is_not_the_legs() -> None:
    risk = manager(PANIC, wallet="100")
    risk.on_mark(D(100), 0)
    risk.on_position(leg(LONG, "10"), 0)
    risk.on_position(leg(SHORT, "9.9"), 0)
    risk.on_read([leg(LONG, "10", liq="400"), leg(SHORT, "9.9", liq="400")], 0, 0)
    assert (risk.flag(LONG).level, risk.flag(LONG).liq) == (RiskLevel.NONE, None)
    risk.on_read([leg(LONG, "10", liq="99")], 1, 1)
    assert (risk.flag(LONG).level, risk.flag(LONG).liq) == (RiskLevel.PANIC, D(99))
    risk.on_mark(D("98.9"), 2)  # gone through, not gone away
    assert (risk.flag(LONG).tier, risk.flag(LONG).liq) == (1, D(99))


def test_a_hedges_price_that_is_read_before_the_first_mark_alarms_nobody_when_the_legs_part() -> None:
    risk = manager(PANIC, wallet="100")
    risk.on_position(leg(LONG, "10"), 0)
    risk.on_position(leg(SHORT, "10"), 0)
    risk.on_read([leg(LONG, "10", liq="400"), leg(SHORT, "10", liq="400")], 0, 0)
    risk.on_mark(D(100), 1)
    told = risk.on_position(leg(SHORT, "9.9"), 2)
    assert [one for one in told if isinstance(one, Notify)] == []
    assert (risk.flag(LONG).level, risk.flag(LONG).liq) == (RiskLevel.NONE, None)


def test_a_price_read_before_the_first_mark_is_forgotten_with_its_leg_and_counts_on_its_side() -> None:
    risk = manager(PANIC, wallet="100")
    for side in (LONG, SHORT):
        risk.on_position(leg(side, "10"), 0)
    risk.on_read([leg(LONG, "10", liq="99"), leg(SHORT, "10", liq="99")], 0, 0)
    risk.on_position(leg(SHORT, "0"), 1)
    risk.on_mark(D(100), 1)
    assert (risk.flag(LONG).level, risk.flag(LONG).liq) == (RiskLevel.PANIC, D(99))
    assert risk.flag(SHORT).level is RiskLevel.NONE


def test_a_hedges_price_beyond_the_mark_counts_where_its_margin_is_gone() -> None:
    risk = manager(PANIC, wallet="-1")
    risk.on_mark(D(100), 0)
    risk.on_position(leg(LONG, "10"), 0)
    risk.on_position(leg(SHORT, "9"), 0)
    risk.on_read([leg(LONG, "10", liq="105"), leg(SHORT, "9", liq="105")], 0, 0)
    assert (risk.flag(LONG).tier, risk.flag(LONG).liq) == (1, D(105))


def test_what_changes_asks_for_a_read_once_and_what_does_not_asks_for_none() -> None:
    asked: list[int] = []
    risk = manager(ask=asked.append)
    risk.on_mark(D(100), 0)
    assert asked == []  # nothing is held
    risk.on_position(leg(LONG, "1"), 0)
    risk.on_position(leg(LONG, "0.9"), 500)
    risk.on_position(leg(LONG, "0.9"), 600)
    risk.on_timer(1000)
    assert asked == [0, 500]
    assert risk.on_margin(Margin(D(10), D(1), D(1)), 1100) == []
    assert asked == [0, 500]  # other symbols move with every mark; the wallet does not
    risk.on_margin(Margin(D(11)), 1200)
    assert asked == [0, 500, 1200]
    risk.on_position(leg(LONG, "0"), 1300)
    risk.on_margin(Margin(D(12)), 1400)
    assert asked == [0, 500, 1200]


def test_a_read_that_left_before_the_last_change_leaves_it_unread() -> None:
    risk = manager()
    risk.on_position(leg(LONG, "1"), 0)
    risk.on_position(leg(LONG, "0.9"), 1100)
    risk.on_read([leg(LONG, "1", liq="88")], 1000, 1200)
    for now in (11_000, 11_100):
        alarms = [i for i in risk.on_mark(D(100), now) if isinstance(i, Notify)]
        assert len(alarms) == (now == 11_100), now  # ten seconds after the change that no read has followed
    risk.on_read([leg(LONG, "0.9", liq="87")], 400, 11_200)  # outdated: answers nothing
    assert [i for i in risk.on_read([leg(LONG, "0.9", liq="87.5")], 11_100, 11_200) if isinstance(i, Notify)]
    assert risk.deadline() == 12_600  # the mark alone


def test_unreadable_keeps_the_last_value_and_alarms_after_ten_seconds() -> None:
    risk = manager(PANIC)
    risk.on_mark(D(92), 0)
    risk.on_position(leg(LONG, "1"), 0)
    assert risk.flag(LONG).tier == 0
    risk.on_mark(D(92), 1500)
    risk.on_brackets((), 1600)
    assert (risk.flag(LONG).known, risk.flag(LONG).tier, risk.flag(LONG).level) == (False, 0, RiskLevel.PANIC)
    for now in range(2000, 9999, 500):
        assert not [i for i in risk.on_mark(D(95), now) if isinstance(i, Notify)]
    (alarm,) = [i for i in risk.on_timer(10_000) if isinstance(i, Notify)]
    assert alarm.severity is Severity.ALARM
    assert not [i for i in risk.on_timer(30_000) if isinstance(i, Notify)]
    assert risk.flag(LONG).tier == 0
    said = risk.on_read([leg(LONG, "1", liq="50")], 30_000, 30_100)
    assert [i.severity for i in said if isinstance(i, Notify)] == [Severity.INFO, Severity.INFO]
    assert risk.flag(LONG).level is RiskLevel.NONE


def test_the_mark_is_asked_for_each_second_while_the_stream_is_silent() -> None:
    risk = manager()
    assert risk.deadline() is None
    assert risk.on_position(leg(LONG, "0"), 0) == []
    assert risk.on_position(leg(LONG, "1"), 0) == [FetchMark(SYMBOL)]
    assert (risk.flag(LONG).known, risk.flag(LONG).reason) == (False, "no mark price yet")
    assert risk.deadline() == 1000
    risk.on_mark(D(100), 100, Source.REST)
    assert risk.flag(LONG).known
    assert FetchMark(SYMBOL) in risk.on_timer(1000)
    assert FetchMark(SYMBOL) not in risk.on_timer(1999)
    risk.on_mark(D(100), 1999)
    assert FetchMark(SYMBOL) not in risk.on_timer(3498)
    assert FetchMark(SYMBOL) in risk.on_timer(3499)
    risk.on_position(leg(LONG, "0"), 4000)
    assert risk.on_timer(9000) == []
    assert risk.deadline() is None


def test_a_slice_of_the_smaller_leg_must_not_expose_the_larger() -> None:
    risk = manager(wallet="10")
    assert risk.permits_slice(SHORT, D(1)) == Approved()
    risk.on_position(leg(LONG, "1"), 0)
    assert risk.permits_slice(LONG, D(1)) == Approved()
    risk.on_position(leg(SHORT, "0.5"), 0)
    verdict = risk.permits_slice(SHORT, D("0.1"))
    assert isinstance(verdict, Refused)  # no mark yet: cannot be computed
    assert "cannot be computed" in verdict.reason
    risk.on_mark(D(100), 0)
    assert risk.permits_slice(LONG, D("0.1")) == Approved()
    # LONG 1 and SHORT s: dies 10 / (1 - s) below 100; s = 0.1 leaves 11.1 %, none leaves 10 %
    assert risk.permits_slice(SHORT, D("0.5")) == Approved()
    risk.on_settings(RiskSettings(liq_distance_threshold=D("0.105")), 1500, 0)
    assert risk.permits_slice(SHORT, D("0.4")) == Approved()
    assert isinstance(risk.permits_slice(SHORT, D("0.5")), Refused)
    assert isinstance(risk.permits_slice(SHORT, D("9")), Refused)  # more than there is: all of it
    assert isinstance(risk.permits_slice(LONG, D("1")), Approved)  # SHORT 0.5 alone: 20 % away


def test_a_slice_of_the_larger_leg_that_makes_the_other_one_the_larger_is_looked_at_too() -> None:
    risk = manager(RiskSettings(liq_distance_threshold=D("0.2")), wallet="10")
    risk.on_mark(D(100), 0)
    risk.on_position(leg(LONG, "1"), 0)
    risk.on_position(leg(SHORT, "0.6"), 0)
    assert risk.permits_slice(LONG, D("0.4")) == Approved()
    assert isinstance(risk.permits_slice(LONG, D("1")), Refused)


def test_what_a_slice_realises_counts() -> None:
    risk = manager(RiskSettings(liq_distance_threshold=D("0.1")), wallet="10")
    risk.on_mark(D(100), 0)
    risk.on_position(leg(LONG, "1"), 0)
    risk.on_position(leg(SHORT, "0.5", entry="120"), 0)
    # closing the SHORT earns 10: LONG then dies at 80
    assert risk.permits_slice(SHORT, D("0.5")) == Approved()


def test_unknown_other_is_approved_without_a_price() -> None:
    risk = manager(wallet="1000")
    risk.on_mark(D(100), 0)
    risk.on_position(leg(LONG, "1"), 0)
    risk.on_position(leg(SHORT, "1"), 0)
    assert risk.permits_slice(SHORT, D(0)) == Approved()


@given(st.lists(st.tuples(st.integers(0, 5), st.decimals("80", "120", places=1), st.integers(1, 3000)), max_size=40))
def test_no_news_in_any_order_calms_a_leg_that_is_through_its_price(script: list[tuple[int, D, int]]) -> None:
    risk, now = manager(PANIC), 0
    risk.on_position(leg(LONG, "1"), 0)
    for kind, value, pause in script:
        now += pause
        match kind:
            case 0:
                risk.on_mark(value, now)
            case 1:
                risk.on_read([leg(LONG, "1", liq=str(value))], max(0, now - 1500), now)
            case 2:
                risk.on_position(leg(LONG, "1", entry=str(value)), now)
            case 3:
                risk.on_margin(Margin(value - 80), now)
            case 4:
                risk.on_brackets((), now)
            case _:
                risk.on_timer(now)
        wake = risk.deadline()
        assert wake is not None
        risk.on_timer(max(wake, now))
        after = risk.deadline()
        assert after is not None
        assert after > wake  # never the same moment twice
    risk.on_position(leg(LONG, "1"), now)
    risk.on_brackets(FREE, now)
    risk.on_margin(Margin(D(10)), now)
    risk.on_mark(D(89), now)
    assert risk.flag(LONG).tier == 1
