"""Orders and stops of the account's owner are never touched; what they mean for ours; and ours that he takes away."""

from __future__ import annotations

from decimal import Decimal
from pathlib import Path

import pytest
from tests.e2e.account_scenes import RAW, again, alone, at_rest, flatten, journalled, live, reads, resting, rests
from tests.e2e.request_scenes import PLACE_STOP, fault, watched
from tests.e2e.stage import BARE_MS, LONG, Stage

from vibe_quant.domain.enums import OrderSide, OrderStatus, OrderType, RequestKind, Severity
from vibe_quant.domain.events import Refused
from vibe_quant.domain.intents import CancelOrder, CancelStop, Halt
from vibe_quant.sim.records import AlgoRequest
from vibe_quant.sim.switches import Switches

D = Decimal
LARGE = {"base_mult": "50", "max_order_notional": "9000"}
"""Orders of 0.05 where the position is 0.1."""
CLOSER = {"symbol": RAW, "side": "LONG", "away": 0.02, "client_id": "web_1"}
STOP = {"symbol": RAW, "side": "LONG", "away": 0.03, "client_id": "web_stop"}


def theirs(on: Stage, client_id: str) -> bool:
    """Whether an order or stop of the owner stands."""
    orders = [order.client_id for order in on.truth.foreign if not order.status.is_final]
    return client_id in [*orders, *(algo.client_id for algo in on.server.box.exchange.algos.open)]


def touched(on: Stage) -> list[str]:
    """Ids without our prefix that the program has asked to cancel."""
    ids = [i.client_id for i in on.intents if isinstance(i, CancelOrder | CancelStop)]
    return [client_id for client_id in ids if not client_id.startswith("vq-")]


async def test_what_a_foreign_closer_claims_is_left_to_it_from_the_first_refusal_on(tmp_path: Path) -> None:
    closer = {"kind": "foreign_order", "qty": "0.07", **CLOSER}
    account = alone(closer)
    async with watched(tmp_path, account, resting(**LARGE), cancelled={"web_1"}) as w:
        order = await rests(w)
        assert w.on.truth.struck("foreign_order") == 1
        assert -2022 in [r.code for r in w.events(Refused, RequestKind.SUBMIT)]
        assert order.qty == D("0.03")
        alarm = await w.told("orders that are not ours claim 0.07", Severity.ALARM)
        assert dict(alarm.facts)["claimed"] in ("0.07", "0.070")
        assert (theirs(w.on, "web_1"), touched(w.on)) == (True, [])
        await w.on.act("orders_cancelled", symbol=RAW, what="regular", prefix="web_")
        flatten(w)
        await w.on.flat()
        assert len(w.notices("orders that are not ours claim")) == 1
        assert journalled(w, "mismatch", text="orders that are not ours claim")


async def test_where_all_is_claimed_the_side_waits_says_so_once_and_goes_on_when_it_is_free(tmp_path: Path) -> None:
    closer = {"kind": "foreign_order", "qty": "0.1", "for_s": 6, **CLOSER}
    account = alone(closer)
    async with watched(tmp_path, account, resting(), cancelled={"web_1"}) as w:
        await w.told("orders that are not ours claim", Severity.ALARM)
        await w.on.until(lambda: w.on.truth.stops(), 10, "a stop")
        await rests(w)
        assert not theirs(w.on, "web_1"), "it was waited for"
        assert w.on.truth.struck("foreign_order") == 1
        refused = [r for r in w.events(Refused, RequestKind.SUBMIT) if r.code == -2022]
        assert 1 <= len(refused) <= 2, "not refused again and again"
        assert (len(w.notices("orders that are not ours claim")), w.intents(Halt)) == (1, [])
        assert touched(w.on) == []


async def test_where_the_exchange_takes_more_closers_than_there_is_both_rest(tmp_path: Path) -> None:
    closer = {"kind": "foreign_order", "qty": "0.1", **CLOSER}
    loose = Switches(closers_sum_refused=False, knock_out_closers=False)
    account = alone(closer, switches=loose)
    async with at_rest(tmp_path, account, resting(**LARGE)) as w:
        assert w.on.truth.struck("foreign_order") == 1
        assert (len(live(w)), theirs(w.on, "web_1"), touched(w.on)) == (1, True, [])


async def test_a_foreign_order_that_opens_is_left_alone_and_claims_nothing(tmp_path: Path) -> None:
    opener = {"kind": "foreign_order", "qty": "0.5", "opens": True, **CLOSER}
    account = alone(opener, wallet="5000")
    async with at_rest(tmp_path, account, resting(**LARGE)) as w:
        order = await rests(w)
        assert (w.on.truth.struck("foreign_order"), order.qty) == (1, D("0.05"))
        assert not w.events(Refused, RequestKind.SUBMIT)
        flatten(w)
        await w.on.flat()
        assert (theirs(w.on, "web_1"), touched(w.on)) == (True, [])


