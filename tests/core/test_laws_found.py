"""What the law tests have found, each once more as a short script."""

from __future__ import annotations

from decimal import Decimal

from tests.core.law_lies import Liar
from tests.core.law_setup import LONG, SHORT, SYMBOL, settings_of, symbol_settings

from vibe_quant.domain import events as ev
from vibe_quant.domain import intents as it
from vibe_quant.domain.account import Position
from vibe_quant.domain.enums import OrderStatus, OrderType, PositionSide, RequestKind, Source, StopStatus
from vibe_quant.domain.settings import SymbolSettings
from vibe_quant.domain.strategy_settings import StrategyName

D = Decimal


def begun(settings: SymbolSettings, long: str = "0", short: str = "0", other: SymbolSettings | None = None) -> Liar:
    liar = Liar(settings_of(settings), settings_of(other or settings))
    liar.prologue(D(long), D(short))
    return liar


def report(liar: Liar, status: OrderStatus, filled: str, *, side: PositionSide | None = None) -> ev.OrderUpdate:
    """About the last order that was sent."""
    order, left = liar.orders[-1], OrderType.LIMIT
    leg, qty = side or order.position_side, D(filled)
    return ev.OrderUpdate(
        SYMBOL,
        order.client_id,
        leg,
        leg.exit_side,
        status,
        left,
        order.qty,
        D(100),
        qty,
        liar.exch,
        liar.now,
        Source.STREAM,
        last_qty=qty,
        last_price=D(100),
        trade_id=1,
    )


def test_an_explicit_zero_in_one_read_withdraws_no_stop() -> None:
    liar = begun(symbol_settings(), long="1")
    stop = liar.stops[-1]
    kind, side = OrderType.STOP_MARKET, LONG.exit_side
    rests = ev.StopReport(
        SYMBOL, LONG, stop.client_id, StopStatus.NEW, kind, side, stop.trigger_price, True, D(0), liar.exch, liar.now
    )
    liar.feed(rests)
    liar.feed(ev.StopsRead(SYMBOL, (rests,), liar.now, liar.now, liar.exch))
    zero = (Position(SYMBOL, LONG, D(0), D(0), liar.exch + 5),)
    liar.now += 5
    liar.feed(ev.AccountSnapshot(None, zero, None, (), None, liar.now, liar.now, liar.exch))
    assert not [intent for _, intent in liar.log if isinstance(intent, it.CancelStop)]
    liar.now += 1000
    liar.feed(ev.AccountSnapshot(None, zero, None, (), None, liar.now, liar.now, liar.exch))
    assert [i.client_id for _, i in liar.log if isinstance(i, it.CancelStop)] == [stop.client_id]


def test_a_dust_order_that_never_left_a_leg_enlarged_meanwhile_ends_in_peace() -> None:
    liar = begun(symbol_settings(stop=False), long="0.02")
    liar.market(0, 0, 0)
    order = liar.orders[-1]
    liar.feed(ev.PositionUpdate(SYMBOL, LONG, D(3), D(100), liar.exch, liar.now))
    liar.feed(ev.NotSent(RequestKind.SUBMIT, SYMBOL, order.client_id, liar.now))
    liar.pass_time(200)
    liar.market(0, 0, 0)
    assert liar.orders[-1].qty > D("0.02"), "the enlarged leg is worked on"


def test_a_reload_without_panic_ends_a_panic_that_was_behind() -> None:
    liar = begun(symbol_settings(panic=True, stop=False), long="3", other=symbol_settings(panic=False, stop=False))
    liar.feed(ev.Mark(SYMBOL, liar.exch, liar.now, D("83")))
    assert liar.engine.side_view(SYMBOL, LONG).panic_tier is not None  # type: ignore[union-attr]
    liar.pass_time(5000)
    liar.feed(ev.Reload(liar.now, liar.other))
    assert liar.engine.side_view(SYMBOL, LONG).panic_tier is None  # type: ignore[union-attr]


def test_a_fill_of_an_own_order_counts_whatever_leg_the_report_names() -> None:
    liar = begun(symbol_settings(sides=(SHORT,), stop=False), short="1")
    liar.market(0, 0, 0)
    order = liar.orders[-1]
    liar.feed(report(liar, OrderStatus.FILLED, str(order.qty), side=LONG))
    view = liar.engine.side_view(SYMBOL, SHORT)
    assert view is not None
    assert view.qty == 1 - order.qty


def test_a_read_that_has_our_fill_and_an_addition_of_one_moment_in_it_halts_nothing() -> None:
    liar = begun(symbol_settings((StrategyName.ORDERBOOK_PRESSURE,), stop=False), long="0.2")
    liar.market(0, 0, 0)
    assert liar.orders[-1].qty == D("0.2")
    filled = report(liar, OrderStatus.FILLED, "0.2")
    liar.feed(filled)
    liar.now += 1
    rows = (Position(SYMBOL, LONG, D("0.3"), D(100), filled.exch_ms, leverage=10),)
    liar.feed(ev.AccountSnapshot(None, rows, None, (), None, liar.now, liar.now, liar.exch))
    liar.pass_time(300)
    liar.market(0, 0, 0)
    assert not [intent for _, intent in liar.log if isinstance(intent, it.Halt)]
    assert liar.orders[-1].qty == D("0.3")


def test_a_leg_that_left_management_gets_no_orders() -> None:
    liar = begun(symbol_settings(stop=False), long="3", other=symbol_settings(sides=(SHORT,), stop=False))
    liar.market(0, 0, 0)
    liar.feed(ev.Reload(liar.now, liar.other))
    liar.feed(report(liar, OrderStatus.CANCELED, "0"))
    before = len(liar.orders)
    for _ in range(10):
        liar.pass_time(300)
        liar.market(0, 0, 0)
    assert (before, len(liar.orders)) == (1, 1)
