"""Asks a running service over its control socket; what goes wrong is one sentence and an exit code of its own."""

from __future__ import annotations

import http.client
import socket
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, TypeVar

import typer

from vibe_quant.cli.failure import DECLINED, NOT_RUNNING, OUT_OF_REACH

T = TypeVar("T")
PATIENCE_S = 15.0
REFUSED = 400
BROKEN = 500
WITHOUT = "check, doctor, config, journal, report and logs work without it"


class ServiceError(Exception):
    """Nothing came of it; ``code`` is the exit code."""

    def __init__(self, text: str, code: int = OUT_OF_REACH) -> None:
        super().__init__(text)
        self.code = code


@contextmanager
def served() -> Iterator[None]:
    """Ends the command with the exit code that fits, and what is wrong on standard error."""
    try:
        yield
    except ServiceError as error:
        typer.echo(str(error), err=True)
        raise typer.Exit(error.code) from None


class Service:
    """The service at ``socket``; ``config`` is named where somebody is told how to start it.

    ``venue`` is the configuration's; None: it is not known, or the socket was named itself.
    """

    def __init__(self, at: Path, config: Path, venue: str | None = None, patience_s: float = PATIENCE_S) -> None:
        self.socket = at
        self.config = config
        self.venue = venue
        self._patience_s = patience_s

    def get(self, path: str, kind: type[T]) -> T:
        """What it answers to GET, decoded.

        Raises:
            ServiceError: nobody is there, or it may not be asked, or it declines, or the answer is none.
        """
        return self._decoded(self.raw("GET", path), kind)

    def post(self, path: str, body: dict[str, Any], kind: type[T]) -> T:
        """Tell it to do something; as ``get``."""
        return self._decoded(self.raw("POST", path, body), kind)

    def command(self, path: str, body: dict[str, Any], kind: type[T]) -> T:
        """``post``, once the service is seen to be of the venue that the configuration names."""
        if self.venue is not None:
            found = self.get("/api/version", dict[str, str]).get("venue")
            if found != self.venue:
                raise ServiceError(
                    f"{self.config} is of venue {self.venue}, and the service at {self.socket} works venue {found}. "
                    "Nothing was commanded. Name the configuration that it runs with --config, or its --socket.",
                    DECLINED,
                )
        return self.post(path, body, kind)

    def raw(self, method: str, path: str, body: dict[str, Any] | None = None) -> bytes:
        """The answer as it came: JSON."""
        import msgspec

        connection = _Connection(self.socket, self._patience_s)
        try:
            connection.request(
                method,
                path,
                None if body is None else msgspec.json.encode(body),
                {"Content-Type": "application/json", "Accept": "application/json"},
            )
            answer = connection.getresponse()
            status, content = answer.status, answer.read()
        except (OSError, http.client.HTTPException) as error:
            raise self._unreachable(error, method) from None
        finally:
            connection.close()
        if status >= REFUSED:
            raise self._said(status, content)
        return content

    def _decoded(self, content: bytes, kind: type[T]) -> T:
        import msgspec

        try:
            return msgspec.json.decode(content, type=kind)
        except msgspec.DecodeError as error:
            raise ServiceError(
                f"The service at {self.socket} answered what this program does not understand ({error}). It may be of "
                "another version; compare vibe-quant version with what vibe-quant status --json says."
            ) from None

    def _said(self, status: int, content: bytes) -> ServiceError:
        text = _sentence(content) or f"it answered with HTTP {status}"
        if status >= BROKEN:
            return ServiceError(f"The service at {self.socket} has failed at this: {text}. See its log.")
        return ServiceError(text, DECLINED)

    def _unreachable(self, error: Exception, method: str) -> ServiceError:
        if isinstance(error, FileNotFoundError | ConnectionRefusedError | NotADirectoryError):
            return ServiceError(
                f"No service is running: nobody answers at {self.socket}. Start it with "
                f"vibe-quant run --config {self.config}, or systemctl start vibe-quant where it is installed; if it "
                f"runs elsewhere, name its --state or --socket. {WITHOUT.capitalize()}.",
                NOT_RUNNING,
            )
        if isinstance(error, PermissionError):
            return ServiceError(
                f"This user may not speak to the service at {self.socket}: it belongs to {owner(self.socket)}. Run the "
                "command as that user (sudo -u), or as root."
            )
        what = "has not answered in time" if isinstance(error, TimeoutError) else f"broke off ({_named(error)})"
        done = (
            " Whether the command was carried out is not known: look with vibe-quant status."
            if method == "POST"
            else ""
        )
        return ServiceError(f"The service at {self.socket} {what}.{done} Its log says more: vibe-quant logs.")


class _Connection(http.client.HTTPConnection):
    """HTTP over a Unix socket."""

    def __init__(self, at: Path, patience_s: float) -> None:
        super().__init__("localhost", timeout=patience_s)
        self._at = at
        self._patience_s = patience_s

    def connect(self) -> None:
        self.sock = _connected(self._at, self._patience_s)


def _connected(at: Path, patience_s: float) -> socket.socket:
    made = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
    made.settimeout(patience_s)
    try:
        made.connect(str(at))
    except BaseException:
        made.close()
        raise
    return made


def answers(at: Path) -> bool:
    """Whether anybody accepts connections there, or somebody might whom this user may not ask."""
    try:
        _connected(at, PATIENCE_S).close()
    except PermissionError:
        return True
    except OSError:
        return False
    return True


def owner(path: Path) -> str:
    """Whose the nearest thing on the way to ``path`` is that can be looked at."""
    import pwd

    for place in (path, *path.parents):
        try:
            uid = place.stat().st_uid
        except OSError:
            continue
        try:
            return pwd.getpwuid(uid).pw_name
        except KeyError:
            return f"uid {uid}"
    return "somebody else"


def _sentence(content: bytes) -> str:
    """What an answer says in words, as a terminal may show it."""
    import msgspec

    try:
        said = msgspec.json.decode(content)
    except msgspec.DecodeError:
        return ""
    text = (said.get("error") or said.get("text")) if isinstance(said, dict) else None
    return "".join(c if c.isprintable() else " " for c in text) if isinstance(text, str) else ""


def _named(error: Exception) -> str:
    return getattr(error, "strerror", None) or type(error).__name__
