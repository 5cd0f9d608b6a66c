"""Keys, signatures over the bytes as they came, and the clock."""

from __future__ import annotations

import hmac
from base64 import b64encode
from dataclasses import replace
from urllib.parse import quote

import pytest
from cryptography.hazmat.primitives.asymmetric.ec import SECP256R1, generate_private_key
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat
from hypothesis import given
from hypothesis import strategies as st

from vibe_quant.sim.front.auth import ApiKeyPair, KeyKind, Keys, split_signature
from vibe_quant.sim.front.http import HttpRequest
from vibe_quant.sim.front.params import Params
from vibe_quant.sim.records import Rejected

NOW = 1_591_702_613_943
# The documented example of the signed endpoints (general info of the USDⓈ-M pages).
KEY = "dbefbc809e3e83c283a984c3a1459732ea7db1360ca80c5c2c8867408d28cc83"
SECRET = "2b5eb11e18796d12d88f13dc27dbbd02c2cc51ff7059765ed9821957d82bb4d9"
ORDER = (
    "symbol=BTCUSDT&side=BUY&type=LIMIT&quantity=1&price=9000&timeInForce=GTC&recvWindow=5000&timestamp=1591702613943"
)
SIGNATURE = "3c661234138461fcc7a7d8746c6558c9842d4e10870d2ecbedf7777cad694af9"
PRIVATE = Ed25519PrivateKey.from_private_bytes(bytes(range(32)))
PEM = PRIVATE.public_key().public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo).decode()
ED_KEY = "e" * 64


def keys() -> Keys:
    return Keys([ApiKeyPair(KEY, SECRET), ApiKeyPair(ED_KEY, PEM, KeyKind.ED25519)])


def request(query: str = "", body: str = "", key: str = KEY, method: str = "POST") -> HttpRequest:
    return HttpRequest(method, "/fapi/v1/order", query, body.encode(), {"x-mbx-apikey": key})


def sign(payload: str) -> str:
    return hmac.digest(SECRET.encode(), payload.encode(), "sha256").hex()


def verify(asked: HttpRequest, now: int = NOW, ring: Keys | None = None) -> None:
    ring = ring or keys()
    ring.verify(ring.identify(asked), asked, Params.parse(asked.query, asked.body), now)


def code(asked: HttpRequest, now: int = NOW, ring: Keys | None = None) -> tuple[int, int]:
    with pytest.raises(Rejected) as refusal:
        verify(asked, now, ring)
    return refusal.value.code, refusal.value.http


@pytest.mark.parametrize(
    "asked", [request(f"{ORDER}&signature={SIGNATURE}"), request("", f"{ORDER}&signature={SIGNATURE}")]
)
def test_the_documented_example_verifies_in_query_and_in_body(asked: HttpRequest) -> None:
    verify(asked)


def test_query_and_body_are_signed_as_one_without_anything_between() -> None:
    head, tail = "symbol=BTCUSDT&side=BUY", "quantity=1&timestamp=1591702613943"
    verify(request(head, f"{tail}&signature={sign(head + tail)}"))
    verify(request(f"{head}&signature={sign(head + tail)}", tail))
    assert code(request(head, f"{tail}&signature={sign(head + '&' + tail)}")) == (-1022, 400)


def test_hex_digits_may_be_in_either_case() -> None:
    verify(request(f"{ORDER}&signature={SIGNATURE.upper()}"))


def test_what_was_escaped_is_signed_escaped_and_what_was_not_is_not() -> None:
    for payload in (
        'batchOrders=[{"a":"1"}]&timestamp=1591702613943',
        "orderidlist=%5B1%2C2%5D&timestamp=1591702613943",
    ):
        verify(request("", f"{payload}&signature={sign(payload)}"))


@pytest.mark.parametrize(
    "query",
    [
        f"{ORDER}&signature={SIGNATURE[:-1]}0",
        f"{ORDER.replace('9000', '9001')}&signature={SIGNATURE}",
        f"signature={SIGNATURE}&{ORDER}",
        f"{ORDER}&signature=ä%FF",
    ],
)
def test_anything_else_does_not_verify(query: str) -> None:
    if "%FF" in query:
        with pytest.raises(Rejected, match="-1100"):
            verify(request(query))
    else:
        assert code(request(query)) == (-1022, 400)


def test_a_body_beside_a_signed_query_must_be_signed_too() -> None:
    assert code(request(f"{ORDER}&signature={SIGNATURE}", "stowaway=1")) == (-1022, 400)


