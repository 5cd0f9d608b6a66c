"""Lives through weather: the whole program over the wire, until it has come back, and the judgement of it."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from contextlib import suppress
from decimal import Decimal
from pathlib import Path

from tests.e2e.danger import only_panic_overlaps
from tests.e2e.driven import Driven
from tests.e2e.request_scenes import Asked, Watched
from tests.e2e.stage import START_MS, Stage, stage
from tests.e2e.truth import Leg
from tests.e2e.unknowns import liquidated
from tests.e2e.weather import Weather, scene_of, wallet
from tests.e2e.weather_books import fills_add_up, recorded
from tests.e2e.weather_promises import (
    LOOK_S,
    MAY_HALT,
    MAY_REFUSE_THE_START,
    SLOW,
    Witness,
    added,
    discretionary_of,
    foreign_touched,
    over_closers,
    said,
    sent_though_told,
    suspended,
    too_long_bare,
)
from tests.e2e.weather_storm import NAMES, Storm

from vibe_quant.app.application import DONE, REFUSED
from vibe_quant.domain.blocked import Blocked
from vibe_quant.domain.commands import Flatten, Resume

D = Decimal
BACK_S = 45.0


class Life:
    """One run of it."""

    def __init__(self, on: Stage, weather: Weather, btc: Driven) -> None:
        self.on = on
        self.weather = weather
        self.storm = Storm(on, weather, btc)
        self.watch = Watched(on, {})
        self.witness = Witness(on)

    async def live(self) -> None:
        """All of it, and the judgement."""
        looking = asyncio.create_task(self.witness.watch(), name="witness")
        try:
            await self.storm.passes_over()
            await self.storm.lift()
            await self.comes_back()
            await self.finishes()
        finally:
            looking.cancel()
            with suppress(asyncio.CancelledError):
                await looking
        self.witness.end()
        self.judge()

    def tradable(self, leg: Leg) -> bool:
        """Whether the exchange would take an order for what the leg holds."""
        market = self.on.server.box.exchange.venue.market(leg[0])
        price = market.mark or D(1)
        return self.on.truth.left(leg) * price * D("0.97") > market.rules.min_notional

    def legs(self) -> list[Leg]:
        """All there have been."""
        held = [leg for leg, found in self.on.server.box.exchange.account.legs.items() if found.qty]
        return sorted({*self.on.truth.seats, *held}, key=str)

    def at_work(self, since: int) -> bool:
        """Whether each leg that can be worked has had an order, or a fill of one, since."""
        alive = {(o.symbol, o.position_side) for o in self.on.truth.own if max(o.created_ms, o.updated_ms) > since}
        return all(leg in alive or self.withheld(leg) for leg in self.legs() if self.tradable(leg))

    def withheld(self, leg: Leg) -> bool:
        """Whether the smaller leg must stay because the larger one would come too near to liquidation without it."""
        view = None if self.on.app is None else self.on.app.engine.side_view(NAMES[leg[0]], leg[1])
        return view is not None and view.blocked == Blocked.OTHER_NEAR

    async def comes_back(self) -> None:
        """It works again by itself, or after the word that it has asked for."""
        on, since = self.on, self.storm.now
        within = 130 if self.storm.struck(SLOW) else BACK_S
        if self.one_way:
            await self.comes_to_rest()
            return
        await on.until(lambda: on.app is not None, 30, "the application")
        if self.storm.struck(frozenset(("pause",))) or any(kinds <= self.storm.kinds for kinds in MAY_HALT):
            await on.until(lambda: self.read(), 30, "a read of it all")
            self.storm.put(Resume)
        await on.until(lambda: self.at_work(since), within, "an order of each leg")
        await on.until(lambda: self.knows(), 20, "what the exchange holds in the program's own books")

    @property
    def one_way(self) -> bool:
        """The account holds no legs any more, and the program must not trade it."""
        return not self.on.server.box.exchange.account.dual

    def read(self) -> bool:
        """Whether the program has seen the account."""
        app = self.on.app
        return app is not None and all(leg.known for leg in app.engine.legs())

    def knows(self) -> bool:
        """Whether it counts with what the exchange holds."""
        app = self.on.app
        assert app is not None
        for symbol, side in self.legs():
            view = app.engine.side_view(NAMES[symbol], side)
            if (D(0) if view is None else view.qty) != self.on.truth.left((symbol, side)):
                return False
        return True

    async def comes_to_rest(self) -> None:
        """One-way mode holds no legs: a run halts, a start is refused."""
        on, task = self.on, self.on._task
        assert task is not None
        async with asyncio.timeout(30):
            while not task.done() and (on.app is None or on.truth.live()):
                await asyncio.sleep(LOOK_S)
        if task.done():
            assert await on.ended() == REFUSED
            assert self.storm.starts[-1] + START_MS > self.storm.one_way_ms

    async def finishes(self) -> None:
        """Flattened by command, stopped, and written down."""
        on = self.on
        if on.code is not None:
            return
        if not self.one_way:
            self.storm.put(Flatten)
            await on.until(lambda: not any(self.tradable(leg) for leg in self.legs()), 60, "flat")
        await on.until(lambda: on.truth.live() == [] or self.dusty(), 20, "the end of the orders")
        await on.until(self.put_away, 30, "one stop at most a leg, and none where there is none")
        assert await on.stop(20) == DONE, on.told()
        assert on.truth.live() == []
        assert self.armed() == []
        if not recorded(on):  # what was told by no event is known by its order's report; a start asks for each trade
            self.storm.note_defects()
            self.storm.begin()
            await on.until(lambda: recorded(on), 30, "the journal's rows of all trades")
            assert await on.stop(20) == DONE, on.told()
        fills_add_up(on)

    def armed(self) -> list[str]:
        """Countdowns of the last run that run on; one of a dead run is left to run out (behaviour 11)."""
        calls = [a for a in self.watch.asked if "countdown" in a.endpoint and a.at_ms > self.storm.starts[-1]]
        last = {one.params["symbol"]: one.params["countdownTime"] for one in calls}
        return [symbol for symbol in self.on.server.box.exchange.countdowns._due if last.get(symbol, "0") != "0"]

    def put_away(self) -> bool:
        """Whether no stop of ours stands on a flat leg, and no two on any."""
        prefix = f"{self.on.truth.prefix}-ps-"
        ours = [a for a in self.on.server.box.exchange.algos.open if a.client_id.startswith(prefix)]
        legs = [(a.symbol, a.position_side) for a in ours]
        return len(legs) == len(set(legs)) and all(self.on.truth.left(leg) for leg in legs)

    def dusty(self) -> bool:
        """Whether something less than the exchange takes is left."""
        return any(self.on.truth.left(leg) for leg in self.legs())

    def state(self) -> str:
        """Each leg as the exchange and the program have it, and what the operator was told."""
        app, lines = self.on.app, []
        for leg in self.legs():
            view = None if app is None else app.engine.side_view(NAMES[leg[0]], leg[1])
            lines.append(f"{leg}: {self.on.truth.left(leg)} by the exchange; {view}")
        lines += [f"stop {a.client_id} {a.symbol} {a.trigger_price}" for a in self.on.server.box.exchange.algos.open]
        last = self.on.truth.own[-6:]
        lines += [f"order {o.client_id} {o.symbol} {o.position_side} {o.qty} {o.status} {o.created_ms}" for o in last]
        told = [f"{n.severity}: {n.text[:200]}" for n in self.on.notices[-30:]]
        return "\n".join([*lines, f"now {self.storm.now}, starts {self.storm.starts}", *told])

    def may_be_liquidated(self) -> bool:
        """Where somebody sees to it, or the market goes through where a stop belongs and none can be had."""
        gone = self.weather.gap_s is not None or self.weather.course == "leaps to the stop"
        return (
            gone
            or bool(suspended(self.storm.befell, ()))
            or self.storm.struck(frozenset(("liquidation", "position_enlarged")))
        )

    def sent(self, kind: str, may: Callable[[Asked], bool]) -> list[str]:
        """What left though the program was told to wait."""
        return sent_though_told(kind, self.watch.asked, self.storm.befell, self.storm.starts, may)

    def judge(self) -> None:
        """By the exchange's records."""
        on = self.on
        on.added = added(on)
        discretionary = discretionary_of(on)
        may_be_refused = self.storm.struck(MAY_REFUSE_THE_START)
        wrong = {
            "foreign orders touched": foreign_touched(self.watch.asked, on.truth.prefix),
            "sent in a ban": self.sent("ban_418", lambda _: False),
            "sent in a back-off": self.sent("limit_429", lambda one: not discretionary(one)),
            "more than there was": over_closers(on, self.storm.kinds),
            "bare": too_long_bare(self.witness.bare, self.storm.befell, self.storm.dead),
            "ended by itself": [] if may_be_refused else self.storm.ended_by_itself,
            "defects": self.storm.defects,
            "liquidated": [] if self.may_be_liquidated() else liquidated(on),
        }
        broken = {what: found for what, found in wrong.items() if found}
        assert not broken, broken
        only_panic_overlaps(on)
        mine = [o.client_id for o in on.truth.foreign if o.client_id.startswith("web_")]
        on.judge(bare_ms=None, overlaps=True, cancelled=mine)


