"""One side's orders: at most one lives, one more only where panic passes a doubtful one by; strays are cancelled."""

from __future__ import annotations

from dataclasses import replace
from decimal import Decimal

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from vibe_quant.core.execution import Ended, EndKind, ExecutionEngine, Out
from vibe_quant.core.machine import ALARM_MS, ANSWER_MS, ASK_MS, SETTLE_MS
from vibe_quant.core.order_states import Cooldown, Idle, Placing, Plain
from vibe_quant.core.orders import OrderLedger, OwnOrder, from_report
from vibe_quant.domain.enums import (
    ExecutionMode,
    ExecutionState,
    OrderStatus,
    OrderType,
    PositionSide,
    Severity,
    SignalReason,
    Source,
    TimeInForce,
)
from vibe_quant.domain.events import OrderUpdate
from vibe_quant.domain.intents import CancelOrder, Notify, OrderIntent, QueryOrder, ReadOpenOrders

D = Decimal
LONG = PositionSide.LONG
BTC = "BTCUSDT"
NEW, PART, FILLED, CANCELED, EXPIRED = (
    OrderStatus.NEW,
    OrderStatus.PARTIALLY_FILLED,
    OrderStatus.FILLED,
    OrderStatus.CANCELED,
    OrderStatus.EXPIRED,
)
S = ExecutionState
SENT = 5_000  # server time at which the orders of these tests leave
SETTLED = SENT + 2_000 + SETTLE_MS


def intent(client_id: str) -> OrderIntent:
    return OrderIntent(
        symbol=BTC,
        position_side=LONG,
        client_id=client_id,
        order_type=OrderType.LIMIT,
        qty=D(4),
        price=D(100),
        time_in_force=TimeInForce.GTX,
        mode=ExecutionMode.MAKER_ONLY,
        reason=SignalReason.LONG_PRIMARY,
        timestamp_ms=SENT,
    )


def report(client_id: str, status: OrderStatus, filled: str = "0", ms: int = SENT) -> OrderUpdate:
    return OrderUpdate(
        symbol=BTC,
        client_id=client_id,
        position_side=LONG,
        side=LONG.exit_side,
        status=status,
        order_type=OrderType.LIMIT,
        qty=D(4),
        price=D(100),
        filled_qty=D(filled),
        exch_ms=ms,
        recv_ms=ms,
        source=Source.STREAM,
    )


class Bench:
    """A side's engine with its ledger, and the words of the exchange."""

    def __init__(self) -> None:
        self.ledger = OrderLedger()
        self.side = ExecutionEngine(BTC, LONG, self.ledger)

    @property
    def name(self) -> ExecutionState:
        return self.side.state_name

    def submit(self, client_id: str = "a", now: int = 0, ttl: int | None = 800, cooldown: int = 100) -> list[Out]:
        return self.side.submit(intent(client_id), ttl, cooldown, now)

    def hear(self, client_id: str, status: OrderStatus, filled: str = "0", now: int = 10, ms: int = SENT) -> list[Out]:
        update = report(client_id, status, filled, ms)
        if self.ledger.get(client_id) is None:
            self.ledger.record(from_report(update, now))
        merged = self.ledger.merge(update)
        assert merged is not None
        return self.side.reported(merged.after, now)

    def order(self, client_id: str = "a") -> OwnOrder:
        order = self.ledger.get(client_id)
        assert order is not None
        return order

    def end(self, out: list[Out], kind: EndKind, client_id: str = "a", code: int = 0) -> bool:
        return out == [Ended(self.order(client_id), kind, code)]


def bench(state: ExecutionState) -> Bench:
    """Order a, brought to a state."""
    made = Bench()
    if state is S.IDLE:
        return made
    made.submit()
    if state is S.DOUBTFUL:
        made.side.plain("a", Plain.LOST, 10)
    elif state is not S.PLACING:
        made.hear("a", NEW)
    if state is S.CANCELING:
        made.side.withdraw("pause", 20)
    if state is S.COOLDOWN:
        made.hear("a", CANCELED, now=20)
    assert made.name is state
    return made


