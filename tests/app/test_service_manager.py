"""What the service manager is told, moment by moment: the loop's time is an argument, the application a real one."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from dataclasses import replace
from typing import Any

import pytest
from loguru import logger
from tests.app.test_application import House
from tests.operations_fake import BLOCKED, LEG, STATUS, FakeOperations

from vibe_quant.app.application import Application, Goal
from vibe_quant.app.pulse import Pulse
from vibe_quant.app.readiness import NO_STREAMS, REFUSED, UNCHECKED, UNSETTLED, unready
from vibe_quant.app.sd_notify import NotifySocket
from vibe_quant.app.service_manager import BEAT_S, ENDING_S, WAIT_S, ServiceManager, service_manager
from vibe_quant.app.status_line import LONGEST, status_line
from vibe_quant.domain.enums import NoticeKind, Severity
from vibe_quant.domain.intents import Notify
from vibe_quant.domain.status import Status

STOP_S = 20.0


class Told(NotifySocket):
    """Keeps what would be sent."""

    def __init__(self) -> None:
        self.lines: list[str] = []

    def send(self, *lines: str) -> bool:
        self.lines += lines
        return True

    def of(self, name: str) -> list[str]:
        return [line.partition("=")[2] for line in self.lines if line.startswith(f"{name}=")]


class Desk:
    """A manager's front over an application that may be there or not."""

    def __init__(self, wait_s: float | None = 30.0, operations: Any = None) -> None:
        self.app: Application | None = None
        self.told = Told()
        self.front = ServiceManager(self.told, wait_s, STOP_S, lambda: self.app, operations or FakeOperations())

    def beats(self) -> int:
        return len(self.told.of("WATCHDOG"))


async def at_work(house: House, then: Callable[[], None], goal: Goal = Goal.SERVE) -> None:
    """Run it until its start is over (or refused), do ``then``, and stop it."""
    running = asyncio.create_task(house.run(goal, stop_after_s=None))
    for _ in range(1000):
        await asyncio.sleep(0.01)
        if house.app.refused or unready(house.app) is None:
            break
    then()
    house.app.stop()
    await running


async def test_a_start_that_waits_is_prolonged_for_as_long_as_a_network_may_take_and_no_longer() -> None:
    desk = Desk()
    await desk.front.tell_status()
    moments = [step * 5.0 for step in range(int(WAIT_S / 5) + 200)]
    for now in moments:
        desk.front.look(now)
    prolonged = desk.told.of("EXTEND_TIMEOUT_USEC")
    assert {int(one) for one in prolonged} == {60_000_000}
    assert len(prolonged) == pytest.approx(WAIT_S / 10, abs=2), "each beat, a third of the watchdog's 30 s, until then"
    assert desk.beats() > len(prolonged), "the loop lives all the same"
    assert not desk.told.of("READY")
    assert desk.told.of("STATUS")[0].startswith(f"not ready: {UNCHECKED}; ")


def test_without_a_watchdog_the_start_is_prolonged_all_the_same() -> None:
    desk = Desk(wait_s=None)
    for now in range(60):
        desk.front.look(float(now))
    assert desk.beats() == 0
    assert len(desk.told.of("EXTEND_TIMEOUT_USEC")) == 60 / BEAT_S


async def test_ready_is_said_once_all_is_there_and_a_stop_once() -> None:
    house, desk = House(), Desk()
    desk.front.look(0.0)

    def look() -> None:
        assert unready(house.app) is None
        assert not desk.told.of("READY")
        for now in (1.0, 2.0):
            desk.front.look(now)
        assert desk.told.of("READY") == ["1"]
        assert not desk.told.of("STOPPING")

    desk.app = house.app
    await at_work(house, look)
    for now in (3.0, 4.0):
        desk.front.look(now)
    assert desk.told.of("STOPPING") == ["1"]
    assert int(desk.told.of("EXTEND_TIMEOUT_USEC")[-1]) == (STOP_S + ENDING_S) * 1_000_000
    assert desk.told.of("READY") == ["1"]


async def test_what_a_start_waits_for_has_words() -> None:
    house = House()
    assert unready(None) == UNCHECKED
    assert unready(house.app) == UNSETTLED
    house.app.at_work = True
    assert unready(house.app) == NO_STREAMS
    house.app.ready_ms = 1
    leg = unready(house.app)
    assert leg is None or "not known yet" in leg
    refused = House()
    await at_work(refused, lambda: None, Goal.PROTECT)
    assert unready(refused.app) == REFUSED


