"""What is journalled of an event and its intents, and what happens while the journal cannot be written."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from decimal import Decimal
from pathlib import Path

from loguru import logger
from tests.app.fake_exchange import order

from vibe_quant.app.recorder import KEPT, MOST_WAITING, RETRY_MS, WAIT_MS, Recorder
from vibe_quant.domain import events as ev
from vibe_quant.domain import intents as it
from vibe_quant.domain.account import Position
from vibe_quant.domain.enums import (
    ExecutionMode,
    NoticeKind,
    OrderStatus,
    OrderType,
    PositionSide,
    RequestKind,
    Severity,
    SignalReason,
    Source,
    StopStatus,
    TimeInForce,
)
from vibe_quant.journal.reader import JournalReader
from vibe_quant.journal.sqlite_journal import SqliteJournal
from vibe_quant.ports import Entry, JournalBroken

S = "BTC/USDT:USDT"
L = PositionSide.LONG
D = Decimal


class Book:
    """A journal in memory that can be told to break."""

    def __init__(self) -> None:
        self.rows: list[Entry] = []
        self.broken = False
        self.words = "the disk is full"
        self.trouble = ""

    def write(self, entries: Sequence[Entry]) -> None:
        if self.broken:
            raise JournalBroken(self.words)
        self.rows += entries

    def close(self) -> None:
        """Nothing to end."""


class Desk:
    def __init__(self) -> None:
        self.book = Book()
        self.told: list[ev.Event] = []
        self.recorder = Recorder(self.book, "vq", self.told.append)
        self.recorder.patient = True

    def see(self, event: ev.Event, *intents: it.Intent, now: int = 0) -> list[tuple[str, str]]:
        """Kind and client id of the rows that it wrote."""
        before = len(self.book.rows)
        self.recorder.write(event, intents, now, 1000 + now)
        self.recorder.tend(now + WAIT_MS)
        return [(row.kind, row.client_id) for row in self.book.rows[before:]]


def submit(client_id: str) -> it.OrderIntent:
    return it.OrderIntent(
        S, L, client_id, OrderType.LIMIT, D(1), D(9), TimeInForce.GTX, ExecutionMode.MAKER_ONLY, SignalReason.PATIENT, 1
    )


def report(client_id: str, status: OrderStatus, filled: str = "0", last: str = "0", trade: int = 0) -> ev.OrderUpdate:
    return replace(order(S, client_id, status, filled=D(filled)), last_qty=D(last), trade_id=trade)


def test_an_own_order_is_recorded_once_for_each_state_and_once_for_each_trade() -> None:
    desk = Desk()
    new = report("vq-r-1", OrderStatus.NEW)
    assert desk.see(new) == [("report", "vq-r-1")]
    assert desk.see(new) == []
    assert desk.see(report("vq-r-1", OrderStatus.PARTIALLY_FILLED, "0.4", "0.4", 9)) == [
        ("report", "vq-r-1"),
        ("fill", "vq-r-1"),
    ]
    assert desk.see(new) == []  # an older state, late
    assert desk.book.rows[-1].body["last_qty"] == "0.4"
    assert desk.see(report("vq-r-1", OrderStatus.PARTIALLY_FILLED, "0.4", "0.4", 9)) == []  # told twice


def test_an_order_that_never_left_is_over_and_no_restart_asks_for_it(tmp_path: Path) -> None:
    journal = SqliteJournal(tmp_path / "j", "run1", ballast=0)
    recorder = Recorder(journal, "vq", lambda _: None)
    reader, intent = JournalReader(tmp_path / "j"), submit("vq-r-1")
    recorder.write(ev.Timer(0), [intent], 0, 1000)
    assert [one.client_id for one in reader.unresolved_orders()] == ["vq-r-1"]
    recorder.write(ev.NotSent(RequestKind.CANCEL, S, "vq-r-1", 0, "no connection"), (), 0, 1001)
    assert reader.unresolved_orders(), "a cancel that never left ends nothing"
    recorder.write(ev.NotSent(RequestKind.SUBMIT, S, "vq-r-1", 0, "no connection"), (), 0, 1002)
    assert reader.unresolved_orders() == ()
    journal.close()


def test_of_a_foreign_order_only_its_trades_are_recorded() -> None:
    desk = Desk()
    assert desk.see(report("by-hand", OrderStatus.NEW)) == []
    assert desk.see(report("autoclose-1", OrderStatus.FILLED, "1", "1", 5)) == [("fill", "autoclose-1")]


def test_a_leg_is_recorded_when_its_quantity_changes_whoever_tells() -> None:
    desk = Desk()
    row = ev.PositionUpdate(S, L, D(2), D(60_000), 5, 5)
    read = ev.AccountSnapshot(None, (Position(S, L, D(2), D(60_000), 6),), None, None, None, 0, 0, 6)
    assert desk.see(row) == [("position", "")]
    assert desk.see(read) == []
    assert desk.see(replace(read, positions=(Position(S, L, D(1), D(60_000), 7),))) == [("position", "")]
    assert desk.see(replace(read, positions=None)) == []


def test_intents_notices_and_commands_are_recorded() -> None:
    desk = Desk()
    stop = it.PlaceStop(S, L, "vq-ps-1", D(50_000), None, "stands")
    halt = it.Halt(S, L, "five refusals")
    alarm = it.Notify(NoticeKind.MISMATCH, Severity.ALARM, "what differs", S, L)
    fill = it.Notify(NoticeKind.FILL, Severity.INFO, "a fill has rows of its own", S, L)
    read = it.ReadStops(S)
    kinds = [kind for kind, _ in desk.see(ev.Timer(1), stop, halt, alarm, fill, read)]
    assert kinds == ["intent", "decision", "mismatch"]
    assert desk.book.rows[0].body["trigger_price"] == "50000"
    assert desk.book.rows[0].side == "LONG"
    assert desk.see(ev.Flatten(1, S, L)) == [("command", "")]
    assert desk.book.rows[-1].body == {"command": "flatten", "symbol": S, "side": "LONG"}


def test_the_end_of_a_pause_is_recorded_by_the_wall_for_the_monotonic_clock_does_not_survive() -> None:
    desk = Desk()
    desk.see(ev.Pause(500, S, 2500), now=500)
    assert desk.book.rows[-1].body["until_wall_ms"] == 1500 + 2000
    desk.see(ev.Pause(500), now=500)
    assert desk.book.rows[-1].body["until_wall_ms"] is None


def test_own_stops_are_recorded_from_the_stream_and_when_they_end() -> None:
    desk = Desk()
    side = L.exit_side
    stop = ev.StopReport(
        S, L, "vq-ps-1", StopStatus.NEW, OrderType.STOP_MARKET, side, D(5), True, D(0), 1, 1, Source.REST
    )
    assert desk.see(stop) == []
    assert desk.see(replace(stop, source=Source.STREAM)) == [("stop", "vq-ps-1")]
    assert desk.see(replace(stop, status=StopStatus.CANCELED)) == [("stop", "vq-ps-1")]
    assert desk.see(replace(stop, status=StopStatus.CANCELED, source=Source.STREAM)) == []  # known since it was read
    assert desk.see(replace(stop, client_id="mine", source=Source.STREAM)) == []


def test_rows_hold_nothing_twice_and_no_moment_of_the_monotonic_clock() -> None:
    desk = Desk()
    desk.see(report("vq-r-1", OrderStatus.PARTIALLY_FILLED, "0.4", "0.4", 9))
    state, trade = (row.body for row in desk.book.rows)
    assert state.keys() & trade.keys() == {"side", "status", "source", "order_id", "exch_ms"}
    assert not (state.keys() | trade.keys()) & {"symbol", "client_id", "position_side", "recv_ms"}
    assert (state["filled_qty"], trade["trade_id"]) == ("0.4", 9)


def test_a_countdown_is_recorded_when_it_begins_changes_and_ends() -> None:
    desk = Desk()
    arm = it.ArmDeadMan(S, 120_000)
    assert desk.see(ev.Timer(1), arm) == [("intent", "")]
    assert desk.see(ev.Timer(2), arm) == []
    assert desk.see(ev.Timer(3), it.ArmDeadMan(S, 60_000)) == [("intent", "")]
    assert desk.see(ev.Timer(4), it.DisarmDeadMan(S)) == [("intent", "")]
    assert desk.see(ev.Timer(5), it.ArmDeadMan(S, 60_000)) == [("intent", "")]


def test_who_closed_from_outside_is_recorded_though_it_is_no_warning() -> None:
    desk = Desk()
    by_hand = it.Notify(NoticeKind.MISMATCH, Severity.INFO, "0.1 was closed by an order that is not ours", S, L)
    assert desk.see(ev.Timer(1), by_hand) == [("mismatch", "")]


def test_what_the_program_holds_discretion_for_is_recorded() -> None:
    desk = Desk()
    assert desk.see(ev.Hold(1, "another has the lease")) == [("decision", "")]
    assert desk.book.rows[-1].body == {"held": "another has the lease"}


def test_another_trouble_is_said_too_and_each_once() -> None:
    desk = Desk()
    lines: list[str] = []
    sink = logger.add(lambda text: lines.append(str(text)), format="{message}")
    desk.book.broken = True
    for now, said in ((0, "moved"), (1000, "damaged"), (2000, "moved"), (3000, "damaged")):
        desk.book.words = said
        desk.recorder.append([Entry("end", 1)], now)
    logger.remove(sink)
    assert [line.split(".")[0].split('"')[1] for line in lines] == ["moved", "damaged"]
    assert len(desk.told) == 1


def test_what_could_not_be_written_is_kept_said_once_and_written_first_when_it_can() -> None:
    desk = Desk()
    desk.book.broken = True
    assert desk.see(report("vq-r-1", OrderStatus.NEW)) == []
    assert desk.see(report("vq-r-2", OrderStatus.NEW), now=1) == []
    assert [type(event) for event in desk.told] == [ev.JournalState]
    assert desk.told[0] == ev.JournalState(False, WAIT_MS, "the disk is full")
    desk.book.broken = False
    again = WAIT_MS + RETRY_MS
    assert desk.recorder.tend(again - 1) == 1
    assert desk.book.rows == []
    assert desk.recorder.tend(again) is None
    assert [row.client_id for row in desk.book.rows] == ["vq-r-1", "vq-r-2"]
    assert desk.told[1:] == [ev.JournalState(True, again, "")]
    assert desk.see(report("vq-r-3", OrderStatus.NEW), now=again) == [("report", "vq-r-3")]


def test_reports_that_caused_nothing_wait_for_the_next_commit_but_not_for_long() -> None:
    desk, see = Desk(), Desk.see
    recorder, rows = desk.recorder, desk.book.rows
    for number in (1, 2):
        recorder.write(report(f"vq-r-{number}", OrderStatus.NEW), (), number, 1000)
    assert (recorder.tend(3), rows) == (WAIT_MS - 2, [])
    recorder.write(report("vq-r-3", OrderStatus.NEW), [submit("vq-r-4")], 4, 1000)
    assert [row.client_id for row in rows] == ["vq-r-1", "vq-r-2", "vq-r-3", "vq-r-4"]  # in their order, with it
    assert recorder.tend(5) is None
    recorder.write(report("vq-r-4", OrderStatus.NEW), (), 10, 1000)
    assert (recorder.tend(9 + WAIT_MS), len(rows)) == (1, 4)
    assert (recorder.tend(10 + WAIT_MS), len(rows)) == (None, 5)
    assert see(desk, ev.Pause(20, None, None)) == [("command", "")]


def test_a_trade_a_command_or_a_refusal_does_not_wait() -> None:
    desk = Desk()
    desk.recorder.write(report("vq-r-1", OrderStatus.NEW), (), 0, 1000)
    desk.recorder.write(report("vq-r-1", OrderStatus.PARTIALLY_FILLED, "0.5", "0.5", 7), (), 0, 1000)
    assert [row.kind for row in desk.book.rows] == ["report", "report", "fill"]
    desk = Desk()
    for event in (
        ev.Pause(1, None, None),
        ev.Refused(RequestKind.SUBMIT, S, "vq-r-1", -2019, 1, 1),
        ev.Hold(1, "held"),
    ):
        desk.recorder.write(event, (), 0, 1000)
    assert [row.kind for row in desk.book.rows] == ["command", "report", "decision"]


def test_none_waits_while_the_start_is_on() -> None:
    desk = Desk()
    desk.recorder.patient = False
    desk.recorder.write(report("vq-r-1", OrderStatus.NEW), (), 0, 1000)
    assert [row.client_id for row in desk.book.rows] == ["vq-r-1"]


def test_few_reports_wait_at_once() -> None:
    desk = Desk()
    for number in range(MOST_WAITING + 1):
        desk.recorder.write(report(f"vq-r-{number}", OrderStatus.NEW), (), 0, 1000)
    assert len(desk.book.rows) == MOST_WAITING + 1


def test_rows_are_written_while_there_is_trouble_and_it_is_told() -> None:
    desk = Desk()
    desk.book.trouble = "the disk is nearly full"
    assert desk.see(report("vq-r-1", OrderStatus.NEW)) == [("report", "vq-r-1")]
    assert desk.see(report("vq-r-2", OrderStatus.NEW), now=1) == [("report", "vq-r-2")]
    assert desk.told == [ev.JournalState(False, WAIT_MS, "the disk is nearly full")]
    desk.book.trouble = ""
    again = 1 + WAIT_MS + RETRY_MS
    desk.recorder.tend(again - 1)
    assert desk.told[1:] == []
    desk.recorder.tend(again)
    assert desk.told[1:] == [ev.JournalState(True, again, "")]


def test_what_waits_is_bounded_and_what_is_given_up_is_counted() -> None:
    desk = Desk()
    desk.book.broken = True
    rows = [Entry("decision", n) for n in range(KEPT + 7)]
    assert not desk.recorder.append(rows, 0)
    assert desk.recorder.lost == 7
    desk.book.broken = False
    assert desk.recorder.append([], RETRY_MS)
    assert len(desk.book.rows) == KEPT


def test_whether_a_row_waits_is_known() -> None:
    """What is to be done when nothing waits asks for it."""
    desk = Desk()
    seen = [desk.recorder.idle]
    desk.recorder.write(ev.PositionUpdate(S, L, D(2), D(60_000), 5, 5), (), 0, 1000)
    seen.append(desk.recorder.idle)
    desk.recorder.tend(WAIT_MS)
    seen.append(desk.recorder.idle)
    desk.book.trouble = "no room"
    desk.recorder.append([Entry("decision", 1)], WAIT_MS)
    seen.append(desk.recorder.idle)
    desk.book.broken = True
    desk.recorder.append([Entry("decision", 1)], WAIT_MS)
    assert [*seen, desk.recorder.idle] == [True, False, True, False, False]
