"""Every command in both languages, over HTTP against the double, driven by the library."""

from __future__ import annotations

import json
from dataclasses import replace

import pytest
from tests.operations_fake import BTC, ETH, LEG, NEVER_NAMED, PLAN, STATUS, WITH_OTHERS, FakeOperations
from tests.telegram.stage import settings, staged

from vibe_quant.domain.enums import PositionSide
from vibe_quant.domain.service_settings import Language
from vibe_quant.domain.status import Answer, Report
from vibe_quant.ports import JournalBroken

EN, ZH = Language.EN, Language.ZH
PICTURES = [
    (EN, "/status", ("SIMULATED", "working", "BTC/USDT perp LONG", "-277.27", "7.12%", "Weight 41 of 2400")),
    (ZH, "/status", ("模拟交易所", "运行中", "BTC/USDT 永续 多", "-277.27", "7.12%", "请求权重 41 / 2400")),
    (EN, "/positions", ("0.842", "Liquidation 56574.3", "Stop 57140, stands: yes", "Order 0.003 at 60910.2")),
    (
        ZH,
        "/positions",
        ("0.842", "强平价 56574.3", "保护性止损 57140，已挂出：是", "委托 0.003 @ 60910.2", "已由操作员暂停"),
    ),
    (
        EN,
        "/why btc long",
        ("Why", "Acts: orderbook_price", "bid = 60910.1", "dist = 7.12%", "left = 4.9 s", "💡 It acts on the next"),
    ),
    (
        ZH,
        "/why BTCUSDT 多",
        (
            "原因",
            "正在执行：orderbook_price",
            "买一价 = 60910.1",
            "还需 = 4.9 秒",
            "1 × 已由操作员暂停",
            "💡 下一条报价",
        ),
    ),
    (EN, "/config BTC", ("Configuration", "execution.order_ttl_ms = 1200 (default 800)")),
    (ZH, "/config btc", ("配置", "execution.order_ttl_ms = 1200（默认 800）")),
    (EN, "/report 24h", ("Report", "390 fills, maker 82.05%", "-299.40", "9.84 USDT", "from liquidation")),
    (ZH, "/report", ("报告", "成交 390 笔，挂单占比 82.05%", "-299.40", "9.84 USDT", "最近告警")),
    (EN, "/logs 3", ("newest 3 lines", "<code>line 2</code>")),
    (ZH, "/logs 3", ("最近 3 行", "<code>line 2</code>")),
    (EN, "/help", ("/flatten: close without signals", "Nothing here can open")),
    (ZH, "/help", ("/flatten: 不等信号直接清仓", "任何命令都不能开仓")),
    (EN, "/version", ("vibe-quant 0.0", "run r1")),
    (ZH, "/version", ("vibe-quant 0.0", "运行编号 r1")),
]


@pytest.mark.parametrize(("language", "command", "holds"), PICTURES, ids=[f"{p[0]}{p[1]}" for p in PICTURES])
async def test_a_picture_is_sent(language: Language, command: str, holds: tuple[str, ...]) -> None:
    async with staged(settings(language)) as stage:
        stage.says(command)
        text = str((await stage.api.message(holds[0])).values["text"])
        await stage.api.until(lambda: any(holds[1] in one for one in stage.api.sent()))
        text = next(one for one in stage.api.sent() if holds[1] in one)
        assert [part for part in holds if part not in text] == []
        assert "{" not in text


ACTS = [
    (EN, "/pause BTC 30m", ("pause", BTC, 1_800_000, "telegram 7"), "✅ Pause BTC/USDT perp for 30 min 0 s: done"),
    (ZH, "/pause 30分 btc", ("pause", BTC, 1_800_000, "telegram 7"), "✅ 暂停 BTC/USDT 永续，30 分 0 秒：done"),
    (EN, "/pause", ("pause", None, None, "telegram 7"), "✅ Pause the whole account: done"),
    (ZH, "/pause", ("pause", None, None, "telegram 7"), "✅ 暂停 整个账户：done"),
    (EN, "/resume BTC", ("resume", BTC, "telegram 7"), "✅ Resume BTC/USDT perp: done"),
    (ZH, "/resume", ("resume", None, "telegram 7"), "✅ 恢复 整个账户：done"),
]


