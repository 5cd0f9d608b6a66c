"""``vibe-quant run`` around the run itself: what is refused, what is said first, where keys and files come from."""

from __future__ import annotations

import asyncio
import io
import os
import signal
import subprocess
import sys
from collections.abc import Callable, Iterator
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path
from types import SimpleNamespace
from typing import Any, cast

import pytest
from loguru import logger
from typer.testing import CliRunner, Result

from vibe_quant import __version__
from vibe_quant.app.application import Application, Goal
from vibe_quant.app.cards import Cards
from vibe_quant.app.clock import SystemClock
from vibe_quant.app.hosting import Job, Reach, host
from vibe_quant.app.launch import RunOptions, launch
from vibe_quant.app.redaction import Redactor
from vibe_quant.app.refusal import CredentialsError, RunRefusedError
from vibe_quant.app.session import Plan
from vibe_quant.app.sim_venue import box_options
from vibe_quant.binance.urls import endpoints_of
from vibe_quant.cli.app import app
from vibe_quant.config import ConfigLoader
from vibe_quant.domain.enums import PositionSide
from vibe_quant.domain.events import JournalState
from vibe_quant.domain.intents import Notify
from vibe_quant.domain.settings import Settings, Venue
from vibe_quant.sim.front.box_options import BoxError, BoxOptions
from vibe_quant.sim.server import SimServer
from vibe_quant.web.control_socket import ControlSocket

DEMO = Path(__file__).resolve().parents[1] / "config" / "demo.yaml"
KEYS = {"VIBE_QUANT_API_KEY": "canaryKey0123456789", "VIBE_QUANT_API_SECRET": "canarySecret9876543210"}
SIMULATED = {"exchange_rest": "http://127.0.0.1:9", "exchange_ws": "ws://localhost:10"}


@dataclass
class Run:
    """Launches with a run that does nothing."""

    folder: Path
    code: int = 0
    defect: Exception | None = None
    jobs: list[Job] = field(default_factory=list)
    out: io.StringIO = field(default_factory=io.StringIO)
    err: io.StringIO = field(default_factory=io.StringIO)

    def config(self, venue: str, more: str = "", level: str = "info") -> Path:
        path = self.folder / "config.yaml"
        head = f"global: {{venue: {venue}, log: {{folder: '{self.folder}/logs', level: {level}}}{more}}}\n"
        path.write_text(head + 'symbols: {"BTC/USDT:USDT": {sides: [LONG]}, "ETH/USDT:USDT": }\n', encoding="utf-8")
        return path

    async def hosting(self, job: Job, redactor: Redactor) -> int:
        self.jobs.append(job)
        logger.info("working with {}", KEYS["VIBE_QUANT_API_SECRET"])
        if self.defect is not None:
            raise self.defect
        return self.code

    def __call__(self, venue: str, environment: dict[str, str] | None = None, **options: Any) -> int:
        return self.of(self.config(venue), environment, **options)

    def of(self, config: Path, environment: dict[str, str] | None = None, **options: Any) -> int:
        asked = RunOptions(config=config, **options)
        return launch(asked, environment or {}, self.out, self.err, self.hosting)

    @property
    def log(self) -> str:
        return (self.folder / "logs" / "vibe-quant.log").read_text(encoding="utf-8")


@pytest.fixture(autouse=True)
def signals() -> Iterator[None]:
    """A run leaves them ignored, for its process ends with it."""
    before = {number: signal.getsignal(number) for number in (signal.SIGINT, signal.SIGTERM)}
    yield
    for number, handler in before.items():
        signal.signal(number, handler)


@pytest.fixture
def run(tmp_path: Path) -> Run:
    return Run(tmp_path)


def command(*args: object) -> Result:
    return CliRunner().invoke(app, ["run", *(str(arg) for arg in args)], env=dict.fromkeys(KEYS))


