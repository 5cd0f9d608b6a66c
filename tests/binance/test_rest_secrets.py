"""Key, secret and signature appear in nothing that a call leaves, whatever goes wrong and whoever echoes them."""

from __future__ import annotations

import asyncio
import json
import logging
import traceback
from base64 import b64decode
from urllib.parse import unquote

import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from cryptography.hazmat.primitives.asymmetric.padding import PKCS1v15
from cryptography.hazmat.primitives.asymmetric.rsa import generate_private_key
from cryptography.hazmat.primitives.asymmetric.x25519 import X25519PrivateKey
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.serialization import (
    BestAvailableEncryption,
    Encoding,
    KeySerializationEncryption,
    NoEncryption,
    PrivateFormat,
)
from tests.binance.rest_desk import (
    KEY,
    KEYS,
    ORDER,
    SECRET,
    Act,
    HandClock,
    Seen,
    answer,
    endpoints,
    raw,
    reset,
    silence,
    staged,
)

from vibe_quant.binance.credentials import Credentials
from vibe_quant.binance.rest import RestClient
from vibe_quant.binance.wire import CcxtWire
from vibe_quant.domain import events as ev

LISTENED = "listenKey=LISTENCANARY"


def echo(status: int, code: int | None = None, html: bool = False, cut: bool = False) -> Act:
    """An answer that says back all it was told."""

    async def act(seen: Seen, writer: asyncio.StreamWriter) -> None:
        said = f"{seen.target} {seen.query} {json.dumps(seen.headers)} {SECRET} {LISTENED}"
        body = json.dumps({"code": code, "msg": said}) if not html else f"<html>{said}</html>"
        if cut:
            head = f"HTTP/1.1 {status} {seen.query}\r\nContent-Length: {len(body) + 9}\r\n\r\n{body}"
            await raw(head.encode())(seen, writer)
        else:
            await answer(body, status)(seen, writer)

    return act


PATHS: dict[str, Act] = {
    "reset": reset,
    "silence": silence,
    "no http": raw(b"nonsense\r\n\r\n"),
    "bad length": raw(b"HTTP/1.1 200 OK\r\nContent-Length: -4\r\n\r\n"),
    "bad json": answer('{"code":'),
    "cut": echo(200, -1, cut=True),
    "cut 418": echo(418, -1003, cut=True),
    "html 200": echo(200, html=True),
    "html 403": echo(403, html=True),
    "html 502": echo(502, html=True),
    "307": answer("", 307, Location="http://127.0.0.1:1/elsewhere"),
    "400": echo(400, -2010),
    "200 with a code": echo(200, -2010),
    "401": echo(401, -2015),
    "404 without a code": echo(404),
    "408": echo(408, -1007),
    "418": echo(418, -1003),
    "429": echo(429, -1003),
    "500": echo(500),
    "503": echo(503, -1000),
}


@pytest.mark.parametrize("name", ["fapiPrivatePostOrder", "fapiPrivateGetOrder", "fapiPrivateDeleteOrder"])
@pytest.mark.parametrize("path", PATHS)
async def test_no_secret_in_what_a_call_leaves(
    name: str, path: str, caplog: pytest.LogCaptureFixture, logged: list[str]
) -> None:
    caplog.set_level(logging.DEBUG)
    async with staged(PATHS[path], timeout_ms=100) as stage:
        outcome = await stage.client.call(name, ORDER)
        (seen,) = stage.desk.seen
        signature = seen.query.partition("signature=")[2]
        assert len(signature) == 64
        left = f"{outcome!r} {stage.client!r} {stage.client!s} {stage.client._wire!r} {stage.told!r} {caplog.text}"
        left += " ".join([*(str(record.__dict__) for record in caplog.records), *logged])
    for secret in (KEY, SECRET, signature, "LISTENCANARY"):
        assert secret not in left
    assert type(outcome).__name__ in ("Unknown", "Rejected", "AuthLost", "Banned", "RateLimited")


