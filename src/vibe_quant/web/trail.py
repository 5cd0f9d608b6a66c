"""What the page draws and lists of what has happened: own orders, fills and events, the newest of each."""

from __future__ import annotations

from collections import deque
from collections.abc import Sequence
from dataclasses import dataclass, replace
from decimal import Decimal
from typing import TypeVar

from vibe_quant.domain import events as ev
from vibe_quant.domain.enums import ExecutionMode, NoticeKind, PositionSide, RequestKind, Severity
from vibe_quant.domain.intents import AmendOrder, Intent, Notify, OrderIntent
from vibe_quant.domain.status import ExitCost
from vibe_quant.ports import Clock

MOST_MARKS = 600
MOST_OPEN = 500
MOST_EVENTS = 200
TAIL_MARKS = 80
TAIL_EVENTS = 20
ZERO = Decimal(0)
Value = TypeVar("Value")


@dataclass(frozen=True, slots=True)
class OrderMark:
    """An own order on the chart, told again with a new ``seq`` when it ends; ``price`` None: the exchange's choice."""

    seq: int
    id: str
    symbol: str
    side: PositionSide
    price: Decimal | None
    mode: ExecutionMode
    reason: str
    from_ms: int
    until_ms: int | None = None
    end: str | None = None
    kind: str = "order"


@dataclass(frozen=True, slots=True)
class FillMark:
    """A trade of an own order."""

    seq: int
    id: str
    symbol: str
    side: PositionSide
    price: Decimal
    qty: Decimal
    maker: bool | None
    at_ms: int
    kind: str = "fill"


@dataclass(frozen=True, slots=True)
class Happening:
    """A line of the list of events."""

    seq: int
    at_ms: int
    severity: Severity
    kind: str
    symbol: str | None
    side: PositionSide | None
    text: str


Mark = OrderMark | FillMark


class Trail:
    """Numbers marks and events as they come, so that who misses a picture knows what he lacks.

    ``own`` is the prefix of own client ids.
    """

    def __init__(self, own: str, clock: Clock) -> None:
        self._own = f"{own}-"
        self._clock = clock
        self._marks: dict[str, deque[Mark]] = {}
        self._open: dict[str, OrderMark] = {}
        self._filled: dict[str, Decimal] = {}
        self._seq = 0
        self.newest: deque[Mark] = deque(maxlen=TAIL_MARKS)
        self.events: deque[Happening] = deque(maxlen=MOST_EVENTS)

    def marks(self, symbol: str) -> list[Mark]:
        """Of one symbol, oldest first."""
        return list(self._marks.get(symbol, ()))

    def tail(self) -> list[Happening]:
        """The newest events, oldest first."""
        return list(self.events)[-TAIL_EVENTS:]

    def see(self, now: int, event: ev.Event, intents: Sequence[Intent]) -> None:
        """One call of the engine, at ``now`` (monotonic ms)."""
        at = now + self._clock.offset_ms
        match event:
            case ev.OrderUpdate() if event.client_id.startswith(self._own):
                self._updated(event, at)
            case ev.Refused() | ev.NotSent() if event.request is RequestKind.SUBMIT:
                self._gone(event.client_id, at, "not taken")
            case ev.OrderMissing():
                self._gone(event.client_id, at, "never arrived")
            case _:
                pass
        for intent in intents:
            match intent:
                case OrderIntent():
                    self._placed(intent, at)
                case AmendOrder():
                    self._amended(intent, at)
                case Notify():
                    self.notice(intent, at)
                case _:
                    continue

    def notice(self, notice: Notify, at: int | None = None) -> None:
        """A notice; ``at`` None: of this moment."""
        self._happened(notice.severity, notice.kind, notice.symbol, notice.side, notice.text, at)

    def cost(self, cost: ExitCost) -> None:
        """An exit is over."""
        bps = "not known" if cost.cost_bps is None else f"{cost.cost_bps:.2f} bps"
        text = f"{cost.symbol} {cost.side}: closed {cost.closed_qty.normalize():f} in {cost.fills} fills, cost {bps}"
        if cost.lacking:
            text += " (not all of it was seen: trades may lack)"
        self._happened(Severity.INFO, NoticeKind.EXIT_FINISHED, cost.symbol, cost.side, text, None)

    def _happened(
        self, severity: Severity, kind: str, symbol: str | None, side: PositionSide | None, text: str, at: int | None
    ) -> None:
        moment = self._clock.server_ms() if at is None else at
        self.events.append(Happening(self._next(), moment, severity, kind, symbol, side, text))

    def _placed(self, intent: OrderIntent, at: int) -> None:
        leg = intent.symbol, intent.position_side
        mark = OrderMark(self._next(), intent.client_id, *leg, intent.price, intent.mode, intent.reason, at)
        self._opened(mark)

    def _amended(self, intent: AmendOrder, at: int) -> None:
        before = self._open.get(intent.client_id)
        if before is not None:
            self._ended(before, at, "amended")
            self._opened(replace(before, seq=self._next(), price=intent.price, from_ms=at))

    def _updated(self, update: ev.OrderUpdate, at: int) -> None:
        """Answer and stream tell the same trade; it is drawn once."""
        if update.last_qty and update.filled_qty > self._filled.get(update.client_id, ZERO):
            _keep(self._filled, update.client_id, update.filled_qty)
            self._draw(_fill(self._next(), update, at))
        if update.status.is_final:
            self._gone(update.client_id, at, update.status)

    def _gone(self, client_id: str, at: int, end: str) -> None:
        mark = self._open.get(client_id)
        if mark is not None:
            self._ended(mark, at, end)

    def _opened(self, mark: OrderMark) -> None:
        _keep(self._open, mark.id, mark)
        self._draw(mark)

    def _ended(self, mark: OrderMark, at: int, end: str) -> None:
        self._open.pop(mark.id, None)
        ring = self._marks.get(mark.symbol, deque())
        ended = replace(mark, seq=self._next(), until_ms=at, end=end)
        for number in range(len(ring) - 1, -1, -1):
            if ring[number] is mark:
                ring[number] = ended
                break
        self.newest.append(ended)

    def _draw(self, mark: Mark) -> None:
        self._marks.setdefault(mark.symbol, deque(maxlen=MOST_MARKS)).append(mark)
        self.newest.append(mark)

    def _next(self) -> int:
        self._seq += 1
        return self._seq


def _fill(seq: int, update: ev.OrderUpdate, at: int) -> FillMark:
    return FillMark(
        seq=seq,
        id=update.client_id,
        symbol=update.symbol,
        side=update.position_side,
        price=update.last_price,
        qty=update.last_qty,
        maker=update.is_maker,
        at_ms=at,
    )


def _keep(known: dict[str, Value], name: str, value: Value) -> None:
    """Of what is kept too long, the oldest goes."""
    known[name] = value
    if len(known) > MOST_OPEN:
        del known[next(iter(known))]