@pytest.mark.parametrize(
    ("venue", "options", "says"),
    [
        ("live", {}, ["real money", "--live was not given", "Give --live as well", "set global.venue to sim"]),
        ("sim", {"live": True}, ["--live was given", "global.venue is sim", "Leave --live out"]),
        ("paper", {"live": True}, ["--live was given", "global.venue is paper"]),
        ("paper", {"exchange_ws": "ws://localhost:10"}, ["go together"]),
        ("testnet", SIMULATED, ["name a simulated exchange", "global.venue is testnet"]),
        ("live", {"live": True, **SIMULATED}, ["global.venue is live"]),
        ("sim", {"exchange_rest": "http://127.0.0.1:9"}, ["go together"]),
        (
            "sim",
            {**SIMULATED, "exchange_rest": "http://fapi.example.com:80"},
            ["--exchange-rest", "http://127.0.0.1:PORT"],
        ),
        ("sim", {**SIMULATED, "exchange_rest": "http://10.0.0.1:80"}, ["on this host"]),
        ("sim", {**SIMULATED, "exchange_rest": "https://127.0.0.1:9"}, ["--exchange-rest"]),
        ("sim", {**SIMULATED, "exchange_rest": "http://127.0.0.1"}, ["--exchange-rest"]),
        ("sim", {**SIMULATED, "exchange_ws": "ws://me@127.0.0.1:9"}, ["--exchange-ws", "ws://127.0.0.1:PORT"]),
        ("sim", {**SIMULATED, "exchange_ws": "ws://127.0.0.1:9/private"}, ["--exchange-ws"]),
        ("sim", {**SIMULATED, "exchange_ws": "ws://[127.0.0.1:9"}, ["--exchange-ws"]),
    ],
)
def test_refused_before_anything_is_started(run: Run, venue: str, options: dict[str, Any], says: list[str]) -> None:
    with pytest.raises(RunRefusedError) as refused:
        run(venue, KEYS, **options)
    assert [piece for piece in says if piece not in str(refused.value)] == []
    assert run.jobs == []
    assert not (run.folder / "logs").exists()


@pytest.mark.parametrize(("venue", "options"), [("testnet", {}), ("live", {"live": True}), ("sim", SIMULATED)])
def test_keys_are_asked_for(run: Run, venue: str, options: dict[str, Any]) -> None:
    with pytest.raises(CredentialsError, match="API key and secret are not given"):
        run(venue, **options)


def test_live_without_live_on_the_command_line(run: Run) -> None:
    done = command("--config", run.config("live"))
    assert done.exit_code == 4
    assert "--live was not given" in done.stderr
    assert done.stdout == ""


def test_keys_that_are_missing_and_files_that_are_not_there(run: Run) -> None:
    done = command("--config", run.config("testnet"))
    assert done.exit_code == 2
    assert "VIBE_QUANT_API_KEY_FILE" in done.stderr
    assert command("--config", run.folder / "none.yaml").exit_code == 2
    assert command("--config", run.config("lve")).exit_code == 4


@pytest.mark.parametrize(
    ("venue", "options", "words"),
    [
        ("sim", {}, "SIMULATED"),
        ("paper", {}, "PAPER: venue paper. The market is real, the fills are imagined: nothing is ever sent."),
        ("testnet", {}, "TESTNET"),
        ("live", {"live": True}, "LIVE: REAL MONEY"),
    ],
)
def test_the_venue_is_the_first_thing_said(run: Run, venue: str, options: dict[str, Any], words: str) -> None:
    assert run(venue, KEYS, **options) == 0
    lines = run.err.getvalue().splitlines()
    assert lines[1].startswith(words)
    assert lines[0] == lines[2] == "=" * 78
    text = "\n".join(lines)
    loaded = ConfigLoader().load(run.folder / "config.yaml")
    for piece in (
        f"vibe-quant {__version__}, ",
        f"sha256 {loaded.sha256[:12]}",
        "works BTC/USDT:USDT LONG, ETH/USDT:USDT LONG and SHORT",
    ):
        assert piece in text
    assert run.log.startswith(f"# vibe-quant log, venue {venue}, version {__version__}, started ")
    assert run.out.getvalue() == ""


def test_what_is_worked_and_what_is_unwise_is_said(run: Run) -> None:
    assert run.of(run.config("sim", ", manage: all")) == 0
    assert "works every open position of the account; by settings of their own BTC/USDT:USDT LONG" in run.err.getvalue()
    assert "those you open by hand too" in run.err.getvalue()


