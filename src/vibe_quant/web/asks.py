"""What may be asked: the bodies of commands, read strictly, and the numbers and names in addresses."""

from __future__ import annotations

import re
from typing import TypeVar

import msgspec
from aiohttp import web

from vibe_quant.domain.enums import PositionSide
from vibe_quant.operations import Operations
from vibe_quant.web.replies import AskError

LONGEST_MS = 366 * 86_400_000
LARGEST = 4096
MOST_MS = 10**14
DIGITS = re.compile(r"[0-9]{1,20}")


class PauseAsk(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """``symbol`` None: everything; ``for_ms`` None: until resumed; ``panic``: its exits too."""

    symbol: str | None = None
    for_ms: int | None = None
    panic: bool = False


class ResumeAsk(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """``symbol`` None: everything."""

    symbol: str | None = None


class FlattenAsk(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """A symbol (``side`` None: both of its), or ``all``, which must be said: what is left out closes nothing."""

    symbol: str | None = None
    side: str | None = None
    whole: bool = msgspec.field(default=False, name="all")


class NothingAsk(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """A command that takes nothing."""


class ApplyAsk(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """``token`` of the plan that is to be applied; ``drop_stops``: stops that it switches off are taken away."""

    token: str
    drop_stops: bool = False


Ask = TypeVar("Ask", bound=msgspec.Struct)


async def read(request: web.Request, kind: type[Ask]) -> Ask:
    """The body of a command; an empty one is an empty object.

    Raises:
        AskError: it is too large, no JSON, or holds something else than it may.
    """
    body = await request.content.read(LARGEST + 1)
    while body and len(body) <= LARGEST and (more := await request.content.read(LARGEST + 1)):
        body += more
    if len(body) > LARGEST:
        raise AskError(413, f"the body of a command has at most {LARGEST} bytes")
    try:
        return msgspec.json.decode(body or b"{}", type=kind)
    except msgspec.DecodeError as error:
        names = ", ".join(kind.__struct_encode_fields__) or "nothing"
        raise AskError(400, f"the body is not understood ({error}); it is a JSON object of {names}") from None


def symbol(operations: Operations, text: str | None) -> str | None:
    """The managed symbol that is meant; None for None, which is all of them.

    Raises:
        AskError: none is meant, or several.
    """
    if text is None:
        return None
    found = operations.names(text)
    if found is None:
        raise AskError(404, f"{text!r} is not the name of one managed symbol; write it as the configuration does")
    return found


def side(text: str | None) -> PositionSide | None:
    """LONG or SHORT in any case; None for None.

    Raises:
        AskError: it is neither.
    """
    if text is None:
        return None
    try:
        return PositionSide(text.upper())
    except ValueError:
        raise AskError(400, f"{text!r} is no side; write LONG or SHORT") from None


def pause_ms(for_ms: int | None) -> int | None:
    """How long a pause lasts, ms.

    Raises:
        AskError: not at all, or longer than a year.
    """
    if for_ms is not None and not 0 < for_ms <= LONGEST_MS:
        raise AskError(400, f"for_ms is {for_ms}; a pause lasts between 1 ms and a year, or, left out, until resumed")
    return for_ms


def number(request: web.Request, name: str, default: int | None, least: int, most: int) -> int:
    """A whole number of the query, within bounds.

    Raises:
        AskError: it is missing where there is no default, no number, or out of bounds.
    """
    text = request.query.get(name)
    if text is None and default is not None:
        return default
    if text is None or not DIGITS.fullmatch(text) or not least <= int(text) <= most:
        raise AskError(400, f"{name} is {text!r}; it must be a whole number from {least} to {most}")
    return int(text)
