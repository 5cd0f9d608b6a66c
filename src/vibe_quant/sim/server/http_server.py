"""aiohttp's low-level server, made to answer what is no HTTP request in the exchange's words and to say no more."""

from __future__ import annotations

from aiohttp import web
from aiohttp.web_protocol import RequestHandler

from vibe_quant.sim.front.http import HttpResponse, error_body

ILLEGAL = HttpResponse(400, error_body(-1100, "Illegal request."))
SERVER = "simulated exchange"
UNKNOWN = "An unknown error occured while processing the request."


class Connection(RequestHandler):
    """One connection; aiohttp's own error pages stay inside."""

    def handle_error(
        self,
        request: web.BaseRequest,  # noqa: ARG002 - aiohttp's signature
        status: int = 500,
        exc: BaseException | None = None,
        message: str | None = None,  # noqa: ARG002 - aiohttp's text, with parts of the request in it
    ) -> web.StreamResponse:
        """The answer to bytes that are no request; a defect is logged here and told to nobody."""
        answer = ILLEGAL
        if status >= 500:
            self.log_exception("a request could not be answered", exc_info=exc)
            answer = HttpResponse(503, error_body(-1000, UNKNOWN))
        response = as_aiohttp(answer)
        response.force_close()
        return response


class HttpServer(web.Server):
    """Makes ``Connection``s."""

    def __call__(self) -> RequestHandler:
        """One for each that is accepted; bodies stay as they come, for the signature is over these very bytes."""
        return Connection(self, loop=self._loop, auto_decompress=False, **self._kwargs)


def as_aiohttp(answer: HttpResponse) -> web.Response:
    """The front's answer for aiohttp to send."""
    headers = {**answer.headers, "Content-Type": answer.content_type, "Server": SERVER}
    return web.Response(status=answer.status, body=answer.body, headers=headers)
