"""Status, positions, why, report and logs: what a person reads, on a terminal and in a pipe."""

from __future__ import annotations

import io
import json
from collections.abc import Callable
from dataclasses import replace
from decimal import Decimal
from pathlib import Path
from types import SimpleNamespace

import pytest
from rich.console import Console
from tests.cli_stage import Cli
from tests.operations_fake import BLOCKED, BTC, COST, LEG, NOW, REPORT, STATUS, WITH_OTHERS

from vibe_quant.app.report import EXIT
from vibe_quant.cli import logs as logs_command
from vibe_quant.cli import status as status_command
from vibe_quant.cli.failure import DECLINED, NOT_RUNNING, UNREADABLE
from vibe_quant.cli.log_lines import Choice, follow, newest
from vibe_quant.cli.report_view import write_report
from vibe_quant.cli.status_view import drawn, write_positions, write_status
from vibe_quant.cli.why import text_of
from vibe_quant.domain.enums import PositionSide
from vibe_quant.domain.risk import RiskLevel
from vibe_quant.domain.status import Status, StreamStatus, Why
from vibe_quant.journal.sqlite_journal import SqliteJournal
from vibe_quant.ports import Entry

D = Decimal
BAD = replace(
    STATUS,
    ready=False,
    phase="protecting",
    paused=("all until 2026-11-21 20:00:00 UTC",),
    held="the journal is not written",
    level="rest",
    breaker_open=True,
    journal_trouble="the disk is full",
    weight_used=None,
    streams=(StreamStatus("public", False, None, 0, 3),),
    legs=(
        replace(LEG, halted="refused five times", risk=RiskLevel.PANIC, panic_tier=0, stop_standing=False),
        replace(BLOCKED, risk=RiskLevel.SOFT, flattening=True, liq=None, stop_price=None, stop_standing=False),
        replace(
            LEG, stop_price=None, stop_standing=False, blocked="stale", blocked_since_ms=None, mark=None, upnl=None
        ),
    ),
)


class Terminal(io.StringIO):
    def isatty(self) -> bool:
        return True


@pytest.fixture
def cli(tmp_path: Path) -> Cli:
    return Cli(tmp_path)


def text(now: Status) -> str:
    out = io.StringIO()
    write_status(out, now)
    return out.getvalue()


def test_status_says_where_the_service_stands_and_each_side(cli: Cli) -> None:
    with cli.running():
        told = cli("status")
    assert told.exit_code == 0
    lines = told.stdout.splitlines()
    assert lines[0] == "SIM  working  version 0.0  run r1  up 1h00m"
    assert "weight 41/2400" in lines[2]
    assert lines[4].split("  ")[0] == "symbol"
    assert lines[5].split() == [
        *(BTC, "LONG", "0.842", "15.8%", "30m30s", "1.84", "7.12%", "waiting", "maker", "0.002", "@", "60910.2")
    ]
    assert lines[7] == "ETH/USDT:USDT SHORT held back: paused by the operator, for 1m01s"
    assert "\x1b" not in told.stdout


def test_what_is_wrong_is_said_loudly() -> None:
    told = text(BAD)
    for words in (
        "protecting, NOT READY",
        "PAUSED: all until 2026-11-21 20:00:00 UTC",
        "HELD BACK: the journal is not written",
        "BREAKER OPEN",
        "JOURNAL: the disk is full",
        "public DOWN",
        "HALTED: refused five times",
        "PANIC 1 7.12%",
        "SOFT 7.12%",
        "held back: stale",
        "flatten paused",
    ):
        assert words in told
    assert "NOT READY" not in text(STATUS)
    assert "no managed position" in text(replace(STATUS, legs=()))


