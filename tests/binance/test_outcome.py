"""HTTP statuses, codes, texts and lost connections as outcomes."""

from __future__ import annotations

import json
import os
from pathlib import Path
from typing import Any

import pytest
from multidict import CIMultiDict

from vibe_quant.binance.outcome import (
    AUTH,
    BAN_MS,
    LIMIT_MS,
    LONGEST_MS,
    MARGIN_MS,
    MAY_HAVE_ACTED,
    ORDERS_MS,
    Answer,
    Asked,
    Lost,
    judge,
    of_lost,
    orders_wait_ms,
    retry_after_ms,
)
from vibe_quant.domain.codes import Reaction, reaction_of
from vibe_quant.ports import Accepted, AuthLost, Banned, NotSent, Outcome, RateLimited, Rejected, Unknown

SHARED = Path(os.environ.get("VQ_SHARED") or Path(__file__).resolve().parents[2] / "../shared")
RECORDED = SHARED / "payloads" / "error_bodies.jsonl"
NOW = 1_790_000_000_000
POST, GET = Asked("POST order", "POST", NOW - 50), Asked("GET order", "GET", NOW - 50)
WRITES = (POST, Asked("PUT order", "PUT", NOW - 50), Asked("DELETE order", "DELETE", NOW - 50))
HTML = "<html><head><title>503 Service Unavailable</title></head><body>503 Service Unavailable.</body></html>"
UNKNOWN_503 = "Unknown error, please check your request or try again later."


def ask(asked: Asked, status: int, body: str | dict[str, Any], **headers: str) -> Outcome[str]:
    text = body if isinstance(body, str) else json.dumps(body)
    named = CIMultiDict({name.replace("_", "-"): value for name, value in headers.items()})
    return judge(asked, Answer(status, named, text), NOW)


def error(code: int, message: str = "words") -> dict[str, Any]:
    return {"code": code, "msg": message}


@pytest.mark.parametrize(
    "body",
    ['{"orderId":1}', '[{"orderId":1}]', "[]", "{}", ' \n{"a":1}', '{"code":200,"msg":"done"}', '[{"code":-2011}]'],
)
def test_what_was_done_carries_the_text_as_it_is(body: str) -> None:
    assert ask(POST, 200, body) == Accepted(body)


def test_a_long_answer_that_speaks_of_codes_is_not_read_here() -> None:
    body = json.dumps({"code": -1, "rows": ["x"] * 1000})
    assert ask(GET, 200, body) == Accepted(body)


@pytest.mark.parametrize("status", [200, 400, 401, 403, 404, 500, 502, 503])
def test_a_code_counts_whatever_the_status(status: int) -> None:
    assert ask(POST, status, error(-2022, "ReduceOnly Order is rejected.")) == Rejected(
        -2022, "ReduceOnly Order is rejected.", NOW - 50
    )


def test_a_code_in_text_and_a_message_that_is_null_are_read() -> None:
    assert ask(POST, 400, '{"code":"-5021","msg":null}') == Rejected(-5021, "", NOW - 50)


@pytest.mark.parametrize("asked", WRITES)
@pytest.mark.parametrize(("status", "code"), [(400, -1000), (503, -1000), (500, -1006), (408, -1007), (504, -1007)])
def test_what_the_exchange_does_not_know_is_unknown(asked: Asked, status: int, code: int) -> None:
    assert isinstance(ask(asked, status, error(code)), Unknown)
    assert ask(GET, status, error(code)) == Rejected(code, "words", NOW - 50)


def test_a_408_is_unknown_whatever_it_says() -> None:
    assert isinstance(ask(POST, 408, error(-1234)), Unknown)
    assert isinstance(ask(POST, 408, ""), Unknown)


@pytest.mark.parametrize("code", [-1001, -1008, -1016, -1021])
def test_trouble_that_says_it_was_not_done_is_believed(code: int) -> None:
    assert ask(POST, 503, error(code)) == Rejected(code, "words", NOW - 50)


def test_a_trouble_of_the_server_that_nobody_documented_is_unknown() -> None:
    assert isinstance(ask(POST, 500, error(-1034)), Unknown)
    assert isinstance(ask(POST, 400, error(-1034)), Rejected)
    assert isinstance(ask(GET, 500, error(-1034)), Rejected)


