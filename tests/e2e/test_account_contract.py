"""The contract changes: another grid, a halt, its end.  Rules are read at once, orders follow, the operator is told."""

from __future__ import annotations

from decimal import Decimal
from pathlib import Path

import pytest
from tests.e2e.account_scenes import RAW, again, alone, at_rest, flatten, journalled, live, reads, rests
from tests.e2e.request_scenes import POST, fault
from tests.e2e.stage import BARE_MS

from vibe_quant.app.inbox import Inbox
from vibe_quant.domain.enums import OrderStatus, RequestKind, Severity
from vibe_quant.domain.events import ContractNews, Event, Refused
from vibe_quant.domain.intents import CancelOrder, FetchRules, Halt

TICK = Decimal("0.9")


async def test_a_new_tick_is_heard_and_what_rests_off_the_grid_is_priced_anew(tmp_path: Path) -> None:
    async with at_rest(tmp_path) as w:
        order = await rests(w)
        assert order.price is not None
        assert order.price % TICK
        await w.on.fault("tick_changed", symbol=RAW, tick=str(TICK))
        after = await again(w, order.created_ms, 5)
        assert w.on.truth.struck("tick_changed") == 1
        assert order.status is OrderStatus.CANCELED
        assert [c.reason for c in w.intents(CancelOrder)][:1] == ["the symbol's grid has changed"]
        assert after.price is not None
        assert not after.price % TICK
        assert not [r for r in w.events(Refused, RequestKind.SUBMIT) if r.code == -4014]
        flatten(w)
        await w.on.flat()


async def test_a_new_tick_that_nobody_told_of_is_found_by_the_refusal(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    put = Inbox.put

    def deaf(inbox: Inbox, event: Event) -> None:
        if not isinstance(event, ContractNews):
            put(inbox, event)

    monkeypatch.setattr(Inbox, "put", deaf)
    async with at_rest(tmp_path) as w:
        order = await rests(w)
        await w.on.fault("tick_changed", symbol=RAW, tick=str(TICK))
        await w.on.act("orders_cancelled", symbol=RAW, what="regular")
        after = await again(w, order.created_ms, 5)
        assert w.on.truth.struck("tick_changed") == 1
        assert [r.code for r in w.events(Refused, RequestKind.SUBMIT)] == [-4014]
        assert "an order was refused with -4014" in [f.reason for f in w.intents(FetchRules)]
        assert after.price is not None
        assert not after.price % TICK
        flatten(w)
        await w.on.flat()


@pytest.mark.parametrize("code", [-1111, -4014, -4023])
async def test_a_grid_that_is_refused_is_read_at_once(tmp_path: Path, code: int) -> None:
    refused = fault("refuse", POST, nth=2, code=code, message="off the grid")
    async with at_rest(tmp_path, alone(refused)) as w:
        order = await rests(w)
        await w.on.act("orders_cancelled", symbol=RAW, what="regular")
        await w.struck("refuse")
        await again(w, order.created_ms, 5)
        assert f"an order was refused with {code}" in [f.reason for f in w.intents(FetchRules)]
        assert not w.intents(Halt)
        flatten(w)
        await w.on.flat()


async def test_a_halt_of_trading_is_waited_for(tmp_path: Path) -> None:
    async with at_rest(tmp_path) as w:
        order, stops = await rests(w), w.on.truth.stops()
        await w.on.fault("symbol_status", symbol=RAW, status="TRADING_HALT", for_s=3)
        await w.told("in status TRADING_HALT", Severity.ALARM)
        await w.on.until(lambda: order.status.is_final, 3, "the end of the order")
        assert (w.on.truth.struck("symbol_status"), w.on.truth.stops()) == (1, stops)
        await w.told("is trading again")
        after = await again(w, order.created_ms)
        assert after.created_ms - order.created_ms > 2500
        assert not w.events(Refused, RequestKind.SUBMIT), "nothing was tried meanwhile"
        flatten(w)
        await w.on.flat()


async def test_before_a_settlement_orders_end_and_nothing_is_tried_and_after_a_change_of_mind_it_goes_on(
    tmp_path: Path,
) -> None:
    async with at_rest(tmp_path, bare_ms=None) as w:
        order = await rests(w)
        await w.on.fault("symbol_status", symbol=RAW, status="PRE_SETTLE", for_s=4)
        await w.told("in status PRE_SETTLE", Severity.ALARM)
        await w.on.until(lambda: order.status.is_final, 3, "the end of the order")
        assert w.on.truth.struck("symbol_status") == 1
        assert journalled(w, "decision", text="in status PRE_SETTLE")
        await w.told("is trading again")
        trading = w.on.server.box.now
        after = await again(w, order.created_ms)
        assert after.created_ms - order.created_ms > 3500
        assert len(w.events(Refused, RequestKind.SUBMIT)) <= 1, "none by a status that is known"
        tries = w.events(Refused, RequestKind.PLACE_STOP)
        assert 1 <= len(tries) <= 10, "its stop was, with growing pauses"
        await w.on.until(lambda: not w.on.truth.bare_now(), 10, "the stop")
        assert w.on.truth.bare_ms(trading) <= 2 * BARE_MS
        flatten(w)
        await w.on.flat()


@pytest.mark.parametrize("status", ["SETTLING", "CLOSE"])
async def test_a_settled_contract_ends_the_exit(tmp_path: Path, status: str) -> None:
    async with at_rest(tmp_path) as w:
        await w.on.fault("symbol_status", symbol=RAW, status=status)
        alarm = await w.told("the exchange's settlement", Severity.ALARM)
        assert w.on.truth.struck("symbol_status") == 1
        assert dict(alarm.facts)["client_id"].startswith("settlement_autoclose-")
        await w.told(f"in status {status}", Severity.ALARM)
        await w.on.flat()
        await w.told("the exit is done")
        assert journalled(w, "mismatch", text="the exchange's settlement")
        since = w.on.server.box.now
        await reads(w, 2)
        assert not live(w)
        assert not w.sent(POST, since)
        assert not w.sent("POST /fapi/v1/algoOrder", since)
