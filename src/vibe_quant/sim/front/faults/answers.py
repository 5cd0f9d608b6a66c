"""The answers that faults put in the place of the true one, in the exchange's own words."""

from __future__ import annotations

from vibe_quant.sim.front.http import HttpResponse, encode, error_body
from vibe_quant.sim.front.limits import Throttled

UNKNOWN = "Unknown error, please check your request or try again later."
TIMEOUT = "Timeout waiting for response from backend server. Send status unknown; execution status unknown."
OUTSIDE_WINDOW = "Timestamp for this request is outside of the recvWindow."
INTERNAL = "Internal error; unable to process your request. Please try again."
UNAVAILABLE = "Service Unavailable."
HTML = "<html>\r\n<head><title>{0}</title></head>\r\n<body><center><h1>{0}</h1></center></body>\r\n</html>\r\n"
TITLES = {403: "403 Forbidden", 502: "502 Bad Gateway", 504: "504 Gateway Time-out"}


def refusal(code: int, message: str, status: int = 400) -> HttpResponse:
    """An error as the exchange writes it."""
    return HttpResponse(status, error_body(code, message))


def wordless(status: int, message: str) -> HttpResponse:
    """An error that carries a text and no code, as some 503 do."""
    return HttpResponse(status, encode({"msg": message}))


def throttled(refusal: Throttled) -> HttpResponse:
    """429 or 418 with Retry-After."""
    headers = {"Retry-After": refusal.retry_after}
    return HttpResponse(refusal.http, error_body(refusal.code, refusal.message), headers)


def page(status: int) -> HttpResponse:
    """What a proxy before the exchange says: HTML."""
    return HttpResponse(status, HTML.format(TITLES[status]).encode(), content_type="text/html")
