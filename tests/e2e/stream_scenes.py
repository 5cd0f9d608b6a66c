"""What the stories of the streams share: short patience, a quick exit, and what was booked against what was traded."""

from __future__ import annotations

import asyncio
from collections import defaultdict
from collections.abc import Iterator
from decimal import Decimal

from tests.e2e.stage import BTC, CONFIG, LONG, Stage, settings

from vibe_quant.app.wire import StreamTimes
from vibe_quant.binance.dial import SocketTimes
from vibe_quant.binance.market_ws import MarketTimes
from vibe_quant.binance.user_ws import UserTimes
from vibe_quant.domain.enums import NoticeKind, PositionSide, SignalReason, Stream
from vibe_quant.domain.events import AccountSnapshot, Event, RulesLoaded, StopsRead, StreamDown, StreamUp
from vibe_quant.domain.intents import Intent, OrderIntent
from vibe_quant.domain.settings import Settings

URGENT = (SignalReason.PANIC, SignalReason.STOP_THROUGH, SignalReason.STOP_REMAINDER)
SHORT_LIFE = SocketTimes(steady_ms=500, ping_ms=1000, pong_ms=1000, proof_ms=300)
TIMES = StreamTimes(
    MarketTimes(market_silence_ms=2500, book_silence_ms=2000, socket=SHORT_LIFE),
    UserTimes(news_ms=1200, socket=SHORT_LIFE),
)
"""A mark comes every second: two of them missed, and something is wrong."""
PATIENT = "patient: {horizon_s: 12, endgame_s: 4, child_s: 2,"


def paced(horizon_s: int, endgame_s: int = 3, child: str = "1000", **replaced: str) -> Settings:
    """Settings that want to be flat after so long by orders of at most ``child`` USDT; ``replaced``: other keys."""
    pace = f"patient: {{horizon_s: {horizon_s}, endgame_s: {endgame_s}, child_s: 1, max_child_notional: {child},"
    assert PATIENT in CONFIG
    text = CONFIG.replace(PATIENT, pace)
    for key, value in replaced.items():
        before = next(line for line in text.splitlines() if line.strip().startswith(f"{key}:"))
        text = text.replace(before, f"{before.partition(':')[0]}: {value}")
    return settings(text)


async def settled_stop(on: Stage) -> list[str]:
    """Wait until the stops have stood unchanged for a while, read back; their ids."""
    loop = asyncio.get_running_loop()
    seen, since = on.truth.stops(), loop.time()

    def quiet() -> bool:
        nonlocal seen, since
        now = on.truth.stops()
        if now != seen or not now:
            seen, since = now, loop.time()
        return loop.time() - since > 1.5 and not on.truth.bare_now()

    await on.until(quiet, 12, "a stop that stays")
    return seen


def traded(on: Stage) -> dict[tuple[str, str], Decimal]:
    """What own orders have closed, by the exchange's records."""
    sums: dict[tuple[str, str], Decimal] = defaultdict(Decimal)
    for order in on.truth.own:
        if order.filled_qty:
            sums[order.symbol, str(order.position_side)] += order.filled_qty
    return dict(sums)


def booked(on: Stage) -> dict[tuple[str, str], Decimal]:
    """What the journal's fills of own orders add up to, by the exchange's names."""
    sums: dict[tuple[str, str], Decimal] = defaultdict(Decimal)
    for row in on.journal.rows(kinds=("fill",)):
        if row.client_id.startswith(f"{on.truth.prefix}-"):
            sums[row.symbol.partition(":")[0].replace("/", ""), row.side] += Decimal(row.data()["last_qty"])
    return dict(sums)


def reported(on: Stage) -> dict[tuple[str, str], Decimal]:
    """What the last journalled report of each order says was filled, summed by leg."""
    last: dict[str, tuple[tuple[str, str], Decimal]] = {}
    for row in on.journal.rows(kinds=("report",)):
        body = row.data()
        if "filled_qty" in body:
            leg = row.symbol.partition(":")[0].replace("/", ""), row.side
            most = max(last.get(row.client_id, (leg, Decimal(0)))[1], Decimal(body["filled_qty"]))
            last[row.client_id] = leg, most
    sums: dict[tuple[str, str], Decimal] = defaultdict(Decimal)
    for leg, qty in last.values():
        if qty:
            sums[leg] += qty
    return dict(sums)