@pytest.mark.parametrize(("language", "command", "call", "said"), ACTS, ids=[f"{a[0]}{a[1]}" for a in ACTS])
async def test_what_is_safe_is_done_at_once(
    language: Language, command: str, call: tuple[object, ...], said: str
) -> None:
    async with staged(settings(language)) as stage:
        number = stage.says(command)
        await stage.api.message(said)
        assert stage.operations.calls == [call]
        assert stage.notebook.rows[0][1]["update_id"] == number


CONFIRMED = [
    (EN, "/flatten btc long", ("flatten", BTC, PositionSide.LONG, "telegram 7"), "Flatten BTC/USDT perp LONG?"),
    (ZH, "/flatten BTC/USDT:USDT 多", ("flatten", BTC, PositionSide.LONG, "telegram 7"), "确认清仓 BTC/USDT 永续 多？"),
    (EN, "/flatten all", ("flatten", None, None, "telegram 7"), "Flatten the whole account?"),
    (ZH, "/flatten ETH all", ("flatten", ETH, None, "telegram 7"), "确认清仓 ETH/USDT 永续？"),
    (EN, "/reload", ("apply_reload", "abc123", "telegram 7"), "execution.order_ttl_ms: 800 → 1200"),
    (ZH, "/reload", ("apply_reload", "abc123", "telegram 7"), "execution.order_ttl_ms：800 → 1200"),
]


@pytest.mark.parametrize("typed", [False, True], ids=["button", "typed"])
@pytest.mark.parametrize(("language", "command", "call", "asks"), CONFIRMED, ids=[f"{c[0]}{c[1]}" for c in CONFIRMED])
async def test_what_is_dangerous_is_asked_first(
    language: Language, command: str, call: tuple[object, ...], asks: str, typed: bool
) -> None:
    async with staged(settings(language)) as stage:
        stage.says(command)
        question = await stage.api.message(asks)
        assert call not in stage.operations.calls
        buttons = json.loads(str(question.values["reply_markup"]))["inline_keyboard"][0]
        assert [one["callback_data"] for one in buttons] == ["yes:0000000a", "no:0000000a"]
        if typed:
            stage.says("yes 0000000a")
        else:
            stage.api.presses("yes:0000000a")
        await stage.api.message("✅")
        assert stage.operations.calls.count(call) == 1
        if not typed:
            await stage.api.until(lambda: stage.api.count("editMessageReplyMarkup") == 1)
            assert stage.api.count("answerCallbackQuery") == 1


async def test_no_is_no() -> None:
    async with staged() as stage:
        stage.says("/flatten all")
        await stage.api.message("Flatten the whole account?")
        stage.api.presses("no:0000000a")
        await stage.api.message("Nothing was done: Flatten the whole account.")
        stage.api.presses("yes:0000000a")
        await stage.api.message("That confirmation is used or over.")
        assert stage.called == []


async def test_a_halt_is_not_resumed_without_a_second_word() -> None:
    halted = replace(STATUS, legs=(replace(LEG, halted="5 refusals in a row"),))
    async with staged(operations=FakeOperations(now=halted)) as stage:
        stage.says("/resume")
        await stage.api.message("5 refusals in a row")
        assert stage.called == []
        stage.api.presses("yes:0000000a")
        await stage.api.message("✅ Resume the whole account")
        assert stage.called == ["resume"]


async def test_a_refusal_is_told_as_one() -> None:
    async with staged(operations=FakeOperations(answer=Answer(False, "the <service> is stopping"))) as stage:
        stage.says("/pause")
        await stage.api.message("❌ Pause the whole account: the &lt;service&gt; is stopping")


async def test_a_file_that_cannot_be_applied_is_not_offered() -> None:
    plan = replace(PLAN, problems=("symbols.BTC: needs a restart",))
    async with staged(operations=FakeOperations(plan=plan)) as stage:
        stage.says("/reload")
        question = await stage.api.message("needs a restart")
        assert "reply_markup" not in question.values


async def test_nothing_to_reload() -> None:
    async with staged(operations=FakeOperations(plan=replace(PLAN, changes=()))) as stage:
        stage.says("/reload")
        await stage.api.message("there is nothing to reload")


