"""Both catalogues say the same things; figures, times and reasons are in the operator's language."""

from __future__ import annotations

import re
from decimal import Decimal
from enum import StrEnum
from pathlib import Path
from string import Formatter

import pytest

from vibe_quant.domain.blocked import Blocked
from vibe_quant.domain.enums import ExecutionMode, ExecutionState, NoticeKind, PositionSide, SignalReason, Stream
from vibe_quant.domain.risk import RiskLevel
from vibe_quant.domain.service_settings import Language
from vibe_quant.domain.settings import Venue
from vibe_quant.telegram import texts_en, texts_zh
from vibe_quant.telegram.commands import NAMES
from vibe_quant.telegram.phrases_zh import REASONS
from vibe_quant.telegram.wording import Html, Words, plain, safe

EN, ZH = texts_en.TEXTS, texts_zh.TEXTS
SOURCES = Path(__file__).parents[2] / "src" / "vibe_quant" / "telegram"
TAG = re.compile(r"</?\w+>")
D = Decimal


def places(text: str) -> list[str]:
    return sorted(name for _, name, _, _ in Formatter().parse(text) if name is not None)


def test_the_same_keys_in_the_same_order() -> None:
    assert list(EN) == list(ZH)


@pytest.mark.parametrize("key", EN)
def test_the_same_placeholders_and_tags(key: str) -> None:
    assert places(EN[key]) == places(ZH[key])
    assert sorted(TAG.findall(EN[key])) == sorted(TAG.findall(ZH[key]))


@pytest.mark.parametrize("key", EN)
def test_chinese_is_chinese(key: str) -> None:
    bare = re.sub(r"\{\w+\}|</?\w+>", "", ZH[key])
    if re.search(r"[A-Za-z]{4,}", re.sub(r"\{\w+\}|</?\w+>", "", EN[key])) and key not in ("version", "status.head"):
        assert re.search(r"[\u4e00-\u9fff]", bare), ZH[key]


def test_each_text_is_used() -> None:
    sources = "".join(path.read_text("utf-8") for path in SOURCES.glob("*.py") if not path.name.startswith("texts_"))
    groups = ("side", "mode", "role", "reason", "state", "risk", "stream", "phase", "venue", "title", "command")
    unused = [
        key
        for key in EN
        if f'"{key}"' not in sources
        and f"'{key}'" not in sources
        and key.partition(".")[0] not in groups
        and not key.startswith(("notice.stop_", "fill.closed."))
    ]
    assert unused == []


@pytest.mark.parametrize(
    ("group", "members"),
    [
        ("side", PositionSide),
        ("mode", ExecutionMode),
        ("state", ExecutionState),
        ("reason", SignalReason),
        ("stream", Stream),
        ("title", NoticeKind),
        ("venue", Venue),
    ],
)
def test_each_member_of_a_list_has_its_word(group: str, members: type[StrEnum]) -> None:
    assert [member for member in members if f"{group}.{member.value}" not in EN] == []


def test_each_risk_and_command_has_its_word() -> None:
    assert [level for level in RiskLevel if f"risk.{level.name}" not in EN] == []
    assert [name for name in NAMES if f"command.{name}" not in EN] == []


def test_every_reason_of_the_core_is_said_in_chinese() -> None:
    assert set(REASONS) == set(Blocked)
    words = Words(Language.ZH)
    assert words.phrase("halted: paused by the operator") == "已停止：已由操作员暂停"
    assert words.phrase("halted: 5 < 6") == "已停止：5 &lt; 6"
    assert words.phrase("the symbol is in status BREAK") == "合约状态 BREAK"
    assert words.phrase("of its own & new") == "of its own &amp; new"
    assert Words(Language.EN).phrase("paused by the operator") == "paused by the operator"


def test_what_comes_from_outside_is_data() -> None:
    words = Words(Language.EN)
    assert words.say("error.unknown", name="<b>{x}</b>\n/pause\x1b[0m") == (
        "There is no command &lt;b&gt;{x}&lt;/b&gt; /pause [0m. /help lists them."
    )
    assert safe(Html("<b>kept</b>")) == "<b>kept</b>"
    assert len(safe("x" * 5000)) == 1501


@pytest.mark.parametrize(
    ("value", "text"),
    [
        (D("1E+3"), "1000"),
        (D("0.00100"), "0.001"),
        (D("61240.500"), "61240.5"),
        (D("0.1234567891"), "0.12345679"),
        (D("-0"), "-0"),
        (D("NaN"), "NaN"),
    ],
)
def test_figures(value: Decimal, text: str) -> None:
    assert plain(value) == text


def test_signs_and_shares() -> None:
    words = Words(Language.EN)
    assert words.signed(D("1.005")) == "+1.00"
    assert words.signed(D("-0.001")) == "-0.001"
    assert words.signed(D(0)) == "0.00"
    assert words.signed(None) == "unknown"
    assert words.number(None) == "unknown"
    assert words.percent(None) == "none"
    assert words.percent(D("0.0712")) == "7.12%"
    assert words.symbol("BTC/USDC:USDC") == "BTC/USDC perp"
    assert words.symbol("BTC/USDT:BNB") == "BTC/USDT:BNB"
    assert words.symbol("odd") == "odd"
    assert [str(words.span(s * 1000)) for s in (-1, 59, 61, 3660, 90_000)] == [
        "0 s",
        "59 s",
        "1 min 1 s",
        "1 h 1 min",
        "1 d 1 h",
    ]
