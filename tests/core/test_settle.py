"""After an event about one symbol a desk that has nothing to look after is passed by: nothing else comes of that."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, replace
from decimal import Decimal
from itertools import product
from random import Random

from hypothesis import given
from hypothesis import strategies as st
from tests.core.law_lies import SIZES, Liar, Op, ops_of
from tests.core.law_setup import BRACKETS, EPOCH, OTHER, RUN, SYMBOL, rules_of, settings_of, symbol_settings
from tests.core.scenario import BTC, ETH, OFFSET, Scenario, listed, of, only, symbol
from tests.core.test_laws import examples

from vibe_quant.core.agenda import Agenda, Dated
from vibe_quant.core.engine import Engine
from vibe_quant.core.margin import Margins
from vibe_quant.domain import events as ev
from vibe_quant.domain import intents as it
from vibe_quant.domain.enums import NoticeKind, OrderStatus, PositionSide, RequestKind, Severity, Source
from vibe_quant.domain.risk_settings import DeadManSettings
from vibe_quant.domain.settings import Settings

MIRRORED = (ev.Quote, ev.Trade, ev.Mark, ev.PositionUpdate, ev.StopsRead, ev.DeadManAck)


class Forgetful(Agenda):
    """Asks every desk each time."""

    def is_due(self, symbol: str, now: int) -> bool:
        return True

    def first(self, desks: Mapping[str, Dated], now: int) -> int | None:
        self.forget(now)
        return super().first(desks, now)


class Unkept(Margins):
    """Looks everything up each time."""

    def keep(self, symbol: str | None = None) -> None:
        self.forget()


class Everyone(Engine):
    """Every desk looks after each event, is told of each timer, and is asked anew for its moment and its margin."""

    def __init__(self, settings: Settings) -> None:
        super().__init__(settings, RUN, Random(1))
        self._agenda = Forgetful()
        self.margins = Unkept(self.house.account, self.desks)

    def settle(self, out: list[it.Intent], now: int, symbol: str | None = None) -> list[it.Intent]:
        return super().settle(out, now)


class Shortlived(Agenda):
    """Keeps no moment over a timer."""

    def told(self, now: int) -> None:
        super().told(now)
        self._due.clear()


class Anew(Engine):
    """Every desk is asked anew for its moment after each timer, whoever it was for."""

    def __init__(self, settings: Settings) -> None:
        super().__init__(settings, RUN, Random(1))
        self._agenda = Shortlived()


class Both(Engine):
    """An engine beside ``other``, of which it keeps more in mind.

    Of two events about the one symbol the other symbol hears too; every second order there rests, until it is
    cancelled, and the others never left.
    """

    def __init__(self, settings: Settings, other: Engine) -> None:
        super().__init__(settings, RUN, Random(1))
        self.other = other
        self.heard = 0
        self.theirs: dict[str, it.OrderIntent] = {}

    def handle(self, event: ev.Event, now: int) -> list[it.Intent]:
        out = self._same(event, now)
        told = list(out)
        if isinstance(event, MIRRORED):
            self.heard += 1
            if self.heard % 2:
                told += self._same(replace(event, symbol=OTHER), now)
        for answer in [answer for intent in told for answer in self._of_exchange(intent, now)]:
            self._same(answer, now)
        return out

    def _of_exchange(self, intent: it.Intent, now: int) -> Iterator[ev.Event]:
        match intent:
            case it.OrderIntent(symbol=symbol) if symbol == OTHER:
                self.theirs[intent.client_id] = intent
                if len(self.theirs) % 2:
                    yield self._told(intent, OrderStatus.NEW, now)
                else:
                    yield ev.NotSent(RequestKind.SUBMIT, OTHER, intent.client_id, now)
            case it.CancelOrder(symbol=symbol, client_id=client_id) if symbol == OTHER and client_id in self.theirs:
                yield self._told(self.theirs[client_id], OrderStatus.CANCELED, now)
            case _:
                return

    def _told(self, order: it.OrderIntent, status: OrderStatus, now: int) -> ev.OrderUpdate:
        price = order.price or Decimal(100)
        return ev.OrderUpdate(
            OTHER, order.client_id, order.position_side, order.side, status, order.order_type, order.qty, price,
            Decimal(0), now + EPOCH, now, Source.STREAM,
        )  # fmt: skip

    def _same(self, event: ev.Event, now: int) -> list[it.Intent]:
        out = super().handle(event, now)
        assert out == self.other.handle(event, now), event
        mine, theirs = self.deadline(), self.other.deadline()
        assert theirs is None or (mine is not None and mine <= theirs), event
        for key in product((SYMBOL, OTHER), PositionSide):
            assert self.side_view(*key) == self.other.side_view(*key), (key, event)
        return out


@dataclass
class Twofold(Liar):
    """An adversary of two symbols; ``beside`` makes the engine that is compared with."""

    beside: Callable[[Settings], Engine] = Everyone

    def __post_init__(self) -> None:
        super().__post_init__()
        self.engine = Both(self.settings, self.beside(self.settings))


TWO_SYMBOLS = given(
    dead_man=st.booleans(),
    panic=st.booleans(),
    amend=st.booleans(),
    long=SIZES,
    short=SIZES,
    ops=ops_of("row", "report", "market"),
)


def compared(
    beside: Callable[[Settings], Engine], guard: tuple[bool, bool, bool], long: Decimal, short: Decimal, ops: list[Op]
) -> None:
    """``guard``: the dead-man's switch, panic, and amendments are on."""
    one = symbol_settings(dead_man=guard[0], panic=guard[1], amend=guard[2])
    both = replace(settings_of(one), symbols=((SYMBOL, one), (OTHER, one)))
    liar = Twofold(both, both, laws=frozenset(), beside=beside)
    liar.prologue(long, short)
    liar.feed(ev.RulesLoaded(rules_of(OTHER), liar.now, BRACKETS))
    liar.play(ops)


