"""What went wrong with the journal's file, in words for the person who must put it right."""

from __future__ import annotations

import errno
import os
import sqlite3
from enum import StrEnum
from pathlib import Path

from vibe_quant.ports import JournalBroken


class Fault(StrEnum):
    """What ails the file, and the remedy."""

    FULL = "the disk is full. Free space on it; writing goes on by itself then"
    GROWTH = (
        "the disk takes no more of it (full, a quota, a limit on the size of files, or a failure). "
        "Free space or raise the limit; it is tried again"
    )
    IO = "the disk reports an error on reading or writing. Look at the disk (dmesg, quota, mount); it is tried again"
    READ_ONLY = "it may not be written. Give this user the right to write the file and its folder, or remount the disk"
    LOCKED = "another process holds it. End what else has the journal open for writing; it is tried again"
    SHARED = "another process has written to it. Only one program may: end the other; it is tried again"
    CORRUPT = "its content is damaged"
    MISSING = "it cannot be opened. See that its folder is there and that this user may read and write both"
    GONE = "it was moved or removed while it was written"
    OTHER = "it refuses"


_BY_CODE = {
    sqlite3.SQLITE_FULL: Fault.FULL,
    sqlite3.SQLITE_IOERR: Fault.IO,
    sqlite3.SQLITE_READONLY: Fault.READ_ONLY,
    sqlite3.SQLITE_PERM: Fault.READ_ONLY,
    sqlite3.SQLITE_BUSY: Fault.LOCKED,
    sqlite3.SQLITE_LOCKED: Fault.LOCKED,
    sqlite3.SQLITE_PROTOCOL: Fault.LOCKED,
    sqlite3.SQLITE_CONSTRAINT: Fault.SHARED,  # a row of this number is there
    sqlite3.SQLITE_CORRUPT: Fault.CORRUPT,
    sqlite3.SQLITE_NOTADB: Fault.CORRUPT,
    sqlite3.SQLITE_CANTOPEN: Fault.MISSING,
}
_BY_ERRNO = {
    errno.ENOSPC: Fault.FULL,
    errno.EDQUOT: Fault.FULL,
    errno.EROFS: Fault.READ_ONLY,
    errno.EACCES: Fault.READ_ONLY,
    errno.EPERM: Fault.READ_ONLY,
    errno.ENOENT: Fault.MISSING,
    errno.ENOTDIR: Fault.MISSING,
    errno.EEXIST: Fault.MISSING,  # a file where the folder should be
}


def fault_of(error: BaseException | None) -> tuple[Fault, str]:
    """The fault behind an error of sqlite3 or of the system, and its technical name."""
    if isinstance(error, OSError):
        return _BY_ERRNO.get(error.errno or 0, Fault.IO), errno.errorcode.get(error.errno or 0, "OSError")
    code: int | None = getattr(error, "sqlite_errorcode", None)
    if code is None:
        return Fault.OTHER, type(error).__name__
    if code == sqlite3.SQLITE_IOERR_WRITE:
        return Fault.GROWTH, "SQLITE_IOERR_WRITE"
    return _BY_CODE.get(code & 0xFF, Fault.OTHER), str(getattr(error, "sqlite_errorname", code))


def broken(path: Path, fault: Fault, name: str) -> JournalBroken:
    """The sentence for a fault."""
    if fault is Fault.CORRUPT:
        return damaged(path, f"its content is damaged ({name})")
    if fault is Fault.OTHER:
        return JournalBroken(f"journal {path}: SQLite refuses it ({name}); nothing was written")
    return JournalBroken(f"journal {path}: {fault} ({name})")


def damaged(path: Path, what: str) -> JournalBroken:
    """The file must not be written on: what was found, and how to set it aside."""
    folder, names = os.fspath(path.parent), f"{path.name}*"
    return JournalBroken(
        f"journal {path}: {what}. It is left untouched and nothing is written to it. Look at it with: vibe-quant "
        f"journal verify --path {path}. To go on with a new one, stop the program, set all of {names} in {folder} "
        f"aside together (keep them: they are evidence), and start again"
    )


def low(path: Path, size: int) -> str:
    """Rows can be written, but not for long."""
    return (
        f"journal {path}: the disk is full; the reserve of {size // 1024} KiB kept for this is given up or could not "
        "be taken. What protects is still recorded, nothing else is begun. Free space on the disk; the reserve is "
        "taken again by itself then"
    )


def newer(path: Path, what: str) -> JournalBroken:
    """The file is of a version to come."""
    return JournalBroken(
        f"journal {path}: it was written by a newer version of this program ({what}). It is left untouched. Run that "
        f"version again, or set all of {path.name}* in {path.parent} aside together and start with a new one"
    )
