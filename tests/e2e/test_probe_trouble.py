"""Trouble at any request of ``doctor --probe``: it stops, puts everything away, and the exchange's records agree."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import pytest
from tests.app.probe_stage import COUNTDOWN, ProbeStage, probe_stage, words

from vibe_quant.app.probe_words import Question

ORDER, STOP = "POST /fapi/v1/order", "POST /fapi/v1/algoOrder"
CANCEL, CANCEL_STOP = "DELETE /fapi/v1/order", "DELETE /fapi/v1/algoOrder"
SWEEP = "DELETE /fapi/v1/allOpenOrders"
ORDERS, STOPS, QUERY = "GET /fapi/v1/openOrders", "GET /fapi/v1/openAlgoOrders", "GET /fapi/v1/order"
TROUBLES: dict[str, dict[str, Any]] = {
    "503 and done": {"kind": "unknown_503", "reached": True},
    "503 and not done": {"kind": "unknown_503", "reached": False},
    "503 with a code": {"kind": "unknown_503", "reached": True, "code": -1000},
    "408": {"kind": "timeout_1007", "reached": True},
    "a proxy": {"kind": "proxy_error", "reached": True},
    "lost answer": {"kind": "ack_lost"},
    "lost request": {"kind": "request_lost"},
    "worked twice": {"kind": "ack_doubled"},
    "-1021": {"kind": "timestamp_1021"},
    "429": {"kind": "limit_429", "for_s": 2},
    "418": {"kind": "ban_418", "for_s": 2},
    "maintenance": {"kind": "maintenance", "for_s": 2},
    "-1001": {"kind": "internal_1001"},
}
BOTH = ("503 and done", "408", "lost answer", "-1021", "429")


async def troubled(on: ProbeStage, endpoint: str, nth: int, trouble: str, **how: Any) -> Any:
    """One probe, in which the nth request of a kind meets a trouble."""
    fault = {"where": {"endpoint": endpoint}, "when": {"nth": nth}, **TROUBLES[trouble]}
    if trouble in ("429", "418", "maintenance"):  # of the whole address, once it has begun
        on.at(endpoint, nth, lambda: on.fault(**{**TROUBLES[trouble], "when": {"at_s": 0}}))
        on.at(endpoint, nth, lambda: on.server.box.advance(on.server.box.now))
    else:
        on.fault(**fault)
    return await on.probe(**how)


def crossed(rows: Sequence[Any], columns: Sequence[Any]) -> list[Any]:
    """Each with each; a diagonal of the table, which has every row and every column, is in the ordinary run."""
    return [
        pytest.param(row, column, marks=() if (at - across) % min(len(rows), len(columns)) == 0 else pytest.mark.slow)
        for at, row in enumerate(rows)
        for across, column in enumerate(columns)
    ]


@pytest.mark.parametrize(("trouble", "endpoint"), crossed(list(TROUBLES), [ORDER, STOP]))
async def test_an_order_of_unknown_fate_ends_the_probe_and_is_gone(endpoint: str, trouble: str) -> None:
    async with probe_stage() as on:
        report = await troubled(on, endpoint, 1, trouble)
        assert report.stopped, report
        assert report.left == ()
        assert not report.good
        assert Question.COUNTDOWN not in words(report)
        on.judge()


@pytest.mark.parametrize(
    ("trouble", "place"),
    crossed(
        BOTH, [(CANCEL, 1), (SWEEP, 1), (COUNTDOWN, 1), (ORDER, 3), (STOP, 2), (ORDERS, 4), (STOPS, 4), (QUERY, 1)]
    ),
)
async def test_trouble_anywhere_ends_the_probe_and_nothing_is_left(place: tuple[str, int], trouble: str) -> None:
    async with probe_stage() as on:
        report = await troubled(on, *place, trouble)
        assert report.stopped, report
        assert report.left == ()
        on.judge()
