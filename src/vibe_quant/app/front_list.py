"""Which ways to the operator a run has."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

from vibe_quant.app.places import control_socket
from vibe_quant.app.redaction import Redactor
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
) -> tuple[Front, ...]:
    """As the configuration and the environment (tokens, the service manager's socket) want them.

    Raises:
        CredentialsError: a token that is needed is missing or useless.
    """
    return (ControlSocket(control_socket(state, environment), operations),)