async def test_an_engine_that_takes_nothing_starves_the_watchdog_though_the_loop_lives() -> None:
    """The consumer's task is blocked, the one thing that cannot be seen from the loop; the front's own task runs."""
    house, desk = House(), Desk()
    blocked = asyncio.Event()

    async def never() -> None:
        await blocked.wait()

    house.app.consumer.run = never  # type: ignore[method-assign]
    desk.app = house.app
    running = asyncio.create_task(house.app.run())
    await asyncio.sleep(0.05)
    assert len(house.app.inbox) > 0
    for beat in range(6):
        desk.front.look(beat * 10.0)
    assert desk.beats() == 1, "the first look cannot know; no other may feed it"
    assert len(desk.told.of("EXTEND_TIMEOUT_USEC")) == 1, "nor is its start prolonged"
    running.cancel()
    await asyncio.gather(running, return_exceptions=True)


async def test_an_idle_engine_feeds_it_and_one_that_moves_again_does() -> None:
    house = House()
    pulse = Pulse(lambda: house.app)
    assert pulse.beat() is None, "it has not begun"
    running = asyncio.create_task(house.app.run())
    for _ in range(5):
        await asyncio.sleep(0.02)
        assert pulse.beat() is None
    assert pulse.beat() is not None, "nothing can have happened between two looks without a turn of the loop"
    await asyncio.sleep(0.02)
    assert pulse.beat() is None
    house.app.stop()
    await running
    assert pulse.beat() is None, "what is over need not move"
    assert pulse.beat() is None


async def test_a_picture_that_cannot_be_drawn_does_not_stop_the_signs_of_life() -> None:
    class Broken(FakeOperations):
        def status(self) -> Status:
            raise ZeroDivisionError

    desk = Desk(operations=Broken())
    for now in range(0, 40, 5):
        desk.front.look(float(now))
        await desk.front.tell_status()
    assert desk.beats() == 4
    (told,) = desk.told.of("STATUS")
    assert "could not be drawn (ZeroDivisionError)" in told


class Endless(FakeOperations):
    """Its picture is never done, and nothing may ask for all of it at once."""

    def status(self) -> Status:
        raise AssertionError("the whole picture in one go")

    async def drawn(self) -> Status:
        return await asyncio.Future[Status]()


async def until(reached: Callable[[], bool]) -> None:
    async with asyncio.timeout(20):
        while not reached():
            await asyncio.sleep(0.005)


