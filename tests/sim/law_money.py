"""Whether every fee and fill of the account is accounted for to the last digit, by what REST reports."""

from __future__ import annotations

from dataclasses import dataclass, field
from decimal import Decimal

from tests.sim.law_desk import SEATS, WALLETS, LawDesk, Row
from tests.sim.law_mirror import Mirror

D = Decimal
ZERO = D(0)
MONEY = D("1E-8")
ENTRY = D("1E-12")
MAKER, TAKER = D("0.0002"), D("0.0005")
ACCOUNT_SUMS = {
    "totalWalletBalance": "walletBalance",
    "totalUnrealizedProfit": "unrealizedProfit",
    "totalMarginBalance": "marginBalance",
    "totalMaintMargin": "maintMargin",
    "totalInitialMargin": "initialMargin",
    "totalPositionInitialMargin": "positionInitialMargin",
    "totalOpenOrderInitialMargin": "openOrderInitialMargin",
    "totalCrossWalletBalance": "crossWalletBalance",
    "totalCrossUnPnl": "crossUnPnl",
    "availableBalance": "availableBalance",
    "maxWithdrawAmount": "maxWithdrawAmount",
}


@dataclass
class Leg:
    """A leg by its trades alone; ``burden`` is what its present life has cost: fees less what it realised."""

    qty: Decimal = ZERO
    entry: Decimal = ZERO
    burden: Decimal = ZERO


