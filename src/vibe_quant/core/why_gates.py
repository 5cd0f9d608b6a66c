"""The numbers behind each gate: who may act at all, what is known, whether the market may be relied upon."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING

from vibe_quant.core.market import NEVER
from vibe_quant.core.order_states import Cooldown, Doubtful
from vibe_quant.core.tally import REFUSALS_TO_HALT
from vibe_quant.domain.blocked import Blocked
from vibe_quant.domain.status import Facts

if TYPE_CHECKING:
    from vibe_quant.core.side import Side

Inputs = Callable[["Side", int], Facts]


def nothing(_side: Side, _now: int) -> Facts:
    """A reason without numbers."""
    return ()


def age(at_ms: int, now: int) -> str:
    """How long ago, ms; "never" where it was not."""
    return "never" if at_ms == NEVER else str(now - at_ms)


def left(until_ms: int | None, now: int) -> Facts:
    """How long it still takes."""
    return () if until_ms is None else (("left_ms", str(max(0, until_ms - now))),)


def _halted(side: Side, _now: int) -> Facts:
    whole = side.house.halted
    facts = (
        ("halted", "the whole account" if whole is not None else "this side"),
        ("because", str(whole or side.gate.halted)),
    )
    return (*facts, ("refusals_in_a_row", f"{side.tally.refusals} of {REFUSALS_TO_HALT}"))


def _paused(side: Side, now: int) -> Facts:
    facts: list[tuple[str, str]] = []
    for key in (None, side.symbol):
        pause = side.house.pauses.get(key)
        if pause is None or (pause.until_ms is not None and now >= pause.until_ms):
            continue
        end = "until resumed" if pause.until_ms is None else "for a time"
        facts.append((f"pause of {key or 'all'}", f"{end}{', panic too' if pause.panic else ''}"))
        facts += left(pause.until_ms, now)
    return tuple(facts)


def _user_down(side: Side, now: int) -> Facts:
    return (("silent_ms", str(now - side.house.heard_ms)),)


def _unread(side: Side, now: int) -> Facts:
    since = side.house.sync.gate_ms
    return (("waiting_ms", "since the start" if since is None or since == NEVER else str(now - since)),)


def _journal(side: Side, _now: int) -> Facts:
    return (("journal", side.house.journal_trouble or "no reason given"),)


def _rules(side: Side, now: int) -> Facts:
    rules, due = side.desk.rulebook.rules, side.desk.rulebook.due_ms
    status = () if rules is None else (("status", rules.status),)
    return (*status, *((("asked_again_in_ms", str(max(0, due - now))),) if due is not None else ()))


def _other_panic(side: Side, _now: int) -> Facts:
    flag = side.desk.risk.flag(side.side.opposite)
    tier = "none" if flag.tier is None else str(flag.tier + 1)
    return (
        ("leg", str(side.side.opposite)),
        ("tier", tier),
        ("dist", "unknown" if flag.dist is None else f"{flag.dist:.4f}"),
    )


def _firing(side: Side, now: int) -> Facts:
    return left(side.stop.firing_ms, now)


def _stream(side: Side, now: int) -> Facts:
    view = side.desk.view
    return (("quote_age_ms", age(view.quote_fresh_ms, now)), ("trade_age_ms", age(view.trade_fresh_ms, now)))


def _stale(side: Side, now: int) -> Facts:
    return (*_stream(side, now), ("limit_ms", str(side.desk.view.stale_ms)))


def _behind(side: Side, _now: int) -> Facts:
    view = side.desk.view
    return (("behind_ms", str(view.trade_exch_ms - view.quote_exch_ms)), ("limit_ms", str(view.stale_ms)))


def _flat(side: Side, _now: int) -> Facts:
    return (("qty", str(side.leg.qty)),)


def _doubt(side: Side, now: int) -> Facts:
    facts: list[tuple[str, str]] = []
    for state in (side.execution.state, *side.execution.extras.values()):
        if isinstance(state, Doubtful):
            facts += [("order", state.order.client_id), ("unknown_ms", str(now - state.since_ms))]
    return tuple(facts)


def _leftover(side: Side, _now: int) -> Facts:
    return tuple(("order", client_id) for client_id in side.execution.extras)


def _cooldown(side: Side, now: int) -> Facts:
    state = side.execution.state
    return left(state.until_ms, now) if isinstance(state, Cooldown) else ()


def _panic_backoff(side: Side, now: int) -> Facts:
    backoff = side.rescue.backoff
    return (("refusals", str(backoff.refusals)), *left(backoff.ready_ms, now))


GATES: Mapping[Blocked, Inputs] = {
    Blocked.STOPPING: nothing,
    Blocked.RETIRED: nothing,
    Blocked.HALTED: _halted,
    Blocked.HELD: nothing,
    Blocked.PAUSED: _paused,
    Blocked.USER_DOWN: _user_down,
    Blocked.UNREAD: _unread,
    Blocked.NO_CLOCK: nothing,
    Blocked.NO_JOURNAL: _journal,
    Blocked.NO_RULES: _rules,
    Blocked.NOT_TRADING: _rules,
    Blocked.RULES_AWAITED: _rules,
    Blocked.RULES_DOUBTED: _rules,
    Blocked.OTHER_IN_PANIC: _other_panic,
    Blocked.FIRING: _firing,
    Blocked.BOOK_DOWN: _stream,
    Blocked.TRADES_DOWN: _stream,
    Blocked.NO_FRESH: _stale,
    Blocked.STALE: _stale,
    Blocked.BOOK_BEHIND: _behind,
    Blocked.UNKNOWN: nothing,
    Blocked.FLAT: _flat,
    Blocked.NOT_LOOKED: nothing,
    Blocked.DOUBT: _doubt,
    Blocked.LEFTOVER: _leftover,
    Blocked.COOLDOWN: _cooldown,
    Blocked.PANIC_PAUSED: _paused,
    Blocked.PANIC_BACKOFF: _panic_backoff,
}
