"""Behaviour 8 and 9: near liquidation the side is worked without signals, budgets and gates."""

from __future__ import annotations

from dataclasses import replace
from decimal import Decimal

import pytest
from tests.core.scenario import (
    BTC,
    ETH,
    LONG,
    OFFSET,
    RULES,
    SHORT,
    TIERS,
    Scenario,
    cancels,
    listed,
    notices,
    of,
    only,
    orders,
    panicking,
    symbol,
    wallet_for,
)

from vibe_quant.domain import events as ev
from vibe_quant.domain import intents as do
from vibe_quant.domain.account import Balance
from vibe_quant.domain.enums import (
    ExecutionMode,
    ExecutionState,
    NoticeKind,
    OrderType,
    PositionSide,
    PriceMatch,
    Severity,
    SignalReason,
    Source,
    Stream,
    TimeInForce,
)
from vibe_quant.domain.settings import ExecutionSettings, SymbolSettings

D = Decimal
MAKER, AGGRESSIVE = ExecutionMode.MAKER_ONLY, ExecutionMode.AGGRESSIVE_LIMIT
TIER_1, TIER_2 = "91.5", "90.7"  # 0.0164 and 0.0077 above a liquidation at 90


def near(settings: SymbolSettings | None = None, long: str = "1") -> Scenario:
    """A LONG that is liquidated at 90, the mark still far away."""
    desk = Scenario(listed(BTC=settings or panicking()))
    desk.start(long, wallet=wallet_for("90", long))
    desk.passes(1200, quoting=True)
    return desk


# --- soft risk


def test_near_liquidation_a_maker_order_is_withdrawn_and_all_is_aggressive_until_it_recovers() -> None:
    desk = near(symbol())
    desk.quote("91.0", "91.6")
    order = only(desk.trade("90.8") + desk.trade("90.9"))
    assert order.mode is MAKER
    desk.ack(order)
    out = desk.mark("91.3")
    assert cancels(out) == ["soft risk: at least aggressive"]
    assert notices(out, NoticeKind.RISK)[0].severity is Severity.WARNING
    order = only(desk.cancelled(order) + desk.passes(300, quoting=True))
    assert (order.mode, order.price) == (AGGRESSIVE, D("91.0"))
    desk.ack(order)
    desk.fill(order, maker=False)  # it carries liquidation away
    desk.mark("90.6")
    order = only(desk.passes(300, quoting=True))
    assert order.mode is AGGRESSIVE  # one fill would have made it maker again
    desk.ack(order)
    out = desk.fill(order, maker=False) + desk.mark("95")
    assert any("out of the liquidation warning" in n.text for n in notices(out, NoticeKind.RISK))


def test_soft_risk_is_over_a_signal_that_would_stay_maker() -> None:
    desk = near(symbol(ExecutionSettings(maker_timeouts_to_escalate=0)))
    desk.quote("91.0", "91.6")
    desk.mark("91.3")
    order = only(desk.trade("90.9") + desk.trade("90.8"))
    assert (order.mode, order.reason, order.price) == (AGGRESSIVE, SignalReason.LONG_BID_IMPROVE, D("91.0"))


# --- tiers


def test_a_tier_closes_its_share_maker_first_then_aggressive_after_its_own_timeouts() -> None:
    desk = near()
    out = desk.mark(TIER_1)
    first = only(out)
    assert (first.qty, first.mode, first.reason) == (D("0.1"), MAKER, SignalReason.PANIC)
    assert first.price == D("100.4")
    assert any("panic tier 1" in n.text for n in notices(out, NoticeKind.RISK))
    assert desk.view().panic_tier == 0
    desk.ack(first)
    assert cancels(desk.passes(420)) == ["ttl"]
    second = only(desk.cancelled(first))  # no cooldown
    assert (second.qty, second.mode, second.price) == (D("0.1"), AGGRESSIVE, D("100.0"))


def test_a_worse_tier_takes_larger_slices_of_what_was_there_on_entering_it() -> None:
    desk = near()
    first = only(desk.mark(TIER_1))
    desk.ack(first)
    desk.fill(first, "0.05")
    out = desk.mark("89.9")
    assert any("panic tier 2" in n.text for n in notices(out, NoticeKind.RISK))
    desk.passes(420)
    assert only(desk.cancelled(first)).qty == D("0.47")  # half of 0.95


