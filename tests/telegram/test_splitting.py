"""Long messages in parts: nothing is lost, each part is whole HTML and short enough."""

from __future__ import annotations

import re

from hypothesis import example, given
from hypothesis import strategies as st

from vibe_quant.telegram.splitting import split

TOKEN = re.compile(r"<[^<>]*>|&[#\w]+;|.", re.DOTALL)
words = st.text(alphabet="ab 多🚨", min_size=1, max_size=30)
lines = st.lists(
    st.one_of(
        words,
        words.map(lambda text: f"<b>{text}</b>"),
        words.map(lambda text: f"<b>{text} <code>{text}</code></b>&lt;{text}"),
        st.just("&amp;" * 30),
        st.just("x" * 150),
    ),
    min_size=1,
    max_size=30,
)


def bare(text: str) -> str:
    return re.sub(r"<[^<>]*>|\s", "", text)


def balanced(text: str) -> bool:
    stack: list[str] = []
    for closing, name in re.findall(r"<(/?)(\w+)>", text):
        if not closing:
            stack.append(name)
        elif not stack or stack.pop() != name:
            return False
    return not stack


@example(["<b> </b>"], 60)
@example(["x" * 150, "<b> <code> </code></b>"], 60)
@given(lines, st.integers(min_value=60, max_value=200))
def test_parts_are_whole(found: list[str], most: int) -> None:
    text = "\n".join(found)
    parts = split(text, most)
    assert bare("".join(parts)) == bare(text)
    for part in parts:
        assert len(part.encode("utf-16-le")) // 2 <= most
        assert balanced(part), part
        assert not re.search(r"&[#\w]*$", part)
        assert bare(part)


def test_a_short_text_is_one_part() -> None:
    assert split("<b>a</b>\nb") == ["<b>a</b>\nb"]


def test_lines_are_kept_together_where_they_can_be() -> None:
    assert split("aaaa\nbbbb\ncccc", 10) == ["aaaa\nbbbb", "cccc"]


def test_nothing_is_no_message() -> None:
    assert split("\n \n") == []
