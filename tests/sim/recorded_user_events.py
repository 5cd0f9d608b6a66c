"""Brings the stage into the situation of a recorded user event, and takes what our stream says of it."""

from __future__ import annotations

from dataclasses import replace
from decimal import Decimal
from typing import Any

from tests.sim.recorded_stage import LONG, SHORT, Stage, as_json

from vibe_quant.sim.front.account.account_wire import account_update
from vibe_quant.sim.records import AccountEvent

D = Decimal
AGAINST = {"BUY": "SELL", "SELL": "BUY"}


def order_event(recorded: Any) -> Any:
    """ORDER_TRADE_UPDATE of an order like the recorded one."""
    told = {"pm": "NONE"} | recorded["o"]
    stage = Stage(told["s"])
    _lead_up(stage, told)
    found = [event for event in stage.events("ORDER_TRADE_UPDATE") if _same(event["o"], told)]
    assert found, f"no {told['x']}/{told['X']} among {stage.private.sent}"
    return found[-1]


def _same(ours: Any, told: Any) -> bool:
    return all(ours[key] == told[key] for key in ("x", "X", "c", "m"))


def _lead_up(stage: Stage, told: Any) -> None:
    taken = D(told["L"])
    at = D(told["p"]) or taken or D(100)
    side, leg = told["S"], _leg(told)
    if (leg is LONG) is (side == "SELL"):
        stage.seed(leg, D(told["q"]) * 3, at + 5 * stage.tick)
    stage.mark(at)
    _quote(stage, told, at)
    if D(told["b"]) and D(told["a"]):
        stage.place("BUY", "LONG", told["q"], at - 3 * stage.tick)
        stage.place("SELL", "SHORT", told["q"], at + 3 * stage.tick)
    matched = told["pm"] != "NONE"
    before = at - stage.tick if told["x"] == "AMENDMENT" else at
    stage.place(
        side,
        leg.value,
        told["q"],
        None if told["o"] == "MARKET" or matched else before,
        priceMatch=told["pm"] if matched else None,
        newClientOrderId=told["c"],
        **({"timeInForce": told["f"]} if told["o"] == "LIMIT" else {}),
    )
    names = {"symbol": stage.symbol, "origClientOrderId": told["c"]}
    if told["x"] == "AMENDMENT":
        stage.ask("PUT", "/fapi/v1/order", side=side, quantity=told["q"], price=at, **names)
    elif told["x"] == "CANCELED":
        stage.ask("DELETE", "/fapi/v1/order", **names)
    elif told["m"]:
        stage.trade(at - stage.tick if side == "BUY" else at + stage.tick, D(told["q"]), side == "BUY")


def _leg(told: Any) -> Any:
    if told["ps"] != "BOTH":
        return LONG if told["ps"] == "LONG" else SHORT
    opens = D(told["rp"]) == 0
    return LONG if (told["S"] == "BUY") is opens else SHORT


def _quote(stage: Stage, told: Any, at: Decimal) -> None:
    """A book in which the order takes what the recorded one took, or rests."""
    tick, done = stage.tick, D(told["z"]) or D(told["q"])
    takes = told["o"] == "MARKET" or told["pm"] != "NONE" or (D(told["L"]) and not told["m"])
    if not takes:
        stage.quote(at - 10 * tick, at + 10 * tick)
    elif told["S"] == "BUY":
        stage.quote(at - 10 * tick, at, ask_qty=done)
    else:
        stage.quote(at, at + 10 * tick, bid_qty=done)


def trade_lite(recorded: Any) -> Any:
    """TRADE_LITE of the same execution."""
    stage = Stage(recorded["s"])
    price = D(recorded["p"])
    told = {
        "x": "TRADE",
        "X": "FILLED",
        "o": "LIMIT" if price else "MARKET",
        "f": "GTC",
        "ps": "BOTH",
        "rp": "0",
        "pm": "NONE",
        "b": "0",
        "a": "0",
        "z": recorded["q"],
        **recorded,
    }
    _lead_up(stage, told)
    return next(event for event in stage.events("TRADE_LITE") if event["m"] == recorded["m"])


def fill_update(recorded: Any) -> Any:
    """ACCOUNT_UPDATE of a fill that leaves the recorded position."""
    row = recorded["a"]["P"][0]
    stage = Stage(row["s"])
    amount, entry, realized = D(row["pa"]), D(row["ep"]) or D(100), D(row["cr"])
    side = LONG if amount >= 0 else SHORT
    stage.mark(entry + 2 * stage.tick)
    stage.quote(entry, entry)
    if row["mt"] == "isolated":
        stage.ask("POST", "/fapi/v1/marginType", symbol=stage.symbol, marginType="ISOLATED")
    stage.seed(side, D(0) if amount else 5 * stage.step, entry, realized)
    if amount:
        stage.place("BUY" if side is LONG else "SELL", side.value, abs(amount))
    else:
        stage.place("SELL", "LONG", 5 * stage.step)
    return stage.events("ACCOUNT_UPDATE")[-1]


def transfer(recorded: Any) -> Any:
    """Deposits and withdrawals; those of the administration differ by their reason alone."""
    (row,) = recorded["a"]["B"]
    stage = Stage("BTCUSDC" if row["a"] == "USDC" else "BTCUSDT")
    stage.x.forced.transfer(stage.asset, D(row["bc"]), stage.now)
    reason = recorded["a"]["m"]
    (event,) = stage.x.take_events()
    assert isinstance(event, AccountEvent)
    if reason.startswith("ADMIN_"):
        event = replace(event, reason=reason)
    body = as_json(account_update(event))
    assert body["a"]["m"] == reason
    return body


def funding(recorded: Any) -> Any:
    """A funding fee on a crossed position."""
    stage = Stage("ETHUSDC")
    stage.seed(LONG, D("0.02"), D(2317))
    stage.mark(D("2317.31"))
    stage.x.forced.funding(stage.symbol, D("0.00001835"), stage.now)
    return stage.events("ACCOUNT_UPDATE")[-1]


def algo_event(recorded: Any) -> Any:
    """ALGO_UPDATE of a stop that is placed, and perhaps cancelled."""
    told = recorded["o"]
    stage = Stage(told["s"])
    trigger = D(told["tp"])
    stage.trade(trigger - 100 * stage.tick, D(told["q"]))
    stage.ask("POST", "/fapi/v1/algoOrder", **stop(stage, told["S"], told["q"], trigger, told["caid"], told["o"]))
    if told["X"] == "CANCELED":
        stage.ask("DELETE", "/fapi/v1/algoOrder", clientAlgoId=told["caid"])
    return next(event for event in stage.events("ALGO_UPDATE") if event["o"]["X"] == told["X"])


def stop(stage: Stage, side: str, qty: object, trigger: object, client_id: str, kind: str) -> dict[str, object]:
    """Parameters of a conditional order that opens."""
    return {
        "algoType": "CONDITIONAL",
        "symbol": stage.symbol,
        "side": side,
        "positionSide": "LONG" if side == "BUY" else "SHORT",
        "type": kind,
        "quantity": qty,
        "triggerPrice": trigger,
        "clientAlgoId": client_id,
    }
