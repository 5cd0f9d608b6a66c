"""Messages against a Telegram that is ill: 429, 5xx, silence, broken answers, chats that take nothing, two pollers."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Iterator

import pytest
from loguru import logger
from tests.operations_fake import BTC
from tests.telegram.bot_api import CONFLICT, BotApi, Trouble, failing, too_many
from tests.telegram.stage import Stage, settings, staged

from vibe_quant.domain import events as ev
from vibe_quant.domain.enums import NoticeKind, PositionSide, Severity
from vibe_quant.domain.intents import Notify
from vibe_quant.domain.service_settings import Language, TelegramUser

ALONE = (TelegramUser(7, 7),)
BAD_HTML = failing(400, "Bad Request: can't parse entities: Unsupported start tag")


def risk(text: str) -> Notify:
    return Notify(NoticeKind.RISK, Severity.ALARM, text, BTC, PositionSide.LONG)


def see(stage: Stage, *notices: Notify) -> None:
    stage.front.see(0, ev.Timer(0), notices, None)


@pytest.fixture
def lines() -> Iterator[list[str]]:
    found: list[str] = []
    sink = logger.add(found.append, level="DEBUG", format="{level} {message}")
    yield found
    logger.remove(sink)


async def test_retry_after_is_obeyed() -> None:
    api = BotApi()
    api.fail("sendMessage", too_many(2))
    async with staged(settings(allow=ALONE), api=api) as stage:
        await stage.api.message("is here")
        refused = next(got.at for got in api.got if got.method == "sendMessage!")
        taken = api.messages()[0].at
        assert taken - refused >= 2.0
        assert (api.count("sendMessage!"), stage.front.tally.held_back) == (1, 1)


async def test_risk_overtakes_what_is_held_back() -> None:
    api = BotApi()
    api.fail("sendMessage", too_many(1))
    async with staged(settings(allow=ALONE), api=api) as stage:
        await api.until(lambda: api.count("sendMessage!") == 1)
        see(stage, risk("near"))
        await api.message("is here")
        assert "near" in api.sent()[0]


@pytest.mark.parametrize(
    "trouble",
    [
        failing(500, "Internal Server Error"),
        failing(502, "Bad Gateway"),
        Trouble(503, "<html>no JSON</html>"),
        Trouble(200, "{no json"),
        Trouble(200, []),
        Trouble(200, {"ok": True}),
        Trouble(200, {"ok": True, "result": "no message"}),
        Trouble(cut=True),
        Trouble(hang=60),
        failing(404, "Not Found"),
    ],
    ids=["500", "502", "503 html", "no json", "a list", "no result", "no message", "cut", "hangs", "404"],
)
async def test_what_did_not_arrive_is_sent_again(trouble: Trouble, lines: list[str]) -> None:
    api = BotApi()
    api.fail("sendMessage", trouble)
    async with staged(settings(allow=ALONE), api=api, answer_s=0.5) as stage:
        await api.message("is here")
        await stage.until(lambda: stage.front.tally.sent == 1)
        assert stage.front.tally.failures == 1
    assert sum("telegram_unreached" in line for line in lines) == 1
    assert sum("telegram_reached" in line for line in lines) == 1


async def test_pauses_grow_and_end() -> None:
    api = BotApi()
    api.standing["sendMessage"] = failing(500, "ill")
    async with staged(settings(allow=ALONE), api=api) as stage:
        await api.until(lambda: api.count("sendMessage!") == 3)
        first, second, third = [got.at for got in api.got if got.method == "sendMessage!"]
        assert second - first >= 0.5
        assert third - second >= 1.0
        api.standing.clear()
        await api.message("is here")
        await stage.until(lambda: stage.front.tally.sent == 1)


async def test_text_that_telegram_cannot_read_is_sent_bare() -> None:
    api = BotApi()
    api.fail("sendMessage", BAD_HTML)
    async with staged(settings(allow=ALONE), api=api) as stage:
        await api.until(lambda: api.count("sendMessage") == 1)
        got = api.messages()[0]
        assert "parse_mode" not in got.values
        assert str(got.values["text"]).startswith("vibe-quant 0.0 is here · SIMULATED")
        assert stage.front.tally.lost == 0


async def test_a_chat_that_takes_nothing_does_not_hold_up_the_others(lines: list[str]) -> None:
    async with staged() as stage:
        await stage.api.until(lambda: len(stage.api.sent(7)) == 1 and len(stage.api.sent(-100)) == 1)
        stage.api.fail("sendMessage", failing(403, "Forbidden: bot was blocked by the user"))
        see(stage, risk("first"))
        await stage.api.message("first")
        await stage.until(lambda: stage.front.tally.lost == 1)
        see(stage, risk("second"))
        await stage.api.message("second")
        assert len(stage.api.messages(7)) + len(stage.api.messages(-100)) == 4
    assert sum("telegram_lost" in line for line in lines) == 1


@pytest.mark.parametrize(
    ("language", "says"),
    [(Language.EN, "Somebody else reads this bot"), (Language.ZH, "有别的程序在读取本机器人的消息")],
)
async def test_a_second_poller_is_an_alarm_once_and_messages_go_on(
    language: Language, says: str, lines: list[str]
) -> None:
    api = BotApi()
    api.standing["getUpdates"] = CONFLICT
    async with staged(settings(language, allow=ALONE), api=api) as stage:
        await api.until(lambda: api.count("getUpdates!") == 1)
        await api.until(lambda: len(api.sent()) >= 1)
        await stage.front._poller.step()
        await stage.front._poller.step()
        alarm = await api.message(says)
        assert alarm.values["disable_notification"] == "false"
        see(stage, risk("near"))
        await api.message("near")
        assert sum(says in text for text in api.sent()) == 1
        assert stage.front.tally.conflicts >= 3
        api.standing.clear()
        stage.says("/version")
        outcome = await stage.front._poller.step()
        assert outcome == 0
        await api.message("run r1" if language is Language.EN else "运行编号 r1")
    assert sum("telegram_elsewhere" in line for line in lines) == 1


async def test_one_conflict_is_our_own_last_poll(lines: list[str]) -> None:
    api = BotApi()
    api.fail("getUpdates", CONFLICT)
    async with staged(settings(allow=ALONE), api=api) as stage:
        await api.until(lambda: api.count("getUpdates!") == 1)
        stage.says("/version")
        assert await stage.front._poller.step() == 0
        assert stage.front.tally.conflicts == 1
    assert not any("telegram_elsewhere" in line for line in lines)


@pytest.mark.parametrize(
    ("trouble", "least"),
    [
        (CONFLICT, 5000),
        (too_many(7), 7000),
        (failing(500, "ill"), 500),
        (failing(401, "Unauthorized"), 600_000),
        (failing(400, "Bad Request: x"), 500),
        (Trouble(200, {"ok": True, "result": {"no": "list"}}), 500),
    ],
    ids=["409", "429", "500", "401", "400", "no list"],
)
async def test_polling_waits_after_a_trouble(trouble: Trouble, least: int) -> None:
    api = BotApi()
    api.standing["getUpdates"] = trouble
    async with staged(settings(allow=ALONE), api=api) as stage:
        await api.until(lambda: api.count("getUpdates!") == 1)
        first = await stage.front._poller.step()
        second = await stage.front._poller.step()
        assert first >= least
        assert second >= first
        assert second <= 600_000


async def test_commands_are_heard_after_an_outage(lines: list[str]) -> None:
    api = BotApi()
    api.fail("getUpdates", Trouble(cut=True))
    async with staged(settings(allow=ALONE), api=api) as stage:
        await api.until(lambda: api.count("getUpdates!") == 1)
        stage.says("/version")
        await api.message("run r1")
    assert [sum(f"telegram_{word} " in line for line in lines) for word in ("deaf", "hears")] == [1, 1]


async def test_the_end_of_the_program_does_not_wait_for_telegram() -> None:
    api = BotApi()
    api.standing["sendMessage"] = Trouble(hang=60)
    async with staged(settings(allow=ALONE), api=api) as stage:
        await api.until(lambda: api.count("sendMessage!") == 1)
        began = time.monotonic()
        stage.task.cancel()
        await asyncio.gather(stage.task, return_exceptions=True)
        assert time.monotonic() - began < 5  # 0.8 s, on a loaded machine


async def test_nobody_at_the_address_is_no_trouble_for_who_tells() -> None:
    """``see`` and ``notice`` only put things down: with no Telegram at all 20,000 of them take a moment."""
    async with staged(settings(allow=ALONE)) as stage:
        await stage.api.message("is here")
        assert stage.api._runner is not None
        await stage.api._runner.cleanup()
        began = time.process_time()
        for number in range(20_000):
            stage.front.see(0, ev.Timer(0), [risk(f"number {number}")], None)
        assert time.process_time() - began < 5
        assert len(stage.front._senders[7].mailbox) <= 200


async def test_a_defect_in_the_picture_does_not_end_messages(lines: list[str]) -> None:
    async with staged(settings(allow=ALONE)) as stage:
        await stage.api.message("is here")

        def broken() -> None:
            raise RuntimeError("a defect")

        stage.operations.status = broken  # type: ignore[assignment, method-assign]
        stage.front._orders_seen = True
        await asyncio.sleep(0.1)
        stage.front._orders_seen = True
        see(stage, risk("near"))
        await stage.api.message("near")
    assert sum("telegram_failed" in line for line in lines) == 1


async def test_buttons_go_on_after_an_ill_answer() -> None:
    async with staged(settings(allow=ALONE)) as stage:
        stage.api.fail("answerCallbackQuery", failing(400, "Bad Request: query is too old"))
        stage.says("/flatten all")
        await stage.api.message("Press a button")
        stage.api.presses("yes:0000000a")
        await stage.api.message("✅")
        await stage.api.until(lambda: stage.api.count("editMessageReplyMarkup") == 1)


async def test_the_bots_name_is_asked_until_it_is_told() -> None:
    api = BotApi()
    api.fail("getMe", too_many(1))
    api.fail("setMyCommands", too_many(1), failing(400, "Bad Request: chat not found"))
    async with staged(settings(allow=ALONE), api=api) as stage:
        await api.until(lambda: api.count("setMyCommands!") == 2)
        await stage.until(lambda: stage.front._reception.own_name == "desk_bot")
