"""Where the API key and its secret come from: the environment, files it names, or systemd; never YAML, never argv."""

from __future__ import annotations

import os
import stat
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from vibe_quant.app.refusal import CredentialsError
from vibe_quant.binance.credentials import Credentials

KEY = "VIBE_QUANT_API_KEY"
SECRET = "VIBE_QUANT_API_SECRET"
SYSTEMD = "CREDENTIALS_DIRECTORY"
MOST_BYTES = 16_384
PG_PASSWORD = "PGPASSWORD"
WEB_TOKEN = "VIBE_QUANT_WEB_TOKEN"
TELEGRAM_TOKEN = "VIBE_QUANT_TELEGRAM_TOKEN"

HOW = (
    f"Give them as {KEY} and {SECRET} in the environment; as files of your own, mode 0600, that {KEY}_FILE and "
    f"{SECRET}_FILE name; or as the systemd credentials api_key and api_secret (LoadCredential=)"
)

WEB_HOW = (
    f"Give it as {WEB_TOKEN} in the environment, as a file of your own, mode 0600, that {WEB_TOKEN}_FILE names, or as "
    "the systemd credential web_token (LoadCredential=)"
)


@dataclass(frozen=True, slots=True)
class _Place:
    """Where a value may stand; ``path`` None: in the variable itself."""

    name: str
    path: Path | None
    private: bool = False


def read_credentials(environment: Mapping[str, str]) -> Credentials:
    """Key and secret, from whichever place holds them.

    Raises:
        CredentialsError: one is missing, given twice, or not to be used; or a file of it may be read by others.
    """
    found = {
        name: _value(name, environment, credential) for name, credential in ((KEY, "api_key"), (SECRET, "api_secret"))
    }
    missing = [name for name, value in found.items() if value is None]
    if missing:
        what = "API key and secret are" if len(missing) > 1 else "the API key is" if KEY in missing else "the secret is"
        raise CredentialsError(f"{what} not given. {HOW}.")
    try:
        return Credentials(str(found[KEY]), str(found[SECRET]))
    except ValueError as error:
        raise CredentialsError(f"{error}. {HOW}.") from None


def pg_password(environment: Mapping[str, str]) -> str | None:
    """Password of the journal's mirror: PGPASSWORD, or the systemd credential pg_password; None where there is none.

    Raises:
        CredentialsError: it is given twice, or its file cannot be read.
    """
    return _value(PG_PASSWORD, environment, "pg_password")


def web_token(environment: Mapping[str, str]) -> str | None:
    """What commands by the page need: VIBE_QUANT_WEB_TOKEN, or its file, or the systemd credential web_token, or None.

    Raises:
        CredentialsError: it is given twice, or its file cannot be read.
    """
    return _value(WEB_TOKEN, environment, "web_token")


def telegram_token(environment: Mapping[str, str]) -> str | None:
    """The bot's: VIBE_QUANT_TELEGRAM_TOKEN, or its file, or the systemd credential telegram_token; None: nowhere.

    Raises:
        CredentialsError: it is given twice, or its file cannot be read.
    """
    return _value(TELEGRAM_TOKEN, environment, "telegram_token")


def _value(name: str, environment: Mapping[str, str], credential: str) -> str | None:
    places = _places(name, environment, credential)
    if len(places) > 1:
        raise CredentialsError(f"{name} is given twice, by {places[0].name} and by {places[1].name}; take one away")
    if not places:
        return None
    (place,) = places
    text = (environment[name] if place.path is None else _content(place, place.path)).strip()
    if not text:
        raise CredentialsError(f"{place.name} is empty. {HOW}.")
    if "-----BEGIN" in text:
        text = text.replace("\\n", "\n").replace("\r\n", "\n")  # environment files have no line breaks
    return text


def _places(name: str, environment: Mapping[str, str], credential: str) -> list[_Place]:
    places = [_Place(name, None)] if name in environment else []
    named = environment.get(f"{name}_FILE")
    if named is not None:
        places.append(_Place(f"{name}_FILE", Path(named), private=True))
    folder = environment.get(SYSTEMD)
    if folder and (Path(folder) / credential).exists():
        places.append(_Place(f"the systemd credential {credential}", Path(folder) / credential))
    return places


def _content(place: _Place, path: Path) -> str:
    """The file's text; one that others could read has to be taken as known to them."""
    try:
        with path.open("rb") as file:
            status = os.fstat(file.fileno())
            data = file.read(MOST_BYTES + 1)
    except OSError as error:
        reason = error.strerror or type(error).__name__
        raise CredentialsError(f"{place.name}: {path} cannot be read ({reason}); mend the path or its owner") from None
    if place.private and stat.S_IMODE(status.st_mode) & 0o077:
        raise CredentialsError(
            f"{place.name}: {path} may be read or written by others (mode {stat.S_IMODE(status.st_mode):04o}); "
            f"chmod 600 it, and make a new key if others can have read it"
        )
    if len(data) > MOST_BYTES:
        raise CredentialsError(f"{place.name}: {path} is too large to be a key; name the file that holds nothing else")
    try:
        return data.decode("ascii")
    except UnicodeDecodeError:
        raise CredentialsError(f"{place.name}: {path} is no text; name the file that holds the key itself") from None
