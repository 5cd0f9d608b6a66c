"""Every card in both languages, over HTTP against the double; what comes from outside is escaped."""

from __future__ import annotations

from dataclasses import replace
from decimal import Decimal

import pytest
from tests.operations_fake import BTC, COST, LEG, NOW, STATUS, FakeOperations
from tests.telegram.stage import Stage, settings, staged

from vibe_quant.domain import events as ev
from vibe_quant.domain.enums import (
    ExecutionMode,
    NoticeKind,
    OrderType,
    PositionSide,
    Severity,
    SignalReason,
    Stream,
    TimeInForce,
)
from vibe_quant.domain.intents import Notify, OrderIntent
from vibe_quant.domain.service_settings import Language, Loudness, TelegramEvents
from vibe_quant.telegram.notices import Notices
from vibe_quant.telegram.wording import Words

EN, ZH = Language.EN, Language.ZH
LONG, SHORT = PositionSide.LONG, PositionSide.SHORT
INFO, WARNING, ALARM = Severity.INFO, Severity.WARNING, Severity.ALARM
D = Decimal

FILL = Notify(
    NoticeKind.FILL,
    INFO,
    "closed",
    BTC,
    LONG,
    (
        ("qty", "0.003"),
        ("avg", "60910.20"),
        ("mode", "MAKER_ONLY"),
        ("role", "maker"),
        ("pnl", "-0.99"),
        ("fee", "0.0365"),
        ("fee_asset", "USDT"),
        ("reason", "long_primary"),
        ("before", "0.845"),
        ("after", "0.842"),
    ),
)
ORDER = OrderIntent(
    BTC, LONG, "vq-1", OrderType.LIMIT, D(1), D(1), TimeInForce.GTX, ExecutionMode.MAKER_ONLY, SignalReason.PATIENT, 0
)


def facts(**pairs: str) -> tuple[tuple[str, str], ...]:
    return tuple(pairs.items())


def see(stage: Stage, notice: Notify, event: ev.Event | None = None) -> None:
    stage.front.see(0, event or ev.Timer(0), [notice], None)


@pytest.mark.parametrize(
    ("language", "side", "lines"),
    [
        (
            EN,
            LONG,
            [
                "<b>Closed LONG</b> BTC/USDT perp",
                "0.003 at 60910.2",
                "maker only · maker · price rises to the bid",
                "Realized PnL -0.99 · fee 0.0365 USDT",
                "Position 0.845 → 0.842",
                "Cost against arrival 60950.3: +6.58 bps",
            ],
        ),
        (
            ZH,
            LONG,
            [
                "<b>平多</b> BTC/USDT 永续",
                "成交 0.003，均价 60910.2",
                "只挂单 · 挂单成交 · 多头主信号",
                "已实现盈亏 -0.99 · 手续费 0.0365 USDT",
                "持仓 0.845 → 0.842",
                "相对到达价 60950.3 的成本：+6.58 bps",
            ],
        ),
        (EN, SHORT, ["<b>Closed SHORT</b> BTC/USDT perp", "Cost against arrival 60950.3: -6.58 bps"]),
        (ZH, SHORT, ["<b>平空</b> BTC/USDT 永续", "相对到达价 60950.3 的成本：-6.58 bps"]),
    ],
)
async def test_a_fill(language: Language, side: PositionSide, lines: list[str]) -> None:
    status = replace(STATUS, legs=(LEG, replace(LEG, side=SHORT)))
    async with staged(settings(language), operations=FakeOperations(now=status)) as stage:
        stage.front.see(0, ev.Timer(0), [ORDER], None)
        await stage.front._tick()
        see(stage, replace(FILL, side=side))
        text = str((await stage.api.message(lines[0])).values["text"])
        got = text.split("\n")
        assert got == lines if len(lines) > 2 else [got[0], got[-1]] == lines


async def test_a_fill_whose_arrival_nobody_knows() -> None:
    async with staged() as stage:
        see(stage, FILL)
        await stage.api.message("Cost against arrival: not known")


@pytest.mark.parametrize(
    ("language", "lines"),
    [
        (
            EN,
            [
                "<b>Exit finished</b> BTC/USDT perp LONG",
                "Closed 1 of 1 in 10 min 0 s",
                "Average 60941.1, arrival 60950.3",
                "Cost with fees +2.31 bps (slippage +1.51 bps)",
                "Realized PnL -299.40 · fees 9.84 USDT",
                "411 orders · 390 fills · maker 82.00%",
            ],
        ),
        (
            ZH,
            [
                "<b>平仓完成</b> BTC/USDT 永续 多",
                "已平 1 / 1，用时 10 分 0 秒",
                "成交均价 60941.1，到达价 60950.3",
                "含手续费成本 +2.31 bps（滑点 +1.51 bps）",
                "已实现盈亏 -299.40 · 手续费 9.84 USDT",
                "委托 411 笔 · 成交 390 笔 · 挂单占比 82.00%",
            ],
        ),
    ],
)
@pytest.mark.parametrize("card_first", [True, False])
async def test_an_exit_is_told_once_with_its_cost(language: Language, lines: list[str], card_first: bool) -> None:
    done = Notify(NoticeKind.EXIT_FINISHED, INFO, "done", BTC, LONG, facts(qty="1", avg="2", orders="3", left="0"))
    async with staged(settings(language)) as stage:
        if card_first:
            stage.front.cost(COST)
            see(stage, done)
        else:
            see(stage, done)
            stage.front.cost(COST)
        text = str((await stage.api.message(lines[0])).values["text"])
        assert text.split("\n") == lines
        stage.clock.shift_ms += 5000
        await stage.front._tick()
        await stage.api.until(lambda: stage.front.counts()[-1] == ("telegram_waiting", 0))
        short = Words(language).say("exit.short", qty="1", orders="3", avg="2", left="0")
        assert sum(lines[0] in text for text in stage.api.sent(7)) == 1
        assert not any(short in text for text in stage.api.sent())


