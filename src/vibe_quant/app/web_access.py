"""The token of the page's port: a credential, or where only this host can reach it, one made anew at each start."""

from __future__ import annotations

import secrets
import sys
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field

from vibe_quant.app.credentials import WEB_HOW, web_token
from vibe_quant.app.refusal import CredentialsError, RunRefusedError
from vibe_quant.domain.service_settings import WebSettings
from vibe_quant.web.gate import is_near

LEAST = 16
BYTES = 24
RECORDED = ("INVOCATION_ID", "JOURNAL_STREAM")
"""Set where a service manager writes down what is said on standard error."""

Announce = Callable[[str], None]


@dataclass(frozen=True, slots=True)
class WebAccess:
    """``made``: the token is of this start, and nobody knows it yet."""

    token: str = field(repr=False)
    made: bool


def web_access(settings: WebSettings, environment: Mapping[str, str]) -> WebAccess:
    """The token.

    Raises:
        RunRefusedError: the configuration lets others reach the page, and no token is given.
        CredentialsError: it is of no use.
    """
    given = web_token(environment)
    if given is None:
        if not is_near(settings.host):
            raise RunRefusedError(
                f"global.web.host is {settings.host}, which others can reach, and there is no token for it. {WEB_HOW}; "
                "or set global.web.host to 127.0.0.1"
            )
        return WebAccess(secrets.token_urlsafe(BYTES), made=True)
    if len(given) < LEAST or not given.isascii() or not given.isprintable():
        raise CredentialsError(f"the web token is too easily guessed: it needs {LEAST} letters or more. {WEB_HOW}")
    return WebAccess(given, made=False)


def announcing(
    access: WebAccess, environment: Mapping[str, str], write: Callable[[str], object] | None = None
) -> Announce:
    """Tells who has started it at a terminal where the page is, and shows a made token there; no log sees it."""
    say = write or sys.stderr.write

    def announce(address: str) -> None:
        if not access.made:
            say(f"The page: {address} (add #token= and the web token to command from it)\n")
        elif any(name in environment for name in RECORDED):
            say(f"The page: {address}, to look at only. {WEB_HOW} to command from it.\n")
        else:
            say(f"The page: {address}#token={access.token}\n")

    return announce