def test_the_banner_is_said_at_every_level(run: Run) -> None:
    assert run.of(run.config("sim", level="error")) == 0
    assert run.err.getvalue().splitlines()[-1] == "works BTC/USDT:USDT LONG, ETH/USDT:USDT LONG and SHORT"


def test_no_key_is_written(run: Run) -> None:
    run.defect = ValueError(f"GET /x?signature={'ab' * 32} {KEYS['VIBE_QUANT_API_KEY']}")
    assert run("testnet", {**KEYS, "PGPASSWORD": "canaryTiger"}) == 1
    for text in (run.err.getvalue(), run.log):
        assert "working with ***" in text
        assert "a defect: the program ends" in text
        assert "ValueError" in text
        assert "canary" not in text
        assert "abab" not in text


def test_the_exit_code_is_the_runs(run: Run) -> None:
    run.code = 3
    assert run("sim") == 3


def test_where_the_state_is(run: Run) -> None:
    for environment, options in (
        ({}, {}),
        ({"STATE_DIRECTORY": "/var/lib/vq:/var/lib/b"}, {}),
        ({"STATE_DIRECTORY": "/var/lib/vq"}, {"state": Path("here")}),
    ):
        run("sim", environment, **cast("dict[str, Any]", options))
    assert [job.state for job in run.jobs] == [Path("state/sim"), Path("/var/lib/vq/sim"), Path("here/sim")]


def test_what_the_run_is_against(run: Run) -> None:
    run("sim")
    run("sim", KEYS, **SIMULATED)
    run("live", KEYS, live=True, until_flat=True)
    embedded, served, live = (job.exchange for job in run.jobs)
    assert isinstance(embedded, BoxOptions)
    assert isinstance(served, Reach)
    assert isinstance(live, Reach)
    assert served.endpoints.rest == "http://127.0.0.1:9"
    assert served.endpoints.ws_private == "ws://localhost:10/private"
    assert live.endpoints.rest.startswith("https://")
    assert [job.until_flat for job in run.jobs] == [False, False, True]


def test_paper_reads_no_keys_and_watches_the_real_market_unless_another_is_named(run: Run) -> None:
    run("paper", {"VIBE_QUANT_API_KEY": "half of a pair"})
    run("paper", KEYS, **SIMULATED)
    watched, named = (job.exchange for job in run.jobs)
    assert isinstance(watched, Reach)
    assert isinstance(named, Reach)
    assert watched.credentials is named.credentials is None
    assert watched.endpoints == endpoints_of(Venue.LIVE)
    assert named.endpoints.rest == "http://127.0.0.1:9"


def test_the_embedded_exchange_holds_what_the_demonstration_says() -> None:
    box = box_options(ConfigLoader().load(DEMO).settings)
    assert [source.instrument.symbol for source in box.markets] == ["BTCUSDT", "ETHUSDT"]
    assert [(seat.symbol, seat.side) for seat in box.positions] == [
        ("BTCUSDT", PositionSide.LONG),
        ("ETHUSDT", PositionSide.SHORT),
    ]
    assert box.wallets == {"USDT": 5000}


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ('symbols: {"PEPE/USDT:USDT": }', "lists no PEPEUSDT; it has BTCUSDT"),
        ("global: {manage: all, sim: {scenario: clam}}", "no scenario 'clam'; there are calm"),
    ],
)
def test_what_the_embedded_exchange_cannot_hold(tmp_path: Path, text: str, says: str) -> None:
    path = tmp_path / "config.yaml"
    path.write_text(text, encoding="utf-8")
    with pytest.raises(BoxError, match=says):
        box_options(ConfigLoader().load(path).settings)
    assert command("--config", path).exit_code == 2


def test_without_symbols_it_lists_two_majors(tmp_path: Path) -> None:
    path = tmp_path / "config.yaml"
    path.write_text("global: {manage: all}", encoding="utf-8")
    box = box_options(ConfigLoader().load(path).settings)
    assert [source.instrument.symbol for source in box.markets] == ["BTCUSDT", "ETHUSDT"]