@pytest.mark.parametrize(
    ("language", "holds"), [(EN, "1 closed in 3 orders at 2; 0 left."), (ZH, "共 3 笔委托平掉 1，均价 2；剩余 0。")]
)
async def test_an_exit_whose_card_does_not_come(language: Language, holds: str) -> None:
    done = Notify(NoticeKind.EXIT_FINISHED, INFO, "done", BTC, LONG, facts(qty="1", avg="2", orders="3", left="0"))
    async with staged(settings(language)) as stage:
        see(stage, done)
        await stage.front._tick()
        assert not any(holds in text for text in stage.api.sent())
        stage.clock.shift_ms += 2000
        await stage.api.message(holds)


PANIC = facts(tier="2", dist="0.0093", qty="0.4", bound_ms="12500", mark_age_ms="420")
CARDS = [
    (NoticeKind.OPEN_ALERT, INFO, facts(before="0", after="1"), "Position 0 → 1. It is", "持仓 0 → 1，将继续平仓"),
    (
        NoticeKind.RISK,
        ALARM,
        PANIC,
        "Panic tier 2, 0.93%",
        "紧急减仓第 2 档，距强平价 0.93%：将 0.4 分片平仓，应在 12.5 s",
    ),
    (NoticeKind.RISK, WARNING, facts(dist="0.0141", liq="56574"), "1.41% from liq", "距强平价 1.41%（强平价 56574）"),
    (NoticeKind.RISK, INFO, facts(dist="0.05", liq="56574"), "Out of the liq", "已脱离强平预警：距离 5.00%"),
    (NoticeKind.HALT, ALARM, facts(reason="5 refusals", qty="1"), "have stopped: 5 refusals", "已停止：5 refusals"),
    (NoticeKind.DOUBT, ALARM, facts(client_id="vq-1", request="query"), "fate of order vq-1", "委托 vq-1 的结果未知"),
    (NoticeKind.MISMATCH, WARNING, facts(counted="1", read="2"), "says 2 where 1", "交易所显示 2，本地推算为 1"),
    (NoticeKind.MISMATCH, ALARM, facts(claimed="1", qty="2"), "claim 1 of 2", "占用了 2 中的 1"),
    (
        NoticeKind.MISMATCH,
        INFO,
        facts(client_id="x", qty="1", price="2"),
        "closed at 2 by",
        "1 以 2 被非本程序的委托平掉",
    ),
    (NoticeKind.STOP, INFO, facts(word="stands", price="57140"), "stands at 57140", "保护性止损已挂在 57140"),
    (NoticeKind.STOP, WARNING, facts(word="lost", price="5", how="expired"), "at 5 is lost (expired)", "止损 5 已丢失"),
    (NoticeKind.STOP, ALARM, facts(word="missing", seconds="9", how="x"), "since 9 s (x)", "已有 9 秒未正常挂出"),
    (NoticeKind.STOP, ALARM, facts(word="rejected", price="5", how="x"), "rejected its order (x)", "拒绝了其委托（x）"),
    (NoticeKind.STOP, ALARM, facts(word="halved", price="5"), "it goes to 5", "止损暂挂 5"),
    (NoticeKind.STOP, ALARM, facts(word="through"), "goes through the place", "价格正在击穿止损位"),
    (NoticeKind.STOP, ALARM, facts(word="remainder", qty="5"), "has ended and left 5", "止损单已结束，剩余 5"),
    (NoticeKind.STOP, ALARM, facts(word="news"), "as it came <a>", "as it came <a>"),
    (NoticeKind.PAUSE, INFO, (), "as it came <a>", "as it came <a>"),
    (NoticeKind.LIFECYCLE, ALARM, (), "as it came <a>", "as it came <a>"),
]


@pytest.mark.parametrize(("kind", "severity", "pairs", "english", "chinese"), CARDS)
@pytest.mark.parametrize("language", [EN, ZH])
async def test_a_notice(
    language: Language,
    kind: NoticeKind,
    severity: Severity,
    pairs: tuple[tuple[str, str], ...],
    english: str,
    chinese: str,
) -> None:
    holds = (english if language is EN else chinese).replace("<a>", "&lt;a&gt;")
    async with staged(settings(language)) as stage:
        see(stage, Notify(kind, severity, "as it came <a>", BTC, LONG, pairs))
        text = str((await stage.api.message(holds)).values["text"])
        title = Words(language).say(f"title.{kind.value}")
        mark = {INFO: "", WARNING: "⚠️ ", ALARM: "🚨 "}[severity]
        leg = "BTC/USDT perp LONG" if language is EN else "BTC/USDT 永续 多"
        assert text.startswith(f"{mark}<b>{title}</b> {leg}\n")


