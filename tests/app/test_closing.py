"""A stop is over when the exchange itself lists no order of ours, and says so where it cannot be had."""

from __future__ import annotations

from dataclasses import replace

from loguru import logger
from tests.app.fake_exchange import FakeClock, FakeExchange, order

from vibe_quant.app.closing import Closing
from vibe_quant.app.inbox import Inbox
from vibe_quant.core.engine import Engine
from vibe_quant.domain import events as ev
from vibe_quant.domain.risk_settings import DeadManSettings
from vibe_quant.domain.settings import Settings, SymbolSettings
from vibe_quant.ports import Accepted, Rejected, Unknown

S = "BTC/USDT:USDT"


class Half:
    """Half of a random source: the same number always."""

    def random(self) -> float:
        return 0.5


def closing(timeout_s: int = 1, *, armed: bool = False) -> tuple[Closing, FakeExchange, Inbox]:
    plain = Settings(symbols=((S, SymbolSettings()),))
    settings = replace(plain, shared=replace(plain.shared, stop_timeout_s=timeout_s))
    exchange, inbox = FakeExchange(FakeClock()), Inbox()
    engine = Engine(settings, "r", Half())
    if armed:
        engine.desks[S].dead_man.on_settings(DeadManSettings(enabled=True), 0)
        engine.desks[S].dead_man.on_orders(1, 0, 0)
    return Closing(engine, exchange, inbox, settings), exchange, inbox


def listed(*client_ids: str) -> Accepted[ev.OpenOrdersRead]:
    return Accepted(ev.OpenOrdersRead(S, tuple(order(S, client_id) for client_id in client_ids), 0, 0, 0))


async def test_it_is_clean_when_no_order_of_ours_is_listed() -> None:
    course, exchange, inbox = closing()
    exchange.answers("open_orders", listed("by-hand", "vq-ps-0abc-L-1"))
    assert await course.see_through()
    assert inbox.take() is None


async def test_an_order_of_ours_that_is_listed_is_told_to_the_core_and_looked_for_again() -> None:
    course, exchange, inbox = closing(5)
    exchange.answers("open_orders", listed("vq-old-7"), Unknown("timeout"), listed())
    assert await course.see_through()
    assert inbox.take() == listed("vq-old-7").value
    assert exchange.count("open_orders") == 3


async def test_a_symbol_that_the_exchange_does_not_have_holds_nothing_up() -> None:
    course, exchange, _ = closing()
    exchange.answers("open_orders", Rejected(-1121, "Invalid symbol.", 0))
    assert await course.see_through()


async def test_any_other_refusal_is_no_certainty() -> None:
    course, exchange, _ = closing()
    exchange.answers("open_orders", Rejected(-1102, "malformed", 0))
    assert not await course.see_through()


async def test_what_cannot_be_seen_to_be_gone_is_said_in_time(logged: list[str]) -> None:
    course, exchange, _ = closing()
    exchange.answers("open_orders", listed("vq-old-7"))
    assert not await course.see_through()
    (line,) = [line for line in logged if "orders_uncertain" in line]
    assert "orders=vq-old-7 " in line
    assert "at the exchange (vq-old-7)" in line


async def test_a_countdown_that_may_run_is_waited_for_and_said() -> None:
    course, exchange, _ = closing(armed=True)
    exchange.answers("open_orders", listed())
    lines: list[str] = []
    sink = logger.add(lambda line: lines.append(str(line)))
    assert not await course.see_through()
    logger.remove(sink)
    assert [("countdown" in line, "own orders may" in line) for line in lines] == [(True, False)]
