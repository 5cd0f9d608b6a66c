"""What commands answer and what comes as a sentence, in both languages, over HTTP against the double."""

from __future__ import annotations

from dataclasses import replace

import pytest
from tests.operations_fake import BTC, LEG, PLAN, STATUS, FakeOperations
from tests.telegram.stage import settings, staged

from vibe_quant.domain import events as ev
from vibe_quant.domain.enums import NoticeKind, PositionSide, Severity
from vibe_quant.domain.intents import Notify
from vibe_quant.domain.service_settings import Language
from vibe_quant.domain.status import Answer
from vibe_quant.telegram.wording import Words

EN, ZH = Language.EN, Language.ZH
TRADES = "BTC/USDT:USDT is paused: no discretionary orders; panic goes on."
ANSWERS = [
    (
        "/pause BTC",
        f"{TRADES} Cancelled: vq-1-a, 0.002 of 0.01 filled; vq-1-b. Filled before it could be cancelled: vq-9.",
        "✅ 暂停 BTC/USDT 永续：BTC/USDT 永续 已暂停：不再发送常规委托；紧急减仓照常。"
        "已撤单：vq-1-a（已成交 0.002/0.01）；vq-1-b。撤单前已全部成交：vq-9。",
    ),
    (
        "/pause",
        "Everything is paused: no discretionary orders; panic goes on. There was no live order for it to cancel. "
        "The journal cannot be written (journal /d/j.db: the disk is full. Free space on it; writing goes on by itself "
        "then (ENOSPC)): a restart may not know of this.",
        "已全部暂停：不再发送常规委托；紧急减仓照常。没有需要撤销的在途委托。"
        "日志库无法写入（日志库 /d/j.db：磁盘已满。请腾出空间，之后会自动恢复写入（ENOSPC））：重启后可能不记得",
    ),
    (
        "/resume",
        "Everything is resumed. Undone: the pause of everything; the halt of BTC/USDT:USDT LONG (5 refusals in a row, "
        "the last with -2019). Discretion still waits: the start is not over; another instance has the lease of the "
        "account: end one of the two, then restart this one.",
        "已全部恢复。已解除：全部暂停；BTC/USDT 永续 多 的停止（连续 5 次被拒，最近错误码 -2019）。"
        "常规委托仍在等待：启动尚未完成；另一个实例持有该账户的租约：请结束其中一个，然后重启本实例。",
    ),
    (
        "/flatten BTC long",
        "BTC/USDT:USDT LONG: flattening 0.842 by aggressive limits, without signals. It waits: halted: account left.",
        "BTC/USDT 永续 多：开始清仓 0.842，以激进限价、不等信号。目前等待：已停止：account left。",
    ),
    (
        "/reload",
        "Reloaded by telegram 7: BTC/USDT:USDT execution.order_ttl_ms 800 -> 1200; and 2 more.",
        "✅ 重新加载：已由 telegram 7 重新加载：BTC/USDT:USDT execution.order_ttl_ms 800 -&gt; 1200；另有 2 项。",
    ),
    ("/pause", "A sentence of <tomorrow>. Look at the status.", "A sentence of &lt;tomorrow&gt;. 请看状态。"),
]
NOTICES = [
    (
        "The exchange asked to back off (429) for 12 s. Discretionary requests wait.",
        "交易所要求限速（429），持续 12 秒。常规请求暂缓。",
    ),
    (
        "BTC/USDT:USDT LONG is behind its bound in panic tier 2: 0.4 of 1.2 still open. It now sends the whole "
        "remainder. The distance is by a mark price 3.1 s old; no newer one has come.",
        "BTC/USDT 永续 多 紧急减仓第 2 档进度落后：1.2 中仍有 0.4 未平。现在一次发送全部剩余数量。"
        "该距离按 3.1 秒前的标记价格计算，尚无更新。",
    ),
    (
        "BTC/USDT:USDT LONG: 0.001 is left near liquidation, worth 61.20, and the exchange takes no closing order of "
        "so little (last code -4164). It is tried again now and then; its protective stop is what closes it, or you by "
        "hand.",
        "剩余 0.001 已接近强平，价值 61.20，低于交易所最小下单量（最近错误码 -4164）。程序会不时重试；只能靠保护性止损",
    ),
    (
        "Account ab12 (live): the exchange does not accept the API key (-2015 Invalid key, IP. Or rights). No order "
        "has been sent. Check the key and its secret, that it belongs to this venue, that it may use futures, and that "
        "it allows this host's address.",
        "账户 ab12 (live)：交易所不接受该 API 密钥（-2015 Invalid key, IP. Or rights）。没有发送任何委托。请检查密钥",
    ),
    (
        "Not done for reasons of the moment: 3 x -1008 (overloaded, not done), 1 x 503 (service unavailable, not "
        "done). Such requests are wished anew after a pause of up to 30 s, without end.",
        "因临时原因未执行：3 次 -1008（系统过载，未执行）、1 次 503（服务不可用，未执行）。此类请求会不断重试",
    ),
]


@pytest.mark.parametrize("language", [EN, ZH])
@pytest.mark.parametrize(("command", "english", "chinese"), ANSWERS)
async def test_an_answer_is_in_the_language(language: Language, command: str, english: str, chinese: str) -> None:
    async with staged(settings(language), operations=FakeOperations(answer=Answer(True, english))) as stage:
        stage.says(command)
        if command.startswith(("/flatten", "/reload")):
            await stage.api.message("0000000a")
            stage.says("yes 0000000a")
        escaped = english.replace("<", "&lt;").replace(">", "&gt;")
        await stage.api.message(escaped if language is EN else chinese)


