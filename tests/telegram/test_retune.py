"""What a reload changes of it while it runs: who may command, what is told and how, the language, the hour."""

from __future__ import annotations

import asyncio
from dataclasses import replace

import pytest
from tests.core.settings_held import HOT_OF_ALL, stale, with_other
from tests.telegram.stage import ALLOWED, Stage, settings, staged

from vibe_quant.domain.enums import NoticeKind, Severity
from vibe_quant.domain.intents import Notify
from vibe_quant.domain.service_settings import Language, Loudness, TelegramEvents, TelegramSettings, TelegramUser
from vibe_quant.domain.settings import GlobalSettings, Settings

NEW = TelegramUser(9, 9)
TOLD = Notify(NoticeKind.LIFECYCLE, Severity.WARNING, "something was told")


def retune(on: Stage, given: TelegramSettings) -> None:
    on.front.retune(GlobalSettings(telegram=given))


def texts(on: Stage, chat: int) -> list[str]:
    return on.api.sent(chat)


async def test_who_is_let_go_is_not_answered_and_not_told_any_more() -> None:
    async with staged() as on:
        on.says("/status")
        await on.until(lambda: any("LONG" in text for text in texts(on, 7)))
        retune(on, settings(allow=ALLOWED[1:]))
        had, strangers = len(texts(on, 7)), on.front.tally.unauthorised
        on.says("/pause")
        await on.until(lambda: on.front.tally.unauthorised > strangers)
        on.front.notice(TOLD)
        await on.until(lambda: any("something was told" in text for text in texts(on, -100)))
        assert len(texts(on, 7)) == had
        assert "pause" not in on.called


async def test_who_is_new_is_told_and_may_command() -> None:
    async with staged() as on:
        await on.until(lambda: bool(texts(on, 7)))
        retune(on, settings(allow=(*ALLOWED, NEW)))
        on.front.notice(TOLD)
        await on.until(lambda: any("something was told" in text for text in texts(on, 9)))
        on.says("/pause", 9, 9)
        await on.until(lambda: "pause" in on.called)


async def test_who_comes_before_it_runs_is_written_to_when_it_does() -> None:
    async with staged() as on:
        await asyncio.sleep(0)
        on.task.cancel()
        await asyncio.gather(on.task, return_exceptions=True)
        retune(on, settings(allow=(NEW,)))
        assert list(on.front._senders) == [9]


async def test_the_language_and_the_loudness_of_the_next_message() -> None:
    async with staged() as on:
        await on.until(lambda: bool(texts(on, 7)))
        retune(on, settings(language=Language.ZH, events=TelegramEvents(on_lifecycle=Loudness.OFF)))
        had = len(texts(on, 7))
        on.front.notice(TOLD)
        on.says("/help")
        await on.until(lambda: len(texts(on, 7)) > had)
        assert "暂停" in texts(on, 7)[had]
        assert not any("something was told" in text for text in texts(on, 7))


@pytest.mark.parametrize("hour", [0, 23])
async def test_the_hour_of_the_report_is_the_new_one(hour: int) -> None:
    async with staged(settings(hour=12)) as on:
        before = on.front._daily
        retune(on, settings(hour=12))
        assert on.front._daily is before
        retune(on, settings(hour=hour))
        assert on.front._daily._next_ms // 3_600_000 % 24 == hour


@pytest.mark.parametrize("path", [path for path in HOT_OF_ALL if path[0] == "telegram"], ids=".".join)
async def test_nothing_of_the_old_settings_is_held(path: tuple[str, ...]) -> None:
    shared = GlobalSettings(telegram=replace(settings(), allow=(TelegramUser(7, 7),)))
    async with staged(shared.telegram) as on:
        other = with_other(shared, path, HOT_OF_ALL[path])
        assert stale([on.front], Settings(other))
        on.front.retune(other)
        assert stale([on.front], Settings(other)) == []
        given = other.telegram
        assert on.front._words.language is given.language
        assert on.front._door._allowed == {(pair.chat, pair.user) for pair in given.allow}
        assert list(on.front._senders) == [pair.chat for pair in given.allow]
        assert on.front._daily._next_ms // 3_600_000 % 24 == given.daily_report_hour
