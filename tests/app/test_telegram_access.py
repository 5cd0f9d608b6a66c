"""Whether a run speaks over Telegram, and what it says where it cannot."""

from __future__ import annotations

from pathlib import Path

import pytest
from tests.operations_fake import FakeOperations
from tests.telegram.stage import FakeNotebook

from vibe_quant.app.clock import SystemClock
from vibe_quant.app.redaction import HIDDEN, Redactor
from vibe_quant.app.refusal import CredentialsError
from vibe_quant.app.telegram_access import telegram_front
from vibe_quant.domain.service_settings import TelegramSettings, TelegramUser
from vibe_quant.operations import Front

TOKEN = "123456789:AAcanaryTOKENcanaryTOKENcanaryTOKEN0"
NAMED = {"VIBE_QUANT_TELEGRAM_TOKEN": TOKEN}
WANTED = TelegramSettings(enabled=True, allow=(TelegramUser(7, 7),))


def fronts(
    settings: TelegramSettings, environment: dict[str, str], redactor: Redactor | None = None
) -> tuple[Front, ...]:
    return telegram_front(
        settings, FakeOperations(), FakeNotebook(), environment, redactor or Redactor(), SystemClock()
    )


async def closed(front: Front) -> None:
    await front._wire.close()  # type: ignore[attr-defined]


def test_not_enabled_is_no_front_and_needs_no_token() -> None:
    assert fronts(TelegramSettings(), {}) == ()


async def test_the_token_is_hidden_from_then_on() -> None:
    redactor = Redactor()
    (front,) = fronts(WANTED, NAMED, redactor)
    assert front.name == "telegram"
    assert redactor.clean(f"https://api.telegram.org/bot{TOKEN}/getMe") == f"https://api.telegram.org/bot{HIDDEN}/getMe"
    await closed(front)


async def test_the_token_of_a_file_and_of_systemd(tmp_path: Path) -> None:
    path = tmp_path / "telegram_token"
    path.write_text(TOKEN + "\n", encoding="ascii")
    path.chmod(0o600)
    for environment in ({"VIBE_QUANT_TELEGRAM_TOKEN_FILE": str(path)}, {"CREDENTIALS_DIRECTORY": str(tmp_path)}):
        (front,) = fronts(WANTED, environment)
        await closed(front)


@pytest.mark.parametrize(
    ("settings", "environment", "says"),
    [
        (WANTED, {}, "token is not given. Give it as VIBE_QUANT_TELEGRAM_TOKEN"),
        (WANTED, {"VIBE_QUANT_TELEGRAM_TOKEN": "hello"}, "does not look like one of BotFather's"),
        (TelegramSettings(enabled=True), NAMED, "telegram.allow names nobody"),
        (WANTED, {**NAMED, "ALL_PROXY": ""}, ""),
    ],
)
async def test_refusals_name_the_cure(settings: TelegramSettings, environment: dict[str, str], says: str) -> None:
    if not says:
        await closed(fronts(settings, environment)[0])
        return
    with pytest.raises(CredentialsError) as caught:
        fronts(settings, environment)
    assert says in str(caught.value)
    assert "telegram.enabled to false" in str(caught.value)
    assert "canary" not in str(caught.value)
    assert caught.value.__cause__ is None


def test_a_proxy_of_no_use_is_a_refusal(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("ALL_PROXY", "nonsense://127.0.0.1:1")
    with pytest.raises(CredentialsError, match="Look at the token, and at the proxy"):
        fronts(WANTED, NAMED)
