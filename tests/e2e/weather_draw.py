"""Draws weather: every kind of fault with its parameters, two to five of them at moments that overlap."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from random import Random
from typing import Any

from tests.e2e.weather import COURSES, LONG, SHORT, STORM_S, STRATEGIES, Setup, Strike, Weather, switch_draws

ORDER = ["POST /fapi/v1/order", "PUT /fapi/v1/order", "DELETE /fapi/v1/order"]
CANCEL = ["DELETE /fapi/v1/order"]
QUERY = ["GET /fapi/v1/order"]
STOP = ["POST /fapi/v1/algoOrder", "DELETE /fapi/v1/algoOrder"]
READS = ["GET /fapi/v3/positionRisk", "GET /fapi/v3/account", "GET /fapi/v1/openOrders", "GET /fapi/v1/openAlgoOrders"]
ALL = ["*"]
TOUCHED = (ORDER, ORDER, CANCEL, QUERY, STOP, READS, ALL)
EVENTS = (["ORDER_TRADE_UPDATE"], ["ACCOUNT_UPDATE"], ["ALGO_UPDATE"], None)
CODES = ((-2022, "ReduceOnly Order is rejected."), (-2010, "rejected"), (-1111, "precision"), (-4131, "percent price"))
CODES_OF_STOPS = ((-2021, "Order would immediately trigger."), (-4045, "Reach max stop order limit."))
SYMBOLS = ("BTCUSDT", "BTCUSDT", "ETHUSDT")
COMMANDS = ("pause", "resume", "flatten", "reload")
Draw = Callable[[Random, Setup], Mapping[str, Any]]


def _where(random: Random, _: Setup) -> Mapping[str, Any]:
    return {"where": {"endpoint": random.choice(TOUCHED)}, "when": {"rate": random.choice((1, 0.5, 0.25))}}


def _reached(random: Random, setup: Setup) -> Mapping[str, Any]:
    return {**_where(random, setup), "reached": random.random() < 0.5}


def _delayed(*delays: int) -> Draw:
    return lambda random, setup: {**_where(random, setup), "delay_ms": random.choice(delays)}


def _refused(random: Random, _: Setup) -> Mapping[str, Any]:
    ours, codes = random.choice(((ORDER[:1], CODES), (STOP[:1], CODES_OF_STOPS)))
    code, message = random.choice(codes)
    return {"where": {"endpoint": ours}, "when": {"rate": 0.5}, "code": code, "message": message}


def _told(random: Random, _: Setup) -> Mapping[str, Any]:
    events = random.choice(EVENTS)
    return {"where": {} if events is None else {"events": events}, "when": {"rate": random.choice((1, 0.5))}}


def _classes(random: Random, _: Setup) -> Mapping[str, Any]:
    drawn = random.choice((["public"], ["market"], ["private"], ["private"], None))
    return {} if drawn is None else {"classes": drawn}


def _leg(random: Random, setup: Setup) -> Mapping[str, Any]:
    symbol, side, _ = random.choice(setup.seats)
    return {"symbol": symbol, "side": side.value}


def _part(random: Random, setup: Setup) -> Mapping[str, Any]:
    return {**_leg(random, setup), "fraction": random.choice((1, 0.5, 0.3, 0.05))}


def _more(random: Random, setup: Setup) -> Mapping[str, Any]:
    if random.random() < 0.3:
        return {"symbol": random.choice(SYMBOLS), "side": random.choice(("LONG", "SHORT")), "qty": "0.1"}
    return {**_leg(random, setup), "fraction": random.choice((0.2, 0.1))}


def _order(random: Random, setup: Setup) -> Mapping[str, Any]:
    leg = _leg(random, setup)
    small, large = ("0.05", "0.3") if leg["symbol"] == "BTCUSDT" else ("0.5", "4")
    return {**leg, "qty": random.choice((small, large)), "away": random.choice((0.02, 0.004))}


def _stop(random: Random, setup: Setup) -> Mapping[str, Any]:
    return {**_leg(random, setup), "away": random.choice((0.03, 0.04))}


def _taken(random: Random, _: Setup) -> Mapping[str, Any]:
    return {
        "symbol": random.choice(SYMBOLS),
        "what": random.choice(("regular", "conditional", "all")),
        "prefix": random.choice(("", "vq-")),
    }


def _contract(random: Random, _: Setup) -> Mapping[str, Any]:
    return {"symbol": random.choice(SYMBOLS), "status": random.choice(("TRADING_HALT", "PRE_SETTLE"))}


def _of(**given: Any) -> Draw:
    return lambda _random, _setup: given


KINDS: Mapping[str, tuple[int, tuple[float, ...], Draw]] = {
    "ack_late": (2, (2, 4), _delayed(300, 1500, 6000)),
    "ack_lost": (3, (1, 3), _where),
    "ack_doubled": (
        1,
        (2, 4),
        lambda random, _: {
            "where": {"endpoint": ORDER},
            "when": {"rate": 0.5},
            "shows": random.choice(("first", "second")),
        },
    ),
    "request_late": (3, (1, 3), _delayed(200, 1500, 2500, 6000)),
    "request_lost": (3, (1, 3), _where),
    "unknown_503": (3, (1, 3), _reached),
    "timeout_1007": (3, (1, 3), _reached),
    "proxy_error": (2, (1, 3), _reached),
    "timestamp_1021": (2, (1, 3), _where),
    "limit_429": (2, (2, 4), _of(when={"at_s": 0})),
    "ban_418": (2, (2, 4), _of(when={"at_s": 0})),
    "post_only_5022": (1, (1, 4), _of(when={"at_s": 0})),
    "unavailable_503": (2, (1, 3), _where),
    "maintenance": (2, (1, 4), _of(when={"at_s": 0})),
    "internal_1001": (2, (1, 3), _where),
    "refuse": (2, (1, 3), _refused),
    "stale_read": (
        3,
        (2, 4),
        lambda random, _: {"when": {"rate": random.choice((1, 0.5))}, "behind_ms": random.choice((300, 1500, 3000))},
    ),
    "listen_key_bogus": (1, (3,), _of(when={"rate": 1})),
    "event_late": (3, (2, 4), lambda random, setup: {**_told(random, setup), "delay_ms": random.choice((300, 1500))}),
    "event_doubled": (1, (4,), lambda random, setup: {**_told(random, setup), "after_ms": random.choice((0, 500))}),
    "event_lost": (4, (2, 4), _told),
    "events_reordered": (2, (4,), _of(when={"rate": 1})),
    "sockets_closed": (3, (), _classes),
    "sockets_silent": (2, (2, 5), _classes),
    "sockets_half_open": (2, (2, 5), _classes),
    "listen_key_expired": (2, (), _of()),
    "key_revoked": (1, (1, 3), _of()),
    "clock_off": (1, (2, 5), lambda random, _: {"seconds": random.choice((3, -3, 0.8))}),
    "orders_spent": (1, (), _of()),
    "position_closed": (4, (), _part),
    "position_enlarged": (4, (), _more),
    "adl": (2, (), _part),
    "liquidation": (1, (), _leg),
    "hedge_mode_off": (1, (), _of()),
    "tick_changed": (1, (2, 4), _of(symbol="BTCUSDT", tick="0.5")),
    "symbol_status": (2, (1, 3), _contract),
    "overload_1008": (3, (1, 4), _of()),
    "foreign_order": (3, (2, 5), _order),
    "foreign_stop": (3, (2, 5), _stop),
    "orders_cancelled": (4, (), _taken),
    "kill": (9, (0.1, 0.5, 2), _of()),
    "pause": (2, (1, 3), _of()),
    "resume": (1, (), _of()),
    "flatten": (2, (), _leg),
    "reload": (2, (), lambda random, setup: {"base_mult": random.choice((1, 5)), "amend": not setup.amend}),
}
"""Kind: its weight, how long it may last (nothing: a moment), and the rest of it."""
AT_THE_START = 0.15
"""The share of what already lasts when the program starts."""


def drawn(seed: int) -> Weather:
    """The weather of a seed."""
    random = Random(f"weather/{seed}")
    setup = Setup(
        strategy=random.choice(list(STRATEGIES)),
        panic=random.random() < 0.7,
        dead_man=random.random() < 0.2,
        amend=random.random() < 0.4,
        main=random.choice((LONG, SHORT)),
        both_sides=random.random() < 0.4,
        two_symbols=random.random() < 0.4,
        isolated=random.random() < 0.3,
        manage_all=random.random() < 0.3,
        far=random.random() < 0.4,
        base_mult=random.choice((1, 2, 5)),
    )
    course = random.choice(list(COURSES))
    gap_s = random.uniform(2, 6) if random.random() < 0.12 else None
    switches = switch_draws(random)
    kinds = random.choices(list(KINDS), [weight for weight, _, _ in KINDS.values()], k=random.choice((2, 3, 3, 4, 5)))
    eye = random.uniform(2.5, 6)
    strikes = sorted((_strike(random, setup, kind, eye) for kind in kinds), key=lambda strike: strike.at_s)
    return Weather(seed, setup, course, switches, tuple(strikes), gap_s, random.choice((5, 5, 60)))


def _strike(random: Random, setup: Setup, kind: str, eye: float) -> Strike:
    """Around the eye, sometimes anywhere, and a few from the start on."""
    _, lasting, draw = KINDS[kind]
    first = lasting and kind not in ("kill", "pause") and random.random() < AT_THE_START
    near = random.random() < 0.7
    at = 0.0 if first else random.uniform(eye - 1.2, eye + 0.8) if near else random.uniform(1.3, 6.8)
    lasts = min(random.choice(lasting), STORM_S - at - 0.2) if lasting else None
    return Strike(round(at, 2), kind, None if lasts is None else round(lasts, 2), draw(random, setup))
