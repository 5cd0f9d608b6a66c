"""What a look at this host finds: one line a check, good, doubtful or wrong, with the cure; nothing is changed."""

from __future__ import annotations

import os
import stat
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from enum import StrEnum
from pathlib import Path

from vibe_quant.app.credentials import telegram_token
from vibe_quant.app.instance import Held
from vibe_quant.app.refusal import CredentialsError
from vibe_quant.app.telegram_access import HOW as TELEGRAM_HOW
from vibe_quant.app.web_access import web_access
from vibe_quant.domain.settings import GlobalSettings
from vibe_quant.journal.head import read_head
from vibe_quant.journal.opening import TAIL_ROWS, missing
from vibe_quant.journal.reader import JournalReader
from vibe_quant.journal.rows import START
from vibe_quant.journal.sqlite_file import rows_after, tail
from vibe_quant.journal.verify import reading
from vibe_quant.ports import Clock, JournalBroken

MEBI = 1 << 20
LITTLE_BYTES = 1024 * MEBI
TOO_LITTLE_BYTES = 100 * MEBI
SYNCS = 15
BLOCK = bytes(4096)
SLOW_MS, TOO_SLOW_MS = 20, 500
OTHERS_WRITE = 0o022
OTHERS = 0o077


class Grade(StrEnum):
    """How it is."""

    OK = "ok"
    WARN = "warn"
    FAIL = "fail"


@dataclass(frozen=True, slots=True)
class Symptom:
    """One check's finding; ``cure`` is what to do ("": nothing)."""

    check: str
    grade: Grade
    text: str
    cure: str = ""


def ok(check: str, text: str) -> Symptom:
    """All is well."""
    return Symptom(check, Grade.OK, text)


def warn(check: str, text: str, cure: str) -> Symptom:
    """It works, and should not stay so."""
    return Symptom(check, Grade.WARN, text, cure)


def fail(check: str, text: str, cure: str) -> Symptom:
    """The service cannot work so, or must not."""
    return Symptom(check, Grade.FAIL, text, cure)


def disk(state: Path, clock: Clock) -> Iterator[Symptom]:
    """Room where the journal is, and how long a write takes until it is there to stay: orders wait for that."""
    folder = _nearest(state)
    room = os.statvfs(folder)
    free = room.f_bavail * room.f_frsize
    said = f"{free // MEBI} MiB free at {folder}"
    if free < TOO_LITTLE_BYTES or (room.f_files and not room.f_favail):
        yield fail("disk", said, "make room: a journal that cannot be written stops discretionary orders")
    elif free < LITTLE_BYTES:
        yield warn("disk", said, "make room before the journal and the logs need it")
    else:
        yield ok("disk", said)
    yield _synced(folder, clock)


