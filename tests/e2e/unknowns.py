"""The matrix of what nobody knows about the exchange: a story under both answers of each switch that can matter to it.

The first run of a story has every switch as it is assumed, each other one a single answer otherwise, the last one all
of them at once: both answers of each have been lived through then.
"""

from __future__ import annotations

import asyncio
from collections.abc import Iterable
from dataclasses import replace
from decimal import Decimal
from typing import Any

import pytest
from _pytest.mark import ParameterSet
from tests.e2e.stage import START_MS, Stage

from vibe_quant.domain.enums import PositionSide
from vibe_quant.sim.switches import QueueModel, Switches

ASSUMED = "assumed"
OPPOSITE = "all otherwise"
OTHER: dict[str, tuple[Any, ...]] = {
    "queue_model": (QueueModel.PROPORTIONAL,),
    "most_algos_of_leg": (0, 2),
    "query_lag_ms": (0, 2000),
    "trigger_delay_ms": (0, 1000),
    "margin_call_ratio": (Decimal(1),),
}
"""Answers other than the assumed one, where they are not the opposite of a bool."""
ORDERS = (
    "over_close_refused",
    "closers_sum_refused",
    "knock_out_closers",
    "query_lag_ms",
    "market_walks_on",
    "account_update_first",
    "trade_lite_before_new",
    "closers_show_reduce_only",
    "flat_leg_shown",
    "both_row_pushed",
    "bracket_list",
    "every_socket_of_key_hears",
    "rejected_orders_show_counts",
)
"""What any order, its reports and the reads of its leg may meet."""
STOPS = (
    "second_close_position_refused",
    "flat_close_position_refused",
    "close_position_expires",
    "qty_stop_expires",
    "cancel_all_cancels_algos",
    "algos_count_as_orders",
    "most_algos_of_leg",
)
"""What a conditional order may meet while it rests."""
FIRING = (
    "market_close_counts_closers",
    "triggered_close_counts_closers",
    "triggered_market_bound",
    "whole_close_bound_by_lot",
    "trigger_delay_ms",
)
"""And when it fires."""
OVERLOAD = ("overload_spares_closers", "overload_spares_algos")
MINIMUM = ("min_notional_relief_limit", "min_notional_relief_market")
RESTART = ("user_trades_oldest_first", "forced_status_new", "queue_model")
AMEND = ("amend_needs_price", "amend_needs_side", "amend_reduce_only_refused", "amend_shows_fills")


def answers(*names: str, quick: Iterable[str] = (ASSUMED,)) -> pytest.MarkDecorator:
    """Parametrises ``switches``; runs that ``quick`` does not name are slow."""
    base = Switches()
    runs: dict[str, Switches] = {ASSUMED: base}
    for name in names:
        runs |= {f"{name}={value}": replace(base, **{name: value}) for value in _others(name, base)}
    runs[OPPOSITE] = replace(base, **{name: _others(name, base)[-1] for name in names})
    unknown = set(quick) - set(runs)
    assert not unknown, unknown
    return pytest.mark.parametrize("switches", [_run(name, runs[name], name in quick) for name in runs])


def _run(name: str, switches: Switches, quick: bool) -> ParameterSet:
    return pytest.param(switches, id=name, marks=() if quick else (pytest.mark.slow,))


def _others(name: str, base: Switches) -> tuple[Any, ...]:
    if name in OTHER:
        return OTHER[name]
    value = getattr(base, name)
    assert isinstance(value, bool), name
    return (not value,)


def liquidated(on: Stage) -> list[str]:
    """Orders of the exchange's liquidator."""
    return [order.client_id for order in on.truth.orders if order.client_id.startswith("autoclose-")]


def refused(on: Stage, code: int | None = None) -> list[Any]:
    """Refusals that the program was told of, of one code if it is named."""
    found = [event for event in on.events if type(event).__name__ == "Refused"]
    return [event for event in found if code in (None, getattr(event, "code", 0))]


def bare_ms(on: Stage, side: PositionSide) -> int:
    """The longest time that a leg stood without its stop, from when the program's start may take no longer on."""
    since, now = on.began_ms + START_MS, on.server.box.now
    spans = [
        (max(bare.from_ms, since), now if bare.until_ms is None else bare.until_ms)
        for bare in on.server.box.bare_legs.stretches
        if bare.key[1] is side
    ]
    return max((end - start for start, end in spans if end > start), default=0)


def traded(on: Stage) -> dict[int, Decimal]:
    """Trades of the program's orders and stops as the exchange has them, by trade id."""
    prefix = f"{on.truth.prefix}-"
    ours = {order.order_id for order in on.truth.orders if order.client_id.startswith(prefix)}
    return {trade.trade_id: trade.qty for trade in on.server.box.history.trades if trade.order_id in ours}


async def recorded(on: Stage, within_s: float = 10) -> None:
    """Wait until a restart has journalled what happened while nobody was there."""
    async with asyncio.timeout(within_s):
        while set(traded(on)) - {row.data()["trade_id"] for row in on.journal.rows(kinds=("fill",))}:
            await asyncio.sleep(0.2)


def fills_add_up(on: Stage) -> None:
    """The journal has each trade of the program's orders and stops once, as the exchange has it, no other as ours."""
    prefix, true = f"{on.truth.prefix}-", traded(on)
    rows = [(row.client_id, row.data()) for row in on.journal.rows(kinds=("fill",))]
    ids = [data["trade_id"] for _, data in rows]
    assert len(ids) == len(set(ids)), "a trade was journalled twice"
    known = {data["trade_id"]: Decimal(data["last_qty"]) for _, data in rows}
    assert {key: known.get(key) for key in true} == true, on.told()
    assert all(data["trade_id"] in true for client_id, data in rows if client_id.startswith(prefix))