@pytest.mark.parametrize("terminal", [True, False])
def test_whether_somebody_sits_at_a_terminal_reaches_who_shows_the_pages_token(
    run: Run, monkeypatch: pytest.MonkeyPatch, terminal: bool
) -> None:
    """What is made of it: tests/app/test_web_access.py."""
    told: list[bool] = []

    def announcing(*_: object, terminal: bool) -> Callable[[str], None]:
        told.append(terminal)
        return lambda _: None

    async def work(plan: Plan) -> int:
        return 0

    monkeypatch.setattr("vibe_quant.app.front_list.announcing", announcing)
    monkeypatch.setattr(run.err, "isatty", lambda: terminal)
    assert run("sim") == 0
    (job,) = run.jobs
    asyncio.run(host(job, Redactor(), work))
    assert told == [terminal]


class FakeApp:
    def __init__(self) -> None:
        self.stops = 0
        self.stopped = asyncio.Event()
        self.engine = SimpleNamespace(side_view=lambda symbol, side: None)
        self.parts = SimpleNamespace(clock=SystemClock())
        self.settings = Settings()

    def stop(self) -> None:
        self.stops += 1
        self.stopped.set()


Hosted = Callable[..., Job]


@pytest.fixture
def job(tmp_path: Path) -> Job:
    loaded = ConfigLoader().load(DEMO)
    box = box_options(loaded.settings)
    return Job(loaded=loaded, exchange=box, state=tmp_path, until_flat=True, version="1", out=io.StringIO())


async def test_the_cards_hear_of_what_they_have_missed_and_the_ways_to_the_operator_of_the_defect(
    job: Job, monkeypatch: pytest.MonkeyPatch
) -> None:
    missed, told = list[str | None](), list[Notify]()

    def fail(*_: object) -> None:
        raise ArithmeticError("as the test wants it")

    async def work(plan: Plan) -> int:
        for observer in plan.observers:
            observer.offer(1, JournalState(True, 1), (), None)
            observer.drain()
        return 0

    monkeypatch.setattr(Cards, "see", fail)
    monkeypatch.setattr(Cards, "missed", lambda _, symbol: missed.append(symbol))
    monkeypatch.setattr(ControlSocket, "notice", lambda _, notice: told.append(notice))
    await host(job, Redactor(), work)
    assert missed == [None]
    (notice,) = told
    assert "cards has failed at something that has happened (JournalState)" in notice.text


async def test_a_run_gets_an_exchange_of_its_own_whose_keys_are_hidden(job: Job) -> None:
    plans: list[Plan] = []
    redactor = Redactor()

    async def work(plan: Plan) -> int:
        plans.append(plan)
        return 7

    assert await host(job, redactor, work) == 7
    (plan,) = plans
    assert plan.endpoints.rest.startswith("http://127.0.0.1:")
    assert plan.goal is Goal.FLAT
    assert [observer.name for observer in plan.observers][:2] == ["narrator", "cards"]
    assert plan.credentials is not None
    secret = plan.credentials.api_secret
    assert secret not in redactor.clean(f"x {secret} y")


async def test_a_signal_stops_and_a_second_changes_nothing(job: Job) -> None:
    fake = FakeApp()

    async def work(plan: Plan) -> int:
        plan.started(cast("Application", fake))
        for _ in range(2):
            os.kill(os.getpid(), signal.SIGTERM)
            await asyncio.sleep(0.05)
        await fake.stopped.wait()
        return 0

    assert await host(job, Redactor(), work) == 0
    assert fake.stops == 1
    for number in (signal.SIGTERM, signal.SIGINT):
        os.kill(os.getpid(), number)  # while the process puts itself away


async def test_a_signal_before_the_work_has_begun_ends_the_start(job: Job) -> None:
    async def work(plan: Plan) -> int:
        os.kill(os.getpid(), signal.SIGINT)
        await asyncio.sleep(30)
        return 1

    assert await host(job, Redactor(), work) == 0


async def test_a_signal_while_the_start_is_ending_still_stops_what_began(job: Job) -> None:
    fake = FakeApp()

    async def work(plan: Plan) -> int:
        os.kill(os.getpid(), signal.SIGINT)
        try:
            await asyncio.sleep(30)
        except asyncio.CancelledError:
            plan.started(cast("Application", fake))
        return 5

    assert await host(job, Redactor(), work) == 5
    assert fake.stops == 1


