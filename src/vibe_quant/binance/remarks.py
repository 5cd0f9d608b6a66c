"""Lines about the streams, for the log."""

from __future__ import annotations

from vibe_quant.domain import log_events as le
from vibe_quant.log import log


def remark(text: str) -> None:
    """Something went wrong on a stream, or was odd; a sentence that begins with the stream's name."""
    log(le.STREAM, text=text)
