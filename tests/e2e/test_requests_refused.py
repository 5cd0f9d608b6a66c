"""Requests that the exchange certainly did not do: what waits and is wished anew, what is looked up, what halts."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from tests.e2e.request_scenes import (
    BTC_LEG,
    DELETE,
    ETH_LEG,
    LEGS,
    POST,
    SLOW_CONFIG,
    TIME,
    Watched,
    fault,
    other,
    scene,
    watched,
)
from tests.e2e.stage import BTC, LONG, settings

from vibe_quant.domain.enums import NoticeKind, RequestKind, Severity
from vibe_quant.domain.events import Refused
from vibe_quant.domain.intents import Halt

RULES = "GET /fapi/v1/exchangeInfo"
MOMENT = {"unavailable_503": 503, "internal_1001": -1001}


def no_harm(w: Watched) -> None:
    """Nothing halted, and nobody was woken."""
    assert not w.intents(Halt)
    assert not [notice for notice in w.on.notices if notice.severity is Severity.ALARM], w.on.notices


def codes(w: Watched) -> set[int]:
    """Why orders were refused; post-only in a market that moves apart."""
    return {answer.code for answer in w.events(Refused, RequestKind.SUBMIT)} - {-5022}


@pytest.mark.parametrize("kind", MOMENT)
async def test_what_is_refused_for_reasons_of_the_moment_is_wished_anew_and_is_no_refusal(
    tmp_path: Path, kind: str
) -> None:
    faults = [fault(kind, POST, nth=3, times=6, name="orders"), fault(kind, DELETE, times=2, name="cancels")]
    async with watched(tmp_path, scene(*faults)) as w:
        first = await w.struck("orders")
        await w.struck("orders", 6)
        cancel = await w.struck("cancels", 2)
        await w.on.until(lambda: codes(w) == {MOMENT[kind]}, 10, "the refusals")
        assert not w.asked_for(first.client_id), "what is certainly not done leaves no doubt"
        assert len({asked.client_id for asked in w.strikes("orders")}) == 6, "no id is used twice"
        await w.told("Not done for reasons of the moment", Severity.WARNING)
        order = w.order(cancel.client_id)
        assert order is not None
        await w.on.until(lambda: order.status.is_final, 10, "the end of the order whose cancel was refused")
        no_harm(w)
        await w.on.flat()


async def test_a_refused_timestamp_has_the_clock_measured_again(tmp_path: Path) -> None:
    faults = [fault("timestamp_1021", POST, nth=3, name="order"), fault("timestamp_1021", DELETE, name="cancel")]
    async with watched(tmp_path, scene(*faults), settings(SLOW_CONFIG)) as w:
        struck = await w.struck("order")
        await w.on.until(lambda: w.sent(TIME, struck.at_ms), 12, "another measurement")
        assert not w.asked_for(struck.client_id)
        await w.next(struck)
        cancel = await w.struck("cancel")
        order = w.order(cancel.client_id)
        assert order is not None
        await w.on.until(lambda: order.status.is_final, 10, "the end of the order whose cancel was refused")
        no_harm(w)


async def test_post_only_refusals_are_ordinary(tmp_path: Path) -> None:
    async with watched(tmp_path, scene(fault("post_only_5022", nth=2, for_s=2))) as w:
        await w.struck("post_only_5022", 2)
        no_harm(w)
        await w.on.flat()
        no_harm(w)


REFUSALS = {-2022: LEGS, -4118: LEGS, -2010: LEGS, -1111: RULES, -4164: RULES, -4131: None}
"""Code, and what is read for it."""


@pytest.mark.parametrize("code", REFUSALS)
async def test_a_refusal_has_looked_up_what_it_doubts_and_the_side_goes_on(tmp_path: Path, code: int) -> None:
    async with watched(tmp_path, scene(fault("refuse", POST, nth=3, code=code, message="No."))) as w:
        struck = await w.struck("refuse")
        looked_up = REFUSALS[code]
        if looked_up is not None:
            await w.on.until(lambda: w.sent(looked_up, struck.at_ms), 8, "the read")
        await w.on.until(lambda: code in codes(w), 10, "the refusal")
        await w.next(struck)
        no_harm(w)
        await w.on.flat()


@pytest.mark.parametrize("code", [-2010, -2022])
async def test_five_refusals_in_a_row_halt_their_side_and_no_other(tmp_path: Path, code: int) -> None:
    where = {"position_side": "LONG"}
    declared = fault("refuse", POST, where=where, when={"rate": 1}, code=code, message="No.")
    async with watched(tmp_path, scene(declared)) as w:
        await w.told("5 refusals in a row", Severity.ALARM)
        count = len(w.strikes("refuse"))
        assert count == 5
        assert [(halt.side, halt.symbol) for halt in w.intents(Halt)] == [(LONG, BTC)]
        await w.on.until(lambda: not w.on.truth.left(ETH_LEG), 20, "the other side's end")
        assert len(w.strikes("refuse")) == count, "nothing more is sent for the side that has halted"
        await w.on.protected()
        assert any("refusals in a row" in str(row.data()) for row in w.on.journal.rows(kinds=("decision",)))


@pytest.mark.parametrize("endpoint", [POST, DELETE])
async def test_what_the_exchange_calls_malformed_halts_its_side_as_a_defect(tmp_path: Path, endpoint: str) -> None:
    declared = fault("refuse", endpoint, nth=2, code=-1106, message="Parameter 'x' sent when not required.")
    async with watched(tmp_path, scene(declared)) as w:
        struck = await w.struck("refuse")
        notice = await w.told("a defect of this program", Severity.ALARM)
        leg = BTC_LEG if notice.side is LONG else ETH_LEG
        assert notice.kind is NoticeKind.HALT
        await w.on.until(lambda: not w.on.truth.left(other(leg)), 20, "the other side's end")
        assert not w.orders_of(leg, struck.at_ms, struck.client_id)
        await w.on.until(lambda: not w.on.truth.live(), 10, "the end of the orders")


async def test_a_key_that_is_refused_stops_all_discretion_and_leaves_the_stops(tmp_path: Path) -> None:
    declared = fault("refuse", POST, nth=3, code=-2015, message="Invalid API-key, IP, or permissions.", status=401)
    async with watched(tmp_path, scene(declared)) as w:
        struck = await w.struck("refuse")
        notice = await w.told("All discretionary orders have stopped", Severity.ALARM)
        assert "-2015" in notice.text
        sent = len(w.sent(POST))
        await w.on.until(lambda: not w.on.truth.live(), 10, "the end of the orders")
        await w.on.until(lambda: w.on.server.box.now > struck.at_ms + 3000, 10, "three seconds")
        assert len(w.sent(POST)) <= sent + 1, "what was on its way at most"
        assert w.on.truth.stops(), "the stops stand"


async def test_an_unknown_code_is_a_refusal_that_counts(tmp_path: Path) -> None:
    declared: dict[str, Any] = fault("refuse", POST, nth=2, code=-4999, message="News.")
    async with watched(tmp_path, scene(declared)) as w:
        struck = await w.struck("refuse")
        await w.on.until(lambda: w.sent(LEGS, struck.at_ms), 8, "a read of the account")
        await w.next(struck)
        await w.on.flat()
