"""Every cell of the table in core/machine.py's docstring is run, and every pair of state and event has a cell."""

from __future__ import annotations

import re
from dataclasses import replace
from typing import get_args

import pytest

from vibe_quant.core import machine
from vibe_quant.core import order_states as m
from vibe_quant.domain.enums import ExecutionState

NOW = 100_000
ORDER = m.Working("vq-r-1", NOW - 1, 100, 50_000)

STATES: dict[str, m.State] = {
    "IDLE": m.Idle(),
    "PLACING": m.Placing(ORDER, NOW - 10),
    "WAITING": m.Waiting(ORDER),
    "CANCELING": m.Canceling(ORDER, "ttl", NOW - 10),
    "COOLDOWN": m.Cooldown(NOW),
    "DOUBTFUL": m.Doubtful(ORDER, NOW - 10, NOW, None, alarm_ms=NOW + 9_990),
}
UNWANTED: dict[str, m.State] = {
    "PLACING": m.Placing(ORDER, NOW - 10, "panic"),
    "DOUBTFUL": m.Doubtful(ORDER, NOW - 10, NOW, "panic", alarm_ms=NOW + 9_990),
}
SOON: dict[str, m.State] = {
    "PLACING": m.Placing(ORDER, NOW - 10, "panic"),
    "DOUBTFUL": m.Doubtful(ORDER, NOW - 10, NOW, "panic", cancel_ms=NOW + 1),
}
AGAIN: dict[str, m.State] = {"WAITING": m.Waiting(ORDER, NOW - 10, "panic")}
LONG_AGO: dict[str, m.State] = {
    "PLACING": m.Placing(ORDER, NOW - machine.ANSWER_MS),
    "CANCELING": m.Canceling(ORDER, "ttl", NOW - machine.ANSWER_MS),
    "DOUBTFUL": m.Doubtful(ORDER, NOW - machine.ALARM_MS, NOW, None, alarm_ms=NOW + 1),
}
ALARMING: dict[str, m.State] = {
    **LONG_AGO,
    "DOUBTFUL": m.Doubtful(ORDER, NOW - machine.ALARM_MS, NOW, None, alarm_ms=NOW),
}
ASKED: dict[str, m.State] = {"DOUBTFUL": m.Doubtful(ORDER, NOW - 10, NOW, None, listing_ms=NOW - 5)}
EARLY: dict[str, m.State] = {
    "WAITING": m.Waiting(m.Working("vq-r-1", NOW + 1, 100, 50_000)),
    "COOLDOWN": m.Cooldown(NOW + 1),
    "DOUBTFUL": m.Doubtful(ORDER, NOW - 10, NOW + 1, None),
}

EVENTS: dict[str, tuple[m.MachineEvent, dict[str, m.State]]] = {
    "submitted": (m.Submitted(ORDER), {}),
    "live": (m.Live(), {}),
    "live(unwanted)": (m.Live(), UNWANTED),
    "live(soon)": (m.Live(), SOON),
    "done": (m.Done(), {}),
    "refused": (m.RefusedOrder(), {}),
    "lost": (m.Plain.LOST, {}),
    "cancel_refused": (m.Plain.CANCEL_REFUSED, {}),
    "cancel_lost": (m.Plain.CANCEL_LOST, {}),
    "cancel_not_sent": (m.Plain.CANCEL_NOT_SENT, {}),
    "amend_lost": (m.Plain.AMEND_LOST, {}),
    "query_not_sent": (m.Plain.QUERY_NOT_SENT, {}),
    "stream_lost": (m.Plain.STREAM_LOST, {}),
    "withdraw": (m.Withdraw("pause"), {}),
    "withdraw(again)": (m.Withdraw("pause"), AGAIN),
    "missing(early)": (m.Missing(ORDER.settled_ms), {}),
    "missing(late)": (m.Missing(ORDER.settled_ms + 1), {}),
    "unlisted(unasked)": (m.Unlisted(NOW), {"WAITING": m.Waiting(ORDER, NOW)}),
    "unlisted(asked)": (m.Unlisted(NOW - 5), ASKED),
    "tick(early)": (m.Tick(), EARLY),
    "tick(due)": (m.Tick(), LONG_AGO),
    "tick(alarm)": (m.Tick(), ALARMING),
}


def table() -> dict[tuple[str, str], str]:
    lines = [line.strip() for line in (machine.__doc__ or "").splitlines() if line.startswith("    ")]
    header = re.split(r"\s+", lines[0])
    assert header[1:] == [state.value for state in ExecutionState]
    cells: dict[tuple[str, str], str] = {}
    for line in lines[1:]:
        found = re.findall(r"[.!]|[a-z_]+(?:\([a-z]+\))?(?= )|[A-Z]+(?: \+[a-z]+)*", line)
        assert len(found) == 7, line
        for state, cell in zip(header[1:], found[1:], strict=True):
            cells[state, found[0]] = cell
    return cells


CELLS = table()


def test_every_state_and_event_has_a_cell() -> None:
    assert set(CELLS) == {(state, event) for state in STATES for event in EVENTS}
    kinds = {type(event) for event, _ in EVENTS.values()}
    assert kinds == set(get_args(m.MachineEvent))
    assert {event for event, _ in EVENTS.values() if isinstance(event, m.Plain)} == set(m.Plain)


