"""The values of the scripted day, each read from the exchange's own names of REST and of the streams."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from decimal import Decimal
from typing import Any

Row = Mapping[str, Any]
"""JSON as the client handed it on."""


class Refused(Exception):  # noqa: N818 - an ordinary answer
    """The exchange's error as the client handed it on."""

    def __init__(self, code: int, message: str = "") -> None:
        super().__init__(code, message)
        self.code = code


@dataclass(frozen=True, slots=True)
class Rules:
    tick: Decimal
    step: Decimal
    min_qty: Decimal
    min_notional: Decimal


@dataclass(frozen=True, slots=True)
class Quote:
    bid: Decimal
    ask: Decimal


@dataclass(frozen=True, slots=True)
class Depth:
    """Best first."""

    bids: tuple[tuple[Decimal, Decimal], ...]
    asks: tuple[tuple[Decimal, Decimal], ...]

    @classmethod
    def read(cls, bids: Sequence[Sequence[object]], asks: Sequence[Sequence[object]]) -> Depth:
        sides = ([(number(row[0]), number(row[1])) for row in side] for side in (bids, asks))
        return cls(*(tuple(side) for side in sides))


@dataclass(frozen=True, slots=True)
class Print:
    """One aggregate trade."""

    price: Decimal
    qty: Decimal


@dataclass(frozen=True, slots=True)
class Candle:
    open: Decimal
    high: Decimal
    low: Decimal
    close: Decimal

    @classmethod
    def read(cls, row: Sequence[object]) -> Candle:
        """Of a REST row: time, open, high, low, close."""
        return cls(*(number(value) for value in row[1:5]))

    @classmethod
    def told(cls, k: Row) -> Candle:
        return cls(*(number(k[key]) for key in "ohlc"))


@dataclass(frozen=True, slots=True)
class Leg:
    """``qty`` without sign."""

    side: str
    qty: Decimal
    entry: Decimal

    @classmethod
    def read(cls, row: Row) -> Leg:
        """Of a positionRisk row; the sign agrees with the side."""
        leg, amount = str(row["positionSide"]), number(row["positionAmt"])
        assert amount * (1 if leg == "LONG" else -1) >= 0, row
        return cls(leg, abs(amount), number(row["entryPrice"]))


@dataclass(frozen=True, slots=True)
class Draft:
    """An order to send."""

    client_id: str
    side: str
    leg: str
    kind: str
    qty: Decimal
    price: Decimal | None = None
    tif: str | None = None


@dataclass(frozen=True, slots=True)
class Order:
    """An order as the exchange told it; ``event`` is ``x`` of the stream."""

    id: int
    client_id: str
    status: str
    side: str
    leg: str
    price: Decimal
    qty: Decimal
    filled: Decimal
    event: str = ""

    @classmethod
    def read(cls, row: Row) -> Order:
        """Of a REST answer."""
        names = ("clientOrderId", "status", "side", "positionSide"), ("price", "origQty", "executedQty")
        return cls._of(row, "orderId", *names)

    @classmethod
    def told(cls, o: Row) -> Order:
        """Of an ORDER_TRADE_UPDATE's ``o``."""
        return cls._of(o, "i", ("c", "X", "S", "ps"), ("p", "q", "z"), event=str(o["x"]))

    @classmethod
    def _of(cls, row: Row, id_: str, words: Sequence[str], numbers: Sequence[str], event: str = "") -> Order:
        client_id, status, side, leg = (str(row[name]) for name in words)
        price, qty, filled = (number(row[name]) for name in numbers)
        return cls(int(row[id_]), client_id, status, side, leg, price, qty, filled, event)


@dataclass(frozen=True, slots=True)
class Stop:
    """A conditional order of the Algo Service."""

    id: int
    client_id: str
    status: str
    trigger: Decimal
    leg: str

    @classmethod
    def read(cls, row: Row) -> Stop:
        """Of a REST answer."""
        words = str(row["clientAlgoId"]), str(row["algoStatus"])
        return cls(int(row["algoId"]), *words, number(row["triggerPrice"]), str(row["positionSide"]))

    @classmethod
    def told(cls, o: Row) -> Stop:
        """Of an ALGO_UPDATE's ``o``."""
        return cls(int(o["aid"]), str(o["caid"]), str(o["X"]), number(o["tp"]), str(o["ps"]))


@dataclass(frozen=True, slots=True)
class Fill:
    price: Decimal
    qty: Decimal
    fee: Decimal
    realized: Decimal
    maker: bool

    @classmethod
    def read(cls, row: Row) -> Fill:
        """Of a userTrades row."""
        assert row["commissionAsset"] == "USDT", row
        price, qty, fee, realized = (number(row[key]) for key in ("price", "qty", "commission", "realizedPnl"))
        return cls(price, qty, fee, realized, maker=row["maker"] is True)


@dataclass(slots=True)
class Heard:
    """Everything that the streams told, in the order in which it came."""

    quotes: list[Quote] = field(default_factory=list)
    depths: list[Depth] = field(default_factory=list)
    prints: list[Print] = field(default_factory=list)
    marks: list[Decimal] = field(default_factory=list)
    candles: list[Candle] = field(default_factory=list)
    orders: list[Order] = field(default_factory=list)
    stops: list[Stop] = field(default_factory=list)
    legs: list[tuple[str, Decimal]] = field(default_factory=list)
    wallets: list[Decimal] = field(default_factory=list)

    def user(self, event: Row) -> None:
        """Take one raw event of the user stream."""
        match event["e"]:
            case "ORDER_TRADE_UPDATE":
                self.orders.append(Order.told(event["o"]))
            case "ALGO_UPDATE":
                self.stops.append(Stop.told(event["o"]))
            case "ACCOUNT_UPDATE":
                rows = event["a"].get("P") or []
                self.legs += [(str(row["ps"]), abs(number(row["pa"]))) for row in rows if row["ps"] != "BOTH"]
                self.wallets += [number(row["wb"]) for row in event["a"].get("B") or [] if row["a"] == "USDT"]
            case _:
                pass


def number(value: object) -> Decimal:
    """The number that a client shows as text, int or the shortest float."""
    return Decimal(str(value))


def summed(rows: Sequence[Row]) -> dict[str, Decimal]:
    """Rows of ``income`` by type."""
    sums: dict[str, Decimal] = {}
    for row in rows:
        assert row["asset"] == "USDT", row
        sums[row["incomeType"]] = sums.get(row["incomeType"], Decimal(0)) + number(row["income"])
    return sums
