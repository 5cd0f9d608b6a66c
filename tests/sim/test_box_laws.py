"""The laws of the exchange in a box, over any order flow, market and surroundings.

Whatever is asked of it and done to it: every fee and fill is accounted for to the last digit, no leg flips, closers
never exceed their leg (wherever they are knocked out), no sequence has a gap, and the user stream alone tells exactly
the account that REST reports.  The long suite is marked slow; VQ_LAW_EXAMPLES sets how many stories it plays.
"""

from __future__ import annotations

import json
import os
from collections import Counter
from decimal import Decimal
from typing import Any

import pytest
from hypothesis import HealthCheck, Phase, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, rule, run_state_machine_as_test
from tests.sim.law_desk import PRICES, LawDesk
from tests.sim.law_mirror import Mirror
from tests.sim.law_money import Ledger, check_closers
from tests.sim.law_sequences import MARKET, PUBLIC, Sequences
from tests.sim.law_strategies import FLOW, ORDERS, SWITCHES, legs, lots, matches, picks, symbols, ticks

from vibe_quant.sim.market.news import FundingAt
from vibe_quant.sim.switches import Switches

D = Decimal
ORDER, BATCH, ALGO = "/fapi/v1/order", "/fapi/v1/batchOrders", "/fapi/v1/algoOrder"
MANY = int(os.environ.get("VQ_LAW_EXAMPLES", "600"))
PHASES = tuple(Phase) if "VQ_LAW_SHRINK" in os.environ else (Phase.explicit, Phase.generate)

DONE: Counter[str] = Counter()
"""How often each deed succeeded (True) or was refused, over all stories of this process."""


