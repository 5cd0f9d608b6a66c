from __future__ import annotations

import asyncio
import random
from collections import deque
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from tests.journal.past import BOUND_MS, prune
from tests.journal.postgres_server import PASSWORD, PostgresServer
from tests.journal.rows import SMALL, T0, intent, opened, written

from vibe_quant.journal import mirror as mirrors
from vibe_quant.journal import pruning
from vibe_quant.journal.mirror import PostgresMirror
from vibe_quant.journal.postgres import PostgresError, address_of, ask, connected
from vibe_quant.journal.reader import JournalReader
from vibe_quant.journal.rows import START, first_break
from vibe_quant.journal.sqlite_journal import SqliteJournal
from vibe_quant.journal.upgrade import MIRROR_HEAD
from vibe_quant.ports import JournalBroken


@pytest.fixture(autouse=True)
def quick(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(mirrors, "_FIRST_S", 0.02)
    monkeypatch.setattr(mirrors, "_MOST_S", 0.2)


def mirror_of(url: str, path: Path, said: list[str], name: str = "") -> PostgresMirror:
    return PostgresMirror(url, path, name or path.parent.name, said.append, random.Random(1), PASSWORD)


async def until(true: Callable[[], bool]) -> None:
    async with asyncio.timeout(20):
        while not true():
            await asyncio.sleep(0.01)


async def mirrored(server: PostgresServer, name: str) -> list[tuple[Any, ...]]:
    async with connected(address_of(server.url, PASSWORD)) as connection:
        text = (
            "SELECT seq, at_ms, run, kind, symbol, side, client_id, body, chain FROM journal WHERE instance LIKE %(n)s"
        )
        return await ask(connection, f"{text} ORDER BY seq", {"n": f"{name}/%"})


async def ended(task: asyncio.Task[None]) -> None:
    task.cancel()
    await asyncio.gather(task, return_exceptions=True)


async def test_rows_arrive_as_they_are(postgres: PostgresServer, tmp_path: Path) -> None:
    path, said = tmp_path / "j", list[str]()
    mirror = mirror_of(postgres.url, path, said)
    journal = SqliteJournal(path, "r1", mirror.offer, SMALL)
    task = asyncio.create_task(mirror.run())
    await asyncio.sleep(0.1)  # it waits for the first row to know which chain this is
    for i in range(5):
        journal.write([intent(i)])
    await until(lambda: mirror.mirrored == 5)
    journal.write([intent(5, symbol="ÄÖ/USDT:USDT")])
    await until(lambda: mirror.mirrored == 6)
    await asyncio.sleep(0.3)  # past a sign of life
    await ended(task)
    journal.close()
    rows = await mirrored(postgres, tmp_path.name)
    assert rows == [tuple(getattr(row, name) for name in row.__slots__) for row in JournalReader(path).rows()]
    assert first_break(rows, START)[1] is None
    assert (said, mirror.dropped) == ([], 0)


async def test_after_an_outage_it_is_complete(
    postgres: PostgresServer, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(mirrors, "BATCH", 7)
    monkeypatch.setattr(mirrors, "QUEUE", 10)
    path, said = written(tmp_path / "j", [intent(i) for i in range(20)]), list[str]()
    mirror = mirror_of(postgres.url, path, said)
    mirror._queue = deque(maxlen=10)
    task = asyncio.create_task(mirror.run())
    await until(lambda: mirror.mirrored == 20)
    journal = SqliteJournal(path, "r2", mirror.offer, SMALL)
    postgres.stop()
    try:
        for i in range(40):
            journal.write([intent(i)])
        await until(lambda: bool(said))
        assert mirror.dropped == 30
    finally:
        postgres.start()
    await until(lambda: mirror.mirrored == 60)
    await until(lambda: len(said) == 2)
    await ended(task)
    journal.close()
    assert [row[0] for row in await mirrored(postgres, tmp_path.name)] == list(range(1, 61))
    assert "has stopped, the journal itself goes on" in said[0]
    assert said[1] == "the journal's mirror is whole again, up to row 60"
    assert PASSWORD not in "".join(said)


async def test_a_journal_set_aside_and_its_successor_are_told_apart(postgres: PostgresServer, tmp_path: Path) -> None:
    for run in ("a", "b"):
        path = tmp_path / run
        journal = opened(path, run)
        journal.write([intent(1)])
        journal.close()
        mirror = mirror_of(postgres.url, path, [], "same-name")
        task = asyncio.create_task(mirror.run())
        await until(lambda mirror=mirror: mirror.mirrored == 1)  # type: ignore[misc]
        await ended(task)
    assert [row[2] for row in await mirrored(postgres, "same-name")] == ["a", "b"]


async def test_a_mirror_of_a_newer_form_is_left_alone(postgres: PostgresServer, tmp_path: Path) -> None:
    path, said = written(tmp_path / "j", [intent(1)]), list[str]()
    mirror = mirror_of(postgres.url, path, said)
    address = address_of(postgres.url, PASSWORD)
    task = asyncio.create_task(mirror.run())
    await until(lambda: mirror.mirrored == 1)
    await ended(task)
    async with connected(address) as connection:
        await ask(connection, "UPDATE alembic_version SET version_num = '9999'")
    try:
        task = asyncio.create_task(mirror.run())
        await until(lambda: bool(said))
        await ended(task)
    finally:
        async with connected(address) as connection:
            await ask(connection, f"UPDATE alembic_version SET version_num = '{MIRROR_HEAD}'")
    assert "newer version of this program" in said[0]


async def test_a_wrong_password_is_explained_and_not_shown(postgres: PostgresServer) -> None:
    with pytest.raises(PostgresError) as caught:
        async with connected(address_of(postgres.url, "wrong-canary")):
            pass
    assert "refuses the connection" in str(caught.value)
    assert "wrong-canary" not in f"{caught.value!r}{caught.value.__cause__!r}"
    assert caught.value.__suppress_context__


@pytest.mark.parametrize("url", ["mysql://vq:canary@h/db", "canary", "postgresql://vq:canary@h:port/db", ""])
def test_what_is_no_address_is_not_shown(url: str) -> None:
    with pytest.raises(PostgresError, match="write postgresql://") as caught:
        address_of(url)
    assert "canary" not in str(caught.value)


def test_an_address_shows_no_password() -> None:
    address = address_of("postgresql+psycopg://vq:canary@host/db?sslmode=require")
    assert "canary" not in repr(address)
    assert address.name == "host:5432/db"
    assert address.options["password"] == "canary"
    assert address.options["sslmode"] == "require"
    assert "password" not in address_of("postgresql://vq@host/db").options


async def test_a_statement_that_fails_is_explained(postgres: PostgresServer) -> None:
    with pytest.raises(PostgresError, match=r"fails \(42P01\): the user may not") as caught:
        async with connected(address_of(postgres.url, PASSWORD)) as connection:
            await ask(connection, "SELECT 'canary' FROM nowhere")
    assert "canary" not in str(caught.value)
    with pytest.raises(PostgresError, match=r"fails \(22012\)$"):
        async with connected(address_of(postgres.url, PASSWORD)) as connection:
            await ask(connection, "SELECT 1 / 0")


async def test_nobody_there(tmp_path: Path) -> None:
    with pytest.raises(PostgresError, match=r"cannot be reached|does not answer"):
        async with connected(address_of(f"postgresql://vq@/db?host={tmp_path}", "canary")):
            pass


async def test_a_file_that_was_removed_begins_another_chain(postgres: PostgresServer, tmp_path: Path) -> None:
    path, said = tmp_path / "j", list[str]()
    mirror = mirror_of(postgres.url, path, said)
    journal = SqliteJournal(path, "r1", mirror.offer, SMALL)
    task = asyncio.create_task(mirror.run())
    journal.write([intent(i) for i in range(5)])
    await until(lambda: mirror.mirrored == 5)
    for left in tmp_path.glob("j*"):
        left.unlink()
    with pytest.raises(JournalBroken):
        journal.write([intent(9)])
    journal.write([intent(7), intent(8)])
    await until(lambda: mirror.mirrored == 2)
    await ended(task)
    journal.close()
    found = [tuple(getattr(row, name) for name in row.__slots__) for row in JournalReader(path).rows()]
    assert len(found) == 2
    assert set(found) <= set(await mirrored(postgres, tmp_path.name))
    assert len(await mirrored(postgres, tmp_path.name)) == 7


async def test_a_journal_whose_beginning_is_gone_goes_on_in_its_mirror(
    postgres: PostgresServer, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """It is the same instance, and the mirror keeps all."""
    monkeypatch.setattr(pruning, "STEP", 3)
    monkeypatch.setattr(pruning, "LEAST", 1)
    monkeypatch.setattr(pruning, "MOST", 2)
    path, said = written(tmp_path / "j", [intent(i) for i in range(20)]), list[str]()
    for more in (0, 5):
        mirror = mirror_of(postgres.url, path, said)
        journal = SqliteJournal(path, "r2", mirror.offer, SMALL)
        task = asyncio.create_task(mirror.run())
        await until(lambda: mirror.mirrored >= 20)  # noqa: B023 - waited for in the same turn
        prune(journal, T0 + BOUND_MS + 1)
        for i in range(more):
            journal.write([intent(20 + i)])
        last = journal.acknowledged.seq
        await until(lambda: mirror.mirrored == last)  # noqa: B023
        await ended(task)
        journal.close()
    rows = await mirrored(postgres, tmp_path.name)
    assert next(JournalReader(path).rows()).seq > 15
    assert [row[0] for row in rows] == list(range(1, last + 1))
    assert first_break(rows, START)[1] is None