@pytest.mark.parametrize(("state", "event"), sorted(CELLS))
def test_cell(state: str, event: str) -> None:
    happening, special = EVENTS[event]
    before = special.get(state, STATES[state])
    cell = CELLS[state, event]
    if cell == "!":
        with pytest.raises(ValueError, match="vq-r-1"):
            machine.step(before, happening, NOW)
        return
    after, effects = machine.step(before, happening, NOW)
    if cell == ".":
        assert (after, effects) == (before, ())
        return
    name, *wanted = cell.split(" +")
    assert m.name_of(after) == name
    assert [str(effect) for effect in effects] == wanted


def test_cooldown_lasts_as_the_order_says() -> None:
    assert machine.step(STATES["WAITING"], m.Done(), NOW)[0] == m.Cooldown(NOW + 100)


def test_an_order_withdrawn_on_its_way_is_cancelled_when_it_is_heard_of() -> None:
    state, _ = machine.step(STATES["PLACING"], m.Withdraw("pause"), NOW)
    assert machine.step(state, m.Live(), NOW) == (m.Canceling(ORDER, "pause", NOW), (m.Effect.CANCEL,))


def test_a_withdrawn_order_stays_unwanted_through_doubt() -> None:
    state, _ = machine.step(m.Placing(ORDER, NOW, "pause"), m.Plain.LOST, NOW)
    assert machine.step(state, m.Live(), NOW)[0] == m.Canceling(ORDER, "pause", NOW)
    state, _ = machine.step(STATES["DOUBTFUL"], m.Withdraw("pause"), NOW)
    assert machine.step(state, m.Live(), NOW)[0] == m.Canceling(ORDER, "pause", NOW)


def test_a_list_read_before_the_exchange_said_missing_settles_nothing() -> None:
    state, _ = machine.step(STATES["DOUBTFUL"], m.Missing(ORDER.settled_ms + 1), NOW)
    assert machine.step(state, m.Unlisted(NOW - 1), NOW + 5) == (state, ())
    again, effects = machine.step(state, m.Missing(ORDER.settled_ms + 2), NOW + 400)
    assert effects == (m.Effect.READ,)
    assert isinstance(machine.step(again, m.Unlisted(NOW), NOW + 401)[0], m.Cooldown)


def test_no_ttl_never_expires_and_a_spent_cancel_budget_waits() -> None:
    forever = m.Waiting(m.Working("vq-r-1", None, 100, 50_000))
    assert machine.step(forever, m.Tick(), NOW * 1000) == (forever, ())
    waiting = STATES["WAITING"]
    assert machine.step(waiting, m.Tick(may_cancel=False), NOW) == (waiting, ())


def test_a_cancel_that_never_left_is_tried_again() -> None:
    state, _ = machine.step(m.Canceling(ORDER, "pause", NOW - 10), m.Plain.CANCEL_NOT_SENT, NOW)
    assert machine.step(state, m.Tick(), NOW + machine.ASK_MS - 1) == (state, ())
    again = m.Canceling(m.Working("vq-r-1", NOW + machine.ASK_MS, 100, 50_000), "pause", NOW + machine.ASK_MS)
    assert machine.step(state, m.Tick(), NOW + machine.ASK_MS) == (again, (m.Effect.CANCEL,))


def test_a_list_asked_for_before_the_order_was_known_to_live_says_nothing() -> None:
    state, _ = machine.step(STATES["PLACING"], m.Live(), NOW)
    assert machine.step(state, m.Unlisted(NOW), NOW + 5) == (state, ())
    after, effects = machine.step(state, m.Unlisted(NOW + 1), NOW + 5)
    assert m.name_of(after) is ExecutionState.DOUBTFUL
    assert effects == (m.Effect.ASK,)


def test_the_alarm_repeats_only_after_its_interval() -> None:
    state, effects = machine.step(ALARMING["DOUBTFUL"], m.Tick(), NOW)
    assert effects == (m.Effect.ASK, m.Effect.ALARM)
    assert machine.step(state, m.Tick(), NOW + machine.ASK_MS)[1] == (m.Effect.ASK,)
    assert machine.step(state, m.Tick(), NOW + machine.ALARM_MS)[1] == (m.Effect.ASK, m.Effect.ALARM)


@pytest.mark.parametrize(
    ("state", "expected"),
    [
        (STATES["IDLE"], None),
        (STATES["PLACING"], NOW - 10 + machine.ANSWER_MS),
        (STATES["WAITING"], NOW - 1),
        (STATES["CANCELING"], NOW - 10 + machine.ANSWER_MS),
        (STATES["COOLDOWN"], NOW),
        (STATES["DOUBTFUL"], NOW),
    ],
)
def test_deadline(state: m.State, expected: int | None) -> None:
    assert machine.deadline(state) == expected


def test_a_cancel_that_was_refused_is_not_repeated_at_once_whatever_the_query_says() -> None:
    doubtful, _ = machine.step(STATES["CANCELING"], m.Plain.CANCEL_REFUSED, NOW)
    waiting, effects = machine.step(doubtful, m.Live(), NOW + 5)
    assert (waiting, effects) == (m.Waiting(replace(ORDER, expires_ms=NOW + machine.ASK_MS), NOW + 5, "ttl"), ())
    assert machine.step(waiting, m.Withdraw("pause"), NOW + 6) == (waiting, ())
    assert machine.step(waiting, m.Tick(), NOW + machine.ASK_MS)[1] == (m.Effect.CANCEL,)
