from __future__ import annotations

import asyncio
from pathlib import Path

import pytest
from tests.journal.postgres_server import PASSWORD, PostgresServer

from vibe_quant.journal import lease as leases
from vibe_quant.journal.lease import Lease, LeaseHeldError, LeaseState
from vibe_quant.journal.postgres import PostgresError, address_of, ask, connected

Told = list[tuple[LeaseState, str]]


def lease_of(server: PostgresServer, holder: str, told: Told | None = None, account: str = "a1") -> Lease:
    def changed(state: LeaseState, detail: str) -> None:
        if told is not None:
            told.append((state, detail))

    return Lease(server.url, account, holder, changed, PASSWORD)


async def sql(server: PostgresServer, text: str) -> None:
    async with connected(address_of(server.url, PASSWORD)) as connection:
        await ask(connection, text)


async def test_the_second_is_refused_and_told_who_holds_it(postgres: PostgresServer) -> None:
    first, second = lease_of(postgres, "host-a pid 7"), lease_of(postgres, "host-b pid 9")
    await first.acquire()
    await first.acquire()
    with pytest.raises(LeaseHeldError, match="traded by another instance: host-a pid 7"):
        await second.acquire()
    await second.release()
    assert await second.holder() == "host-a pid 7"
    await lease_of(postgres, "host-b pid 9", account="a2").acquire()
    await first.release()
    await second.acquire()
    assert await first.holder() == "host-b pid 9"
    await second.release()
    assert await first.holder() is None


async def test_it_lapses_by_the_databases_clock_and_is_lost(postgres: PostgresServer) -> None:
    told: Told = []
    first, second = lease_of(postgres, "host-a", told), lease_of(postgres, "host-b")
    await first.acquire()
    await sql(postgres, "UPDATE lease SET until = clock_timestamp() - interval '1 ms' WHERE account = 'a1'")
    await first.renew()
    assert told == []
    await sql(postgres, "UPDATE lease SET until = clock_timestamp() - interval '1 ms' WHERE account = 'a1'")
    await second.acquire()
    await first.renew()
    assert [state for state, _ in told] == [LeaseState.LOST]
    assert "host-b" in told[0][1]
    await second.release()
    await first.renew()
    assert await first.holder() == "host-a", "nobody had it"
    assert [state for state, _ in told] == [LeaseState.LOST, LeaseState.HELD]


async def test_an_heir_need_not_wait(postgres: PostgresServer) -> None:
    await lease_of(postgres, "process 7 (boot-a.1)", account="a5").acquire()
    other = Lease(postgres.url, "a5", "process 8 (boot-b.1)", lambda *_: None, PASSWORD, "(boot-b.1)")
    with pytest.raises(LeaseHeldError, match=r"process 7 \(boot-a\.1\)"):
        await other.acquire()
    heir = Lease(postgres.url, "a5", "process 9 (boot-a.1)", lambda *_: None, PASSWORD, "(boot-a.1)")
    await heir.acquire()
    assert await heir.holder() == "process 9 (boot-a.1)"
    await heir.release()


async def test_it_runs_until_it_is_lost(postgres: PostgresServer, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(leases, "RENEW_S", 0.02)
    told: Told = []
    first = lease_of(postgres, "host-a", told, "a3")
    await first.acquire()
    task = asyncio.create_task(first.run())
    await asyncio.sleep(0.1)
    assert not task.done()
    await sql(postgres, "DELETE FROM lease WHERE account = 'a3'")
    await asyncio.sleep(0.1)
    assert not task.done(), "a database that has lost it is no other instance"
    assert told == []
    await sql(postgres, "UPDATE lease SET holder = 'host-b' WHERE account = 'a3'")
    await asyncio.wait_for(task, 10)
    assert told[0][0] is LeaseState.LOST
    assert "host-b" in told[0][1]


async def test_an_unreachable_database_leaves_it_in_doubt_only_when_it_has_lapsed(
    postgres: PostgresServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    told: Told = []
    first = lease_of(postgres, "host-a", told, "a4")
    await first.acquire()
    postgres.stop()
    try:
        await first.renew()
        assert told == []
        monkeypatch.setattr(leases, "VALID_S", 0)
        await first.renew()
    finally:
        postgres.start()
    await first.renew()
    assert [state for state, _ in told] == [LeaseState.DOUBTFUL, LeaseState.HELD]
    assert PASSWORD not in told[0][1]
    await first.release()


async def test_without_a_database_nothing_is_taken(tmp_path: Path) -> None:
    lease = Lease(f"postgresql://vq@/db?host={tmp_path}", "a", "h", lambda *_: None, "canary")
    with pytest.raises(PostgresError, match="PostgreSQL at"):
        await lease.acquire()