def _synced(folder: Path, clock: Clock) -> Symptom:
    path = folder / f".doctor-{os.getpid()}"
    times: list[int] = []
    try:
        file = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
        try:
            for _ in range(SYNCS):
                began = clock.now_ms()
                os.write(file, BLOCK)
                os.fsync(file)
                times.append(clock.now_ms() - began)
        finally:
            os.close(file)
            path.unlink()
    except OSError as error:
        reason = error.strerror or type(error).__name__
        return fail("disk write", f"{folder} cannot be written ({reason})", "mend its owner or mode, or make room")
    median, worst = sorted(times)[len(times) // 2], max(times)
    said = f"a write is safe on the disk after {median} ms, at worst {worst} ms, of {SYNCS}"
    if median >= TOO_SLOW_MS:
        return fail("disk write", said, "put the state folder on a faster disk: every order waits for this")
    if median >= SLOW_MS:
        return warn("disk write", said, "put the state folder on a faster disk: every order waits for this")
    return ok("disk write", said)


def modes(config: Path, state: Path, secrets: Sequence[Path]) -> Iterator[Symptom]:
    """Who else may read or write what only the service's user should."""
    wrong: list[tuple[Grade, Path, int, str]] = []
    for path in (config, config.parent):
        _judge(wrong, path, OTHERS_WRITE, Grade.FAIL if path == config else Grade.WARN, "go-w")
    for path in (state, *sorted(state.glob("journal.sqlite*")), state / "control.sock"):
        _judge(wrong, path, OTHERS, Grade.WARN, "go-rwx")
    for path in secrets:
        _judge(wrong, path, OTHERS, Grade.FAIL, "600")
    for grade, path, mode, cure in wrong:
        more = "; make new keys if others can have read it" if path in secrets else ""
        yield Symptom(
            "permissions",
            grade,
            f"others may get at {path} (mode {mode:04o})",
            f"close it with chmod {cure} {path}{more}",
        )
    if not wrong:
        yield ok("permissions", "nobody else can change the configuration, or read state or secrets")


def _judge(wrong: list[tuple[Grade, Path, int, str]], path: Path, bits: int, grade: Grade, cure: str) -> None:
    try:
        status = path.stat()
    except OSError:
        return
    mode = stat.S_IMODE(status.st_mode)
    sticky = stat.S_ISDIR(status.st_mode) and mode & stat.S_ISVTX
    if mode & bits and not sticky:
        wrong.append((grade, path, mode, cure))


def journal(path: Path, now_ms: int) -> Symptom:
    """The end of the record: its checksums, and that nothing is missing.  ``now_ms`` epoch ms."""
    if not path.exists():
        return ok("journal", f"{path} is not there yet: the first start makes it")
    head = read_head(path)  # first: what is written while the rows are read must not look cut off
    try:
        with reading(path) as connection:
            end, wrong = tail(connection, TAIL_ROWS)
            wrong = wrong or missing(connection, head or START, end)
            first = next(rows_after(connection, 0, 1), None)
        row = JournalReader(path).last_row()
    except JournalBroken as error:
        return fail("journal", str(error), "see whose the file is, and what journal verify says of it")
    if wrong:
        return fail("journal", f"{path}: {wrong}", "set it aside for a look; journal verify looks at every row")
    ago = "" if row is None else f", the newest {max(0, now_ms - row.at_ms) // 60_000} minutes ago"
    size = path.stat().st_size // MEBI
    reach = "" if first is None else f", reaching back to {_day(first[1])}"
    count = 0 if first is None else end.seq - first[0] + 1
    return ok("journal", f"{path}: {count} rows{ago}{reach}, {size} MiB; its end is as it was written")


def _day(at_ms: int) -> str:
    try:
        return (datetime(1970, 1, 1, tzinfo=UTC) + timedelta(milliseconds=at_ms)).date().isoformat()
    except OverflowError:  # of a row that was altered
        return f"{at_ms} ms"


def credentials(given: CredentialsError | None, needed: bool, running: bool = False) -> Symptom:
    """Whether key and secret are there; ``given`` is what is wrong with them.

    A service that runs has its own, though this command may not: it then cannot look at account and key, and no more.
    """
    if not needed:
        return ok("credentials", "the venue needs no key")
    if given is None:
        return ok("credentials", "key and secret are given, and readable by nobody else")
    unseen = "run this with the service's environment to have the account and the key looked at"
    if running:
        return warn("credentials", f"a service runs, and this command has not its key: {given}", unseen)
    return fail("credentials", str(given), "give them to this command in the way the service gets them")


def tokens(settings: GlobalSettings, environment: Mapping[str, str], running: bool) -> Symptom:
    """Whether the ways to the operator have the secrets that they cannot do without."""
    wrong = ""
    try:
        if settings.web.enabled:
            web_access(settings.web, environment)
        if settings.telegram.enabled and telegram_token(environment) is None:
            wrong = f"telegram.enabled is true and the bot's token is not given. {TELEGRAM_HOW}."
    except CredentialsError as error:
        wrong = str(error)
    if not wrong:
        return ok("tokens", "page and Telegram have what they need, or are off")
    if running:
        return warn(
            "tokens", f"a service runs, and this command has not its tokens: {wrong}", "nothing, if it has them"
        )
    return fail("tokens", wrong, "the start would be refused without it")


def lock(held: Held | None, running: bool) -> Symptom:
    """Who works the account; the kernel frees the lock with the process, so that none is ever left behind."""
    if held is None and running:
        cure = "see that both have the same key"
        return warn("lock", "a service answers, and nobody holds the account of this key", cure)
    if held is None:
        return ok("lock", "nobody works the account of this key on this host")
    who = str(held.holder) if held.holder else f"process {held.pid or 'unknown'}, which does not answer"
    if running:
        return ok("lock", f"the account is worked by {who}")
    return warn(
        "lock",
        f"the account is worked by {who}, and nobody answers at the control socket",
        "if it is the service, it hangs or is of another --state: look at that process",
    )


def control(path: Path, answers: bool) -> Symptom:
    """The control socket: whether anybody answers there."""
    if answers:
        return ok("service", f"a service answers at {path}")
    if path.exists():
        return warn(
            "service",
            f"{path} is left of a process that is gone, and no service is running",
            "start the service, which replaces it; or remove the file",
        )
    return ok("service", f"no service is running (nothing at {path})")


def secret_files(config: Path, environment: Mapping[str, str]) -> list[Path]:
    """Where secrets may lie: files that the environment names, and environment files beside the configuration."""
    named = [Path(value) for name, value in environment.items() if name.endswith("_FILE") and "VIBE_QUANT" in name]
    return [*named, *sorted(config.parent.glob("*.env")), *sorted(config.parent.glob(".env"))]


def _nearest(path: Path) -> Path:
    """The folder itself, or the one that it would be made in."""
    for place in (path, *path.absolute().parents):
        if place.is_dir():
            return place
    return Path()
