"""Keeps what each exit costs while the program runs, and prints its card when it is done or the run is over."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from decimal import Decimal
from typing import TextIO

from vibe_quant.domain import events as ev
from vibe_quant.domain.enums import NoticeKind, PositionSide
from vibe_quant.domain.intents import Intent, Notify, OrderIntent, PlaceStop
from vibe_quant.domain.settings import Settings
from vibe_quant.domain.side_view import SideView
from vibe_quant.lab.cost import Cost, CostMeter
from vibe_quant.lab.cost_card import CardContext, write_cost_card
from vibe_quant.lab.states import StateClock

Leg = tuple[str, PositionSide]
Look = Callable[[str, PositionSide], SideView | None]
DEFAULT_TICK = Decimal("0.01")
OWNERS_KEPT = 2000


@dataclass(slots=True)
class _Exit:
    meter: CostMeter
    clock: StateClock


class Cards:
    """An observer.  ``look`` is ``Engine.side_view``, ``out`` where cards go."""

    def __init__(self, settings: Settings, look: Look, out: TextIO) -> None:
        self._settings = settings
        self._look = look
        self._out = out
        self._exits: dict[Leg, _Exit] = {}
        self._told: dict[Leg, tuple[int, Decimal]] = {}  # exchange time and quantity of the newest word on each leg
        self._owners: dict[str, Leg] = {}
        self._ticks: dict[str, Decimal] = {}
        self._now = 0
        self.costs: list[Cost] = []
        """Of the exits whose cards are printed, in that order."""

    def see(self, now: int, event: ev.Event, intents: Sequence[Intent], quote: ev.Quote | None) -> None:
        """One call of the engine (``app.observers.See``)."""
        self._now = now
        if isinstance(event, ev.RulesLoaded):
            self._ticks[event.rules.symbol] = event.rules.tick
        for leg, exch_ms, qty in _legs_told(event):
            self._told_of(leg, exch_ms, qty)
        for intent in intents:
            if isinstance(intent, OrderIntent | PlaceStop):
                self._owns(intent.client_id, (intent.symbol, intent.position_side))
        for (symbol, side), exit_ in self._exits.items():
            if not self._concerns((symbol, side), event):
                continue
            mine = [intent for intent in intents if _symbol_of(intent) == symbol]
            exit_.meter.see(now, event, mine, quote if quote is not None and quote.symbol == symbol else None)
            exit_.clock.see(now, event, mine, quote)
        for intent in intents:
            if isinstance(intent, Notify) and intent.kind is NoticeKind.EXIT_FINISHED:
                self._finish(intent)

    def _owns(self, client_id: str, leg: Leg) -> None:
        """Asked for when a request is refused, which is soon or never; an exit may take weeks."""
        self._owners[client_id] = leg
        if len(self._owners) > OWNERS_KEPT:
            del self._owners[next(iter(self._owners))]

    def close(self) -> None:
        """Print the cards of what is not done."""
        for leg in list(self._exits):
            self._print(leg, "not done")

    def _told_of(self, leg: Leg, exch_ms: int, qty: Decimal) -> None:
        """A leg that grows from what it was begins an exit; older news than the last is none."""
        last_ms, last_qty = self._told.get(leg, (0, Decimal(0)))
        if exch_ms < last_ms:
            return
        self._told[leg] = (exch_ms, qty)
        symbol, side = leg
        settings = self._settings.of(symbol)
        if leg in self._exits or qty <= last_qty or settings is None or side not in settings.sides:
            return
        meter = CostMeter(symbol, side, symbol.partition(":")[2])
        self._exits[leg] = _Exit(meter, StateClock(lambda: self._look(symbol, side)))

    def _concerns(self, leg: Leg, event: ev.Event) -> bool:
        """A refusal concerns the leg whose request it is; a foreign symbol's news nobody else."""
        symbol = getattr(event, "symbol", None)
        if symbol is not None and symbol != leg[0]:
            return False
        return not isinstance(event, ev.Refused) or self._owners.get(event.client_id) == leg

    def _finish(self, notice: Notify) -> None:
        if notice.symbol is not None and notice.side is not None:
            self._print((notice.symbol, notice.side), "its target reached")

    def _print(self, leg: Leg, unfinished: str) -> None:
        exit_ = self._exits.pop(leg, None)
        if exit_ is None:
            return
        symbol, _ = leg
        self._owners = {client_id: owner for client_id, owner in self._owners.items() if owner != leg}
        settings = self._settings.of(symbol)
        cost = exit_.meter.cost(self._now)
        self.costs.append(cost)
        context = CardContext(
            strategies=[] if settings is None else [str(name) for name in settings.strategy.names],
            tick=self._ticks.get(symbol, DEFAULT_TICK),
            unfinished=unfinished,
            times=exit_.clock.times(self._now),
        )
        write_cost_card(self._out, cost, context)


def _legs_told(event: ev.Event) -> list[tuple[Leg, int, Decimal]]:
    """(leg, exchange time, quantity) of each leg that the event tells of."""
    match event:
        case ev.PositionUpdate():
            return [((event.symbol, event.side), event.exch_ms, event.qty)]
        case ev.AccountSnapshot():
            return [((leg.symbol, leg.side), leg.exch_ms, leg.qty) for leg in event.positions or ()]
        case _:
            return []


def _symbol_of(intent: Intent) -> str | None:
    return getattr(intent, "symbol", None)
