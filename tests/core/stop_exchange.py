"""A tiny Algo Service for one leg: it applies intents and answers, honestly or with answers lost, late and doubled."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field, replace
from decimal import Decimal

from vibe_quant.core.protective import ProtectiveStopManager
from vibe_quant.core.stop_ids import StopIds
from vibe_quant.domain.enums import OrderType, PositionSide, RequestKind, Source, StopStatus
from vibe_quant.domain.events import NotSent, Refused, StopReport, StopsRead, Unknown
from vibe_quant.domain.intents import CancelStop, FetchSnapshot, Intent, Notify, PlaceStop, ReadStops
from vibe_quant.domain.risk_settings import ProtectiveStopSettings
from vibe_quant.domain.rules import SymbolRules

D = Decimal
LONG, SHORT = PositionSide.LONG, PositionSide.SHORT
SYMBOL = "BTC/USDT:USDT"
RULES = SymbolRules(SYMBOL, D("0.1"), D("0.001"), D("0.001"), D(1000), D(5), D(120))
HUNDRED = D(100)
Answer = StopReport | StopsRead | Refused | Unknown | NotSent


def stop(
    client_id: str,
    trigger: str | Decimal,
    *,
    side: PositionSide = LONG,
    qty: Decimal | None = None,
    status: StopStatus = StopStatus.NEW,
    order_type: OrderType = OrderType.STOP_MARKET,
    now: int = 0,
) -> StopReport:
    """A report; ``qty`` None: closePosition."""
    return StopReport(
        SYMBOL, side, client_id, status, order_type, side.exit_side, D(trigger), qty is None, qty or D(0), now, now
    )


@dataclass
class Algo:
    """What rests, and what was asked of it."""

    side: PositionSide = LONG
    one_close: bool = True
    resting: dict[str, StopReport] = field(default_factory=dict)
    asked: list[Intent] = field(default_factory=list)
    mark: Decimal = HUNDRED
    refuse: int | None = None
    unread: int | None = None
    """Reads are answered so; 0: they never leave."""
    on_cancel: Callable[[str], None] | None = None

    def answer(self, intent: Intent, now: int) -> Answer | None:
        """Applies an intent; what the exchange says to it."""
        match intent:
            case PlaceStop():
                return self._place(intent, now)
            case CancelStop():
                if self.on_cancel is not None:
                    self.on_cancel(intent.client_id)
                gone = self.resting.pop(intent.client_id, None)
                if gone is None:
                    return Refused(RequestKind.CANCEL_STOP, SYMBOL, intent.client_id, -2011, now, now)
                return replace(gone, status=StopStatus.CANCELED, exch_ms=now, source=Source.REST)
            case ReadStops() if self.unread == 0:
                return NotSent(RequestKind.READ_STOPS, SYMBOL, "", now, "the exchange asked to back off")
            case ReadStops() if self.unread is not None:
                return Refused(RequestKind.READ_STOPS, SYMBOL, "", self.unread, now, now)
            case ReadStops():
                return StopsRead(SYMBOL, tuple(self.resting.values()), now, now, now)
            case _:
                return None

    def _place(self, intent: PlaceStop, now: int) -> Answer:
        code = self.refuse
        through = intent.trigger_price >= self.mark if self.side is LONG else intent.trigger_price <= self.mark
        if code is None and through:
            code = -2021
        if (
            code is None
            and self.one_close
            and intent.qty is None
            and any(s.close_position for s in self.resting.values())
        ):
            code = -4130
        if code is not None:
            return Refused(RequestKind.PLACE_STOP, SYMBOL, intent.client_id, code, now, now, "refused")
        report = stop(intent.client_id, intent.trigger_price, side=self.side, qty=intent.qty, now=now)
        self.resting[intent.client_id] = report
        return report


class Desk:
    """A manager and the exchange, wired: ``run`` lets both talk until nothing more is said at this moment."""

    def __init__(
        self,
        side: PositionSide = LONG,
        settings: ProtectiveStopSettings | None = None,
        rules: SymbolRules | None = RULES,
    ) -> None:
        self.ids = StopIds("vq", "run1")
        settings = settings or ProtectiveStopSettings()
        self.manager = ProtectiveStopManager(SYMBOL, side, settings, rules, self.ids.new_id, self.ids.is_own)
        self.algo = Algo(side)
        self.log: list[Intent] = []
        self.now = 0

    def feed(self, answer: Answer) -> list[Intent]:
        """One answer into the manager."""
        match answer:
            case StopReport():
                return self.manager.on_stop_report(answer, self.now)
            case StopsRead():
                return self.manager.on_stops_read(answer, self.now)
            case Refused():
                return self.manager.on_refused(answer, self.now)
            case Unknown():
                return self.manager.on_unknown(answer, self.now)
            case NotSent():
                return self.manager.on_not_sent(answer, self.now)

    def run(self, intents: list[Intent]) -> list[Intent]:
        """Everything that follows at once, with an honest exchange; what was asked and said."""
        out, queue = list[Intent](), list(intents)
        while queue:
            intent = queue.pop(0)
            out.append(intent)
            answer = self.algo.answer(intent, self.now)
            queue += [] if answer is None else self.feed(answer)
            assert len(out) < 200, out[-10:]
        self.log += out
        return out

    def open(self, qty: str = "1", liq: str = "90", mark: str = "100") -> list[Intent]:
        """A position with its liquidation price."""
        self.algo.mark = D(mark)
        out = self.run(self.manager.on_liquidation(D(liq), D(mark), self.now))
        return out + self.run(self.manager.on_position(D(qty), True, self.now))

    def price(self, liq: str | None, mark: str) -> list[Intent]:
        """News of liquidation and mark."""
        self.algo.mark = D(mark)
        return self.run(self.manager.on_liquidation(None if liq is None else D(liq), D(mark), self.now))

    def position(self, qty: str, confirmed: bool = True) -> list[Intent]:
        """News of the position."""
        return self.run(self.manager.on_position(D(qty), confirmed, self.now))

    def wait(self, ms: int) -> list[Intent]:
        """Time passes; the manager is woken when it wants to be."""
        end, out, wakes = self.now + ms, list[Intent](), 0
        while (wake := self.manager.deadline()) is not None and wake <= end:
            wakes += 1
            assert wakes <= 10 + ms // 100, "the manager wakes itself without end"
            self.now = max(wake, self.now + 1)
            out += self.run(self.manager.on_timer(self.now))
        self.now = end
        return out

    def own(self) -> list[tuple[Decimal, Decimal | None]]:
        """What rests of ours: (trigger, quantity; None closes the leg)."""
        mine = [s for s in self.algo.resting.values() if self.ids.is_own(s.client_id)]
        return [(s.trigger_price, None if s.close_position else s.qty) for s in mine]


def requests(intents: list[Intent]) -> list[str]:
    """The requests among intents, shortened."""
    out = []
    for i in intents:
        match i:
            case PlaceStop():
                out.append(f"place {i.trigger_price} {'close' if i.qty is None else i.qty}")
            case CancelStop():
                out.append("cancel")
            case ReadStops():
                out.append("read")
            case FetchSnapshot():
                out.append("leg")
            case _:
                pass
    return out


def notices(intents: list[Intent]) -> list[str]:
    """Severities of the notices among intents."""
    return [i.severity.value for i in intents if isinstance(i, Notify)]
