"""A defect of the way over Telegram does not silence it: the alarm that comes after it, or with it, arrives."""

from __future__ import annotations

from typing import Any

import pytest
from tests.operations_fake import BTC, COST
from tests.telegram.stage import Stage, settings, staged

from vibe_quant.app.observers import Observer
from vibe_quant.domain import events as ev
from vibe_quant.domain.enums import NoticeKind, PositionSide, Severity
from vibe_quant.domain.intents import Notify
from vibe_quant.domain.service_settings import TelegramUser
from vibe_quant.telegram.bare import bare
from vibe_quant.telegram.fill_pile import FillSum
from vibe_quant.telegram.front import TelegramFront
from vibe_quant.telegram.mailbox import Batch, Item, Ready
from vibe_quant.telegram.notices import Notices
from vibe_quant.telegram.urgency import Urgency
from vibe_quant.telegram.wording import Html

ALONE = (TelegramUser(7, 7),)
ODD = Notify(NoticeKind.RECONNECT, Severity.WARNING, "as the test wants it")


def alarm(text: str) -> Notify:
    return Notify(NoticeKind.RISK, Severity.ALARM, text, BTC, PositionSide.LONG)


def failing(of: type, name: str, monkeypatch: pytest.MonkeyPatch, at: str = ODD.text) -> None:
    """Fails at the odd notice, or at one with ``at`` in it."""
    whole = getattr(of, name)

    def odd(self: Any, notice: Notify, *rest: Any) -> Any:
        if at in notice.text:
            raise ArithmeticError("a defect")
        return whole(self, notice, *rest)

    monkeypatch.setattr(of, name, odd)


def shown(stage: Stage, observer: Observer, *intents: Notify) -> None:
    observer.offer(1, ev.Timer(1), intents, None)
    observer.drain()


async def test_an_alarm_after_a_defect_arrives(monkeypatch: pytest.MonkeyPatch) -> None:
    failing(TelegramFront, "notice", monkeypatch)
    async with staged(settings(allow=ALONE)) as stage:
        observer = Observer("telegram", stage.front.see)
        shown(stage, observer, ODD)
        shown(stage, observer, alarm("is near at night"))
        await stage.api.message("is near at night")
        assert observer.failed == 1


@pytest.mark.parametrize("first", [True, False])
async def test_an_alarm_of_the_same_moment_arrives(first: bool, monkeypatch: pytest.MonkeyPatch) -> None:
    failing(TelegramFront, "notice", monkeypatch)
    both = (alarm("is near at night"), ODD) if first else (ODD, alarm("is near at night"))
    async with staged(settings(allow=ALONE)) as stage:
        observer = Observer("telegram", stage.front.see)
        shown(stage, observer, *both)
        await stage.api.message("is near at night")
        assert observer.failed == 1


async def test_an_alarm_whose_card_cannot_be_made_arrives_in_bare_words(
    monkeypatch: pytest.MonkeyPatch, logged: list[str]
) -> None:
    failing(Notices, "card", monkeypatch, at="is near at night")
    async with staged(settings(allow=ALONE)) as stage:
        stage.front.notice(alarm("is near at night < 1 %"))
        await stage.api.message("is near at night")
        stage.front.notice(alarm("the next"))
        await stage.api.message("the next")
    (line,) = [line for line in logged if "telegram_failed |" in line]
    assert "what=card" in line


def test_whatever_waits_has_bare_words() -> None:
    items = tuple(Item(content, False, 0) for content in (alarm("<near>"), COST, Ready(Html("<b>ready</b>"))))
    fill = FillSum(BTC, PositionSide.LONG, 0, None, count=3)
    text = bare(Batch(Urgency.RISK, items, (fill,)))
    for part in ("ALARM BTC/USDT:USDT &lt;near&gt;", "an exit is over", "<b>ready</b>", "3 fills"):
        assert part in text
