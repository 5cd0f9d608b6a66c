"""Lines in their rows: what is dropped first, where it is said, and an output with a defect."""

from __future__ import annotations

from datetime import UTC, datetime

from vibe_quant.app.log_writer import Line, LogWriter

AT = datetime(2026, 11, 21, 12, tzinfo=UTC)
PATIENCE_S = 40.0


class Kept:
    """An output of a test."""

    def __init__(self) -> None:
        self.lines: list[str] = []
        self.well = True

    def ready(self) -> bool:
        return self.well

    def write(self, lines: list[Line]) -> None:
        if self.lines == ["break"]:
            raise ArithmeticError("a defect")
        self.lines += [line.text for line in lines]

    def idle(self) -> bool:
        return False


def writer_of(most: int = 100) -> LogWriter:
    return LogWriter(
        lambda: None,
        lambda count: Line(f"lost {count}", AT),
        lambda defect: Line(f"broke {defect}", AT, loud=True),
        most,
    )


def test_alarms_are_dropped_last_and_keep_their_place() -> None:
    kept = Kept()
    kept.well = False
    writer = writer_of(most=30)
    lane = writer.lane(kept)
    for number in range(10):
        writer.put(lane, Line(f"line {number}", AT))
        writer.put(lane, Line(f"loud {number}", AT, loud=True))
    kept.well = True
    writer.start()
    assert writer.close(PATIENCE_S)
    assert kept.lines == [f"{kind} {number}" for number in range(5) for kind in ("line", "loud")] + ["lost 10"]


def test_what_is_missing_is_said_where_it_is_missing() -> None:
    kept = Kept()
    kept.well = False
    writer = writer_of(most=12)
    lane = writer.lane(kept)
    for number in range(4):
        writer.put(lane, Line(f"line {number}", AT))
    for number in range(2):
        writer.put(lane, Line(f"loud {number}", AT, loud=True))
    kept.well = True
    writer.start()
    assert writer.flush(PATIENCE_S)
    writer.put(lane, Line("line 4", AT))
    assert writer.close(PATIENCE_S)
    assert kept.lines == ["line 0", "line 1", "lost 2", "loud 0", "loud 1", "line 4"]


def test_room_comes_back() -> None:
    kept = Kept()
    writer = writer_of(most=12)
    lane = writer.lane(kept)
    writer.start()
    for number in range(5):
        writer.put(lane, Line(f"line {number}", AT))
        assert writer.flush(PATIENCE_S)
    assert writer.close(PATIENCE_S)
    assert kept.lines == [f"line {number}" for number in range(5)]


def test_an_output_with_a_defect_is_given_up_and_the_others_say_so() -> None:
    kept, broken = Kept(), Kept()
    broken.lines = ["break"]
    writer = writer_of()
    lane, bad = writer.lane(kept), writer.lane(broken)
    writer.start()
    writer.put(bad, Line("x", AT))
    assert writer.flush(PATIENCE_S)
    writer.put(lane, Line("y", AT))
    writer.put(bad, Line("z", AT))
    assert writer.close(PATIENCE_S)
    assert kept.lines == ["broke a defect", "y"]