@pytest.mark.parametrize("language", [EN, ZH])
@pytest.mark.parametrize(("english", "chinese"), NOTICES)
async def test_a_notice_without_facts_is_in_the_language(language: Language, english: str, chinese: str) -> None:
    async with staged(settings(language)) as stage:
        notice = Notify(NoticeKind.LIFECYCLE, Severity.WARNING, english, BTC, PositionSide.LONG)
        stage.front.see(0, ev.Timer(0), [notice], None)
        await stage.api.message(english if language is EN else chinese)


async def test_a_side_in_trouble_says_all_of_it_in_chinese() -> None:
    leg = replace(LEG, halted="law 4: an order of 2 was to leave where 1 may", panic_tier=0)
    status = replace(
        STATUS,
        legs=(leg,),
        paused=("all until 2026-11-21 10:00:00 UTC", "BTC/USDT:USDT (panic too)"),
        held="the API key may move money out (enableWithdrawals): take that right away, or allow it by name, and "
        "restart",
        journal_trouble="journal /d/j.db: another process holds it. End what else has the journal open for writing; it "
        "is tried again (EAGAIN)",
    )
    async with staged(settings(ZH), operations=FakeOperations(now=status)) as stage:
        stage.says("/status")
        text = str((await stage.api.message("已暂停")).values["text"])
        for part in (
            "⏸ 已暂停：全部，至 2026-11-21 10:00:00 UTC, BTC/USDT 永续（含紧急减仓）",
            "该 API 密钥可以转出资金（enableWithdrawals）：请取消该权限或按名称允许，然后重启",
            "日志库 /d/j.db：被另一个进程占用。请结束其他正在写日志库的进程；程序会再次尝试（EAGAIN）",
            "规则 4：准备发出 2 的委托，但最多只允许 1",
        ):
            assert part in text
        stage.says("/resume")
        await stage.api.message("BTC/USDT 永续 多: 规则 4：准备发出 2 的委托，但最多只允许 1")


async def test_a_plan_and_a_report_are_in_chinese_too() -> None:
    problem = (
        "line 3: global.venue: sim -> live needs a restart: put it back, or restart the service (own orders are "
        "cancelled, protective stops stay)"
    )
    warning = "Every open position of the account is worked down from now on, those you open by hand too."
    operations = FakeOperations(plan=replace(PLAN, problems=(problem,)))
    async with staged(settings(ZH), operations=operations) as stage:
        stage.says("/reload")
        await stage.api.message("第 3 行 global.venue：sim → live 需要重启才能生效")
        operations.plan = replace(PLAN, warnings=(warning,))
        stage.says("/reload")
        await stage.api.message("⚠️ 账户中的全部持仓从现在起都会被平掉，包括您手动开的仓。")
        stage.says("/report")
        await stage.api.message("BTC/USDT 永续 多 距强平价 1.41%，委托已至少切换为激进限价。")


def test_what_is_nested_without_end_or_too_long_is_shown_as_it_is() -> None:
    words = Words(ZH)
    assert words.phrase("journal " + "a: " * 300 + "b").count("日志库") == 1
    assert words.phrase("There is nothing to flatten. " * 400).startswith("There is nothing")
    assert words.phrase("There is nothing to flatten. " * 40).startswith("There is nothing")
    assert words.phrase("5 < 6; & all. No") == "5 &lt; 6; &amp; all. No"


@pytest.mark.parametrize(
    ("command", "says"),
    [
        ("/fly", "没有命令 /fly"),
        ("/why", "哪个品种？"),
        ("/why doge 多", "doge 不是受管理的品种，或不止一个匹配。受管理：BTC/USDT:USDT, ETH/USDT:USDT。"),
        ("/why eth 空", "ETH/USDT 永续 空 不受管理。"),
        ("/flatten BTC 空", "BTC/USDT 永续 空 没有受管理的持仓"),
        ("/pause BTC 99天", "99天 不是 1 分钟到 30 天的时长"),
        ("/pause BTC ETH", "这里不能用 ETH。"),
        ("hello", "命令以斜杠开头"),
    ],
)
async def test_a_wrong_word_is_answered_with_help_in_chinese(command: str, says: str) -> None:
    async with staged(settings(ZH)) as stage:
        stage.says(command)
        await stage.api.message(says)
        assert stage.called == []


async def test_what_is_not_confirmed_is_told_in_chinese() -> None:
    async with staged(settings(ZH)) as stage:
        stage.says("/flatten all")
        await stage.api.message("确认清仓 整个账户？")
        stage.says("yes deadbeef")
        await stage.api.message("确认内容不符，未执行任何操作；还可再试 2 次。")
        stage.api.presses("no:0000000a")
        await stage.api.message("未执行：清仓 整个账户。")
        stage.api.presses("yes:0000000a")
        await stage.api.message("该确认已使用或已过期")
        stage.api.says("/pause", 7, 7, at=stage.clock.server_ms() // 1000 - 120)
        await stage.api.message("有 1 条命令超过 60 秒，未执行。")
        assert stage.called == []