@examples(40)
@TWO_SYMBOLS
def test_no_desk_that_was_passed_by_had_anything_to_say(
    dead_man: bool, panic: bool, amend: bool, long: Decimal, short: Decimal, ops: list[Op]
) -> None:
    compared(Everyone, (dead_man, panic, amend), long, short, ops)


@examples(120)
@TWO_SYMBOLS
def test_a_moment_that_is_kept_over_a_timer_of_others_is_never_too_late(
    dead_man: bool, panic: bool, amend: bool, long: Decimal, short: Decimal, ops: list[Op]
) -> None:
    """Nor is anything decided otherwise than where all are asked anew, a panic or a stop least of all."""
    compared(Anew, (dead_man, panic, amend), long, short, ops)


def test_a_countdown_that_nothing_rests_under_any_more_is_ended_at_whatever_event_comes_first() -> None:
    guarded = replace(symbol(), risk=replace(symbol().risk, dead_man=DeadManSettings(True, 10)))
    desk = Scenario(listed(BTC=guarded, ETH=symbol()))
    desk.start("0.05")
    desk.passes(1500, quoting=True)
    out = desk.rise()
    [armed] = of(it.ArmDeadMan, out)
    desk.feed(ev.DeadManAck(BTC, armed.countdown_ms, desk.now))
    desk.fill(only(out))
    desk.passes(200)
    assert not desk.engine.desks[BTC].pair.active
    desk.now += 5001
    assert of(it.DisarmDeadMan, desk.feed(ev.LeverageUpdate(ETH, 5, desk.now + OFFSET, desk.now)))


def two_at_work() -> Scenario:
    """BTC's next moment lies far off, and it is known; the next timer is another's."""
    desk = Scenario(listed(BTC=symbol(), ETH=symbol()))
    desk.start("1")
    desk.passes(300, quoting=True)
    far = desk.now + 50_000
    desk.engine.desks[BTC].deadline = lambda now: far  # type: ignore[method-assign]
    desk.mark("100")
    desk.engine.deadline()
    return desk


def test_what_a_look_at_the_margin_says_makes_its_desk_be_asked_for_its_moment_anew() -> None:
    """A panic that begins by another symbol's loss, and whose order cannot leave now, is timed from then on."""
    desk = two_at_work()
    btc, soon = desk.engine.desks[BTC], desk.now + 7
    said: list[it.Intent] = [it.Notify(NoticeKind.RISK, Severity.ALARM, "in panic")]
    btc.on_margin = lambda now: said  # type: ignore[method-assign]
    btc.deadline = lambda now: soon  # type: ignore[method-assign]
    assert said[0] in desk.feed(ev.Timer(desk.now))
    assert desk.engine.deadline() == soon


def test_what_it_brings_nearer_without_a_word_is_not_slept_over() -> None:
    desk = two_at_work()
    btc, soon = desk.engine.desks[BTC], desk.now + 7
    stop, plain = btc.sides[PositionSide.LONG].stop, btc.on_margin

    def waits(now: int) -> list[it.Intent]:
        out = plain(now)
        stop.wake_ms = soon
        return out

    btc.on_margin = waits  # type: ignore[method-assign]
    desk.feed(ev.Timer(desk.now))
    assert desk.engine.deadline() == soon


def test_a_stop_that_nobody_keeps_any_more_or_whose_moment_has_passed_wakes_nobody_without_end() -> None:
    desk = two_at_work()
    btc = desk.engine.desks[BTC]
    side = btc.sides[PositionSide.LONG]
    side.stop.wake_ms = desk.now + 3
    near = btc.judged_deadline(desk.now)
    assert near == desk.now + 3
    assert btc.judged_deadline(desk.now + 3) != near
    side.gate.retired = True
    assert btc.judged_deadline(desk.now) != near


def test_a_timer_of_others_asks_no_desk_for_its_moment_again() -> None:
    desk, asked = two_at_work(), list[int]()

    def ask(now: int) -> int:
        asked.append(now)
        return now + 50_000

    desk.engine.desks[BTC].deadline = ask  # type: ignore[method-assign]
    desk.feed(ev.Timer(desk.now))
    desk.engine.deadline()
    assert not asked
    desk.mark("100")
    desk.engine.deadline()
    assert asked == [desk.now]