def isolate(on: Stage, weather: Weather, btc: Driven) -> None:
    """Give each leg its own wallet, before anybody has looked."""
    account = on.server.box.exchange.account
    main = D(wallet(weather.setup, btc))
    for symbol, side, qty in on.scene.legs:
        account.isolated.add(symbol)
        leg = account.leg(symbol, side)
        leg.isolated_wallet = main if side is weather.setup.main and symbol == "BTCUSDT" else leg.entry * D(qty) / 20
    account.isolated.update(("BTCUSDT", "ETHUSDT"))


async def live_through(weather: Weather, folder: Path) -> None:
    """Fails with what is needed to live it again."""
    btc, eth = Driven("BTCUSDT", wobble=3), Driven("ETHUSDT", wobble=3, touch="20")
    scene, chosen = scene_of(weather, btc, eth), weather.setup.settings()
    async with stage(folder, scene, chosen=chosen, start=False, judged=False) as on:
        if weather.setup.isolated:
            isolate(on, weather, btc)
        life = Life(on, weather, btc)
        try:
            await life.live()
        except BaseException as error:
            error.add_note(said(weather))
            error.add_note(life.state())
            error.add_note("\n".join(f"{s.at_ms} {s.fault} {s.hit}" for s in on.server.box.plan.struck[-200:]))
            raise
