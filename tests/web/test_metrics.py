"""What a scrape says: true to what happened, read by Prometheus's own parser, cheap, and bounded whatever happens."""

from __future__ import annotations

import asyncio
import re
from dataclasses import replace
from decimal import Decimal

import pytest
from prometheus_client.parser import text_string_to_metric_families
from tests.operations_fake import BTC, COST, ETH, LEG, STATUS
from tests.web import metric_scene as scene
from tests.web.metric_scene import LONG, MEASURES, SHORT, busy, order, quote, report, scraped, text_of, value

from vibe_quant import breath
from vibe_quant.domain import events as ev
from vibe_quant.domain.enums import ExecutionMode, OrderStatus, RequestKind
from vibe_quant.domain.measures import Measures
from vibe_quant.domain.spread import Spread
from vibe_quant.web import metric_tally
from vibe_quant.web.exposition import PREFIX, Exposition, Family
from vibe_quant.web.metric_families import FAMILIES
from vibe_quant.web.metrics import Metrics

D = Decimal
BTC_LONG = {"symbol": BTC, "side": "LONG"}
ETH_SHORT = {"symbol": ETH, "side": "SHORT"}


def test_every_metric_has_a_line_where_everything_happens() -> None:
    found = scraped(busy())
    for family in FAMILIES:
        name = f"{family.name}_bucket" if family.kind == "histogram" else family.name
        assert name in found, name
        for sample in found[name]:
            assert set(sample.labels) - {"le"} == set(family.labels), name
    named = {family.name for family in FAMILIES}
    assert {re.sub(r"_(bucket|sum|count)$", "", name) for name in found} <= named
    assert len(named) == len(FAMILIES)


def test_names_follow_the_conventions() -> None:
    for family in FAMILIES:
        assert re.fullmatch(r"vibe_quant_[a-z0-9]+(_[a-z0-9]+)*", family.name)
        assert family.name.endswith("_total") == (family.kind == "counter")
        assert not re.search(r"_(ms|bps|percent|millis)", family.name)
        assert family.meaning.endswith(".")


def test_the_service_as_it_stands() -> None:
    found = scraped(busy())
    assert value(found, "ready") == 1
    assert value(found, "phase", phase="working") == 1
    assert value(found, "phase", phase="protecting") == 0
    assert value(found, "weight_used") == 41
    assert value(found, "level_entered_total", level="rest") == 2
    assert value(found, "level_seconds_total", level="rest") == 90
    assert value(found, "stream_up", stream="user") == 1
    assert value(found, "messages_odd_total", codec="market", how="late") == 3
    assert value(found, "market_age_seconds", symbol=BTC) == 0.25
    assert value(found, "observer_missed_total", observer="page") == 12
    assert value(found, "listen_keys_total", how="extended") == 5
    assert value(found, "request_outcomes_total", kind="submit", outcome="unknown") == 1
    assert value(found, "journal_ok") == 1
    body, _ = text_of(
        busy(), replace(STATUS, journal_trouble="full", breaker_open=True, held="the clock", weight_used=None)
    )
    text = body.decode()
    for line in ("vibe_quant_journal_ok 0", "vibe_quant_breaker_open 1", "vibe_quant_held 1"):
        assert f"\n{line}\n" in text
    assert "vibe_quant_weight_used " not in text.replace("# HELP vibe_quant_weight_used ", "").replace(
        "# TYPE vibe_quant_weight_used ", ""
    )


def test_each_side_as_it_stands() -> None:
    found = scraped(busy())
    assert value(found, "liquidation_distance_ratio", **BTC_LONG) == 0.0712
    assert value(found, "panic_tier", **BTC_LONG) == 2
    assert value(found, "panic_tier", **ETH_SHORT) == 0
    assert value(found, "position_notional", **BTC_LONG) == pytest.approx(0.842 * 60911.2)
    assert value(found, "stop_wanted", **BTC_LONG) == 1
    assert value(found, "stop_distance_ratio", **BTC_LONG) == pytest.approx((60911.2 - 57140) / 60911.2)
    assert value(found, "liquidation_rung_ratio", **BTC_LONG, rung="panic 1") == 0.012
    assert value(found, "side_state", **BTC_LONG, state="WAITING", mode="MAKER_ONLY") == 1
    assert value(found, "side_blocked", **ETH_SHORT, gate="paused") == 1
    assert value(found, "side_blocked_seconds", **ETH_SHORT) == 61
    assert value(found, "side_paused", **ETH_SHORT) == 1
    assert value(found, "exit_cost_so_far_ratio", **BTC_LONG) == pytest.approx(0.000184)


