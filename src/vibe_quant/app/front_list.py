"""Which ways to the operator a run has."""

from __future__ import annotations

import os
from collections.abc import Mapping
from pathlib import Path

from vibe_quant.app.measuring import measures
from vibe_quant.app.places import control_socket
from vibe_quant.app.pulse import Present
from vibe_quant.app.redaction import Redactor
from vibe_quant.app.service_clock import ServiceClock
from vibe_quant.app.service_manager import service_manager
from vibe_quant.app.telegram_access import telegram_front
from vibe_quant.app.web_access import LINK, Announce, announcing, web_access
from vibe_quant.domain.settings import GlobalSettings
from vibe_quant.operations import Front, Notebook, Operations
from vibe_quant.web.control_socket import ControlSocket
from vibe_quant.web.front import WebFront
from vibe_quant.web.metrics import Metrics
from vibe_quant.web.token import Token


def front_list(
    shared: GlobalSettings,
    operations: Operations,
    notebook: Notebook,
    state: Path,
    environment: Mapping[str, str],
    redactor: Redactor,
    present: Present,
    whisper: Announce = lambda _: None,
    *,
    terminal: bool = False,
) -> tuple[Front, ...]:
    """As the configuration and the environment (tokens, the service manager's socket) want them.

    ``present`` gives the application, for those who must see whether it makes progress; ``whisper`` tells the
    person at standard error alone, ``terminal``: who sits there, and no file or collector.

    Raises:
        CredentialsError: a token that is needed is missing or useless.
        RunRefusedError: the configuration lets others reach the page, and no token is given.
    """
    return (
        *service_manager(environment, os.getpid(), shared.stop_timeout_s, present, operations),
        ControlSocket(control_socket(state, environment), operations),
        *_page(shared, operations, state, environment, redactor, present, whisper, terminal),
        *telegram_front(shared.telegram, operations, notebook, environment, redactor, ServiceClock(present)),
    )


def _page(
    shared: GlobalSettings,
    operations: Operations,
    state: Path,
    environment: Mapping[str, str],
    redactor: Redactor,
    present: Present,
    whisper: Announce,
    terminal: bool,
) -> tuple[Front, ...]:
    if not shared.web.enabled:
        return ()
    access = web_access(shared.web, environment)
    redactor.keep(access.token)
    link = control_socket(state, environment).with_name(LINK)
    told = announcing(access, link, environment, whisper, terminal=terminal)
    own = shared.client_order_prefix
    meter = Metrics(own, lambda: measures(present()))
    return (WebFront(shared.web, operations, Token(access.token), own, ServiceClock(present), told, meter),)