def mismatches(on: Stage) -> list[str]:
    """What differed, as it was journalled."""
    return [row.data()["text"] for row in on.journal.rows(kinds=("mismatch",))]


def said(on: Stage, kind: NoticeKind, words: str) -> list[str]:
    """Notices of a kind that hold these words."""
    return [notice.text for notice in on.notices if notice.kind is kind and words in notice.text]


def lost(on: Stage, stream: Stream) -> list[StreamDown]:
    """How often the engine was told that a stream is down."""
    return [event for event in on.events if isinstance(event, StreamDown) and event.stream is stream]


def losses(on: Stage) -> list[StreamDown]:
    """All of that, of whatever stream."""
    return [event for event in on.events if isinstance(event, StreamDown)]


def came(on: Stage, stream: Stream) -> list[StreamUp]:
    """How often the engine was told that a stream is up."""
    return [event for event in on.events if isinstance(event, StreamUp) and event.stream is stream]


def again(on: Stage, stream: Stream) -> bool:
    """Whether a stream has come up more than once."""
    return len(came(on, stream)) > 1


def blocked(on: Stage, words: str, symbol: str = BTC, side: PositionSide = LONG) -> int:
    """How often a side's discretion was held back for a reason with these words."""
    assert on.app is not None
    view = on.app.engine.side_view(symbol, side)
    assert view is not None
    return sum(count for reason, count in view.blocked_counts if words in reason)


class Watch:
    """How long, at the longest, the program believed a leg to be something else than it was; in looks, 20 ms apart.

    Counted in looks, so that a machine that stood still suspects nobody.
    """

    def __init__(self, on: Stage, symbol: str = BTC, side: PositionSide = LONG) -> None:
        self.longest = 0
        self._on, self._key = on, (symbol, side)
        self._task = asyncio.create_task(self._run())

    async def __aenter__(self) -> Watch:
        return self

    async def __aexit__(self, *_: object) -> None:
        self._task.cancel()
        await asyncio.wait([self._task])

    async def _run(self) -> None:
        wrong = 0
        symbol, side = self._key
        leg = symbol.partition(":")[0].replace("/", ""), side
        while True:
            await asyncio.sleep(0.02)
            app = self._on.app
            view = None if app is None else app.engine.side_view(symbol, side)
            known = app is not None and any(leg.known for leg in app.engine.legs() if leg.side is side)
            differs = known and view is not None and view.qty != self._on.truth.left(leg)
            wrong = wrong + 1 if differs else 0
            self.longest = max(self.longest, wrong)


def discretionary(intents: tuple[Intent, ...]) -> list[OrderIntent]:
    """Orders that wait for streams and reads."""
    return [intent for intent in intents if isinstance(intent, OrderIntent) and intent.reason not in URGENT]


def unread_orders(on: Stage, symbol: str) -> list[tuple[OrderIntent, str]]:
    """Discretionary orders that left while a stream was down, or before account and rules were read after it."""
    return list(_too_early(on.pairs, symbol))


def _too_early(pairs: list[tuple[Event, tuple[Intent, ...]]], symbol: str) -> Iterator[tuple[OrderIntent, str]]:
    down: set[Stream] = set()
    seen: set[Stream] = set()
    account_from = rules_from = None
    for event, intents in pairs:
        match event:
            case StreamDown():
                down.add(event.stream)
            case StreamUp():
                down.discard(event.stream)
                account_from = event.recv_ms
                rules_from = event.recv_ms if event.stream in seen else rules_from
                seen.add(event.stream)
            case AccountSnapshot(symbol=None) if account_from is not None and event.request_ms >= account_from:
                account_from = account_from if event.positions is None or event.orders is None else None
            case RulesLoaded() if event.rules.symbol == symbol and rules_from is not None:
                rules_from = None
        missing = (down and f"{down} down") or (account_from and "account") or (rules_from and "rules")
        if missing:
            yield from ((order, str(missing)) for order in discretionary(intents))


def stops_read_after(on: Stage, stream: Stream) -> bool:
    """Whether the open stops were read after the stream was up again."""
    ups = [index for index, event in enumerate(on.events) if isinstance(event, StreamUp) and event.stream is stream]
    return any(
        isinstance(event, StopsRead) or (isinstance(event, AccountSnapshot) and event.stops is not None)
        for event in on.events[ups[1] :]
    )
