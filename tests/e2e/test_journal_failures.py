"""The journal's disk fills up, its file cannot be written, is damaged or replaced: what protects goes on alone."""

from __future__ import annotations

import asyncio
import errno
import os
import sqlite3
import subprocess
from collections.abc import Iterator, Sequence
from pathlib import Path

import pytest
from sqlalchemy import Connection
from tests.e2e.danger import alarms, patient, sent
from tests.e2e.driven import Driven, DrivenScene, wallet_for
from tests.e2e.stage import CONFIG, LONG, Scene, Stage, settings, stage

from vibe_quant.app.application import DONE
from vibe_quant.app.places import FILE
from vibe_quant.domain.enums import SignalReason
from vibe_quant.journal import sqlite_journal
from vibe_quant.journal.reader import JournalReader
from vibe_quant.journal.rows import Row
from vibe_quant.journal.sqlite_file import append
from vibe_quant.ports import Entry

SLOW_EXIT = CONFIG.replace("horizon_s: 12, endgame_s: 4, child_s: 2", "horizon_s: 300, endgame_s: 4, child_s: 1")
SEATS = ((LONG, "0.3"),)
LEG = ("BTCUSDT", LONG)
HELD_MS = 1000
"""So long after the journal has failed, the last discretionary order was sent and the last one lives."""


@pytest.fixture
def disk(tmp_path: Path) -> Iterator[Path]:
    """A file system of 8 MiB of its own."""
    place = tmp_path / "disk"
    place.mkdir()
    line = ["mount", "-t", "tmpfs", "-o", "size=8m", "none", str(place)]
    if subprocess.run(line, check=False, capture_output=True).returncode != 0:
        pytest.skip("mounting a small disk is not permitted here")
    yield place
    subprocess.run(["umount", "-l", str(place)], check=True)


def fill_up(disk: Path) -> None:
    """Not a byte is left."""
    with (disk / "rest").open("ab", buffering=0) as rest:
        for size in (65536, 4096, 1):
            try:
                while True:
                    rest.write(bytes(size))
            except OSError as error:
                assert error.errno == errno.ENOSPC


def said(on: Stage, words: str) -> bool:
    return any(words in line for line in on.log)


def journalled(on: Stage) -> set[str]:
    """Client ids of orders whose intent is in the journal."""
    return {row.client_id for row in on.journal.rows(kinds=("intent",)) if row.data()["intent"] == "OrderIntent"}


def all_recorded(on: Stage) -> None:
    """No order was sent of which the journal knows nothing."""
    assert {order.client_id for order in on.truth.own} <= journalled(on)


async def held_back(on: Stage, failed_ms: int) -> None:
    """Discretion is held, its orders are withdrawn, and the stop stands."""
    await on.until(lambda: alarms(on, "The journal cannot be written"), 10, "the alarm")
    await on.until(lambda: not on.truth.live(), 10, "the withdrawal of its orders")
    end = on.server.box.now + 1500
    await on.until(lambda: on.server.box.now > end, 5)
    assert all(order.created_ms <= failed_ms + HELD_MS for order in on.truth.own)
    assert all(order.updated_ms <= failed_ms + 2 * HELD_MS for order in on.truth.own)
    assert on.truth.stops()


async def goes_on(on: Stage) -> None:
    """Another discretionary order is sent."""
    before = len(on.truth.own)
    await on.until(lambda: len(on.truth.own) > before, 15, "another order")


async def test_a_disk_that_fills_up_ends_discretion_until_there_is_room(disk: Path) -> None:
    """The reserve carries the rows meanwhile; with room everything goes on by itself."""
    async with stage(disk, Scene(seats=SEATS), chosen=settings(SLOW_EXIT)) as on:
        await on.working()
        await on.protected()
        assert (disk / f"{FILE}.ballast").exists()
        failed_ms = on.server.box.now
        fill_up(disk)
        for _ in range(200):  # the log is written over and over: what is full shows when the file must grow
            if not (disk / f"{FILE}.ballast").exists():
                break
            await asyncio.sleep(0.05)
            failed_ms = on.server.box.now
        await held_back(on, failed_ms)
        assert said(on, "the disk is full")
        all_recorded(on)
        (disk / "rest").unlink()
        await on.until(lambda: said(on, "the journal is well again; 0 rows were lost"), 10, "the recovery")
        await goes_on(on)
        assert (disk / f"{FILE}.ballast").exists()
        assert await on.stop() == DONE
        all_recorded(on)