def test_an_order_lives_its_ttl_is_cancelled_and_cools_down() -> None:
    it = Bench()
    assert (it.side.is_free, it.side.is_quiet, it.side.deadline()) == (True, True, None)
    assert it.submit(now=0) == [intent("a")]
    assert (it.name, it.order().remaining, it.side.deadline()) == (S.PLACING, D(4), ANSWER_MS)
    assert (it.side.is_free, it.side.is_quiet, it.side.waiting, it.side.expires_ms) == (False, False, None, None)
    assert it.hear("a", NEW) == []
    assert (it.name, it.side.waiting, it.side.expires_ms) == (S.WAITING, it.order(), 800)
    assert it.side.tick(799) == []
    assert it.side.tick(800, may_cancel=False) == []
    assert it.side.tick(801) == [CancelOrder(BTC, "a", "ttl")]
    assert it.end(it.hear("a", CANCELED, now=810), EndKind.TIMEOUT)
    assert (it.name, it.side.is_free, it.side.is_quiet, it.side.deadline()) == (S.COOLDOWN, False, True, 910)
    it.side.rest(909)
    assert not it.side.is_free
    assert it.side.tick(910) == []
    assert (it.name, it.side.is_free) == (S.IDLE, True)
    it.side.rest(911)
    assert it.side.state == Idle()


@pytest.mark.parametrize(
    ("status", "filled", "kind"),
    [
        (FILLED, "4", EndKind.FILLED),
        (CANCELED, "4", EndKind.FILLED),
        (CANCELED, "1", EndKind.PARTIAL),
        (CANCELED, "0", EndKind.EXPIRED),
        (EXPIRED, "0", EndKind.EXPIRED),
        (OrderStatus.REJECTED, "0", EndKind.REFUSED),
    ],
)
def test_what_an_order_was_is_known_with_its_end(status: OrderStatus, filled: str, kind: EndKind) -> None:
    it = bench(S.WAITING)
    assert it.end(it.hear("a", status, filled), kind)


def test_a_fill_that_beats_the_answer_ends_the_order_once() -> None:
    it = bench(S.PLACING)
    assert it.end(it.hear("a", FILLED, "4"), EndKind.FILLED)
    assert it.hear("a", NEW) == []
    assert it.side.refused("a", -5022, 20) == []
    assert (it.name, it.order().status) == (S.COOLDOWN, FILLED)


def test_a_cancel_carries_the_reason_that_asked_for_it() -> None:
    it = bench(S.WAITING)
    assert it.side.withdraw("pause", 20) == [CancelOrder(BTC, "a", "pause")]
    assert it.side.withdraw("stop", 21) == []
    assert it.end(it.hear("a", CANCELED), EndKind.WITHDRAWN)


def test_an_order_withdrawn_before_it_was_heard_of_is_cancelled_when_it_lives() -> None:
    it = bench(S.PLACING)
    assert it.side.withdraw("pause", 5) == []
    assert it.hear("a", NEW) == [CancelOrder(BTC, "a", "pause")]


def test_a_cancel_that_never_left_is_repeated_with_its_reason() -> None:
    it = bench(S.CANCELING)
    assert it.side.plain("a", Plain.CANCEL_NOT_SENT, 30) == []
    assert (it.name, it.side.deadline()) == (S.WAITING, 30 + ASK_MS)
    assert it.side.tick(30 + ASK_MS) == [CancelOrder(BTC, "a", "pause")]


def test_a_refused_order_is_over() -> None:
    it = bench(S.PLACING)
    assert it.end(it.side.refused("a", -5022, 20), EndKind.REFUSED, code=-5022)
    assert (it.ledger.remaining(BTC, LONG), it.name) == (D(0), S.COOLDOWN)
    assert it.side.refused("b", -5022, 20) == []


