"""After an event about one symbol a desk that has nothing to look after is passed by: nothing else comes of that."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import replace
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
from vibe_quant.domain.enums import OrderStatus, PositionSide, RequestKind, Source
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


class Both(Engine):
    """An engine beside one whose desks all look.

    Of two events about the one symbol the other symbol hears too; every second order there rests, until it is
    cancelled, and the others never left.
    """

    def __init__(self, settings: Settings) -> None:
        super().__init__(settings, RUN, Random(1))
        self.everyone = Everyone(settings)
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
        assert out == self.everyone.handle(event, now), event
        mine, theirs = self.deadline(), self.everyone.deadline()
        assert theirs is None or (mine is not None and mine <= theirs), event
        for key in product((SYMBOL, OTHER), PositionSide):
            assert self.side_view(*key) == self.everyone.side_view(*key), (key, event)
        return out


class Twofold(Liar):
    """An adversary of two symbols."""

    def __post_init__(self) -> None:
        super().__post_init__()
        self.engine = Both(self.settings)


@examples(40)
@given(
    dead_man=st.booleans(),
    panic=st.booleans(),
    amend=st.booleans(),
    long=SIZES,
    short=SIZES,
    ops=ops_of("row", "report", "market"),
)
def test_no_desk_that_was_passed_by_had_anything_to_say(
    dead_man: bool, panic: bool, amend: bool, long: Decimal, short: Decimal, ops: list[Op]
) -> None:
    one = symbol_settings(dead_man=dead_man, panic=panic, amend=amend)
    both = replace(settings_of(one), symbols=((SYMBOL, one), (OTHER, one)))
    liar = Twofold(both, both, laws=frozenset())
    liar.prologue(long, short)
    liar.feed(ev.RulesLoaded(rules_of(OTHER), liar.now, BRACKETS))
    liar.play(ops)


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
