"""What a client may say on a socket, and the exchange's words for what it may not."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum

from vibe_quant.sim.front.http import Json
from vibe_quant.sim.records import Rejected


class Method(StrEnum):
    """What can be asked."""

    SUBSCRIBE = "SUBSCRIBE"
    UNSUBSCRIBE = "UNSUBSCRIBE"
    LIST_SUBSCRIPTIONS = "LIST_SUBSCRIPTIONS"
    SET_PROPERTY = "SET_PROPERTY"
    GET_PROPERTY = "GET_PROPERTY"


@dataclass(frozen=True, slots=True)
class Subscribe:
    """Hear of these streams too."""

    names: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Unsubscribe:
    """Hear of these streams no more."""

    names: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class ListSubscriptions:
    """Which streams are heard of?"""


@dataclass(frozen=True, slots=True)
class SetCombined:
    """Wrap payloads, or do not."""

    combined: bool


@dataclass(frozen=True, slots=True)
class GetCombined:
    """Are payloads wrapped?"""


Request = Subscribe | Unsubscribe | ListSubscriptions | SetCombined | GetCombined


@dataclass(frozen=True, slots=True)
class Control:
    """A request and the id to answer with.

    Any JSON is echoed as it came: the page asks for an unsigned integer, real clients send UUIDs and are answered.
    """

    request: Request
    id: Json


class BadControl(Exception):  # noqa: N818 - an ordinary answer
    """``reply`` is what the client hears."""

    def __init__(self, code: int, message: str, answered: Mapping[str, Json] | None = None) -> None:
        super().__init__(message)
        self.reply = _encode({"code": code, "msg": message, **(answered or {})})


def result(value: Json, request_id: Json) -> bytes:
    """``{"result":null,"id":1}``."""
    return _encode({"result": value, "id": request_id})


def read_control(text: str) -> Control:
    """Read one message.

    Raises:
        BadControl: code 0 unknown property, 1 no Boolean, 2 invalid request, 3 invalid JSON.
    """
    try:
        message = json.loads(text, parse_constant=_refuse)
    except json.JSONDecodeError as error:
        raise BadControl(3, f"Invalid JSON: expected value at line {error.lineno} column {error.colno}") from None
    except (ValueError, RecursionError):  # a constant that is no JSON, a number of thousands of digits, endless nesting
        raise BadControl(3, "Invalid JSON: expected value at line 1 column 1") from None
    if not isinstance(message, dict):
        raise BadControl(2, "Invalid request: missing field `method` at line 1 column 1")
    return _read_object(message, len(text))


def _read_object(message: Mapping[str, Json], column: int) -> Control:
    if "id" not in message or not _echoes(message["id"]):
        raise BadControl(2, "Invalid request: request ID must be an unsigned integer")
    try:
        return Control(_read_request(message, column), message["id"])
    except Rejected as refusal:
        raise BadControl(refusal.code, refusal.message, {"id": message["id"]}) from None


def _read_request(message: Mapping[str, Json], column: int) -> Request:
    if "method" not in message:
        raise Rejected(2, f"Invalid request: missing field `method` at line 1 column {column}")
    method = _method(message["method"], column)
    params = message.get("params")
    match method:
        case Method.SUBSCRIBE:
            return Subscribe(_names(params))
        case Method.UNSUBSCRIBE:
            return Unsubscribe(_names(params))
        case Method.LIST_SUBSCRIPTIONS:
            if params:
                raise Rejected(2, "Invalid request: too many parameters")
            return ListSubscriptions()
        case Method.SET_PROPERTY:
            (value,) = _property(params, 1)
            if not isinstance(value, bool):
                raise Rejected(1, "Invalid value type: expected Boolean")
            return SetCombined(value)
        case Method.GET_PROPERTY:
            _property(params, 0)
            return GetCombined()


def _method(value: Json, column: int) -> Method:
    try:
        return Method(str(value))
    except ValueError:
        known = ", ".join(f"`{member.value}`" for member in Method)
        text = f"Invalid request: unknown variant `{value}`, expected one of {known} at line 1 column {column}"
        raise Rejected(2, text) from None


def _names(params: Json) -> tuple[str, ...]:
    names = tuple(name for name in params if isinstance(name, str)) if isinstance(params, list) else ()
    if not isinstance(params, list) or len(names) < len(params):
        raise Rejected(2, "Invalid request: params must be an array of stream names")
    return names


def _property(params: Json, values: int) -> list[Json]:
    """The values that follow the name of the one property there is; None for one that is missing."""
    if not isinstance(params, list) or not params or not isinstance(params[0], str):
        raise Rejected(2, "Invalid request: property name must be a string")
    if len(params) > 1 + values:
        raise Rejected(2, "Invalid request: too many parameters")
    if params[0] != "combined":
        raise Rejected(0, "Unknown property")
    return (params[1:] + [None] * values)[:values]


def _echoes(request_id: Json) -> bool:
    try:
        json.dumps(request_id, allow_nan=False)
    except (ValueError, RecursionError):  # 1e999 is infinite here, and no JSON
        return False
    return True


def _refuse(constant: str) -> None:
    raise ValueError(constant)


def _encode(value: Json) -> bytes:
    # ASCII: text that came as half of a surrogate pair goes back as it came.
    return json.dumps(value, separators=(",", ":")).encode()
