"""The one synchronous function between events and intents: routes each event to its desk; holds no rule itself."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from vibe_quant.core import looks
from vibe_quant.core.agenda import Agenda
from vibe_quant.core.answers import Answers
from vibe_quant.core.desk import Desk
from vibe_quant.core.flatten import early
from vibe_quant.core.house import House
from vibe_quant.core.margin import Margins
from vibe_quant.core.market import MarketView
from vibe_quant.core.operator import Operator
from vibe_quant.core.pacing import Pacing
from vibe_quant.core.reports import Reports
from vibe_quant.core.side import Side
from vibe_quant.core.stop_ids import StopIds
from vibe_quant.core.strategies.port import RandomSource
from vibe_quant.core.streams import Streams
from vibe_quant.core.surroundings import Surroundings
from vibe_quant.core.sync import Sync, interval_ms
from vibe_quant.core.wanting import Wanting
from vibe_quant.core.why import why
from vibe_quant.domain import events as ev
from vibe_quant.domain.enums import PositionSide
from vibe_quant.domain.intents import Intent
from vibe_quant.domain.market import MarketState, Wants
from vibe_quant.domain.risk import Margin
from vibe_quant.domain.settings import Settings
from vibe_quant.domain.side_view import LegView, PauseView, SideLook, SideView, WhyView

Handler = Callable[[Any, int], list[Intent]]


class Engine:
    """Decides.  ``run`` is a token new at each start (letters and digits, at most 8); ``random`` is seeded outside.

    The same events at the same times, with the same run and random source, give the same intents.
    """

    def __init__(self, settings: Settings, run: str, random: RandomSource) -> None:
        shared = settings.shared
        self.house = House(
            settings=settings,
            run=run,
            pacing=Pacing(shared.rate_limit),
            stop_ids=StopIds(shared.client_order_prefix, run),
            sync=Sync(interval_ms(settings)),
        )
        self.desks: dict[str, Desk] = {}
        self.margins = Margins(self.house.account, self.desks)
        self._agenda = Agenda()
        self._random = random
        self._now = 0
        self._due: int | None = None
        self._due_is_old = True
        self._budget_ms: int | None = None
        """When a budget that holds something back may be free again, as the desks know it."""
        self._streams = Streams(self)
        self._reports = Reports(self)
        self._answers = Answers(self)
        self._operator = Operator(self)
        self._surroundings = Surroundings(self)
        self._wanting = Wanting()
        self._handlers = self._table()
        for symbol, _ in settings.symbols:
            self.open_desk(symbol)

    def handle(self, event: ev.Event, now: int) -> list[Intent]:
        """What follows from one event at ``now`` (monotonic ms, never going back)."""
        self._now = now
        return self._handlers[type(event)](event, now)

    def deadline(self) -> int | None:
        """The earliest moment at which it wants a ``Timer``; None: never without news.

        It may be too early, never too late: market news that caused nothing moves it forward only where a strategy
        wants to be woken earlier.
        """
        if self._due_is_old:
            self._due_is_old = False
            self._due = self._earliest(self._now)
        return self._due

    def _earliest(self, now: int) -> int | None:
        moments = [
            self.house.sync.deadline(),
            self.house.reads.deadline(),
            self._operator.deadline(),
            self._streams.deadline(),
            self._agenda.first(self.desks, now),
        ]
        first = min((at for at in moments if at is not None), default=None)
        return None if first is None else max(first, now + 1)

    def desk(self, symbol: str) -> Desk | None:
        """The desk of a managed symbol; opened at first sight, and its rules asked for."""
        found = self.desks.get(symbol)
        if found is None:
            found = self.open_desk(symbol)
            if found is not None:
                found.rulebook.due_ms = self._now
        return found

    def open_desk(self, symbol: str) -> Desk | None:
        """Begin to follow a symbol; None where the configuration does not manage it."""
        settings = self.house.settings.of(symbol)
        if settings is None:
            return None
        desk = Desk(self.house, symbol, settings, self._random, self._margin)
        self._streams.show(desk)
        self.desks[symbol] = desk
        for side in desk.sides.values():
            early(side, self.house.early or [])
        self._wanting.look(desk, self._now)
        return desk

    @property
    def settings(self) -> Settings:
        """The settings that rule now."""
        return self.house.settings

    @property
    def quiet(self) -> bool:
        """No own order of any side can be live; protective stops do not count."""
        return all(side.execution.is_quiet for desk in self.desks.values() for side in desk.sides.values())

    @property
    def armed(self) -> tuple[str, ...]:
        """Symbols where a countdown of the exchange's may be running, which takes all orders and perhaps the stops."""
        return tuple(desk.symbol for desk in self.desks.values() if desk.dead_man.armed)

    def legs(self) -> tuple[LegView, ...]:
        """The managed legs, as far as they are known."""
        sides = [side for desk in self.desks.values() for side in desk.pair.working]
        return tuple(LegView(s.symbol, s.side, s.leg.qty, s.leg.known, s.leg.is_flat) for s in sides)

    def wants(self) -> dict[str, Wants]:
        """Symbols whose market is to be followed now, by unified name; news of others is not looked at."""
        return dict(self._wanting.wanted)

    @property
    def wants_version(self) -> int:
        """Changes whenever ``wants`` does."""
        return self._wanting.version

    def side_view(self, symbol: str, side: PositionSide) -> SideView | None:
        """A frozen look at one side; None where it is not managed."""
        found = self._side(symbol, side)
        return None if found is None else looks.view_of(found)

    def look(self, symbol: str, side: PositionSide, now: int) -> SideLook | None:
        """What ``side_view`` leaves out; None where it is not managed."""
        found = self._side(symbol, side)
        return None if found is None else looks.look_at(found, now)

    def why(self, symbol: str, side: PositionSide, now: int) -> WhyView | None:
        """Why the side does what it does; None where it is not managed."""
        found = self._side(symbol, side)
        return None if found is None else why(found, now)

    def _side(self, symbol: str, side: PositionSide) -> Side | None:
        desk = self.desks.get(symbol)
        return None if desk is None else desk.sides.get(side)

    def pauses(self) -> tuple[PauseView, ...]:
        """The pauses that stand."""
        return tuple(PauseView(symbol, one.until_ms, one.panic) for symbol, one in self.house.pauses.items())

    def market_state(self, symbol: str) -> MarketState | None:
        """What is known of a symbol's market now; None where it is not managed."""
        desk = self.desks.get(symbol)
        return None if desk is None else desk.view.state()

    def settle(self, out: list[Intent], now: int, symbol: str | None = None) -> list[Intent]:
        """After anything but a market event: desks look once more, reads that are due leave.

        ``symbol``: what the event was about, None for the whole account.  Another desk looks too while a side of it has
        something to look after: a moment of its own, or what all share, may have changed for it.
        """
        self._due_is_old = True
        self._agenda.forget(now, symbol)
        for desk in self.desks.values():
            if symbol in (None, desk.symbol):
                self._wanting.look(desk, now)
            if symbol in (None, desk.symbol) or desk.pair.active or not desk.dead_man.at_rest:
                out += self._look(desk, now)
        self._share_budgets(now)
        return out + self.house.sync.due(now) + self.house.reads.due(now) + self._operator.last_call(now)

    def _look(self, desk: Desk, now: int) -> list[Intent]:
        desk.pair.refresh()
        out = desk.pair.pulse(now) + desk.dead_man_feed.tell(now)
        self._agenda.sooner(desk.symbol, desk.pair.wake(now))
        if out or not desk.dead_man.at_rest:
            self._agenda.forget(now, desk.symbol)
        elif self._budget_ms is not None:
            self._agenda.sooner(desk.symbol, self._budget_ms)  # it may have come to wait for it
        return out

    def _share_budgets(self, now: int) -> None:
        """Whoever waits for a budget is asked anew for its moment when that one is another."""
        at = self.house.pacing.next_at(now)
        if at is not None and at != self._budget_ms:
            self._agenda.forget(now)
        self._budget_ms = at

    def _table(self) -> dict[type[Any], Handler]:
        market: dict[type[Any], Handler] = {
            ev.Quote: self._watching(MarketView.on_quote),
            ev.Trade: self._watching(MarketView.on_trade),
            ev.Depth: self._watching(MarketView.on_depth),
            ev.Candle: self._watching(MarketView.on_candle),
            ev.Mark: self._on_mark,
        }
        own: dict[type[Any], Handler] = {
            ev.StreamUp: self._streams.came,
            ev.StreamDown: self._streams.went,
            ev.ServerTime: self._on_server_time,
        }
        rest = {**own, **self._reports.table(), **self._answers.table(), **self._operator.table()}
        rest |= self._surroundings.table()
        settling = {kind: self._settling(handler) for kind, handler in rest.items()}
        return {**market, **settling, ev.RateUsage: self._on_usage, ev.Timer: self._on_timer}

    def _settling(self, handler: Handler) -> Handler:
        """Any other news; what is about the whole account has no symbol, or none is named."""

        def handle(event: Any, now: int) -> list[Intent]:
            self.margins.forget()
            return self.settle(handler(event, now), now, getattr(event, "symbol", None) or None)

        return handle

    def _watching(self, take: Callable[[MarketView, Any, int], None]) -> Handler:
        """Market news: its desk's view takes it, then the desk looks."""

        def handle(event: Any, now: int) -> list[Intent]:
            desk = self.desks.get(event.symbol)
            if desk is None:
                return []
            take(desk.view, event, now)
            return self._moved(desk, now) if desk.pair.active else []

        return handle

    def _moved(self, desk: Desk, now: int) -> list[Intent]:
        """A look after market news: what it causes is counted; a strategy may want to be woken before all else."""
        out = desk.pair.pulse(now)
        if out:
            self._due_is_old = True
            self._agenda.forget(now, desk.symbol)
            self._share_budgets(now)
            return out + desk.dead_man_feed.tell(now)
        wake = desk.pair.wake(now)
        if wake is not None:
            self._agenda.sooner(desk.symbol, wake)
            if self._due is None or wake < self._due:
                self._due = wake
        return out

    def _on_mark(self, event: ev.Mark, now: int) -> list[Intent]:
        desk = self.desks.get(event.symbol)
        if desk is None:
            return []
        self._due_is_old = True
        self.margins.keep(event.symbol)
        out = desk.on_mark(event, now) + desk.dead_man_feed.tell(now)
        self._agenda.forget(now, event.symbol)
        if out:
            self._share_budgets(now)
        return out

    def _on_server_time(self, event: ev.ServerTime, now: int) -> list[Intent]:  # noqa: ARG002 - a handler's shape
        self.house.offset_ms = event.offset_ms
        for desk in self.desks.values():
            desk.view.offset_ms = event.offset_ms
        return []

    def _on_usage(self, usage: ev.RateUsage, now: int) -> list[Intent]:
        """Comes with every answer: a look at all desks only where a budget is spent, or was."""
        pacing = self.house.pacing
        spent = pacing.next_at(now) is not None
        pacing.on_usage(usage)
        return self.settle([], now) if spent or pacing.next_at(now) is not None else []

    def _on_timer(self, event: ev.Timer, now: int) -> list[Intent]:  # noqa: ARG002 - a handler's shape
        out: list[Intent] = self._operator.tick(now)
        self._streams.tick(now)
        self.margins.keep()
        for symbol, desk in self.desks.items():
            out += desk.tick(now) if self._agenda.is_due(symbol, now) else desk.on_margin(now)
        self._agenda.told()
        return self.settle(out, now)

    def _margin(self, desk: Desk) -> Margin | None:
        rules = desk.rulebook.rules
        return None if rules is None else self.margins.of(desk.symbol, rules.margin_asset)
