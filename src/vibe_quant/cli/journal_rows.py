"""One line for one row of the journal, for a person: when, what, of which leg, and what it says in words."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import Any

from vibe_quant.app.counted import streamed
from vibe_quant.journal.rows import Row

EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
Body = Mapping[str, Any]


def moment(at_ms: int | None) -> str:
    """UTC with milliseconds; what is no time of this world as it stands."""
    if at_ms is None:
        return "-"
    try:
        return (EPOCH + timedelta(milliseconds=at_ms)).isoformat(sep=" ", timespec="milliseconds")
    except OverflowError:
        return f"{at_ms} ms"


def row_object(row: Row) -> dict[str, Any]:
    """A row whole; the body as data, or as the text that it is where a damaged file holds no JSON."""
    names = ("seq", "at_ms", "run", "kind", "symbol", "side", "client_id")
    try:
        body = row.data()
    except ValueError:
        body = row.body
    return {**{name: getattr(row, name) for name in names}, "body": body}


def line_of(row: Row) -> str:
    """Number, time, kind, leg, words, client id; a body that is not as expected stands there as it is."""
    words = _worded(row)
    if row.kind in ("fill", "report", "stop", "intent") and row.client_id:
        words = f"{words}  [{row.client_id}]"
    about = " ".join(part for part in (row.symbol, row.side, words) if part)
    return f"{row.seq:>8} {moment(row.at_ms)} {row.kind:<8} {about}"


def _worded(row: Row) -> str:
    worded = _WORDS.get(row.kind)
    if worded is None:
        return row.body
    try:
        body = row.data()
        found = " (found at a restart)" if body.get("found_at_restart") else ""
        return worded(row, body) + found
    except (ValueError, ArithmeticError, LookupError, TypeError, AttributeError):
        return row.body


def _start(row: Row, body: Body) -> str:
    refused = "".join(f"; REFUSED: {text}" for text in body["refusals"])
    where = f"configuration {body['configuration']} ({body['config_hash'][:12]})"
    return (
        f"run {row.run}, version {body['version']}, venue {body['venue']}, account {body['account']}, {where}{refused}"
    )


def _end(row: Row, body: Body) -> str:
    levels = ", ".join(f"{name} {float(share):.2%}" for name, share in body["levels"].items())
    streams = "".join(f"; {streamed(name, counts)}" for name, counts in body.get("streams", {}).items())
    return f"run {row.run} ended; share of its time by {levels}; {body['conflated']} quotes conflated{streams}"


def _intent(_: Row, body: Body) -> str:
    asked = _INTENTS.get(body["intent"])
    return f"{body['intent']} {_pairs(body, 'intent')}" if asked is None else asked(body)


def _order(body: Body) -> str:
    price = body["price"] or body["price_match"] or "market"
    return f"send {body['qty']} at {price} {body['time_in_force']} ({body['mode']}, {body['reason']})"


_INTENTS: Mapping[str, Callable[[Body], str]] = {
    "OrderIntent": _order,
    "CancelOrder": lambda body: f"cancel: {body['reason']}",
    "AmendOrder": lambda body: f"amend to {body['qty']} at {body['price']}",
    "PlaceStop": lambda body: (
        f"place stop at {body['trigger_price']} for {body['qty'] or 'the whole leg'}: {body['reason']}"
    ),
    "CancelStop": lambda body: f"cancel stop: {body['reason']}",
    "ArmDeadMan": lambda body: f"dead-man's switch: every order cancelled {body['countdown_ms'] / 1000:g} s from now",
    "DisarmDeadMan": lambda _: "dead-man's switch off",
}


def _report(_: Row, body: Body) -> str:
    if "answer" in body:
        said = body.get("message") or body.get("detail") or ""
        request = f" of {body['request']}" if "request" in body else ""
        return " ".join(str(part) for part in (f"{body['answer']}{request}", body.get("code", ""), said) if part != "")
    average = f", average {body['avg_price']}" if Decimal(body.get("avg_price") or 0) else ""
    return f"{body['status']} {body['filled_qty']} of {body['qty']} at {body['price']}{average} (by {body['source']})"


def _fill(_: Row, body: Body) -> str:
    role = {True: "maker", False: "taker"}.get(body["is_maker"], "maker or taker unknown")
    fee = f"fee {body['fee']} {body['fee_asset']}".rstrip()
    return f"{body['last_qty']} at {body['last_price']}, {role}, {fee}, trade {body['trade_id']}"


def _stop(_: Row, body: Body) -> str:
    if not Decimal(body["trigger_price"]):
        return f"{body['status']} (by {body['source']})"
    qty = "the whole leg" if body["close_position"] else body["qty"]
    return f"{body['status']} at {body['trigger_price']} for {qty} (by {body['source']})"


def _decision(_: Row, body: Body) -> str:
    if "held" in body:
        return "discretion goes on" if body["held"] is None else f"discretion held back: {body['held']}"
    if "halt" in body:
        return f"HALT: {body['halt']}"
    return f"{str(body['severity']).upper()} {body['text']}"


def _command(_: Row, body: Body) -> str:
    until = body.get("until_wall_ms")
    ends = "" if until is None else f" until {moment(until)}"
    return f"{body['command']}{ends}{', panic too' if body.get('panic') else ''}"


def _check(_: Row, body: Body) -> str:
    return f"{body['check']} {'good' if body['ok'] else 'WRONG'} (key {body['key']})"


def _pruned(_: Row, body: Body) -> str:
    now = f"{body['rows']} rows up to {body['up_to']}, the newest of {moment(body['last_ms'])}"
    return f"removed: {now}; the checksum of the last is {body['chain']}"


def _pairs(body: Body, but: str) -> str:
    return ", ".join(f"{name} {value}" for name, value in body.items() if name != but)


_WORDS: Mapping[str, Callable[[Row, Body], str]] = {
    "start": _start,
    "end": _end,
    "intent": _intent,
    "report": _report,
    "fill": _fill,
    "stop": _stop,
    "position": lambda _, body: f"is {body['qty']} ({body['reason'] or 'told by the stream'})",
    "decision": _decision,
    "mismatch": _decision,
    "command": _command,
    "check": _check,
    "pruned": _pruned,
}
