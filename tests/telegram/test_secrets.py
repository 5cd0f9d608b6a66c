"""The token is a secret: no error path, no log line, no message and no picture of an object holds it."""

from __future__ import annotations

import asyncio
import logging
import traceback
from collections.abc import Iterator

import pytest
from loguru import logger
from tests.operations_fake import FakeOperations
from tests.telegram.bot_api import CONFLICT, TOKEN, BotApi, Trouble, failing, too_many
from tests.telegram.stage import settings, staged

from vibe_quant.domain.service_settings import TelegramUser
from vibe_quant.telegram.wire import Wire
from vibe_quant.telegram.wording import Html

CANARY = TOKEN.partition(":")[2]
ALONE = (TelegramUser(7, 7),)
ECHO = failing(400, f"Bad Request: /bot{TOKEN}/ is odd")
TROUBLES = [
    failing(401, f"Unauthorized {TOKEN}"),
    failing(403, f"Forbidden {TOKEN}"),
    failing(404, f"Not Found {TOKEN}"),
    failing(500, f"ill {TOKEN}"),
    failing(502, f"ill {TOKEN}"),
    CONFLICT,
    too_many(1),
    ECHO,
    Trouble(200, f"{TOKEN} no json"),
    Trouble(500, f"{TOKEN} no json"),
    Trouble(200, {"ok": True, "result": TOKEN}),
    Trouble(cut=True),
    Trouble(hang=30),
]


@pytest.fixture
def said() -> Iterator[list[str]]:
    """All that loguru and the library's own loggers say, at every level, with tracebacks and their variables."""
    lines: list[str] = []

    class Ear(logging.Handler):
        def emit(self, record: logging.LogRecord) -> None:
            lines.append(self.format(record))

    ear, root = Ear(), logging.getLogger()
    level = root.level
    root.addHandler(ear)
    root.setLevel(logging.DEBUG)
    sink = logger.add(lines.append, level=0, format="{level} {message}", backtrace=True, diagnose=True)
    yield lines
    logger.remove(sink)
    root.removeHandler(ear)
    root.setLevel(level)


@pytest.mark.parametrize("trouble", TROUBLES, ids=range(len(TROUBLES)))
async def test_no_trouble_tells_the_token(trouble: Trouble, said: list[str]) -> None:
    async with BotApi() as api:
        wire = Wire(TOKEN, api.url, lambda text: text, answer_s=0.3)
        for method in (
            "getMe",
            "getUpdates",
            "sendMessage",
            "editMessageReplyMarkup",
            "answerCallbackQuery",
            "setMyCommands",
        ):
            api.standing[method] = trouble
        outcomes = [
            await wire.me(),
            await wire.updates(1, 0),
            await wire.send(7, Html("x"), silent=True, buttons=None, plain=False),
            await wire.take_buttons(7, 1),
            await wire.answer("1"),
            await wire.name_commands(7, [("help", "x")]),
        ]
        await wire.close()
    shown = f"{outcomes!r} {wire!r}" if trouble.body != {"ok": True, "result": TOKEN} else repr(wire)
    assert CANARY not in shown
    assert [line for line in said if CANARY in line] == []


async def test_a_run_through_all_troubles_tells_the_token_to_nobody(said: list[str]) -> None:
    api = BotApi()
    for trouble in TROUBLES[:-1]:
        api.fail("getUpdates", trouble)
    api.fail("sendMessage", ECHO, ECHO, failing(500, f"ill {TOKEN}"))
    operations = FakeOperations()
    operations.log_lines = lambda count: (f"https://x/bot{TOKEN}/getMe",)  # type: ignore[method-assign]
    async with staged(settings(allow=ALONE), api=api, operations=operations, answer_s=0.5) as stage:
        for _ in TROUBLES:
            await stage.front._poller.step()
        stage.says("/logs 1")
        await stage.front._poller.step()
        await api.message("***")
        assert [got for got in api.got if CANARY in str(got.values)] == []
    assert [line for line in said if CANARY in line] == []
    assert said


async def test_nobody_at_the_address(said: list[str]) -> None:
    wire = Wire(TOKEN, "http://127.0.0.1:9", lambda text: text, answer_s=0.5)
    outcomes = [await wire.me(), await wire.updates(None, 0)]
    await wire.close()
    assert CANARY not in repr(outcomes)
    assert [line for line in said if CANARY in line] == []


def test_a_proxy_that_cannot_be_used_is_said_without_the_token(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("ALL_PROXY", "nonsense://127.0.0.1:1")
    with pytest.raises(ValueError, match=r"[Pp]roxy|scheme") as caught:
        Wire(TOKEN, "http://127.0.0.1:9", lambda text: text)
    shown = "".join(traceback.format_exception(caught.value))
    assert CANARY not in shown


async def test_the_libraries_stay_silent_even_where_somebody_wants_all(said: list[str]) -> None:
    async with BotApi() as api:
        wire = Wire(TOKEN, api.url, lambda text: text)
        logging.getLogger("httpx").info("HTTP Request: POST https://api.telegram.org/bot%s/getMe", TOKEN)
        await wire.me()
        await wire.close()
    assert [line for line in said if CANARY in line] == []
    await asyncio.sleep(0)
