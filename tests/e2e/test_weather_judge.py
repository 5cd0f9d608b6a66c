"""The judge of the weather is judged: what breaks a promise is seen, what a fault excuses is held against nobody."""

from __future__ import annotations

from typing import Any

import pytest
from tests.e2e.request_scenes import POST, Asked
from tests.e2e.weather import LONG, Strike
from tests.e2e.weather_promises import Span, foreign_touched, sent_though_told, suspended, too_long_bare

from vibe_quant.domain.enums import PositionSide

LEG: tuple[str, PositionSide] = ("BTCUSDT", LONG)
BEGAN = Span(0, 4000)
"""The program's start, in ms."""


def befell(kind: str, start: int, end: int, **where: Any) -> tuple[Strike, Span]:
    """One fault."""
    return Strike(0, kind, None, {"where": where} if where else {}), Span(start, end)


STOPS = {"endpoint": ("POST /fapi/v1/algoOrder",)}
ORDERS = {"endpoint": ("POST /fapi/v1/order",)}


@pytest.mark.parametrize(
    ("bare", "faults", "good"),
    [
        (Span(0, 7000), [], True),
        (Span(0, 9000), [], False),
        (Span(20_000, 23_500), [], True),
        (Span(20_000, 25_000), [], False),
        (Span(20_000, 25_000), [befell("unavailable_503", 20_000, 22_000, **STOPS)], True),
        (Span(20_000, 25_000), [befell("unavailable_503", 20_000, 22_000, **ORDERS)], False),
        (Span(20_000, 32_000), [befell("unavailable_503", 20_000, 22_000, **STOPS)], False),
        (Span(20_000, 25_000), [befell("overload_1008", 15_000, 19_000)], True),
        (Span(20_000, 28_000), [befell("event_lost", 19_000, 21_000)], True),
        (Span(20_000, 30_000), [befell("event_lost", 19_000, 21_000)], False),
        (Span(20_000, 28_000), [befell("event_doubled", 19_000, 21_000)], False),
    ],
)
def test_a_leg_may_be_bare_for_so_long(bare: Span, faults: list[tuple[Strike, Span]], good: bool) -> None:
    assert (too_long_bare([(LEG, bare)], faults, [BEGAN]) == []) is good


def test_a_start_that_meets_trouble_has_its_time_when_that_is_over() -> None:
    trouble = befell("maintenance", 1000, 5000)
    assert suspended([trouble], [BEGAN]) == [Span(0, 5000 + 2000 + 6000 + 1000 + 4000)]
    assert suspended([], [BEGAN]) == [BEGAN]


@pytest.mark.parametrize(
    ("at_ms", "starts", "good"), [(10_600, [0], True), (12_100, [0], False), (12_100, [12_000], True)]
)
def test_what_is_sent_in_a_ban_is_seen(at_ms: int, starts: list[int], good: bool) -> None:
    asked = [Asked(9000, POST, {}, ()), Asked(10_050, POST, {}, ("ban_418",)), Asked(at_ms, POST, {}, ("ban_418",))]
    ban = [befell("ban_418", 10_000, 14_000)]
    assert (sent_though_told("ban_418", asked, ban, starts) == []) is good
    assert sent_though_told("ban_418", asked, ban, starts, lambda _: True) == []
    untold = [Asked(one.at_ms, one.endpoint, {}, (*one.faults, "2:ack_lost")) for one in asked]
    assert sent_though_told("ban_418", untold, ban, starts) == []


@pytest.mark.parametrize(
    ("client_id", "good"), [("vq-run-1", True), ("vq-ps-x-L-1", True), ("web_1", False), ("", False)]
)
def test_a_foreign_order_that_is_to_be_cancelled_is_seen(client_id: str, good: bool) -> None:
    params = {"origClientOrderId": client_id} if client_id else {"symbol": "BTCUSDT"}
    asked = [Asked(0, "DELETE /fapi/v1/allOpenOrders" if not client_id else "DELETE /fapi/v1/order", params, ())]
    assert (foreign_touched(asked, "vq") == []) is good