async def test_an_exchange_that_ends_ends_the_run(job: Job, monkeypatch: pytest.MonkeyPatch) -> None:
    async def failed(self: object) -> None:
        raise OSError("the market has ended")

    monkeypatch.setattr("vibe_quant.app.hosting.SimServer.failed", failed)
    cancelled = asyncio.Event()

    async def work(plan: Plan) -> int:
        try:
            await asyncio.sleep(30)
        finally:
            cancelled.set()
        return 0

    with pytest.raises(OSError, match="market has ended"):
        await host(job, Redactor(), work)
    assert cancelled.is_set()


def test_a_service_ends_well_however_often_it_is_told_to(run: Run, tmp_path: Path) -> None:
    command = [sys.executable, "-m", "vibe_quant", "run", "--config", str(run.config("sim")), "--state", str(tmp_path)]
    with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True) as process:
        assert process.stderr is not None
        for line in process.stderr:
            if "the user stream is up" in line:
                break
        while process.poll() is None:
            process.send_signal(signal.SIGTERM)
            with suppress(subprocess.TimeoutExpired):
                process.wait(0.002)
        said = process.stderr.read()
    assert process.returncode == 0, said
    assert said.count("SIGTERM: stopping") == 1
    assert "no own order is live any more" in said


QUICK = """
global:
  sim:
    wallet: 300
    positions:
      - {{symbol: "BTC/USDT:USDT", side: LONG, qty: 0.02}}
      - {{symbol: "ETH/USDT:USDT", side: SHORT, qty: 0.5}}
  log: {{folder: '{folder}/logs', level: debug}}
  strategy: {{names: [patient], patient: {{horizon_s: 2, endgame_s: 1, child_s: 1, max_child_notional: 5000}}}}
symbols: {{"BTC/USDT:USDT": {{sides: [LONG]}}, "ETH/USDT:USDT": {{sides: [SHORT]}}}}
"""


@pytest.fixture
def quick(tmp_path: Path) -> Path:
    path = tmp_path / "quick.yaml"
    path.write_text(QUICK.format(folder=tmp_path), encoding="utf-8")
    return path


def test_a_long_and_a_short_are_worked_down_to_zero(quick: Path, tmp_path: Path) -> None:
    out, err = io.StringIO(), io.StringIO()
    options = RunOptions(config=quick, until_flat=True, state=tmp_path / "state")
    assert launch(options, {}, out, err) == 0
    titles = {line.strip() for line in out.getvalue().splitlines() if line.startswith("Exit of")}
    assert titles == {"Exit of LONG 0.02 BTC/USDT:USDT, patient", "Exit of SHORT 0.5 ETH/USDT:USDT, patient"}
    said = err.getvalue()
    for symbol, side in (("BTC/USDT:USDT", "LONG"), ("ETH/USDT:USDT", "SHORT")):
        for deed in ("stop_sent", "stop_stands", "order_sent", "notice_fill", "position_closed"):
            assert f"{deed} | symbol={symbol} side={side}" in said
        assert f"{symbol} {side}: the exit is done" in said
    server = SimServer(box_options(ConfigLoader().load(quick).settings))
    written = [path for path in tmp_path.rglob("*") if path.is_file() and path != quick]
    assert {path.name for path in written} >= {"vibe-quant.log", "journal.sqlite"}
    for secret in (server.api_key, server.api_secret):
        assert secret not in said + out.getvalue()
        assert [path for path in written if secret.encode() in path.read_bytes()] == []


async def test_two_embedded_exchanges_of_one_seed_are_two_accounts(quick: Path, tmp_path: Path) -> None:
    loaded = ConfigLoader().load(quick)
    outs = [io.StringIO(), io.StringIO()]
    jobs = [
        Job(
            loaded=loaded,
            exchange=box_options(loaded.settings),
            state=tmp_path / str(number),
            until_flat=True,
            version="1",
            out=out,
        )
        for number, out in enumerate(outs)
    ]
    assert await asyncio.gather(*(host(job, Redactor()) for job in jobs)) == [0, 0]
    assert [out.getvalue().count("Exit of") for out in outs] == [2, 2]
