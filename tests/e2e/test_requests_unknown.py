"""Answers that are late, lost, doubled or do not say what was done: the side asks until it is told."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from tests.e2e.request_scenes import (
    DELETE,
    EAGER_CONFIG,
    LEGS,
    POST,
    QUERY,
    SLOW_CONFIG,
    TAKES,
    fault,
    leg_of,
    other,
    scene,
    watched,
)
from tests.e2e.stage import settings

from vibe_quant.domain.enums import OrderStatus, RequestKind
from vibe_quant.domain.events import Unknown
from vibe_quant.domain.intents import CancelOrder

SETTLED_MS = 4000
"""recvWindow and two seconds: before, "does not exist" is no answer (behaviour 7)."""
NEWS = {"events": ["ORDER_TRADE_UPDATE"]}
DEAF = {"kind": "event_lost", "where": NEWS, "when": {"at_s": 0}, "for_s": 1}
"""The stream tells nothing of orders for a second."""

WORKED: dict[str, dict[str, Any]] = {
    "ack_lost": {},
    "unknown_503": {"reached": True},
    "timeout_1007": {"reached": True},
    "proxy_error": {"reached": True, "status": 502},
}
NOT_WORKED: dict[str, dict[str, Any]] = {
    "request_lost": {},
    "unknown_503": {"reached": False, "code": -1000},
    "timeout_1007": {"reached": False},
    "proxy_error": {"reached": False, "status": 504},
}


@pytest.mark.parametrize("kind", WORKED)
async def test_an_order_in_doubt_is_found_by_asking_where_the_stream_is_deaf(tmp_path: Path, kind: str) -> None:
    declared = fault(kind, POST, where=TAKES, **WORKED[kind])
    async with watched(tmp_path, scene(declared), settings(EAGER_CONFIG), on_strike={kind: [DEAF]}) as w:
        lost = await w.struck(kind)
        await w.on.until(lambda: w.asked_for(lost.client_id), 10, "a question about the order")
        assert any(unknown.client_id == lost.client_id for unknown in w.events(Unknown, RequestKind.SUBMIT))
        order = w.order(lost.client_id)
        assert order is not None
        await w.on.until(lambda: order.status.is_final, 10, "the end of the order that was in doubt")
        await w.on.flat()


@pytest.mark.parametrize("kind", WORKED)
async def test_a_post_only_order_in_doubt_lives_or_has_left_no_record(tmp_path: Path, kind: str) -> None:
    declared = fault(kind, POST, nth=3, **WORKED[kind])
    async with watched(tmp_path, scene(declared), settings(SLOW_CONFIG), on_strike={kind: [DEAF]}) as w:
        lost = await w.struck(kind)
        await w.on.until(lambda: w.asked_for(lost.client_id), 10, "a question about the order")
        after = await w.next(lost, 30)
        order = w.order(lost.client_id)
        if order is None:
            assert after.created_ms - lost.at_ms > SETTLED_MS
        else:
            assert order.status.is_final
            assert after.created_ms >= order.updated_ms


async def test_a_page_of_the_firewall_is_no_answer_and_the_stream_tells(tmp_path: Path) -> None:
    declared = fault("proxy_error", POST, where=TAKES, reached=True, status=403)
    async with watched(tmp_path, scene(declared), settings(EAGER_CONFIG)) as w:
        lost = await w.struck("proxy_error")
        await w.on.until(lambda: w.order(lost.client_id), 10, "the order")
        await w.on.until(lambda: w.events(Unknown, RequestKind.SUBMIT), 10, "the page")
        await w.on.flat()


@pytest.mark.parametrize("kind", NOT_WORKED)
async def test_an_order_that_never_was_is_written_off_when_it_can_be_no_more(tmp_path: Path, kind: str) -> None:
    async with watched(tmp_path, scene(fault(kind, POST, nth=3, **NOT_WORKED[kind]))) as w:
        lost = await w.struck(kind)
        after = await w.next(lost)
        assert w.order(lost.client_id) is None
        assert after.created_ms - lost.at_ms > SETTLED_MS
        assert w.asked_for(lost.client_id) > 1, "it is asked for again and again"
        assert w.orders_of(other(lost.leg), lost.at_ms), "the other side has gone on"
        assert w.sent(LEGS, lost.at_ms), "the account was compared"
        assert len([asked for asked in w.sent(POST) if asked.client_id == lost.client_id]) == 1
        await w.on.flat()


@pytest.mark.parametrize("kind", NOT_WORKED)
async def test_a_cancel_that_was_not_worked_is_found_out_and_sent_again(tmp_path: Path, kind: str) -> None:
    async with watched(tmp_path, scene(fault(kind, DELETE, **NOT_WORKED[kind]))) as w:
        lost = await w.struck(kind)
        order = w.order(lost.client_id)
        assert order is not None
        await w.on.until(lambda: w.asked_for(lost.client_id) or order.status.is_final, 10, "a question about the order")
        await w.on.until(lambda: order.status.is_final, 10, "the end of the order")
        if order.status is OrderStatus.CANCELED:
            assert len([c for c in w.intents(CancelOrder) if c.client_id == lost.client_id]) > 1
        await w.again(leg_of(order), lost.at_ms)
        await w.on.flat()


@pytest.mark.parametrize("kind", WORKED)
async def test_a_cancel_that_was_worked_without_an_answer_is_found_out_by_asking(tmp_path: Path, kind: str) -> None:
    declared = fault(kind, DELETE, **WORKED[kind])
    async with watched(tmp_path, scene(declared), on_strike={kind: [DEAF]}) as w:
        lost = await w.struck(kind)
        await w.on.until(lambda: w.asked_for(lost.client_id), 10, "a question about the order")
        order = w.order(lost.client_id)
        assert order is not None
        assert order.status.is_final
        await w.again(leg_of(order), lost.at_ms)
        assert [c.client_id for c in w.intents(CancelOrder)].count(lost.client_id) == 1
        await w.on.flat()


async def test_a_question_that_fails_is_asked_again(tmp_path: Path) -> None:
    faults = (
        fault("request_lost", POST, nth=3),
        fault("unknown_503", QUERY, reached=False, name="first"),
        fault("proxy_error", QUERY, nth=2, reached=True, name="second"),
        fault("unavailable_503", QUERY, nth=3, name="third"),
        fault("internal_1001", QUERY, nth=4, name="fourth"),
    )
    async with watched(tmp_path, scene(*faults)) as w:
        lost = await w.struck("request_lost")
        await w.struck("fourth")
        await w.next(lost)
        assert w.asked_for(lost.client_id) > 4
        await w.on.flat()


async def test_late_acks_hold_nothing_up_where_the_stream_has_told(tmp_path: Path) -> None:
    faults = [fault("ack_late", where={"endpoint": [POST, DELETE]}, when={"rate": 1}, delay_ms=1500)]
    async with watched(tmp_path, scene(*faults)) as w:
        await w.struck("ack_late", 4)
        await w.on.flat()
        assert not w.events(Unknown)
        assert not any(w.asked_for(order.client_id) for order in w.on.truth.own)
        lived = [o.updated_ms - o.created_ms for o in w.on.truth.own if o.status is OrderStatus.FILLED]
        assert min(lived) < 1500, "an order may be filled before its answer is there"


async def test_an_answer_that_is_later_than_five_seconds_counts_as_unknown(tmp_path: Path) -> None:
    declared = fault("ack_late", POST, where=TAKES, delay_ms=8000)
    deaf = {"ack_late": [{**DEAF, "for_s": 3}]}
    async with watched(tmp_path, scene(declared), settings(EAGER_CONFIG), on_strike=deaf) as w:
        late = await w.struck("ack_late")
        await w.on.until(lambda: w.asked_for(late.client_id), 15, "a question about the order")
        await w.on.flat()


@pytest.mark.parametrize("shows", ["first", "second"])
async def test_a_request_that_was_doubled_on_its_way_is_one_order(tmp_path: Path, shows: str) -> None:
    faults = [
        fault("ack_doubled", POST, nth=3, shows=shows, name="order"),
        fault("ack_doubled", DELETE, shows=shows, name="cancel"),
    ]
    async with watched(tmp_path, scene(*faults)) as w:
        doubled = await w.struck("order")
        await w.struck("cancel")
        assert len([o for o in w.on.truth.own if o.client_id == doubled.client_id]) <= 1
        await w.next(doubled)
        await w.on.flat()


async def test_a_late_request_is_waited_for(tmp_path: Path) -> None:
    async with watched(
        tmp_path, scene(fault("request_late", POST, where=TAKES, delay_ms=1000)), settings(EAGER_CONFIG)
    ) as w:
        late = await w.struck("request_late")
        await w.on.until(lambda: w.order(late.client_id), 10, "the late order")
        order = w.order(late.client_id)
        assert order is not None
        assert order.created_ms - late.at_ms >= 1000
        assert w.orders_of(late.leg, late.at_ms)[0] is order, "and nothing is sent meanwhile"
        await w.on.flat()


async def test_a_request_later_than_its_window_is_refused_by_the_exchange(tmp_path: Path) -> None:
    async with watched(tmp_path, scene(fault("request_late", POST, nth=3, delay_ms=3000))) as w:
        late = await w.struck("request_late")
        after = await w.next(late)
        assert w.order(late.client_id) is None
        assert after.created_ms - late.at_ms > 3000
        await w.on.flat()


@pytest.mark.slow
async def test_an_answer_that_never_comes_is_given_up_and_a_request_that_late_can_do_nothing(tmp_path: Path) -> None:
    async with watched(tmp_path, scene(fault("request_late", POST, nth=3, delay_ms=12_000))) as w:
        late = await w.struck("request_late")
        after = await w.next(late)
        assert SETTLED_MS < after.created_ms - late.at_ms < 12_000
        await w.on.until(lambda: w.on.server.box.now > late.at_ms + 12_500, 15, "the late request")
        assert w.order(late.client_id) is None


@pytest.mark.slow
async def test_ten_seconds_of_doubt_are_an_alarm(tmp_path: Path) -> None:
    faults = [
        fault("request_lost", POST, nth=3),
        fault("unknown_503", QUERY, when={"rate": 1}, reached=False, name="no answers"),
    ]
    async with watched(tmp_path, scene(*faults)) as w:
        lost = await w.struck("request_lost")
        alarm = await w.told("the fate of order", within_s=20)
        assert (alarm.side, lost.client_id in alarm.text) == (lost.leg[1], True)
        assert not w.orders_of(lost.leg, lost.at_ms)
        w.on.server.box.plan.remove(w.on.server.box.now, "no answers")
        await w.next(lost)
        await w.on.flat()