@dataclass
class Ledger:
    """The account booked a second time, from userTrades and income."""

    desk: LawDesk
    legs: dict[tuple[str, str], Leg] = field(default_factory=dict)
    trades: list[Row] = field(default_factory=list)
    income: list[Row] = field(default_factory=list)
    _next_trade: dict[str, int] = field(default_factory=dict)

    def __post_init__(self) -> None:
        for seat in SEATS:
            self.legs[seat.symbol, seat.side.value] = Leg(seat.qty, seat.entry or ZERO)

    def check(self, mirror: Mirror) -> None:
        """Read what is new, book it, and hold it against the account's own figures."""
        self._read_trades(mirror)
        self._read_income()
        self._check_wallets()
        self._check_legs()
        self._check_margins()

    def _read_trades(self, mirror: Mirror) -> None:
        for symbol in self.desk.markets:
            first = self._next_trade.get(symbol, 1)
            rows: list[Row] = self.desk.read("/fapi/v1/userTrades", symbol=symbol, fromId=first, limit=1000)
            for row in rows:
                assert first in (1, row["id"]), "trade ids have a gap, or one stands twice"
                first = row["id"] + 1
                self._next_trade[symbol] = first
                self._book(row)
                same_trade(mirror.trades[symbol, row["id"]], row)
        assert len(self.trades) == len(mirror.trades)

    def _book(self, row: Row) -> None:
        leg = self.legs.setdefault((row["symbol"], row["positionSide"]), Leg())
        qty, price = D(row["qty"]), D(row["price"])
        realized, fee = D(row["realizedPnl"]), D(row["commission"])
        closes = (row["positionSide"] == "LONG") is (row["side"] == "SELL")
        if closes:
            sign = 1 if row["positionSide"] == "LONG" else -1
            assert realized == ((price - leg.entry) * qty * sign).quantize(MONEY), row
            assert leg.qty >= qty, "a leg would flip"
            leg.qty -= qty
            leg.entry = leg.entry if leg.qty else ZERO
            leg.burden = leg.burden + fee - realized if leg.qty else ZERO
        else:
            assert realized == 0
            leg.entry = ((leg.entry * leg.qty + price * qty) / (leg.qty + qty)).quantize(ENTRY)
            leg.qty += qty
            leg.burden += fee
        rules = self.desk.box.instruments[row["symbol"]].rules
        rates = (MAKER,) if row["maker"] else (TAKER, TAKER + rules.liquidation_fee)
        if not self.desk.switches.settlement_charges_fee:
            rates = (*rates, ZERO)
        assert fee in [(qty * price * rate).quantize(MONEY) for rate in rates], row
        assert D(row["quoteQty"]) == qty * price
        self.trades.append(row)

    def _read_income(self) -> None:
        """The last page again and those after it; what was read before stands unchanged."""
        page = len(self.income) // 1000 + 1
        while True:
            rows: list[Row] = self.desk.read("/fapi/v1/income", limit=1000, page=page)
            begin = (page - 1) * 1000
            assert rows[: len(self.income) - begin] == self.income[begin:]
            self.income[begin:] = rows
            if len(rows) < 1000:
                break
            page += 1
        assert len({(row["tranId"], row["incomeType"]) for row in self.income}) == len(self.income)

    def _check_wallets(self) -> None:
        rows: list[Row] = self.desk.read("/fapi/v3/balance")
        for row in rows:
            asset = row["asset"]
            gained = sum((D(r["realizedPnl"]) for r in self.trades if r["marginAsset"] == asset), ZERO)
            paid = sum((D(r["commission"]) for r in self.trades if r["commissionAsset"] == asset), ZERO)
            by_kind: dict[str, Decimal] = {}
            for entry in self.income:
                if entry["asset"] == asset:
                    kind = entry["incomeType"]
                    by_kind[kind] = by_kind.get(kind, ZERO) + D(entry["income"])
            assert by_kind.pop("REALIZED_PNL", ZERO) == gained
            assert by_kind.pop("COMMISSION", ZERO) == -paid
            assert set(by_kind) <= {"FUNDING_FEE", "TRANSFER", "INSURANCE_CLEAR"}
            others = sum(by_kind.values(), ZERO)
            assert D(row["balance"]) == WALLETS[asset] + gained - paid + others, f"{asset}: money from nowhere"

    def _check_legs(self) -> None:
        for row in self.desk.read("/fapi/v2/positionRisk"):
            if row["positionSide"] == "BOTH":
                assert D(row["positionAmt"]) == 0
                continue
            sign = 1 if row["positionSide"] == "LONG" else -1
            leg = self.legs.get((row["symbol"], row["positionSide"]), Leg())
            amount = D(row["positionAmt"])
            assert amount * sign == leg.qty >= 0
            assert D(row["entryPrice"]) == leg.entry
            shift = leg.burden / leg.qty if leg.qty else ZERO
            assert D(row["breakEvenPrice"]) == (leg.entry + shift * sign).quantize(ENTRY)
            profit = (D(row["markPrice"]) - leg.entry) * amount
            assert D(row["unRealizedProfit"]) == profit.quantize(MONEY)

    def _check_margins(self) -> None:
        read = self.desk.read
        v2, v3 = read("/fapi/v2/account"), read("/fapi/v3/account")
        risks = {(row["symbol"], row["positionSide"]): row for row in read("/fapi/v3/positionRisk")}
        assets: dict[str, Row] = {row["asset"]: row for row in v3["assets"]}
        assert v2["assets"] == [row | {"marginAvailable": True} for row in v3["assets"]]
        for total, one in ACCOUNT_SUMS.items():
            assert v2[total] == v3[total] == assets["USDT"][one]
        for row in v3["positions"]:
            risk = risks.pop((row["symbol"], row["positionSide"]))
            for name in ("positionAmt", "notional", "isolatedWallet", "initialMargin", "maintMargin", "updateTime"):
                assert row[name] == risk[name]
            assert row["unrealizedProfit"] == risk["unRealizedProfit"]
        assert not risks
        for asset, row in assets.items():
            self._check_asset(asset, row, v2["positions"])

    def _check_asset(self, asset: str, row: Row, positions: list[Row]) -> None:
        instruments = self.desk.box.instruments
        mine = [leg for leg in positions if instruments[leg["symbol"]].rules.margin_asset == asset]
        crossed = [leg for leg in mine if not leg["isolated"]]
        wallet, profit = D(row["walletBalance"]), total(mine, "unrealizedProfit")
        assert D(row["unrealizedProfit"]) == profit
        assert D(row["marginBalance"]) == wallet + profit
        assert D(row["crossWalletBalance"]) == wallet - total(mine, "isolatedWallet")
        assert D(row["crossUnPnl"]) == total(crossed, "unrealizedProfit")
        for name in ("initialMargin", "maintMargin", "positionInitialMargin", "openOrderInitialMargin"):
            assert D(row[name]) == total(mine, name)
        bound = total(crossed, "positionInitialMargin") + total(mine, "openOrderInitialMargin")
        free = D(row["crossWalletBalance"]) + D(row["crossUnPnl"]) - bound
        assert abs(D(row["availableBalance"]) - max(ZERO, free)) <= len(mine) * 2 * MONEY


def total(rows: list[Row], name: str) -> Decimal:
    """Sum of a column."""
    return sum((D(row[name]) for row in rows), ZERO)


def same_trade(told: Row, row: Row) -> None:
    """An execution is in userTrades as the stream told it."""
    assert (told["i"], told["S"], told["ps"], told["m"], told["T"], told["N"]) == (
        row["orderId"],
        row["side"],
        row["positionSide"],
        row["maker"],
        row["time"],
        row["commissionAsset"],
    )
    numbers = {"l": "qty", "L": "price", "rp": "realizedPnl", "n": "commission"}
    for key, name in numbers.items():
        assert D(told[key]) == D(row[name])


def check_closers(desk: LawDesk) -> None:
    """What closers may still close is never more than their leg."""
    legs = {
        (row["symbol"], row["positionSide"]): abs(D(row["positionAmt"])) for row in desk.read("/fapi/v2/positionRisk")
    }
    for row in desk.read("/fapi/v1/openOrders"):
        if (row["positionSide"] == "LONG") is (row["side"] == "SELL"):
            legs[row["symbol"], row["positionSide"]] -= D(row["origQty"]) - D(row["executedQty"])
    assert all(left >= 0 for left in legs.values()), f"closers exceed their leg: {legs}"
