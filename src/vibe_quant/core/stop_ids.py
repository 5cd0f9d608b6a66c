"""Client ids of protective stops: recognised as ours by any later run, never chosen twice."""

from __future__ import annotations

from zlib import crc32

from vibe_quant.domain.enums import PositionSide

MAX_LENGTH = 36


class StopIds:
    """Chooses ``<prefix>-ps-<symbol hash>-<L|S>-<run>.<n>``; ``run`` is new at each start, so no id repeats."""

    def __init__(self, prefix: str, run: str) -> None:
        self._own = f"{prefix}-ps-"
        self._run = run
        self._count = 0

    def new_id(self, symbol: str, side: PositionSide) -> str:
        """The next id.

        Raises:
            ValueError: prefix and run make it longer than the exchange's 36 characters.
        """
        self._count += 1
        text = f"{self._own}{crc32(symbol.encode()):08x}-{side[0]}-{self._run}.{self._count}"
        if len(text) > MAX_LENGTH:
            raise ValueError(f"stop id {text!r} is longer than {MAX_LENGTH} characters; shorten client_order_prefix")
        return text

    def is_own(self, client_id: str) -> bool:
        """Whether this program, in any run, chose the id."""
        return client_id.startswith(self._own)
