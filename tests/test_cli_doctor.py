"""``doctor`` and ``check --online``: beside an exchange that is served, and with everything wrong that may be."""

from __future__ import annotations

import json
import socket
import stat
from collections.abc import Iterator
from decimal import Decimal
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
from tests.cli_stage import Cli, exchange
from typer.testing import Result

from vibe_quant.app import checkup
from vibe_quant.app.checkup import Grade, Symptom
from vibe_quant.app.clock import SystemClock
from vibe_quant.app.forecast import forecast
from vibe_quant.app.instance import Held, Holder
from vibe_quant.cli import doctor as doctor_command
from vibe_quant.cli.failure import BROKEN, FAILED, INVALID, UNREADABLE
from vibe_quant.domain.account import Position
from vibe_quant.domain.enums import PositionSide
from vibe_quant.domain.settings import RateLimitSettings, SymbolSettings
from vibe_quant.journal.sqlite_journal import SqliteJournal
from vibe_quant.ports import Entry
from vibe_quant.sim.catalogue import CATALOGUE
from vibe_quant.sim.front.box_options import BoxOptions, MarketSource, Seat
from vibe_quant.sim.server import SimServer

D = Decimal
LONG, SHORT = PositionSide.LONG, PositionSide.SHORT
CANARY = "canarySecret0123456789"
MARKETS = tuple(MarketSource(CATALOGUE[name]) for name in ("BTCUSDT", "ETHUSDT"))
HELD = BoxOptions(
    markets=MARKETS,
    positions=(Seat("BTCUSDT", LONG, D("2")), Seat("ETHUSDT", SHORT, D("6"))),
    wallets={"USDT": D(20_000)},
    permissions={"ipRestrict": True},
)
EXIT = """
global:
  venue: sim
  execution: {max_order_notional: 20}
  risk:
    liq_distance_threshold: 0.05
    panic_close: {enabled: true, tiers: [{dist_to_liq: 0.03, slice_ratio: 0.2}]}
symbols:
  "BTC/USDT:USDT": {sides: [LONG]}
"""


@pytest.fixture
def cli(tmp_path: Path) -> Cli:
    return Cli(tmp_path)


@pytest.fixture(scope="module")
def served() -> Iterator[SimServer]:
    with exchange(HELD) as server:
        yield server


def keys(server: SimServer) -> dict[str, str]:
    return {"VIBE_QUANT_API_KEY": server.api_key, "VIBE_QUANT_API_SECRET": server.api_secret}


def at(server: SimServer) -> tuple[str, str, str, str]:
    return "--exchange-rest", server.rest, "--exchange-ws", server.ws


def graded(told: Result) -> dict[str, list[dict[str, str]]]:
    found: dict[str, list[dict[str, str]]] = {}
    for symptom in json.loads(told.stdout):
        found.setdefault(symptom["check"], []).append(symptom)
    return found


def test_a_host_in_order_against_the_embedded_exchange_asks_nothing_of_anybody(cli: Cli) -> None:
    cli.folder.chmod(0o700)
    told = cli("doctor", "--json")
    assert told.exit_code == 0, told.output
    found = graded(told)
    assert {s["grade"] for symptoms in found.values() for s in symptoms} == {"ok"}
    assert set(found) == {
        "configuration",
        "disk",
        "disk write",
        "permissions",
        "journal",
        "service",
        "tokens",
        "credentials",
        "exchange",
    }
    assert "is not there yet" in found["journal"][0]["text"]
    assert not cli.socket.parent.exists()


def test_every_class_of_streams_the_account_and_the_key_are_looked_at(cli: Cli, served: SimServer) -> None:
    told = cli("doctor", "--json", *at(served), **keys(served))
    assert told.exit_code == 0, told.output
    found = graded(told)
    for check in ("rest", "clock", "public stream", "market stream", "private stream", "account", "key rights", "lock"):
        assert [symptom["grade"] for symptom in found[check]] == ["ok"], found[check]
    assert found["key age"][0]["grade"] == "warn"
    assert served.api_secret not in told.output
    offline = graded(cli("doctor", "--json", "--offline", *at(served), **keys(served)))
    assert "rest" not in offline
    assert "lock" in offline


def test_a_line_a_check_with_its_cure(cli: Cli, served: SimServer) -> None:
    told = cli("doctor", *at(served), **keys(served))
    line = next(line for line in told.stdout.splitlines() if " key age " in line)
    assert line.startswith("warn  key age         the key is ")
    assert line.endswith("Make a new one at the exchange and delete this one.")