@pytest.mark.parametrize("state", [S.WAITING, S.CANCELING])
def test_a_refusal_that_a_report_contradicts_frees_nothing(state: ExecutionState) -> None:
    it = bench(state)
    assert it.side.refused("a", -1008, 30) == []
    assert (it.ledger.remaining(BTC, LONG), it.name) == (D(4), state)


def test_a_refused_order_that_lives_after_all_is_a_stray() -> None:
    it = bench(S.PLACING)
    it.side.refused("a", -1008, 20)
    assert it.hear("a", NEW, now=30) == [CancelOrder(BTC, "a", "not expected to live")]
    assert (it.ledger.remaining(BTC, LONG), it.side.is_free) == (D(4), False)


def test_doubt_ends_only_by_does_not_exist_late_enough_and_a_list_after_it() -> None:
    it = bench(S.PLACING)
    assert it.side.plain("a", Plain.LOST, 20) == [QueryOrder(BTC, "a")]
    assert it.side.is_doubtful
    assert it.side.missing("a", SETTLED, 30) == []
    assert it.side.listed(frozenset(), 40, 50) == []
    assert it.side.tick(30 + ASK_MS) == [QueryOrder(BTC, "a")]
    assert it.side.missing("a", SETTLED + 1, 600) == [ReadOpenOrders(BTC)]
    assert it.side.listed(frozenset(), 599, 610) == []
    assert it.side.listed(frozenset({"a"}), 605, 610) == []
    assert it.ledger.remaining(BTC, LONG) == 4
    assert it.end(it.side.listed(frozenset(), 605, 615), EndKind.WRITTEN_OFF)
    assert it.ledger.remaining(BTC, LONG) == 0
    assert not it.side.is_doubtful


def test_a_written_off_order_that_fills_is_booked_and_one_that_lives_is_cancelled() -> None:
    it = bench(S.DOUBTFUL)
    it.side.missing("a", SETTLED + 1, 600)
    it.side.listed(frozenset(), 605, 610)
    assert it.hear("a", PART, "1", ms=SENT + 1) == [CancelOrder(BTC, "a", "not expected to live")]
    assert it.ledger.remaining(BTC, LONG) == 3
    assert it.end(it.hear("a", FILLED, "4", ms=SENT + 2), EndKind.FILLED)
    assert it.side.extras == {}


def test_doubt_of_ten_seconds_is_an_alarm_that_says_for_how_long() -> None:
    it = bench(S.DOUBTFUL)
    query, alarm = it.side.tick(10 + ALARM_MS)
    assert query == QueryOrder(BTC, "a")
    assert isinstance(alarm, Notify)
    assert (alarm.severity, alarm.symbol, alarm.side) == (Severity.ALARM, BTC, LONG)
    assert "order a has been unknown for 10 s" in alarm.text
    assert alarm.facts == (("client_id", "a"), ("request", "query"))


def test_a_lost_stream_puts_every_order_in_doubt() -> None:
    it = bench(S.WAITING)
    it.hear("stray", NEW)
    assert it.side.stream_lost(30) == [QueryOrder(BTC, "stray"), QueryOrder(BTC, "a")]
    assert it.side.is_doubtful
    assert it.hear("a", NEW) == []
    assert it.name is S.WAITING


def test_an_order_at_rest_that_a_later_list_lacks_is_asked_for() -> None:
    it = bench(S.WAITING)
    assert it.side.listed(frozenset(), 10, 30) == []
    assert it.side.listed(frozenset(), 11, 30) == [QueryOrder(BTC, "a")]
    assert it.end(it.hear("a", FILLED, "4"), EndKind.FILLED)