@pytest.mark.parametrize(
    ("command", "says"),
    [
        ("/fly", "There is no command /fly"),
        ("/why", "Which symbol?"),
        ("/why doge long", "doge is no managed symbol, or means several. Managed: BTC/USDT:USDT, ETH/USDT:USDT."),
        ("/why eth short", "ETH/USDT perp SHORT is not managed."),
        ("/flatten", "Which symbol?"),
        ("/flatten BTC short", "No managed side of BTC/USDT perp SHORT holds a position"),
        ("/flatten long short BTC", "Which symbol?"),
        ("/pause BTC 99d", "99d is no time from 1 minute to 30 days"),
        ("/pause 1x", "1x is no time"),
        ("/pause BTC ETH", "ETH does not fit here."),
        ("/pause BTC all", "all does not fit here."),
        ("/pause all ETH", "ETH does not fit here."),
        ("/pause 30m BTC 2h", "2h does not fit here."),
        ("/resume BTC ETH", "ETH does not fit here."),
        ("/resume all 30m", "30m does not fit here."),
        ("/config BTC ETH", "ETH does not fit here."),
        ("/report 0m", "0m is no time"),
        ("/logs many", "many does not fit here. newest log lines"),
        ("/config doge", "doge is no managed symbol"),
        ("/config eth", "ETH/USDT perp is not managed."),
        ("hello", "Commands begin with a slash"),
        ("/why <b>x</b> long", "&lt;b&gt;x&lt;/b&gt; is no managed symbol"),
    ],
)
async def test_a_wrong_word_is_answered_with_help(command: str, says: str) -> None:
    async with staged() as stage:
        stage.says(command)
        await stage.api.message(says)
        assert stage.called == []


async def test_the_phone_offers_the_commands_in_the_language() -> None:
    async with staged(settings(ZH)) as stage:
        await stage.api.until(lambda: stage.api.count("setMyCommands") == 2)
        first = next(got for got in stage.api.got if got.method == "setMyCommands")
        commands = json.loads(str(first.values["commands"]))
        assert [one["command"] for one in commands][:3] == ["status", "positions", "why"]
        assert "不等信号直接清仓" in str(commands)
        assert json.loads(str(first.values["scope"])) == {"type": "chat", "chat_id": 7}


async def test_a_side_in_trouble_says_all_of_it() -> None:
    trouble = replace(
        LEG,
        panic_tier=1,
        halted="5 refusals in a row",
        flattening=True,
        stop_price=None,
        order=None,
        begun_qty=None,
        cost_bps=None,
        liq=None,
        dist=None,
    )
    more = tuple(replace(trouble, symbol=f"C{number}/USDT:USDT") for number in range(30))
    status = replace(
        STATUS,
        legs=(trouble, replace(LEG, qty=LEG.qty * 0), *more),
        paused=("BTC/USDT:USDT until 12:00",),
        held="another <instance>",
        breaker_open=True,
        journal_trouble="the disk is full",
        weight_used=None,
        streams=(),
    )
    async with staged(operations=FakeOperations(now=status)) as stage:
        stage.says("/status")
        text = str((await stage.api.message("Paused: BTC")).values["text"])
        for part in ("another &lt;instance&gt;", "circuit breaker", "the disk is full", "Panic tier 2", "Halted: 5"):
            assert part in text
        assert "and 6 legs more" in text
        stage.says("/positions")
        await stage.api.message("No protective stop")
        await stage.api.message("and 6 more")
        stage.says("/why C1")
        await stage.api.message("Managed: BTC/USDT:USDT, C0/USDT:USDT")
        stage.says("/resume all")
        await stage.api.message("another &lt;instance&gt;\nBTC/USDT perp LONG: 5 refusals in a row")


OTHERS = [
    (
        EN,
        "SOL/USDT perp SHORT 12.5 · not managed: no orders, no stops of ours",
        "300 · not managed: no orders; our stop at 0.51",
    ),
    (
        ZH,
        "SOL/USDT 永续 空 12.5 · 不受管理：无委托，也没有我们的止损",
        "300 · 不受管理：无委托；重新加载将其移出管理时，我们在 0.51",
    ),
]


