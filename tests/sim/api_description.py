"""An OpenAPI description of the box's REST, made from its routing table and the parameters its endpoints know."""

from __future__ import annotations

from typing import Any

from tests.sim.request_soup import SOUND_PARAMS, USUAL, names_of

from vibe_quant.sim.front.endpoint import Endpoint

ERROR = {
    "type": "object",
    "properties": {"code": {"type": "integer", "maximum": -1}, "msg": {"type": "string", "minLength": 1}},
    "required": ["code", "msg"],
    "additionalProperties": False,
}
SUCCESS: dict[str, Any] = {"anyOf": [{"type": "object"}, {"type": "array"}]}
ANSWERS = {"200": SUCCESS, "400": ERROR, "401": ERROR, "404": ERROR}


def described(endpoints: tuple[Endpoint, ...]) -> dict[str, Any]:
    """The whole description; paths as they are asked for."""
    paths: dict[str, Any] = {}
    for endpoint in endpoints:
        paths.setdefault(endpoint.path, {})[endpoint.method.lower()] = _operation(endpoint)
    return {"openapi": "3.1.0", "info": {"title": "exchange in a box", "version": "1"}, "paths": paths}


def _operation(endpoint: Endpoint) -> dict[str, Any]:
    needed = set.intersection(*map(set, SOUND_PARAMS.get(f"{endpoint.method} {endpoint.path}", ({},))))
    answers = {
        status: {"description": status, "content": {"application/json": {"schema": schema}}}
        for status, schema in ANSWERS.items()
    }
    parameters = [_parameter(name, name in needed) for name in names_of(endpoint.method, endpoint.path)]
    return {"parameters": parameters, "responses": answers}


def _parameter(name: str, needed: bool) -> dict[str, Any]:
    values = list(dict.fromkeys(USUAL[name]))
    schema = {"anyOf": [{"type": "string", "enum": values}, {"type": "string"}]}
    return {
        "name": name,
        "in": "query",
        "required": needed,
        "schema": schema,
        "examples": {"usual": {"value": values[0]}},
    }
