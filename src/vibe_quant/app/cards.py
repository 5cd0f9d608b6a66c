"""Keeps what each exit costs while the program runs: its card at the end, its rows in the journal, the news of it."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Sequence
from decimal import Decimal
from typing import TextIO

from vibe_quant.app.application import Application
from vibe_quant.app.exit_course import ExitCourse
from vibe_quant.app.exit_log import ExitLog, Interrupted
from vibe_quant.app.picture import Progress
from vibe_quant.domain import events as ev
from vibe_quant.domain import log_events as le
from vibe_quant.domain.enums import NoticeKind, PositionSide
from vibe_quant.domain.intents import Intent, Notify, OrderIntent, PlaceStop
from vibe_quant.domain.settings import Settings
from vibe_quant.domain.side_view import SideView
from vibe_quant.domain.status import ExitCost
from vibe_quant.lab.cost import Cost, CostMeter
from vibe_quant.lab.cost_card import CardContext, write_cost_card
from vibe_quant.lab.states import StateClock
from vibe_quant.log import log

Leg = tuple[str, PositionSide]
Look = Callable[[str, PositionSide], SideView | None]
DEFAULT_TICK = Decimal("0.01")
ZERO = Decimal(0)
OWNERS_KEPT = 2000
LOOK_MS = 1000
LACKING = (
    "Some of what happened meanwhile was not seen, by a defect or because it was too much at once (see the log): the "
    "figures may lack trades and orders. The fills in the journal are whole."
)
FLAT_MS = 30_000
"""A leg that somebody else has closed: the core has no exit to call done, and reports of its trades may be late."""


class Cards:
    """An observer.  ``settings`` are those that rule now, ``look`` is ``Engine.side_view``, ``out`` is where cards go.

    ``told`` hears of exits that are over.
    """

    def __init__(
        self,
        settings: Callable[[], Settings],
        look: Look,
        out: TextIO,
        log: ExitLog,
        told: Callable[[ExitCost], None] = lambda _: None,
    ) -> None:
        self._settings = settings
        self._look = look
        self._out = out
        self._log = log
        self._tell = told
        self._exits: dict[Leg, ExitCourse] = {}
        self._told: dict[Leg, tuple[int, Decimal, int]] = {}
        """Exchange time and quantity of the newest word on each leg, and how much of it was missed before."""
        self._missed = Counter[str | None]()
        self._owners: dict[str, Leg] = {}
        self._ticks: dict[str, Decimal] = {}
        self._now = 0
        self._looked_ms = 0
        self.costs: list[Cost] = []
        """Of the exits whose cards are printed, in that order."""

    def began(self, app: Application) -> None:
        """The application is about to work: exits that an earlier run was at go on."""
        for found in self._log.began(app):
            self._resume(found, app.parts.clock.now_ms())

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
        stopping = isinstance(event, ev.Stop)
        if stopping or now - self._looked_ms >= LOOK_MS:
            self._look_after(now, stopping=stopping)

    def missed(self, symbol: str | None) -> None:
        """Something of a symbol, or (None) of any, was not seen: what exits under way cost is not whole any more."""
        self._missed[symbol] += 1
        for leg, exit_ in self._exits.items():
            if symbol in (None, leg[0]):
                exit_.lacking = True

    def so_far(self, symbol: str, side: PositionSide) -> ExitCost | None:
        """What the present exit of a side has cost until now; None: there is none."""
        exit_ = self._exits.get((symbol, side))
        return None if exit_ is None else exit_.cost(self._now, self._log.offset_ms)

    def progress(self, symbol: str, side: PositionSide) -> Progress | None:
        """How far the present exit of a side has come."""
        exit_ = self._exits.get((symbol, side))
        return None if exit_ is None else exit_.progress(self._now)

    def close(self) -> None:
        """Print the cards of what is not done; the journal is closed already; one that fails takes nothing with it."""
        self._log.close()
        for leg in list(self._exits):
            try:
                self._print(leg, "not done")
            except Exception as defect:  # noqa: BLE001 - the exit code tells of orders, not of paper
                text = f"a defect: the card of {leg[0]} {leg[1]} cannot be printed; what closed is in the journal"
                log(le.OBSERVER_FAILED, defect=defect, observer="cards", failed=1, text=text)

    def _owns(self, client_id: str, leg: Leg) -> None:
        """Asked for when a request is refused, which is soon or never; an exit may take weeks."""
        self._owners[client_id] = leg
        if len(self._owners) > OWNERS_KEPT:
            del self._owners[next(iter(self._owners))]

    def _resume(self, found: Interrupted, now: int) -> None:
        """The run's own trades since the last row are in the journal; those after it are told by the restart."""
        cost = found.cost
        if not self._manages((cost.symbol, cost.side)):
            return
        exit_ = self._begin((cost.symbol, cost.side))
        exit_.begun_ms, exit_.noted_ms, exit_.lacking = cost.begun_ms, now, cost.lacking
        exit_.meter.resume(cost, cost.begun_ms - self._log.offset_ms, self._settings().shared.client_order_prefix)
        for update in found.trades:
            exit_.meter.see(now, update, (), None)

    def _begin(self, leg: Leg) -> ExitCourse:
        symbol, side = leg
        meter = CostMeter(symbol, side, symbol.partition(":")[2])
        self._exits[leg] = exit_ = ExitCourse(meter, StateClock(lambda: self._look(symbol, side)))
        return exit_

    def _told_of(self, leg: Leg, exch_ms: int, qty: Decimal) -> None:
        """A leg that grows from what it was begins an exit; older news than the last is none."""
        last_ms, last_qty, last_missed = self._told.get(leg, (0, ZERO, 0))
        if exch_ms < last_ms:
            return
        missed = self._missed[None] + self._missed[leg[0]]
        self._told[leg] = (exch_ms, qty, missed)
        if qty <= last_qty:
            return
        if leg in self._exits and self._exits[leg].meter.flat:
            self._over(leg)
        if leg not in self._exits and self._manages(leg):
            self._begin(leg).lacking = missed > last_missed  # it may have begun before this word of it

    def _manages(self, leg: Leg) -> bool:
        symbol, side = leg
        settings = self._settings().of(symbol)
        return settings is not None and side in settings.sides

    def _look_after(self, now: int, *, stopping: bool) -> None:
        """What time brings: rows of what is not over, and legs that were closed without an order of ours."""
        self._looked_ms = now
        for update in self._log.late():
            exit_ = self._exits.get((update.symbol, update.position_side))
            if exit_ is not None and 0 < exit_.begun_ms <= update.exch_ms:
                exit_.meter.see(now, update, (), None)
        due: list[ExitCost] = []
        for leg, exit_ in list(self._exits.items()):
            flat_ms = exit_.meter.flat_ms
            untold = leg not in self._told
            if (flat_ms is not None and now - flat_ms >= FLAT_MS) or (untold and self._log.is_flat(*leg)):
                self._over(leg)
            elif exit_.is_due(now, stopping=stopping):
                due.append(exit_.cost(now, self._log.offset_ms))
        if due:
            self._log.note(due)

    def _concerns(self, leg: Leg, event: ev.Event) -> bool:
        """A refusal concerns the leg whose request it is; a foreign symbol's news nobody else."""
        symbol = getattr(event, "symbol", None)
        if symbol is not None and symbol != leg[0]:
            return False
        return not isinstance(event, ev.Refused) or self._owners.get(event.client_id) == leg

    def _finish(self, notice: Notify) -> None:
        if notice.symbol is not None and notice.side is not None:
            self._over((notice.symbol, notice.side))

    def _over(self, leg: Leg) -> None:
        """Print it, keep it, and say it."""
        exit_ = self._exits.get(leg)
        if exit_ is None:
            return
        cost = exit_.cost(self._now, self._log.offset_ms, finished=True)
        self._print(leg, "its target reached")
        self._log.note([cost])
        self._tell(cost)

    def _print(self, leg: Leg, unfinished: str) -> None:
        exit_ = self._exits.pop(leg, None)
        if exit_ is None:
            return
        symbol, _ = leg
        self._owners = {client_id: owner for client_id, owner in self._owners.items() if owner != leg}
        settings = self._settings().of(symbol)
        cost = exit_.meter.cost(self._now)
        self.costs.append(cost)
        context = CardContext(
            strategies=[] if settings is None else [str(name) for name in settings.strategy.names],
            tick=self._ticks.get(symbol, DEFAULT_TICK),
            unfinished=unfinished,
            times=exit_.clock.times(self._now),
            notes=[LACKING] if exit_.lacking else [],
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