class BoxLaws(RuleBasedStateMachine):
    """One story: a client, the market and the surroundings of one account."""

    switches = st.just(Switches())

    @initialize(data=st.data())
    def open(self, data: st.DataObject) -> None:
        self.desk = LawDesk(data.draw(type(self).switches, label="switches"))
        self.ear, self.session = self.desk.listen_to_account()
        names = [(name.lower(), stream) for name in PRICES for stream in PUBLIC]
        self.public, _ = self.desk.listen("/public/stream", "streams=" + "/".join(map("@".join, names)))
        names = [(name.lower(), stream) for name in PRICES for stream in MARKET]
        self.market, _ = self.desk.listen("/market/stream", "streams=" + "/".join(map("@".join, names)))
        self.mirror = Mirror(self.desk)
        self.ledger = Ledger(self.desk)
        self.sequences = {name: Sequences(self.desk, name) for name in PRICES}
        self.snapshots()
        self.ids = 0
        self.sound = True

    def snapshots(self) -> None:
        for sequences in self.sequences.values():
            sequences.snapshot()

    def do(self, method: str, path: str, signed: bool = True, **params: object) -> Any:
        """A request, counted; None where it was refused."""
        status, body = self.desk.call(method, path, signed, **params)
        DONE[f"{method} {path.removeprefix('/fapi/v1/')} {status if status == 200 else body['code']}"] += 1
        return body if status == 200 else None

    def act(self, **what: object) -> None:
        DONE[f"{what['kind']} {self.desk.act(**what)}"] += 1

    def new_id(self) -> str:
        self.ids += 1
        return f"law-{self.ids}"

    def order_params(self, order: dict[str, Any]) -> dict[str, Any]:
        market = self.desk.markets[order["symbol"]]
        closing = "SELL" if order["leg"] == "LONG" else "BUY"
        opening = "BUY" if order["leg"] == "LONG" else "SELL"
        params: dict[str, Any] = {
            "symbol": order["symbol"],
            "side": opening if order["opens"] else closing,
            "positionSide": order["leg"],
            "type": "LIMIT",
            "quantity": order["lots"] * market.step,
            "newClientOrderId": self.new_id(),
            "selfTradePreventionMode": order["stp"],
            "newOrderRespType": order["resp"],
        }
        if order["kind"] == "MARKET":
            return params | {"type": "MARKET"}
        price: dict[str, Any] = (
            {"price": market.price(order["ticks"])} if order["match"] is None else {"priceMatch": order["match"]}
        )
        date = {"goodTillDate": self.desk.now + 601_000} if order["kind"] == "GTD" else {}
        return params | {"timeInForce": order["kind"]} | price | date

    def orders(self) -> list[Any]:
        rows: list[Any] = self.desk.read("/fapi/v1/openOrders")
        return rows

    @rule(orders=st.lists(ORDERS, min_size=1, max_size=3))
    def place(self, orders: list[dict[str, Any]]) -> None:
        for order in orders:
            self.do("POST", ORDER, **self.order_params(order))

    @rule(order=ORDERS)
    def place_both_ways(self, order: dict[str, Any]) -> None:
        """An order and one against it, so that books fill and the account trades with itself."""
        self.do("POST", ORDER, **self.order_params(order))
        against = {"ticks": -order["ticks"], "kind": "GTC", "opens": not order["opens"]}
        self.do("POST", ORDER, **self.order_params(order | against))

    @rule(orders=FLOW, prints=st.lists(st.tuples(ticks, lots, st.booleans()), max_size=4), shift=ticks)
    def flow(self, orders: list[dict[str, Any]], prints: list[tuple[int, int, bool]], shift: int) -> None:
        self.let_flow(orders, prints, shift)

    @rule(orders=FLOW, shift=st.integers(-3, 3), changes=st.lists(st.tuples(picks, lots, ticks, st.none()), max_size=3))
    def flow_and_amend(self, orders: list[dict[str, Any]], shift: int, changes: list[Any]) -> None:
        self.let_flow([order | {"kind": "GTC", "match": None} for order in orders], [], shift)
        self.amend(changes)

    def let_flow(self, orders: list[dict[str, Any]], prints: list[tuple[int, int, bool]], shift: int) -> None:
        """Orders of one symbol, and what the market does to them."""
        market = self.desk.markets[orders[0]["symbol"]]
        for order in orders:
            self.do("POST", ORDER, **self.order_params(order | {"symbol": market.symbol}))
        for at, qty, sells in prints:
            market.trade(at, qty, sells)
        market.quote(shift, shift + 2, 1500, 1500)
        self.desk.wait()

    @rule(order=ORDERS)
    def test_order(self, order: dict[str, Any]) -> None:
        self.do("POST", f"{ORDER}/test", **self.order_params(order))

    @rule(batch=st.lists(ORDERS, min_size=1, max_size=5))
    def place_batch(self, batch: list[dict[str, Any]]) -> None:
        named = [{n: str(v) for n, v in self.order_params(o).items() if v is not None} for o in batch]
        self.do("POST", BATCH, batchOrders=json.dumps(named))

    @rule(changes=st.lists(st.tuples(picks, lots, ticks, matches), min_size=1, max_size=4))
    def amend(self, changes: list[tuple[int, int, int, str | None]]) -> None:
        for pick, size, at, match in changes:
            rows = self.orders()
            if rows:
                row = rows[pick % len(rows)]
                market = self.desk.markets[row["symbol"]]
                matched = match is not None and not self.desk.switches.amend_needs_price
                price = {"priceMatch": match} if matched else {"price": market.price(at)}
                own = {"symbol": row["symbol"], "side": row["side"], "orderId": row["orderId"], "modifyId": size}
                self.do("PUT", ORDER, quantity=size * market.step, **own, **price)

    @rule(pick=picks, more=st.integers(1, 4))
    def cancel(self, pick: int, more: int) -> None:
        rows = self.orders()
        if rows:
            symbol = rows[pick % len(rows)]["symbol"]
            if more == 1:
                self.do("DELETE", ORDER, symbol=symbol, origClientOrderId=rows[pick % len(rows)]["clientOrderId"])
            else:
                chosen = [row["orderId"] for row in rows if row["symbol"] == symbol][:more]
                self.do("DELETE", BATCH, symbol=symbol, orderIdList=json.dumps(chosen))

    @rule(symbol=symbols)
    def cancel_all(self, symbol: str) -> None:
        self.do("DELETE", "/fapi/v1/allOpenOrders", symbol=symbol)

    @rule(
        symbol=symbols,
        leg=legs,
        opens=st.sampled_from((False, False, False, True)),
        kind=st.sampled_from(("STOP", "TAKE_PROFIT", "STOP_MARKET", "TAKE_PROFIT_MARKET", "TRAILING_STOP_MARKET")),
        away=st.integers(1, 30),
        size=st.none() | lots,
        working=st.sampled_from((None, "CONTRACT_PRICE", "MARK_PRICE")),
        extra=st.integers(0, 7),
        then=st.sampled_from((None, True, False)),
    )
    def place_algo(
        self,
        symbol: str,
        leg: str,
        opens: bool,
        kind: str,
        away: int,
        size: int | None,
        working: str,
        extra: int,
        then: bool | None,
    ) -> None:
        market = self.desk.markets[symbol]
        side = "SELL" if (leg == "LONG") is not opens else "BUY"
        rising = (side == "BUY") is kind.startswith("STOP")
        trigger = market.price(away if rising else -away)
        whole = size is None and kind.endswith("_MARKET") and not kind.startswith("TRAILING")
        quantity = {"closePosition": "true"} if whole else {"quantity": (size or 40) * market.step}
        params: dict[str, Any] = {"triggerPrice": trigger, **quantity}
        if kind == "TRAILING_STOP_MARKET":
            start = market.price(-away if side == "BUY" else away) if extra & 1 else None
            params |= {"triggerPrice": None, "callbackRate": "0.1" if extra & 2 else "1", "activatePrice": start}
        elif kind in ("STOP", "TAKE_PROFIT"):
            limit = {"price": trigger} if extra & 1 else {"priceMatch": "QUEUE_5" if extra & 2 else "OPPONENT"}
            params |= {"timeInForce": "GTX" if extra & 4 else "GTC"} | limit
        self.do(
            "POST",
            ALGO,
            algoType="CONDITIONAL",
            symbol=symbol,
            side=side,
            positionSide=leg,
            type=kind,
            workingType=working,
            priceProtect="true" if extra & 4 else None,
            clientAlgoId=self.new_id(),
            **params,
        )
        if then is not None:
            self.sweep(symbol, then, bool(extra & 1))

    @rule(pick=picks, every=st.sampled_from((False, False, True)))
    def cancel_algo(self, pick: int, every: bool) -> None:
        rows: list[Any] = self.desk.read("/fapi/v1/openAlgoOrders")
        if rows and every:
            self.do("DELETE", "/fapi/v1/algoOpenOrders", symbol=rows[pick % len(rows)]["symbol"])
        elif rows:
            self.do("DELETE", ALGO, algoId=rows[pick % len(rows)]["algoId"])

    @rule(symbol=symbols, ms=st.sampled_from((0, 50, 300, 2000)))
    def countdown(self, symbol: str, ms: int) -> None:
        self.do("POST", "/fapi/v1/countdownCancelAll", symbol=symbol, countdownTime=ms)

    @rule(symbol=symbols, leverage=st.integers(1, 126))
    def set_leverage(self, symbol: str, leverage: int) -> None:
        self.do("POST", "/fapi/v1/leverage", symbol=symbol, leverage=leverage)

    @rule(symbol=symbols, kind=st.sampled_from(("ISOLATED", "CROSSED")), clear=st.sampled_from((False, True, True)))
    def set_margin_type(self, symbol: str, kind: str, clear: bool) -> None:
        """With ``clear`` after all that stands in the way is gone, and with new legs after it."""
        if clear:
            self.flatten(symbol)
        self.do("POST", "/fapi/v1/marginType", symbol=symbol, marginType=kind)
        if clear:
            self.opened_outside(symbol, "LONG", 250)
            self.opened_outside(symbol, "SHORT", 400)

    def flatten(self, symbol: str) -> None:
        self.do("DELETE", "/fapi/v1/allOpenOrders", symbol=symbol)
        self.do("DELETE", "/fapi/v1/algoOpenOrders", symbol=symbol)
        for leg in ("LONG", "SHORT"):
            self.act(kind="position_closed", symbol=symbol, side=leg)

    @rule(pick=picks, amount=st.sampled_from(("0.01", "7.5", "1234.56789", "9000")), kind=st.integers(1, 2))
    def move_margin(self, pick: int, amount: str, kind: int) -> None:
        """To or from an isolated leg, if there is one."""
        rows: list[Any] = self.desk.read("/fapi/v2/positionRisk")
        rows = [row for row in rows if row["isolated"] and D(row["positionAmt"])] or rows
        own: dict[str, Any] = {
            "symbol": rows[pick % len(rows)]["symbol"],
            "positionSide": rows[pick % len(rows)]["positionSide"],
        }
        self.do("POST", "/fapi/v1/positionMargin", amount=amount, type=kind, **own)

    @rule(dual=st.sampled_from(("true", "true", "false")), clear=st.integers(0, 5))
    def set_mode(self, dual: str, clear: int) -> None:
        if clear == 3 and dual == "false":
            self.act(kind="hedge_mode_off")
        self.do("POST", "/fapi/v1/positionSide/dual", dualSidePosition=dual)

    @rule(flag=st.booleans())
    def set_multi_assets(self, flag: bool) -> None:
        self.desk.box.exchange.settings.set_multi_assets(flag, self.desk.now)
        self.desk.tell()

    @rule(symbol=symbols, leg=legs, part=st.sampled_from(("0.1", "0.5", "1")), what=st.sampled_from((0, 0, 1, 2)))
    def from_outside(self, symbol: str, leg: str, part: str, what: int) -> None:
        kind = ("position_closed", "position_enlarged", "adl")[what]
        self.act(kind=kind, symbol=symbol, side=leg, fraction=part)

    @rule(symbol=symbols, leg=legs, part=st.sampled_from(("0.1", "0.3", "0.7", "1")), then=st.integers(0, 2))
    def cut_beneath_closers(self, symbol: str, leg: str, part: str, then: int) -> None:
        """Closers rest for nearly the whole leg when a part of it goes by other means, or they ask for more."""
        market = self.desk.markets[symbol]
        if not self.held(symbol, leg):
            self.opened_outside(symbol, leg, 900)
        held = self.held(symbol, leg)
        side, away = ("SELL", 40) if leg == "LONG" else ("BUY", -40)
        own: dict[str, Any] = {"symbol": symbol, "side": side, "positionSide": leg}
        limit = own | {"type": "LIMIT", "timeInForce": "GTC", "price": market.price(away)}
        for share in (4, 3, 3 if then else 2):
            self.do("POST", ORDER, quantity=held * share // (10 * market.step) * market.step, **limit)
        if then == 2:
            self.do("POST", ORDER, type="MARKET", quantity=held * 4 // (10 * market.step) * market.step, **own)
        else:
            self.act(kind="position_closed", symbol=symbol, side=leg, fraction=part)

    def held(self, symbol: str, leg: str) -> Decimal:
        rows = self.desk.read("/fapi/v2/positionRisk", symbol=symbol)
        return sum((abs(D(row["positionAmt"])) for row in rows if row["positionSide"] == leg), D(0))

    @rule(symbol=symbols, leg=legs, size=lots)
    def open_outside(self, symbol: str, leg: str, size: int) -> None:
        self.opened_outside(symbol, leg, size)

    def opened_outside(self, symbol: str, leg: str, lots: int) -> None:
        self.act(kind="position_enlarged", symbol=symbol, side=leg, qty=str(lots * self.desk.markets[symbol].step))

    @rule(symbol=symbols, leg=legs)
    def liquidated(self, symbol: str, leg: str) -> None:
        self.act(kind="liquidation", symbol=symbol, side=leg)

    @rule(symbol=symbols, rate=st.integers(-300, 300), soon=st.integers(2, 900))
    def funding(self, symbol: str, rate: int, soon: int) -> None:
        at = self.desk.now + soon
        self.desk.markets[symbol].say(FundingAt(symbol, 0, at, D(rate) / 100_000))
        self.desk.wait(1000)

    @rule(asset=st.sampled_from(("USDT", "USDC")), cents=st.integers(-100_000, 300_000))
    def transfer(self, asset: str, cents: int) -> None:
        if cents:
            self.desk.box.exchange.forced.transfer(asset, D(cents) / 100, self.desk.now)
            self.desk.tell()

    @rule(
        symbol=symbols,
        status=st.sampled_from(("TRADING_HALT", "PRE_SETTLE", "SETTLING", "CLOSE")),
        for_ms=st.sampled_from((100, 1500)),
    )
    def status(self, symbol: str, status: str, for_ms: int) -> None:
        """A halt, or a delisting that is taken back."""
        self.act(kind="symbol_status", symbol=symbol, status=status)
        self.desk.wait(for_ms)
        self.laws()
        self.act(kind="symbol_status", symbol=symbol, status="TRADING")

    @rule(order=ORDERS, factor=st.sampled_from((2, 5)))
    def tick_size(self, order: dict[str, Any], factor: int) -> None:
        """A coarser grid for a moment; what rests stays off it."""
        symbol = order["symbol"]
        tick = self.desk.markets[symbol].tick
        self.act(kind="tick_changed", symbol=symbol, tick=str(tick * factor))
        self.do("POST", ORDER, **self.order_params(order))
        self.desk.wait(300)
        self.laws()
        self.act(kind="tick_changed", symbol=symbol, tick=str(tick))

    @rule(symbol=symbols, shift=ticks, spread=st.integers(1, 4), bid=st.integers(0, 4000), ask=st.integers(0, 4000))
    def quote(self, symbol: str, shift: int, spread: int, bid: int, ask: int) -> None:
        self.desk.markets[symbol].quote(shift, shift + spread, bid, ask)
        self.desk.wait()

    @rule(symbol=symbols, prints=st.lists(st.tuples(ticks, lots, st.booleans()), min_size=1, max_size=6))
    def trades(self, symbol: str, prints: list[tuple[int, int, bool]]) -> None:
        for at, qty, sells in prints:
            self.desk.markets[symbol].trade(at, qty, sells)
        self.desk.wait()

    @rule(symbol=symbols, at=ticks)
    def mark(self, symbol: str, at: int) -> None:
        market = self.desk.markets[symbol]
        market.move_mark(market.price(at))
        self.desk.wait()

    @rule(symbol=symbols, percent=st.integers(-14, 14), follows=st.booleans())
    def jump_away(self, symbol: str, percent: int, follows: bool) -> None:
        self.jump(symbol, percent, follows)

    def jump(self, symbol: str, percent: int, follows: bool) -> None:
        """The mark runs away, towards liquidation and beyond; the book before it or not."""
        market = self.desk.markets[symbol]
        if follows:
            market.mid = max(50, market.mid * (100 + percent) // 100)
            market.quote(-1, 1, 2000, 2000)
        market.move_mark(market.mark * (100 + percent) / 100)
        self.desk.wait()

    @rule(symbol=symbols, down=st.booleans(), follows=st.booleans())
    def crash(self, symbol: str, down: bool, follows: bool) -> None:
        """One way without end: legs are liquidated, and what they leave is less than nothing."""
        for _ in range(3):
            self.jump(symbol, -14 if down else 16, follows)

    @rule(symbol=symbols, up=st.booleans(), by_mark=st.booleans())
    def sweep_through(self, symbol: str, up: bool, by_mark: bool) -> None:
        self.sweep(symbol, up, by_mark)

    def sweep(self, symbol: str, up: bool, by_mark: bool) -> None:
        """Prices run through every trigger on one side and come back."""
        market = self.desk.markets[symbol]
        for at in (15, 35, 0) if up else (-15, -35, 0):
            market.quote(at - 1, at + 1, 1500, 1500)
            market.trade(at, 50, not up)
            if by_mark:
                market.move_mark(market.price(at))
            self.desk.wait(160)

    @rule(ms=st.sampled_from((1, 30, 110, 260, 1100, 5000)))
    def wait(self, ms: int) -> None:
        self.desk.wait(ms)

    @rule()
    def wait_long(self) -> None:
        """Past every date of GTD orders."""
        if any(row["goodTillDate"] for row in self.orders()):
            self.desk.wait(605_000)

    @rule(kind=st.sampled_from(("PUT", "POST", "DELETE", "drop")))
    def listen_anew(self, kind: str) -> None:
        """The listen key is kept alive, or goes, or its socket does: then another is opened and the account read."""
        self.hear()
        if kind in ("DELETE", "drop"):
            if kind == "drop":
                self.session.drop()
            else:
                self.do("DELETE", "/fapi/v1/listenKey", signed=False)
                assert [frame["e"] for frame in self.ear.take()] == ["listenKeyExpired"]
                self.session.close(1000, "")
            self.ear, self.session = self.desk.listen_to_account()
            self.mirror.resync()
        else:
            self.do(kind, "/fapi/v1/listenKey", signed=False)

    @rule()
    def read_books(self) -> None:
        self.snapshots()

    def hear(self) -> None:
        self.mirror.hear(self.ear.take())
        for frame in self.public.take() + self.market.take():
            name, _, stream = frame["stream"].partition("@")
            self.sequences[name.upper()].hear(stream, frame["data"])

    @invariant()
    def laws(self) -> None:
        self.sound = False
        self.hear()
        self.mirror.check()
        self.ledger.check(self.mirror)
        if self.desk.switches.knock_out_closers:
            check_closers(self.desk)
        self.sound = True

    def teardown(self) -> None:
        if not getattr(self, "sound", False):
            return  # it has failed already, and that is what should be told
        self.desk.wait(1000)
        self.laws()
        self.mirror.check_finished_algos()
        for sequences in self.sequences.values():
            sequences.check()


class SwitchedLaws(BoxLaws):
    """The same under any switches."""

    switches = SWITCHES


def play(machine: type[BoxLaws], stories: int, steps: int) -> None:
    """The same ones at each run; a failing one is made smaller (minutes) only where VQ_LAW_SHRINK is set."""
    run_state_machine_as_test(
        machine,
        settings=settings(
            max_examples=stories,
            stateful_step_count=steps,
            deadline=None,
            derandomize=True,
            database=None,
            phases=PHASES,
            suppress_health_check=list(HealthCheck),
        ),
    )


@pytest.mark.untraced
def test_the_laws_hold_over_any_flow() -> None:
    """Under the default switches: closers never exceed their leg, however it became smaller."""
    play(BoxLaws, 30, 40)


@pytest.mark.untraced
def test_the_laws_hold_under_any_switches() -> None:
    """Where closers are not knocked out they may exceed the leg; executions are clipped to it, and no leg flips."""
    play(SwitchedLaws, 30, 40)


@pytest.mark.slow
@pytest.mark.timeout(3600)
def test_the_laws_hold_over_many_stories() -> None:
    play(BoxLaws, MANY, 80)


@pytest.mark.slow
@pytest.mark.timeout(3600)
def test_the_laws_hold_over_many_stories_under_any_switches() -> None:
    play(SwitchedLaws, MANY, 80)