def test_ed25519_signs_in_base64() -> None:
    signature = b64encode(PRIVATE.sign(ORDER.encode())).decode()
    verify(request(f"{ORDER}&signature={quote(signature, safe='')}", key=ED_KEY))
    verify(request("", f"{ORDER}&signature={signature}", key=ED_KEY))
    other = b64encode(PRIVATE.sign(b"other")).decode()
    for wrong in (other, "%%%", SIGNATURE, "A" * 86 + "=="):
        assert code(request("", f"{ORDER}&signature={quote(wrong, safe='')}", key=ED_KEY)) == (-1022, 400)


def test_an_ed25519_key_needs_a_public_key_of_its_kind() -> None:
    foreign = generate_private_key(SECP256R1()).public_key()
    pem = foreign.public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo).decode()
    for text in (pem, "no key"):
        with pytest.raises(ValueError, match=r"Ed25519|PEM"):
            Keys([ApiKeyPair(ED_KEY, text, KeyKind.ED25519)])


@pytest.mark.parametrize("key", ["", "short", "ü" * 64, KEY + "0"])
def test_a_key_of_the_wrong_form_is_told_so(key: str) -> None:
    assert code(request(key=key)) == (-2014, 401)


def test_unknown_revoked_and_foreign_keys_are_not_told_apart() -> None:
    assert code(request(key="f" * 64)) == (-2015, 401)
    ring = keys()
    ring.revoke(KEY)
    assert code(request(f"{ORDER}&signature={SIGNATURE}"), ring=ring) == (-2015, 401)
    ring.revoke(KEY, False)
    verify(request(f"{ORDER}&signature={SIGNATURE}"), ring=ring)
    ring.add(replace(ring.pairs[KEY], ips=frozenset({"10.0.0.1"})))
    assert code(request(f"{ORDER}&signature={SIGNATURE}"), ring=ring) == (-2015, 401)
    verify(replace(request(f"{ORDER}&signature={SIGNATURE}"), ip="10.0.0.1"), ring=ring)


def test_a_reading_key_reads() -> None:
    ring = Keys([ApiKeyPair(KEY, SECRET, trading=False)])
    verify(request(f"{ORDER}&signature={SIGNATURE}", method="GET"), ring=ring)
    assert code(request(f"{ORDER}&signature={SIGNATURE}"), ring=ring) == (-2015, 401)


def test_the_secret_is_not_shown() -> None:
    assert SECRET not in repr(ApiKeyPair(KEY, SECRET))


@pytest.mark.parametrize(
    "query",
    ["a=1", "timestamp=", "timestamp=now&signature=1", "timestamp=1591702613943", "timestamp=1591702613943&signature="],
)
def test_timestamp_and_signature_are_mandatory(query: str) -> None:
    assert code(request(query)) == (-1102, 400)


def timed(timestamp: int, window: str = "") -> HttpRequest:
    payload = f"{window}timestamp={timestamp}"
    return request(f"{payload}&signature={sign(payload)}")


@pytest.mark.parametrize(
    ("behind", "window"), [(5000, ""), (-999, ""), (0, "recvWindow=0&"), (60_000, "recvWindow=60000&")]
)
def test_the_window_holds_its_bounds(behind: int, window: str) -> None:
    verify(timed(NOW - behind, window))


@pytest.mark.parametrize(
    ("behind", "window", "text"), [(5001, "", "outside"), (-1000, "", "ahead"), (1, "recvWindow=0&", "outside")]
)
def test_outside_the_window_is_refused(behind: int, window: str, text: str) -> None:
    with pytest.raises(Rejected, match=text) as refusal:
        verify(timed(NOW - behind, window))
    assert refusal.value.code == -1021


@pytest.mark.parametrize(("window", "expected"), [("60001", -1131), ("-1", -1130), ("soon", -1102), ("", -1105)])
def test_a_window_of_no_sense_is_refused(window: str, expected: int) -> None:
    assert code(timed(NOW, f"recvWindow={window}&")) == (expected, 400)


def test_the_clock_of_the_exchange_may_be_off() -> None:
    ring = keys()
    ring.clock_skew_ms = 7000
    assert code(timed(NOW), ring=ring) == (-1021, 400)
    verify(timed(NOW + 7000), ring=ring)


@given(st.binary(max_size=60), st.binary(max_size=60))
def test_nothing_is_lost_in_splitting(query: bytes, body: bytes) -> None:
    payload, signature = split_signature(query, body)
    assert len(payload) + len(signature) <= len(query + body)
    assert payload == query + body or len(payload) + len(signature) + len(b"signature=") <= len(query + body)