async def test_a_foreign_stop_from_the_opening_on_takes_over_until_it_is_gone(tmp_path: Path) -> None:
    stop = {"kind": "foreign_stop", "for_s": 5, **STOP}
    account = alone(stop)
    async with watched(tmp_path, account, resting()) as w:
        await rests(w)
        assert w.on.truth.struck("foreign_stop") == 1
        await w.on.until(lambda: not theirs(w.on, "web_stop"), 10, "the end of the foreign stop")
        assert not w.sent(PLACE_STOP, 0, w.on.server.box.now - 100), "none of ours beside it"
        await w.on.until(lambda: w.on.truth.stops(), BARE_MS / 1000, "ours in its place")
        assert touched(w.on) == []


async def test_a_foreign_stop_that_comes_later_replaces_ours_and_ours_comes_back_after_it(tmp_path: Path) -> None:
    async with at_rest(tmp_path) as w:
        ours = w.on.truth.stops()
        await w.on.fault("foreign_stop", qty="0.1", for_s=5, **STOP)
        await w.on.until(lambda: not w.on.truth.stops(), 10, "the end of ours")
        assert w.on.truth.struck("foreign_stop") == 1
        cancels = w.intents(CancelStop)
        assert [(c.client_id, c.reason) for c in cancels] == [(ours[0], "a stop of the user's own protects the leg")]
        assert theirs(w.on, "web_stop")
        await w.on.until(lambda: not theirs(w.on, "web_stop"), 10, "the end of the foreign stop")
        await w.on.until(lambda: w.on.truth.stops(), BARE_MS / 1000, "ours in its place")
        assert touched(w.on) == []


async def test_a_foreign_stop_of_a_part_takes_nothing_over(tmp_path: Path) -> None:
    stop = {"kind": "foreign_stop", "qty": "0.05", **STOP}
    async with at_rest(tmp_path, alone(stop)) as w:
        await reads(w, 1)
        assert w.on.truth.struck("foreign_stop") == 1
        assert (len(w.on.truth.stops()), theirs(w.on, "web_stop"), touched(w.on)) == (1, True, [])


async def test_a_take_profit_takes_nothing_over(tmp_path: Path) -> None:
    async with at_rest(tmp_path) as w:
        box = w.on.server.box
        take = OrderType.TAKE_PROFIT_MARKET
        request = AlgoRequest(
            RAW, OrderSide.SELL, LONG, take, "web_tp", D("99000"), box.now, D("0.1"), close_position=False
        )
        box.exchange.algos.place(request, box.now)
        await reads(w, 2)
        assert (len(w.on.truth.stops()), theirs(w.on, "web_tp"), touched(w.on)) == (1, True, [])


async def test_orders_that_the_owner_cancels_are_an_ordinary_end(tmp_path: Path) -> None:
    async with at_rest(tmp_path) as w:
        order = await rests(w)
        await w.on.fault("orders_cancelled", symbol=RAW, what="regular", prefix="vq-")
        after = await again(w, order.created_ms, 5)
        assert w.on.truth.struck("orders_cancelled") == 1
        assert (order.status, after.qty) == (OrderStatus.CANCELED, order.qty)
        flatten(w)
        await w.on.flat()


@pytest.mark.parametrize("what", ["conditional", "all"])
async def test_stops_that_the_owner_cancels_are_told_and_come_back_within_the_bound(tmp_path: Path, what: str) -> None:
    async with at_rest(tmp_path) as w:
        order, stops, since = await rests(w), w.on.truth.stops(), w.on.server.box.now
        await w.on.fault("orders_cancelled", symbol=RAW, what=what)
        await w.on.until(lambda: w.on.truth.stops() not in ([], stops), BARE_MS / 1000, "another stop")
        assert w.on.truth.struck("orders_cancelled") == 1
        assert w.on.truth.bare_ms(since) > 0
        assert w.notices("has lost its protective stop at"), "and it is said"
        if what == "all":
            await again(w, order.created_ms, 5)
        flatten(w)
        await w.on.flat()


async def test_stops_that_vanish_without_a_word_are_missed_at_the_next_look(tmp_path: Path) -> None:
    silent = fault("event_lost", where={"events": ["ALGO_UPDATE"]}, when={"rate": 1})
    async with at_rest(tmp_path, bare_ms=None) as w:
        since = w.on.server.box.now
        await w.on._post("faults", silent)
        await w.on.act("orders_cancelled", symbol=RAW, what="conditional")
        await w.on.until(lambda: w.on.truth.stops(), 15, "another stop")
        assert 0 < w.on.truth.bare_ms(since) < 8000, "the account is compared each five seconds"
        assert w.on.truth.struck("event_lost") >= 1
