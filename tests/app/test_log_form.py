"""What a line looks like, and which lines are one."""

from __future__ import annotations

import io
import json
import os
from datetime import UTC, datetime, timedelta
from pathlib import Path

from vibe_quant.app.log_fold import Fold
from vibe_quant.app.log_form import Said, form_of
from vibe_quant.app.log_stream import is_journal
from vibe_quant.app.logs import first_line
from vibe_quant.domain import log_events as le
from vibe_quant.domain.service_settings import LogForm
from vibe_quant.domain.settings import Venue

HEAD = first_line(Venue.SIM, "0.4.0", 1_795_000_000_000)
AT = datetime(2026, 11, 21, 12, 0, 0, tzinfo=UTC)


def said(at: int, text: str = "x 1", event: le.LogEvent = le.STREAM, **fields: str) -> Said:
    return Said(event, event.level, {**fields, "text": text}, AT + timedelta(seconds=at), trace="trace")


def counts(several: list[Said]) -> list[tuple[str, int]]:
    return [(str(one.fields["text"]), one.repeated) for one in several]


def test_a_fold_ends_with_its_window_and_begins_again() -> None:
    fold = Fold(timedelta(seconds=30))
    assert counts(fold.take(said(0, "x 1"))) == [("x 1", 0)]
    assert [fold.take(said(at, f"x {at}")) for at in (1, 2)] == [[], []]
    assert fold.due(AT + timedelta(seconds=29)) == []
    (line,) = fold.due(AT + timedelta(seconds=30))
    assert (line.fields["text"], line.repeated, line.trace) == ("x 2", 2, "")
    assert line.at == AT + timedelta(seconds=30)
    assert fold.take(said(40, "x 3")) == []
    assert counts(fold.take(said(70, "x 4"))) == [("x 3", 1), ("x 4", 0)]
    assert fold.due(AT + timedelta(seconds=200)) == []
    assert counts(fold.take(said(201, "x 5"))) == [("x 5", 0)]
    assert fold.rest(AT) == []


def test_what_differs_in_more_than_numbers_is_not_folded() -> None:
    fold = Fold()
    each = [
        said(0),
        said(0, "y"),
        said(0, event=le.NOTE),
        said(0, "x 2", event=le.NOTE),
        said(0, event=le.REFUSED, symbol="1A", request="submit", client_id="1"),
        said(0, event=le.REFUSED, symbol="2A", request="submit", client_id="1"),
        said(0, event=le.REFUSED, symbol="1A", request="cancel", client_id="1"),
    ]
    assert [fold.take(one) for one in each] == [[one] for one in each]
    assert fold.take(said(1, "x 7", event=le.REFUSED, symbol="1A", request="submit", client_id="2")) == []


def test_a_clock_that_is_set_back_folds_nothing_for_long() -> None:
    fold = Fold()
    fold.take(said(1000))
    assert fold.take(said(1001)) == []
    assert counts(fold.take(said(5))) == [("x 1", 1), ("x 1", 0)]


def test_kinds_that_are_remembered_are_bounded() -> None:
    fold = Fold(most=2)
    fold.take(said(0, "a"))
    fold.take(said(0, "a"))
    fold.take(said(0, "b"))
    assert counts(fold.take(said(0, "c"))) == [("a", 1), ("c", 0)]


def test_another_stream_than_the_one_that_is_named_is_no_journal(tmp_path: Path) -> None:
    with (tmp_path / "err").open("w") as err:
        status = os.fstat(err.fileno())
        same = {"JOURNAL_STREAM": f"{status.st_dev}:{status.st_ino}"}
        assert not is_journal(err, {"JOURNAL_STREAM": "1:2"})
        assert not is_journal(err, {})
        assert not is_journal(err, same)  # a file that was named by a service above us
        assert not is_journal(io.StringIO(), same)
        os.close(err.fileno())
        assert not is_journal(err, same)
        os.dup2(os.open(os.devnull, os.O_WRONLY), err.fileno())


def test_json_under_the_service_manager() -> None:
    form = form_of(LogForm.JSON, journal=True)
    prefix, _, body = form(said(0)).partition(">")
    assert prefix == "<4"
    assert json.loads(body)["text"] == "x 1"


def test_json_is_one_line_to_every_reader() -> None:
    """A line that outsiders can begin is one that they can forge."""
    text = 'x\u2028<2>{"event": "stopped"}\x85y\x9b2J\x7f\ud800'
    for journal in (False, True):
        line = form_of(LogForm.JSON, journal=journal)(said(0, text))
        assert line[:-1].isprintable()
        assert len(line.splitlines()) == 1
        assert json.loads(line[line.index("{") :])["text"] == text
