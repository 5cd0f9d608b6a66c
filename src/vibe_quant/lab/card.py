"""Shows what an exit cost: a card for a person, and JSON of stable names for a program."""

from __future__ import annotations

import json
from decimal import Decimal
from typing import Any, TextIO

from vibe_quant.lab.cost_card import CardContext, write_cost_card
from vibe_quant.lab.result import ReplayResult
from vibe_quant.lab.states import Times

PRICE_PLACES = 8
BPS_PLACES = 4


def as_dict(result: ReplayResult) -> dict[str, Any]:
    """The card in plain values: seconds, ratios and bps as they are named; null for what there is not.

    Prices and quantities become JSON numbers of at most 15 digits, which a double gives back exactly.
    """
    cost = result.cost
    return {
        "symbol": cost.symbol,
        "side": str(cost.side),
        "strategy": "+".join(result.strategies),
        "qty": _number(cost.qty),
        "filled_qty": _number(cost.filled_qty),
        "left_qty": _number(cost.left_qty),
        "stop_qty": _number(cost.stop_qty),
        "forced_qty": _number(cost.forced_qty),
        "arrival_mid": _number(cost.arrival_mid, PRICE_PLACES),
        "avg_price": _number(cost.avg_price, PRICE_PLACES),
        "slippage_bps": _number(cost.slippage_bps, BPS_PLACES),
        "fee_bps": _number(cost.fee_bps, BPS_PLACES),
        "all_in_bps": _number(cost.all_in_bps, BPS_PLACES),
        "other_fees": {asset: _number(fee) for asset, fee in cost.other_fees},
        "maker_share": _number(cost.maker_share, BPS_PLACES),
        "orders": cost.orders,
        "cancels": cost.cancels,
        "rejects": {str(code): count for code, count in cost.rejects},
        "panic_slices": cost.panic_slices,
        "stop_updates": cost.stop_updates,
        "duration_s": cost.duration_ms / 1000,
        **_conduct(result.times),
        **_circumstances(result),
    }


def _conduct(times: Times) -> dict[str, Any]:
    return {
        "mode_changes": times.mode_changes,
        "state_ms": dict(times.state_ms),
        "mode_ms": dict(times.mode_ms),
        "blocked_ms": dict(times.blocked_ms),
        "min_liq_distance": _number(times.min_liq_distance, 6),
    }


def _circumstances(result: ReplayResult) -> dict[str, Any]:
    request = result.request
    return {
        "events": result.events,
        "wall_s": round(result.wall_s, 4),
        "events_per_s": round(result.events_per_s),
        "seed": request.seed,
        "latency": result.latency,
        "queue_model": str(request.queue_model),
        "rules_inferred": result.rules_inferred,
        "mark_derived": result.mark_derived,
        "notes": list(result.notes),
        "intents_sha256": result.intents_sha256,
    }


def as_json(result: ReplayResult) -> str:
    """``as_dict`` as one JSON object over several lines."""
    return json.dumps(as_dict(result), indent=2, ensure_ascii=False) + "\n"


def _number(value: Decimal | None, places: int | None = None) -> float | int | None:
    if value is None:
        return None
    number = float(value if places is None else round(value, places))
    return int(number) if number.is_integer() else number


def write_card(out: TextIO, result: ReplayResult, width: int | None = None) -> None:
    """The card as a table of at most 80 columns, colours on a terminal only; ``width`` None: the terminal's."""
    context = CardContext(
        strategies=result.strategies,
        tick=result.tick,
        unfinished="the tape ended",
        times=result.times,
        last=[
            ("seed, latency", f"{result.request.seed}, {result.latency}"),
            ("events", f"{result.events:,} in {result.wall_s:.2f} s, {result.events_per_s:,.0f} a second"),
        ],
        notes=[*(f"note: {note}" for note in result.notes), f"intents_sha256 {result.intents_sha256}"],
    )
    write_cost_card(out, result.cost, context, width)
