"""ACCOUNT_UPDATE, MARGIN_CALL and ACCOUNT_CONFIG_UPDATE on the wire, as recorded in 2026."""

from __future__ import annotations

from vibe_quant.domain.enums import MarginType
from vibe_quant.sim.front.account.amounts import or_zero, rounded, stripped
from vibe_quant.sim.front.http import Json
from vibe_quant.sim.records import (
    AccountEvent,
    BalanceRow,
    LeverageEvent,
    MarginCallEvent,
    MarginCallRow,
    MultiAssetsEvent,
    PositionRow,
)

MODES = {MarginType.CROSSED: "cross", MarginType.ISOLATED: "isolated"}


def account_update(event: AccountEvent, both_row: bool = False) -> dict[str, Json]:
    """The whole payload; ``both_row`` adds the empty BOTH row of each symbol (switch ``both_row_pushed``)."""
    positions: list[Json] = [_position(row) for row in event.positions]
    if both_row:
        positions += [_both(row) for row in {row.symbol: row for row in event.positions}.values()]
    body: dict[str, Json] = {"B": [_balance(row) for row in event.balances], "P": positions, "m": event.reason}
    if event.symbol:
        body["S"] = event.symbol
    return {"e": "ACCOUNT_UPDATE", "T": event.exch_ms, "E": event.exch_ms, "a": body}


def _balance(row: BalanceRow) -> Json:
    return {
        "a": row.asset,
        "wb": stripped(row.wallet),
        "cw": stripped(row.cross_wallet),
        "bc": stripped(row.change),
    }


def _position(row: PositionRow) -> Json:
    return {
        "s": row.symbol,
        "pa": stripped(row.amount),
        "ep": stripped(row.entry_price),
        "cr": or_zero(row.realized_pnl),
        "up": rounded(row.unrealized_pnl),
        "mt": MODES[row.margin_type],
        "iw": or_zero(row.isolated_wallet),
        "ps": row.side.value,
        "ma": row.margin_asset,
        "bep": stripped(row.break_even),
    }


def _both(row: PositionRow) -> Json:
    return {
        "s": row.symbol,
        "pa": "0",
        "ep": "0",
        "cr": "0",
        "up": "0",
        "mt": MODES[row.margin_type],
        "iw": "0",
        "ps": "BOTH",
        "ma": row.margin_asset,
        "bep": "0",
    }


def margin_call(event: MarginCallEvent) -> dict[str, Json]:
    """The whole payload; ``cw`` only where the legs are crossed."""
    body: dict[str, Json] = {"e": "MARGIN_CALL", "E": event.exch_ms}
    if event.cross_wallet is not None:
        body["cw"] = stripped(event.cross_wallet)
    body["p"] = [_endangered(row) for row in event.positions]
    return body


def _endangered(row: MarginCallRow) -> Json:
    return {
        "s": row.symbol,
        "ps": row.side.value,
        "pa": stripped(row.amount),
        "mt": row.margin_type.value,
        "iw": stripped(row.isolated_wallet),
        "mp": stripped(row.mark),
        "up": rounded(row.unrealized_pnl),
        "mm": rounded(row.maintenance),
    }


def config_update(event: LeverageEvent | MultiAssetsEvent) -> dict[str, Json]:
    """The whole payload: ``ac`` of a symbol's leverage, ``ai`` of the account's multi-assets mode."""
    head: dict[str, Json] = {"e": "ACCOUNT_CONFIG_UPDATE", "E": event.exch_ms, "T": event.exch_ms}
    if isinstance(event, LeverageEvent):
        return head | {"ac": {"s": event.symbol, "l": event.leverage}}
    return head | {"ai": {"j": event.enabled}}
