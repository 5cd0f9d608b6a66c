"""For each gate a way into it: the scenario, when it closed, and the numbers that it must show."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field, replace

from tests.core.scenario import (
    BTC,
    LONG,
    OFFSET,
    SHORT,
    Scenario,
    listed,
    of,
    only,
    panicking,
    started,
    symbol,
    wallet_for,
)

from vibe_quant.domain import events as ev
from vibe_quant.domain import intents as do
from vibe_quant.domain.blocked import Blocked
from vibe_quant.domain.enums import PositionSide, StopStatus, Stream
from vibe_quant.domain.risk_settings import ProtectiveStopSettings


@dataclass(frozen=True, slots=True)
class Case:
    """``since``: when the gate closed, None where that is not looked at; ``facts``: all of the numbers."""

    desk: Scenario
    since: int | None
    facts: dict[str, str]
    side: PositionSide = LONG
    words: str | None = None
    noted: bool = field(default=True)
    """It is counted as a "not traded because"."""


CASES: dict[Blocked, Callable[[], Case]] = {}
Way = Callable[[], Case]


def into(blocked: Blocked) -> Callable[[Way], Way]:
    """The way into a gate."""

    def known(way: Way) -> Way:
        assert blocked not in CASES
        CASES[blocked] = way
        return way

    return known


def waits() -> Scenario:
    """A LONG of 1 in a calm market, waiting for a signal."""
    desk = started()
    desk.calm()
    return desk


def closes(desk: Scenario, event: ev.Event) -> int:
    """The event that closes the gate, a tenth of a second ago; when that was."""
    since = desk.now
    desk.feed(event)
    desk.passes(since + 100 - desk.now)
    return since


@into(Blocked.STOPPING)
def _() -> Case:
    desk = waits()
    return Case(desk, closes(desk, ev.Stop(desk.now)), {})


@into(Blocked.RETIRED)
def _() -> Case:
    desk = waits()
    return Case(desk, closes(desk, ev.Reload(desk.now, listed(BTC=symbol(sides=(SHORT,))))), {})


@into(Blocked.HALTED)
def _() -> Case:
    desk = started("1", repost_cooldown_ms=0, min_signal_interval_ms=0)
    order = only(desk.rise())
    for _ in range(4):
        order = only(desk.refused(order, -2019) + desk.passes(1050, quoting=True) + desk.rise())
    since = desk.now + 1
    desk.refused(order, -2019)
    desk.passes(100)
    why = "5 refusals in a row, the last with -2019"
    facts = {"halted": "this side", "because": why, "refusals_in_a_row": "5 of 5"}
    return Case(desk, since, facts, words=f"halted: {why}")


@into(Blocked.HELD)
def _() -> Case:
    desk = waits()
    since = closes(desk, ev.Hold(desk.now, "the start is not over"))
    return Case(desk, since, {}, words="the start is not over")


@into(Blocked.PAUSED)
def _() -> Case:
    desk = waits()
    since = closes(desk, ev.Pause(desk.now, BTC, desk.now + 5000))
    desk.engine.handle(ev.Pause(desk.now, None), desk.now)
    facts = {"pause of all": "until resumed", f"pause of {BTC}": "for a time", "left_ms": "4900"}
    return Case(desk, since, facts)


@into(Blocked.USER_DOWN)
def _() -> Case:
    desk = waits()
    heard = desk.engine.house.heard_ms
    since = closes(desk, ev.StreamDown(Stream.USER, desk.now))
    return Case(desk, since, {"silent_ms": str(desk.now - heard)})


@into(Blocked.UNREAD)
def _() -> Case:
    desk = waits()
    desk.mute = True
    desk.feed(ev.StreamDown(Stream.USER, desk.now))
    since = closes(desk, ev.StreamUp(Stream.USER, desk.now))
    return Case(desk, since, {"waiting_ms": "100"})


@into(Blocked.NO_CLOCK)
def _() -> Case:
    desk = waits()
    desk.engine.house.offset_ms = None
    desk.quote()
    return Case(desk, desk.now, {})


@into(Blocked.NO_JOURNAL)
def _() -> Case:
    desk = waits()
    since = closes(desk, ev.JournalState(False, desk.now, "the disk is full"))
    return Case(desk, since, {"journal": "the disk is full"})


@into(Blocked.NO_RULES)
def _() -> Case:
    desk = waits()
    desk.engine.desks[BTC].rulebook.rules = None
    desk.engine.desks[BTC].rulebook.due_ms = desk.now + 701
    desk.quote()
    return Case(desk, desk.now, {"asked_again_in_ms": "700"})


@into(Blocked.NOT_TRADING)
def _() -> Case:
    desk = waits()
    desk.rules = replace(desk.rules, status="SETTLING")
    since = closes(desk, ev.RulesLoaded(desk.rules, desk.now))
    facts = {"status": "SETTLING", "asked_again_in_ms": str(600_000 - 100)}
    return Case(desk, since, facts, words="the symbol is in status SETTLING")


@into(Blocked.RULES_AWAITED)
def _() -> Case:
    desk = waits()
    desk.mute = True
    desk.feed(ev.StreamDown(Stream.MARKET, desk.now))
    desk.feed(ev.StreamUp(Stream.MARKET, desk.now))
    desk.engine.house.sync.gate_ms = None
    desk.calm()
    return Case(desk, desk.now - 1, {"status": "TRADING", "asked_again_in_ms": str(10_000 - 2)})


@into(Blocked.RULES_DOUBTED)
def _() -> Case:
    desk = waits()
    desk.mute = True
    since = closes(desk, ev.ContractNews(BTC, "TRADING", desk.now))
    return Case(desk, since, {"status": "TRADING", "asked_again_in_ms": "9900"})


@into(Blocked.OTHER_IN_PANIC)
def _() -> Case:
    desk = Scenario(listed(BTC=panicking()))
    desk.start("1", "0.2", wallet=wallet_for("90", "0.8"))
    desk.passes(1200, quoting=True)
    desk.calm()
    since = desk.now + 1
    desk.mark("91.3")
    desk.passes(50)
    return Case(desk, since, {"leg": "LONG", "tier": "2", "dist": "0.0092"}, side=SHORT)


def protected() -> tuple[Scenario, do.PlaceStop]:
    """A LONG liquidated at 90 whose stop stands."""
    desk = Scenario(listed(BTC=symbol(stop=ProtectiveStopSettings())))
    desk.start("1", wallet=wallet_for("90"))
    [stop] = of(do.PlaceStop, desk.passes(6000, quoting=True))
    desk.stops = [desk.stop_report(stop, StopStatus.NEW)]
    desk.feed(desk.stops[0])
    desk.passes(1000, quoting=True)
    desk.calm()
    return desk, stop


@into(Blocked.FIRING)
def _() -> Case:
    desk, stop = protected()
    since = closes(desk, desk.stop_report(stop, StopStatus.TRIGGERED))
    return Case(desk, since, {"left_ms": "1900"})


@into(Blocked.BOOK_DOWN)
def _() -> Case:
    desk = waits()
    fresh = desk.engine.desks[BTC].view.trade_fresh_ms
    since = closes(desk, ev.StreamDown(Stream.BOOK, desk.now))
    return Case(desk, since, {"quote_age_ms": "never", "trade_age_ms": str(desk.now - fresh)})


@into(Blocked.TRADES_DOWN)
def _() -> Case:
    desk = waits()
    fresh = desk.engine.desks[BTC].view.quote_fresh_ms
    since = closes(desk, ev.StreamDown(Stream.MARKET, desk.now))
    return Case(desk, since, {"quote_age_ms": str(desk.now - fresh), "trade_age_ms": "never"})


@into(Blocked.NO_FRESH)
def _() -> Case:
    desk = waits()
    for stream in (Stream.BOOK, Stream.MARKET):
        desk.feed(ev.StreamDown(stream, desk.now))
    for stream in (Stream.BOOK, Stream.MARKET):
        desk.feed(ev.StreamUp(stream, desk.now))
    since = desk.now
    desk.passes(100)
    return Case(desk, since, {"quote_age_ms": "never", "trade_age_ms": "never", "limit_ms": "1500"})


@into(Blocked.STALE)
def _() -> Case:
    desk = waits()
    last = desk.now
    desk.passes(1800)
    facts = {"quote_age_ms": "", "trade_age_ms": "1800", "limit_ms": "1500"}
    facts["quote_age_ms"] = str(desk.now - desk.engine.desks[BTC].view.quote_fresh_ms)
    return Case(desk, last + 1501, facts)


@into(Blocked.BOOK_BEHIND)
def _() -> Case:
    desk = waits()
    view = desk.engine.desks[BTC].view
    quoted = view.quote_exch_ms
    desk.passes(1400)
    desk.calm()
    desk.passes(200)
    desk.trade("100.2")
    return Case(desk, desk.now, {"behind_ms": str(view.trade_exch_ms - quoted), "limit_ms": "1500"})


@into(Blocked.UNKNOWN)
def _() -> Case:
    desk = Scenario()
    desk.mute = True
    desk.start()
    desk.engine.house.sync.gate_ms = None
    desk.engine.desks[BTC].rulebook.rules = desk.rules
    return Case(desk, None, {}, noted=False)


@into(Blocked.FLAT)
def _() -> Case:
    desk = started("0")
    desk.calm()
    return Case(desk, None, {"qty": "0"}, noted=False)


@into(Blocked.NOT_LOOKED)
def _() -> Case:
    desk = waits()
    desk.engine.desks[BTC].sides[LONG].gate.note(None, desk.now)
    return Case(desk, None, {}, noted=False)


@into(Blocked.DOUBT)
def _() -> Case:
    desk = started()
    order = only(desk.rise())
    since = desk.now + 1
    desk.unknown(order)
    desk.passes(since + 300 - desk.now)
    return Case(desk, since, {"order": order.client_id, "unknown_ms": "300"})


@into(Blocked.LEFTOVER)
def _() -> Case:
    desk = Scenario()
    desk.resting = [desk.foreign("vq-old-7", "0.3", exch_ms=OFFSET)]
    desk.start("1")
    since = desk.view().blocked_since_ms
    desk.passes(100)
    return Case(desk, since, {"order": "vq-old-7"})


@into(Blocked.COOLDOWN)
def _() -> Case:
    desk = started(repost_cooldown_ms=1000)
    order = only(desk.rise())
    desk.ack(order)
    desk.calm()
    desk.fill(order)
    since = desk.now - 1  # the row came first, and was taken for it
    desk.passes(since + 100 - desk.now)
    return Case(desk, since, {"left_ms": "900"}, noted=False)


@into(Blocked.PANIC_PAUSED)
def _() -> Case:
    desk = Scenario(listed(BTC=panicking()))
    desk.start("1", wallet=wallet_for("90"))
    desk.passes(1200, quoting=True)
    desk.feed(ev.Pause(desk.now, None, None, panic=True))
    since = desk.now + 1
    desk.mark("91.3")
    desk.passes(100)
    return Case(desk, since, {"pause of all": "until resumed, panic too"})


@into(Blocked.PANIC_BACKOFF)
def _() -> Case:
    desk = Scenario(listed(BTC=panicking()))
    desk.start("1", wallet=wallet_for("90"))
    desk.passes(1200, quoting=True)
    order = only(desk.mark("91.3"))
    since = desk.now + 1
    desk.refused(order, -2019)
    desk.passes(since + 40 - desk.now)
    return Case(desk, since, {"refusals": "1", "left_ms": "60"})
