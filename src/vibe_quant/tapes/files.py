"""Opening recorded files as lines of text: plain, gzip or zip; what is damaged becomes a TapeError."""

from __future__ import annotations

import gzip
import io
import zipfile
import zlib
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from vibe_quant.tapes.tape import TapeError

GZIP_MAGIC = b"\x1f\x8b"
ZIP_MAGIC = b"PK"
PARQUET_MAGIC = b"PAR1"


def magic(path: Path) -> bytes:
    """The first four bytes of a file.

    Raises:
        TapeError: there is no such file, it is a folder, it may not be read, or it is empty.
    """
    try:
        with path.open("rb") as file:
            head = file.read(4)
    except OSError as error:
        raise TapeError(f"{path}: cannot be opened ({error.strerror}); check the path and its permissions") from error
    if not head:
        raise TapeError(f"{path}: the file is empty; record or fetch it again")
    return head


@contextmanager
def open_text(path: Path) -> Iterator[io.TextIOBase]:
    """The file's text, decompressed as its first bytes say.

    Raises:
        TapeError: not readable, cut short, damaged, not UTF-8, or a zip with other than one file in it; also for
            what goes wrong while the text is read within the ``with``.
    """
    head = magic(path)
    try:
        if head.startswith(ZIP_MAGIC):
            with zipfile.ZipFile(path) as archive, archive.open(_only_member(path, archive)) as member:
                yield io.TextIOWrapper(member, encoding="utf-8-sig")
        elif head.startswith(GZIP_MAGIC):
            with gzip.open(path, "rt", encoding="utf-8-sig") as text:
                yield text
        else:
            with path.open(encoding="utf-8-sig") as text:
                yield text
    except (EOFError, gzip.BadGzipFile, zlib.error, zipfile.BadZipFile) as error:
        raise TapeError(f"{path}: the file is cut short or damaged ({error}); fetch or record it again") from error
    except UnicodeDecodeError as error:
        raise TapeError(f"{path}: not a text file ({error}); a tape is CSV, CSV in gzip or zip, or Parquet") from error


def _only_member(path: Path, archive: zipfile.ZipFile) -> str:
    names = [name for name in archive.namelist() if not name.endswith("/")]
    if len(names) != 1:
        raise TapeError(f"{path}: holds {len(names)} files where one CSV belongs; unpack it and name the right one")
    return names[0]
