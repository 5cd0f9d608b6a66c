"""Loopback goes through no proxy; assertions of the day show their values."""

from __future__ import annotations

import pytest

pytest.register_assert_rewrite("tests.sim.clients.day", "tests.sim.clients.values", "tests.sim.clients.desk")


@pytest.fixture(autouse=True)
def direct(monkeypatch: pytest.MonkeyPatch) -> None:
    """Clients that honour the proxies of the environment reach the box all the same."""
    for name in ("NO_PROXY", "no_proxy"):
        monkeypatch.setenv(name, "127.0.0.1,localhost")