def test_strays_are_cancelled_and_run_to_their_end() -> None:
    it = Bench()
    assert it.hear("old", NEW, now=10) == [CancelOrder(BTC, "old", "not expected to live")]
    assert (it.name, it.side.is_free, it.side.is_quiet, it.side.deadline()) == (S.IDLE, False, False, 10 + ANSWER_MS)
    assert it.side.plain("old", Plain.CANCEL_REFUSED, 20) == [QueryOrder(BTC, "old")]
    assert it.side.is_doubtful
    assert it.hear("old", NEW, now=30) == [], "the cancel was refused: not again at once"
    assert it.side.tick(20 + ASK_MS) == [CancelOrder(BTC, "old", "not expected to live")]
    assert it.end(it.hear("old", CANCELED, "1", now=40 + ASK_MS), EndKind.PARTIAL, "old")
    assert it.side.is_free
    assert it.hear("older", CANCELED) == []


@pytest.mark.parametrize("state", [S.PLACING, S.WAITING, S.CANCELING])
def test_no_second_order_while_one_is_not_in_doubt(state: ExecutionState) -> None:
    it = bench(state)
    before = it.side.state
    assert not it.side.panic_may_submit
    with pytest.raises(ValueError, match="a "):
        it.submit("b")
    assert (it.side.state, it.ledger.get("b")) == (before, None)


def may_panic(it: Bench) -> bool:
    return it.side.panic_may_submit


def test_panic_passes_one_doubtful_order_by_and_no_second_one() -> None:
    it = bench(S.DOUBTFUL)
    assert may_panic(it)
    assert it.submit("b", now=20) == [intent("b")]
    assert list(it.side.extras) == ["a"]
    assert it.ledger.remaining(BTC, LONG) == 8
    assert it.side.deadline() == 10 + ASK_MS
    assert not may_panic(it)
    it.side.plain("b", Plain.LOST, 30)
    assert not may_panic(it)
    with pytest.raises(ValueError, match="b is in doubt"):
        it.submit("c", now=40)
    assert it.hear("a", NEW) == [CancelOrder(BTC, "a", "passed by in panic")]
    assert it.end(it.hear("a", CANCELED), EndKind.WITHDRAWN, "a")
    assert may_panic(it)


def test_panic_waits_while_two_orders_may_live_already() -> None:
    it = Bench()
    it.hear("old", NEW)
    assert not may_panic(it), "it lives and is being cancelled: no doubt that would excuse a second one"
    it.side.plain("old", Plain.CANCEL_LOST, 15)
    assert may_panic(it)
    it.hear("older", NEW)
    assert not may_panic(it)
    with pytest.raises(ValueError, match="2 orders of BTCUSDT LONG may live already"):
        it.submit("b")
    assert it.ledger.get("b") is None


def test_a_cancel_of_unknown_outcome_keeps_its_reason() -> None:
    for reason, kind in (("ttl", EndKind.TIMEOUT), ("pause", EndKind.WITHDRAWN)):
        it = bench(S.WAITING)
        assert it.side.withdraw(reason, 20) == [CancelOrder(BTC, "a", reason)]
        assert it.side.plain("a", Plain.CANCEL_LOST, 30) == [QueryOrder(BTC, "a")]
        assert it.end(it.hear("a", CANCELED), kind)


def test_a_client_id_that_was_used_before_changes_nothing() -> None:
    it = bench(S.DOUBTFUL)
    before = it.side.state
    with pytest.raises(ValueError, match="used before"):
        it.submit("a")
    assert (it.side.state, it.side.extras) == (before, {})


def test_a_cooldown_and_a_rest_without_ttl_are_no_hindrance_to_panic() -> None:
    it = bench(S.COOLDOWN)
    assert it.side.panic_may_submit
    it.submit("b", ttl=None)
    it.hear("b", NEW)
    assert (it.side.expires_ms, it.side.deadline()) == (None, None)
    assert it.side.tick(10**9) == []


def test_answers_about_orders_that_are_not_held_do_nothing() -> None:
    it = bench(S.WAITING)
    assert it.side.plain("b", Plain.CANCEL_LOST, 20) == it.side.missing("b", SETTLED + 1, 20) == []
    assert it.name is S.WAITING


def test_an_order_that_the_ledger_never_had_cannot_end_unseen() -> None:
    it = Bench()
    stranger = from_report(report("b", NEW), 0)
    it.side.reported(stranger, 10)
    with pytest.raises(ValueError, match="b has ended and is not in the ledger"):
        it.side.reported(replace(stranger, status=CANCELED), 20)


