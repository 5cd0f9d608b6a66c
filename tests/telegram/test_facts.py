"""The numbers behind every reason, on the phone: none is raw, none is English where Chinese is spoken."""

from __future__ import annotations

import re

import pytest
from tests.core import why_order_cases
from tests.core.scenario import BTC, only, panicking, started
from tests.core.why_cases import CASES

from vibe_quant.cli import words as cli
from vibe_quant.domain.blocked import Blocked
from vibe_quant.domain.enums import PositionSide
from vibe_quant.domain.service_settings import Language
from vibe_quant.domain.status import RATIOS, Facts
from vibe_quant.telegram.facts import fact
from vibe_quant.telegram.facts_zh import NAMES, VALUES
from vibe_quant.telegram.wording import Words

assert why_order_cases.BOOK, "its cases are known by its import"
EN, ZH = Words(Language.EN), Words(Language.ZH)
KEYS = re.compile(
    r"liq_distance_threshold|max_mark_gap|min_signal_interval_ms|orderbook_price|majority|TRADING|SETTLING|vq-\S+"
)
"""Names of settings, and what is the exchange's or an order's own."""
LEFT = re.compile(r"[A-Za-z]{3,}")


def acted() -> Facts:
    """Those of an order, with all that an order may have."""
    desk = started(settings=panicking())
    only(desk.rise())
    why = desk.engine.why(BTC, PositionSide.LONG, desk.now)
    assert why is not None
    assert why.acting
    return (*why.inputs, ("panic_tier", "1"), ("dist", "0.0092"))


def facts_of(blocked: Blocked) -> Facts:
    case = CASES[blocked]()
    why = case.desk.engine.why(BTC, case.side, case.desk.now)
    assert why is not None
    return why.inputs


@pytest.mark.parametrize("blocked", [None, *Blocked])
def test_each_is_told_in_the_language_and_in_words(blocked: Blocked | None) -> None:
    for name, value in acted() if blocked is None else facts_of(blocked):
        chinese = fact(ZH, name, value)
        rest = KEYS.sub("", chinese.removeprefix("暂停 BTC/USDT 永续"))
        assert not LEFT.search(rest) or name == "journal", chinese
        assert "_ms" not in fact(EN, name, value)
        assert "_" not in cli.fact(name, "0")[0]


def test_nothing_is_translated_that_nobody_says() -> None:
    said = [fact for blocked in Blocked for fact in facts_of(blocked)] + list(acted())
    names = {name for name, _ in said}
    assert set(NAMES) == {name for name in names if not name.startswith("pause of ")}
    assert names | {"dist"} > RATIOS
    assert {"until resumed", "for a time", "never", "this side"} <= {value for _, value in said} & set(VALUES)


@pytest.mark.parametrize(
    ("name", "value", "english", "chinese", "terminal"),
    [
        ("left_ms", "60", "left = 0.06 s", "还需 = 0.06 秒", ("left", "0.06s")),
        ("left_ms", "4900", "left = 4.9 s", "还需 = 4.9 秒", ("left", "4.9s")),
        ("left_ms", "1799123", "left = 29 min 59 s", "还需 = 29 分 59 秒", ("left", "29m59s")),
        ("quote_age_ms", "never", "quote age = never", "最新报价距今 = 从未", ("quote age", "never")),
        ("its_dist", "0.0092", "its dist = 0.92%", "另一方向距强平 = 0.92%", ("its dist", "0.92%")),
        ("dist", "unknown", "dist = unknown", "距强平 = 未知", ("dist", "unknown")),
        ("mode", "MAKER_ONLY", "mode = maker only", "方式 = 只挂单", ("mode", "MAKER_ONLY")),
        ("leg", "LONG", "leg = LONG", "方向 = 多", ("leg", "LONG")),
        ("because", "overloaded, not done (-1008)", "because = overloaded, not done (-1008)", None, None),
        ("pause of all", "until resumed", "pause of all = until resumed", "暂停 整个账户 = 直到恢复", None),
        ("new_one", "7", "new one = 7", "new one = 7", ("new one", "7")),
    ],
)
def test_how_it_is_written(
    name: str, value: str, english: str, chinese: str | None, terminal: tuple[str, str] | None
) -> None:
    assert fact(EN, name, value) == english
    assert chinese is None or fact(ZH, name, value) == chinese
    assert terminal is None or cli.fact(name, value) == terminal
