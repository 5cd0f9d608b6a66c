"""The account's orders in the public book: a program that reads the book reads its own quotes, too."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

from tests.sim.recorded_stage import LONG, SHORT, Stage
from tests.sim.test_board_book import LocalBook

from vibe_quant.domain.enums import OrderSide
from vibe_quant.domain.events import Depth

D = Decimal
STREAMS = "btcusdt@bookTicker/btcusdt@depth@100ms/btcusdt@depth5@100ms"


class Book(Stage):
    """BTCUSDT at 60000.0 / 60010.0, 5 on either side, and a client of its streams."""

    def __init__(self, **options: Any) -> None:
        super().__init__("BTCUSDT", (1, 3), **options)
        self.quote(D("60000.0"), D("60010.0"), D(5), D(5))
        self.mark(D("60005"))
        self.seed(LONG, D(2), D(60_000))
        self.seed(SHORT, D(2), D(60_000))
        self.public = self.hear("public/stream", f"streams={STREAMS}")

    def told(self, stream: str) -> list[Any]:
        return [frame["data"] for frame in self.public.sent if frame["stream"] == f"btcusdt@{stream}"]

    def touch(self) -> tuple[str, str, str, str]:
        """Of the newest bookTicker, which is what REST says."""
        told, read = self.told("bookTicker")[-1], self.ask("GET", "/fapi/v1/ticker/bookTicker", symbol="BTCUSDT")
        assert (told["b"], told["B"], told["a"], told["A"]) == tuple(
            read[key] for key in ("bidPrice", "bidQty", "askPrice", "askQty")
        )
        return told["b"], told["B"], told["a"], told["A"]


def test_an_order_that_betters_the_touch_is_the_touch_until_it_goes() -> None:
    desk = Book()
    first = desk.place("SELL", "LONG", "0.5", "60009.0", timeInForce="GTX")
    assert desk.touch() == ("60000.0", "5.000", "60009.0", "0.500")
    desk.place("BUY", "SHORT", "0.25", "60001.0")
    assert desk.touch() == ("60001.0", "0.250", "60009.0", "0.500")
    desk.quote(D("60000.5"), D("60008.5"), D(3), D(4))
    assert desk.touch() == ("60001.0", "0.250", "60008.5", "4.000")
    desk.quote(D("60000.5"), D("60009.0"), D(3), D(4))
    assert desk.touch() == ("60001.0", "0.250", "60009.0", "4.500")
    desk.ask("DELETE", "/fapi/v1/order", symbol="BTCUSDT", orderId=first["orderId"])
    assert desk.touch() == ("60001.0", "0.250", "60009.0", "4.000")
    desk.trade(D("60001.0"), D("0.1"))
    assert desk.touch() == ("60001.0", "0.150", "60009.0", "4.000")
    ids = [frame["u"] for frame in desk.told("bookTicker")]
    assert ids == sorted(ids) and len(set(ids)) == len(ids)


def test_an_order_behind_the_touch_moves_no_touch() -> None:
    desk = Book()
    desk.place("SELL", "LONG", "0.5", "60020.0")
    assert desk.told("bookTicker") == []


def test_depth_holds_own_orders_among_the_others() -> None:
    desk = Book()
    levels = tuple((D(60_010 + n), D(5)) for n in range(8))
    desk.depth(Depth("BTCUSDT", desk.now, desk.now, ((D(60_000), D(5)),), levels))
    snapshot = desk.ask("GET", "/fapi/v1/depth", symbol="BTCUSDT", limit=1000)
    local = LocalBook(snapshot)
    order = desk.place("SELL", "LONG", "0.5", "60011.0")
    desk.place("SELL", "LONG", "0.5", "60012.5")
    desk.wait(100)
    assert desk.told("depth5@100ms")[-1]["a"] == [
        ["60010.0", "5.000"], ["60011.0", "5.500"], ["60012.0", "5.000"], ["60012.5", "0.500"], ["60013.0", "5.000"],
    ]  # fmt: skip
    desk.ask("DELETE", "/fapi/v1/order", symbol="BTCUSDT", orderId=order["orderId"])
    desk.wait(100)
    for event in desk.told("depth@100ms"):
        local.apply(event)
    snapshot = desk.ask("GET", "/fapi/v1/depth", symbol="BTCUSDT", limit=1000)
    assert dict(snapshot["asks"]) == {str(price): qty for price, qty in local.asks.items()}
    assert ["60011.0", "5.000"] in snapshot["asks"] and ["60012.5", "0.500"] in snapshot["asks"]


def test_an_order_takes_nothing_of_its_own_account_from_the_book() -> None:
    desk = Book()
    desk.depth(Depth("BTCUSDT", desk.now, desk.now, ((D(60_000), D(5)),), ((D(60_010), D(5)), (D(60_011), D(5)))))
    desk.place("SELL", "LONG", "2", "60010.5")
    desk.wait(200)
    assert [price for price, _ in desk.x.venue.markets["BTCUSDT"].shown(OrderSide.BUY)] == [D(60_010), D(60_011)]


def test_the_book_never_crosses_itself_in_a_halt() -> None:
    desk = Book()
    desk.place("SELL", "LONG", "0.5", "60009.0")
    desk.x.settlement.set_status("BTCUSDT", "TRADING_HALT", desk.now)
    desk.quote(D("60009.5"), D("60012"), D(3), D(4))
    assert desk.touch() == ("60009.5", "3.000", "60012.0", "4.000")
    desk.wait(100)
    assert desk.told("depth5@100ms")[-1]["a"][0] == ["60012.0", "4.000"]
