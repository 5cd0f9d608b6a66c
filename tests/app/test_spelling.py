"""Which symbol a person means, where a wrong one would be flattened."""

from __future__ import annotations

import pytest

from vibe_quant.app.spelling import meant

HAN, BTC = "币安人生/USDT:USDT", "BTC/USDT:USDT"


@pytest.mark.parametrize("text", ["币安人生", "币安人生usdt", "币安人生/usdt", "币安人生-USDT", HAN])
def test_a_name_of_other_letters_is_one_like_any(text: str) -> None:
    assert meant(text, [BTC, HAN]) == HAN


@pytest.mark.parametrize("text", ["", "/", "-", "usdt", "usdtusdt", "全部。", "多多", "币安", "_"])
def test_what_is_none_of_its_spellings_never_means_it(text: str) -> None:
    """A word that nobody understands would otherwise name the one contract that has no Latin letters."""
    assert meant(text, [BTC, HAN]) is None


def test_two_such_names_are_told_apart() -> None:
    assert meant("我踏马来了", [HAN, "我踏马来了/USDT:USDT"]) == "我踏马来了/USDT:USDT"
