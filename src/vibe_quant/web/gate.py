"""Who may ask what over the network: host names, pages of others, tokens; and what each answer forbids a browser."""

from __future__ import annotations

import ipaddress
from urllib.parse import urlsplit

from aiohttp import web

from vibe_quant.domain.log_events import WRONG_TOKEN
from vibe_quant.log import log
from vibe_quant.web.replies import AskError, Handler
from vibe_quant.web.token import WAIT_S, Misses, Token

OPEN = ("/", "/healthz")
OPEN_FOLDER = "/static/"
PUSH = "/api/push"
READING = ("GET", "HEAD")
BEARER = "bearer "
OWN_SITE = ("same-origin", "none")
HEADERS = {
    "Content-Security-Policy": "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self'; "
    "connect-src 'self'; manifest-src 'self'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'",
    "X-Content-Type-Options": "nosniff",
    "Referrer-Policy": "no-referrer",
    "Cross-Origin-Resource-Policy": "same-origin",
    "Cross-Origin-Opener-Policy": "same-origin",
    "Server": "vibe-quant",
}


class Gate:
    """``near``: only this host can reach the address, so that reading needs no token.

    The page's own files and /healthz tell nothing and are open; the push asks for the token itself, in its first
    message, for a browser cannot send it with the handshake.
    """

    def __init__(self, token: Token, misses: Misses, near: bool) -> None:
        self.near = near
        self._token = token
        self._misses = misses

    @web.middleware
    async def middleware(self, request: web.Request, handler: Handler) -> web.StreamResponse:
        """Stands inside the one that writes refusals."""
        self.admit(request)
        return await handler(request)

    def admit(self, request: web.Request) -> None:
        """Let it pass.

        Raises:
            AskError: it may not.
        """
        if self.near and not _names_this_host(request.host):
            raise AskError(421, f"{request.host!r} is no name of this host; use 127.0.0.1 or localhost")
        if request.path != "/" and not _from_own_page(request):
            raise AskError(403, "a page of another site may not ask this service anything")
        given = bearer(request)
        if given is not None:
            if not self.knows(given, peer(request)):
                raise AskError(401, "the token is wrong; the right one is in the link that the start has shown")
        elif not self._free(request):
            raise AskError(401, "this needs the token: Authorization: Bearer, or the link that the start has shown")

    def knows(self, given: str, who: str) -> bool:
        """Whether this is the token.

        Raises:
            AskError: there were too many wrong ones from there.
        """
        if self._misses.too_many(who):
            raise AskError(429, f"too many wrong tokens; try again in {WAIT_S} s, or use the command line", WAIT_S)
        if self._token.matches(given):
            return True
        if self._misses.missed(who):
            log(WRONG_TOKEN, peer=who, text="a wrong token was refused; if it was not you, find out who asks")
        return False

    def _free(self, request: web.Request) -> bool:
        if request.method not in READING:
            return False
        open_file = request.path in OPEN or request.path.startswith(OPEN_FOLDER)
        return self.near or open_file or request.path == PUSH


async def forbidding(request: web.Request, response: web.StreamResponse) -> None:  # noqa: ARG001 - aiohttp's signal
    """What each answer tells the browser not to do."""
    response.headers.update(HEADERS)
    response.headers.setdefault("Cache-Control", "no-store")


def bearer(request: web.Request) -> str | None:
    """The token that the request carries."""
    text = request.headers.get("Authorization", "")
    return text[len(BEARER) :].strip() if text[: len(BEARER)].lower() == BEARER else None


def peer(request: web.Request) -> str:
    """The address at the other end."""
    return request.remote or "unknown"


def is_near(name: str) -> bool:
    """Whether an address to serve on, or a name in Host, is this host's own loopback."""
    if name.lower().rstrip(".") == "localhost":
        return True
    try:
        return ipaddress.ip_address(name).is_loopback
    except ValueError:
        return False


def _names_this_host(host: str) -> bool:
    """A page that has its own name point here (DNS rebinding) still says its own name."""
    try:
        return is_near(urlsplit(f"//{host}").hostname or "")
    except ValueError:
        return False


def _from_own_page(request: web.Request) -> bool:
    """Browsers say whose page asks; what is no browser says nothing."""
    origin = request.headers.get("Origin")
    if origin is not None and _host_of(origin) != request.host.lower():
        return False
    return request.headers.get("Sec-Fetch-Site", "none") in OWN_SITE


def _host_of(origin: str) -> str | None:
    """None: that is no address at all."""
    try:
        return urlsplit(origin).netloc.lower()
    except ValueError:
        return None
