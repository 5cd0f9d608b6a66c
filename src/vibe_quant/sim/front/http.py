"""A REST request and its answer, as the front sees them: bytes in, bytes out."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass, field

Json = Mapping[str, "Json"] | list["Json"] | tuple["Json", ...] | str | int | float | bool | None
"""What an endpoint answers; numbers that the exchange sends as text are text here already."""

JSON_TYPE = "application/json"


@dataclass(frozen=True, slots=True)
class HttpRequest:
    """One request as it came: ``query`` and ``body`` undecoded, header names in lower case."""

    method: str
    path: str
    query: str = ""
    body: bytes = b""
    headers: Mapping[str, str] = field(default_factory=dict)
    ip: str = "127.0.0.1"


@dataclass(frozen=True, slots=True)
class HttpResponse:
    """One answer; ``content_type`` travels beside the other headers."""

    status: int
    body: bytes
    headers: Mapping[str, str] = field(default_factory=dict)
    content_type: str = JSON_TYPE


def encode(value: Json) -> bytes:
    """Compact JSON in UTF-8, as the exchange writes it."""
    return json.dumps(value, separators=(",", ":"), ensure_ascii=False).encode()


def error_body(code: int, message: str) -> bytes:
    """``{"code":-1121,"msg":"Invalid symbol."}``."""
    return encode({"code": code, "msg": message})
