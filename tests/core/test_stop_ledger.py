from __future__ import annotations

from dataclasses import replace
from decimal import Decimal

import pytest
from tests.core.stop_exchange import LONG, SHORT, SYMBOL, stop

from vibe_quant.core.stop_ledger import REMEMBERED, StopLedger
from vibe_quant.core.takeover import Need, Takeover, covers
from vibe_quant.domain.enums import OrderSide, PositionSide, StopStatus
from vibe_quant.domain.events import StopReport, StopsRead
from vibe_quant.domain.risk_settings import TakeoverSettings

D = Decimal
OWN = "vq-ps-x-L-1"


def ledger() -> StopLedger:
    return StopLedger(LONG, lambda client_id: client_id.startswith("vq-ps-"))


def read(request_ms: int, *stops: StopReport) -> StopsRead:
    return StopsRead(SYMBOL, stops, request_ms, request_ms + 50, 0)


def test_a_final_state_is_final_whatever_is_listed_later() -> None:
    book = ledger()
    book.asked(OWN, D(91), None, 0)
    book.report(stop(OWN, "91", status=StopStatus.CANCELED), 10)
    assert book.report(stop(OWN, "91"), 20) is None
    book.read(read(30, stop(OWN, "91")))
    assert len(book.stops) == 0


def test_a_status_never_falls_back() -> None:
    book = ledger()
    book.asked(OWN, D(91), None, 0)
    assert book.report(stop(OWN, "91", status=StopStatus.TRIGGERED), 10) is not None
    assert book.report(stop(OWN, "91", status=StopStatus.TRIGGERING), 20) is None
    book.read(read(30, stop(OWN, "91")))
    (one,) = book.stops
    assert (one.status, one.verified, one.settled) == (StopStatus.TRIGGERED, True, False)


def test_given_up_after_two_seconds_and_taken_in_again_by_a_later_read_only() -> None:
    book = ledger()
    book.asked(OWN, D(91), None, 1000)
    assert book.read(read(2999)) == ()
    lost = book.read(read(3000))
    assert lost is not None
    assert len(lost) == 1
    assert book.read(read(3000, stop(OWN, "91"))) == ()
    assert book.get(OWN) is None
    assert book.read(read(2000, stop(OWN, "91"))) is None  # outdated as a whole
    book.read(read(3001, stop(OWN, "91")))
    assert [s.settled for s in book.stops] == [True]


def test_a_cancel_is_over_where_a_later_read_does_not_list_it_and_undone_where_it_does() -> None:
    book = ledger()
    book.read(read(0, stop(OWN, "91")))
    book.canceling(OWN, 100)
    book.read(read(100, stop(OWN, "91")))
    assert [s.settled for s in book.stops] == [False]
    book.read(read(101, stop(OWN, "91")))
    assert [s.settled for s in book.stops] == [True]
    book.canceling(OWN, 200)
    assert book.read(read(199)) == ()
    assert book.read(read(200)) != ()


def test_other_legs_foreign_and_final_listings_are_passed_over() -> None:
    book = ledger()
    book.read(read(0, stop("user", "91"), stop(OWN, "91", side=SHORT), stop(OWN, "91", status=StopStatus.EXPIRED)))
    assert len(book.stops) == 0
    assert book.report(stop("user", "91"), 0) is None
    assert book.report(stop(OWN, "91", side=SHORT), 0) is None


def test_memory_is_bounded() -> None:
    book = ledger()
    held = Takeover(LONG, TakeoverSettings(), lambda client_id: False)
    for n in range(REMEMBERED + 1):
        book.report(stop(f"vq-ps-{n}", "91", status=StopStatus.CANCELED), n)
        held.report(stop(f"user-{n}", "91", status=StopStatus.CANCELED), None)
    assert book.report(stop("vq-ps-1", "91"), 99) is None
    assert book.report(stop("vq-ps-0", "91"), 99) is not None
    held.report(stop("user-1", "91"), None)
    held.report(stop("user-0", "91"), None)
    assert (held.knows(stop("user-1", "91")), held.knows(stop("user-0", "91"))) == (False, True)


@pytest.mark.parametrize(
    ("side", "good", "bad"), [(LONG, "92", ["90", "100", "101", "89"]), (SHORT, "108", ["110", "100"])]
)
def test_what_covers(side: PositionSide, good: str, bad: list[str]) -> None:
    need = Need(D(2), D(90) if side is LONG else D(110), D(100))
    assert covers(stop("user", good, side=side), need)
    assert covers(stop("user", good, side=side, qty=D(2)), need)
    assert not covers(stop("user", good, side=side, qty=D("1.999")), need)
    assert not any(covers(stop("user", price, side=side), need) for price in bad)
    opening = OrderSide.BUY if side is LONG else OrderSide.SELL
    assert not covers(replace(stop("user", good, side=side), order_side=opening), need)


def test_a_foreign_stop_without_a_client_id_is_known_by_its_number() -> None:
    held = Takeover(LONG, TakeoverSettings(), lambda client_id: client_id.startswith("vq-ps-"))
    need = Need(D(1), D(90), D(100))
    nameless = replace(stop("", "92"), algo_id=7)
    assert held.report(nameless, need)
    held.read(read(0, nameless), need)
    held.read(read(999, nameless), need)
    assert (held.held is not None, held.confirmed) == (True, False)
    assert not held.report(stop("other", "93"), need)  # one is enough
    held.read(read(1000, nameless, stop("other", "93")), need)
    assert held.confirmed
    held.report(replace(nameless, status=StopStatus.EXPIRED), need)
    assert held.held is None
    held.read(read(2000, nameless), None)
    assert held.deadline() is None