def test_what_is_held_and_not_managed_has_a_line_of_its_own_in_each_picture(cli: Cli) -> None:
    never = "SOL/USDT:USDT SHORT 12.5 not managed: no orders, no stops of ours"
    left = "XRP/USDT:USDT LONG 300 not managed: no orders, our stop at 0.51 was left standing when a reload took it out"
    write_positions(held := io.StringIO(), WITH_OTHERS)
    Console(file=(watched := io.StringIO()), width=200).print(drawn(WITH_OTHERS))
    for picture in (text(WITH_OTHERS), held.getvalue(), watched.getvalue()):
        lines = picture.splitlines()
        assert never in [line.rstrip() for line in lines]
        assert any(line.startswith(left) for line in lines)
        assert len(lines) > max(number for number, line in enumerate(lines) if BTC in line) + 1, "apart from the worked"
    assert "not managed" not in text(STATUS)
    alone = text(replace(WITH_OTHERS, legs=()))
    assert "no managed position" in alone
    assert never in alone
    cli.operations.now = WITH_OTHERS
    with cli.running():
        told = json.loads(cli("positions", "--json").stdout)
    assert [leg["symbol"] for leg in told["legs"]] == [BTC, "ETH/USDT:USDT"]
    assert told["unmanaged"] == [
        {"symbol": "SOL/USDT:USDT", "side": "SHORT", "qty": "12.5", "left_stop": None},
        {"symbol": "XRP/USDT:USDT", "side": "LONG", "qty": "300", "left_stop": "0.51"},
    ]


def test_a_stop_that_does_not_stand_cannot_be_missed() -> None:
    out = io.StringIO()
    write_positions(out, BAD)
    lost, none_needed, missing = out.getvalue().splitlines()[1:]
    assert lost.endswith("57140 GONE")
    assert none_needed.endswith("none")
    assert missing.endswith("NONE")
    write_positions(out := io.StringIO(), STATUS)
    assert out.getvalue().splitlines()[1].endswith(" 57140")


