"""The fields of each event that are known to exist, used or not: any other is news of a change at the exchange."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

import msgspec

CANDLE = "t T s i f L o c h l v n x q V Q B"
ORDER = "s c S o f q p ap sp x X i M l z L n N T t b a m R wt ot ps cp AP cr pP si ss st rp V pm gtd er"
ALGO = "caid aid at o s S ps f q X ai ap aq act tp p V wt pm cp pP R tt gtd rm ia AP cr"
KNOWN: Mapping[str, frozenset[str]] = {
    path: frozenset(fields.split())
    for path, fields in {
        "bookTicker": "e u E T s ps b B a A st",
        "aggTrade": "e E a s p q nq f l T m st",
        "markPriceUpdate": "e E s p ap P i r T st",
        "depthUpdate": "e E T s ps U u pu b a st",
        "kline": "e E s k st",
        "kline.k": CANDLE,
        "contractInfo": "e E s ps ct dt ot cs bks st",
        "contractInfo.bks": "bs bnf bnc mmr cf mi ma",
        "ORDER_TRADE_UPDATE": "e E T o",
        "ORDER_TRADE_UPDATE.o": ORDER,
        "ACCOUNT_UPDATE": "e E T a",
        "ACCOUNT_UPDATE.a": "m B P S",
        "ACCOUNT_UPDATE.a.B": "a wb cw bc",
        "ACCOUNT_UPDATE.a.P": "s pa ep bep cr up mt iw ps ma",
        "ACCOUNT_CONFIG_UPDATE": "e E T ac ai",
        "ACCOUNT_CONFIG_UPDATE.ac": "s l",
        "ACCOUNT_CONFIG_UPDATE.ai": "j",
        "ALGO_UPDATE": "e E T o",
        "ALGO_UPDATE.o": ALGO,
        "TRADE_LITE": "e E T s q p m c S L l t i",
        "MARGIN_CALL": "e E cw p",
        "MARGIN_CALL.p": "s ps pa mt iw mp up mm",
        "CONDITIONAL_ORDER_TRIGGER_REJECT": "e E T or",
        "listenKeyExpired": "e E listenKey",
    }.items()
}
BELOW: Mapping[str, tuple[str, ...]] = {
    path: tuple(below.removeprefix(f"{path}.") for below in KNOWN if below.rpartition(".")[0] == path) for path in KNOWN
}
TREE = msgspec.json.Decoder()


def unknown_fields(frame: bytes) -> Iterator[str]:
    """``ORDER_TRADE_UPDATE.o.zz`` for each field that has no place above; nothing for events that are not there.

    Raises:
        msgspec.MsgspecError, ValueError, RecursionError: no JSON.
    """
    body = TREE.decode(frame)
    if isinstance(body, dict) and "data" in body:
        body = body["data"]
    for event in body if isinstance(body, list) else (body,):
        if isinstance(event, dict) and isinstance(event.get("e"), str):
            yield from _strange(event["e"], event)


def _strange(path: str, body: Mapping[str, Any]) -> Iterator[str]:
    known = KNOWN.get(path)
    if known is None:
        return
    for name in body.keys() - known:
        yield f"{path}.{name}"
    for name in BELOW[path]:
        value = body.get(name)
        for row in value if isinstance(value, list) else (value,):
            if isinstance(row, dict):
                yield from _strange(f"{path}.{name}", row)
