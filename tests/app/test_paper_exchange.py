"""The Exchange port of venue paper: each answer as the real one's would be, after its way, at the exchange's time."""

from __future__ import annotations

from decimal import Decimal

import pytest
from tests.app.paper_stage import BTC, ENTRY_MS, LONG, RESPONSE_MS, Paper

from vibe_quant.domain import events as ev
from vibe_quant.domain.enums import OrderStatus, Source, StopStatus, Stream
from vibe_quant.domain.intents import AmendOrder, CancelOrder, CancelStop, QueryOrder
from vibe_quant.ports import Accepted, AccountConfig, Exchange, NotSent, Outcome, Rejected

D = Decimal


@pytest.fixture
def paper() -> Paper:
    return Paper()


def value(outcome: Outcome[ev.OrderUpdate]) -> ev.OrderUpdate:
    assert isinstance(outcome, Accepted), outcome
    return outcome.value


async def test_it_is_an_exchange(paper: Paper) -> None:
    port: Exchange = paper.exchange
    assert await port.account_config() == Accepted(AccountConfig(True, False, True))
    assert await port.key_rights() == Accepted(None)
    assert await port.server_time() == Accepted(paper.clock.server_ms())
    assert await paper.exchange.load_names() == Accepted(1)
    await port.close()
    assert paper.public.closed


async def test_an_order_travels_and_is_worked_when_it_arrives(paper: Paper) -> None:
    left, server = paper.clock.now, paper.clock.server_ms()
    ack = value(await paper.exchange.submit(paper.order()))
    assert paper.clock.now == left + ENTRY_MS + RESPONSE_MS == ack.recv_ms
    assert (ack.status, ack.exch_ms, ack.source, ack.filled_qty) == (
        OrderStatus.NEW,
        server + ENTRY_MS,
        Source.REST,
        D(0),
    )


async def test_a_post_only_order_that_would_take_is_refused(paper: Paper) -> None:
    left = paper.clock.server_ms()
    refused = await paper.exchange.submit(paper.order(price="59999.9"))
    assert isinstance(refused, Rejected)
    assert (refused.code, refused.exch_ms) == (-5022, left)
    assert "Post Only" in refused.message
    assert paper.pass_ms(200) == []


async def test_it_is_the_book_of_its_arrival_that_counts(paper: Paper) -> None:
    async def sleep(seconds: float) -> None:
        paper.clock.now += round(seconds * 1000)
        paper.quote("60000.5", "60000.6")

    paper.exchange._sleep = sleep
    refused = await paper.exchange.submit(paper.order())
    assert isinstance(refused, Rejected)
    assert refused.code == -5022


async def test_more_than_the_leg_has_is_refused(paper: Paper) -> None:
    refused = await paper.exchange.submit(paper.order(qty="1.001"))
    assert isinstance(refused, Rejected)
    assert refused.code == -2022


async def test_a_timestamp_that_is_too_old_is_refused(paper: Paper) -> None:
    order = paper.order()
    paper.clock.now += 2_001
    refused = await paper.exchange.submit(order)
    assert isinstance(refused, Rejected)
    assert refused.code == -1021


async def test_an_order_is_amended_asked_for_and_cancelled(paper: Paper) -> None:
    await paper.exchange.submit(paper.order())
    missing = await paper.exchange.query(QueryOrder(BTC, "vq-1"))
    assert isinstance(missing, Rejected)
    assert missing.code == -2013, "not to be seen at once"
    paper.pass_ms(300)
    moved = value(await paper.exchange.amend(AmendOrder(BTC, LONG, "vq-1", D("0.5"), D(60_100))))
    assert (moved.qty, moved.price, moved.avg_price) == (D("0.5"), D(60_100), None)
    found = value(await paper.exchange.query(QueryOrder(BTC, "vq-1")))
    assert (found.qty, found.status) == (D("0.5"), OrderStatus.NEW)
    gone = value(await paper.exchange.cancel(CancelOrder(BTC, "vq-1", "test")))
    assert gone.status is OrderStatus.CANCELED
    twice = await paper.exchange.cancel(CancelOrder(BTC, "vq-1", "test"))
    assert isinstance(twice, Rejected)
    assert twice.code == -2011