def test_enlargement_enlarges_the_slices() -> None:
    desk = near()
    first = only(desk.mark(TIER_1))
    desk.ack(first)
    desk.passes(420)
    desk.wallet = wallet_for("90", "2")
    out = desk.row("2") + desk.feed(
        ev.BalanceUpdate(Balance("USDT", desk.wallet, desk.wallet), desk.now + 10**9 + 5, desk.now)
    )
    assert notices(out, NoticeKind.OPEN_ALERT)
    assert only(desk.cancelled(first)).qty == D("0.2")


def test_panic_takes_the_place_of_a_discretionary_order() -> None:
    desk = near()
    order = only(desk.rise())
    desk.ack(order)
    out = desk.mark(TIER_1)
    assert cancels(out) == ["panic"]
    assert orders(out) == []
    assert only(desk.cancelled(order)).reason is SignalReason.PANIC


def test_panic_waits_for_the_fate_of_an_order_on_its_way_and_withdraws_it() -> None:
    desk = near()
    order = only(desk.rise())
    assert orders(desk.mark(TIER_1)) == []
    assert cancels(desk.ack(order)) == ["panic"]


def test_panic_passes_by_an_order_in_doubt_with_what_law_4_leaves() -> None:
    desk = near(panicking(tiers=(replace(TIERS[0], slice_ratio=D(1)),)))
    order = only(desk.rise())
    desk.unknown(order)
    first = only(desk.mark(TIER_1))
    assert first.qty == D("0.95")
    desk.unknown(first)
    assert orders(desk.mark("91.4")) == []  # never a third
    assert desk.view().state is ExecutionState.DOUBTFUL


def test_panic_obeys_no_budget_no_throttle_and_no_halt() -> None:
    desk = near()
    desk.feed(ev.RateUsage(desk.now, weight_1m=2300, orders_10s=299))
    desk.engine.desks[BTC].sides[LONG].gate.halted = "for the test"
    desk.feed(ev.RateLimited(desk.now + 60_000, desk.now))
    assert orders(desk.mark(TIER_1))


def test_a_pause_stops_panic_only_where_it_says_so() -> None:
    desk = near()
    desk.feed(ev.Pause(desk.now))
    order = only(desk.mark(TIER_1))
    desk.ack(order)
    assert cancels(desk.feed(ev.Pause(desk.now))) == []
    out = desk.feed(ev.Pause(desk.now, panic=True))
    assert cancels(out) == ["paused by the operator"]
    assert "and panic too" in notices(out, NoticeKind.PAUSE)[0].text
    assert orders(desk.cancelled(order) + desk.mark(TIER_2) + desk.passes(2000)) == []
    assert orders(desk.feed(ev.Resume(desk.now)))


def test_a_mark_that_the_exchange_made_long_ago_is_used_with_its_age_said() -> None:
    desk = near()
    desk.passes(5000, quoting=True)
    out = desk.feed(ev.Mark(BTC, desk.now + OFFSET - 3000, desk.now, D(TIER_1)))
    assert any("a mark price 3.0 s old" in n.text for n in notices(out, NoticeKind.RISK))
    assert orders(out)


def test_with_a_stale_book_the_exchange_chooses_the_price_and_rest_gives_the_mark() -> None:
    desk = near()
    out = desk.passes(1600)
    assert of(do.FetchMark, out + desk.passes(1000))
    order = only(desk.mark(TIER_1, source=Source.REST))
    assert (order.mode, order.price, order.price_match) == (AGGRESSIVE, None, PriceMatch.OPPONENT)


BAND = replace(RULES, percent_down=D("0.95"), percent_up=D("1.05"))


