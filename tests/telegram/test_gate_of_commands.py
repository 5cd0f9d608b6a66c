"""Who may speak and when: strangers, old and replayed updates, confirmations that are not what was asked."""

from __future__ import annotations

import asyncio
from dataclasses import replace

import pytest
from loguru import logger
from tests.operations_fake import BTC, NOW, PLAN, FakeOperations
from tests.telegram.stage import FakeNotebook, Stage, settings, staged

from vibe_quant.domain.service_settings import Language, TelegramUser
from vibe_quant.telegram.confirmations import LASTS_MS
from vibe_quant.telegram.doorkeeper import MOST_A_MINUTE, NOTE_LASTS_MS

SECONDS = NOW // 1000


async def heard(stage: Stage, updates: int) -> None:
    """So many updates have been looked at."""
    await stage.until(lambda: stage.front.tally.updates >= updates)


@pytest.mark.parametrize(
    ("chat", "user"),
    [(7, 8), (8, 7), (8, 8), (-100, 9), (-101, 7)],
    ids=["other user", "other chat", "nobody", "group member", "other group"],
)
async def test_a_stranger_gets_silence_and_is_counted(chat: int, user: int) -> None:
    lines: list[str] = []
    sink = logger.add(lines.append, level="WARNING", format="{message}")
    try:
        async with staged(settings(allow=(TelegramUser(7, 7), TelegramUser(-100, 7)))) as stage:
            await stage.api.until(lambda: stage.api.count("sendMessage") == 2)  # the start is told to both chats
            for word in ("/status", "/flatten all", "/help", "yes 0000000a"):
                stage.says(word, chat, user)
            stage.api.presses("yes:0000000a", chat, user)
            stage.says("/version")
            await stage.api.message("run r1")
            assert stage.front.tally.unauthorised == 5
            assert dict(stage.front.counts())["telegram_unauthorised"] == 5
            told = [text for text in stage.api.sent() if "is here" not in text and "run r1" not in text]
            assert told == []
            assert stage.called == []
            assert stage.notebook.rows == []
            assert stage.api.count("answerCallbackQuery") == 0
    finally:
        logger.remove(sink)
    assert sum("not on the allow list" in line for line in lines) == 1


async def test_a_stranger_of_an_hour_later_is_said_again() -> None:
    lines: list[str] = []
    sink = logger.add(lines.append, level="WARNING", format="{message}")
    try:
        async with staged() as stage:
            stage.says("/status", 1, 1)
            await heard(stage, 1)
            stage.clock.shift_ms += 3_600_000
            stage.says("/status", 1, 1)
            await heard(stage, 2)
    finally:
        logger.remove(sink)
    assert sum("not on the allow list" in line for line in lines) == 2


@pytest.mark.parametrize(
    "more",
    [
        {"forward_origin": {"type": "user", "date": 1}},
        {"via_bot": {"id": 1, "is_bot": True, "first_name": "b"}},
        {"sender_chat": {"id": -100, "type": "supergroup"}},
        {"from": {"id": 7, "is_bot": True, "first_name": "b"}},
        {"from": None},
        {"text": None, "photo": []},
    ],
    ids=lambda more: next(iter(more)),
)
async def test_what_a_person_did_not_write_here_is_passed_over(more: dict[str, object]) -> None:
    async with staged() as stage:
        stage.api.says(**{"text": "/pause", "at": SECONDS, **more})  # type: ignore[arg-type]
        await heard(stage, 1)
        assert (stage.front.tally.ignored, stage.called) == (1, [])


async def test_edited_channel_and_inline_updates_are_passed_over() -> None:
    async with staged() as stage:
        message = {
            "message_id": 1,
            "date": SECONDS,
            "chat": {"id": 7, "type": "private"},
            "from": {"id": 7, "is_bot": False, "first_name": "a"},
            "text": "/pause",
        }
        stage.api.give(
            {"update_id": 1, "edited_message": message},
            {"update_id": 2, "channel_post": message},
            {"update_id": 3, "inline_query": {"id": "1", "from": message["from"], "query": "/pause", "offset": ""}},
            {
                "update_id": 4,
                "callback_query": {
                    "id": "1",
                    "from": message["from"],
                    "inline_message_id": "1",
                    "data": "yes:0000000a",
                },
            },
        )
        await heard(stage, 4)
        assert (stage.front.tally.ignored, stage.called) == (4, [])


