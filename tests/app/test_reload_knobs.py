"""Every knob is hot or needs a restart; a hot one reaches each holder of a whole service, its fronts and its log."""

from __future__ import annotations

import io
from dataclasses import replace
from pathlib import Path

import pytest
from tests.core.settings_held import COLD, HOT_OF_ALL, HOT_OF_SYMBOL, changed_all, changed_shared, reachable, stale

from vibe_quant.app.fronts import Fronts
from vibe_quant.app.hosting import Job, Reach, host
from vibe_quant.app.redaction import Redactor
from vibe_quant.app.session import Plan
from vibe_quant.binance.urls import simulated
from vibe_quant.config.loader import ConfigLoader
from vibe_quant.config.shape import GLOBAL, leaves
from vibe_quant.domain.service_settings import LogLevel
from vibe_quant.domain.settings import Settings

CONFIG = """
global:
  venue: paper
  web: {enabled: false}
  telegram: {enabled: true, allow: [{chat: 1, user: 1}], api_url: "http://127.0.0.1:9"}
symbols:
  "BTC/USDT:USDT": {}
"""
TOKEN = {"VIBE_QUANT_TELEGRAM_TOKEN": "123456789:" + "A" * 35}


def test_no_knob_is_unclassified() -> None:
    known = {*HOT_OF_ALL, *HOT_OF_SYMBOL, *COLD}
    assert {path for path, _ in leaves(GLOBAL)} <= known
    assert not set(COLD) & set(HOT_OF_ALL)
    assert not any(member.restart for member in HOT_OF_SYMBOL.values()), "a symbol's knobs are all taken by a reload"


async def test_what_a_service_holds_beside_its_engine_follows(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    file = tmp_path / "config.yaml"
    file.write_text(CONFIG, encoding="utf-8")
    loaded = ConfigLoader().load(file)
    levels: list[LogLevel] = []
    seen: list[Fronts] = []

    async def work(plan: Plan) -> int:
        seen.extend(one for one in reachable([plan.retune]) if isinstance(one, Fronts))
        [fronts] = seen
        assert {front.name for front in fronts._fronts} >= {"telegram"}
        shared = changed_shared(loaded.settings.shared)
        new = replace(Settings(shared), default=changed_all(loaded.settings.default))
        assert stale([fronts, *plan.observers], new, [loaded, loaded.settings]), "the walk does not find what is held"
        plan.retune(new)
        assert stale([fronts, *plan.observers], new, [loaded, loaded.settings]) == []
        assert levels == [shared.log.level]
        return 0

    job = Job(
        loaded=loaded,
        exchange=Reach(simulated("http://127.0.0.1:9", "ws://127.0.0.1:9"), None),
        state=tmp_path / "state",
        until_flat=False,
        version="test",
        out=io.StringIO(),
        environment=TOKEN,
        heed=levels.append,
    )
    assert await host(job, Redactor([]), work) == 0
    assert seen
