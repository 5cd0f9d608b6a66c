"""The page's token: where it comes from, when there must be one, and who sees it."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest

from vibe_quant.app.front_list import front_list
from vibe_quant.app.redaction import Redactor
from vibe_quant.app.refusal import CredentialsError, RunRefusedError
from vibe_quant.app.web_access import CONTAINER, WebAccess, announcing, web_access
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


ADDRESS = "http://127.0.0.1:8420/"
MADE, OF_MINE = WebAccess("made-for-this-start", made=True), WebAccess(GIVEN, made=False)


def announced(access: WebAccess, link: Path, terminal: bool, **environment: str) -> str:
    said: list[str] = []
    announcing(access, link, environment, said.append, terminal=terminal)(ADDRESS)
    return "".join(said)


def test_who_sits_at_the_terminal_is_shown_it_and_it_stands_in_no_file(tmp_path: Path, logged: list[str]) -> None:
    link = tmp_path / "page.link"
    link.write_text("of an earlier start", encoding="utf-8")
    assert announced(MADE, link, terminal=True) == f"The page: {ADDRESS}#token={MADE.token}\n"
    assert not link.exists()
    assert MADE.token not in "".join(logged)


@pytest.mark.parametrize(
    ("terminal", "environment"),
    [(False, {}), (True, {"INVOCATION_ID": "1"}), (False, {"JOURNAL_STREAM": "8:1"}), (True, {CONTAINER: "1"})],
)
def test_what_collects_standard_error_never_has_it(
    terminal: bool, environment: dict[str, str], tmp_path: Path, logged: list[str]
) -> None:
    """nohup, a pipe, a container's log, systemd's journal."""
    link = tmp_path / "of" / "the service" / "page.link"
    said = announced(MADE, link, terminal, **environment)
    assert said.startswith(f"The page: {ADDRESS}, to look at. ")
    assert f"is in {link}." in said
    assert MADE.token not in said + "".join(logged)
    assert any(f'page_link | path="{link}"' in line for line in logged)
    assert link.read_text(encoding="utf-8") == f"{ADDRESS}#token={MADE.token}\n"
    assert link.stat().st_mode & 0o777 == 0o600


def test_a_file_that_lies_there_open_to_all_is_replaced_and_not_written_into(tmp_path: Path) -> None:
    link, elsewhere = tmp_path / "page.link", tmp_path / "elsewhere"
    elsewhere.write_text("", encoding="utf-8")
    link.symlink_to(elsewhere)
    announced(MADE, link, terminal=False)
    assert elsewhere.read_text(encoding="utf-8") == ""
    assert (link.is_symlink(), link.stat().st_mode & 0o777) == (False, 0o600)


def test_where_it_cannot_be_written_the_page_is_there_to_look_at(tmp_path: Path) -> None:
    (tmp_path / "a file").touch()
    said = announced(MADE, tmp_path / "a file" / "page.link", terminal=False)
    assert "cannot be written to" in said
    assert "web_token" in said
    assert MADE.token not in said


@pytest.mark.parametrize("terminal", [True, False])
def test_one_that_was_given_is_shown_to_nobody_and_kept_nowhere(tmp_path: Path, terminal: bool) -> None:
    link = tmp_path / "page.link"
    link.write_text("of an earlier start", encoding="utf-8")
    said = announced(OF_MINE, link, terminal)
    assert "(add #token= and the web token to command from it)" in said
    assert GIVEN not in said
    assert not link.exists()


def test_what_cannot_be_taken_away_holds_up_nothing(tmp_path: Path) -> None:
    (tmp_path / "page.link").mkdir()
    assert announced(MADE, tmp_path / "page.link", terminal=True).endswith(f"#token={MADE.token}\n")


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
