"""Brings the stage into the situation of a recorded REST answer, and asks the same."""

from __future__ import annotations

from dataclasses import replace
from decimal import Decimal
from typing import Any

from tests.sim.recorded_stage import LONG, Stage
from tests.sim.recorded_user_events import stop

from vibe_quant.sim.front.faults.reading import read_faults

D = Decimal
TICK = D("0.1")


def _row(rows: Any, **wanted: Any) -> Any:
    return next(row for row in rows if all(row[key] == value for key, value in wanted.items()))


def _at(stage: Stage, price: Decimal) -> None:
    stage.quote(price, price + stage.tick)
    stage.mark(price)


def order_ack(recorded: Any) -> Any:
    """POST order."""
    stage = Stage(recorded["symbol"])
    price = D(recorded["price"])
    _at(stage, D(50_000))
    return stage.place("BUY", "LONG", recorded["origQty"], price - 10_000 if price else None)


def batch_ack(recorded: Any) -> Any:
    """POST batchOrders with one order."""
    (told,) = recorded
    stage = Stage(told["symbol"])
    _at(stage, D(100_000))
    leg = (
        f'[{{"symbol":"{stage.symbol}","side":"SELL","positionSide":"SHORT","type":"LIMIT","timeInForce":"GTC",'
        f'"quantity":"{told["origQty"]}","price":"{told["price"]}"}}]'
    )
    return stage.ask("POST", "/fapi/v1/batchOrders", batchOrders=leg)


def filled_order(recorded: Any) -> Any:
    """GET order of a MARKET order that filled at the recorded price."""
    stage = Stage(recorded["symbol"])
    stage.quote(D(recorded["avgPrice"]) - 1, D(recorded["avgPrice"]))
    stage.mark(D(3825))
    placed = stage.place("BUY", "LONG", recorded["origQty"])
    return stage.ask("GET", "/fapi/v1/order", symbol=stage.symbol, orderId=placed["orderId"])


def open_orders(recorded: Any) -> Any:
    """GET openOrders of a closing order."""
    (told,) = recorded
    stage = Stage(told["symbol"])
    stage.seed(LONG, D(1), D(80_000))
    _at(stage, D(80_000))
    stage.place("SELL", "LONG", told["origQty"], told["price"])
    return stage.ask("GET", "/fapi/v1/openOrders", symbol=stage.symbol)


def user_trades(recorded: Any) -> Any:
    """GET userTrades after opening and closing as recorded."""
    opened, closed = recorded
    stage = Stage(opened["symbol"])
    stage.x.account.taker_fee = D("0.0004")
    price = D(opened["price"])
    stage.mark(price)
    stage.quote(D(closed["price"]), price)
    stage.place("BUY", "LONG", opened["qty"])
    stage.place("SELL", "LONG", closed["qty"])
    return stage.ask("GET", "/fapi/v1/userTrades", symbol=stage.symbol)


def risk_v2(recorded: Any) -> Any:
    """GET v2/positionRisk: flat or long, isolated or crossed, at the recorded leverage."""
    (told,) = recorded
    stage = Stage(told["symbol"])
    amount = D(told["positionAmt"])
    stage.ask("POST", "/fapi/v1/leverage", symbol=stage.symbol, leverage=told["leverage"])
    if told["isolated"]:
        stage.ask("POST", "/fapi/v1/marginType", symbol=stage.symbol, marginType="ISOLATED")
    mark = D(told["markPrice"]).quantize(stage.tick)
    stage.quote(mark, mark)
    stage.mark(mark)
    if amount:
        stage.place("BUY", "LONG", amount)
    stage.mark(D(told["markPrice"]))
    rows = stage.ask("GET", "/fapi/v2/positionRisk", symbol=stage.symbol)
    return [_row(rows, positionSide="LONG")]


def risk_v3(recorded: Any) -> Any:
    """GET v3/positionRisk of a long position, beside resting sales where there were some."""
    (told,) = recorded
    asks = D(told["askNotional"])
    stage = Stage(told["symbol"], wallet=D(20_000) if asks else D(1_000_000))
    stage.mark(D(told["markPrice"]))
    price = D(told["markPrice"]).quantize(stage.tick)
    stage.quote(price - stage.tick, price + stage.tick)
    stage.seed(LONG, D(told["positionAmt"]), D(told["entryPrice"]))
    if asks:
        stage.place("SELL", "LONG", "0.186", price + 100 * TICK)
    rows = stage.ask("GET", "/fapi/v3/positionRisk", symbol=stage.symbol)
    return [_row(rows, positionSide="LONG")]


def balance(recorded: Any) -> Any:
    """One row of GET v2/balance."""
    stage = Stage("BTCUSDT", wallet=D("24.29967947"))
    return _row(stage.ask("GET", "/fapi/v2/balance"), asset=recorded["asset"])


def symbol_config(recorded: Any) -> Any:
    """GET symbolConfig of an isolated symbol."""
    (told,) = recorded
    stage = Stage(told["symbol"])
    stage.ask("POST", "/fapi/v1/marginType", symbol=stage.symbol, marginType="ISOLATED")
    return stage.ask("GET", "/fapi/v1/symbolConfig", symbol=stage.symbol)


def commission(recorded: Any) -> Any:
    """GET commissionRate at the recorded fees."""
    stage = Stage(recorded["symbol"])
    stage.x.account.maker_fee = D(recorded["makerCommissionRate"]) + 0
    stage.x.account.taker_fee = D(recorded["takerCommissionRate"])
    return stage.ask("GET", "/fapi/v1/commissionRate", symbol=stage.symbol)