@pytest.mark.parametrize(
    ("side", "liq", "mark", "bid", "ask", "price"),
    [(LONG, "97", "98.5", "92.0", "92.4", "93.6"), (SHORT, "103", "101.5", "107.6", "108.0", "106.5")],
)
def test_beyond_the_exchanges_price_band_it_rests_at_the_band(
    side: PositionSide, liq: str, mark: str, bid: str, ask: str, price: str
) -> None:
    desk = Scenario(listed(BTC=panicking(tiers=(replace(TIERS[0], maker_timeouts_to_escalate=0),))))
    desk.rules = BAND
    held = {"long": "1"} if side is LONG else {"short": "1"}
    desk.start(**held, wallet=wallet_for(liq, side=side))
    desk.quote(bid, ask)
    order = only(desk.mark(mark))
    assert (order.mode, order.price) == (AGGRESSIVE, D(price))


def test_a_maker_order_of_panic_keeps_to_the_band_too() -> None:
    desk = Scenario(listed(BTC=panicking()))
    desk.rules = BAND
    desk.start("1", wallet=wallet_for("97"))
    desk.quote("92.0", "92.4")
    order = only(desk.mark("98.5"))
    assert (order.mode, order.price) == (MAKER, D("93.6"))


@pytest.mark.parametrize("code", [-1112, -4024, -5037, -5041])
def test_where_the_exchange_finds_no_price_it_names_one_at_the_last_touch(code: int) -> None:
    desk = near()
    desk.passes(1600)
    blind = only(desk.mark(TIER_1, source=Source.REST))
    named = only(desk.refused(blind, code) + desk.passes(150))
    assert (named.mode, named.price, named.price_match) == (AGGRESSIVE, D("100.0"), None)
    again = only(desk.refused(named, -4024) + desk.passes(300))  # nor did that help: the exchange's choice once more
    assert (again.price, again.price_match) == (None, PriceMatch.OPPONENT)
    named = only(desk.refused(again, code) + desk.passes(500))
    desk.ack(named)
    desk.passes(420)
    assert only(desk.cancelled(named)).price_match is PriceMatch.OPPONENT


def test_without_any_quote_it_names_the_mark() -> None:
    desk = Scenario(listed(BTC=panicking()))
    desk.hold("1")
    desk.wallet = wallet_for("90")
    desk.feed(ev.StreamUp(Stream.USER, desk.now))
    blind = only(desk.mark(TIER_1))
    named = only(desk.refused(blind, -5041) + desk.passes(150))
    assert (named.price, named.price_match) == (D("91.5"), None)


def test_a_price_refused_for_another_reason_stays_the_exchanges_choice() -> None:
    desk = near()
    desk.passes(1600)
    blind = only(desk.mark(TIER_1, source=Source.REST))
    assert only(desk.refused(blind, -2019) + desk.passes(150)).price_match is PriceMatch.OPPONENT


def test_panic_needs_no_quote_at_all_but_some_price_and_the_rules() -> None:
    desk = Scenario(listed(BTC=panicking()))
    desk.hold("1")
    desk.wallet = wallet_for("90")
    desk.feed(ev.StreamUp(Stream.USER, desk.now))
    order = only(desk.mark(TIER_1))
    assert order.price_match is PriceMatch.OPPONENT

    without = Scenario(listed(BTC=panicking()))
    without.hold("1")
    without.wallet = wallet_for("90")
    without.feed(ev.StreamUp(Stream.USER, without.now))
    without.engine.desks[BTC].rulebook.rules = None
    assert orders(without.mark(TIER_1)) == []


