from __future__ import annotations

import os
import shutil
import tempfile
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from tests.journal.past import STORY, lived
from tests.journal.postgres_server import PostgresServer, programs
from tests.journal.rows import opened

from vibe_quant.journal import pruning
from vibe_quant.journal.sqlite_journal import SqliteJournal


@pytest.fixture(scope="session")
def postgres() -> Iterator[PostgresServer]:
    """A server that was started; a test that stops it starts it again."""
    binaries = programs()
    if binaries is None:
        pytest.skip("no PostgreSQL server is installed here")
    if os.geteuid() == 0 and shutil.which("setpriv") is None:
        pytest.skip("PostgreSQL does not run as root, and there is no setpriv to become somebody else")
    folder = Path(tempfile.mkdtemp(prefix="vq-pg-"))
    server = PostgresServer(folder, binaries)
    try:
        server.create()
        server.start()
        yield server
    finally:
        server.stop()
        shutil.rmtree(folder)


@pytest.fixture(scope="module")
def blank(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("blank") / "j"
    opened(path).close()
    return path


@pytest.fixture
def small(monkeypatch: pytest.MonkeyPatch) -> None:
    """Removals of a few rows, so that short pasts have many."""
    monkeypatch.setattr(pruning, "STEP", 2)
    monkeypatch.setattr(pruning, "MOST", 4)
    monkeypatch.setattr(pruning, "LEAST", 1)


@pytest.fixture
def journals(blank: Path, tmp_path: Path) -> Callable[[str], SqliteJournal]:
    def fresh(name: str) -> SqliteJournal:
        path = tmp_path / name
        for old in tmp_path.glob(f"{name}*"):
            old.unlink()
        shutil.copy(blank, path)
        return SqliteJournal(path, "r1", ballast=0)

    return fresh


@pytest.fixture
def ready(journals: Callable[[str], SqliteJournal], small: None) -> Iterator[tuple[SqliteJournal, int]]:
    journal = journals("j")
    yield journal, lived(journal, STORY, pruned=False)
    journal.close()
