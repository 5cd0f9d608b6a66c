"""One side's orders: at most one live; a second only when panic acts while the first is in doubt."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace
from enum import StrEnum

from vibe_quant.core.machine import SETTLE_MS, deadline, step
from vibe_quant.core.order_states import (
    FREE,
    Canceling,
    Cooldown,
    Done,
    Doubtful,
    Effect,
    Idle,
    Live,
    MachineEvent,
    Missing,
    Placing,
    Plain,
    RefusedOrder,
    State,
    Submitted,
    Tick,
    Unlisted,
    Waiting,
    Withdraw,
    Working,
    name_of,
)
from vibe_quant.core.orders import OrderLedger, OwnOrder, from_intent
from vibe_quant.domain.enums import ExecutionState, NoticeKind, OrderStatus, PositionSide, RequestKind, Severity
from vibe_quant.domain.intents import CancelOrder, Intent, Notify, OrderIntent, QueryOrder, ReadOpenOrders

RECV_WINDOW_MS = 2000


class EndKind(StrEnum):
    """What an order was, known only when its final state is (behaviour 7)."""

    FILLED = "filled"
    PARTIAL = "partial"
    TIMEOUT = "timeout"
    WITHDRAWN = "withdrawn"
    EXPIRED = "expired"
    REFUSED = "refused"
    WRITTEN_OFF = "written_off"


@dataclass(frozen=True, slots=True)
class Ended:
    """An order has ended; ``code`` is the exchange's where it was refused."""

    order: OwnOrder
    kind: EndKind
    code: int = 0


Out = Intent | Ended