def test_a_key_that_may_withdraw_and_an_account_in_one_way_mode_fail(cli: Cli) -> None:
    options = BoxOptions(markets=MARKETS, hedge_mode=False, permissions={"enableWithdrawals": True, "ipRestrict": True})
    with exchange(options) as server:
        told = cli("doctor", "--json", *at(server), **keys(server))
    assert told.exit_code == FAILED
    found = graded(told)
    assert found["key rights"][0]["grade"] == "fail"
    assert "enableWithdrawals" in found["key rights"][0]["text"]
    assert found["account"][0]["grade"] == "fail"


def test_a_wrong_secret_and_no_exchange_at_all_fail_without_a_traceback(cli: Cli, served: SimServer) -> None:
    wrong = {**keys(served), "VIBE_QUANT_API_SECRET": CANARY}
    told = cli("doctor", "--json", *at(served), **wrong)
    assert told.exit_code == FAILED
    assert {graded(told)[check][0]["grade"] for check in ("account", "private stream")} <= {"fail", "ok"}
    assert graded(told)["account"][0]["grade"] == "fail"
    assert CANARY not in told.output
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        port = taken.getsockname()[1]
        nobody = ("--exchange-rest", f"http://127.0.0.1:{port}", "--exchange-ws", f"ws://127.0.0.1:{port}")
        told = cli("doctor", "--json", *nobody, **wrong)
    assert told.exit_code == FAILED
    assert [s["check"] for s in json.loads(told.stdout)][-1] == "rest"


def test_keys_that_are_missing_or_options_that_do_not_fit_are_said(cli: Cli, served: SimServer) -> None:
    none = {"VIBE_QUANT_API_KEY": "", "VIBE_QUANT_API_SECRET": ""}
    told = cli("doctor", "--json", *at(served), **none)
    assert told.exit_code == FAILED
    assert graded(told)["credentials"][0]["grade"] == "fail"
    assert graded(told)["public stream"][0]["grade"] == "ok"
    assert "key rights" not in graded(told)
    with cli.running():
        beside = cli("doctor", "--json", *at(served), **none)
    assert beside.exit_code == 0
    assert graded(beside)["credentials"][0]["grade"] == "warn"
    half = cli("doctor", "--json", "--exchange-rest", served.rest)
    assert half.exit_code == FAILED
    assert "go together" in graded(half)["exchange"][0]["text"]


def test_tokens_that_page_and_telegram_cannot_do_without(cli: Cli) -> None:
    text = cli.config.read_text(encoding="utf-8")
    telegram = "telegram: {enabled: true, allow: [{chat: 1, user: 1}]}"
    cli.config.write_text(text.replace("venue: sim", f"venue: sim\n  {telegram}"), encoding="utf-8")
    assert graded(cli("doctor", "--json"))["tokens"][0]["grade"] == "fail"
    with cli.running():
        assert graded(cli("doctor", "--json"))["tokens"][0]["grade"] == "warn"
    given = cli("doctor", "--json", VIBE_QUANT_TELEGRAM_TOKEN=CANARY, VIBE_QUANT_WEB_TOKEN=CANARY)
    assert graded(given)["tokens"][0]["grade"] == "ok"
    short = cli("doctor", "--json", VIBE_QUANT_TELEGRAM_TOKEN=CANARY, VIBE_QUANT_WEB_TOKEN="canary")
    assert graded(short)["tokens"][0]["grade"] == "fail"
    assert "anary" not in given.output + short.output


def test_a_configuration_that_does_not_hold_is_the_end(cli: Cli) -> None:
    cli.config.write_text("global: {venue: moon}", encoding="utf-8")
    told = cli("doctor")
    assert told.exit_code == FAILED
    assert len(told.stdout.splitlines()) == 1
    assert told.stdout.startswith("fail  configuration")


def test_files_that_others_may_get_at(cli: Cli) -> None:
    secret, state = cli.folder / "key", cli.socket.parent
    secret.write_text(CANARY, encoding="utf-8")
    state.mkdir(parents=True)
    for path, mode in ((secret, 0o644), (cli.config, 0o666), (state, 0o755)):
        path.chmod(mode)
    (cli.folder / "vibe-quant.env").touch(mode=0o640)
    told = cli("doctor", "--json", VIBE_QUANT_API_KEY_FILE=str(secret))
    assert told.exit_code == FAILED
    found = {s["text"].split()[4]: (s["grade"], s["cure"]) for s in graded(told)["permissions"]}
    assert found[str(secret)][0] == found[str(cli.folder / "vibe-quant.env")][0] == found[str(cli.config)][0] == "fail"
    assert found[str(state)] == ("warn", f"close it with chmod go-rwx {state}")
    assert "make new keys" in found[str(secret)][1]
    assert CANARY not in told.output


