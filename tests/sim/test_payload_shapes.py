"""Every recorded message and REST body against what our exchange says in the same situation: keys, types, numbers.

The table names every kind that was recorded: what brings ours about, or why there is none.  What an older recording
shows otherwise is excused by the date of the change, and printed (run with ``-s``).
"""

from __future__ import annotations

import json
import os
import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
from tests.sim import recorded_market as market
from tests.sim import recorded_rest as rest
from tests.sim import recorded_user_events as user
from tests.sim.recorded_rest import Refusals
from tests.sim.recorded_shapes import differences

SHARED = Path(os.environ.get("VQ_SHARED") or Path(__file__).resolve().parents[2] / "../shared")
PAYLOADS = SHARED / "payloads"
WS_API = "the trading WebSocket API is not part of the box"
BEFORE_ALGO = "conditional orders left /order and its events with the Algo Service (2025-12-09)"

TRADES = ("TRADE/PARTIALLY_FILLED", "TRADE/FILLED")
QUIET = ("NEW/NEW", "AMENDMENT/NEW", "CANCELED/CANCELED", "EXPIRED/EXPIRED")
Producer = Callable[[Any], Any]
TABLE: dict[str, Producer | str] = {
    **{f"ORDER_TRADE_UPDATE {kind}": user.order_event for kind in (*TRADES, *QUIET)},
    "ORDER_TRADE_UPDATE conditional": BEFORE_ALGO,
    "TRADE_LITE": user.trade_lite,
    "ACCOUNT_UPDATE ORDER": user.fill_update,
    "ACCOUNT_UPDATE FUNDING_FEE": user.funding,
    **{f"ACCOUNT_UPDATE {reason}": user.transfer for reason in ("DEPOSIT", "WITHDRAW")},
    **{f"ACCOUNT_UPDATE ADMIN_{reason}": user.transfer for reason in ("DEPOSIT", "WITHDRAW")},
    "ALGO_UPDATE NEW": user.algo_event,
    "ALGO_UPDATE CANCELED": user.algo_event,
    "bookTicker": market.book_ticker,
    "trade": market.trade,
    "aggTrade": market.agg_trade,
    "depthUpdate": market.depth,
    "markPriceUpdate": market.mark_price,
    "kline": market.kline,
    "forceOrder": market.force_order,
    "GET /fapi/v1/depth": market.depth_read,
    "GET /fapi/v1/exchangeInfo": market.exchange_info,
    "POST /fapi/v1/order": rest.order_ack,
    "POST /fapi/v1/batchOrders": rest.batch_ack,
    "GET /fapi/v1/order": rest.filled_order,
    "GET /fapi/v1/openOrders": rest.open_orders,
    "GET /fapi/v1/openOrders conditional": BEFORE_ALGO,
    "GET /fapi/v1/userTrades": rest.user_trades,
    "GET /fapi/v2/positionRisk": rest.risk_v2,
    "GET /fapi/v3/positionRisk": rest.risk_v3,
    "GET /fapi/v2/balance": rest.balance,
    "GET /fapi/v1/symbolConfig": rest.symbol_config,
    "GET /fapi/v1/commissionRate": rest.commission,
    "GET /fapi/v1/accountConfig": rest.account_config,
    "POST /dapi/v1/algoOrder": rest.algo_ack,
    "GET /dapi/v1/openAlgoOrders": rest.algo_list,
    "DELETE /dapi/v1/algoOrder": rest.algo_cancel,
    "ws-api order.place": WS_API,
    "ws-api order.status": WS_API,
}
ERRORS: dict[str, Callable[[Refusals], Any] | str] = {
    "-5022": Refusals.post_only,
    "-5021": Refusals.fill_or_kill,
    "-2021": Refusals.triggers_at_once,
    "-2022": Refusals.over_close,
    "-2011": Refusals.cancel_unknown,
    "-2013": Refusals.read_unknown,
    "-2019": Refusals.no_margin,
    "-2027": Refusals.leverage_too_high,
    "-4131": Refusals.far_counterparty,
    "-4016": Refusals.price_too_high,
    "-4013": Refusals.below_tick,
    "-4164": Refusals.too_small,
    "-4164 POST /fapi/v1/order/test": Refusals.too_small_test,
    "-4120": Refusals.stop_on_order,
    "-1022": Refusals.wrong_signature,
    "-1022 signed GET": Refusals.wrong_signature,
    "-1106": Refusals.unwanted,
    "-1007": Refusals.timed_out,
    "-1008": Refusals.overloaded,
    "-1008 older wording": "the wording changed on 2025-10-14",
    "-1003": Refusals.banned,
    "None 503": Refusals.unknown_outcome,
    "None 502": Refusals.proxy_page,
}