@pytest.mark.parametrize(("columns", "has"), [("80", False), ("140", True)])
def test_a_terminal_gets_colours_and_only_what_it_has_room_for(
    columns: str, has: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("COLUMNS", columns)
    for now in (STATUS, BAD):
        write_status(out := Terminal(), now)
        write_positions(out, now)
        told = out.getvalue()
        assert "\x1b[" in told
        assert told.count(BTC) >= 2
        assert ("0.002 @ 60910.2" in told) is ("notional" in told) is has
    wide = replace(
        STATUS.legs[0], liq=Decimal("66124.17912345"), mark=Decimal("84774.57123"), stop_price=Decimal("68787.2")
    )
    write_positions(out := Terminal(), replace(STATUS, legs=(wide,)))
    assert out.getvalue().count(BTC) == 1, "a symbol broken in two is read wrong"
    for figure in ("66124.179", "84774.57", "68787.2"):
        assert figure in out.getvalue(), "and so is a price that is cut or broken"
    console = Console(file=(out := Terminal()))
    console.print(drawn(BAD))
    assert "HALTED" in out.getvalue()


def test_what_comes_from_outside_cannot_steer_a_terminal() -> None:
    told = text(replace(STATUS, held="\x1b[2Jgone\nOK  working"))
    assert "\x1b" not in told
    assert "HELD BACK: \\x1b[2Jgone\\nOK  working" in told


def test_why_says_the_reason_its_numbers_since_when_and_how_often(cli: Cli) -> None:
    with cli.running():
        told = cli("why", "btc", "long")
        none = cli("why", "ETH", "SHORT")
        nobody = cli("why", "DOGE", "SHORT")
    assert told.exit_code == 0
    lines = told.stdout.splitlines()
    assert lines[0].startswith(f"{BTC} LONG acts on: orderbook_price, for ")
    assert lines[1] == "It acts on the next quote or trade."
    told_facts = [line.split() for line in lines[2:6]]
    assert told_facts == [["bid", "60910.1"], ["ask", "60910.2"], ["dist", "7.12%"], ["left", "4.9s"]]
    assert [line.split(maxsplit=1) for line in lines[7:]] == [
        ["3", "market data is stale"],
        ["1", "paused by the operator"],
    ]
    assert none.exit_code == nobody.exit_code == DECLINED
    assert "not managed" in none.stderr


def test_why_of_no_side_is_a_wrong_option_whether_a_service_runs_or_not(cli: Cli) -> None:
    told = cli("why", "BTC", "SIDEWAYS")
    assert told.exit_code == UNREADABLE
    assert "'SIDEWAYS' is no side; write LONG or SHORT" in told.stderr


def test_why_of_a_side_that_is_held_back_tells_the_newest_order_too() -> None:
    why = Why(BTC, PositionSide.LONG, False, "stale", (), NOW - 4000, (), "orderbook_price", NOW - 90_000)
    assert text_of(why, NOW).splitlines()[1] == "newest order: orderbook_price, 1m30s ago"
    assert "for 4s" in text_of(why, NOW)
    bare = text_of(replace(why, since_ms=None, last_ms=None), NOW).splitlines()
    assert bare == [f"{BTC} LONG is held back by: stale", "newest order: orderbook_price, -"]


def test_a_report_of_the_service_tells_each_exit_and_the_alarms(cli: Cli) -> None:
    with cli.running():
        told = cli("report", "--since", "7d")
        as_json = json.loads(cli("report", "--json").stdout)
    assert told.exit_code == 0
    assert "orders 411, refused 3, fills 390 (82.1% maker)" in told.stdout
    assert "2.31" in told.stdout
    assert REPORT.alarms[0] in told.stdout
    assert as_json["exits"][0]["cost_bps"] == "2.31"
    (asked, since), _ = cli.operations.calls
    assert asked == "report"
    assert isinstance(since, int)


def test_an_alarm_that_came_again_and_again_is_told_once_where_it_came_last() -> None:
    write_report(out := io.StringIO(), replace(REPORT, alarms=("a", "b", "a", "a")))
    assert out.getvalue().splitlines()[-2:] == ["  b", "  a (3 times)"]


def test_a_report_without_anything_in_it_and_one_of_an_exit_that_goes_on() -> None:
    write_report(out := io.StringIO(), replace(REPORT, exits=(), fills=0, maker_fills=0, fees=(), alarms=()))
    assert "fills 0 (- maker)" in out.getvalue()
    assert "no exit was finished" in out.getvalue()
    write_report(out := io.StringIO(), replace(REPORT, exits=(replace(COST, finished=False, cost_bps=None),)))
    assert "goes on" in out.getvalue()


@pytest.mark.parametrize("since", ["yesterday", "24", "-1h", "1y", ""])
def test_a_time_that_is_none_is_refused(cli: Cli, since: str) -> None:
    told = cli("report", "--since", since)
    assert told.exit_code == UNREADABLE
    assert "is no time" in told.stderr


def test_without_a_service_the_report_is_read_from_the_journal(cli: Cli) -> None:
    path = cli.socket.with_name("journal.sqlite")
    journal = SqliteJournal(path, "r1")
    fill = {
        "side": "SELL",
        "last_qty": "0.5",
        "last_price": "100",
        "fee": "0.01",
        "fee_asset": "USDT",
        "realized_pnl": "-2",
        "is_maker": True,
        "trade_id": 1,
    }
    journal.write([Entry("fill", 1000, fill, BTC, "LONG"), Entry("fill", 2000, {**fill, "last_qty": "1"}, BTC, "LONG")])
    journal.close()
    told = cli("report", "--since", "1970-01-01")
    assert told.exit_code == 0, told.output
    assert f"no service is running; read from {path}" in told.stderr
    assert "fills 2 (100.0% maker), notional 150.00, fees 0.02 USDT, realized -4.00" in told.stdout
    assert json.loads(cli("report", "--since", "1970-01-01T00:00:02", "--json").stdout)["fills"] == 1
    assert cli("report", "--socket", cli.folder / "no.sock").exit_code == NOT_RUNNING
    path.unlink()
    assert cli("report").exit_code == UNREADABLE
    assert EXIT


LINES = """\
# vibe-quant log, venue sim, version 0.1.0, started 2026-11-21 10:00:00Z
2026-11-21 10:00:00.001Z INFO     order_sent | symbol=BTC/USDT:USDT side=LONG
2026-11-21 10:00:00.002Z DEBUG    rest | path=/fapi/v1/order
2026-11-21 10:00:00.003Z ERROR    defect | text="it broke"
    Traceback (most recent call last):
    ValueError: BTCUSDT
2026-11-21 10:00:00.004Z WARNING  stale | symbol=WBTC/USDT:USDT
{"time": "2026-11-21 10:00:00.005Z", "level": "WARNING", "event": "stale", "symbol": "BTC/USDT:USDT"}
{"level": "odd"}
{half
"""


@pytest.mark.parametrize(
    ("options", "expected"),
    [
        (("-n", "2"), [9, 10]),
        (("--level", "warning"), [4, 5, 6, 7, 8, 9, 10]),
        (("--level", "ERROR"), [4, 5, 6]),
        (("--symbol", "btc"), [2, 8, 9, 10]),
        (("--symbol", "WBTC/USDT:USDT"), [7]),
        (("--level", "warning", "--symbol", "BTC"), [8, 9, 10]),
    ],
)
def test_logs_shows_the_lines_that_are_asked_for(cli: Cli, options: tuple[str, ...], expected: list[int]) -> None:
    cli.log.parent.mkdir()
    cli.log.write_text(LINES, encoding="utf-8")
    told = cli("logs", *options)
    assert told.exit_code == 0
    head = [] if "-n" in options or "--level" in options or "--symbol" in options else [1]
    wanted = [LINES.splitlines()[number - 1] for number in [*head, *expected]]
    assert [line for line in told.stdout.splitlines() if not line.startswith("#")] == wanted


def test_a_level_that_is_none_is_refused(cli: Cli) -> None:
    assert "is no level" in cli("logs", "--level", "loud").stderr


def test_where_the_file_is_not_here_the_service_is_asked(cli: Cli) -> None:
    told = cli("logs")
    assert told.exit_code == NOT_RUNNING
    assert f"{cli.log} cannot be read (No such file or directory)" in told.stderr
    with cli.running():
        told = cli("logs", "-n", "3")
        assert told.stdout.splitlines() == ["line 0", "line 1", "line 2"]
        assert cli("logs", "-f").exit_code == UNREADABLE


def test_a_log_is_followed_through_the_turn_of_the_day(tmp_path: Path) -> None:
    path = tmp_path / "vibe-quant.log"
    path.write_text("old\nhalf", encoding="utf-8")
    shown, at = newest(path, 10, Choice())
    assert shown == ["old\n"]
    turns: list[Callable[[], object]] = [
        lambda: appended(" whole\n"),
        lambda: appended("last of the day\n"),
        lambda: path.rename(tmp_path / "yesterday.log"),
        lambda: path.write_text("first of the day\n", encoding="utf-8"),
        lambda: path.write_text("cut\n", encoding="utf-8"),
    ]
    heard: list[str] = []

    def appended(text: str) -> None:
        with path.open("a", encoding="utf-8") as file:
            file.write(text)

    class EnoughError(Exception):
        pass

    def pause() -> None:
        if not turns:
            raise EnoughError
        turns.pop(0)()

    with pytest.raises(EnoughError):
        for line in follow(path, at, pause):
            heard.append(line)  # noqa: PERF402 - what was heard until it ends
    assert heard == ["half whole\n", "last of the day\n", "first of the day\n", "cut\n"]


def test_following_prints_what_is_wanted(cli: Cli, monkeypatch: pytest.MonkeyPatch) -> None:
    cli.log.parent.mkdir()
    cli.log.write_text(LINES, encoding="utf-8")

    def once(_: float) -> None:
        if cli.log.stat().st_size > len(LINES):
            raise KeyboardInterrupt
        with cli.log.open("a", encoding="utf-8") as file:
            file.write("2026-11-21 10:00:01.000Z INFO     quiet | \n2026-11-21 10:00:01.000Z ERROR    loud | \n")

    monkeypatch.setattr(logs_command, "sleep", once)
    told = cli("logs", "-f", "-n", "1", "--level", "error")
    assert told.stdout.splitlines()[-1].endswith("ERROR    loud | ")
    assert "quiet" not in told.stdout


def test_status_watches_on_a_terminal_only(cli: Cli, monkeypatch: pytest.MonkeyPatch) -> None:
    slept: list[float] = []

    def twice(seconds: float) -> None:
        slept.append(seconds)
        if len(slept) > 2:
            raise KeyboardInterrupt

    monkeypatch.setattr("time.sleep", twice)
    asked: list[str] = []

    def answer(path: str, _: type[Status]) -> Status:
        asked.append(path)
        return STATUS

    service = SimpleNamespace(get=answer)
    with pytest.raises(KeyboardInterrupt):
        getattr(status_command, "_watch")(service)  # noqa: B009
    assert asked == ["/api/status"] * 3
    monkeypatch.undo()
    with cli.running():
        assert cli("status", "--watch").exit_code == 0