@pytest.mark.parametrize(
    ("leg", "wanted"),
    [
        (LEG, 1),
        (replace(LEG, qty=D(0)), 0),
        (replace(LEG, liq=None), 0),
        (replace(LEG, ladder=(("soft", D("0.015")),)), 0),
    ],
)
def test_a_stop_is_missed_only_where_one_ought_to_stand(leg: object, wanted: int) -> None:
    body, _ = text_of(busy(), replace(STATUS, legs=(leg,)))  # type: ignore[arg-type]
    assert f'vibe_quant_stop_wanted{{symbol="{BTC}",side="LONG"}} {wanted}\n' in body.decode()


def test_orders_their_ends_and_what_they_cost() -> None:
    found = scraped(busy())
    of = {"mode": "MAKER_ONLY", "reason": "patient"}
    assert value(found, "orders_total", **BTC_LONG, **of) == 3
    assert {end: value(found, "order_ends_total", **of, end=end) for end in ("filled", "unfilled", "refused")} == {
        "filled": 1,
        "unfilled": 1,
        "refused": 1,
    }
    assert value(found, "fills_total", **BTC_LONG, role="maker") == 1
    assert value(found, "filled_notional_total", **BTC_LONG, role="maker") == 99.9
    assert value(found, "fees_total", asset="USDT") == 0.02
    assert value(found, "realized_pnl", **BTC_LONG) == -1.5
    assert value(found, "fill_slippage_ratio_sum", mode="MAKER_ONLY") == pytest.approx(0.001)
    assert value(found, "order_life_seconds_sum", mode="MAKER_ONLY") == pytest.approx(2.2)
    assert value(found, "exits_total", symbol=COST.symbol, side="LONG") == 1
    assert value(found, "exit_cost_ratio_sum") == pytest.approx(0.000231)
    assert value(found, "refusals_total", kind="submit", code="-5022") == 1
    assert value(found, "notices_total", kind="risk", severity="alarm") == 1
    assert value(found, "exchange_orders_used", window="10s") == 7


def test_a_short_that_buys_above_the_mid_has_paid() -> None:
    metrics = Metrics("vq", Measures)
    metrics.see(1, ev.Timer(1), [order("vq-1", SHORT, ExecutionMode.AGGRESSIVE_LIMIT)], quote())
    metrics.see(2, report("vq-1", OrderStatus.PARTIALLY_FILLED, "0.5", "101", 1, SHORT), (), None)
    metrics.see(3, report("vq-1", OrderStatus.CANCELED, "0.5", side=SHORT), (), None)
    found = scraped(metrics)
    assert value(found, "fill_slippage_ratio_sum", mode="AGGRESSIVE_LIMIT") == pytest.approx(0.01)
    assert value(found, "order_ends_total", mode="AGGRESSIVE_LIMIT", reason="patient", end="part") == 1


def test_what_is_told_twice_counts_once_and_a_strangers_order_not() -> None:
    metrics = Metrics("vq", Measures)
    metrics.see(1, quote(1), [order("vq-1")], quote())
    done = report("vq-1", OrderStatus.FILLED, "1", "100", 5)
    for update in (done, done, replace(done, client_id="web_x", trade_id=6)):
        metrics.see(2, update, (), None)
    metrics.see(3, ev.Refused(RequestKind.CANCEL, BTC, "vq-1", -2011, 3, 3), (), None)
    metrics.see(3, ev.NotSent(RequestKind.SUBMIT, BTC, "vq-1", 3), (), None)
    found = scraped(metrics)
    assert value(found, "fills_total", **BTC_LONG, role="maker") == 1
    assert [sample.value for sample in found["vibe_quant_order_ends_total"]] == [1]


def test_lags_are_from_the_exchanges_time_and_to_the_decision() -> None:
    found = scraped(busy())
    assert value(found, "event_lag_seconds_sum", event="quote") == pytest.approx(0.02)
    assert value(found, "event_lag_seconds_sum", event="trade") == pytest.approx(0.1)
    assert value(found, "event_lag_seconds_count", event="order") == 2
    assert value(found, "decision_lag_seconds_count") == 2
    assert value(found, "decision_lag_seconds_sum") == pytest.approx(0.006)
    before = Metrics("vq", Measures)
    before.see(1003, quote(), [order("vq-1")], quote())
    assert "vibe_quant_event_lag_seconds_count" not in scraped(before)


