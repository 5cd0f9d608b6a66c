"""The start gate: each refusal by itself, each with nothing sent; what is only reported; a network that comes late."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from decimal import Decimal
from typing import Any

import pytest
from tests.app.fake_exchange import RIGHTS, WALL_MS, FakeClock, FakeExchange, order, rules

from vibe_quant.app.instance import Held, Holder
from vibe_quant.app.patience import LONGEST_MS, SAY_EACH_MS
from vibe_quant.app.start_findings import PASS_MS, Account, Check, Finding
from vibe_quant.app.start_gate import Report, StartGate, held_by_another
from vibe_quant.app.time_sync import TimeSync
from vibe_quant.domain import events as ev
from vibe_quant.domain.account import Position
from vibe_quant.domain.enums import PositionSide, Severity
from vibe_quant.domain.intents import Notify
from vibe_quant.domain.settings import AllowSettings, GlobalSettings, Manage, Settings, SymbolSettings, Venue
from vibe_quant.ports import (
    Accepted,
    AccountConfig,
    AuthLost,
    Banned,
    KeyRights,
    NotSent,
    Outcome,
    RateLimited,
    Rejected,
    Unknown,
)

BTC, ETH, NEW = "BTC/USDT:USDT", "ETH/USDT:USDT", "币安人生/USDT:USDT"
LISTED = Settings(symbols=((BTC, SymbolSettings()), (ETH, SymbolSettings())))
ACCOUNT = Account("0123456789abcdef", Venue.LIVE, AllowSettings(), "vq")
GOOD = AccountConfig(hedge_mode=True, multi_assets=False, can_trade=True)


class Stage:
    """A gate on a healthy account; tests spoil one thing of it."""

    def __init__(self, settings: Settings = LISTED, account: Account = ACCOUNT) -> None:
        self.clock = FakeClock()
        self.exchange = FakeExchange(self.clock)
        self.notices: list[Notify] = []
        self.events: list[ev.Event] = []
        self.time = TimeSync(self.exchange, self.clock, self.events.append, self.notices.append)
        self.gate = StartGate(
            self.exchange, self.clock, self.time, settings, account, self.notices.append, self.clock.sleep
        )
        position = Position(BTC, PositionSide.LONG, Decimal(1), Decimal(60_000), WALL_MS)
        self.exchange.answers("snapshot", self.read(position))

    def read(self, *positions: Position, orders: tuple[ev.OrderUpdate, ...] = ()) -> Accepted[ev.AccountSnapshot]:
        return Accepted(ev.AccountSnapshot(None, positions, (), orders, (), 0, 0, WALL_MS))

    async def run(self) -> Report:
        report = await self.gate.run()
        assert self.exchange.sent == [], "the gate reads, and no more"
        return report


async def test_a_healthy_account_passes_without_a_word() -> None:
    stage = Stage()
    report = await stage.run()
    assert report.findings == ()
    assert report.refusals == ()
    assert report.stops_allowed
    assert report.key_passed
    assert report.measured is not None
    assert report.measured is stage.time.held
    assert [loaded.rules.symbol for loaded in report.rules] == [BTC, ETH]
    assert stage.events == [report.measured.event()]
    assert stage.notices == []


def config(**changed: bool) -> Callable[[FakeExchange], None]:
    return lambda exchange: exchange.answers("account_config", Accepted(replace(GOOD, **changed)))


def answer(method: str, outcome: Any) -> Callable[[FakeExchange], None]:
    return lambda exchange: exchange.answers(method, outcome)


def rights(**changed: bool) -> Callable[[FakeExchange], None]:
    return answer("key_rights", Accepted(KeyRights(RIGHTS | changed, ip_restricted=True)))


def no_such(symbol: str) -> Callable[[FakeExchange], None]:
    def spoil(exchange: FakeExchange) -> None:
        def read(asked: str) -> Outcome[ev.RulesLoaded]:
            if asked == symbol:
                return Rejected(-1121, "Invalid symbol.", WALL_MS)
            return Accepted(ev.RulesLoaded(rules(asked), 0))

        exchange.answers("rules", read)

    return spoil


def slow(exchange: FakeExchange) -> None:
    def read() -> Accepted[int]:
        exchange.clock.now += 1_050
        value = exchange.clock.now + WALL_MS
        exchange.clock.now += 1_050
        return Accepted(value)

    exchange.answers("server_time", read)


ME, YES, NO = ACCOUNT.fingerprint, True, False
REFUSALS: list[tuple[str, Callable[[FakeExchange], None], Check, bool, tuple[str, ...]]] = [
    (
        "no clock",
        answer("server_time", Rejected(404, "Not Found", 0)),
        Check.CLOCK,
        YES,
        (ME, "404 Not Found", "addresses"),
    ),
    ("vague clock", slow, Check.CLOCK, YES, (ME, "only to 1050 ms", "at most 1000 ms", "network")),
    ("one-way", config(hedge_mode=False), Check.MODE, NO, (ME, "one-way mode", "hedge mode")),
    (
        "multi-assets",
        config(multi_assets=True),
        Check.MULTI_ASSETS,
        YES,
        (ME, "multi-assets mode", "multi_assets: true"),
    ),
    ("restricted", config(can_trade=False), Check.KEY, NO, (ME, "canTrade")),
    (
        "no account",
        answer("account_config", Rejected(-4109, "Inactive.", 0)),
        Check.ACCOUNT,
        NO,
        (ME, "-4109 Inactive."),
    ),
    (
        "wrong key",
        answer("account_config", AuthLost(-2015, "Invalid API-key, IP, or permissions for action.", 0)),
        Check.KEY,
        NO,
        (ME, "-2015 Invalid API-key", "address"),
    ),
    (
        "withdraws",
        rights(enableWithdrawals=True),
        Check.KEY,
        NO,
        (ME, "enableWithdrawals", "key_rights: [enableWithdrawals]"),
    ),
    ("transfers", rights(enableInternalTransfer=True), Check.KEY, NO, (ME, "(enableInternalTransfer)")),
    ("transfers anywhere", rights(permitsUniversalTransfer=True), Check.KEY, NO, (ME, "(permitsUniversalTransfer)")),
    ("a new right", rights(enableInstantWithdraw=True), Check.KEY, NO, (ME, "(enableInstantWithdraw)")),
    ("no futures", rights(enableFutures=False), Check.KEY, NO, (ME, "enableFutures is false")),
    (
        "unread rights",
        answer("key_rights", Unknown("sapiGetAccountApiRestrictions: timeout")),
        Check.RIGHTS_UNREAD,
        YES,
        (ME, "timeout", "24 hours"),
    ),
    ("no rights on live", answer("key_rights", Accepted(None)), Check.RIGHTS_UNREAD, YES, (ME, "could not be read")),
    ("unknown symbol", no_such(ETH), Check.SYMBOL, YES, (ETH, "no such perpetual", "symbols:")),
    ("unread rules", answer("rules", Rejected(-1102, "Mandatory.", 0)), Check.SYMBOL, YES, (BTC, "-1102 Mandatory.")),
]


@pytest.mark.parametrize(("spoil", "check", "stops", "words"), [r[1:] for r in REFUSALS], ids=[r[0] for r in REFUSALS])
async def test_each_refusal_by_itself(
    spoil: Callable[[FakeExchange], None], check: Check, stops: bool, words: tuple[str, ...]
) -> None:
    stage = Stage()
    spoil(stage.exchange)
    report = await stage.run()
    first = report.refusals[0]
    assert {finding.check for finding in report.refusals} == {check}
    assert first.severity is Severity.ALARM
    assert report.stops_allowed is stops
    for word in (*words, "No order has been sent."):
        assert word in first.text
    assert first.notice().text == first.text
    assert len(report.refusals) == (2 if words[0] == BTC else 1)
    passed = check not in (Check.KEY, Check.RIGHTS_UNREAD, Check.ACCOUNT) or "canTrade" in words
    assert bool(report.key_passed) is passed


async def test_a_lost_key_is_asked_nothing_more() -> None:
    stage = Stage()
    stage.exchange.answers("account_config", AuthLost(-2015, "no", 0))
    report = await stage.run()
    assert len(report.findings) == 1
    assert [name for name, _ in stage.exchange.asked if name != "server_time"] == ["account_config"]


async def test_all_that_is_wrong_is_told_at_once() -> None:
    stage = Stage()
    config(hedge_mode=False, multi_assets=True)(stage.exchange)
    rights(enableWithdrawals=True, permitsUniversalTransfer=True)(stage.exchange)
    no_such(BTC)(stage.exchange)
    checks = [finding.check for finding in (await stage.run()).refusals]
    assert checks == [Check.MODE, Check.MULTI_ASSETS, Check.KEY, Check.KEY, Check.SYMBOL]


def allowed(allow: AllowSettings) -> Stage:
    return Stage(account=replace(ACCOUNT, allow=allow))


async def test_what_is_allowed_by_name_passes() -> None:
    stage = allowed(AllowSettings(key_rights=("enableWithdrawals",), multi_assets=True))
    config(multi_assets=True)(stage.exchange)
    rights(enableWithdrawals=True)(stage.exchange)
    report = await stage.run()
    assert report.refusals == ()
    assert report.key_passed
    rights(enableWithdrawals=True, enableInternalTransfer=True)(stage.exchange)
    (finding,) = (await stage.gate.run()).refusals
    assert "enableInternalTransfer" in finding.text


@pytest.mark.parametrize(
    ("outcome", "ago_ms", "passes"),
    [
        (Unknown("timeout"), 3 * 3_600_000, True),
        (Unknown("timeout"), PASS_MS - 10_000, True),
        (Unknown("timeout"), PASS_MS + 1, False),
        (AuthLost(-2015, "Invalid", 0), 1, True),
        (Rejected(404, "Not Found", 0), 1, True),
        (Banned(1000, "banned"), 1, True),
    ],
)
async def test_unread_rights_of_a_key_that_passed_lately_alarm_and_go_on(
    outcome: Any, ago_ms: int, passes: bool
) -> None:
    now = FakeClock().server_ms()
    stage = Stage(account=replace(ACCOUNT, key_passed_ms=now - ago_ms))
    stage.exchange.answers("key_rights", outcome)
    report = await stage.run()
    (finding,) = report.findings
    assert finding.check is Check.RIGHTS_UNREAD
    assert finding.severity is Severity.ALARM
    assert finding.refuses is not passes
    assert report.stops_allowed
    assert not report.key_passed, "a pass is not prolonged by itself"
    if ago_ms == 3 * 3_600_000:
        assert "good 3 hours ago" in finding.text


async def told(stage: Stage) -> tuple[Finding, ...]:
    report = await stage.run()
    assert report.refusals == ()
    assert report.stops_allowed
    return report.findings


async def test_no_position_is_reported() -> None:
    stage = Stage()
    stage.exchange.answers("snapshot", stage.read())
    (finding,) = await told(stage)
    assert "holds no managed position" in finding.text
    position = Position(NEW, PositionSide.SHORT, Decimal(1), Decimal(1), WALL_MS)
    stage.exchange.answers("snapshot", stage.read(position))
    assert "holds no managed position" in (await stage.gate.run()).findings[0].text


async def test_with_all_symbols_managed_any_position_is() -> None:
    stage = Stage(Settings(shared=GlobalSettings(manage=Manage.ALL)))
    position = Position(NEW, PositionSide.SHORT, Decimal(1), Decimal(1), WALL_MS)
    stage.exchange.answers("snapshot", stage.read(position))
    assert await told(stage) == ()


async def test_foreign_orders_and_leftovers_are_counted_apart() -> None:
    stage = Stage()
    held = Position(BTC, PositionSide.LONG, Decimal(1), Decimal(60_000), WALL_MS)
    orders = (order(BTC, "web_1"), order(BTC, "vq-abc-1"), order(BTC, "vqx"), order(ETH, "vq-abc-2"))
    stage.exchange.answers("snapshot", stage.read(held, orders=orders))
    texts = [finding.text for finding in await told(stage)]
    assert len(texts) == 3
    assert texts[0].startswith(f"{BTC}: 2 open orders of others")
    assert texts[1].startswith(f"{BTC}: 1 open orders left by an earlier run")
    assert texts[2].startswith(f"{ETH}: 1 open orders left by an earlier run")


async def test_a_snapshot_that_does_not_come_holds_nothing_up() -> None:
    stage = Stage()
    stage.exchange.answers("snapshot", Unknown("timeout"))
    (finding,) = await told(stage)
    assert "could not be read yet (timeout)" in finding.text
    assert stage.exchange.count("snapshot") == 3
    stage.exchange.answers("snapshot", Accepted(ev.AccountSnapshot(None, None, None, None, None, 0, 0, 0)))
    assert (await stage.gate.run()).findings == ()


async def test_a_symbol_that_is_not_trading_is_reported() -> None:
    stage = Stage()
    stage.exchange.answers("rules", lambda asked: Accepted(ev.RulesLoaded(rules(asked, "SETTLING"), 0)))
    findings = await told(stage)
    assert [finding.symbol for finding in findings] == [BTC, ETH]
    assert "status is SETTLING" in findings[0].text


async def test_a_key_for_any_address_is_reported() -> None:
    stage = Stage()
    stage.exchange.answers("key_rights", Accepted(KeyRights(RIGHTS, ip_restricted=False)))
    (finding,) = await told(stage)
    assert "works from any address" in finding.text


async def test_demo_does_not_tell_the_rights() -> None:
    stage = Stage(account=replace(ACCOUNT, venue=Venue.TESTNET))
    stage.exchange.answers("key_rights", Accepted(None))
    (finding,) = await told(stage)
    assert "does not tell the rights" in finding.text


@pytest.mark.parametrize(("off_ms", "words"), [(5_000, "5000 ms behind"), (-5_000, "5000 ms ahead of"), (900, None)])
async def test_a_host_whose_clock_is_off_is_told_and_carries_the_exchanges_time(off_ms: int, words: str | None) -> None:
    stage = Stage()
    stage.exchange.answers("server_time", lambda: Accepted(stage.clock.now + WALL_MS + off_ms))
    findings = await told(stage)
    assert [words in finding.text for finding in findings if words] == ([True] if words else [])
    assert stage.clock.offset_ms == WALL_MS + off_ms


async def test_a_clock_that_is_vague_once_may_be_sharp_the_next_time() -> None:
    stage = Stage()
    slow(stage.exchange)
    script = stage.exchange._script["server_time"]
    stage.exchange.answers("server_time", *[script[0]] * 5, lambda: Accepted(stage.clock.now + WALL_MS))
    assert await told(stage) == ()


@pytest.mark.parametrize("method", ["server_time", "account_config", "rules"])
@pytest.mark.parametrize(
    "failure",
    [
        NotSent("no connection"),
        Unknown("timeout"),
        Rejected(503, "Service Unavailable.", 0),
        Rejected(-1008, "x", 0),
        Rejected(502, "x", 0),
    ],
)
async def test_a_network_that_comes_late_is_waited_for(method: str, failure: Any) -> None:
    stage = Stage(Settings(symbols=((BTC, SymbolSettings()),)))
    healthy: dict[str, Any] = {
        "server_time": lambda: Accepted(stage.clock.server_ms()),
        "account_config": Accepted(GOOD),
        "rules": Accepted(ev.RulesLoaded(rules(BTC), 0)),
    }
    stage.exchange.answers(method, *[failure] * 12, healthy[method])
    begun = stage.clock.now
    report = await stage.run()
    assert report.findings == ()
    waited = stage.clock.now - begun
    assert waited == 1000 + 2000 + 4000 + 8000 + 16_000 + 7 * LONGEST_MS
    (notice,) = stage.notices
    assert "does not answer" in notice.text
    assert "no discretionary order is sent" in notice.text


async def test_a_long_wait_is_said_again() -> None:
    stage = Stage()
    tries = 2 * SAY_EACH_MS // LONGEST_MS
    stage.exchange.answers("account_config", *[NotSent("no route")] * tries, Accepted(GOOD))
    await stage.run()
    assert len(stage.notices) == 2


@pytest.mark.parametrize("failure", [RateLimited(45_000), Banned(120_000)])
async def test_a_ban_is_waited_out(failure: RateLimited | Banned) -> None:
    stage = Stage()
    stage.exchange.answers("account_config", failure, Accepted(GOOD))
    begun = stage.clock.now
    await stage.run()
    assert stage.clock.now - begun == failure.wait_ms


async def test_a_refused_timestamp_measures_the_clock_again() -> None:
    stage = Stage()
    stage.exchange.answers("account_config", Rejected(-1021, "Timestamp", 0), Accepted(GOOD))
    report = await stage.run()
    assert report.findings == ()
    assert stage.exchange.count("server_time") == 10


def test_another_instance_reads_and_places_nothing() -> None:
    report = held_by_another(Held("0123456789abcdef", Holder(7, "noon", "a.yaml", "live"), 7))
    (finding,) = report.refusals
    assert finding.check is Check.INSTANCE
    assert "process 7, since noon" in finding.text
    assert not report.stops_allowed
    assert report.with_finding(finding).refusals == (finding, finding)
