"""A row in words, as somebody reads it at night."""

from __future__ import annotations

from dataclasses import replace
from decimal import Decimal
from typing import Any

import msgspec
import pytest
from tests.app.fake_exchange import order

from vibe_quant.app.bodies import fill_body, intent_body, report_body
from vibe_quant.app.key_watch import key_check
from vibe_quant.cli.journal_rows import line_of
from vibe_quant.domain import events as ev
from vibe_quant.domain import intents as it
from vibe_quant.domain.enums import OrderStatus, PositionSide, RequestKind
from vibe_quant.journal.rows import Row

S, L, D = "BTC/USDT:USDT", PositionSide.LONG, Decimal
AT = 1_700_000_000_000
LEG = f"{S} LONG "
DONE = replace(order(S, "vq-r-1", OrderStatus.FILLED, filled=D("0.4")), last_qty=D("0.4"), trade_id=9, is_maker=True)


def said(kind: str, body: Any, symbol: str = S, side: str = "LONG", client_id: str = "vq-r-1") -> str:
    text = body if isinstance(body, str) else msgspec.json.encode(body).decode()
    line = line_of(Row(7, AT, "r", kind, symbol, side, client_id, text, "0" * 64))
    assert line.startswith(f"       7 2023-11-14 22:13:20.000+00:00 {kind:<8} ")
    return line[48:]


def test_orders() -> None:
    cancel = it.CancelOrder(S, "vq-r-1", "the book has moved")
    assert said("intent", intent_body(cancel)) == f"{LEG}cancel: the book has moved  [vq-r-1]"
    stop = it.PlaceStop(S, L, "vq-ps-1", D("50000"), None, "near liquidation")
    assert "place stop at 50000 for the whole leg: near liquidation" in said("intent", intent_body(stop))
    assert "dead-man's switch: every order cancelled 120 s from now" in said(
        "intent", intent_body(it.ArmDeadMan(S, 120_000))
    )
    assert said("report", report_body(DONE)).startswith(f"{LEG}FILLED 0.4 of {DONE.qty} at {DONE.price}")
    assert said("fill", fill_body(DONE)).startswith(f"{LEG}0.4 at {DONE.last_price}, maker, fee ")
    refused = {"answer": "Refused", "request": str(RequestKind.SUBMIT), "code": -2022, "message": "ReduceOnly"}
    assert said("report", refused) == f"{LEG}Refused of {RequestKind.SUBMIT} -2022 ReduceOnly  [vq-r-1]"
    found = {"answer": "OrderMissing", "final": True, "found_at_restart": True}
    assert said("report", found) == f"{LEG}OrderMissing (found at a restart)  [vq-r-1]"


@pytest.mark.parametrize(
    ("kind", "body", "words"),
    [
        ("stop", {"status": "CANCELED", "trigger_price": "0", "source": "rest"}, "CANCELED (by rest)"),
        ("position", {"qty": "0.3", "reason": "ORDER"}, "is 0.3 (ORDER)"),
        ("decision", {"held": None}, "discretion goes on"),
        ("decision", {"held": "the key"}, "discretion held back: the key"),
        ("decision", {"halt": "five refusals"}, "HALT: five refusals"),
        ("mismatch", {"severity": "alarm", "text": "it differs", "notice": "mismatch"}, "ALARM it differs"),
        (
            "command",
            {"command": "pause", "until_wall_ms": AT, "panic": True},
            "pause until 2023-11-14 22:13:20.000+00:00, panic too",
        ),
        ("command", {"command": "stop"}, "stop"),
        ("check", key_check("ab", 1, False).body, "key_rights WRONG (key ab)"),
        (
            "end",
            {"levels": {"stream": "0.9784"}, "conflated": 5},
            "run r ended; share of its time by stream 97.84%; 5 quotes conflated",
        ),
        (
            "end",
            {
                "levels": {"stream": "1.0000"},
                "conflated": 0,
                "streams": {
                    "user": {"frames": 9, "malformed": 1, "late": {"ALGO_UPDATE": 2}, "out_of_order": {}, "unknown": {}}
                },
            },
            "run r ended; share of its time by stream 100.00%; 0 quotes conflated; user stream 9 frames "
            "(late 2 ALGO_UPDATE; malformed 1)",
        ),
    ],
)
def test_the_rest(kind: str, body: Any, words: str) -> None:
    assert said(kind, body, "", "", "") == words


def test_a_start_names_version_configuration_and_why_it_was_refused() -> None:
    body = {"version": "1.2", "venue": "live", "account": "ab", "configuration": "c.yaml", "config_hash": "0" * 64}
    line = said("start", {**body, "refusals": ["one-way mode"]}, "", "", "")
    assert (
        line == "run r, version 1.2, venue live, account ab, configuration c.yaml (000000000000); REFUSED: one-way mode"
    )


def test_what_is_not_as_expected_stands_as_it_is() -> None:
    assert said("fill", "{}", "", "", "") == "{}"
    assert said("report", "no JSON", "", "", "") == "no JSON"
    assert said("news", '{"a":1}', "", "", "") == '{"a":1}'
    assert said("intent", {"intent": "Later", "a": 1}, "", "", "") == "Later a 1"


def test_every_intent_that_is_journalled_has_words() -> None:
    for intent in (
        it.CancelStop(S, L, "vq-ps-1", "gone"),
        it.AmendOrder(S, L, "vq-r-1", D(1), D(2)),
        it.DisarmDeadMan(S),
    ):
        assert type(intent).__name__ not in said("intent", intent_body(intent))
    assert isinstance(DONE, ev.OrderUpdate)
