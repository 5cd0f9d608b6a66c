"""Which ways to the operator a run has."""

from __future__ import annotations

import os
from collections.abc import Mapping
from pathlib import Path

from vibe_quant.app.places import control_socket
from vibe_quant.app.pulse import Present
from vibe_quant.app.redaction import Redactor
from vibe_quant.app.service_manager import service_manager
from vibe_quant.domain.settings import GlobalSettings
from vibe_quant.ports import Front, Notebook, Operations
from vibe_quant.web.control_socket import ControlSocket


def front_list(
    shared: GlobalSettings,
    operations: Operations,
    notebook: Notebook,
    state: Path,
    environment: Mapping[str, str],
    redactor: Redactor,
    present: Present,
) -> tuple[Front, ...]:
    """As the configuration and the environment (tokens, the service manager's socket) want them.

    ``present`` gives the application, for those who must see whether it makes progress.

    Raises:
        CredentialsError: a token that is needed is missing or useless.
    """
    return (
        *service_manager(environment, os.getpid(), shared.stop_timeout_s, present, operations),
        ControlSocket(control_socket(state, environment), operations),
    )