@dataclass(frozen=True)
class Excuse:
    """A difference that a recording of before ``until`` (epoch ms; None: always) may show."""

    kind: str
    difference: str
    until: int | None
    reason: str


SCHEMA_2021 = "schema of 2021"
IN_2022, IN_2026 = 1640995200000, 1767225600000
EXCUSES = (
    Excuse("ORDER_TRADE_UPDATE", r"\.o\.(V|pm|gtd|n|N) is more", IN_2022, SCHEMA_2021),
    Excuse("ORDER_TRADE_UPDATE", r"\.o\.st is missing", IN_2022, "kind of the app's strategy in 2021"),
    Excuse("ACCOUNT_UPDATE", r"\.a\.P\[\]\.bep is more", IN_2022, SCHEMA_2021),
    Excuse("ACCOUNT_UPDATE", r"\.a\.P\[\]\.ep is written 0,", IN_2022, SCHEMA_2021),
    Excuse("ACCOUNT_UPDATE", r"\.a\.P\[\]\.up is written", IN_2026, "numbers were padded until 2026"),
    Excuse("ORDER_TRADE_UPDATE", r"\.o\.er is more", 1761177600000, "er since 2025-10-23"),
    Excuse("ORDER_TRADE_UPDATE", r"\.o\.\w+ is written", IN_2026, "numbers were padded until 2026"),
    Excuse("ACCOUNT_UPDATE", r"\.a\.S is more", 1786060800000, "S since 2026-08-07"),
    Excuse("ACCOUNT_UPDATE", r"\.a\.P\[\]\.pa is written", IN_2026, "numbers were padded until 2026"),
    Excuse("POST", r"\.(avgPrice|cumQuote) is missing", 1782259200000, "gone from answers since 2026-06-24"),
    Excuse("GET /dapi", r"\.actualPrice is more", None, "COIN-M's list leaves it out, USDⓈ-M's has it"),
    Excuse("GET /fapi/v1/exchangeInfo", r"\.MAX_NUM_ALGO_ORDERS is missing", 1766966400000, "gone since 2025-12-29"),
)


@dataclass(frozen=True)
class Recorded:
    """One recorded line."""

    name: str
    kind: str
    body: Any
    at: int


def _lines(path: Path) -> Iterator[Recorded]:
    for number, line in enumerate(path.read_text(encoding="utf-8").splitlines(), 1):
        row, name = json.loads(line), f"{path.stem}:{number}"
        if "request" in row:
            yield _answered(name, row)
        elif "msg" in row and "code" in row:
            old = " older wording" if row["note"] == "older wording" else ""
            plain = f" {row['http']}" if row["code"] is None else ""
            yield Recorded(name, f"error {row['code']}{plain}{old}", row, 0)
        elif row["group"].startswith("REST "):
            yield Recorded(name, f"GET {row['group'].removeprefix('REST ')}", row["msg"], row["msg"]["E"])
        else:
            yield _told(name, row["msg"])


def _told(name: str, message: Any) -> Recorded:
    event = message.get("data", message)
    if event["e"] == "ORDER_TRADE_UPDATE" and event["o"]["ot"] not in ("LIMIT", "MARKET"):
        return Recorded(name, "ORDER_TRADE_UPDATE conditional", message, event["E"])
    kind = {
        "ORDER_TRADE_UPDATE": lambda: f" {event['o']['x']}/{event['o']['X']}",
        "ACCOUNT_UPDATE": lambda: f" {event['a']['m']}",
        "ALGO_UPDATE": lambda: f" {event['o']['X']}",
    }.get(event["e"], lambda: "")()
    return Recorded(name, event["e"] + kind, message, event["E"])


def _answered(name: str, row: Any) -> Recorded:
    body, request = row["body"], row["request"]
    kind = " ".join(request.split()[:2]).removesuffix(",")
    if isinstance(body, dict) and "code" in body and row["http"] != 200:
        return Recorded(name, f"error {body['code']} {kind}", {"http": row["http"], **body}, 0)
    first = body[0] if isinstance(body, list) else body
    if "/openOrders" in kind and first["type"] not in ("LIMIT", "MARKET"):
        kind += " conditional"
    return Recorded(name, kind, body, int(first.get("updateTime") or first.get("createTime") or 0))


def _recorded() -> list[Recorded]:
    """Every recorded line, and exchangeInfo."""
    if not PAYLOADS.is_dir():
        return []
    found = [one for path in sorted(PAYLOADS.glob("*.jsonl")) for one in _lines(path)]
    for path in sorted(PAYLOADS.glob("exchange_info*.json")):
        body = market.by_filter(json.loads(path.read_text(encoding="utf-8")))
        found.append(Recorded(path.stem, "GET /fapi/v1/exchangeInfo", body, body["serverTime"]))
    return found