@pytest.mark.parametrize("wrap", [json.dumps, lambda text: json.dumps({"msg": text}), str])
def test_the_two_texts_of_503_are_told_apart(wrap: Any) -> None:
    assert ask(POST, 503, wrap("Service Unavailable.")) == Rejected(503, "Service Unavailable.", NOW - 50)
    assert isinstance(ask(POST, 503, wrap(UNKNOWN_503)), Unknown)
    internal = "Internal error; unable to process your request. Please try again."
    assert ask(POST, 503, wrap(internal)) == Rejected(-1001, internal, NOW - 50)


@pytest.mark.parametrize(
    "body", [HTML, "503 Service Unavailable", "Service Unavailable", "Service Unavailable. Maybe."]
)
def test_what_only_looks_like_the_text_that_says_failed_is_unknown(body: str) -> None:
    assert isinstance(ask(POST, 503, body), Unknown)


def test_the_text_that_says_failed_counts_with_its_own_status_only() -> None:
    assert isinstance(ask(POST, 502, "Service Unavailable."), Unknown)


@pytest.mark.parametrize("asked", WRITES)
@pytest.mark.parametrize("status", [301, 307, 403, 404, 451, 500, 502, 503, 504])
@pytest.mark.parametrize("body", [HTML, "", "nonsense", '{"code":0,"msg":"x"}', '{"broken":', '{"code":"abc"}', "[1]"])
def test_without_a_code_a_write_is_unknown_and_a_read_has_failed(asked: Asked, status: int, body: str) -> None:
    assert isinstance(ask(asked, status, body), Unknown)
    failed = ask(GET, status, body)
    assert isinstance(failed, Rejected)
    assert failed.code == status


def test_a_page_where_an_answer_should_be_is_unknown_and_not_repeated_in_the_text() -> None:
    for asked in (POST, GET):
        outcome = ask(asked, 200, "<html>secret</html>")
        assert isinstance(outcome, Unknown)
        assert "a web page" in outcome.detail
        assert "secret" not in outcome.detail


@pytest.mark.parametrize("body", ['{"orderId":', '{"orderId":1', '[{"orderId":1}', "{]", "[", "1", "null", ""])
def test_half_an_answer_is_unknown(body: str) -> None:
    assert isinstance(ask(POST, 200, body), Unknown)


def test_what_the_exchange_says_without_a_code_is_passed_on() -> None:
    outcome = ask(GET, 451, {"code": 0, "msg": "Service unavailable from a restricted location"})
    assert isinstance(outcome, Rejected)
    assert "restricted location" in outcome.message


@pytest.mark.parametrize("code", sorted(AUTH))
def test_key_and_signature(code: int) -> None:
    for asked in (*WRITES, GET):
        assert ask(asked, 401, error(code)) == AuthLost(code, "words", NOW - 50)


@pytest.mark.parametrize(
    ("headers", "wait"),
    [
        ({"Retry_After": "7"}, 7000 + MARGIN_MS),
        ({"retry_after": "0"}, MARGIN_MS),
        ({}, LIMIT_MS),
        ({"Retry_After": "soon"}, LIMIT_MS),
        ({"Retry_After": "-5"}, LIMIT_MS),
        ({"Retry_After": "²"}, LIMIT_MS),
        ({"Retry_After": "9" * 50}, LONGEST_MS + MARGIN_MS),
    ],
)
def test_429_waits_as_long_as_told(headers: dict[str, str], wait: int) -> None:
    for body in (error(-1003), HTML, ""):
        outcome = ask(POST, 429, body, **headers)
        assert isinstance(outcome, RateLimited)
        assert outcome.wait_ms == wait


def test_too_many_requests_without_429_is_a_back_off_too() -> None:
    assert isinstance(ask(GET, 400, error(-1003)), RateLimited)


def test_too_many_orders_is_a_refusal_and_no_back_off() -> None:
    assert ask(POST, 429, error(-1015), Retry_After="3") == Rejected(-1015, "words", NOW - 50)
    assert orders_wait_ms(CIMultiDict({"Retry-After": "3"})) == 3000 + MARGIN_MS
    assert orders_wait_ms({}) == ORDERS_MS