def test_refused_again_and_again_it_backs_off_to_a_second_and_never_halts() -> None:
    desk = near()
    order = only(desk.mark(TIER_1))
    waits = []
    for _ in range(7):
        since = desk.now
        order = only(desk.refused(order, -2019) + desk.passes(1050))
        waits.append(order.timestamp_ms - 10**9 - since)
    assert [w // 100 for w in waits] == [1, 2, 4, 8, 10, 10, 10]
    assert desk.view().halted is None
    desk.ack(order)
    desk.fill(order)
    assert desk.engine.desks[BTC].sides[LONG].rescue.backoff.refusals == 0


@pytest.mark.parametrize("news", ["its mark", "a mark elsewhere", "the account"])
def test_news_in_the_moment_of_a_retry_does_not_lose_it(news: str) -> None:
    desk = Scenario(listed(BTC=panicking(), ETH=symbol()))
    desk.start("1", wallet=wallet_for("90", "1"))
    desk.passes(1200, quoting=True)
    assert orders(desk.refused(only(desk.mark(TIER_1)), -2019)) == []
    due = desk.engine.desks[BTC].sides[LONG].rescue.backoff.ready_ms
    while (at := desk.engine.deadline()) is not None and at < due:
        desk.now = at
        assert orders(desk.feed(ev.Timer(at))) == []
    assert desk.engine.deadline() == due
    desk.now = due
    match news:
        case "its mark":
            out = desk.mark(TIER_1)
        case "a mark elsewhere":
            out = desk.mark("100", ETH)
        case _:
            out = desk.feed(ev.BalanceUpdate(Balance("USDT", desk.wallet, desk.wallet), due + OFFSET, due))
    if not orders(out):
        now = desk.engine.deadline()
        assert now is not None
        assert now <= due + 3
        desk.now = now
        out = desk.feed(ev.Timer(now))
    only(out)


def test_panic_refusals_do_not_halt_discretion_afterwards() -> None:
    desk = near()
    order = only(desk.mark(TIER_1))
    for _ in range(6):
        order = only(desk.refused(order, -2019) + desk.passes(1050))
    desk.mark("100")
    desk.quote()
    desk.ack(order)
    desk.passes(420, quoting=True)
    desk.cancelled(order)
    desk.passes(150, quoting=True)
    order = only(desk.rise())
    assert of(do.Halt, desk.refused(order, -2019)) == []


def test_foreign_claims_shrink_a_panic_order_and_where_they_claim_all_it_tries_all_the_same() -> None:
    desk = near(panicking(tiers=(replace(TIERS[0], slice_ratio=D(1)),)))
    desk.resting = [desk.foreign("web_1", "0.4")]
    desk.feed(desk.resting[0])
    order = only(desk.mark(TIER_1))
    assert order.qty == 1
    order = only(desk.refused(order, -2022) + desk.passes(200))
    assert order.qty == D("0.6")
    desk.resting = [desk.foreign("web_1", "0.4"), desk.foreign("web_2", "0.6")]
    desk.feed(desk.resting[1])
    order = only(desk.refused(order, -2022) + desk.passes(300))
    assert order.qty == 1


def test_panic_cancels_foreign_closers_only_where_it_is_allowed_to() -> None:
    for allowed in (True, False):
        desk = near(panicking(may_cancel_foreign=allowed))
        desk.resting = [desk.foreign("web_1", "0.95")]
        desk.feed(desk.resting[0])
        out = desk.refused(only(desk.mark(TIER_1)), -2022)
        assert cancels(out) == (["panic needs its quantity"] if allowed else [])
        assert bool(notices(out, NoticeKind.MISMATCH)) is not allowed


def test_discretion_never_cancels_a_foreign_order() -> None:
    desk = near(panicking(may_cancel_foreign=True))
    desk.resting = [desk.foreign("web_1", "0.98")]
    desk.feed(desk.resting[0])
    out = desk.refused(only(desk.rise()), -2022)
    assert cancels(out) == []


def test_the_other_legs_order_makes_way_and_waits_until_panic_is_over() -> None:
    desk = Scenario(listed(BTC=panicking()))
    desk.start("1", "0.2", wallet=wallet_for("90", "0.8"))
    desk.passes(1200, quoting=True)
    other = only(desk.fall())
    desk.ack(other)
    out = desk.mark("91.3")
    assert cancels(out) == ["the other leg is in panic"]
    assert only(out).position_side is LONG
    assert orders(desk.cancelled(other) + desk.passes(300, quoting=True)) == []
    assert desk.view(SHORT).blocked == "the other leg is in panic"


def test_what_is_left_under_a_lot_goes_by_market() -> None:
    desk = near(long="0.04")
    desk.engine.desks[BTC].sides[LONG].tally.dust = desk.engine.desks[BTC].sides[LONG].tally.dust.REPORTED
    [own] = desk.engine.house.orders.live(BTC, LONG)
    desk.engine.house.orders.refuse(own.client_id)
    sent = do.OrderIntent(
        BTC, LONG, own.client_id, OrderType.LIMIT, own.qty, own.price, TimeInForce.GTC, AGGRESSIVE, SignalReason.DUST, 0
    )
    desk.cancelled(sent)
    order = only(desk.mark(TIER_1))
    assert (order.order_type, order.qty, order.price, order.price_match) == (OrderType.MARKET, D("0.04"), None, None)


def test_behind_its_bound_the_next_tiers_slice_is_sent_and_said() -> None:
    desk = near()
    order = only(desk.mark(TIER_1))
    desk.ack(order)
    out = desk.passes(1100)
    assert any("behind its bound" in n.text for n in notices(out, NoticeKind.RISK))
    assert only(desk.cancelled(order)).qty == D("0.5")


def test_it_leaves_panic_and_signals_decide_again() -> None:
    desk = near()
    order = only(desk.mark(TIER_1))
    desk.ack(order)
    out = desk.mark("100")
    assert any("has left panic" in n.text for n in notices(out, NoticeKind.RISK))
    desk.calm()
    assert desk.view().panic_tier is None
    assert cancels(desk.passes(420, quoting=True)) == ["ttl"]
    assert orders(desk.cancelled(order) + desk.passes(300, quoting=True)) == []


@pytest.mark.parametrize("until", [500])
def test_during_a_ban_nothing_is_sent_and_it_resumes_with_its_end(until: int) -> None:
    desk = near()
    desk.feed(ev.RateLimited(desk.now + until, desk.now, banned=True))
    assert orders(desk.mark(TIER_1)) == []
    assert "banned" in str(desk.view().blocked)
    assert orders(desk.passes(until + 5))


def test_a_short_panics_in_the_mirror() -> None:
    desk = Scenario(listed(BTC=panicking()))
    desk.start("0", "1", wallet=wallet_for("110", side=SHORT))
    desk.passes(1200, quoting=True)
    order = only(desk.mark("108.3"))
    assert (order.position_side, order.price, order.mode) == (SHORT, D("100.0"), MAKER)


# --- so little that the exchange takes no order of it


def small() -> tuple[Scenario, do.OrderIntent]:
    """A LONG worth less than the least notional, in panic; its first order."""
    desk = Scenario(listed(BTC=panicking()))
    desk.start(wallet=wallet_for("90", "0.04"))
    desk.passes(1200, quoting=True)
    return desk, only(desk.mark(TIER_1) + desk.row("0.04"))


def test_dust_in_danger_is_tried_as_market_and_as_limit_in_turns_for_relief_may_be_for_either() -> None:
    desk, order = small()
    kinds = [order.order_type]
    for _ in range(5):
        order = only(desk.refused(order, -4164) + desk.passes(5000, quoting=True))
        kinds.append(order.order_type)
    assert kinds == [OrderType.MARKET, OrderType.LIMIT] * 3
    assert order.qty == D("0.04")


def test_dust_in_danger_is_no_loop_of_refusals_nor_of_reads_and_is_told_once() -> None:
    desk, order = small()
    waits, out = [], list[do.Intent]()
    for _ in range(12):
        since = desk.now
        out += desk.refused(order, -4164)
        more = desk.passes(31_000, quoting=True)
        order = only(more)
        out += more
        waits.append(order.timestamp_ms - 10**9 - since)
    assert [w // 100 for w in waits] == [1, 2, 4, 8, 16, 32, 64, 128, 256, 300, 300, 300]
    assert len([fetch for fetch in of(do.FetchRules, out) if "refused" in fetch.reason]) == 2
    [told] = notices(out, NoticeKind.DUST)
    assert (told.severity, "0.04 is left near liquidation" in told.text) == (Severity.WARNING, True)
    assert desk.view().halted is None


def test_dust_in_danger_that_is_enlarged_is_worked_at_once() -> None:
    desk, order = small()
    for _ in range(9):
        order = only(desk.refused(order, -4164) + desk.passes(31_000, quoting=True))
    desk.refused(order, -4164)
    order = only(desk.row("1"))
    assert order.qty > D("0.04")
