"""What a peer can say that is no event: answers, names and fields nobody knows, and what cannot be read at all."""

from __future__ import annotations

from typing import Any

import pytest
from tests.binance.frame_desk import CANDLE, DEPTH, KEY, MARK, NOW, QUOTE, RECV, TRADE, market, packed, wrapped

from vibe_quant.binance.frames import Reply
from vibe_quant.domain.events import Quote
from vibe_quant.sim.front.streams.control_messages import BadControl, read_control, result


def test_answers_to_requests_are_no_events() -> None:
    codec = market()
    answers = {
        result(None, 1): Reply(1),
        result(["a@b"], "x-7"): Reply("x-7"),
        b'{"id":3,"result":null}': Reply(3),
        b'{"code":2,"msg":"Invalid request","id":4}': Reply(4, 2, "Invalid request"),
        b'{"error":{"code":3,"msg":"Invalid JSON"},"id":5}': Reply(5, 3, "Invalid JSON"),
        b'{"error":{},"id":6}': Reply(6, 0, ""),
    }
    for frame in answers:
        assert tuple(codec.decode(frame, RECV)) == ()
    assert list(codec.replies) == list(answers.values())
    assert codec.counters().malformed == 0
    assert not codec.counters().unknown


@pytest.mark.parametrize(
    "asked", ["{", '{"id":1}', '{"method":"SUBSCRIBE","params":1,"id":9}', '{"method":"SET_PROPERTY","id":2}']
)
def test_the_refusals_of_the_exchange_in_a_box(asked: str) -> None:
    codec = market()
    with pytest.raises(BadControl) as refused:
        read_control(asked)
    assert not codec.decode(refused.value.reply, RECV)
    (reply,) = codec.replies
    assert reply.code in (0, 1, 2, 3)
    assert reply.msg == str(refused.value)


def test_unknown_events_are_counted_by_name() -> None:
    codec = market()
    for frame in (packed({"E": 1, "e": "trade"}), wrapped({"e": "trade"}, "x"), packed({"e": KEY}), b'{"e":""}'):
        assert not codec.decode(frame, RECV)
    assert dict(codec.counters().unknown) == {"trade": 2, "(hidden)": 1, "": 1}
    assert codec.counters().malformed == 0


def test_a_peer_cannot_fill_memory_with_names() -> None:
    codec = market()
    for n in range(1000):
        codec.decode(packed({"e": f"event{n}" + "-long" * 100}), RECV)
    unknown = codec.counters().unknown
    assert sum(unknown.values()) == 1000
    assert len(unknown) == 65
    assert max(map(len, unknown)) <= 48


def test_unknown_fields_are_counted_and_the_event_survives() -> None:
    codec = market()
    assert len(codec.decode(wrapped(QUOTE | {"zz": {"deep": [1]}}), RECV)) == 1
    assert len(codec.decode(wrapped(CANDLE | {"k": CANDLE["k"] | {"yy": None}}), RECV)) == 1
    assert dict(codec.counters().unknown) == {"bookTicker.zz": 1, "kline.k.yy": 1}


ODD_NUMBERS = ["NaN", "sNaN", "Infinity", "-Infinity", "-1", "", "0x1", "1,5", "1e9999999999", "1E-99999", "9" * 60]


@pytest.mark.parametrize("number", [*ODD_NUMBERS, None, True, [], {}])
@pytest.mark.parametrize(
    ("body", "field"), [(QUOTE, "b"), (QUOTE, "B"), (QUOTE, "a"), (QUOTE, "A"), (TRADE, "p"), (TRADE, "q"), (MARK, "p")]
)
def test_a_number_that_is_none_is_malformed(body: dict[str, Any], field: str, number: object) -> None:
    codec = market()
    assert not codec.decode(wrapped(body | {field: number}), RECV)
    assert not codec.decode(packed(body | {field: number}), RECV)
    assert codec.counters().malformed == 2


