"""When a side is flattened: at the command, or, where its position is not known yet, as soon as it is."""

from __future__ import annotations

from typing import TYPE_CHECKING

from vibe_quant.domain.commands import Flatten, Pause
from vibe_quant.domain.enums import NoticeKind, Severity
from vibe_quant.domain.intents import Intent, Notify

if TYPE_CHECKING:
    from vibe_quant.core.side import Side


def asked(side: Side, now: int) -> list[Intent]:
    """The command for a side that is managed; nothing where it is known to hold nothing."""
    if side.leg.known:
        return _begin(side, now)
    side.flatten_due = True
    text = f"{side.symbol} {side.side}: flattening begins as soon as its position is known."
    return [Notify(NoticeKind.LIFECYCLE, Severity.INFO, text, side.symbol, side.side)]


def told(side: Side, now: int) -> list[Intent]:
    """The side's position may have become known."""
    if not side.flatten_due or not side.leg.known:
        return []
    side.flatten_due = False
    return _begin(side, now)


def early(side: Side, commands: list[Flatten | Pause]) -> None:
    """The side was met after these commands, oldest first, and before the account was read."""
    for command in commands:
        if command.symbol not in (None, side.symbol):
            continue
        if isinstance(command, Pause):
            side.flatten_due = False
        elif command.side in (None, side.side):
            side.flatten_due = True


def _begin(side: Side, now: int) -> list[Intent]:
    if side.leg.qty <= 0:
        return []
    side.flatten_base = side.leg.qty
    plan = side.plan
    out = side.withdraw("flatten", now) if plan is not None and not plan.urgent else []
    held = side.gate.closed(now)
    waits = "" if held is None else f" It waits: {side.gate.words(held)}."
    text = f"{side.symbol} {side.side}: flattening {side.leg.qty} by aggressive limits, without signals.{waits}"
    return [*out, Notify(NoticeKind.LIFECYCLE, Severity.INFO, text, side.symbol, side.side)]
