"""Whether this run speaks over Telegram: with which token, to whom; and what to do where that cannot be."""

from __future__ import annotations

import re
from collections.abc import Mapping

from vibe_quant.app.credentials import TELEGRAM_TOKEN, telegram_token
from vibe_quant.app.redaction import Redactor
from vibe_quant.app.refusal import CredentialsError
from vibe_quant.domain.service_settings import TelegramSettings
from vibe_quant.operations import Front, Notebook, Operations
from vibe_quant.ports import Clock

HOW = (
    f"Give it as {TELEGRAM_TOKEN} in the environment, as a file of your own, mode 0600, that {TELEGRAM_TOKEN}_FILE "
    "names, or as the systemd credential telegram_token (LoadCredential=); or set telegram.enabled to false"
)
_TOKEN = re.compile(r"[0-9]{3,20}:[A-Za-z0-9_-]{20,100}")


def telegram_front(
    settings: TelegramSettings,
    operations: Operations,
    notebook: Notebook,
    environment: Mapping[str, str],
    redactor: Redactor,
    clock: Clock,
) -> tuple[Front, ...]:
    """The front, where it is enabled.

    Raises:
        CredentialsError: it is enabled, and the token is missing or none, or nobody may command.
    """
    if not settings.enabled:
        return ()
    token = telegram_token(environment)
    if token is None:
        raise CredentialsError(f"telegram.enabled is true and the bot's token is not given. {HOW}.")
    redactor.keep(token)
    if not _TOKEN.fullmatch(token):
        raise CredentialsError(f"the bot's token does not look like one of BotFather's (123456789:AA...). {HOW}.")
    if not settings.allow:
        raise CredentialsError(
            "telegram.enabled is true and telegram.allow names nobody: no message would go anywhere. Put pairs of chat "
            "and user there (allow: [{chat: 123, user: 123}]; a private chat has the number of its user), or set "
            "telegram.enabled to false."
        )
    return (_built(token, settings, operations, notebook, redactor, clock),)


def _built(
    token: str,
    settings: TelegramSettings,
    operations: Operations,
    notebook: Notebook,
    redactor: Redactor,
    clock: Clock,
) -> Front:
    """The library is loaded here, and only where it is wanted: it is large."""
    from vibe_quant.telegram.front import TelegramFront
    from vibe_quant.telegram.wire import Wire

    try:
        wire = Wire(token, settings.api_url, redactor.clean)
    except ValueError as error:
        raise CredentialsError(
            f"Telegram cannot be spoken to: {error}. Look at the token, and at the proxy that the environment names "
            "(HTTPS_PROXY, ALL_PROXY); or set telegram.enabled to false."
        ) from None
    return TelegramFront(settings, operations, notebook, clock, wire)