async def test_signs_of_life_wait_for_no_picture(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("vibe_quant.app.service_manager.LOOK_S", 0.01)
    desk = Desk(wait_s=0.03, operations=Endless())
    task = asyncio.create_task(desk.front.run())
    await until(lambda: desk.beats() >= 5)
    assert not desk.told.of("STATUS")
    task.cancel()
    await asyncio.gather(task, return_exceptions=True)
    assert desk.told.of("STOPPING") == ["1"]
    assert all(one is asyncio.current_task() for one in asyncio.all_tasks()), "nor does one go on being drawn"


async def test_the_line_is_told_again_where_it_is_another_and_not_once_the_service_stops(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    class InPieces(FakeOperations):
        looked = 0

        def status(self) -> Status:
            raise AssertionError("the whole picture in one go")

        async def drawn(self) -> Status:
            self.looked += 1
            await asyncio.sleep(0)
            return self.now

    monkeypatch.setattr("vibe_quant.app.service_manager.STATUS_S", 0.01)
    operations = InPieces()
    desk = Desk(operations=operations)
    task = asyncio.create_task(desk.front.run())
    await until(lambda: operations.looked >= 3)
    assert len(desk.told.of("STATUS")) == 1
    operations.now = replace(STATUS, held="the clock is off")
    await until(lambda: len(desk.told.of("STATUS")) == 2)
    assert "held: the clock is off" in desk.told.of("STATUS")[1]
    task.cancel()
    await asyncio.gather(task, return_exceptions=True)
    operations.now = STATUS
    await desk.front.tell_status()
    assert len(desk.told.of("STATUS")) == 2 + 1, "the stop's own"
    assert desk.told.of("STATUS")[2].startswith("stopping")


async def test_a_line_that_cannot_be_told_is_a_defect_that_ends_nothing(monkeypatch: pytest.MonkeyPatch) -> None:
    desk, said, failed = Desk(), list[str](), 0

    def breaks(_line: str) -> str:
        nonlocal failed
        failed += 1
        raise ZeroDivisionError

    monkeypatch.setattr("vibe_quant.app.service_manager.STATUS_S", 0.01)
    monkeypatch.setattr(desk.front, "_status", breaks)
    sink = logger.add(lambda text: said.append(str(text)), format="{message}")
    task = asyncio.create_task(desk.front.run())
    await until(lambda: failed >= 3)
    logger.remove(sink)
    assert sum("a defect: the service manager" in line for line in said) == 1
    task.cancel()
    await asyncio.gather(task, return_exceptions=True)


def test_an_application_that_cannot_be_looked_at_does_not_stop_them_either() -> None:
    class Odd:
        consuming = False
        over = False

        class engine:  # noqa: N801 - stands for an attribute
            class house:  # noqa: N801
                stopping = False

    desk = Desk()
    desk.app = Odd()  # type: ignore[assignment]
    for now in range(0, 40, 5):
        desk.front.look(float(now))
    assert desk.beats() == 4
    assert not desk.told.of("READY")


async def test_an_alarm_of_the_start_stands_in_the_status() -> None:
    desk = Desk()
    desk.front.notice(Notify(NoticeKind.LIFECYCLE, Severity.WARNING, "a warning"))
    desk.front.notice(Notify(NoticeKind.LIFECYCLE, Severity.ALARM, "The key may\nmove money."))
    await desk.front.tell_status()
    assert desk.told.of("STATUS") == [f"not ready: The key may move money.; {status_line(STATUS)}"]


async def test_the_end_of_its_task_is_the_end_of_the_service() -> None:
    desk = Desk()
    task = asyncio.create_task(desk.front.run())
    await asyncio.sleep(0.01)
    task.cancel()
    await asyncio.gather(task, return_exceptions=True)
    assert desk.told.of("STOPPING") == ["1"]
    assert desk.beats() == 1


async def test_a_defect_of_the_front_is_said_once_and_neither_ends_the_signs_of_life_nor_the_service(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    desk, said, passed = Desk(wait_s=0.03), list[str](), 0.0

    def breaks() -> None:
        raise ZeroDivisionError

    monkeypatch.setattr("vibe_quant.app.service_manager.LOOK_S", 0.01)
    monkeypatch.setattr(desk.front, "_turn", breaks)
    sink = logger.add(lambda text: said.append(str(text)), format="{message}")
    task = asyncio.create_task(desk.front.run())
    while desk.beats() < 5 and passed < 20:
        await asyncio.sleep(0.01)
        passed += 0.01
    logger.remove(sink)
    assert desk.beats() >= 5
    assert not task.done()
    assert not desk.told.of("STOPPING")
    assert sum("a defect: the service manager" in line for line in said) == 1
    task.cancel()
    await asyncio.gather(task, return_exceptions=True)


def test_nobody_is_told_where_nobody_listens() -> None:
    assert service_manager({}, 1, STOP_S, lambda: None, FakeOperations()) == ()
    (front,) = service_manager({"NOTIFY_SOCKET": "@x"}, 1, STOP_S, lambda: None, FakeOperations())
    assert front.name == "service manager"


def test_the_line_says_what_is_wrong_first_and_the_nearest_leg_next() -> None:
    assert status_line(STATUS) == (
        "sim, working; BTC/USDT:USDT LONG 0.842, 7.12 % from liquidation, stop stands; "
        "ETH/USDT:USDT SHORT 0.842, 7.12 % from liquidation, stop stands, waits: paused by the operator"
    )
    bad = replace(
        STATUS,
        paused=("all",),
        held="the clock",
        breaker_open=True,
        journal_trouble="disk full",
        streams=(replace(STATUS.streams[0], up=False),),
        legs=(replace(BLOCKED, dist=None), replace(LEG, stop_standing=False, halted="five refusals")),
    )
    line = status_line(bad)
    wrong = "paused: all; held: the clock; REST breaker open; journal: disk full; streams down: public; BTC/USDT:USDT"
    assert line.startswith(f"sim, working; {wrong} LONG")
    assert "NO STOP, waits: five refusals; ETH" in line
    assert line.endswith("liquidation not known, stop stands, waits: paused by the operator")


def test_the_line_is_one_line_and_not_long() -> None:
    many = replace(STATUS, legs=(LEG,) * 9, held="a\nREADY=1\n" + "x" * 900)
    assert "\n" not in status_line(many)
    assert len(status_line(many)) == LONGEST
    assert status_line(replace(STATUS, legs=(LEG,) * 9)).endswith("and 5 more positions")
    assert status_line(replace(STATUS, legs=(replace(LEG, qty=LEG.qty * 0),))) == "sim, working; no managed position"
