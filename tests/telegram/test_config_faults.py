"""A file that cannot be applied says on a Chinese phone what is wrong with it, in Chinese where that is common."""

from __future__ import annotations

import re
from dataclasses import replace

import pytest
from tests.operations_fake import PLAN, FakeOperations
from tests.telegram.config_faults import FAULTS, limits_of, said
from tests.telegram.stage import settings, staged

from vibe_quant.app.reload import UNCHANGED
from vibe_quant.config.shape import GLOBAL, Member
from vibe_quant.domain.service_settings import Language
from vibe_quant.telegram.wording import Words

ZH = Words(Language.ZH)
ENGLISH = re.compile(r"[A-Za-z'-]+(?: [a-z'-]+)+")
KEPT = re.compile(r"expected ',' or '}', but got '<stream end>'|'a b'|manage: listed|vibe-quant init")
"""The YAML library's words, and what is typed as it stands."""


def docs(keys: tuple[Member, ...]) -> set[str]:
    """What keys say of themselves, which is told in English."""
    return {key.doc for key in keys}.union(*(docs(key.children) for key in keys))


DOCS = sorted(docs(GLOBAL) - {""}, key=len, reverse=True)


@pytest.mark.parametrize("name", [*FAULTS, "gone", "forbidden"])
def test_the_common_ones_are_in_chinese_with_line_key_and_figures(name: str) -> None:
    for text in said()[name]:
        chinese = ZH.phrase(text).replace("&lt;", "<").replace("&gt;", ">")
        rest = chinese
        for doc in DOCS:
            rest = rest.replace(doc, "")
        assert re.search("[一-鿿]", chinese), text
        assert ENGLISH.findall(KEPT.sub("", rest)) == [], chinese
        line = re.match(r"line (\d+): ", text)
        assert line is None or chinese.startswith(f"第 {line[1]} 行 ")
        for figure in re.findall(r"(?<=[ \[])\d+(?:\.\d+)?", text):
            assert figure in chinese
        assert "hunter2" not in text + chinese


@pytest.mark.parametrize(
    ("name", "chinese"),
    [
        ("unknown_near", "第 3 行 global.venu：未知的键；是否想写 venue？"),
        ("secret", "第 3 行 global.api_secret：未知的键，而且密钥不应写在此文件中"),
        ("twice", "第 4 行 global.venue：写了两次，第一次在第 3 行；请只保留一个"),
        ("whole", "第 3 行 global.execution.order_ttl_ms：应为 整数，现为 'soon'"),
        ("choice_near", "sim, paper, testnet, live；是否想写 paper？"),
        ("rungs", "risk.liq_distance_threshold 为 0.005，必须大于 risk.protective_stop.dist_to_liq（现为 0.01）"),
    ],
)
def test_how_some_are_told(name: str, chinese: str) -> None:
    assert chinese in ZH.phrase(said()[name][0])


def test_every_kind_of_bound_has_its_chinese() -> None:
    for limits in limits_of(GLOBAL):
        chinese = ZH.phrase(said()[limits][0])
        assert chinese.startswith("第 3 行 global.x：现为 5；应为 "), chinese
        assert re.search("least|most|than", chinese) is None


def test_what_is_after_a_key_and_not_known_stays_english_as_a_whole() -> None:
    text = "line 3: global.x: is odd in a way that nobody has met"
    assert ZH.phrase(text) == "第 3 行 global.x：is odd in a way that nobody has met"
    assert Words(Language.EN).phrase(said()["twice"][0]) == said()["twice"][0]


def test_several_in_one_sentence_are_told_each_in_its_turn() -> None:
    faults = "; ".join(text for name in ("nothing_listed", "unknown_near", "rungs", "twice") for text in said()[name])
    chinese = ZH.phrase(f"Not reloaded (SIGHUP): {faults}. {UNCHANGED}")
    assert chinese.startswith("未重新加载（SIGHUP）：global.manage：manage: listed 只处理")
    for part in (
        "；第 3 行 global.venu：未知的键；是否想写 venue？",
        "；第 4 行 global.risk.liq_distance_threshold：",
        "；第 4 行 global.venue：写了两次",
    ):
        assert part in chinese
    assert chinese.endswith("未作任何改动：服务沿用原有配置。")
    assert ENGLISH.findall(KEPT.sub("", chinese)) == []


async def test_a_refused_reload_has_a_chinese_head_and_each_fault_under_it() -> None:
    problems = (*said()["unknown_near"], "line 9: global.y: is odd in a way that nobody has met")
    operations = FakeOperations(plan=replace(PLAN, changes=(), problems=problems))
    async with staged(settings(Language.ZH), operations=operations) as stage:
        stage.says("/reload")
        lines = str((await stage.api.message("配置文件不能应用")).values["text"]).splitlines()
        assert lines[1:] == [
            "第 3 行 global.venu：未知的键；是否想写 venue？",
            "第 9 行 global.y：is odd in a way that nobody has met",
        ]