def test_histograms_are_cumulative_and_end_with_all() -> None:
    found = scraped(busy())
    buckets = [s for s in found["vibe_quant_request_seconds_bucket"] if s.labels["kind"] == "submit"]
    assert {
        s.labels["le"]: s.value for s in buckets if s.labels["le"] in ("0.0025", "0.005", "0.05", "10.0", "+Inf")
    } == {
        "0.0025": 0,
        "0.005": 1,
        "0.05": 2,
        "10.0": 2,
        "+Inf": 3,
    }
    assert value(found, "request_seconds_sum", kind="submit") == pytest.approx(20.034)


def test_a_value_on_a_bound_is_within_it() -> None:
    spread = Spread((1.0, 2.0))
    for number in (1.0, 1.1, 2.0, 3.0):
        spread.add(number)
    assert (spread.counts, spread.count) == ([1, 2, 1], 4)
    assert spread.total == pytest.approx(7.1)


def test_labels_are_escaped_as_prometheus_reads_them() -> None:
    out, odd = Exposition(), 'a"b\\c\nd'
    out.add((Family("gauge", "odd", "Odd.", ("name",)), [((odd,), 1.5)]))
    (family,) = text_string_to_metric_families(out.body().decode())
    (sample,) = family.samples
    assert (sample.name, sample.labels, sample.value) == (f"{PREFIX}odd", {"name": odd}, 1.5)


def test_nothing_grows_without_end(monkeypatch: pytest.MonkeyPatch) -> None:
    """Orders and trades are forgotten, codes and assets beyond what is plausible are counted together."""
    monkeypatch.setattr(metric_tally, "KEPT", 50)
    metrics = Metrics("vq", Measures)
    for number in range(1, 2000):
        metrics.see(number, quote(number), [order(f"vq-{number}")], quote())
        filled = report(f"vq-{number}", OrderStatus.FILLED, "1", "100", number)
        metrics.see(number, replace(filled, fee_asset=f"A{number}"), (), None)
        metrics.see(number, ev.Refused(RequestKind.CANCEL, BTC, f"vq-{number}", -number, 1, 1), (), None)
    tally = metrics._tally
    assert len(tally._orders) == len(tally._trades) == 50
    found = scraped(metrics)
    assert len(found["vibe_quant_refusals_total"]) <= metric_tally.NAMED + 13
    assert len(found["vibe_quant_fees_total"]) <= metric_tally.NAMED + 1
    assert sum(sample.value for sample in found["vibe_quant_refusals_total"]) == 1999
    assert value(found, "fees_total", asset="other") > 0
    assert not any("vq-" in str(sample.labels) for samples in found.values() for sample in samples)


async def test_a_scrape_of_twenty_symbols_is_done_in_pieces(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(breath, "PIECE_S", 0.0)
    monkeypatch.setattr(breath, "REST_S", 0.0)
    symbols = [f"C{n}/USDT:USDT" for n in range(20)]
    status = replace(STATUS, legs=tuple(replace(LEG, symbol=s, side=side) for s in symbols for side in (LONG, SHORT)))
    ages = dict.fromkeys(symbols, 100)
    trips = {kind: scene.spread(0.01, 0.1) for kind in RequestKind}
    metrics = Metrics("vq", lambda: replace(MEASURES, market_age_ms=ages, mark_age_ms=ages, round_trips=trips))
    for number, symbol in enumerate(symbols * 2):
        side = LONG if number % 2 else SHORT
        metrics.see(1, quote(), [replace(order(f"vq-{number}", side), symbol=symbol)], quote())
        update = replace(report(f"vq-{number}", OrderStatus.FILLED, "1", "100", number + 1, side), symbol=symbol)
        metrics.see(2, update, (), None)
    turns = 0

    async def others() -> None:
        nonlocal turns
        while True:
            turns += 1
            await asyncio.sleep(0)

    beside = asyncio.create_task(others())
    body, _ = await metrics.text(status)
    beside.cancel()
    assert body.count(b"\n") > 1000
    assert turns >= len(FAMILIES)


def test_before_anything_runs_there_is_a_scrape_too() -> None:
    starting = replace(STATUS, phase="starting", ready=False, legs=(), streams=())
    body, _ = text_of(Metrics("vq", Measures), starting)
    assert b'vibe_quant_phase{phase="starting"} 1\n' in body
    assert b"vibe_quant_ready 0\n" in body
