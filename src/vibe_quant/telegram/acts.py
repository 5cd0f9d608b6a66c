"""What a command can change, as a closed list: nothing in it can open, enlarge, or raise a limit."""

from __future__ import annotations

from dataclasses import dataclass
from typing import assert_never

from vibe_quant.domain.enums import PositionSide
from vibe_quant.domain.status import Answer
from vibe_quant.operations import Operations
from vibe_quant.telegram.wording import Html, Words


@dataclass(frozen=True, slots=True)
class Pause:
    """To be done at once."""

    symbol: str | None
    for_ms: int | None


@dataclass(frozen=True, slots=True)
class Resume:
    """``Operations.resume``."""

    symbol: str | None


@dataclass(frozen=True, slots=True)
class Flatten:
    """``Operations.flatten``."""

    symbol: str | None
    side: PositionSide | None


@dataclass(frozen=True, slots=True)
class ApplyReload:
    """``Operations.apply_reload`` of the plan that was shown."""

    token: str


Act = Pause | Resume | Flatten | ApplyReload
"""What changes something; nothing here can open, enlarge, or raise a limit."""


def described(act: Act, words: Words) -> Html:
    """The act in words."""
    match act:
        case Pause(symbol, None):
            return words.say("what.pause", scope=words.scope(symbol))
        case Pause(symbol, for_ms):
            return words.say("what.pause_for", scope=words.scope(symbol), span=words.span(for_ms or 0))
        case Resume(symbol):
            return words.say("what.resume", scope=words.scope(symbol))
        case Flatten(symbol, side):
            return words.say("what.flatten", scope=words.scope(symbol, side))
        case ApplyReload():
            return words.say("what.reload")
        case _:
            assert_never(act)


async def carry_out(act: Act, operations: Operations, by: str) -> Answer:
    """Do it."""
    match act:
        case Pause(symbol, for_ms):
            return await operations.pause(symbol, for_ms, by)
        case Resume(symbol):
            return await operations.resume(symbol, by)
        case Flatten(symbol, side):
            return await operations.flatten(symbol, side, by)
        case ApplyReload(token):
            return await operations.apply_reload(token, by)
        case _:
            assert_never(act)
