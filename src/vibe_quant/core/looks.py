"""Frozen looks at one side for whoever watches from outside: nothing here is asked for on the way to an order."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from decimal import Decimal
from typing import TYPE_CHECKING

from vibe_quant.core.order_states import FREE
from vibe_quant.core.protective import ProtectiveStopManager
from vibe_quant.domain.enums import PositionSide
from vibe_quant.domain.side_view import LiveOrder, SideLook, SideView
from vibe_quant.domain.status import UnmanagedLeg

if TYPE_CHECKING:
    from vibe_quant.core.desk import Desk
    from vibe_quant.core.house import House
    from vibe_quant.core.side import Side


def view_of(side: Side) -> SideView:
    """What cards and the clock of states look at, after each event that may have changed it."""
    flag, panic, plan, gate = side.flag, side.panic.state, side.plan, side.gate
    reason = gate.reason if side.is_active else None  # what held back a leg that is gone holds nothing back
    return SideView(
        symbol=side.symbol,
        side=side.side,
        state=side.execution.state_name,
        mode=side.tally.rotation.mode if plan is None else plan.mode,
        qty=side.leg.qty,
        risk=flag.level,
        dist=flag.dist,
        panic_tier=None if panic is None else panic.tier,
        stop_standing=side.stop.standing,
        blocked=None if reason is None else gate.words(reason),
        blocked_since_ms=None if reason is None else gate.since_ms,
        halted=side.house.halted or gate.halted,
        blocked_counts=tuple(gate.counts.items()),
    )


def look_at(side: Side, now: int) -> SideLook:
    """The rest of what a person wants to see."""
    leg, view = side.leg, side.desk.view
    return SideLook(
        entry=leg.entry_price if leg.qty > 0 else None,
        liq=side.flag.liq,
        mark=view.mark,
        bid=view.bid,
        ask=view.ask,
        stop_price=_stop_price(side.stop),
        order=_live_order(side),
        paused=side.house.paused(side.symbol, now),
        flattening=side.flatten_base is not None or side.flatten_due,
        target=side.target,
        halt=side.gate.halted,
    )


def _live_order(side: Side) -> LiveOrder | None:
    state = side.execution.state
    client_id = next(iter(side.execution.extras), None) if isinstance(state, FREE) else state.order.client_id
    order = None if client_id is None else side.house.orders.get(client_id)
    if client_id is None or order is None:
        return None
    plan = side.plans.get(client_id)
    urgent = plan is not None and plan.urgent
    return LiveOrder(order.client_id, order.price, order.qty, order.filled, order.mode, order.sent_ms, urgent)


def unmanaged(house: House, desks: Mapping[str, Desk]) -> tuple[UnmanagedLeg, ...]:
    """What is held and not managed: never named, named by its other side only, or taken out by a reload."""
    found = [leg for leg in house.bystanders.legs() if leg.symbol not in desks]
    found += [leg for desk in desks.values() for leg in _left_alone(desk)]
    return tuple(sorted(found, key=lambda leg: (leg.symbol, leg.side)))


def _left_alone(desk: Desk) -> Iterator[UnmanagedLeg]:
    for key in PositionSide:
        leg = desk.house.account.leg(desk.symbol, key)
        if leg.qty > 0 and not desk.pair.works(key):
            yield UnmanagedLeg(desk.symbol, key, leg.qty, _left_stop(desk.sides.get(key)))


def _left_stop(side: Side | None) -> Decimal | None:
    """Where our stop stood when the side left management: its keeper has heard of nothing since."""
    triggers = () if side is None else (own.trigger for own in side.stop.desk.ledger.stops if own.canceling_ms is None)
    return next(iter(triggers), None)


def _stop_price(stop: ProtectiveStopManager) -> Decimal | None:
    prices = [own.trigger for own in stop.desk.ledger.stops if own.settled]
    theirs = stop.takeover.trigger
    if theirs is not None:
        prices.append(theirs)
    if not prices:
        return None
    return max(prices) if stop.side is PositionSide.LONG else min(prices)