async def test_no_secret_when_nothing_could_be_sent(caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.DEBUG)
    client = RestClient(endpoints("http://127.0.0.1:1"), KEYS, HandClock(), list[ev.Event]().append)
    nowhere = await client.call("fapiPrivatePostOrder", ORDER)
    strange = await client.call("fapiPrivatePostOrder", {**ORDER, "price": b"\xff".decode("latin-1") + "\ud800"})
    with pytest.raises(ValueError, match="newClientOrderId") as caught:
        await client.call("fapiPrivatePostOrder", {})
    await client.close()
    text = f"{nowhere!r} {strange!r} {''.join(traceback.format_exception(caught.value))} {caplog.text}"
    assert "could not be signed" in repr(strange)
    assert "CANARY" not in text


async def test_no_signed_request_is_remembered() -> None:
    async with staged() as stage:
        await stage.client.call("fapiPrivatePostOrder", ORDER)
        signature = stage.desk.seen[0].query.partition("signature=")[2]
        kept = {name: value for name, value in vars(stage.client._wire).items() if name not in ("apiKey", "secret")}
    assert signature not in repr(kept)
    assert KEY not in repr(kept)


def test_credentials_hide_and_scrub() -> None:
    shown = f"{KEYS!r} {KEYS!s} {KEYS}"
    assert "CANARY" not in shown
    text = f'a {KEY} b {SECRET} c "https://x/y?a=1&signature=abc%2F&z=2" Signature=def'
    assert KEYS.scrub(text) == 'a *** b *** c "https://x/y?a=1&signature=***&z=2" Signature=***'


@pytest.mark.parametrize("bad", ["", "with space", "line\n", "\tx", "ключ", "a\x7f"])
def test_what_no_header_may_carry_is_refused_without_being_shown(bad: str) -> None:
    for key, secret in ((bad, SECRET), (KEY, bad)):
        with pytest.raises(ValueError, match="empty, or holds") as caught:
            Credentials(key, secret)
        assert not bad or bad not in str(caught.value)


def pem(key: object, encryption: KeySerializationEncryption | None = None) -> str:
    data: bytes = key.private_bytes(  # type: ignore[attr-defined]
        Encoding.PEM, PrivateFormat.PKCS8, encryption or NoEncryption()
    )
    return data.decode()


def test_private_keys_are_read_or_refused_without_being_shown() -> None:
    ed = Ed25519PrivateKey.from_private_bytes(bytes(range(32)))
    assert Credentials(KEY, pem(ed)).private_key() is not None
    assert KEYS.private_key() is None
    locked = pem(ed, BestAvailableEncryption(b"CANARY"))
    middle = pem(ed).splitlines()[1]
    for bad in (locked, pem(X25519PrivateKey.generate()), pem(ed).replace(middle, middle[:-9])):
        with pytest.raises(ValueError, match="looks like a private key") as caught:
            Credentials(KEY, bad)
        shown = "".join(traceback.format_exception(caught.value))
        assert bad.splitlines()[1] not in shown


@pytest.mark.parametrize("ending", ["\n", "\r\n"])
async def test_an_ed25519_key_signs_whatever_its_line_ends(ending: str) -> None:
    """ccxt takes one with long line ends for an RSA key."""
    ed = Ed25519PrivateKey.from_private_bytes(bytes(range(32)))
    keys = Credentials(KEY, pem(ed).replace("\n", ending))
    async with staged(keys=keys) as stage:
        await stage.client.call("fapiPrivatePostOrder", ORDER)
        (seen,) = stage.desk.seen
    verify(ed, seen.query)


def verify(private: object, query: str) -> None:
    signed, _, signature = query.partition("&signature=")
    public = private.public_key()  # type: ignore[attr-defined]
    if isinstance(private, Ed25519PrivateKey):
        public.verify(b64decode(unquote(signature)), signed.encode())
    else:
        public.verify(b64decode(unquote(signature)), signed.encode(), PKCS1v15(), SHA256())


async def test_an_rsa_key_signs() -> None:
    rsa = generate_private_key(65537, 2048)
    async with staged(keys=Credentials(KEY, pem(rsa))) as stage:
        await stage.client.call("fapiPrivateGetOrder", {"symbol": "币安人生USDT"})
        (seen,) = stage.desk.seen
    verify(rsa, seen.query)


def test_without_a_private_key_nothing_is_signed_as_if_there_were_one() -> None:
    wire = CcxtWire(endpoints("http://127.0.0.1:1"), KEYS, 1, 1)
    with pytest.raises(ValueError, match="no private key"):
        wire.eddsa(b"x", "")