def test_the_end_of_the_journal_is_looked_at_and_not_written_to(cli: Cli) -> None:
    path = cli.socket.with_name("journal.sqlite")
    journal = SqliteJournal(path, "r1")
    journal.write([Entry("start", SystemClock().wall_ms(), {"n": n}) for n in range(5)])
    # While it is open: the service runs.
    said = graded(cli("doctor", "--json"))["journal"][0]["text"]
    assert "5 rows, the newest 0 minutes ago, reaching back to 20" in said
    journal.close()
    path.write_bytes(path.read_bytes().replace(b'{"n":3}', b'{"n":4}'))
    told = cli("doctor", "--json")
    assert told.exit_code == FAILED
    assert graded(told)["journal"][0]["grade"] == "fail"
    path.write_bytes(b"no journal at all")
    assert graded(cli("doctor", "--json"))["journal"][0]["grade"] == "fail"


def test_a_socket_that_is_left_and_one_that_answers(cli: Cli) -> None:
    with cli.running():
        assert "a service answers" in graded(cli("doctor", "--json"))["service"][0]["text"]
    with socket.socket(socket.AF_UNIX) as left:
        left.bind(str(cli.socket))
    found = graded(cli("doctor", "--json"))["service"][0]
    assert found["grade"] == "warn"
    assert "left of a process that is gone" in found["text"]


def disk_of(monkeypatch: pytest.MonkeyPatch, free: int, inodes: int) -> None:
    room = SimpleNamespace(f_bavail=free, f_frsize=1, f_files=inodes, f_favail=0 if inodes == 1 else inodes)
    monkeypatch.setattr("os.statvfs", lambda _: room)


@pytest.mark.parametrize(
    ("free", "inodes", "grade"),
    [(10**12, 5, "ok"), (10**12, 0, "ok"), (10**9, 5, "warn"), (10**7, 5, "fail"), (10**12, 1, "fail")],
)
def test_room_on_the_disk(cli: Cli, monkeypatch: pytest.MonkeyPatch, free: int, inodes: int, grade: str) -> None:
    disk_of(monkeypatch, free, inodes)
    first, write = checkup.disk(cli.folder, SystemClock())
    assert (first.grade, write.grade) == (Grade(grade), Grade.OK)


@pytest.mark.parametrize(("each_ms", "grade"), [(1, "ok"), (30, "warn"), (600, "fail")])
def test_how_long_a_write_takes(cli: Cli, each_ms: int, grade: str) -> None:
    class Slow(SystemClock):
        def now_ms(self) -> int:
            self.read = getattr(self, "read", 0) + 1
            return self.read * each_ms

    _, write = checkup.disk(cli.folder / "not" / "there", Slow())
    assert write.grade == grade
    assert list(cli.folder.glob(".doctor*")) == []


def test_a_folder_that_cannot_be_written(cli: Cli, monkeypatch: pytest.MonkeyPatch) -> None:
    def refused(_: int) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr("os.fsync", refused)
    _, write = checkup.disk(cli.folder, SystemClock())
    assert write.grade is Grade.FAIL
    assert "No space left" in write.text
    assert list(cli.folder.glob(".doctor*")) == []


def test_who_holds_the_account() -> None:
    known = Held("a", Holder(7, "now", "c.yaml", "live"), 7)
    cases: list[tuple[Held | None, bool, str, str]] = [
        (None, False, "ok", "nobody works"),
        (None, True, "warn", "nobody holds the account of this key"),
        (known, True, "ok", "process 7, since now"),
        (known, False, "warn", "nobody answers at the control socket"),
        (Held("a", None, None), False, "warn", "process unknown, which does not answer"),
    ]
    for held, running, grade, words in cases:
        symptom = checkup.lock(held, running)
        assert (symptom.grade, words in symptom.text) == (grade, True)


