"""Whether the public streams' numbers leave no gap, and the book and candles that they tell are those of REST."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from decimal import Decimal

from tests.sim.law_desk import LawDesk, Row

D = Decimal
SPEEDS = ("depth@100ms", "depth", "depth@500ms")
PUBLIC = ("bookTicker", "trade", *SPEEDS, "depth5@100ms")
MARKET = ("aggTrade", "kline_1m", "markPrice@1s")
Levels = dict[str, dict[Decimal, Decimal]]


@dataclass
class LocalBook:
    """A book kept by the documented rule from a snapshot on."""

    last_id: int
    sides: Levels
    begun: bool = False

    def take(self, event: Row) -> None:
        """One event of a depth stream."""
        if event["u"] < self.last_id:
            return
        if self.begun:
            assert event["pu"] == self.last_id, "a gap in the chain"
        else:
            assert event["U"] <= self.last_id <= event["u"], "the first event does not span the snapshot"
            self.begun = True
        self.last_id = event["u"]
        for side in ("b", "a"):
            for price, qty in event[side]:
                if D(qty):
                    self.sides[side][D(price)] = D(qty)
                else:
                    self.sides[side].pop(D(price), None)

    def best(self, side: str, most: int) -> list[tuple[Decimal, Decimal]]:
        """The first levels."""
        return sorted(self.sides[side].items(), reverse=side == "b")[:most]


@dataclass
class Sequences:
    """All that one symbol's streams have told."""

    desk: LawDesk
    symbol: str
    last: dict[str, Row] = field(default_factory=dict)
    books: dict[str, list[LocalBook]] = field(default_factory=lambda: {name: [] for name in SPEEDS})
    prints: dict[int, Row] = field(default_factory=dict)
    aggregates: list[Row] = field(default_factory=list)
    touches: list[Row] = field(default_factory=list)

    def hear(self, stream: str, event: Row) -> None:
        """One event of a stream, its name without the symbol."""
        assert event["s"] == self.symbol
        before = self.last.get(stream)
        assert before is None or before["E"] <= event["E"] <= self.desk.now
        heard: dict[str, Callable[[Row, Row | None], None]] = {
            "bookTicker": self._touch,
            "trade": self._print,
            "aggTrade": self._aggregate,
            "kline_1m": self._kline,
            "depth5@100ms": self._first_levels,
        }
        if stream in SPEEDS:
            self._diff(stream, event, before)
        elif stream in heard:
            heard[stream](event, before)
        self.last[stream] = event

    def _touch(self, event: Row, before: Row | None) -> None:
        assert before is None or event["u"] > before["u"], "update ids fall"
        self.touches.append(event)

    def _diff(self, stream: str, event: Row, before: Row | None) -> None:
        assert event["U"] == event["pu"] + 1 <= event["u"], (stream, event)
        assert before is None or event["pu"] == before["u"], "a gap in the chain"
        for book in self.books[stream]:
            book.take(event)
        self._agree(stream)
        seen = [touch for touch in self.touches if touch["u"] <= event["u"]]
        if seen and self.books[stream] and self.books[stream][0].begun:
            touch, book = seen[-1], self.books[stream][0]
            for side, qty in (("b", "B"), ("a", "A")):
                told = (D(touch[side]), D(touch[qty]))
                assert book.best(side, 1) == ([told] if told[1] else []), "the book's first level is not the touch"

    def _agree(self, stream: str) -> None:
        """Books from an early and from a late snapshot are the same, and one of them is enough from then on."""
        begun = [book for book in self.books[stream] if book.begun]
        for book in begun[1:]:
            assert book.sides == begun[0].sides, "a late snapshot gives another book"
            self.books[stream].remove(book)

    def _first_levels(self, event: Row, before: Row | None) -> None:
        assert before is None or event["pu"] == before["u"]
        books = self.books["depth@100ms"]
        if books and books[0].begun:
            assert event["u"] == books[0].last_id
            for side in ("b", "a"):
                assert [(D(price), D(qty)) for price, qty in event[side]] == books[0].best(side, 5)

    def _print(self, event: Row, before: Row | None) -> None:
        assert before is None or event["t"] == before["t"] + 1, "a gap between public trades"
        self.prints[event["t"]] = event

    def _aggregate(self, event: Row, before: Row | None) -> None:
        if before is not None:
            assert event["a"] == before["a"] + 1 and event["f"] == before["l"] + 1, "a gap between aggregates"
            assert event["T"] >= before["T"]
        parts = [self.prints[number] for number in range(event["f"], event["l"] + 1)]
        assert sum(D(part["q"]) for part in parts) == D(event["q"]) == D(event["nq"])
        assert {(D(part["p"]), part["m"]) for part in parts} == {(D(event["p"]), event["m"])}
        self.aggregates.append(event)

    def _kline(self, event: Row, before: Row | None) -> None:
        candle = event["k"]
        if not candle["n"]:
            assert candle["f"] == candle["L"] == -1 and not D(candle["v"])
            return
        assert candle["n"] == candle["L"] - candle["f"] + 1, "a candle that skips trades"
        prices = [D(self.prints[number]["p"]) for number in range(candle["f"], candle["L"] + 1)]
        volume = sum(D(self.prints[number]["q"]) for number in range(candle["f"], candle["L"] + 1))
        assert volume == D(candle["v"])
        told = tuple(D(candle[key]) for key in "ohlc")
        assert told == (prices[0], max(prices), min(prices), prices[-1])
        if before is not None and before["k"]["n"]:
            earlier = before["k"]
            same = earlier["t"] == candle["t"]
            assert candle["f"] == (earlier["f"] if same else earlier["L"] + 1) and candle["L"] >= earlier["L"]

    def snapshot(self) -> None:
        """Begin another local book of each speed from GET depth."""
        _, row = self.desk.call("GET", "/fapi/v1/depth", signed=False, symbol=self.symbol, limit=1000)
        ids = [event["u"] for stream in (*SPEEDS, "bookTicker") if (event := self.last.get(stream))]
        assert all(row["lastUpdateId"] > number for number in ids), "REST's book is numbered otherwise"
        for name in SPEEDS:
            sides = {side: {D(p): D(q) for p, q in row[key]} for side, key in (("b", "bids"), ("a", "asks"))}
            self.books[name].append(LocalBook(row["lastUpdateId"], sides))

    def check(self) -> None:
        """What REST remembers of the trades is what the streams told."""
        rows = self.desk.read("/fapi/v1/aggTrades", signed=False, symbol=self.symbol, limit=1000)
        told = {event["a"]: event for event in self.aggregates}
        for row in rows:
            assert {name: told[row["a"]][name] for name in row} == row
        assert len(rows) == min(len(told), 1000)
        touch = self.desk.read("/fapi/v1/ticker/bookTicker", signed=False, symbol=self.symbol)
        heard = self.last.get("bookTicker")
        if heard is not None:
            assert touch["lastUpdateId"] >= heard["u"]
            assert [D(touch[name]) for name in ("bidPrice", "bidQty", "askPrice", "askQty")] == [
                D(heard[name]) for name in "bBaA"
            ]