@pytest.mark.parametrize("number", ODD_NUMBERS)
def test_odd_numbers_within(number: str) -> None:
    codec = market()
    assert not codec.decode(wrapped(DEPTH | {"b": [[number, "1"]]}), RECV)
    assert not codec.decode(wrapped(DEPTH | {"a": [["1", number]]}), RECV)
    assert not codec.decode(wrapped(CANDLE | {"k": CANDLE["k"] | {"h": number}}), RECV)
    assert codec.counters().malformed == 3


@pytest.mark.parametrize("field", ["T", "u"])
@pytest.mark.parametrize("value", [-1, 10**19, 10**400, "5", 1.5, None])
def test_a_time_or_id_that_would_make_later_news_look_old_is_malformed(field: str, value: object) -> None:
    codec = market()
    assert not codec.decode(wrapped(QUOTE | {field: value}), RECV)
    assert codec.counters().malformed == 1


BROKEN = [
    b"",
    b" ",
    b"null",
    b"7",
    b'"text"',
    b"{}",
    b"{",
    b'{"stream":"btcusdt@bookTicker"}',
    b'{"stream":"btcusdt@bookTicker","data":null}',
    b'{"stream":"btcusdt@bookTicker","data":{}}',
    b'{"stream":"btcusdt@bookTicker","data":"x"}',
    b'{"stream":7,"data":{"e":"trade"}}',
    b'{"e":7}',
    b'{"data":[',
    b"[[",
    b"\xff\xfe\x00",
    b'{"e":"bookTicker","s":"\xff"}',
    b'{"e":"\\ud800"}',
    wrapped(QUOTE)[:-1],
    wrapped(QUOTE) + b"x",
    b'{"stream":"x","data":' + b"[" * 100_000 + b"]" * 100_000 + b"}",
    b'{"x":' * 100_000 + b"1" + b"}" * 100_000,
    b'{"code":"x"}',
]


@pytest.mark.parametrize("frame", BROKEN, ids=lambda frame: ascii(frame[:20]))
def test_what_cannot_be_read_is_counted_and_the_next_frame_is_read(frame: bytes) -> None:
    codec = market()
    assert tuple(codec.decode(frame, RECV)) == ()
    assert codec.counters().malformed == 1
    assert len(codec.decode(wrapped(QUOTE), RECV)) == 1
    assert not codec.replies


@pytest.mark.parametrize("field", ["s", "b", "B", "a", "A", "T", "u"])
def test_a_missing_field_is_malformed(field: str) -> None:
    codec = market()
    assert not codec.decode(wrapped({key: value for key, value in QUOTE.items() if key != field}), RECV)
    assert codec.counters().malformed == 1


def test_it_is_said_once_a_minute_and_how_often() -> None:
    said: list[str] = []
    codec = market(said)
    for at in (0, 1, 59_999, 60_000, 60_001):
        codec.decode(wrapped(QUOTE | {"b": 7.5, "B": "x"}), RECV + at)
    assert len(said) == 2
    assert "market streams" in said[0]
    assert "Invalid decimal string" in said[0]
    assert "(1 since this was last said, 1 in all)" in said[0]
    assert "(3 since this was last said, 4 in all)" in said[1]
    assert "bookTicker" in said[0]


def test_without_anybody_to_tell_it_is_counted_all_the_same() -> None:
    codec = market()
    codec._complain = None
    assert not codec.decode(b"?", RECV)
    assert codec.counters().malformed == 1


def test_the_last_of_two_equal_keys_counts_as_with_every_reader_of_json() -> None:
    (quote,) = market().decode(wrapped(QUOTE).replace(b'"u":7', b'"u":7,"u":9'), RECV)
    assert isinstance(quote, Quote)
    assert quote.update_id == 9
    assert quote.exch_ms == NOW - 2


def test_counters_do_not_change_any_more() -> None:
    codec = market()
    before = codec.counters()
    codec.decode(packed({"e": "trade"}), RECV)
    assert before.frames == 0
    assert not before.unknown
