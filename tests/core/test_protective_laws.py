"""Whatever is lost, late, doubled or refused: foreign stops are safe, the last stop stays, one stands in the end."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from decimal import Decimal
from itertools import cycle
from random import Random

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from tests.core.stop_exchange import SHORT, SYMBOL, Answer, Desk, stop

from vibe_quant.core.engine import Engine
from vibe_quant.core.stop_ids import StopIds
from vibe_quant.domain.enums import RequestKind, StopStatus
from vibe_quant.domain.events import Refused, StopReport, Unknown
from vibe_quant.domain.intents import CancelStop, Intent, PlaceStop, ReadStops
from vibe_quant.domain.settings import Settings

D = Decimal
KIND = {PlaceStop: RequestKind.PLACE_STOP, CancelStop: RequestKind.CANCEL_STOP, ReadStops: RequestKind.READ_STOPS}
FATES = ["honest", "honest", "lost", "never", "unknown", "unknown never", "doubled", "late", "limbo", "refused"]


class Hostile(Desk):
    """The exchange does what it does; what it says of it may be lost, late, doubled, and requests may take a while."""

    def __init__(self, fates: list[str], *, one_close: bool) -> None:
        super().__init__()
        self.fates: Iterator[str] = cycle(fates)
        self.algo.one_close = one_close
        self.algo.on_cancel = self.check_cancel
        self.late: list[Answer] = []
        self.limbo: list[Intent] = []
        self.qty = D(0)

    def check_cancel(self, client_id: str) -> None:
        assert self.ids.is_own(client_id)
        others = [c for c in self.algo.resting if c != client_id and self.ids.is_own(c)]
        idle = client_id not in self.algo.resting  # repeated, or never there
        assert self.qty == 0 or idle or others or self.manager.takeover.confirmed, "the last stop was withdrawn"

    def chaos(self, intents: list[Intent]) -> None:
        queue = list(intents)
        for _ in range(12):
            if not queue:
                return
            intent = queue.pop(0)
            if isinstance(intent, PlaceStop | CancelStop | ReadStops):
                for answer in self.fate(intent, next(self.fates)):
                    queue += self.feed(answer)

    def fate(self, intent: PlaceStop | CancelStop | ReadStops, fate: str) -> list[Answer]:
        client_id = "" if isinstance(intent, ReadStops) else intent.client_id
        unknown = Unknown(KIND[type(intent)], SYMBOL, client_id, self.now)
        if fate == "refused":
            return [Refused(KIND[type(intent)], SYMBOL, client_id, -1001, self.now, self.now)]
        if isinstance(intent, CancelStop):
            self.check_cancel(client_id)
        if fate == "limbo":
            self.limbo.append(intent)
            return []
        if fate in ("never", "unknown never"):
            return [unknown] if fate == "unknown never" else []
        answer = self.algo.answer(intent, self.now)
        assert answer is not None
        if fate in ("late", "doubled"):
            self.late.append(answer)
        said: dict[str, list[Answer]] = {"honest": [answer], "doubled": [answer, answer], "unknown": [unknown]}
        return said.get(fate, [])

    def deliver(self, pick: int) -> None:
        """One late answer or one request that took its time."""
        if self.late and pick % 2:
            self.chaos(self.feed(self.late.pop(pick % len(self.late))))
        elif self.limbo:
            self.execute(self.limbo.pop(pick % len(self.limbo)))

    def execute(self, intent: Intent) -> None:
        """A request that took its time; it was judged when it was made."""
        self.algo.on_cancel = None
        self.algo.answer(intent, self.now)
        self.algo.on_cancel = self.check_cancel

    def foreign(self, trigger: Decimal, *, told: bool) -> None:
        """The user places a stop, or takes it away."""
        known = self.algo.resting.pop("user", None)
        report = stop("user", trigger, qty=D(5)) if known is None else replace(known, status=StopStatus.CANCELED)
        if known is None:
            self.algo.resting["user"] = report
        if told:
            self.chaos(self.feed(report))


ops = st.one_of(
    st.tuples(st.just("wake"), st.integers(1, 7000)),
    st.tuples(st.just("wake"), st.integers(1, 7000)),
    st.tuples(st.just("deliver"), st.integers(0, 99)),
    st.tuples(st.just("liq"), st.integers(800, 950)),
    st.tuples(st.just("qty"), st.integers(0, 3)),
    st.tuples(st.just("doubt"), st.just(0)),
    st.tuples(st.just("stream"), st.integers(0, 1)),
    st.tuples(st.just("user"), st.integers(70, 99)),
)


def play(desk: Hostile, script: list[tuple[str, int]]) -> None:
    for op, value in script:
        desk.now += 1
        match op:
            case "wake":
                wake = desk.manager.deadline()
                desk.now = desk.now + value if wake is None else min(max(wake, desk.now), desk.now + value)
                desk.chaos(desk.manager.on_timer(desk.now))
            case "deliver":
                desk.deliver(value)
            case "liq":
                desk.chaos(desk.manager.on_liquidation(D(value) / 10, D(100), desk.now))
            case "qty":
                desk.qty = D(value)
                desk.chaos(desk.manager.on_position(desk.qty, True, desk.now))
            case "doubt":
                desk.chaos(desk.manager.on_position(D(0), False, desk.now))
            case "stream":
                desk.chaos(desk.manager.on_user_stream(bool(value), desk.now))
            case _:
                desk.foreign(D(value), told=value % 2 == 0)


@settings(max_examples=150, deadline=None)
@given(
    st.lists(ops, max_size=60), st.lists(st.sampled_from(FATES), min_size=1, max_size=25), st.booleans(), st.booleans()
)
def test_one_closing_stop_stands_at_the_right_price_at_last(
    script: list[tuple[str, int]], fates: list[str], one_close: bool, stands: bool
) -> None:
    desk = Hostile(fates, one_close=one_close)
    if stands:
        desk.qty = D(1)
        desk.open()
    desk.manager.on_liquidation(D(90), D(100), 0)
    play(desk, script)
    for intent in desk.limbo:
        desk.execute(intent)
    desk.algo.resting.pop("user", None)
    desk.run(desk.feed(stop("user", "92", status=StopStatus.CANCELED)))
    desk.qty = D(2)
    desk.position("2")
    desk.price("97", "100")
    desk.wait(120_000)
    assert desk.own() == [(D("98.0"), None)]
    assert desk.manager.standing
    for answer in desk.late:  # and no late word moves it
        if isinstance(answer, StopReport | Refused):
            desk.run(desk.feed(answer))
    desk.wait(60_000)
    assert desk.own() == [(D("98.0"), None)]
    desk.qty = D(0)
    desk.position("0")
    desk.wait(60_000)
    assert desk.own() == []


def test_ids_are_ours_short_and_never_repeat() -> None:
    first, second = StopIds("prefix12", "k3x9q2"), StopIds("prefix12", "k3x9q3")
    ids = [i.new_id(SYMBOL, side) for i in (first, second) for side in ("LONG", "SHORT") for _ in range(50)]  # type: ignore[arg-type]
    assert len(set(ids)) == len(ids)
    assert all(len(i) <= 36 and second.is_own(i) for i in ids)
    assert ids[0].startswith("prefix12-ps-")
    assert "-L-" in ids[0]
    assert not second.is_own("prefix12-k3x9q2-1")


def test_ids_stay_short_over_the_longest_run() -> None:
    ids = StopIds("prefix12", "k3x9q2ab")
    made = {ids.new_id(SYMBOL, SHORT) for _ in range(10_100)}  # the 10,000th was one character too many
    ids._count = 36**5 - 2  # sixty million
    made.add(ids.new_id(SYMBOL, SHORT))
    assert len(made) == 10_101
    assert max(map(len, made)) == 36


@pytest.mark.parametrize("run", ["", "ninechars", "a-b", "é"])
def test_a_run_that_would_make_ids_too_long_or_strange_is_refused_at_the_start(run: str) -> None:
    with pytest.raises(ValueError, match="letters and digits"):
        Engine(Settings(), run, Random(1))
