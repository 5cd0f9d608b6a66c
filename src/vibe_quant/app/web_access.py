"""The token of the page's port: a credential, or where only this host can reach it, one made anew at each start.

A made one is shown on a terminal and nowhere else; where none is there it stands in a file of the service's user.
"""

from __future__ import annotations

import secrets
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path

from vibe_quant.app.credentials import WEB_HOW, web_token
from vibe_quant.app.private_file import write_private
from vibe_quant.app.refusal import CredentialsError, RunRefusedError
from vibe_quant.domain import log_events as le
from vibe_quant.domain.service_settings import WebSettings
from vibe_quant.log import log
from vibe_quant.web.gate import is_near

LEAST = 16
BYTES = 24
LINK = "page.link"
"""Beside the control socket: who may read it could command by that as well."""
CONTAINER = "VIBE_QUANT_CONTAINER"
"""Set by our image: what is said on a container's terminal (``docker run -t``) is in its log too."""
RECORDED = ("INVOCATION_ID", "JOURNAL_STREAM", CONTAINER)
"""Set where what is said on standard error may be written down, though it looks like a terminal."""

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
    access: WebAccess, link: Path, environment: Mapping[str, str], say: Announce, *, terminal: bool
) -> Announce:
    """Tells where the page is; a made token is in no log, and what collects standard error never has it.

    ``link`` is the file that holds it where nobody sits at a ``terminal``; of an earlier start there is none left.
    """
    seen = terminal and not any(name in environment for name in RECORDED)

    def announce(address: str) -> None:
        if access.made and not seen:
            say(f"The page: {address}, to look at. {_put(link, f'{address}#token={access.token}')}\n")
            return
        _forget(link)
        if access.made:
            say(f"The page: {address}#token={access.token}\n")
        else:
            say(f"The page: {address} (add #token= and the web token to command from it)\n")

    return announce


def _put(link: Path, text: str) -> str:
    """Into its file; where that is, in words."""
    try:
        write_private(link, f"{text}\n".encode())
    except OSError as error:
        reason = error.strerror or type(error).__name__
        return f"The link to command by cannot be written to {link} ({reason}); {WEB_HOW}, or mend the folder."
    log(le.PAGE_LINK, path=str(link))
    return f"The link to command by, of this start alone, is in {link}."


def _forget(link: Path) -> None:
    try:
        link.unlink(missing_ok=True)
    except OSError:
        return  # what stands in it is of an earlier start, and opens nothing any more
