"""The queue: its order, what is conflated and what never, and how its consumer is woken."""

from __future__ import annotations

import asyncio
from decimal import Decimal

from hypothesis import given
from hypothesis import strategies as st

from vibe_quant.app.inbox import Inbox
from vibe_quant.domain.enums import Stream
from vibe_quant.domain.events import Depth, Event, Mark, Quote, StreamDown, StreamUp, Timer, Trade

D = Decimal


def quote(symbol: str, n: int) -> Quote:
    return Quote(symbol, n, n, D(n), D(1), D(n + 1), D(1), n)


def trade(symbol: str, n: int) -> Trade:
    return Trade(symbol, n, n, D(n), D(1), True, n)


def everything(inbox: Inbox) -> list[Event]:
    taken: list[Event] = []
    while (event := inbox.take()) is not None:
        taken.append(event)
    return taken


def test_a_waiting_quote_gives_way_to_the_newest_of_its_symbol_and_is_counted() -> None:
    inbox = Inbox()
    for event in (quote("A", 1), trade("A", 2), quote("A", 3), quote("B", 4), quote("A", 5)):
        inbox.put(event)
    assert everything(inbox) == [quote("A", 5), trade("A", 2), quote("B", 4)]
    assert inbox.conflated == {"A": 2}
    assert inbox.longest == 3


def test_a_quote_that_was_taken_is_not_changed_behind_the_consumers_back() -> None:
    inbox = Inbox()
    inbox.put(quote("A", 1))
    assert inbox.take() == quote("A", 1)
    inbox.put(quote("A", 2))
    assert everything(inbox) == [quote("A", 2)]
    assert inbox.conflated == {}


def test_depth_is_conflated_apart_from_quotes() -> None:
    inbox = Inbox()
    older, newer = Depth("A", 1, 1, (), ()), Depth("A", 2, 2, (), ())
    for event in (quote("A", 1), older, newer):
        inbox.put(event)
    assert everything(inbox) == [quote("A", 1), newer]


def test_quotes_of_another_connection_stay_behind_the_news_of_it() -> None:
    inbox = Inbox()
    down, up = StreamDown(Stream.BOOK, 2), StreamUp(Stream.BOOK, 3)
    for event in (quote("A", 1), down, up, quote("A", 4), quote("A", 5)):
        inbox.put(event)
    assert everything(inbox) == [quote("A", 1), down, up, quote("A", 5)]


EVENTS = st.lists(
    st.tuples(st.sampled_from(["quote", "trade", "mark"]), st.sampled_from(["A", "B"]), st.booleans()), max_size=60
)


@given(EVENTS)
def test_nothing_but_quotes_is_ever_lost_and_the_newest_quote_always_arrives(
    story: list[tuple[str, str, bool]],
) -> None:
    inbox, taken = Inbox(), list[Event]()
    put: list[Event] = []
    for n, (kind, symbol, take) in enumerate(story):
        event: Event = quote(symbol, n)
        if kind != "quote":
            event = trade(symbol, n) if kind == "trade" else Mark(symbol, n, n, D(1))
        put.append(event)
        inbox.put(event)
        if take and (one := inbox.take()) is not None:
            taken.append(one)
    taken += everything(inbox)
    assert [e for e in taken if not isinstance(e, Quote)] == [e for e in put if not isinstance(e, Quote)]
    for symbol in ("A", "B"):
        mine = [e for e in taken if isinstance(e, Quote) and e.symbol == symbol]
        all_of_it = [e for e in put if isinstance(e, Quote) and e.symbol == symbol]
        assert mine[-1:] == all_of_it[-1:]
        assert mine == sorted(mine, key=lambda q: q.exch_ms)
        assert len(mine) + inbox.conflated.get(symbol, 0) == len(all_of_it)


async def test_the_consumer_wakes_for_an_event_for_the_deadline_and_not_before() -> None:
    inbox, loop = Inbox(), asyncio.get_running_loop()
    began = loop.time()
    await inbox.arrived(30)
    assert loop.time() - began >= 0.029
    loop.call_later(0.01, inbox.put, Timer(1))
    loop.call_later(0.01, inbox.put, Timer(2))
    await asyncio.wait_for(inbox.arrived(None), 5)
    assert inbox.take() == Timer(1)
    await inbox.arrived(None)  # something waits: at once
    assert inbox.take() == Timer(2)
