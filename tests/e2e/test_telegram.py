"""The program as a process of its own with a phone: a Bot API server double beside it, over HTTP."""

from __future__ import annotations

import json
import re
import signal
from pathlib import Path
from typing import Any

import pytest
from tests.e2e.process import Run, begin
from tests.telegram.bot_api import CONFLICT, TOKEN, BotApi, Trouble, failing

from vibe_quant.app.application import DONE
from vibe_quant.app.clock import SystemClock
from vibe_quant.app.places import FILE
from vibe_quant.journal.reader import JournalReader

NAMED = {"VIBE_QUANT_TELEGRAM_TOKEN": TOKEN}
CANARY = TOKEN.partition(":")[2]
CONFIG = """
global:
  venue: sim
  log: {folder: LOGS}
  web: {enabled: false}
  telegram:
    enabled: true
    language: LANGUAGE
    api_url: URL
    allow: [{chat: 7, user: 7}]
  sim:
    seed: 11
    wallet: 3000
    positions: [{symbol: "BTC/USDT:USDT", side: LONG, qty: 0.02}, {symbol: "BTC/USDT:USDT", side: SHORT, qty: 0.01}]
  strategy:
    names: [patient]
    patient: {horizon_s: 60, endgame_s: 5, child_s: 2, max_touch_share: 1, reprice_ms: 300}
symbols: {"BTC/USDT:USDT": {}}
"""
PATIENT_S = 60.0
ENGLISH = re.compile(r"\b[A-Za-z']+(?: [a-z']+){2,}")
"""Three words of it in a row."""


async def started(folder: Path, api: BotApi, number: int = 0, language: str = "en") -> Run:
    path = folder / "config.yaml"
    text = CONFIG.replace("LOGS", str(folder / "logs")).replace("URL", api.url).replace("LANGUAGE", language)
    path.write_text(text, encoding="utf-8")
    return await begin(folder, number, ("--config", str(path), "--state", str(folder / "state")), NAMED)


