"""How an answer is written: the dataclasses as JSON, a refusal as one sentence, and nothing that may be kept."""

from __future__ import annotations

from collections.abc import Awaitable, Callable

import msgspec
from aiohttp import web

from vibe_quant.domain.log_events import ASK_FAILED
from vibe_quant.domain.status import Answer
from vibe_quant.log import log

Handler = Callable[[web.Request], Awaitable[web.StreamResponse]]
JSON = "application/json"
UNASKED = {404: "there is nothing at this address", 405: "this address is not asked in this way"}


class AskError(Exception):
    """What was asked cannot be answered: an HTTP status of 4xx, and a sentence that says why and what would do."""

    def __init__(self, status: int, text: str, wait_s: int | None = None) -> None:
        super().__init__(text)
        self.status = status
        self.text = text
        self.wait_s = wait_s
        """Seconds after which it may be asked again."""


def reply(value: object, status: int = 200) -> web.Response:
    """The value as JSON: Decimals as strings, enums by their values."""
    return web.Response(body=msgspec.json.encode(value), status=status, content_type=JSON)


def answered(answer: Answer) -> web.Response:
    """What came of a command; one that was not done is a refusal, 409.

    Raises:
        AskError: it was not done.
    """
    if not answer.ok:
        raise AskError(409, answer.text)
    return reply(answer)


def refusal(status: int, text: str, wait_s: int | None = None) -> web.Response:
    """{"error": a sentence}."""
    response = reply({"error": text}, status)
    if wait_s is not None:
        response.headers["Retry-After"] = str(wait_s)
    return response


@web.middleware
async def plainly(request: web.Request, handler: Handler) -> web.StreamResponse:
    """Whatever becomes of a request is answered as JSON; a defect is logged, and told without its inside."""
    try:
        return await handler(request)
    except AskError as error:
        return refusal(error.status, error.text, error.wait_s)
    except web.HTTPException as error:
        text = UNASKED.get(error.status, (error.reason or "it cannot be answered").lower())
        return refusal(error.status, f"{text}: {request.method} {request.path}")
    except Exception as defect:  # noqa: BLE001 - a request must not end its server
        text = "a defect: it could not be answered; trading goes on"
        log(ASK_FAILED, defect=defect, method=request.method, path=request.path, text=text)
        return refusal(500, "a defect: it could not be answered, and the log says why; trading goes on")
