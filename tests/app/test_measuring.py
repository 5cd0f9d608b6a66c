"""What the application counts of itself, as it is after a run over fake ports."""

from __future__ import annotations

from decimal import Decimal

from tests.app.test_application import House, S

from vibe_quant.app.measuring import measures
from vibe_quant.app.observers import Observer
from vibe_quant.binance.frame_counts import Counters
from vibe_quant.domain import events as ev
from vibe_quant.domain.blocked import Blocked
from vibe_quant.domain.enums import PositionSide, RequestKind
from vibe_quant.domain.measures import Keys, Measures, Messages

D = Decimal
READ = Counters(9, 8, 1, {"x": 2, "y": 1}, {"aggTrade": 3}, {"depth": 4}, {})


def test_before_anything_runs_nothing_is_counted() -> None:
    assert measures(None).handled == Measures().handled == 0


async def test_of_a_run() -> None:
    observer = Observer("slow", lambda *_: None, most=0)
    house = House(observers=(observer,), streams=lambda: {"market": READ}, keys=lambda: Keys(3, 2, 1))
    at = house.clock.server_ms()
    house.inbox.put(ev.Quote(S, at, house.clock.now_ms(), D(99), D(1), D(100), D(1)))
    house.inbox.put(ev.Mark(S, at, house.clock.now_ms(), D(100)))
    await house.run()
    found = measures(house.app)
    assert found.handled == house.app.consumer.handled > 0
    assert found.messages == {"market": Messages(9, 1, 3, 3, 4)}
    assert found.keys == Keys(3, 2, 1)
    assert found.dropped["slow"] == observer.dropped > 0
    assert found.failed == {"slow": 0}
    assert found.sent[RequestKind.SNAPSHOT] >= 1
    assert found.outcomes[RequestKind.SNAPSHOT, "accepted"] >= 1
    assert found.round_trips[RequestKind.SNAPSHOT].count >= 1
    assert found.levels["stream"][0] == 1
    assert sum(ms for _, ms in found.levels.values()) > 0
    assert found.longest >= found.waiting
    gate = house.app.engine.desks[S].sides[PositionSide.LONG].gate
    gate.note(Blocked.PAUSED, 1)
    assert measures(house.app).gates[S, PositionSide.LONG] == "paused"
    gate.note(None, 2)
    assert (S, PositionSide.LONG) not in measures(house.app).gates
    for ages in (found.market_age_ms, found.mark_age_ms):
        assert set(ages) <= {S}
        assert all(age >= 0 for age in ages.values())