def account_config(recorded: Any) -> Any:
    """GET accountConfig."""
    return Stage("BTCUSDT").ask("GET", "/fapi/v1/accountConfig")


def _stopped(told: Any) -> tuple[Stage, Any]:
    """A stop of the recorded precisions; ``BTCUSD_PERP`` has one decimal of price and whole contracts."""
    stage = Stage("BTCUSDT", (1, 0))
    price = D(told["triggerPrice"])
    stage.trade(price + 100, D(1))
    given = stop(stage, told["side"], "1", price, told["clientAlgoId"], told["orderType"])
    return stage, stage.ask("POST", "/fapi/v1/algoOrder", **given)


def algo_ack(recorded: Any) -> Any:
    """POST algoOrder."""
    return _stopped(recorded)[1]


def algo_list(recorded: Any) -> Any:
    """GET openAlgoOrders."""
    stage, _ = _stopped(recorded[0])
    return stage.ask("GET", "/fapi/v1/openAlgoOrders", symbol=stage.symbol)


def algo_cancel(recorded: Any) -> Any:
    """DELETE algoOrder."""
    told = {"triggerPrice": "10000.0", "side": "SELL", "orderType": "STOP_MARKET"}
    stage, placed = _stopped(told | {"clientAlgoId": recorded["clientAlgoId"]})
    return stage.ask("DELETE", "/fapi/v1/algoOrder", algoId=placed["algoId"])


class Refusals:
    """A stage for each refusal: (status, body) as the client gets it."""

    def __init__(self) -> None:
        self.stage = Stage("BTCUSDT", min_notional=D(5), percent_up=D("1.05"), percent_down=D("0.95"))
        _at(self.stage, D(100))
        self.stage.seed(LONG, D(1), D(100))

    def order(self, side: str, leg: str, qty: str, price: str | None, **more: Any) -> Any:
        kind = "MARKET" if price is None else "LIMIT"
        given = {"type": kind, "timeInForce": "GTC" if price else None} | more
        names = {"symbol": "BTCUSDT", "side": side, "positionSide": leg, "quantity": qty, "price": price}
        return self.stage.answer("POST", "/fapi/v1/order", **names, **given)

    def post_only(self) -> Any:
        return self.order("BUY", "LONG", "1", "101", timeInForce="GTX")

    def fill_or_kill(self) -> Any:
        self.stage.quote(D(100), D("100.01"), ask_qty=D(1))
        return self.order("BUY", "LONG", "2", "100.01", timeInForce="FOK")

    def triggers_at_once(self) -> Any:
        self.stage.trade(D(100), D(1))
        return self.stage.answer("POST", "/fapi/v1/algoOrder", **stop(self.stage, "BUY", "1", "99", "s", "STOP_MARKET"))

    def over_close(self) -> Any:
        return self.order("SELL", "LONG", "2", "100")

    def cancel_unknown(self) -> Any:
        return self.stage.answer("DELETE", "/fapi/v1/order", symbol="BTCUSDT", origClientOrderId="x")

    def read_unknown(self) -> Any:
        return self.stage.answer("GET", "/fapi/v1/order", symbol="BTCUSDT", origClientOrderId="x")

    def no_margin(self) -> Any:
        self.stage.x.account.wallets["USDT"] = D(1)
        return self.order("BUY", "LONG", "500", "100")

    def leverage_too_high(self) -> Any:
        self.stage.seed(LONG, D(2000), D(100))
        self.stage.x.account.leverage["BTCUSDT"] = 5
        return self.stage.answer("POST", "/fapi/v1/leverage", symbol="BTCUSDT", leverage="125")

    def far_counterparty(self) -> Any:
        self.stage.quote(D(90), D(120))
        return self.order("BUY", "LONG", "1", None)

    def price_too_high(self) -> Any:
        return self.order("BUY", "LONG", "1", "106")

    def below_tick(self) -> Any:
        stage = Stage("BTCUSDT")
        market = stage.x.venue.markets["BTCUSDT"]
        stage.x.change_rules("BTCUSDT", replace(market.rules, min_price=D(1)), stage.now)
        self.stage = stage
        return self.order("BUY", "LONG", "1", "0.5")

    def too_small(self) -> Any:
        return self.order("BUY", "LONG", "0.01", "100")

    def too_small_test(self) -> Any:
        names = {"symbol": "BTCUSDT", "side": "BUY", "positionSide": "LONG", "type": "LIMIT", "timeInForce": "GTC"}
        return self.stage.answer("POST", "/fapi/v1/order/test", quantity="0.01", price="100", **names)

    def stop_on_order(self) -> Any:
        return self.order("SELL", "LONG", "1", None, type="STOP_MARKET", stopPrice="90")

    def wrong_signature(self) -> Any:
        return self.stage.answer("GET", "/fapi/v1/accountConfig", _secret="no")

    def unwanted(self) -> Any:
        return self.order("SELL", "LONG", "1", "101", stopPrice="90")

    def _struck(self, fault: str, **more: Any) -> Any:
        """By a fault of the plan."""
        self.stage.box.plan.add(read_faults([{"kind": fault, "when": {"once": True}, **more}]), self.stage.now)
        return self.order("BUY", "LONG", "1", "90")

    def timed_out(self) -> Any:
        return self._struck("timeout_1007", reached=False)

    def unknown_outcome(self) -> Any:
        return self._struck("unknown_503", reached=False)

    def proxy_page(self) -> Any:
        return self._struck("proxy_error", reached=False)

    def banned(self) -> Any:
        return self._struck("ban_418")

    def overloaded(self) -> Any:
        self.stage.x.entry.overloaded = True
        return self.order("BUY", "LONG", "1", "90")
