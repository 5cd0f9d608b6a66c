"""schemathesis against a description of the box's REST: whatever it makes of it is answered as described."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import Any
from urllib.parse import quote

import pytest
from hypothesis import HealthCheck, Phase, settings
from tests.sim.api_description import described
from tests.sim.law_desk import LawDesk, sign

from vibe_quant.sim.front.endpoint import Security
from vibe_quant.sim.front.http import HttpRequest

schemathesis = pytest.importorskip("schemathesis")

DESK = LawDesk()
EXAMPLES = 8


def app(environ: dict[str, Any], start: Callable[..., object]) -> Iterable[bytes]:
    """The box as WSGI: each request is signed as its endpoint wants it, and time goes on a little."""
    method, path = environ["REQUEST_METHOD"], quote(environ["PATH_INFO"].encode("latin-1"))
    query, body = environ["QUERY_STRING"], environ["wsgi.input"].read(int(environ.get("CONTENT_LENGTH") or 0))
    request = HttpRequest(method, path, query, body, {"x-mbx-apikey": DESK.box.hmac_key})
    endpoint = DESK.box.gate.endpoint(request)
    if endpoint is not None and endpoint.security is Security.SIGNED:
        query += f"{'&' if query else ''}timestamp={DESK.now}"
        query += "&signature=" + sign(DESK.box, query.encode() + body)
    DESK.wait(5)
    answer = DESK.send(HttpRequest(method, path, query, body, request.headers))
    start(f"{answer.status} .", [("Content-Type", answer.content_type)])
    return [answer.body]


schema = schemathesis.openapi.from_dict(described(DESK.box.gate.endpoints))
schema.app = app


@pytest.mark.untraced
@schema.parametrize()  # type: ignore[untyped-decorator]
@settings(
    max_examples=EXAMPLES,
    deadline=None,
    derandomize=True,
    database=None,
    phases=[Phase.generate],
    suppress_health_check=list(HealthCheck),
)
def test_what_schemathesis_makes_of_the_description_is_answered_by_it(case: Any) -> None:
    response = case.call()
    case.validate_response(
        response,
        checks=(
            schemathesis.checks.not_a_server_error,
            schemathesis.specs.openapi.checks.status_code_conformance,
            schemathesis.specs.openapi.checks.content_type_conformance,
            schemathesis.specs.openapi.checks.response_schema_conformance,
        ),
    )
