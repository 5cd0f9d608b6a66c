from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import replace
from decimal import Decimal
from pathlib import Path

import pytest

from vibe_quant.domain.account import Position
from vibe_quant.domain.enums import OrderSide, OrderStatus, OrderType, PositionSide, Source
from vibe_quant.domain.events import AccountSnapshot, Event, MarketEvent, OrderUpdate, PositionUpdate, Quote, Trade
from vibe_quant.lab import record
from vibe_quant.lab.picture import Fill, Scene
from vibe_quant.lab.record import Recording
from vibe_quant.lab.replay import MakeEngine, run_replay
from vibe_quant.lab.request import ReplayRequest
from vibe_quant.lab.result import ReplayResult

SYMBOL = "BTC/USDT:USDT"
LONG = PositionSide.LONG


@pytest.fixture
def result(request_for: Callable[..., ReplayRequest], taker: MakeEngine) -> ReplayResult:
    return run_replay(request_for(), None, taker)


@pytest.fixture
def scenes(monkeypatch: pytest.MonkeyPatch) -> list[Scene]:
    """What would be drawn."""
    drawn: list[Scene] = []
    monkeypatch.setattr(record, "draw", lambda scene, path: drawn.append(scene))
    return drawn


def report(at: int, status: OrderStatus, **other: object) -> OrderUpdate:
    update = OrderUpdate(
        symbol=SYMBOL,
        client_id="vq-a-1",
        position_side=LONG,
        side=OrderSide.SELL,
        status=status,
        order_type=OrderType.LIMIT,
        qty=Decimal(1),
        price=Decimal(100),
        filled_qty=Decimal(0),
        exch_ms=at,
        recv_ms=at + 5,
        source=Source.STREAM,
    )
    return replace(update, **other)  # type: ignore[arg-type]


def quotes(*rows: tuple[int, int, int]) -> Iterator[list[MarketEvent]]:
    trade = Trade(SYMBOL, 0, 0, Decimal(1), Decimal(1), True)
    yield [trade, *(Quote(SYMBOL, at, at, Decimal(bid), Decimal(1), Decimal(ask), Decimal(1)) for at, bid, ask in rows)]


def finished(folder: Path, result: ReplayResult, events: list[Event], rows: list[tuple[int, int, int]]) -> None:
    with Recording(folder, SYMBOL, LONG) as recording:
        for _ in recording.watch(quotes(*rows), 20_000 * 10):
            pass
        for event in events:
            recording.see(0, event, [], None)
        recording.finish(result)


def test_lives_fills_and_steps_are_taken_from_the_reports(
    tmp_path: Path, result: ReplayResult, scenes: list[Scene]
) -> None:
    trade = {"last_qty": Decimal(1), "last_price": Decimal(101), "trade_id": 7, "is_maker": True}
    position = Position(SYMBOL, LONG, Decimal(3), Decimal(100), 1)
    events: list[Event] = [
        AccountSnapshot(SYMBOL, (position,), None, None, None, 0, 0, 10),
        report(20, OrderStatus.NEW, price=Decimal(0)),
        report(25, OrderStatus.NEW),
        report(30, OrderStatus.FILLED, **trade),
        report(31, OrderStatus.FILLED, **trade),
        PositionUpdate(SYMBOL, LONG, Decimal(2), Decimal(100), 30, 35),
        PositionUpdate(SYMBOL, PositionSide.SHORT, Decimal(9), Decimal(100), 40, 45),
        AccountSnapshot(SYMBOL, (position,), None, None, None, 0, 0, 50),
        report(60, OrderStatus.NEW, client_id="vq-a-2", position_side=PositionSide.SHORT),
    ]
    finished(tmp_path, result, events, [(0, 99, 101)])
    (scene,) = scenes
    assert [(life.began, life.ended, life.price) for life in scene.orders] == [(20, 30, Decimal(100))]
    assert scene.fills == (Fill(30, Decimal(101), Decimal(1), True),)
    assert scene.position == ((10, Decimal(3)), (30, Decimal(2)))


def test_the_band_keeps_extremes_and_ends_with_the_exit(
    tmp_path: Path, result: ReplayResult, scenes: list[Scene]
) -> None:
    cost = replace(result.cost, began_ms=0, flat_ms=1000, duration_ms=1000)
    rows = [(3, 99, 101), (4, 98, 100), (9, 99, 103), (15, 90, 110), (1030, 90, 95), (1031, 10, 20), (1040, 1, 2)]
    finished(tmp_path, replace(result, cost=cost), [], rows)
    (scene,) = scenes
    bars = [(bar.at, bar.low, bar.high, bar.mid) for bar in scene.bars]
    assert bars[0] == (0, Decimal(98), Decimal(103), Decimal(100))
    assert bars[1][:3] == (10, Decimal(90), Decimal(110))
    assert bars[-1][0] == 1030
    assert (scene.start, scene.end) == (0, 1030)


def test_a_picture_of_nothing_is_still_a_picture(tmp_path: Path, result: ReplayResult) -> None:
    nothing = replace(
        result.cost, arrival_mid=None, avg_price=None, slippage_bps=None, fee_bps=None, maker_share=None, began_ms=None
    )
    with Recording(tmp_path, SYMBOL, LONG) as recording:
        recording.finish(replace(result, cost=nothing))
    assert (tmp_path / "exit.png").stat().st_size > 5000


def test_maker_and_taker_fills_and_market_orders_are_drawn(tmp_path: Path, result: ReplayResult) -> None:
    made = {"last_qty": Decimal(1), "last_price": Decimal(100)}
    events: list[Event] = [
        report(1, OrderStatus.NEW),
        report(2, OrderStatus.PARTIALLY_FILLED, **made, trade_id=1, is_maker=True),
        report(3, OrderStatus.FILLED, client_id="m", price=Decimal(0), **made, trade_id=2, is_maker=False),
        PositionUpdate(SYMBOL, LONG, Decimal(2), Decimal(100), 2, 2),
    ]
    finished(tmp_path, result, events, [(0, 99, 101), (500, 99, 101)])
    assert (tmp_path / "exit.png").stat().st_size > 10_000
