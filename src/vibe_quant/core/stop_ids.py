"""Client ids of protective stops: recognised as ours by any later run, never chosen twice."""

from __future__ import annotations

from zlib import crc32

from vibe_quant.domain.enums import PositionSide

DIGITS = "0123456789abcdefghijklmnopqrstuvwxyz"
RUN_LENGTH = 8


class StopIds:
    """Chooses ``<prefix>-ps-<symbol hash>-<L|S>-<run>.<n>``; ``run`` is new at each start, so no id repeats.

    With the longest prefix (8 characters) and run, the exchange's 36 characters are enough for 60 million stops.

    Raises:
        ValueError: ``run`` is not one to eight letters and digits.
    """

    def __init__(self, prefix: str, run: str) -> None:
        if not (0 < len(run) <= RUN_LENGTH and run.isascii() and run.isalnum()):
            raise ValueError(f"run {run!r} must be 1 to {RUN_LENGTH} letters and digits: client ids are made of it")
        self._own = f"{prefix}-ps-"
        self._run = run
        self._count = 0

    def new_id(self, symbol: str, side: PositionSide) -> str:
        """The next id."""
        self._count += 1
        of = _base_36(crc32(symbol.encode())).rjust(7, "0")
        return f"{self._own}{of}-{side[0]}-{self._run}.{_base_36(self._count)}"

    def is_own(self, client_id: str) -> bool:
        """Whether this program, in any run, chose the id."""
        return client_id.startswith(self._own)


def _base_36(number: int) -> str:
    """A number (> 0) in digits and small letters; 32 bits take seven."""
    text = ""
    while number:
        number, digit = divmod(number, 36)
        text = DIGITS[digit] + text
    return text