@pytest.mark.parametrize(("language", "never", "left"), OTHERS)
async def test_what_is_held_and_not_managed_has_a_line_of_its_own(language: Language, never: str, left: str) -> None:
    none_worked = replace(WITH_OTHERS, legs=(), unmanaged=(NEVER_NAMED,) * 27)
    for command in ("/status", "/positions"):
        async with staged(settings(language), operations=FakeOperations(now=WITH_OTHERS)) as stage:
            stage.says(command)
            lines = str((await stage.api.message("SOL")).values["text"]).splitlines()
            assert f"⚪ {never}" in lines
            assert any(left in line for line in lines)
            assert any("BTC" in line and "⚪" not in line for line in lines)
        async with staged(settings(language), operations=FakeOperations(now=none_worked)) as stage:
            stage.says(command)
            told = str((await stage.api.message("SOL")).values["text"])
            assert (
                told.count(never),
                told.count("2 legs more that are not managed" if language is EN else "另有 2 个方向不受管理"),
            ) == (25, 1)


async def test_a_flatten_says_what_it_leaves_for_it_is_not_managed() -> None:
    async with staged(operations=FakeOperations(now=WITH_OTHERS)) as stage:
        stage.says("/flatten all")
        text = str((await stage.api.message("Flatten the whole account?")).values["text"])
        assert "SOL/USDT perp SHORT: 12.5 stays as it is: it is not managed" in text
        assert "\nBTC/USDT perp LONG: 0.842\n" in text
        stage.says("/flatten BTC long")
        text = str((await stage.api.message("Flatten BTC/USDT perp LONG?")).values["text"])
        assert "not managed" not in text
        stage.says("/flatten xrp long")
        await stage.api.message("xrp is no managed symbol")
        assert stage.called == []


async def test_a_service_without_positions() -> None:
    async with staged(operations=FakeOperations(now=replace(STATUS, legs=()))) as stage:
        stage.says("/status")
        await stage.api.message("No managed side holds a position.")
        stage.says("/positions")
        stage.says("/why doge long")
        await stage.api.message("Managed: -.")
        stage.says("/flatten all")  # nothing may have been read yet
        await stage.api.message("Flatten the whole account?")


async def test_the_side_may_be_left_out_where_there_is_one() -> None:
    async with staged() as stage:
        stage.says("/why btc")
        await stage.api.message("Acts: orderbook_price")
    both = replace(STATUS, legs=(LEG, replace(LEG, side=PositionSide.SHORT)))
    async with staged(operations=FakeOperations(now=both)) as stage:
        stage.says("/why btc")
        await stage.api.message("Which side of BTC/USDT perp?")


async def test_a_plan_too_long_to_read_is_cut_and_an_empty_log_is_said() -> None:
    plan = replace(PLAN, changes=PLAN.changes * 70, warnings=("unwise",))
    operations = FakeOperations(plan=plan)
    operations.log_lines = lambda count: ()  # type: ignore[method-assign]
    async with staged(operations=operations) as stage:
        stage.says("/logs")
        await stage.api.message("The log holds nothing yet.")
        stage.says("/reload")
        await stage.api.message("and 10 more of this kind")
        question = await stage.api.message("⚠️ unwise")
        assert "Apply these changes?" in str(stage.api.sent())
        assert question is not None
        await stage.api.until(lambda: any("reply_markup" in got.values for got in stage.api.messages()))


@pytest.mark.parametrize(
    ("language", "said"),
    [
        (EN, "There is no report now: journal j: row 7 is damaged (&lt;since True&gt;)"),
        (ZH, "目前没有报告：日志库 j：第 7 行已损坏（&lt;since True&gt;）"),
    ],
)
async def test_a_journal_that_cannot_be_read_is_said_and_is_no_defect(language: Language, said: str) -> None:
    class Unread(FakeOperations):
        async def report(self, since_ms: int) -> Report:
            raise JournalBroken(f"journal j: row 7 is damaged (<since {since_ms > 0}>)")

    async with staged(settings(language), operations=Unread()) as stage:
        stage.says("/report 24h")
        await stage.api.message(said)
