"""Names: both directions, any characters, and a pair that is learnt anew leaves nothing of the old one."""

import pytest

from vibe_quant.binance.symbols import SymbolNames, UnknownSymbol


def test_both_directions() -> None:
    names = SymbolNames()
    names.learn("BTC/USDT:USDT", "BTCUSDT")
    names.learn("币安人生/USDT:USDT", "币安人生USDT")
    assert names.raw("币安人生/USDT:USDT") == "币安人生USDT"
    assert names.unified("BTCUSDT") == "BTC/USDT:USDT"
    assert len(names) == 2


def test_what_was_not_learnt() -> None:
    names = SymbolNames()
    assert names.unified("BTCUSDT_260327") is None
    with pytest.raises(UnknownSymbol, match=r"^ABC/USDT:USDT is no perpetual"):
        names.raw("ABC/USDT:USDT")


def test_a_later_pair_replaces_both_names() -> None:
    names = SymbolNames()
    names.learn("A/USDT:USDT", "AUSDT")
    names.learn("B/USDT:USDT", "BUSDT")
    names.learn("A/USDT:USDT", "BUSDT")
    assert names.raw("A/USDT:USDT") == "BUSDT"
    assert names.unified("BUSDT") == "A/USDT:USDT"
    assert names.unified("AUSDT") is None
    with pytest.raises(UnknownSymbol):
        names.raw("B/USDT:USDT")
    assert len(names) == 1


def test_learning_twice_is_learning_once() -> None:
    names = SymbolNames()
    for _ in range(2):
        names.learn("A/USDT:USDT", "AUSDT")
    assert (names.raw("A/USDT:USDT"), names.unified("AUSDT"), len(names)) == ("AUSDT", "A/USDT:USDT", 1)
