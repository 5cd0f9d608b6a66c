"""The account as a client knows it that hears the user stream alone, held against what REST reports."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from decimal import Decimal
from typing import Any

from tests.sim.law_desk import LawDesk, Row

D = Decimal
FINAL = frozenset(("FILLED", "CANCELED", "EXPIRED", "EXPIRED_IN_MATCH"))
ENDED_ALGO = frozenset(("CANCELED", "FINISHED", "REJECTED", "EXPIRED"))
ORDER_TEXTS = {
    "symbol": "s",
    "clientOrderId": "c",
    "side": "S",
    "positionSide": "ps",
    "type": "o",
    "origType": "ot",
    "timeInForce": "f",
    "workingType": "wt",
    "priceMatch": "pm",
    "selfTradePreventionMode": "V",
    "reduceOnly": "R",
    "closePosition": "cp",
    "goodTillDate": "gtd",
}
ORDER_NUMBERS = {"price": "p", "origQty": "q", "executedQty": "z", "avgPrice": "ap", "stopPrice": "sp"}
ALGO_TEXTS = {
    "clientAlgoId": "caid",
    "algoType": "at",
    "orderType": "o",
    "symbol": "s",
    "side": "S",
    "positionSide": "ps",
    "timeInForce": "f",
    "algoStatus": "X",
    "workingType": "wt",
    "priceMatch": "pm",
    "closePosition": "cp",
    "priceProtect": "pP",
    "reduceOnly": "R",
    "selfTradePreventionMode": "V",
    "triggerTime": "tt",
    "goodTillDate": "gtd",
    "actualOrderId": "ai",
    "isActivated": "ia",
}
ALGO_NUMBERS = {"quantity": "q", "triggerPrice": "tp", "price": "p", "actualPrice": "ap", "actualQty": "aq"}


def order_of_rest(row: Row) -> Row:
    """What REST and the stream both tell of an order."""
    texts = {name: row[name] for name in ORDER_TEXTS}
    numbers = {name: D(row[name]) for name in ORDER_NUMBERS}
    plain = {"status": row["status"], "cumQuote": D(row["cumQuote"]), "updateTime": row["updateTime"]}
    return {**texts, **numbers, **plain}


def algo_of_rest(row: Row) -> Row:
    """What REST and the stream both tell of a conditional order."""
    numbers = {name: D(row[name]) for name in ALGO_NUMBERS}
    return {name: row[name] for name in ALGO_TEXTS} | numbers | {"updateTime": row["updateTime"]}


@dataclass
class Mirror:
    """State by the stream; ``trades`` by (symbol, id) are the executions it told of.

    Before anything is heard the state is that of a REST snapshot, and again after ``resync``.
    """

    desk: LawDesk
    orders: dict[int, Row] = field(default_factory=dict)
    algos: dict[int, Row] = field(default_factory=dict)
    legs: dict[tuple[str, str], Row] = field(default_factory=dict)
    wallets: dict[str, tuple[Decimal, Decimal]] = field(default_factory=dict)
    leverage: dict[str, int] = field(default_factory=dict)
    trades: dict[tuple[str, int], Row] = field(default_factory=dict)
    changes: list[tuple[str, str, Decimal]] = field(default_factory=list)
    multi_assets: bool = False
    newest_order: int = 0
    realized: dict[tuple[str, str], Decimal] = field(default_factory=dict)
    _lites: dict[tuple[str, int], Row] = field(default_factory=dict)
    _trade_ids: dict[str, int] = field(default_factory=dict)
    _times: dict[str, tuple[int, int]] = field(default_factory=dict)
    _notionals: dict[str, tuple[Decimal, Decimal]] = field(default_factory=dict)

    def __post_init__(self) -> None:
        self.resync()

    def resync(self) -> None:
        """Forget what the stream told of the present, and read it by REST."""
        read = self.desk.read
        self.orders |= {row["orderId"]: order_of_rest(row) for row in read("/fapi/v1/openOrders")}
        self.algos |= {row["algoId"]: algo_of_rest(row) for row in read("/fapi/v1/openAlgoOrders")}
        self.legs = rest_legs(self.desk)
        self.wallets = rest_wallets(self.desk)
        self.leverage = {row["symbol"]: row["leverage"] for row in read("/fapi/v1/symbolConfig")}
        self.multi_assets = read("/fapi/v1/accountConfig")["multiAssetsMargin"]

    def hear(self, frames: list[Row]) -> None:
        """Take over what the stream tells, in order; each event must fit those before it."""
        for frame in frames:
            times = int(frame["T"] if "T" in frame else frame["E"]), int(frame["E"])
            before = self._times.get(frame["e"], (0, 0))
            assert times[0] >= before[0] and times[1] >= before[1], f"{frame['e']} goes back in time"
            assert times[0] <= times[1] <= self.desk.now
            self._times[frame["e"]] = times
            {
                "ORDER_TRADE_UPDATE": self._order,
                "TRADE_LITE": self._lite,
                "ACCOUNT_UPDATE": self._account,
                "ALGO_UPDATE": self._algo,
                "ACCOUNT_CONFIG_UPDATE": self._config,
                "MARGIN_CALL": self._margin_call,
            }[frame["e"]](frame)
        assert not self._lites, "a TRADE_LITE without its order's event"

    def _lite(self, frame: Row) -> None:
        key = frame["s"], frame["t"]
        assert key not in self._lites
        self._lites[key] = frame

    def _order(self, frame: Row) -> None:
        told = frame["o"]
        number = told["i"]
        assert told["T"] == frame["T"]
        before = self.orders.get(number)
        if before is None:
            assert told["x"] == "NEW" and number > self.newest_order, "an order that was never new, or ids that fall"
            self.newest_order = number
        else:
            assert before["status"] not in FINAL and told["x"] != "NEW", f"{told['x']} of a finished order"
            self._follows(before, told)
        if D(told["l"]):
            self._trade(told)
        else:
            assert told["t"] == 0 and told["x"] in ("NEW", "CANCELED", "EXPIRED", "AMENDMENT")
        self.orders[number] = self._state(before, told) | {"updateTime": frame["T"]}
        self._notionals[told["s"]] = D(told["b"]), D(told["a"])

    def _follows(self, before: Row, told: Row) -> None:
        filled, quote = before["executedQty"] + D(told["l"]), before["cumQuote"] + D(told["l"]) * D(told["L"])
        assert D(told["z"]) == filled <= D(told["q"])
        average = quote / filled if filled else D(0)
        instrument = self.desk.box.instruments[told["s"]]
        assert D(told["ap"]) == round(average, instrument.price_places + instrument.qty_places)
        if told["x"] != "AMENDMENT":
            assert (before["price"], before["origQty"]) == (D(told["p"]), D(told["q"]))

    def _state(self, before: Row | None, told: Row) -> Row:
        quote = (before["cumQuote"] if before else D(0)) + D(told["l"]) * D(told["L"])
        texts = {name: told[key] for name, key in ORDER_TEXTS.items()}
        numbers = {name: D(told[key]) for name, key in ORDER_NUMBERS.items()}
        return {**texts, **numbers, "status": self._status(told), "cumQuote": quote}

    def _status(self, told: Row) -> str:
        """Executions by the exchange itself show NEW whatever is filled (a switch)."""
        if told["x"] != "CALCULATED":
            return str(told["X"])
        filled = "FILLED" if D(told["z"]) == D(told["q"]) else "PARTIALLY_FILLED"
        assert told["X"] == ("NEW" if self.desk.switches.forced_status_new else filled)
        return filled

    def _trade(self, told: Row) -> None:
        key = told["s"], told["t"]
        assert key not in self.trades, "a trade id twice"
        last = self._trade_ids.get(told["s"])
        assert last in (None, told["t"] - 1), "a gap between trade ids"
        self._trade_ids[told["s"]] = told["t"]
        self.trades[key] = told
        leg = told["s"], told["ps"]
        self.realized[leg] = self.realized.get(leg, D(0)) + D(told["rp"])
        lite = self._lites.pop(key, None)
        if told["x"] == "CALCULATED":
            assert lite is None
            return
        assert told["x"] == "TRADE" and lite is not None, "an execution without its TRADE_LITE"
        assert (lite["i"], lite["c"], lite["S"], lite["m"]) == (told["i"], told["c"], told["S"], told["m"])
        assert [D(lite[name]) for name in "lLqp"] == [D(told[name]) for name in "lLqp"] and lite["T"] == told["T"]

    def _account(self, frame: Row) -> None:
        body = frame["a"]
        for row in body["B"]:
            self.wallets[row["a"]] = D(row["wb"]), D(row["cw"])
            self.changes.append((body["m"], row["a"], D(row["bc"])))
        for row in body["P"]:
            if row["ps"] == "BOTH":
                assert D(row["pa"]) == 0
                continue
            self.legs[row["s"], row["ps"]] = {
                "positionAmt": D(row["pa"]),
                "entryPrice": D(row["ep"]),
                "breakEvenPrice": D(row["bep"]),
                "marginType": row["mt"],
                "isolatedWallet": D(row["iw"]),
            }
            assert D(row["pa"]) * (1 if row["ps"] == "LONG" else -1) >= 0, "a leg has flipped"

    def _algo(self, frame: Row) -> None:
        told = frame["o"]
        before = self.algos.get(told["aid"], {})
        assert before.get("algoStatus") not in ENDED_ALGO, "news of a finished conditional order"
        assert before or told["X"] == "NEW"
        texts = {name: told[key] for name, key in ALGO_TEXTS.items() if key in told}
        numbers = {name: D(told[key]) for name, key in ALGO_NUMBERS.items() if key in told}
        empty = {"actualPrice": D(0), "actualQty": D(0)}
        self.algos[told["aid"]] = {**empty, **before, **texts, **numbers, "updateTime": frame["T"]}

    def _config(self, frame: Row) -> None:
        if "ac" in frame:
            self.leverage[frame["ac"]["s"]] = frame["ac"]["l"]
        else:
            self.multi_assets = frame["ai"]["j"]

    def _margin_call(self, frame: Row) -> None:
        assert frame["p"]
        for row in frame["p"]:
            assert self.legs[row["s"], row["ps"]]["positionAmt"] == D(row["pa"]) != 0

    def check(self) -> None:
        """Open orders, finished orders, conditional orders, legs, wallets and settings are those of REST."""
        read = self.desk.read
        live = {row["orderId"]: order_of_rest(row) for row in read("/fapi/v1/openOrders")}
        same({number: row for number, row in self.orders.items() if row["status"] not in FINAL}, live)
        every = {row["orderId"]: order_of_rest(row) for row in read("/fapi/v1/allOrders", limit=1000)}
        same(self.orders, every)
        waiting = {row["algoId"]: algo_of_rest(row) for row in read("/fapi/v1/openAlgoOrders")}
        same({number: row for number, row in self.algos.items() if row["algoStatus"] not in ENDED_ALGO}, waiting)
        same(self.legs, rest_legs(self.desk))
        assert rest_wallets(self.desk) == self.wallets
        assert {row["symbol"]: row["leverage"] for row in read("/fapi/v1/symbolConfig")} == self.leverage
        assert read("/fapi/v1/accountConfig")["multiAssetsMargin"] == self.multi_assets
        self._check_notionals(live)

    def _check_notionals(self, live: dict[int, Row]) -> None:
        for symbol, told in self._notionals.items():
            sums = {"BUY": D(0), "SELL": D(0)}
            for row in live.values():
                if row["symbol"] == symbol:
                    sums[row["side"]] += (row["origQty"] - row["executedQty"]) * row["price"]
            assert told == (sums["BUY"], sums["SELL"]), "b and a of the last event are not what rests"

    def check_finished_algos(self) -> None:
        """Each finished conditional order, asked for by its id, is as the stream told it last."""
        for number, row in self.algos.items():
            if row["algoStatus"] in ENDED_ALGO:
                same({number: row}, {number: algo_of_rest(self.desk.read("/fapi/v1/algoOrder", algoId=number))})


def same(told: Mapping[Any, Row], read: Mapping[Any, Row]) -> None:
    """Both have the same rows; what differs is named."""
    for key in {**told, **read}:
        one, other = told.get(key, {}), read.get(key, {})
        differing = {name: (one.get(name), other.get(name)) for name in {**one, **other}}
        differing = {name: pair for name, pair in differing.items() if pair[0] != pair[1]}
        assert not differing, f"{key}: (told, read) = {differing}"


def rest_legs(desk: LawDesk) -> dict[tuple[str, str], Row]:
    """The legs by positionRisk; in one-way mode there are none, and both sides of a symbol are empty."""
    rows: list[Row] = desk.read("/fapi/v2/positionRisk")
    return {
        (row["symbol"], side): {
            "positionAmt": D(row["positionAmt"]),
            "entryPrice": D(row["entryPrice"]),
            "breakEvenPrice": D(row["breakEvenPrice"]),
            "marginType": row["marginType"],
            "isolatedWallet": D(row["isolatedWallet"]),
        }
        for row in rows
        for side in (("LONG", "SHORT") if row["positionSide"] == "BOTH" else (row["positionSide"],))
    }


def rest_wallets(desk: LawDesk) -> dict[str, tuple[Decimal, Decimal]]:
    """(wallet, cross wallet) by asset."""
    rows: list[Any] = desk.read("/fapi/v3/balance")
    return {row["asset"]: (D(row["balance"]), D(row["crossWalletBalance"])) for row in rows}