async def test_malformed_updates_hold_nothing_up() -> None:
    async with staged() as stage:
        stage.api.give(
            "no update",
            {"update_id": "7"},
            {"update_id": 5, "message": {"text": "/pause"}},
            {"update_id": 6, "message": {"date": "now", "chat": 7, "from": [], "text": {}}},
            {"update_id": 7, "callback_query": {"id": 4}},
            None,
        )
        stage.says("/version", update_id=8)
        await stage.api.message("run r1")
        assert stage.front.tally.malformed == 6


async def test_a_batch_in_which_nothing_can_be_read_is_not_asked_for_without_a_pause() -> None:
    async with staged() as stage:
        stage.api.give("no update")
        await heard(stage, 1)
        await asyncio.sleep(0.3)
        assert stage.api.count("getUpdates") == 1


async def test_a_command_that_is_old_is_dropped_and_said() -> None:
    async with staged() as stage:
        stage.api.says("/flatten all", at=SECONDS - 61)
        stage.api.says("/pause", at=SECONDS - 3600)
        await stage.api.message("2 commands were older than 60 s")
        assert (stage.front.tally.old, stage.called, stage.notebook.rows) == (2, [], [])


async def test_what_was_acted_upon_before_a_crash_is_not_done_again() -> None:
    notebook = FakeNotebook()
    async with staged(notebook=notebook) as stage:
        number = stage.says("/pause BTC")
        await stage.api.message("✅ Pause")
        assert notebook.rows[0][1]["update_id"] == number
    # The process dies before Telegram hears of the next offset: the same updates come again.
    async with staged(notebook=notebook) as again:
        again.says("/pause BTC", update_id=number - 1)
        again.says("/pause BTC", update_id=number)
        again.says("/pause ETH", update_id=number + 1)
        await again.api.message("✅ Pause ETH")
        assert [call[1] for call in again.operations.calls] == ["ETH/USDT:USDT"]
        assert again.front.tally.replayed == 2


async def test_the_note_is_on_the_disk_before_the_command_is_done() -> None:
    notebook = FakeNotebook()

    class Watching(FakeOperations):
        async def flatten(self, symbol: object, side: object, by: str) -> object:  # type: ignore[override]
            assert len(notebook.rows) == 1
            return await super().flatten(symbol, side, by)  # type: ignore[arg-type]

    async with staged(notebook=notebook, operations=Watching()) as stage:
        stage.says("/flatten all")
        await stage.api.message("Press a button")
        assert notebook.rows == []
        stage.says("yes 0000000a")
        await stage.api.message("✅ Flatten")


async def test_without_a_note_nothing_is_done_that_a_second_time_would_matter() -> None:
    async with staged(notebook=FakeNotebook(works=False)) as stage:
        stage.says("/resume")
        await stage.api.message("❌ Resume the whole account was not done: the journal cannot be written")
        stage.says("/flatten all")
        await stage.api.message("Press a button")
        stage.says("yes 0000000a")
        await stage.api.message("❌ Flatten the whole account was not done")
        stage.says("/status")
        await stage.api.message("SIMULATED")
        assert stage.called == []


async def test_a_pause_needs_no_note() -> None:
    """With a full disk, or while the service starts, it is what a person must be able to do; twice it is the same."""
    async with staged(notebook=FakeNotebook(works=False)) as stage:
        stage.says("/pause btc 30m")
        await stage.api.message("✅ Pause BTC/USDT perp for 30 min 0 s: done")
        assert stage.operations.calls == [("pause", BTC, 1_800_000, "telegram 7")]


async def test_numbers_that_begin_anew_after_a_quiet_week_are_heard() -> None:
    old = {"update_id": 9_000_000, "at_ms": NOW - NOTE_LASTS_MS, "chat": 7, "user": 7, "act": ""}
    async with staged(notebook=FakeNotebook(rows=[("telegram", old)])) as stage:
        stage.says("/pause", update_id=12)
        await stage.api.message("✅ Pause")


async def test_a_confirmation_works_once() -> None:
    async with staged() as stage:
        stage.says("/flatten all")
        await stage.api.message("Press a button")
        stage.api.presses("yes:0000000a")
        stage.api.presses("yes:0000000a")
        stage.says("yes 0000000a")
        await stage.api.until(lambda: sum("used or over" in text for text in stage.api.sent()) == 2)
        assert stage.called == ["flatten"]