def says(api: BotApi, text: str, **more: Any) -> int:
    return api.says(text, at=SystemClock().wall_ms() // 1000, **more)


async def asks(api: BotApi, text: str) -> str:
    """A command that must be confirmed; the nonce."""
    before = len(api.messages())
    says(api, text)
    await api.until(lambda: any("reply_markup" in got.values for got in api.messages()[before:]), PATIENT_S)
    question = next(got for got in api.messages()[before:] if "reply_markup" in got.values)
    return str(json.loads(str(question.values["reply_markup"]))["inline_keyboard"][0][0]["callback_data"])


@pytest.mark.timeout(240)
@pytest.mark.parametrize(
    ("language", "start", "up", "paused", "flat", "resumed", "stop"),
    [
        (
            "en",
            "is here</b> · SIMULATED",
            "Ready: yes",
            "✅ Pause the whole account for 30 min 0 s: Everything is paused: no discretionary orders; panic goes on.",
            "by aggressive limits, without signals.",
            "Undone: the pause of everything.",
            "vibe-quant ends",
        ),
        (
            "zh",
            "已启动</b> · 模拟交易所",
            "就绪：是",
            "✅ 暂停 整个账户，30 分 0 秒：已全部暂停：不再发送常规委托；紧急减仓照常。",
            "，以激进限价、不等信号。",
            "已解除：全部暂停。",
            "vibe-quant 已停止",
        ),
    ],
)
async def test_a_day_by_phone(
    tmp_path: Path, language: str, start: str, up: str, paused: str, flat: str, resumed: str, stop: str
) -> None:
    async with BotApi() as api:
        run = await started(tmp_path, api, language=language)
        await api.message(start, PATIENT_S)
        while not any(up in text for text in api.sent()):
            before = len(api.sent())
            says(api, "/status")
            await api.until(lambda: len(api.sent()) > before, PATIENT_S)  # noqa: B023 - awaited at once
        says(api, "/pause 30m")
        await api.message(paused, PATIENT_S)
        nonce = await asks(api, "/flatten all")
        api.presses(nonce)
        await api.message(flat, PATIENT_S)
        says(api, "/positions")
        says(api, "/resume")
        await api.message(resumed, PATIENT_S)
        says(api, "/logs 5")
        await api.message("<code>", PATIENT_S)
        run.signal(signal.SIGTERM)
        assert await run.ended() == DONE
        assert any(stop in text for text in api.sent()), run.told() + str(api.sent()[-6:])
        if language == "zh":
            assert [text for text in api.sent() if "<code>" not in text and ENGLISH.search(text)] == []
        (journal,) = (tmp_path / "state").rglob(FILE)
        rows = [row.data() for row in JournalReader(journal).rows() if row.kind == "telegram"]
        assert [row["act"].partition("(")[0] for row in rows] == ["Pause", "Flatten", "Resume"]
        assert [got for got in api.got if CANARY in str(got.values)] == []
    spilled = [path for path in tmp_path.rglob("*") if path.is_file() and CANARY.encode() in path.read_bytes()]
    assert spilled == []


@pytest.mark.timeout(240)
async def test_a_flatten_is_not_done_twice_by_a_crash(tmp_path: Path) -> None:
    async with BotApi() as api:
        run = await started(tmp_path, api)
        await api.message("is here", PATIENT_S)
        nonce = ""
        while not nonce:
            nonce = await asks(api, "/flatten BTC long")
        number = api.presses(nonce)
        await api.message("✅ Flatten", PATIENT_S)
        run.kill()
        await run.ended()
        again = await started(tmp_path, api, 1)
        await api.until(lambda: sum("is here" in text for text in api.sent()) == 2, PATIENT_S)
        says(api, "/pause", update_id=number - 1)  # what came before the crash is given again
        says(api, "/pause", update_id=number)
        says(api, "/version", update_id=number + 1)
        await api.message("run ", PATIENT_S)
        await api.until(lambda: any("· run" in text for text in api.sent()), PATIENT_S)
        assert not any("✅ Pause" in text for text in api.sent())
        again.signal(signal.SIGTERM)
        assert await again.ended() == DONE


@pytest.mark.timeout(240)
@pytest.mark.parametrize("trouble", [Trouble(hang=3600), failing(502, f"Bad Gateway {TOKEN}"), CONFLICT])
async def test_no_telegram_is_no_trouble_for_trading(tmp_path: Path, trouble: Trouble) -> None:
    """It works to flat and ends as if nobody had asked for messages; and nobody reads the token in its log."""
    async with BotApi() as api:
        for method in ("getMe", "getUpdates", "sendMessage", "setMyCommands"):
            api.standing[method] = trouble
        path = tmp_path / "config.yaml"
        text = CONFIG.replace("LOGS", str(tmp_path / "logs")).replace("URL", api.url).replace("LANGUAGE", "en")
        path.write_text(text.replace("horizon_s: 60, endgame_s: 5", "horizon_s: 4, endgame_s: 2"), encoding="utf-8")
        options = ("--config", str(path), "--state", str(tmp_path / "state"), "--until-flat")
        run = await begin(tmp_path, 0, options, NAMED)
        assert await run.ended(150) == DONE
        assert api.count("sendMessage!") >= 1
    spilled = [path for path in tmp_path.rglob("*") if path.is_file() and CANARY.encode() in path.read_bytes()]
    assert spilled == []


@pytest.mark.parametrize(
    ("environment", "config", "says"),
    [
        ({}, CONFIG, "the bot's token is not given"),
        (NAMED, CONFIG.replace("[{chat: 7, user: 7}]", "[]"), "telegram.allow names nobody"),
    ],
)
async def test_what_cannot_be_is_refused_with_its_cure(
    tmp_path: Path, environment: dict[str, str], config: str, says: str
) -> None:
    path = tmp_path / "config.yaml"
    config = config.replace("LOGS", str(tmp_path / "logs")).replace("LANGUAGE", "en")
    path.write_text(config.replace("URL", "http://127.0.0.1:9"), encoding="utf-8")
    run = await begin(tmp_path, 0, ("--config", str(path), "--state", str(tmp_path / "state")), environment)
    assert await run.ended() not in (0, None)
    assert says in run.err
    assert "a defect" not in run.err
    assert CANARY not in run.err