class ExecutionEngine:
    """The machine of one side's order, and of the orders that should not be there.

    ``extras`` holds the doubtful order that panic has passed by, leftovers of an earlier run, and written-off orders
    that came back: they are run to their end and never started.
    """

    def __init__(self, symbol: str, side: PositionSide, ledger: OrderLedger) -> None:
        self.symbol = symbol
        self.side = side
        self.state: State = Idle()
        self.extras: dict[str, State] = {}
        self._ledger = ledger

    @property
    def state_name(self) -> ExecutionState:
        """The public name of the main machine's state."""
        return name_of(self.state)

    @property
    def is_free(self) -> bool:
        """No order under way and none cooling down; ``rest`` ends a cooldown that is over."""
        return isinstance(self.state, Idle) and not self.extras

    def rest(self, now: int) -> None:
        """End the cooldown if it is over, without waiting for a timer."""
        if isinstance(self.state, Cooldown):
            self.state, _ = step(self.state, Tick(), now)

    @property
    def is_quiet(self) -> bool:
        """No order of this side can be live."""
        return isinstance(self.state, FREE) and not self.extras

    @property
    def is_doubtful(self) -> bool:
        """The fate of some order of this side is not known."""
        return any(isinstance(state, Doubtful) for state in (self.state, *self.extras.values()))

    @property
    def panic_may_submit(self) -> bool:
        """No order lives, or the only one that may is in doubt."""
        under_way = [state for state in (self.state, *self.extras.values()) if not isinstance(state, FREE)]
        return len(under_way) <= 1 and all(isinstance(state, Doubtful) for state in under_way)

    @property
    def waiting(self) -> OwnOrder | None:
        """The order that rests, if the machine is WAITING."""
        return self._ledger.get(self.state.order.client_id) if isinstance(self.state, Waiting) else None

    @property
    def expires_ms(self) -> int | None:
        """End of life of the order that rests; None without TTL or order."""
        return self.state.order.expires_ms if isinstance(self.state, Waiting) else None

    def submit(self, intent: OrderIntent, ttl_ms: int | None, cooldown_ms: int, now: int) -> list[Out]:
        """Record the order, and let it leave.

        Raises:
            ValueError: another order may live and is not in doubt, two others may, or the client id was used before.
        """
        state, extras = self.state, dict(self.extras)
        if isinstance(state, Doubtful) and not extras:
            extras[state.order.client_id] = replace(state, unwanted="passed by in panic")
            state = Idle()
        if len(extras) > 1:
            raise ValueError(f"{len(extras)} orders of {self.symbol} {self.side} may live already")
        settled = intent.timestamp_ms + intent.recv_window_ms + SETTLE_MS
        expires = None if ttl_ms is None else now + ttl_ms
        state, _ = step(state, Submitted(Working(intent.client_id, expires, cooldown_ms, settled)), now)
        self._ledger.record(from_intent(intent, now))
        self.state, self.extras = state, extras
        return [intent]

    def reported(self, order: OwnOrder, now: int) -> list[Out]:
        """A report about an order of this side has been merged into ``order``."""
        if not self._holds(order.client_id):
            return [] if order.is_final else self._stray(order, now)
        return self._apply(order.client_id, Done() if order.is_final else Live(), now)

    def refused(self, client_id: str, code: int, now: int) -> list[Out]:
        """The order was refused with ``code`` (0: it never left); nothing, where a report has told of it before."""
        known = self._ledger.get(client_id)
        if not self._holds(client_id) or (known is not None and known.status is not None):
            return []
        self._ledger.refuse(client_id)
        return self._apply(client_id, RefusedOrder(), now, code)

    def plain(self, client_id: str, event: Plain, now: int) -> list[Out]:
        """An answer that carries nothing but its kind."""
        return self._apply(client_id, event, now) if self._holds(client_id) else []

    def missing(self, client_id: str, server_ms: int, now: int) -> list[Out]:
        """A query answered "does not exist"."""
        return self._apply(client_id, Missing(server_ms), now) if self._holds(client_id) else []

    def listed(self, listed: frozenset[str], asked_ms: int, now: int) -> list[Out]:
        """A list of the symbol's open orders has been read; the orders on it are reported apart."""
        out: list[Out] = []
        for client_id in self._ids():
            if client_id not in listed:
                out += self._apply(client_id, Unlisted(asked_ms), now)
        return out

    def withdraw(self, reason: str, now: int) -> list[Out]:
        """Cancel whatever is live."""
        out: list[Out] = []
        for client_id in self._ids():
            out += self._apply(client_id, Withdraw(reason), now)
        return out

    def stream_lost(self, now: int) -> list[Out]:
        """The user stream is gone: whatever was live is in doubt."""
        out: list[Out] = []
        for client_id in self._ids():
            out += self._apply(client_id, Plain.STREAM_LOST, now)
        return out

    def tick(self, now: int, *, may_cancel: bool = True) -> list[Out]:
        """Time has passed."""
        event = Tick(may_cancel)
        out: list[Out] = []
        for client_id in self._ids():
            out += self._apply(client_id, event, now)
        self.rest(now)
        return out

    def deadline(self) -> int | None:
        """When the side wants a tick."""
        if not self.extras:
            return deadline(self.state)
        moments = [deadline(state) for state in (self.state, *self.extras.values())]
        return min((moment for moment in moments if moment is not None), default=None)

    def _ids(self) -> list[str]:
        ids = list(self.extras)
        if not isinstance(self.state, FREE):
            ids.append(self.state.order.client_id)
        return ids

    def _holds(self, client_id: str) -> bool:
        return client_id in self.extras or (
            not isinstance(self.state, FREE) and self.state.order.client_id == client_id
        )

    def _apply(self, client_id: str, event: MachineEvent, now: int, code: int = 0) -> list[Out]:
        is_extra = client_id in self.extras
        before = self.extras[client_id] if is_extra else self.state
        after, effects = step(before, event, now)
        if not is_extra:
            self.state = after
        elif isinstance(after, Cooldown):
            del self.extras[client_id]
        else:
            self.extras[client_id] = after
        return list(self._perform(client_id, before, effects, code, now))

    def _perform(
        self, client_id: str, before: State, effects: tuple[Effect, ...], code: int, now: int
    ) -> Iterator[Out]:
        for effect in effects:
            if effect is Effect.CANCEL:
                yield CancelOrder(self.symbol, client_id, _reason(self.extras.get(client_id, self.state)) or "")
            elif effect is Effect.ASK:
                yield QueryOrder(self.symbol, client_id)
            elif effect is Effect.READ:
                yield ReadOpenOrders(self.symbol)
            elif effect is Effect.ALARM:
                yield self._alarm(client_id, before, now)
            else:
                yield self._ended(client_id, before, code)

    def _ended(self, client_id: str, before: State, code: int) -> Ended:
        order = self._ledger.get(client_id)
        if order is not None and not order.is_final:
            order = self._ledger.write_off(client_id)
        if order is None:
            raise ValueError(f"{client_id} has ended and is not in the ledger")
        return Ended(order, _kind(order, before), code)

    def _stray(self, order: OwnOrder, now: int) -> list[Out]:
        settled = order.timestamp_ms + RECV_WINDOW_MS + SETTLE_MS
        reason = "not expected to live"
        self.extras[order.client_id] = Canceling(Working(order.client_id, None, 0, settled), reason, now)
        return [CancelOrder(self.symbol, order.client_id, reason)]

    def _alarm(self, client_id: str, before: State, now: int) -> Notify:
        since = before.since_ms if isinstance(before, Doubtful) else now
        text = (
            f"{self.symbol} {self.side}: the fate of order {client_id} has been unknown for {(now - since) // 1000} s. "
            "No discretionary order is sent for this side; it is asked for until the exchange tells. "
            "Look at the exchange's own order list if this lasts."
        )
        facts = (("client_id", client_id), ("request", str(RequestKind.QUERY)))
        return Notify(NoticeKind.DOUBT, Severity.ALARM, text, self.symbol, self.side, facts)


def _reason(state: State) -> str | None:
    """Why the order is being cancelled, where it is."""
    match state:
        case Canceling(reason=reason):
            return reason
        case Placing(unwanted=unwanted) | Doubtful(unwanted=unwanted):
            return unwanted
        case _:
            return None


def _kind(order: OwnOrder, before: State) -> EndKind:
    if order.filled > 0:
        return EndKind.FILLED if order.status is OrderStatus.FILLED or order.filled >= order.qty else EndKind.PARTIAL
    if order.status is OrderStatus.REJECTED:
        return EndKind.REFUSED
    if order.written_off:
        return EndKind.WRITTEN_OFF
    reason = _reason(before)
    if reason is None:
        return EndKind.EXPIRED
    return EndKind.TIMEOUT if reason == "ttl" else EndKind.WITHDRAWN