RECORDED = _recorded()


def _judged(recorded: Recorded) -> tuple[list[str], list[str]]:
    """(what is wrong, what is excused)."""
    if recorded.kind.startswith("error "):
        return _refusal(recorded)
    producer = TABLE[recorded.kind]
    if isinstance(producer, str):
        return [], [producer]
    wrong: list[str] = []
    excused: list[str] = []
    for difference in differences(recorded.body, producer(recorded.body)):
        reason = next((e.reason for e in EXCUSES if _excuses(e, recorded, difference)), None)
        (excused if reason else wrong).append(f"{difference}{f': {reason}' if reason else ''}")
    return wrong, excused


def _excuses(excuse: Excuse, recorded: Recorded, difference: str) -> bool:
    in_time = excuse.until is None or recorded.at < excuse.until
    return in_time and recorded.kind.startswith(excuse.kind) and re.search(excuse.difference, difference) is not None


def _refusal(recorded: Recorded) -> tuple[list[str], list[str]]:
    told, producer = recorded.body, ERRORS[recorded.kind.removeprefix("error ")]
    if isinstance(producer, str):
        return [], [producer]
    answer = producer(Refusals())
    if answer.status != told["http"]:
        return [f"status {answer.status}, recorded {told['http']}: {answer.body!r}"], []
    if told["http"] == 502:
        return ([] if answer.content_type == "text/html" else ["no page"]), []
    body = json.loads(answer.body)
    ours, theirs = (_blanked(text) for text in (body["msg"], told["msg"] or body["msg"]))
    wrong = [] if body.get("code") == told["code"] else [f"code {body}"]
    return wrong + ([] if ours == theirs else [f"{body['msg']!r}, recorded {told['msg']!r}"]), []


def _blanked(text: str) -> str:
    """The text without the numbers, names and addresses that differ from case to case."""
    return re.sub(r"\([^)]*\)|'\w+'|\d[\d.]*", "#", text)


@pytest.mark.skipif(not RECORDED, reason=f"no recorded payloads at {PAYLOADS}")
def test_every_recorded_kind_is_named() -> None:
    kinds = {one.kind for one in RECORDED}
    named = set(TABLE) | {f"error {name}" for name in ERRORS}
    assert kinds - named == set()
    assert named - kinds == set()


@pytest.mark.parametrize("recorded", RECORDED, ids=lambda one: f"{one.name}-{one.kind}")
def test_ours_looks_like_the_recorded_one(recorded: Recorded) -> None:
    wrong, excused = _judged(recorded)
    for reason in excused:
        print(f"{recorded.name} {recorded.kind}: {reason}")  # noqa: T201 - what cannot be matched is to be seen
    assert wrong == [], f"{recorded.name} {recorded.kind}"


@pytest.mark.parametrize(
    ("recorded", "ours", "told"),
    [
        ({"a": 1}, {}, [".a is missing"]),
        ({}, {"a": 1}, [".a is more"]),
        ({"a": 1}, {"a": "1"}, [".a is numeric text, recorded as number: '1', 1"]),
        ({"a": True}, {"a": 1}, [".a is number, recorded as bool: 1, True"]),
        ({"a": None}, {"a": ""}, [".a is text, recorded as NoneType: '', None"]),
        ({"a": ""}, {"a": "0"}, [".a is numeric text, recorded as text: '0', ''"]),
        ({"a": [{"b": 1}]}, {"a": []}, [".a is empty"]),
        ({"a": [["1.50", "2"]]}, {"a": [["1.5", "2"]]}, [".a[][] is written 1.5, recorded 1.50"]),
        ({"a": "0.020"}, {"a": "0.02"}, [".a is written 0.02, recorded 0.020"]),
        ({"a": "0"}, {"a": "0.00000000"}, [".a is written 0.00000000, recorded 0"]),
        ({"a": "1.0E8"}, {"a": "100000000"}, [".a is written 100000000, recorded 1.0E8"]),
        ({"a": "0.02", "b": "-7", "c": "12"}, {"a": "3", "b": "0.125", "c": "x"}, []),
        ({"i": 7, "c": "7"}, {"i": "7", "c": 7}, [".c is no text", ".i is numeric text, recorded as number: '7', 7"]),
    ],
)
def test_what_counts_as_a_difference(recorded: Any, ours: Any, told: list[str]) -> None:
    assert sorted(differences(recorded, ours)) == told
