"""The page's token: where it comes from, when there must be one, and who sees it."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest

from vibe_quant.app.front_list import front_list
from vibe_quant.app.redaction import Redactor
from vibe_quant.app.refusal import CredentialsError, RunRefusedError
from vibe_quant.app.web_access import WebAccess, announcing, web_access
from vibe_quant.domain.service_settings import WebSettings
from vibe_quant.domain.settings import GlobalSettings

NEAR, FAR = WebSettings(), WebSettings(host="0.0.0.0")
GIVEN = "a-token-of-sixteen-or-more"


def test_on_loopback_one_is_made_and_is_another_at_each_start() -> None:
    one, other = web_access(NEAR, {}), web_access(NEAR, {})
    assert one.made
    assert len(one.token) >= 32
    assert one.token != other.token
    assert one.token not in repr(one)


def test_another_address_needs_one_that_is_given() -> None:
    with pytest.raises(RunRefusedError, match=r"which others can reach.*web_token.*or set global\.web\.host to 127"):
        web_access(FAR, {})
    assert web_access(FAR, {"VIBE_QUANT_WEB_TOKEN": GIVEN}) == WebAccess(GIVEN, made=False)


def test_it_is_read_from_a_file_or_a_credential(tmp_path: Path) -> None:
    (tmp_path / "web_token").write_text(f"{GIVEN}\n")
    (tmp_path / "web_token").chmod(0o600)
    assert web_access(FAR, {"CREDENTIALS_DIRECTORY": str(tmp_path)}).token == GIVEN
    assert web_access(FAR, {"VIBE_QUANT_WEB_TOKEN_FILE": str(tmp_path / "web_token")}).token == GIVEN
    with pytest.raises(CredentialsError, match="given twice"):
        web_access(FAR, {"VIBE_QUANT_WEB_TOKEN": GIVEN, "CREDENTIALS_DIRECTORY": str(tmp_path)})


@pytest.mark.parametrize("token", ["short", "x" * 15, "schlüssel-schlüssel-1", "a b\tc d e f g h i j k"])
def test_one_that_is_of_no_use_is_refused_and_not_shown(token: str) -> None:
    with pytest.raises(CredentialsError, match=r"is too easily guessed|no text") as refused:
        web_access(NEAR, {"VIBE_QUANT_WEB_TOKEN": token})
    assert token not in str(refused.value)


@pytest.mark.parametrize(
    ("access", "environment", "line"),
    [
        (WebAccess("made", made=True), {}, "The page: http://127.0.0.1:8420/#token=made\n"),
        (WebAccess(GIVEN, made=False), {}, "(add #token= and the web token to command from it)\n"),
        (WebAccess("made", made=True), {"INVOCATION_ID": "1"}, "to look at only."),
    ],
)
def test_only_who_sits_at_the_terminal_is_shown_it(access: WebAccess, environment: dict[str, str], line: str) -> None:
    said: list[str] = []
    announcing(access, environment, said.append)("http://127.0.0.1:8420/")
    assert line in said[0]
    assert GIVEN not in said[0]
    assert ("made" in said[0]) is ("#token=made" in line)


def test_the_run_has_a_page_unless_it_is_switched_off_and_the_token_is_in_no_log(tmp_path: Path) -> None:
    redactor = Redactor(most=1)
    parts: tuple[object, ...] = (None, None)
    shared = GlobalSettings()

    def names(web: WebSettings) -> list[str]:
        given = {"VIBE_QUANT_WEB_TOKEN": GIVEN}
        settings = replace(shared, web=web)
        found = front_list(settings, *parts, tmp_path, given, redactor, lambda: None, print)  # type: ignore[arg-type,call-arg]
        return [one.name for one in found]

    assert {"page", "control socket"} <= set(names(WebSettings()))
    assert "page" not in names(WebSettings(enabled=False))
    for number in range(10):
        redactor.add(f"another secret {number}")
    assert GIVEN not in redactor.clean(f"the token is {GIVEN}")
