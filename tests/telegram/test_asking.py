"""Spellings that people use."""

from __future__ import annotations

import pytest

from vibe_quant.domain.enums import PositionSide
from vibe_quant.telegram.asking import Asked, asked, looks_like_span, side_of, span_ms, typed_nonce


@pytest.mark.parametrize(
    ("text", "command"),
    [
        ("/status", Asked("status", ())),
        (" /Status ", Asked("status", ())),
        ("/WHY BTC, long", Asked("why", ("BTC", "long"))),
        ("/start", Asked("help", ())),
        ("/close btc 多", Asked("flatten", ("btc", "多"))),
        ("／pause，btc", Asked("pause", ("btc",))),
        ("/status@desk_bot", Asked("status", ())),
        ("/status@DESK_bot x", Asked("status", ("x",))),
        ("/status@other", None),
        ("/", Asked("", ())),
        ("status", None),
        ("", None),
    ],
)
def test_commands(text: str, command: Asked | None) -> None:
    assert asked(text, "desk_bot") == command


def test_before_the_own_name_is_known_any_will_do() -> None:
    assert asked("/status@other", None) == Asked("status", ())


@pytest.mark.parametrize(
    ("word", "ms"),
    [
        ("30m", 1_800_000),
        ("30", 1_800_000),
        ("90s", 90_000),
        ("1h30m", 5_400_000),
        ("2小时", 7_200_000),
        ("30分钟", 1_800_000),
        ("1D", 86_400_000),
        ("m", None),
        ("30x", None),
        ("-30m", None),
        ("1.5h", None),
        ("", None),
    ],
)
def test_spans(word: str, ms: int | None) -> None:
    assert span_ms(word) == ms


def test_what_is_meant_as_a_time() -> None:
    assert looks_like_span("30x")
    assert not looks_like_span("1000PEPE")
    assert not looks_like_span("BTC")


def test_sides() -> None:
    assert side_of("LONG") is side_of("多") is side_of("平多") is PositionSide.LONG
    assert side_of("short") is side_of("空单") is PositionSide.SHORT
    assert side_of("sell") is side_of("s") is side_of("buy") is None  # which of the two a person means is not known


@pytest.mark.parametrize(
    ("text", "nonce"),
    [
        ("yes 00AB", "00ab"),
        ("/yes  00ab ", "00ab"),
        ("确认 00ab", "00ab"),
        ("ok: 00ab", "00ab"),
        ("yes", None),
        ("yes 00ab and more", None),
        ("no 00ab", None),
    ],
)
def test_typed_confirmations(text: str, nonce: str | None) -> None:
    assert typed_nonce(text) == nonce
