"""Hot reload of the file while orders rest, are on their way or in doubt: all of it or nothing, never a mixed state."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field, replace
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest
from tests.core.settings_held import stale
from tests.e2e.account_scenes import ALONE, RAW, RESTING, WALLET, again, journalled, live, rests
from tests.e2e.request_scenes import POST, Watched, fault, watched
from tests.e2e.stage import BTC, LONG, Scene

from vibe_quant.app.application import DONE
from vibe_quant.app.last_good import NAME
from vibe_quant.app.reload import Reloader
from vibe_quant.config.loader import ConfigLoader
from vibe_quant.domain.enums import ExecutionState, OrderStatus
from vibe_quant.domain.intents import CancelOrder, Notify, PlaceStop
from vibe_quant.domain.status import Answer

D = Decimal
ETH = "ETH/USDT:USDT"
ETH_LEG = ("ETHUSDT", LONG)
BY = "a test"
SOON_S = 10.0
UNDER_STOP_MS = 4000
"""What a leg that comes under management waits for its stop: its rules and its position are read first."""
SEATED = Scene(seats=ALONE, wallet=WALLET)
BESIDE = Scene(seats=ALONE, others=("ETHUSDT",), beside=(("ETHUSDT", LONG, "1"),), wallet="900")


@dataclass
class Service:
    """A program at work, the file it was started with, and who reloads it."""

    w: Watched
    file: Path
    reloader: Reloader
    told: list[Notify] = field(default_factory=list)

    def says(self, old: str, new: str) -> None:
        """The file, otherwise in one place."""
        text = self.file.read_text(encoding="utf-8")
        assert text.count(old) == 1, old
        self.file.write_text(text.replace(old, new), encoding="utf-8")

    async def reload(self, *, drop_stops: bool = False) -> Answer:
        """What an operator does who confirms."""
        plan = await self.reloader.plan(BY)
        assert plan.problems == ()
        answer = await self.reloader.apply(plan.token, BY, drop_stops=drop_stops)
        assert answer.ok, answer
        self.holds()
        return answer

    def holds(self) -> None:
        """Nothing of other settings is held anywhere in the program."""
        app, ruling = self.w.on.app, self.reloader.loaded.settings
        assert app is not None
        assert app.engine.settings is app.settings is ruling
        let_go = [desk for name, desk in app.engine.desks.items() if ruling.of(name) is None]
        retired = [s for desk in app.engine.desks.values() for s in desk.sides.values() if s.gate.retired]
        # What the start was made of stays as it was, and so do the harness's own observers.
        began = [getattr(app.parts.retune, "__self__")._plan]  # noqa: B009 - a method's owner
        assert stale([app], ruling, [app.parts.observers, *began, *let_go, *retired]) == []
        assert app.breaker._settings == ruling.shared.breaker


@asynccontextmanager
async def serving(
    tmp_path: Path, scene: Scene = SEATED, text: str = RESTING, **judgement: Any
) -> AsyncIterator[Service]:
    """A program whose order rests under a stop."""
    file = tmp_path / "config.yaml"
    file.write_text(text, encoding="utf-8")
    loaded = ConfigLoader().load(file)
    async with watched(tmp_path, scene, loaded.settings, **judgement) as w:
        told: list[Notify] = []
        service = Service(w, file, Reloader(loaded, tmp_path / "state", lambda: w.on.app, told.append), told)
        await w.on.until(lambda: w.on.app is not None and w.on.app.at_work, 15, "the end of the start")
        await rests(w)
        await w.on.until(lambda: w.on.truth.stops(), 10, "a stop")
        yield service


# --- refused as a whole, with an order under way

BAD = {
    "no YAML": ("execution:", "execution: ["),
    "a key twice": ("global:\n", "global:\n  watch: true\n  watch: false\n"),
    "a key that there is not": ("base_mult: 20", "base_mul: 20"),
    "a section that there is not": ("  risk:\n", "  rsk:\n"),
    "out of bounds": ("base_mult: 20", "base_mult: 0"),
    "a word for a number": ("base_mult: 20", "base_mult: many"),
    "ladders that contradict": ("reconcile_interval_s: 5", "protective_stop: {dist_to_liq: 0.02}"),
    "panic without tiers": ("reconcile_interval_s: 5", "panic_close: {enabled: true}"),
    "nothing listed": ('symbols:\n  "BTC/USDT:USDT": {}\n', "symbols: {}\n"),
    "a symbol that is none": ('"BTC/USDT:USDT": {}', '"BTCUSDT": {}'),
    "a contract that there is not": ('"BTC/USDT:USDT": {}', '"BTC/USDT:USDT": {}\n  "NOPE/USDT:USDT": {}'),
    "one that is valid and one that is not": ("base_mult: 20", "base_mult: 10\n    max_mult: 0"),
}
COLD = {
    "venue": ("venue: sim", "venue: testnet"),
    "prefix": ("venue: sim", "venue: sim\n  client_order_prefix: other"),
    "journal": ("venue: sim", "venue: sim\n  journal: {path: /nowhere/j.sqlite}"),
    "reconnects": ("max_delay_ms: 1000", "max_delay_ms: 2000"),
    "stop timeout": ("stop_timeout_s: 10", "stop_timeout_s: 11"),
    "page": ("venue: sim", "venue: sim\n  web: {port: 9}"),
    "telegram": ("venue: sim", "venue: sim\n  telegram: {enabled: true, allow: [{chat: 1, user: 2}]}"),
    "log's folder": ("venue: sim", "venue: sim\n  log: {folder: elsewhere}"),
    "one that is hot and one that is not": ("stop_timeout_s: 10", "stop_timeout_s: 11\n  watch: true"),
}


async def test_what_is_invalid_or_needs_a_restart_is_refused_whole_and_disturbs_nothing(tmp_path: Path) -> None:
    async with serving(tmp_path) as at:
        w, before = at.w, at.reloader.loaded
        good, order = at.file.read_bytes(), await rests(at.w)
        assert w.on.app is not None
        for name, (old, new) in {**BAD, **COLD}.items():
            at.says(old, new)
            plan = await at.reloader.plan(BY)
            assert plan.problems, name
            assert name not in COLD or any("needs a restart" in problem for problem in plan.problems), name
            answer = await at.reloader.apply(plan.token, BY)
            assert (answer.ok, at.reloader.loaded) == (False, before), name
            assert "Nothing was changed" in answer.text
            assert w.on.app.engine.settings is before.settings, name
            at.holds()
            at.file.write_bytes(good)
        for content in (b"", b"\xff\xfe\x00", None):
            at.file.unlink() if content is None else at.file.write_bytes(content)
            plan = await at.reloader.plan(BY)
            assert plan.problems
            assert not (await at.reloader.apply(plan.token, BY)).ok
        at.file.write_bytes(good)
        plan = await at.reloader.plan(BY)
        assert (plan.problems, plan.changes) == ((), ())
        assert live(w) == [order]
        assert w.intents(CancelOrder) == []
        assert journalled(w, "command") == []
        assert at.told == []


# --- taken, in the middle of an order


async def test_everything_hot_at_once_while_an_order_rests(tmp_path: Path) -> None:
    async with serving(tmp_path) as at:
        order, before = await rests(at.w), at.reloader.loaded
        at.says("breaker: {failures: 5, block_s: 2}", "breaker: {failures: 7, block_s: 3}\n  watch: true")
        at.says(
            "  ws:\n", "  rate_limit: {max_orders_per_sec: 9, weight_reserve: 0.3}\n  ws:\n    stale_data_ms: 2000\n"
        )
        at.says("base_mult: 20", "base_mult: 10")
        at.says("horizon_s: 12", "horizon_s: 13")
        at.says("reconcile_interval_s: 5", "reconcile_interval_s: 6\n    liq_distance_threshold: 0.02")
        plan = await at.reloader.plan(BY)
        told = [(one.scope, one.key, one.old, one.new) for one in plan.changes]
        assert ("global", "breaker.failures", "5", "7") in told
        assert (BTC, "execution.base_mult", "20", "10") in told
        answer = await at.reload()
        assert "execution.base_mult 20 -> 10" in answer.text
        assert live(at.w) == [order], "the order under way keeps its own"
        [row] = journalled(at.w, "command", command="reload")
        assert (row.data()["before"], row.data()["after"]) == (before.sha256, at.reloader.loaded.sha256)
        assert [BTC, "execution.base_mult", "20", "10"] in row.data()["changes"]
        assert (tmp_path / "state" / NAME).read_bytes() == at.file.read_bytes()
        assert ((tmp_path / "state" / NAME).stat().st_mode & 0o777) == 0o600
        await at.w.on.act("orders_cancelled", symbol=RAW, what="regular")
        assert (await again(at.w, order.created_ms)).qty == D("0.01")


async def test_an_order_under_way_lives_as_long_as_it_was_made_for(tmp_path: Path) -> None:
    async with serving(tmp_path) as at:
        order = await rests(at.w)
        at.says("order_ttl_ms: 60000", "order_ttl_ms: 400")
        await at.reload()
        await asyncio.sleep(1.5)
        assert live(at.w) == [order]
        await at.w.on.act("orders_cancelled", symbol=RAW, what="regular")
        after = await again(at.w, order.created_ms)
        await at.w.on.until(lambda: after.status is OrderStatus.CANCELED, SOON_S, "the end of a short life")


async def test_an_order_that_would_close_what_is_to_be_kept_is_withdrawn(tmp_path: Path) -> None:
    async with serving(tmp_path) as at:
        order = await rests(at.w)
        at.says("base_mult: 20", "base_mult: 20\n    target_qty: 0.1")
        await at.reload()
        await at.w.on.until(lambda: order.status is OrderStatus.CANCELED, SOON_S, "its end")
        assert [cancel.reason for cancel in at.w.intents(CancelOrder)] == ["the settings have changed"]
        assert at.w.on.truth.left(("BTCUSDT", LONG)) == D("0.1")


async def test_another_strategy_takes_over_after_the_order_under_way(tmp_path: Path) -> None:
    async with serving(tmp_path) as at:
        order = await rests(at.w)
        at.says("names: [orderbook_price]", "names: [patient]")
        at.says("    maker_safety_ticks: 1000\n", "")
        await at.reload()
        assert live(at.w) == [order]
        await at.w.on.act("orders_cancelled", symbol=RAW, what="regular")
        await at.w.on.flat()


async def test_panic_that_the_new_tiers_bring_takes_the_place_of_the_order(tmp_path: Path) -> None:
    async with serving(tmp_path) as at:
        order = await rests(at.w)
        tiers = "{enabled: true, tiers: [{dist_to_liq: 0.6, slice_ratio: 0.5, maker_timeouts_to_escalate: 0}]}"
        at.says("reconcile_interval_s: 5", f"liq_distance_threshold: 0.7\n    panic_close: {tiers}")
        at.says("order_ttl_ms: 60000", "order_ttl_ms: 1000")
        await at.reload()
        await at.w.on.flat()
        assert order.status is OrderStatus.CANCELED
        assert "panic" in [cancel.reason for cancel in at.w.intents(CancelOrder)]


async def test_the_stop_moves_without_leaving_the_leg_bare(tmp_path: Path) -> None:
    async with serving(tmp_path) as at:
        await at.w.on.protected()
        first = at.w.intents(PlaceStop)[0].trigger_price
        at.says("reconcile_interval_s: 5", "reconcile_interval_s: 5\n    protective_stop: {dist_to_liq: 0.005}")
        await at.reload()

        def moved() -> list[Decimal]:
            placed = [stop.trigger_price for stop in at.w.intents(PlaceStop) if stop.qty is None]
            return [price for price in placed if price != first]

        await at.w.on.until(moved, SOON_S, "a stop in the new place")
        assert moved()[-1] < first
        await at.w.on.until(lambda: len(at.w.on.truth.stops()) == 1, SOON_S, "the end of the others")


async def test_a_stop_is_kept_until_it_is_said_twice(tmp_path: Path) -> None:
    async with serving(tmp_path, bare_ms=None) as at:
        stops = at.w.on.truth.stops()
        at.says("reconcile_interval_s: 5", "reconcile_interval_s: 5\n    protective_stop: {enabled: false}")
        plan = await at.reloader.plan(BY)
        assert any("--drop-stops" in warning for warning in plan.warnings)
        await at.reload()
        await at.w.told("--drop-stops")
        assert at.w.on.truth.stops() == stops
        await at.reload(drop_stops=True)
        await at.w.on.until(lambda: not at.w.on.truth.stops(), SOON_S, "the end of the stop")


async def test_a_leg_and_a_symbol_that_leave_lose_their_orders_and_keep_their_stops(tmp_path: Path) -> None:
    async with serving(tmp_path, replace(SEATED, others=("ETHUSDT",))) as at:
        order, stops = await rests(at.w), at.w.on.truth.stops()
        at.says('"BTC/USDT:USDT": {}', '"BTC/USDT:USDT": {sides: [SHORT]}')
        plan = await at.reloader.plan(BY)
        assert any("LONG is not managed any more" in warning for warning in plan.warnings)
        await at.reload()
        await at.w.on.until(lambda: order.status is OrderStatus.CANCELED, SOON_S, "the end of the order")
        await at.w.told("is not managed any more")
        at.says('"BTC/USDT:USDT": {sides: [SHORT]}', '"BTC/USDT:USDT": {}')
        await at.reload()
        back = await again(at.w, order.updated_ms)
        assert at.w.on.truth.stops() == stops
        at.says('"BTC/USDT:USDT": {}', f'"{ETH}": {{}}')
        await at.reload()
        await at.w.on.until(lambda: back.status is OrderStatus.CANCELED, SOON_S, "the end of the order")
        await asyncio.sleep(1.5)
        assert (live(at.w), at.w.on.truth.stops()) == ([], stops)


@pytest.mark.parametrize(
    ("old", "new"),
    [
        ('"BTC/USDT:USDT": {}', f'"BTC/USDT:USDT": {{}}\n  "{ETH}": {{}}'),
        ("venue: sim", "venue: sim\n  manage: all"),
    ],
    ids=["listed", "all"],
)
async def test_a_position_that_comes_under_management_gets_its_stop_and_is_worked(
    tmp_path: Path, old: str, new: str
) -> None:
    async with serving(tmp_path, BESIDE, bare_ms=None) as at:
        assert ETH_LEG in at.w.on.truth.bare_now()
        order = await rests(at.w)
        at.says(old, new)
        began = at.w.on.server.box.now
        await at.reload()
        await at.w.on.until(lambda: ETH_LEG not in at.w.on.truth.bare_now(), SOON_S, "a stop for it")
        assert at.w.on.server.box.now - began <= UNDER_STOP_MS
        await at.w.on.until(lambda: [o for o in at.w.on.truth.own if o.symbol == "ETHUSDT"], SOON_S, "its first order")
        assert live(at.w)[0] is order, "the other symbol's is not disturbed"


# --- at an awkward moment


async def test_while_an_order_is_in_doubt_nothing_is_mixed_and_the_doubt_ends(tmp_path: Path) -> None:
    async with serving(tmp_path, overlaps=False) as at:
        order = await rests(at.w)
        await at.w.on.fault(**fault("unknown_503", POST, reached=True))
        await at.w.on.act("orders_cancelled", symbol=RAW, what="regular")
        lost = await at.w.struck("unknown_503")
        at.says("base_mult: 20", "base_mult: 10")
        await at.reload()
        await at.w.on.until(
            lambda: (now := at.w.view(("BTCUSDT", LONG))) and now.state is ExecutionState.WAITING,
            SOON_S,
            "the end of it",
        )
        found = at.w.order(lost.client_id)
        assert found is not None
        assert found.created_ms >= order.created_ms
        assert found.qty == D("0.02")


async def test_a_leg_that_leaves_while_its_order_is_in_doubt_is_seen_to_be_quiet(tmp_path: Path) -> None:
    async with serving(tmp_path) as at:
        await at.w.on.fault(**fault("unknown_503", POST, reached=True))
        await at.w.on.act("orders_cancelled", symbol=RAW, what="regular")
        lost = await at.w.struck("unknown_503")
        at.says('"BTC/USDT:USDT": {}', '"BTC/USDT:USDT": {sides: [SHORT]}')
        await at.reload()

        def is_over() -> bool:
            found = at.w.order(lost.client_id)
            return found is not None and found.status.is_final

        await at.w.on.until(is_over, 20, "the end of the order in doubt")
        await asyncio.sleep(1.0)
        assert live(at.w) == []
        assert at.w.on.truth.stops()


async def test_of_two_at_once_one_is_taken_and_the_other_looks_again(tmp_path: Path) -> None:
    async with serving(tmp_path) as at:
        at.says("base_mult: 20", "base_mult: 10")
        one, two = await at.reloader.plan("one"), await at.reloader.plan("two")
        assert one.token == two.token
        answers = await asyncio.gather(at.reloader.apply(one.token, "one"), at.reloader.apply(two.token, "two"))
        assert [answer.ok for answer in answers] == [True, False]
        assert "has changed since" in answers[1].text
        at.holds()


async def test_a_file_that_changes_after_it_was_shown_is_not_what_was_confirmed(tmp_path: Path) -> None:
    async with serving(tmp_path) as at:
        before = at.reloader.loaded
        at.says("base_mult: 20", "base_mult: 10")
        plan = await at.reloader.plan(BY)
        at.says("base_mult: 10", "base_mult: 11")
        answer = await at.reloader.apply(plan.token, BY)
        assert (answer.ok, at.reloader.loaded) == (False, before)
        await at.reload()
        assert at.reloader.loaded.settings.default.execution.base_mult == 11


async def test_fifty_in_a_row_leave_one_order_a_side_and_the_last_settings(tmp_path: Path) -> None:
    async with serving(tmp_path) as at:
        at.says("order_ttl_ms: 60000", "order_ttl_ms: 100")
        for number in range(50):
            text = at.file.read_text(encoding="utf-8").splitlines()
            text = [f"    base_mult: {number % 20 + 1}" if "base_mult:" in line else line for line in text]
            at.file.write_text("\n".join(text) + "\n", encoding="utf-8")
            plan = await at.reloader.plan(BY)
            assert (await at.reloader.apply(plan.token, BY)).ok
            at.holds()
            await asyncio.sleep(0.05)
        assert at.reloader.loaded.settings.default.execution.base_mult == 10


async def test_nothing_is_taken_while_it_stops_or_has_not_begun(tmp_path: Path) -> None:
    async with serving(tmp_path) as at:
        at.says("base_mult: 20", "base_mult: 10")
        plan = await at.reloader.plan(BY)
        app, at.w.on.app = at.w.on.app, None
        early = await at.reloader.apply(plan.token, BY)
        assert (early.ok, "still starting" in early.text) == (False, True)
        at.w.on.app = app
        assert await at.w.on.stop() == DONE
        late = await at.reloader.apply(plan.token, BY)
        assert (late.ok, "is stopping" in late.text) == (False, True)
