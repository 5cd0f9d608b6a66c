"""What is taken out of text: known secrets in every form, and what looks like one."""

from __future__ import annotations

import pytest

from vibe_quant.app.redaction import HIDDEN, Redactor

KEY = "canaryKeyAbCdEf0123456789"
SECRET = "canary/Secret+with=odd&chars'9876"


@pytest.mark.parametrize(
    "text",
    [
        "GET /fapi/v1/order?timestamp=1&signature=0123456789abcdef&x=1",
        "GET /x?signature%3D0123456789abcdef",
        "{'X-MBX-APIKEY': '0123456789abcdef'}",
        "('X-MBX-APIKEY', b'0123456789abcdef')",
        '{"listenKey":"0123456789abcdef"}',
        "wss://fstream/private/ws?listenKey=0123456789abcdef&events=ORDER",
        f"wss://fstream/private/ws/{'0123456789abcdef' * 4}",
        "-----BEGIN EC PRIVATE KEY-----\n0123456789abcdef",
    ],
)
def test_what_is_signed_or_a_key_is_hidden_though_nobody_registered_it(text: str) -> None:
    cleaned = Redactor().clean(text)
    assert "0123456789abcdef" not in cleaned
    assert HIDDEN in cleaned


def test_the_rest_of_a_line_stays() -> None:
    redactor = Redactor([KEY])
    assert redactor.clean(f"GET /x?a=1&signature={'f' * 64}&b=2 by {KEY}!") == "GET /x?a=1&signature=***&b=2 by ***!"
    assert redactor.clean("the listen key expired; signature of the call") == (
        "the listen key expired; signature of the call"
    )
    assert Redactor(["", " "]).clean("nothing to hide") == "nothing to hide"


def test_listen_keys_are_remembered_up_to_a_bound() -> None:
    redactor = Redactor([SECRET], most=8)
    for number in range(100):
        redactor.add(f"key{number:03}")
    assert redactor.clean(f"{SECRET} key099") == f"{HIDDEN} {HIDDEN}"
    assert redactor.clean("key000") == "key000"