def main_id(side: ExecutionEngine) -> set[str]:
    return set() if isinstance(side.state, Idle | Cooldown) else {side.state.order.client_id}


def act(it: Bench, what: str, client_id: str, now: int, data: st.DataObject) -> list[Out]:
    """One thing that may happen to the side, about an order that the ledger knows."""
    match what:
        case "hear":
            return it.hear(client_id, data.draw(st.sampled_from([NEW, PART, FILLED, CANCELED])), "1", now, now)
        case "refused":
            return it.side.refused(client_id, -2022, now)
        case "plain":
            return it.side.plain(client_id, data.draw(st.sampled_from(list(Plain))), now)
        case "missing":
            return it.side.missing(client_id, SENT + now, now)
        case "tick":
            return it.side.tick(now, may_cancel=data.draw(st.booleans()))
        case "listed":
            return it.side.listed(frozenset(), now - 1, now)
        case "withdraw":
            return it.side.withdraw("pause", now)
        case _:
            return it.side.stream_lost(now)


ACTS = ["hear", "hear", "refused", "plain", "missing", "missing", "tick", "tick", "listed", "withdraw", "stream_lost"]


def check(it: Bench, out: list[Out], held: set[str]) -> None:
    """Law 4 counts what the side holds and nothing else; only what is held is cancelled; what has ended has ended."""
    main = main_id(it.side)
    assert {order.client_id for order in it.ledger.live(BTC, LONG)} == main | set(it.side.extras)
    assert not main & set(it.side.extras)
    assert all(not isinstance(state, Idle | Cooldown | Placing) for state in it.side.extras.values())
    for each in out:
        if isinstance(each, CancelOrder):
            assert each.client_id in held | set(it.side.extras)
            assert not it.order(each.client_id).is_final
        if isinstance(each, Ended):
            assert each.order == it.order(each.order.client_id)
            assert each.order.is_final


@settings(deadline=None)
@given(data=st.data())
def test_whatever_happens_what_may_live_is_held_and_counted(data: st.DataObject) -> None:
    it, now, sent, strays = Bench(), 0, ["vq-old-1"], set[str]()
    it.hear("vq-old-1", NEW)
    for _ in range(data.draw(st.integers(1, 40))):
        now += data.draw(st.sampled_from([1, 100, 600, 6_000]))
        panic = it.side.panic_may_submit and data.draw(st.booleans())
        if it.side.is_free or panic:
            sent.append(f"vq-r-{len(sent)}")
            it.submit(sent[-1], now, data.draw(st.sampled_from([None, 800])))
            assert len(main_id(it.side) | set(it.side.extras)) <= 2
        held = main_id(it.side) | set(it.side.extras)
        out = act(it, data.draw(st.sampled_from(ACTS)), data.draw(st.sampled_from(sent[-3:])), now, data)
        check(it, out, held)
        strays |= set(it.side.extras) - held
        assert len((main_id(it.side) | set(it.side.extras)) - strays - {"vq-old-1"}) <= 2


@settings(deadline=None)
@given(data=st.data())
def test_a_side_that_the_exchange_answers_comes_to_rest(data: st.DataObject) -> None:
    it, now = Bench(), 0
    it.submit("a", now)
    for _ in range(data.draw(st.integers(0, 10))):
        now += data.draw(st.sampled_from([1, 100, 600, 6_000]))
        act(it, data.draw(st.sampled_from(ACTS)), "a", now, data)
    for _ in range(6):
        now = max(now + 1, it.side.deadline() or 0)
        for each in it.side.withdraw("stop", now) + it.side.tick(now):
            if isinstance(each, QueryOrder | CancelOrder):
                it.hear("a", CANCELED, "1", now, now)
    assert (it.side.is_quiet, it.ledger.remaining(BTC, LONG)) == (True, D(0))