async def test_a_confirmation_is_over_after_a_minute() -> None:
    async with staged() as stage:
        stage.says("/flatten all")
        await stage.api.message("Press a button")
        stage.clock.shift_ms += LASTS_MS
        stage.api.presses("yes:0000000a")
        await stage.api.message("used or over")
        assert stage.called == []


async def test_a_confirmation_is_of_the_one_who_asked() -> None:
    """Both may command, in the same group."""
    async with staged() as stage:
        stage.says("/flatten all", -100, 7)
        await stage.api.message("Press a button")
        stage.api.presses("yes:0000000a", -100, 8)
        stage.says("yes 0000000a", -100, 8)
        stage.says("yes 0000000a", 7, 7)  # the same person, in another chat
        await stage.api.until(lambda: sum("used or over" in text for text in stage.api.sent()) == 3)
        assert (stage.called, stage.front.tally.wrong_confirmations) == ([], 3)
        stage.api.presses("yes:0000000a", -100, 7)
        await stage.api.message("✅ Flatten")


async def test_a_confirmation_is_of_the_command_that_was_asked_last() -> None:
    async with staged() as stage:
        stage.says("/flatten all")
        await stage.api.message("Flatten the whole account?")
        stage.says("/reload")
        await stage.api.message("Reload")
        stage.api.presses("yes:0000000a")
        await stage.api.message("used or over")
        stage.api.presses("yes:0000000b")
        await stage.api.message("✅ Reload")
        assert stage.called == ["plan_reload", "apply_reload"]


async def test_wrong_nonces_are_limited() -> None:
    async with staged() as stage:
        stage.says("/flatten all")
        await stage.api.message("Press a button")
        for guess in range(3):
            stage.says(f"yes {guess:08x}")
        await stage.api.message("0 tries are left")
        stage.says("yes 0000000a")  # right, and too late
        await stage.api.message("used or over")
        for guess in range(3):
            stage.says(f"yes {guess:08x}")
        stage.says("/flatten all")
        await stage.api.message("Too many wrong confirmations")
        assert (stage.called, stage.front.tally.wrong_confirmations) == ([], 6)
        stage.clock.shift_ms += 600_000
        stage.says("/flatten all")
        await stage.api.until(lambda: sum("Press a button" in text for text in stage.api.sent()) == 2)


async def test_a_command_for_another_bot_is_not_ours() -> None:
    async with staged() as stage:
        await stage.api.until(lambda: stage.api.count("setMyCommands") == 2)
        stage.says("/pause@other_bot", -100)
        stage.says("hello all", -100)
        stage.says("/version@Desk_Bot", -100)
        await stage.api.message("run r1")
        assert stage.called == []


async def test_more_than_anybody_types_is_not_answered() -> None:
    async with staged() as stage:
        for _ in range(MOST_A_MINUTE + 20):
            stage.says("/version")
        await stage.api.message("Too many commands in a minute")
        await heard(stage, MOST_A_MINUTE + 20)
        await stage.api.until(lambda: sum("run r1" in text for text in stage.api.sent()) >= 10)
        assert sum("Too many" in text for text in stage.api.sent()) == 1
        assert stage.front.tally.commands == MOST_A_MINUTE


async def test_a_command_that_hangs_does_not_silence_the_others() -> None:
    class Slow(FakeOperations):
        async def pause(self, symbol: str | None, for_ms: int | None, by: str) -> object:  # type: ignore[override]
            await asyncio.sleep(3600)
            raise AssertionError

    async with staged(operations=Slow()) as stage:
        stage.front._reception._patience_s = 0.05
        stage.says("/pause")
        await stage.api.message("no answer yet")
        stage.says("/version")
        await stage.api.message("run r1")


async def test_a_command_with_a_defect_is_said_to_be_one() -> None:
    class Broken(FakeOperations):
        async def plan_reload(self, by: str) -> object:  # type: ignore[override]
            raise RuntimeError(f"{PLAN}")

    async with staged(operations=Broken()) as stage:
        stage.says("/reload")
        await stage.api.message("a defect kept it from being done")
        stage.says("/version")
        await stage.api.message("run r1")


async def test_chinese_hears_the_same_words() -> None:
    async with staged(settings(Language.ZH), operations=FakeOperations(plan=replace(PLAN, changes=()))) as stage:
        stage.says("／flatten all")
        await stage.api.message("确认清仓 整个账户？")
        stage.says("确认 0000000a")
        await stage.api.message("✅ 清仓 整个账户")