async def test_a_stop_is_placed_read_and_cancelled(paper: Paper) -> None:
    left = paper.clock.now
    placed = await paper.exchange.place_stop(paper.stop("59000"))
    assert isinstance(placed, Accepted)
    assert (placed.value.status, placed.value.close_position) == (StopStatus.NEW, True)
    assert placed.value.recv_ms == left + ENTRY_MS + RESPONSE_MS
    read = await paper.exchange.open_stops(BTC)
    assert isinstance(read, Accepted)
    assert [stop.client_id for stop in read.value.stops] == ["vq-ps-1"]
    gone = await paper.exchange.cancel_stop(CancelStop(BTC, LONG, "vq-ps-1", "test"))
    assert isinstance(gone, Accepted)
    assert gone.value.status is StopStatus.CANCELED
    passed = await paper.exchange.place_stop(paper.stop("60000"))
    assert isinstance(passed, Rejected)
    assert passed.code == -2021, "the mark is there already"


async def test_reads_tell_what_the_account_is(paper: Paper) -> None:
    await paper.exchange.submit(paper.order())
    await paper.exchange.place_stop(paper.stop("59000"))
    left = paper.clock.now
    read = await paper.exchange.snapshot(None, ())
    assert isinstance(read, Accepted)
    snap = read.value
    assert (snap.request_ms, snap.recv_ms) == (left, left + ENTRY_MS + RESPONSE_MS)
    assert snap.positions is not None
    assert [(p.symbol, p.side, p.qty, p.entry_price) for p in snap.positions] == [(BTC, LONG, D(1), D(60_000))]
    assert snap.positions[0].exch_ms > 0
    alone = await paper.exchange.positions()
    assert isinstance(alone, Accepted)
    assert alone.value.positions == snap.positions
    assert snap.balances is not None
    assert [(b.asset, b.wallet) for b in snap.balances] == [("USDT", D(100_000))]
    assert [o.client_id for o in snap.orders or ()] == ["vq-1"]
    assert [s.client_id for s in snap.stops or ()] == ["vq-ps-1"]
    listed = await paper.exchange.open_orders(BTC)
    assert isinstance(listed, Accepted)
    assert [o.client_id for o in listed.value.orders] == ["vq-1"]


async def test_a_countdown_is_armed_and_disarmed(paper: Paper) -> None:
    await paper.exchange.submit(paper.order())
    for countdown_ms in (1_000, 0):
        armed = await paper.exchange.countdown(BTC, countdown_ms)
        assert isinstance(armed, Accepted)
        assert armed.value.countdown_ms == countdown_ms
    paper.pass_ms(1_200)
    assert paper.venue.exchange.open_orders(BTC) != []


async def test_without_a_book_nothing_that_needs_one_leaves(paper: Paper) -> None:
    await paper.exchange.submit(paper.order())
    paper.venue.show(ev.StreamDown(Stream.BOOK, paper.clock.now, "gone"))
    sent = paper.clock.now
    for outcome in (
        await paper.exchange.submit(paper.order("vq-2")),
        await paper.exchange.amend(AmendOrder(BTC, LONG, "vq-1", D("0.5"), D(60_100))),
    ):
        assert isinstance(outcome, NotSent)
        assert BTC in outcome.detail
    assert paper.clock.now == sent
    assert value(await paper.exchange.cancel(CancelOrder(BTC, "vq-1", "test"))).status is OrderStatus.CANCELED


async def test_the_real_mark_is_told_and_seen(paper: Paper) -> None:
    await paper.exchange.place_stop(paper.stop("59000"))
    paper.public.marks[BTC] = D(58_000)
    read = await paper.exchange.mark(BTC)
    assert isinstance(read, Accepted)
    assert read.value.price == 58_000
    paper.pass_ms(20)
    assert paper.long == 0, "its stop has fired"
    paper.public.marks.clear()
    assert isinstance(await paper.exchange.mark(BTC), Rejected)


async def test_rules_are_the_real_ones_with_default_brackets_and_ordinary_fees(paper: Paper) -> None:
    read = await paper.exchange.rules(BTC)
    assert isinstance(read, Accepted)
    assert read.value.rules == paper.public.listed[BTC]
    assert read.value.brackets[0].max_leverage == 125
    assert (read.value.maker_fee, read.value.taker_fee) == (D("0.0002"), D("0.0005"))
    other = await paper.exchange.rules("ETH/USDT:USDT")
    assert isinstance(other, Rejected)
    assert other.code == -1121


async def test_trades_of_a_symbol_since_a_time(paper: Paper) -> None:
    await paper.exchange.submit(paper.order("vq-1", price=None, qty="0.1"))
    paper.pass_ms(50)
    since = paper.clock.server_ms()
    await paper.exchange.submit(paper.order("vq-2", price=None, qty="0.2"))
    for symbol, at, quantities in ((BTC, 0, [D("0.1"), D("0.2")]), (BTC, since, [D("0.2")]), ("X", 0, [])):
        read = await paper.exchange.user_trades(symbol, at)
        assert isinstance(read, Accepted)
        assert [trade.qty for trade in read.value] == quantities
