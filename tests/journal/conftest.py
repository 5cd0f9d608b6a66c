from __future__ import annotations

import os
import shutil
import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest
from tests.journal.postgres_server import PostgresServer, programs


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
