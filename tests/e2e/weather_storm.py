"""Lets weather befall the program: faults, commands, kills and the market's moves, each at its time."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from dataclasses import replace
from decimal import Decimal

from tests.e2e.driven import Driven
from tests.e2e.stage import LONG, START_MS, Stage
from tests.e2e.weather import COURSES, STORM_S, Strike, Weather
from tests.e2e.weather_promises import Span

from vibe_quant.domain.commands import Flatten, Pause, Reload, Resume
from vibe_quant.domain.enums import PositionSide

D = Decimal
COMMANDS = ("pause", "resume", "flatten", "reload")
GAP_S = 1.5
MINUTE_MS = 60_000
NAMES = {"BTCUSDT": "BTC/USDT:USDT", "ETHUSDT": "ETH/USDT:USDT"}


class Storm:
    """``befell`` is what did, and ``dead`` when no program ran or one was starting; by the exchange's clock."""

    def __init__(self, on: Stage, weather: Weather, btc: Driven) -> None:
        self.on = on
        self.weather = weather
        self.btc = btc
        self.befell: list[tuple[Strike, Span]] = []
        self.dead: list[Span] = []
        self.starts: list[int] = []
        self.ended_by_itself: list[int] = []
        self.defects = 0
        self._open: dict[int, tuple[Strike, int]] = {}

    @property
    def now(self) -> int:
        """By the exchange."""
        return self.on.server.box.now

    @property
    def kinds(self) -> frozenset[str]:
        """What has befallen."""
        return frozenset(strike.kind for strike, _ in self.befell)

    @property
    def one_way_ms(self) -> int:
        """When the owner has left hedge mode; never, where he has not."""
        return min([span.start for strike, span in self.befell if strike.kind == "hedge_mode_off"], default=1 << 62)

    def struck(self, kinds: frozenset[str]) -> bool:
        """Whether one of these has befallen."""
        return bool(kinds & self.kinds)

    async def passes_over(self) -> None:
        """Everything at its time."""
        due = self._due()
        for _, do in [one for one in due if one[0] <= 0]:
            await do()
        self.begin()
        loop = asyncio.get_running_loop()
        began = loop.time()
        for at, do in [one for one in due if one[0] > 0]:
            await asyncio.sleep(max(0.0, began + at - loop.time()))
            await do()
        await asyncio.sleep(max(0.0, began + STORM_S - loop.time()))

    def begin(self) -> None:
        """Start the program."""
        self.on.start()
        self.starts.append(self.now)
        self.dead.append(Span(self.now, self.now + START_MS))

    def _due(self) -> list[tuple[float, Callable[[], Awaitable[None]]]]:
        due: list[tuple[float, int, Callable[[], Awaitable[None]]]] = []

        def put(at: float, do: Callable[[], Awaitable[None]]) -> None:
            due.append((at, len(due), do))

        for number, strike in enumerate(self.weather.strikes):
            put(strike.at_s, self._befalls(number, strike))
            if strike.for_s is not None and strike.kind != "kill":
                put(strike.at_s + strike.for_s, self._passes(number))
        for at, ratio, over in COURSES[self.weather.course]:
            put(at, self._goes(ratio, over))
        if self.weather.gap_s is not None:
            put(self.weather.gap_s, self._gap("-0.06"))
            put(self.weather.gap_s + GAP_S, self._gap("0"))
        return [(at, do) for at, _, do in sorted(due, key=lambda one: one[:2])]

    def _against(self, ratio: str) -> Decimal:
        return D(ratio) if self.weather.setup.main is LONG else -D(ratio)

    def _goes(self, ratio: str, over: float) -> Callable[[], Awaitable[None]]:
        async def go() -> None:
            self.btc.go(str(self._against(ratio)), over)

        return go

    def _gap(self, ratio: str) -> Callable[[], Awaitable[None]]:
        async def leap() -> None:
            self.btc.gap = self._against(ratio)
            if D(ratio):
                self.befell.append((Strike(0, "gap"), Span(self.now, self.now + int(GAP_S * 1000))))

        return leap

    def _befalls(self, number: int, strike: Strike) -> Callable[[], Awaitable[None]]:
        async def strikes() -> None:
            self._open[number] = (strike, self.now)
            if strike.kind == "kill":
                await self._killed(strike)
            elif strike.kind in COMMANDS:
                self.command(strike)
            else:
                rated = "rate" in strike.fields.get("when", {})
                lasts = {} if strike.for_s is None or rated else {"for_s": strike.for_s}
                await self.on.fault(strike.kind, name=f"w{number}:{strike.kind}", **{**strike.fields, **lasts})
            if strike.for_s is None or strike.kind == "kill":
                self._over(number)

        return strikes

    def _passes(self, number: int) -> Callable[[], Awaitable[None]]:
        async def passes() -> None:
            strike = self._open[number][0]
            if strike.kind == "pause":
                self.put(Resume)
            elif "rate" in strike.fields.get("when", {}):
                self.on.server.box.plan.remove(self.now, f"w{number}:{strike.kind}")
            self._over(number)

        return passes

    def _over(self, number: int) -> None:
        strike, since = self._open.pop(number)
        end = self.now if strike.kind != "orders_spent" else (since // MINUTE_MS + 1) * MINUTE_MS
        self.befell.append((strike, Span(since, end)))

    async def _killed(self, strike: Strike) -> None:
        since = self.now
        self._note_the_end()
        await self.on.kill()
        await asyncio.sleep(strike.for_s or 0)
        self.begin()
        self.dead.append(Span(since, self.now + START_MS))

    def note_defects(self) -> None:
        self.defects += 0 if self.on.app is None else self.on.app.dispatch.defects

    def _note_the_end(self) -> None:
        task = self.on._task
        self.note_defects()
        if task is not None and task.done() and not task.cancelled():
            if (failed := task.exception()) is not None:
                raise AssertionError("the program has failed") from failed
            self.ended_by_itself.append(task.result())
            self.dead.append(Span(self.starts[-1], self.now + START_MS))

    def put(self, command: Callable[[int], Pause | Resume | Flatten | Reload]) -> None:
        """The operator's word; nobody hears it where no program runs."""
        app, task = self.on.app, self.on._task
        if app is not None and task is not None and not task.done():
            app.inbox.put(command(app.parts.clock.now_ms()))

    def command(self, strike: Strike) -> None:
        """As drawn."""
        if strike.kind == "pause":
            self.put(Pause)
        elif strike.kind == "resume":
            self.put(Resume)
        elif strike.kind == "flatten":
            symbol, side = NAMES[strike.fields["symbol"]], PositionSide(strike.fields["side"])
            self.put(lambda now: Flatten(now, symbol, side))
        else:
            other = replace(self.weather.setup, **strike.fields).settings()
            self.put(lambda now: Reload(now, other))

    async def lift(self) -> None:
        """All faults end; a program that has refused its start for one of them is started again."""
        for number in list(self._open):
            self._over(number)
        self.on.server.box.plan.remove(self.now)
        task = self.on._task
        assert task is not None
        if task.done():
            self._note_the_end()
            self.begin()
        if self.weather.gap_s is not None:
            self.btc.gap = D(0)