async def test_a_disk_without_even_the_reserve_keeps_the_rows_until_there_is_room(disk: Path) -> None:
    """Rows wait in memory, in their order, and reach the file when there is room; a stop meanwhile is a clean one."""
    async with stage(disk, Scene(seats=SEATS), chosen=settings(SLOW_EXIT)) as on:
        app = await on.working()
        await on.protected()
        fill_up(disk)
        await on.until(lambda: not (disk / f"{FILE}.ballast").exists(), 20, "the end of the reserve")
        await on.until(lambda: alarms(on, "The journal cannot be written"), 10, "the alarm")
        fill_up(disk)
        large = [Entry("decision", on.server.box.now, {"notice": "x" * 4000, "i": i}) for i in range(50)]
        assert not app.recorder.append(large, app.parts.clock.now_ms())
        assert app.recorder.lost == 0
        assert said(on, "the disk is full. Free space on it; writing goes on by itself then")
        acknowledged = {row.seq: row.chain for row in on.journal.rows()}
        (disk / "rest").unlink()
        await on.until(lambda: said(on, "the journal is well again; 0 rows were lost"), 10, "the recovery")
        kept = [row.data().get("i") for row in on.journal.rows(kinds=("decision",))]
        assert [i for i in kept if i is not None] == list(range(50))
        assert acknowledged.items() <= {row.seq: row.chain for row in on.journal.rows()}.items()
        await goes_on(on)
        assert await on.stop() == DONE
        all_recorded(on)


def refusing(connection: Connection, rows: Sequence[Row]) -> None:
    """SQLite itself refuses, as for a file that may not be written."""
    driver = connection.connection.driver_connection
    assert isinstance(driver, sqlite3.Connection)
    driver.execute("PRAGMA query_only=ON")
    append(connection, rows)