@pytest.mark.parametrize(
    ("language", "down", "up"),
    [
        (EN, "The account stream is down (no &lt;pong&gt;)", "The account stream is back"),
        (ZH, "账户数据流断开（no &lt;pong&gt;），常规委托暂缓", "账户数据流已恢复"),
    ],
)
async def test_a_stream_goes_and_comes(language: Language, down: str, up: str) -> None:
    async with staged(settings(language)) as stage:
        lost = Notify(NoticeKind.RECONNECT, WARNING, "The user stream is down.")
        see(stage, lost, ev.StreamDown(Stream.USER, 0, "no <pong>"))
        await stage.api.message(down)
        see(stage, Notify(NoticeKind.RECONNECT, INFO, "back"), ev.StreamUp(Stream.USER, 0))
        await stage.api.message(up)
        see(stage, Notify(NoticeKind.RECONNECT, INFO, "as it came"))
        await stage.api.message("as it came")


@pytest.mark.parametrize(("language", "head"), [(EN, "Daily report"), (ZH, "每日报告")])
async def test_the_daily_report_comes_at_its_hour(language: Language, head: str) -> None:
    async with staged(settings(language, hour=15)) as stage:  # NOW is 14:13:20 UTC
        await stage.front._tick()
        assert stage.called == []
        stage.clock.shift_ms += 2_800_000
        await stage.api.message(head)
        await stage.front._tick()
        assert stage.operations.calls == [("report", NOW + 2_800_000 - 86_400_000)]


@pytest.mark.parametrize(
    ("language", "start", "stop"),
    [
        (EN, "<b>vibe-quant 0.0 is here</b> · SIMULATED", "<b>vibe-quant ends</b>\nThis program sends nothing more."),
        (ZH, "<b>vibe-quant 0.0 已启动</b> · 模拟交易所", "<b>vibe-quant 已停止</b>\n程序不再发送任何委托"),
    ],
)
async def test_start_and_stop_are_told(language: Language, start: str, stop: str) -> None:
    async with staged(settings(language)) as stage:
        await stage.api.until(lambda: sum(start in text for text in stage.api.sent()) == 2)  # two chats
        stage.task.cancel()
        await stage.api.until(lambda: sum(stop in text for text in stage.api.sent()) == 2)


async def test_silent_is_without_a_sound_and_off_is_off() -> None:
    events = TelegramEvents(on_fill=Loudness.OFF, on_mismatch=Loudness.SILENT, on_open_alert=Loudness.ON)
    async with staged(settings(events=events)) as stage:
        see(stage, FILL)
        see(stage, Notify(NoticeKind.MISMATCH, WARNING, "a mismatch", BTC, LONG))
        see(stage, Notify(NoticeKind.OPEN_ALERT, INFO, "an enlargement", BTC, LONG))
        quiet, loud = await stage.api.message("a mismatch"), await stage.api.message("an enlargement")
        assert (quiet.values["disable_notification"], loud.values["disable_notification"]) == ("true", "false")
        assert not any("Closed LONG" in text for text in stage.api.sent())


async def test_an_alarm_of_a_silent_kind_is_heard() -> None:
    async with staged(settings(events=TelegramEvents(on_stop=Loudness.SILENT))) as stage:
        see(stage, Notify(NoticeKind.STOP, ALARM, "it does not stand", BTC, LONG))
        assert (await stage.api.message("it does not stand")).values["disable_notification"] == "false"


@pytest.mark.parametrize("kind", list(Loudness))
async def test_each_event_can_be_switched(kind: Loudness) -> None:
    events = TelegramEvents(**dict.fromkeys(TelegramEvents.__dataclass_fields__, kind))
    async with staged(settings(events=events, hour=15)) as stage:
        see(stage, FILL)
        stage.front.cost(COST)
        for one in NoticeKind:
            see(stage, Notify(one, WARNING, f"of {one}", BTC, LONG))
        stage.clock.shift_ms += 8_000_000
        await stage.front._tick()
        stage.says("/version")
        await stage.api.message("run r1")
        await stage.api.until(lambda: stage.front.counts()[-1] == ("telegram_waiting", 0))
        told = [got for got in stage.api.messages(7) if "run r1" not in str(got.values["text"])]
        if kind is Loudness.OFF:
            assert told == []
        else:
            await stage.api.message("Daily report")
            assert {got.values["disable_notification"] for got in told} == {str(kind is Loudness.SILENT).lower()}


def test_a_late_word_of_the_core_is_shown_as_it_is() -> None:
    card = Notices(Words(ZH)).card(Notify(NoticeKind.HALT, ALARM, "All has stopped & waits", None, None, ()), 3)
    assert card == "🚨 <b>已停止平仓委托</b>（×3）\nAll has stopped &amp; waits"
