"""The journal's mirror and the account's lease in a PostgreSQL that is there, away, hung, or another's."""

from __future__ import annotations

import asyncio
import os
import signal
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from tests.e2e.process import KEY, SECRET, house
from tests.e2e.stage import CONFIG, LONG, Scene, Stage, settings, stage
from tests.journal.postgres_server import PASSWORD, PostgresServer

from vibe_quant.app import instance, lease_watch
from vibe_quant.app.application import DONE, REFUSED
from vibe_quant.app.instance import fingerprint
from vibe_quant.app.session import Plan
from vibe_quant.domain.service_settings import JournalSettings
from vibe_quant.domain.settings import Settings
from vibe_quant.journal import lease as leases
from vibe_quant.journal import mirror as mirrors
from vibe_quant.journal.postgres import address_of, ask, connected

SEATS = ((LONG, "0.3"),)
SLOW_EXIT = CONFIG.replace("horizon_s: 12, endgame_s: 4, child_s: 2", "horizon_s: 300, endgame_s: 4, child_s: 1")


@pytest.fixture(autouse=True)
def quick(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(mirrors, "_MOST_S", 1.0)
    monkeypatch.setattr(leases, "RENEW_S", 0.3)
    monkeypatch.setattr(lease_watch, "AGAIN_S", 0.3)


@pytest.fixture
def server(postgres: PostgresServer) -> Iterator[PostgresServer]:
    """One that serves again afterwards."""
    yield postgres
    postgres.wake()
    if not postgres.runs:
        postgres.start()


def chosen(server: PostgresServer) -> Settings:
    return settings(SLOW_EXIT, more={"journal": JournalSettings(url=server.url)})


async def sql(server: PostgresServer, text: str, **values: Any) -> list[Any]:
    async with connected(address_of(server.url, PASSWORD)) as connection:
        return await ask(connection, text, values)


async def mirrored(server: PostgresServer, on: Stage) -> list[tuple[Any, ...]]:
    """What the mirror holds of this stage's account."""
    columns = "seq, at_ms, run, kind, symbol, side, client_id, body, chain"
    text = f"SELECT {columns} FROM journal WHERE instance LIKE %(name)s ORDER BY seq"
    return await sql(server, text, name=f"sim-{account(on)}/%")


def rows(on: Stage) -> list[tuple[Any, ...]]:
    return [tuple(getattr(row, name) for name in row.__slots__) for row in on.journal.rows()]


def account(on: Stage) -> str:
    return fingerprint(f"{on.server.api_key}@{on.server.rest}")


async def trades_on(on: Stage, within_s: float = 15) -> None:
    """Wait for an order that was made after now."""
    before = len(on.truth.own)
    await on.until(lambda: len(on.truth.own) > before, within_s, "another order")


async def test_the_mirror_has_every_row_and_the_lease_goes_back(server: PostgresServer, tmp_path: Path) -> None:
    async with stage(tmp_path, Scene(seats=SEATS), chosen=chosen(server), start=False) as on:
        on.pg_password = PASSWORD
        on.start()
        await on.working()
        ((holder,),) = await sql(server, "SELECT holder FROM lease WHERE account = %(a)s", a=account(on))
        assert f"process {os.getpid()}" in holder
        assert await on.stop() == DONE
        assert await mirrored(server, on) == rows(on)
        assert rows(on)[-1][3] == "end"
        assert await sql(server, "SELECT 1 FROM lease WHERE account = %(a)s", a=account(on)) == []
        assert not any(PASSWORD in line for line in on.log)


@pytest.mark.parametrize("hung", [False, True], ids=["killed", "hung"])
async def test_a_database_that_goes_in_the_middle_changes_nothing(
    server: PostgresServer, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, hung: bool
) -> None:
    monkeypatch.setattr(leases, "VALID_S", 1)
    async with stage(tmp_path, Scene(seats=SEATS), chosen=chosen(server), start=False) as on:
        on.pg_password = PASSWORD
        on.start()
        await on.working()
        if hung:
            server.freeze()
        else:
            server.stop()
        await trades_on(on)
        await asyncio.sleep(2)
        before = len(on.truth.own)
        await on.until(lambda: len(on.truth.own) > before + 3, 20, "more orders")
        if hung:
            server.wake()
        else:
            await on.until(lambda: "the journal's mirror has stopped, the journal itself goes on" in on.told(), 10)
            await on.until(lambda: any("Another host could take it by now" in line for line in on.log), 15)
            server.start()
            await on.until(lambda: any("mirror is whole again" in line for line in on.log), 20, "the mirror")
            await on.until(lambda: any("lease is renewed again" in line for line in on.log), 20, "the lease")
        await trades_on(on)
        assert await on.stop() == DONE
        assert await mirrored(server, on) == rows(on)


async def test_a_database_that_hangs_does_not_hold_up_a_stop(server: PostgresServer, tmp_path: Path) -> None:
    async with stage(tmp_path, Scene(seats=SEATS), chosen=chosen(server), start=False) as on:
        on.pg_password = PASSWORD
        on.start()
        await on.working()
        server.freeze()
        await asyncio.sleep(1)
        began = asyncio.get_running_loop().time()
        assert await on.stop(25) == DONE
        assert asyncio.get_running_loop().time() - began < 15
        assert any("lacks rows" in line for line in on.log)


@pytest.mark.parametrize("hung", [False, True], ids=["down", "hung"])
async def test_without_a_database_at_the_start_it_trades_and_takes_the_lease_later(
    server: PostgresServer, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, hung: bool
) -> None:
    monkeypatch.setattr(lease_watch, "TAKE_S", 1.0)
    if hung:
        server.freeze()
    else:
        server.stop()
    async with stage(tmp_path, Scene(seats=SEATS), chosen=chosen(server), start=False) as on:
        on.pg_password = PASSWORD
        on.start()
        await on.working()
        assert any("whether another host works it cannot be known" in line for line in on.log)
        if hung:
            server.wake()
        else:
            server.start()
        await on.until(lambda: any("its lease is ours now" in line for line in on.log), 20, "the lease")
        await trades_on(on)
        assert await on.stop() == DONE
        assert await mirrored(server, on) == rows(on)


async def test_a_lease_that_is_lost_stops_discretion_and_nothing_else(server: PostgresServer, tmp_path: Path) -> None:
    async with stage(tmp_path, Scene(seats=SEATS), chosen=chosen(server), start=False) as on:
        on.pg_password = PASSWORD
        on.start()
        await on.working()
        await on.protected()
        await sql(server, "UPDATE lease SET holder = 'process 1, host elsewhere' WHERE account = %(a)s", a=account(on))
        await on.until(lambda: any("its lease is lost" in line for line in on.log), 10, "the alarm")
        assert any(line.startswith("ERROR") and "host elsewhere" in line for line in on.log)
        await on.until(lambda: not on.truth.live(), 10, "the withdrawal of its orders")
        before = len(on.truth.own)
        await asyncio.sleep(1.5)
        assert len(on.truth.own) == before, "it went on"
        assert on.truth.stops()
        assert lease_watch.LOST in [row.data().get("held") for row in on.journal.rows(kinds=("decision",))]
        assert await on.stop() == DONE
        ((holder,),) = await sql(server, "SELECT holder FROM lease WHERE account = %(a)s", a=account(on))
        assert holder == "process 1, host elsewhere", "it gave back what is not its own"
        await sql(server, "DELETE FROM lease WHERE account = %(a)s", a=account(on))


async def test_another_host_is_refused_by_the_lease(
    server: PostgresServer, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    async with stage(tmp_path, Scene(seats=SEATS), chosen=chosen(server), start=False) as on:
        on.pg_password = PASSWORD
        on.start()
        await on.working()
        other = Stage(on.server, on.scene, chosen(server), tmp_path / "other")
        other.pg_password = PASSWORD
        with monkeypatch.context() as elsewhere:
            elsewhere.setattr(instance, "_name", lambda account: f"\0vibe-quant/elsewhere/{account}")
            elsewhere.setattr(lease_watch, "place", lambda: "another.1")
            elsewhere.setattr("vibe_quant.app.database.place", lambda: "another.1")
            other.start()
            assert await other.ended() == REFUSED
        assert any(f"traded by another instance: process {os.getpid()}" in line for line in other.log)
        assert any("has not started and has sent nothing" in line for line in other.log)
        assert not (tmp_path / "other").exists()
        await other.end()
        await trades_on(on)


async def test_another_network_of_this_host_is_refused_by_the_lease(server: PostgresServer, tmp_path: Path) -> None:
    if subprocess.run(["unshare", "-n", "true"], check=False, capture_output=True).returncode != 0:
        pytest.skip("a network namespace is not permitted here")
    config = SLOW_EXIT.replace("global:\n", f"global:\n  journal: {{url: '{server.url}'}}\n", 1)
    async with house(tmp_path, Scene(seats=SEATS), config) as at:
        first = await at.start(environment={"PGPASSWORD": PASSWORD})
        await at.working(first)
        arguments = ("run", "--config", str(at.config), "--state", str(tmp_path / "other"))
        exchange = ("--exchange-rest", at.server.rest, "--exchange-ws", at.server.ws)
        keys = {KEY: at.server.api_key, SECRET: at.server.api_secret, "PGPASSWORD": PASSWORD}
        kept = {name: os.environ[name] for name in ("PATH", "HOME") if name in os.environ}
        process = await asyncio.create_subprocess_exec(
            *("unshare", "-n", sys.executable, "-m", "vibe_quant", *arguments, *exchange),
            env={**kept, **keys, "PYTHONPATH": os.pathsep.join(sys.path)},
            cwd=tmp_path,
            stdout=asyncio.subprocess.PIPE,
            stderr=asyncio.subprocess.STDOUT,
        )
        said = (await asyncio.wait_for(process.communicate(), 30))[0].decode()
        assert process.returncode == REFUSED, said
        assert f"traded by another instance: process {first.pid}" in said
        assert PASSWORD not in said
        first.signal(signal.SIGTERM)
        assert await first.ended() == DONE, first.told()
        assert PASSWORD not in first.err


async def test_a_start_after_kill_9_takes_over_the_lease_of_this_host(server: PostgresServer, tmp_path: Path) -> None:
    async with stage(tmp_path, Scene(seats=SEATS), chosen=chosen(server), start=False) as on:
        on.pg_password = PASSWORD
        on.start()
        await on.working()
        await on.kill()
        assert await sql(server, "SELECT 1 FROM lease WHERE account = %(a)s", a=account(on))
        on.start()
        await trades_on(on)
        assert await on.stop() == DONE
        assert await mirrored(server, on) == rows(on)


def test_the_password_stays_out_of_what_a_plan_shows() -> None:
    assert "pg_password" not in {name for name, field in Plan.__dataclass_fields__.items() if field.repr}