async def test_a_file_that_may_not_be_written_any_more(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    async with stage(tmp_path, Scene(seats=SEATS), chosen=settings(SLOW_EXIT)) as on:
        await on.working()
        await on.protected()
        acknowledged = {row.seq: row.chain for row in on.journal.rows()}
        failed_ms = on.server.box.now
        with monkeypatch.context() as broken:
            broken.setattr(sqlite_journal, "append", refusing)
            await on.until(lambda: alarms(on, "The journal cannot be written"), 10, "the alarm")
            await held_back(on, failed_ms + HELD_MS)
            assert said(on, "it may not be written. Give this user the right")
        await on.until(lambda: said(on, "the journal is well again; 0 rows were lost"), 10, "the recovery")
        await goes_on(on)
        assert await on.stop() == DONE
        all_recorded(on)
        after = {row.seq: row.chain for row in on.journal.rows()}
        assert acknowledged.items() <= after.items()


async def test_panic_leaves_and_a_stop_is_placed_without_a_journal(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    market = Driven()
    scene = DrivenScene(market=market, seats=SEATS, wallet=wallet_for(market, "0.3", "0.055"))
    async with stage(tmp_path, scene, chosen=patient()) as on:
        await on.working()
        await on.protected()
        with monkeypatch.context() as broken:
            broken.setattr(sqlite_journal, "append", refusing)
            await on.until(lambda: alarms(on, "The journal cannot be written"), 10, "the alarm")
            stops = set(on.truth.stops())
            market.go("-0.03", over_s=1.5)
            await on.until(lambda: alarms(on, "LONG is in panic tier 1"), 10, "the first tier")
            await on.until(lambda: len(sent(on, SignalReason.PANIC)) > 1, 10, "slices")
            await on.until(lambda: on.truth.left(LEG) < on.truth.seats[LEG] / 2, 10, "relief")
            unwritten = {intent.client_id for intent in sent(on, SignalReason.PANIC)}
            assert unwritten
            assert not unwritten & journalled(on)
            await on.until(lambda: set(on.truth.stops()) - stops or not on.truth.left(LEG), 10, "another stop")
        await on.until(lambda: said(on, "the journal is well again; 0 rows were lost"), 10, "the recovery")
        await on.until(lambda: unwritten <= journalled(on), 10, "the rows that were kept")
        assert await on.stop() == DONE
        all_recorded(on)


@pytest.mark.parametrize("damage", ["middle", "cut", "rubbish"])
async def test_a_start_with_a_damaged_file_protects_and_says_how_to_go_on(tmp_path: Path, damage: str) -> None:
    async with stage(tmp_path, Scene(seats=SEATS), chosen=settings(SLOW_EXIT), judged=False) as on:
        await on.working()
        assert await on.stop() == DONE
        before = len(on.truth.own)
        spoil(tmp_path / FILE, damage)
        spoilt = (tmp_path / FILE).read_bytes()
        on.log.clear()
        on.notices.clear()
        on.start()
        await on.protected()
        await on.until(lambda: alarms(on, "The journal cannot be written"), 10, "the alarm")
        await asyncio.sleep(2)
        assert len(on.truth.own) == before, "it sent a discretionary order"
        assert on.truth.stops()
        assert said(on, f"set all of {FILE}*")
        assert said(on, "vibe-quant journal verify --path")
        assert await on.stop() == DONE
        assert (tmp_path / FILE).read_bytes() == spoilt, "what was damaged is evidence"
        aside = tmp_path / "aside"
        aside.mkdir()
        for file in tmp_path.glob(f"{FILE}*"):
            file.rename(aside / file.name)
        on.start()
        await goes_on(on)
        assert await on.stop() == DONE
        on.judge()


async def test_a_start_that_cannot_read_what_was_commanded_waits_though_rows_can_be_written(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A pause may stand among what could not be read: what protects works, discretion waits for a restart."""
    async with stage(tmp_path, Scene(seats=SEATS), chosen=settings(SLOW_EXIT)) as on:
        await on.working()
        assert await on.stop() == DONE
        before = len(on.truth.own)

        def damaged(_: object) -> object:
            raise ValueError("no JSON")

        with monkeypatch.context() as patched:
            patched.setattr(JournalReader, "standing", damaged)
            on.start()
            await on.protected()
            await on.until(lambda: said(on, "a pause may stand in it"), 10, "the alarm")
            await asyncio.sleep(1.5)
            assert len(on.truth.own) == before, "it sent a discretionary order"
            assert await on.stop() == DONE
        on.start()
        await goes_on(on)
        assert await on.stop() == DONE
        on.judge()


def spoil(path: Path, damage: str) -> None:
    """Let a file be what a bad disk would make of it."""
    size = path.stat().st_size
    if damage == "cut":
        os.truncate(path, size // 2)
        return
    with path.open("r+b") as file:
        if damage == "rubbish":
            file.write(b"\xa5" * 2000)
        else:
            file.seek(path.read_bytes().rfind(b'"OrderIntent"') + 1)
            file.write(b"o")


async def test_another_file_in_its_place_while_it_runs(tmp_path: Path) -> None:
    """Nothing is written to a stranger; with its own file back it goes on by itself, nothing acknowledged lost."""
    async with stage(tmp_path, Scene(seats=SEATS), chosen=settings(SLOW_EXIT)) as on:
        await on.working()
        await on.protected()
        path, aside = tmp_path / FILE, tmp_path / "aside"
        acknowledged = {row.seq: row.chain for row in on.journal.rows()}
        path.rename(aside)
        path.write_bytes(b"a letter, and no database at all " * 200)
        failed_ms = on.server.box.now + HELD_MS
        await held_back(on, failed_ms)
        assert said(on, "It is left untouched and nothing is written to it")
        assert path.read_bytes() == b"a letter, and no database at all " * 200
        aside.rename(path)
        await on.until(lambda: said(on, "the journal is well again; 0 rows were lost"), 10, "the recovery")
        await goes_on(on)
        assert await on.stop() == DONE
        all_recorded(on)
        assert acknowledged.items() <= {row.seq: row.chain for row in on.journal.rows()}.items()


async def test_a_start_where_nothing_may_be_written_protects_and_trades_once_it_may(tmp_path: Path) -> None:
    place = tmp_path / "state"
    place.mkdir()
    if subprocess.run(["mount", "--bind", str(place), str(place)], check=False, capture_output=True).returncode != 0:
        pytest.skip("mounting is not permitted here")
    try:
        remounted(place, "ro")
        async with stage(place, Scene(seats=SEATS), chosen=settings(SLOW_EXIT)) as on:
            await on.protected()
            await on.until(lambda: alarms(on, "The journal cannot be written"), 10, "the alarm")
            await asyncio.sleep(2)
            assert on.truth.own == [], "it sent a discretionary order"
            assert said(on, "it may not be written. Give this user the right")
            remounted(place, "rw")
            await goes_on(on)
            assert await on.stop() == DONE
            all_recorded(on)
            assert [row.kind for row in on.journal.rows()][-1] == "end"
    finally:
        subprocess.run(["umount", "-l", str(place)], check=True)


def remounted(place: Path, mode: str) -> None:
    subprocess.run(["mount", "-o", f"remount,bind,{mode}", str(place)], check=True)