@pytest.mark.parametrize(
    ("body", "headers", "wait"),
    [
        (error(-1003, f"IP(1.2.3.4) banned until {NOW + 9000}. Please"), {}, 9000 + MARGIN_MS),
        (error(-1003, f"IP(1.2.3.4) banned until {NOW + 9000}."), {"Retry_After": "60"}, 60_000 + MARGIN_MS),
        (error(-1003, f"IP(1.2.3.4) banned until {NOW + 90_000}."), {"Retry_After": "60"}, 90_000 + MARGIN_MS),
        (error(-1003), {"Retry_After": "60"}, 60_000 + MARGIN_MS),
        (error(-1003, f"banned until {NOW - 90_000}"), {}, BAN_MS),
        (error(-1003, "banned until 9999999999999999"), {}, LONGEST_MS),
        (HTML, {}, BAN_MS),
        ("", {"Retry_After": "60"}, 60_000 + MARGIN_MS),
    ],
)
def test_418_is_a_ban_until_the_later_of_what_is_told(body: Any, headers: dict[str, str], wait: int) -> None:
    outcome = ask(POST, 418, body, **headers)
    assert isinstance(outcome, Banned)
    assert outcome.wait_ms == wait


def test_a_ban_is_known_by_its_text_too() -> None:
    outcome = ask(POST, 403, error(-1003, f"Way too many requests; IP(1.2.3.4) banned until {NOW + 5000}."))
    assert isinstance(outcome, Banned)
    assert outcome.wait_ms == 5000 + MARGIN_MS
    assert isinstance(ask(POST, 400, error(-2010, f"banned until {NOW + 5000}")), Rejected)


def test_a_body_that_broke_off_is_no_answer_but_its_status_counts() -> None:
    def cut(asked: Asked, status: int) -> Outcome[str]:
        return judge(asked, Answer(status, {}, ""), NOW)

    assert isinstance(cut(POST, 200), Unknown)
    assert isinstance(cut(GET, 200), Unknown)
    assert isinstance(cut(POST, 400), Unknown)
    assert isinstance(cut(POST, 503), Unknown)
    assert isinstance(cut(POST, 418), Banned)
    assert isinstance(cut(POST, 429), RateLimited)


def test_lost_requests() -> None:
    assert of_lost(POST, Lost("why", False)) == NotSent("POST order: why")
    assert of_lost(POST, Lost("why", True)) == Unknown("POST order: why; it may have been done")
    assert of_lost(GET, Lost("why", True)) == Unknown("GET order: why; nothing was read")


def test_what_the_exchange_says_is_cleaned_and_cut() -> None:
    outcome = judge(POST, Answer(400, {}, json.dumps(error(-2010, "a\r\n\x1b[31mkey" + "x" * 999))), NOW, scrubbed)
    assert isinstance(outcome, Rejected)
    assert outcome.message.startswith("a   [31m***xxx")
    assert len(outcome.message) < 320


def scrubbed(text: str) -> str:
    return text.replace("key", "***")


def test_retry_after_is_seconds() -> None:
    assert retry_after_ms({}) is None
    assert retry_after_ms({"Retry-After": " 2 "}) == 3000


def test_what_is_unknown_is_verified_and_a_lost_key_halts() -> None:
    assert {reaction_of(code) for code in MAY_HAVE_ACTED} == {Reaction.VERIFY}
    assert {reaction_of(code) for code in AUTH} == {Reaction.HALT}


EXPECTED: dict[tuple[int, int | None], type[Any]] = {
    (400, -1022): AuthLost,
    (408, -1007): Unknown,
    (418, -1003): Banned,
    (502, None): Unknown,
    (503, None): Unknown,
}


def test_every_recorded_error_body() -> None:
    if not RECORDED.exists():
        pytest.skip("recorded payloads are not at hand (VQ_SHARED)")
    rows = [json.loads(line) for line in RECORDED.read_text().splitlines() if line.strip()]
    assert len(rows) >= 21
    for row in rows:
        status, code, message = row["http"], row["code"], row["msg"]
        body = message if code is None else json.dumps({"code": code, "msg": message})
        outcome = ask(POST, status, body)
        assert isinstance(outcome, EXPECTED.get((status, code), Rejected)), row
        if isinstance(outcome, Rejected):
            assert outcome == Rejected(code, message or "", NOW - 50)
