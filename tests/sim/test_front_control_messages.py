"""What clients say on a socket: ids echoed as they came, errors in the exchange's words, never an exception."""

from __future__ import annotations

import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from tests.sim.test_front_hub import Tape

from vibe_quant.sim.front.streams.hub import Hub
from vibe_quant.sim.front.streams.listen_keys import ListenKeys

NOW = 1_790_000_000_000


def replies(*messages: str, path: str = "/public/ws") -> list[bytes]:
    tape = Tape()
    session = Hub(ListenKeys(7)).open(path, "", tape, NOW)
    for turn, message in enumerate(messages):
        session.receive(message, NOW + turn * 1000)
    assert not tape.ended
    return tape.sent


def reply(message: str) -> Any:
    (sent,) = replies(message)
    return json.loads(sent)


@pytest.mark.parametrize(
    "request_id",
    [
        "1",
        "0",
        "-5",
        "null",
        '"a9f6c1d2-0b1e-4c3d-9f00-5a1b2c3d4e5f"',
        '""',
        "[1,{}]",
        '"\\ud800"',
        "1.5",
        "true",
        "9" * 400,
    ],
)
def test_any_id_is_echoed_as_it_came(request_id: str) -> None:
    (sent,) = replies(f'{{"method":"SUBSCRIBE","params":["a"],"id":{request_id}}}')
    assert sent.decode() == f'{{"result":null,"id":{request_id}}}'


@pytest.mark.parametrize(
    ("message", "code", "text"),
    [
        ('{"method":"SET_PROPERTY","params":["speed",true],"id":1}', 0, "Unknown property"),
        ('{"method":"GET_PROPERTY","params":["speed"],"id":1}', 0, "Unknown property"),
        ('{"method":"SET_PROPERTY","params":["combined","yes"],"id":1}', 1, "Invalid value type: expected Boolean"),
        ('{"method":"SET_PROPERTY","params":["combined"],"id":1}', 1, "Invalid value type: expected Boolean"),
        ('{"method":"SET_PROPERTY","params":["combined",1],"id":1}', 1, "Invalid value type: expected Boolean"),
        ('{"method":"SET_PROPERTY","params":[1,true],"id":1}', 2, "Invalid request: property name must be a string"),
        ('{"method":"GET_PROPERTY","params":[],"id":1}', 2, "Invalid request: property name must be a string"),
        ('{"method":"GET_PROPERTY","id":1}', 2, "Invalid request: property name must be a string"),
        ('{"method":"SET_PROPERTY","params":["combined",true,1],"id":1}', 2, "Invalid request: too many parameters"),
        ('{"method":"GET_PROPERTY","params":["combined",1],"id":1}', 2, "Invalid request: too many parameters"),
        ('{"method":"LIST_SUBSCRIPTIONS","params":["a"],"id":1}', 2, "Invalid request: too many parameters"),
        ('{"params":[],"id":1}', 2, "Invalid request: missing field `method` at line 1 column 20"),
        ('{"method":"SUBSCRIBE","params":"a","id":1}', 2, "Invalid request: params must be an array of stream names"),
        ('{"method":"SUBSCRIBE","params":[1],"id":1}', 2, "Invalid request: params must be an array of stream names"),
        ('{"method":"UNSUBSCRIBE","id":1}', 2, "Invalid request: params must be an array of stream names"),
    ],
)
def test_an_error_carries_the_id(message: str, code: int, text: str) -> None:
    assert reply(message) == {"code": code, "msg": text, "id": 1}


@pytest.mark.parametrize("method", ['"subscribe"', "5", "null", "[]", "{}"])
def test_an_unknown_method_is_told_what_there_is(method: str) -> None:
    answer = reply(f'{{"method":{method},"id":"x"}}')
    assert (answer["code"], answer["id"]) == (2, "x")
    assert (
        "expected one of `SUBSCRIBE`, `UNSUBSCRIBE`, `LIST_SUBSCRIPTIONS`, `SET_PROPERTY`, `GET_PROPERTY`"
        in answer["msg"]
    )


@pytest.mark.parametrize(
    "message", ['{"method":"SUBSCRIBE","params":["a"]}', '{"method":"SUBSCRIBE","params":["a"],"id":1e999}']
)
def test_without_an_id_that_can_be_echoed_nothing_is_done(message: str) -> None:
    first, second = replies(message, '{"method":"LIST_SUBSCRIPTIONS","id":1}')
    assert json.loads(first) == {"code": 2, "msg": "Invalid request: request ID must be an unsigned integer"}
    assert second == b'{"result":[],"id":1}'


@pytest.mark.parametrize(
    "message", ["", "{", "ping", "[" * 100_000, '{"id":' + "9" * 5000 + "}", '{"id":NaN}', "\ud800"]
)
def test_what_is_no_json_is_told_so(message: str) -> None:
    answer = reply(message)
    assert answer["code"] == 3
    assert answer["msg"].startswith("Invalid JSON: expected value at line ")


@pytest.mark.parametrize("message", ["[]", "1", "null", '"SUBSCRIBE"'])
def test_what_is_no_object_has_no_method(message: str) -> None:
    assert reply(message) == {"code": 2, "msg": "Invalid request: missing field `method` at line 1 column 1"}


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(max_size=6), inner, max_size=4),
    max_leaves=8,
)
NAMES = st.lists(st.sampled_from(["a", "b", "\ud800", "", "combined"]), max_size=4)
METHODS = st.sampled_from(["SUBSCRIBE", "UNSUBSCRIBE", "LIST_SUBSCRIPTIONS", "SET_PROPERTY", "GET_PROPERTY", "?"])
SHAPED = st.fixed_dictionaries({}, optional={"method": METHODS | JSON, "params": NAMES | JSON, "id": JSON, "x": JSON})


@given(
    st.lists(st.text() | JSON.map(json.dumps) | SHAPED.map(json.dumps), max_size=6),
    st.sampled_from(["/ws", "/public/stream", "/private/ws"]),
)
def test_whatever_is_said_gets_one_answer_each(messages: list[str], path: str) -> None:
    sent = replies(*messages, path=path)
    assert len(sent) == len(messages)
    for payload in sent:
        answer = json.loads(payload)
        assert "result" in answer or answer["code"] in (0, 1, 2, 3)