def test_a_terminal_sees_colours(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    monkeypatch.setattr("sys.stdout.isatty", lambda: True, raising=False)
    doctor_command.write(Symptom("disk", Grade.FAIL, "full.", "make room"))
    assert "fail" in capsys.readouterr().out


def online(cli: Cli, server: SimServer, *more: str) -> Result:
    return cli("check", "--online", *at(server), *more, **keys(server))


def test_check_online_tells_rules_brackets_positions_orders_and_times(cli: Cli, served: SimServer) -> None:
    cli.config.write_text(EXIT, encoding="utf-8")
    told = online(cli, served)
    assert told.exit_code == 0, told.output
    for words in (
        "warning: ",
        "below one lot of BTC/USDT:USDT",
        "BTC/USDT:USDT  TRADING, mark ",
        "rules: tick 0.1, step 0.001",
        "brackets: 12, from 0.40% maintenance (125x)",
        "LONG 2 at ",
        "2000 orders of 0.001; at least 400.0 s by the order budget",
        "panic 1: under 3.00% from liquidation, at mark ",
        "5 slices of 0.4, flat within 7.0 s",
        "online: a start would not be refused",
    ):
        assert words in told.stdout, words
    assert served.api_secret not in told.output


def test_check_online_for_a_machine(cli: Cli, served: SimServer) -> None:
    cli.config.write_text(EXIT.replace("sides: [LONG]", "sides: [SHORT]").replace("listed", "all"), encoding="utf-8")
    whole = json.loads(online(cli, served, "--json").stdout)
    assert whole["valid"] is True
    found = whole["online"]
    assert found["refused"] is False
    assert found["symbols"]["BTC/USDT:USDT"]["legs"] == []
    assert found["symbols"]["BTC/USDT:USDT"]["rules"]["tick"] == "0.10"
    cli.config.write_text("global: {venue: sim, manage: all}\n", encoding="utf-8")
    every = json.loads(online(cli, served, "--json").stdout)["online"]["symbols"]
    assert sorted(every) == ["BTC/USDT:USDT", "ETH/USDT:USDT"]
    assert [leg["side"] for leg in every["ETH/USDT:USDT"]["legs"]] == ["SHORT"]
    assert every["ETH/USDT:USDT"]["legs"][0]["horizon_ms"] is None


def test_check_online_ends_with_three_where_a_start_would_be_refused(cli: Cli) -> None:
    cli.config.write_text(EXIT.replace("BTC/USDT", "XRP/USDT"), encoding="utf-8")
    with exchange(BoxOptions(markets=MARKETS, permissions={"enableWithdrawals": True})) as server:
        told = online(cli, server)
    assert told.exit_code == BROKEN
    assert "REFUSED: XRP/USDT:USDT" in told.stderr
    assert "enableWithdrawals" in told.stderr
    assert "online: a start would be refused" in told.stdout


def test_check_online_where_nobody_can_be_asked(cli: Cli, served: SimServer) -> None:
    told = cli("check", "--online")
    assert told.exit_code == 0
    assert "embeds its exchange" in told.stderr
    assert cli("check", "--exchange-rest", served.rest).exit_code == UNREADABLE
    assert cli("check", "--online", "--price", "BTC/USDT:USDT=1").exit_code == UNREADABLE
    assert cli("check", "--online", *at(served), VIBE_QUANT_API_KEY="").exit_code == UNREADABLE
    assert cli("check", "--online", "--exchange-rest", served.rest).exit_code == INVALID
    gone = ("--exchange-rest", "http://127.0.0.1:9", "--exchange-ws", "ws://127.0.0.1:9")
    assert cli("check", "--online", *gone, **keys(served)).exit_code == BROKEN
    cli.config.write_text("global: {venue: moon}", encoding="utf-8")
    assert cli("check", "--online").exit_code == INVALID


def test_paper_is_looked_at_without_a_key(cli: Cli, served: SimServer) -> None:
    cli.config.write_text(EXIT.replace("venue: sim", "venue: paper"), encoding="utf-8")
    told = cli("check", "--online", *at(served))
    assert told.exit_code == 0, told.output
    assert "no open position on a worked side" in told.stdout
    assert "fees: ? maker" in told.stdout
    found = graded(cli("doctor", "--json", *at(served)))
    assert found["public stream"][0]["grade"] == "ok"
    assert "private stream" not in found


def test_the_forecast_of_a_short_leg_that_nothing_liquidates() -> None:
    rules = CATALOGUE["BTCUSDT"].rules
    one = SymbolSettings()
    leg: dict[str, Any] = {"symbol": "BTC/USDT:USDT", "side": SHORT, "entry_price": D(60_000), "exch_ms": 0}
    bare = forecast(Position(qty=D("0.0105"), **leg), D(60_000), rules, one, RateLimitSettings())
    assert (bare.dist, bare.stop_at, bare.tiers) == (None, None, ())
    assert bare.slice_qty > 0
    assert bare.least_ms == bare.orders * 200
    near = forecast(Position(qty=D(1), liquidation_price=D(66_000), **leg), D(60_000), rules, one, RateLimitSettings(1))
    assert near.dist == D("0.1")
    assert near.stop_at == D("65346.5")
    assert near.least_ms == near.orders * 1000
    assert stat.S_IFREG
