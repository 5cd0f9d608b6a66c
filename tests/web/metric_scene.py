"""A service in which everything happens that metrics tell of, so that each of them has a line."""

from __future__ import annotations

import asyncio
from dataclasses import replace
from decimal import Decimal

from prometheus_client.parser import text_string_to_metric_families
from prometheus_client.samples import Sample
from tests.operations_fake import BTC, COST, ETH, STATUS

from vibe_quant.domain import events as ev
from vibe_quant.domain.enums import (
    ExecutionMode,
    NoticeKind,
    OrderStatus,
    OrderType,
    PositionSide,
    RequestKind,
    Severity,
    SignalReason,
    Source,
    TimeInForce,
)
from vibe_quant.domain.intents import Notify, OrderIntent
from vibe_quant.domain.measures import Keys, Measures, Messages
from vibe_quant.domain.spread import Spread
from vibe_quant.domain.status import Status
from vibe_quant.web.metrics import Metrics

D = Decimal
LONG, SHORT = PositionSide.LONG, PositionSide.SHORT
OUTCOMES = ("accepted", "rejected", "unknown", "not_sent", "rate_limited", "banned", "auth_lost")
"""What ``app.round_trips`` counts; tests/app/test_round_trips.py holds the two together."""
OFFSET = 1_790_000_000_000


def spread(*values: float) -> Spread:
    """Of these."""
    made = Spread()
    for value in values:
        made.add(value)
    return made


MEASURES = Measures(
    handled=4242,
    waiting=3,
    longest=70,
    conflated=17,
    rows_lost=1,
    defects=2,
    breaker_opened=4,
    sent={RequestKind.SUBMIT: 9, RequestKind.MARK: 2},
    outcomes={(RequestKind.SUBMIT, what): 1 for what in OUTCOMES},
    round_trips={RequestKind.SUBMIT: spread(0.004, 0.03, 20.0), RequestKind.CANCEL: spread(0.01)},
    commits=spread(0.0004, 0.0007),
    levels={"stream": (3, 3_500_000), "rest": (2, 90_000), "breaker": (1, 10_000)},
    messages={"market": Messages(900, 1, 2, 3, 4), "user": Messages(50)},
    dropped={"narrator": 0, "page": 12},
    failed={"narrator": 0, "telegram": 3},
    keys=Keys(5, 1, 2),
    market_age_ms={BTC: 250},
    mark_age_ms={BTC: 1250},
    gates={(ETH, SHORT): "paused"},
)


def order(name: str, side: PositionSide = LONG, mode: ExecutionMode = ExecutionMode.MAKER_ONLY) -> OrderIntent:
    """An intent."""
    reason = SignalReason.PATIENT
    return OrderIntent(BTC, side, name, OrderType.LIMIT, D(1), D(100), TimeInForce.GTX, mode, reason, 0)


def report(
    name: str, status: OrderStatus, filled: str = "0", price: str = "0", trade: int = 0, side: PositionSide = LONG
) -> ev.OrderUpdate:
    """A report of the stream; a trade of all that is filled where it has a number."""
    last = D(filled) if trade else D(0)
    return ev.OrderUpdate(
        BTC, name, side, side.exit_side, status, OrderType.LIMIT, D(1), D(100), D(filled), OFFSET + 940, 1000,
        Source.STREAM, last_qty=last, last_price=D(price), trade_id=trade, is_maker=True, fee=D("0.02"),
        fee_asset="USDT", realized_pnl=D("-1.5"),
    )  # fmt: skip


def quote(recv_ms: int = 1000) -> ev.Quote:
    """99.9 to 100.1."""
    return ev.Quote(BTC, OFFSET + recv_ms - 20, recv_ms, D("99.9"), D(1), D("100.1"), D(1))


def busy() -> Metrics:
    """Metrics that have seen something of each kind."""
    metrics, now = Metrics("vq", lambda: MEASURES), 1003
    metrics.see(now, ev.ServerTime(OFFSET, 1000), (), None)
    metrics.see(now, quote(), [order("vq-1"), order("vq-2")], quote())
    metrics.see(now, ev.Trade(BTC, OFFSET + 900, 1000, D(100), D(1), buyer_is_maker=False), [order("vq-3")], quote())
    metrics.see(now + 400, report("vq-1", OrderStatus.FILLED, "1", "99.9", 11), (), quote())
    metrics.see(now + 900, report("vq-2", OrderStatus.CANCELED), (), quote())
    metrics.see(now + 900, ev.Refused(RequestKind.SUBMIT, BTC, "vq-3", -5022, 1900, OFFSET), (), quote())
    metrics.see(now, ev.PositionUpdate(BTC, LONG, D(1), D(100), OFFSET + 990, 1000), (), quote())
    metrics.see(now, ev.RateUsage(1000, 41, 7, 30), (), None)
    metrics.see(now, ev.RateLimited(2000, 1000), (), None)
    metrics.see(now, ev.RateLimited(2000, 1000, banned=True), (), None)
    metrics.notice(Notify(NoticeKind.LIFECYCLE, Severity.INFO, "up"))
    metrics.see(now, ev.Timer(1000), [Notify(NoticeKind.RISK, Severity.ALARM, "near", BTC, LONG)], None)
    metrics.cost(COST)
    return metrics


def text_of(metrics: Metrics, status: Status = STATUS) -> tuple[bytes, str]:
    """One scrape, with nothing beside it."""
    return asyncio.run(metrics.text(status))


def scraped(metrics: Metrics) -> dict[str, list[Sample]]:
    """By name, as a scraper nobody here wrote reads them; histograms by the names of their parts."""
    counts = (*STATUS.counts, ("telegram_unauthorised", 2), ("telegram_conflicts", 1))
    status = replace(STATUS, legs=(replace(STATUS.legs[0], panic_tier=1), STATUS.legs[1]), counts=counts)
    body, kind = text_of(metrics, status)
    assert kind.startswith("text/plain; version=0.0.4")
    found: dict[str, list[Sample]] = {}
    for family in text_string_to_metric_families(body.decode()):
        for sample in family.samples:
            found.setdefault(sample.name, []).append(sample)
    return found


def value(found: dict[str, list[Sample]], name: str, **labels: str) -> float:
    """Of the one sample with these labels."""
    (one,) = [sample.value for sample in found[f"vibe_quant_{name}"] if sample.labels == labels]
    return one
