"""Key and secret: where they may come from, what is refused, and that no refusal shows them."""

from __future__ import annotations

from pathlib import Path

import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat

from vibe_quant.app.credentials import pg_password, read_credentials
from vibe_quant.app.refusal import CredentialsError

KEY, SECRET = "canaryKey0123456789", "canarySecret9876543210"
BOTH = {"VIBE_QUANT_API_KEY": KEY, "VIBE_QUANT_API_SECRET": SECRET}
PEM = Ed25519PrivateKey.generate().private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption()).decode()


@pytest.fixture
def private(tmp_path: Path) -> Path:
    path = tmp_path / "secret"
    path.write_text(SECRET + "\n", encoding="ascii")
    path.chmod(0o600)
    return path


def refused(environment: dict[str, str]) -> str:
    with pytest.raises(CredentialsError) as caught:
        read_credentials(environment)
    text = str(caught.value)
    assert KEY not in text
    assert SECRET not in text
    assert caught.value.__cause__ is None
    return text


def test_from_the_environment() -> None:
    found = read_credentials({**BOTH, "VIBE_QUANT_API_KEY": f" {KEY}\n"})
    assert (found.api_key, found.api_secret) == (KEY, SECRET)


def test_from_files_of_ones_own(private: Path) -> None:
    found = read_credentials({"VIBE_QUANT_API_KEY": KEY, "VIBE_QUANT_API_SECRET_FILE": str(private)})
    assert found.api_secret == SECRET


def test_from_systemd(tmp_path: Path) -> None:
    (tmp_path / "api_key").write_text(KEY, encoding="ascii")
    (tmp_path / "api_secret").write_text(PEM, encoding="ascii")
    found = read_credentials({"CREDENTIALS_DIRECTORY": str(tmp_path)})
    assert found.api_key == KEY
    assert found.private_key() is not None


@pytest.mark.parametrize("pem", [PEM, PEM.replace("\n", "\\n"), PEM.replace("\n", "\r\n")])
def test_a_private_key_survives_an_environment_file(pem: str) -> None:
    found = read_credentials({"VIBE_QUANT_API_KEY": KEY, "VIBE_QUANT_API_SECRET": pem})
    assert found.private_key() is not None


@pytest.mark.parametrize(
    ("environment", "says"),
    [
        ({}, "API key and secret are not given"),
        ({"VIBE_QUANT_API_SECRET": SECRET}, "the API key is not given"),
        ({"VIBE_QUANT_API_KEY": KEY}, "the secret is not given"),
        ({**BOTH, "VIBE_QUANT_API_KEY": " \n"}, "VIBE_QUANT_API_KEY is empty"),
        ({**BOTH, "VIBE_QUANT_API_SECRET": SECRET + " " + SECRET}, "spaces"),
        ({**BOTH, "VIBE_QUANT_API_SECRET": PEM[:60] + "-----END PRIVATE KEY-----"}, "PEM"),
    ],
)
def test_what_is_missing_or_useless_is_said_with_every_cure(environment: dict[str, str], says: str) -> None:
    text = refused(environment)
    assert says in text
    for cure in ("VIBE_QUANT_API_SECRET", "VIBE_QUANT_API_KEY_FILE", "0600", "LoadCredential"):
        assert cure in text


@pytest.mark.parametrize("mode", [0o640, 0o604, 0o620])
def test_a_file_that_others_may_read_is_refused(private: Path, mode: int) -> None:
    private.chmod(mode)
    text = refused({"VIBE_QUANT_API_KEY": KEY, "VIBE_QUANT_API_SECRET_FILE": str(private)})
    assert f"mode {mode:04o}" in text
    assert "chmod 600" in text


def test_given_twice_is_refused_for_one_of_them_is_stale(private: Path) -> None:
    text = refused({**BOTH, "VIBE_QUANT_API_SECRET_FILE": str(private)})
    assert "given twice, by VIBE_QUANT_API_SECRET and by VIBE_QUANT_API_SECRET_FILE" in text


def test_files_that_are_none(private: Path, tmp_path: Path) -> None:
    environment = {"VIBE_QUANT_API_KEY": KEY, "VIBE_QUANT_API_SECRET_FILE": str(tmp_path / "nowhere")}
    assert "cannot be read (No such file" in refused(environment)
    private.write_bytes(b"\xff\xfe")
    environment["VIBE_QUANT_API_SECRET_FILE"] = str(private)
    assert "is no text" in refused(environment)
    private.write_bytes(b"x" * 20_000)
    assert "too large" in refused(environment)


def test_the_mirrors_password(tmp_path: Path) -> None:
    assert pg_password({}) is None
    assert pg_password({"PGPASSWORD": "tiger"}) == "tiger"
    (tmp_path / "pg_password").write_text("lion\n", encoding="ascii")
    assert pg_password({"CREDENTIALS_DIRECTORY": str(tmp_path)}) == "lion"
