"""A conditional order on the wire: the answer to its placement, the queries, and ALGO_UPDATE with its quirks."""

from __future__ import annotations

from vibe_quant.domain.enums import StopStatus
from vibe_quant.sim.front.account.amounts import fixed, stripped
from vibe_quant.sim.front.http import Json
from vibe_quant.sim.front.market.padded import padded
from vibe_quant.sim.instruments import Instrument
from vibe_quant.sim.records import AlgoEvent, SimAlgo
from vibe_quant.sim.stop_triggers import TRAILING


def placed(algo: SimAlgo, instrument: Instrument) -> dict[str, Json]:
    """Answer of POST algoOrder: numbers padded to the symbol's precision, nothing of the order it may send."""
    qty = padded(algo.qty, instrument.qty_places)
    return _head(algo, qty) | _tail(algo, instrument)


def queried(algo: SimAlgo, instrument: Instrument) -> dict[str, Json]:
    """One conditional order in GET algoOrder and in the lists; quantities show at least one decimal."""
    places = max(instrument.qty_places, 1)
    actual: dict[str, Json] = {
        "actualOrderId": str(algo.order_id) if algo.order_id else "",
        "actualPrice": fixed(algo.avg_price, instrument.price_places + instrument.qty_places),
        "actualQty": padded(algo.filled_qty, places),
    }
    if algo.actual_type is not None:
        actual["actualType"] = algo.actual_type.value
    return _head(algo, padded(algo.qty, places)) | actual | _tail(algo, instrument) | {"isActivated": algo.activated}


def canceled(algo: SimAlgo) -> dict[str, Json]:
    """Answer of DELETE algoOrder; its code is text."""
    return {"algoId": algo.algo_id, "clientAlgoId": algo.client_id, "code": "200", "msg": "success"}


def _head(algo: SimAlgo, qty: str) -> dict[str, Json]:
    return {
        "algoId": algo.algo_id,
        "clientAlgoId": algo.client_id,
        "algoType": "CONDITIONAL",
        "orderType": algo.order_type.value,
        "symbol": algo.symbol,
        "side": algo.side.value,
        "positionSide": algo.position_side.value,
        "timeInForce": algo.time_in_force.value,
        "quantity": qty,
        "algoStatus": algo.status.value,
    }


def _tail(algo: SimAlgo, instrument: Instrument) -> dict[str, Json]:
    places = instrument.price_places
    trailing: dict[str, Json] = {}
    if algo.order_type is TRAILING:
        trailing = {"activatePrice": padded(algo.activate_price, places), "callbackRate": stripped(algo.callback * 100)}
    return {
        "triggerPrice": padded(algo.trigger_price, places),
        "price": padded(algo.price, places),
        "icebergQuantity": None,
        "selfTradePreventionMode": algo.stp.value,
        "workingType": algo.working_type.value,
        "priceMatch": _match(algo),
        "closePosition": algo.close_position,
        "priceProtect": algo.price_protect,
        "reduceOnly": algo.reduce_only,
        **trailing,
        "createTime": algo.created_ms,
        "updateTime": algo.updated_ms,
        "triggerTime": algo.triggered_ms,
        "goodTillDate": algo.good_till_ms,
    }


def algo_update(event: AlgoEvent, instrument: Instrument) -> Json:
    """ALGO_UPDATE: numbers stripped; a cancelled one says nothing of V, wt, pm, cp and pP."""
    algo = event.algo
    body: dict[str, Json] = {
        "caid": algo.client_id,
        "aid": algo.algo_id,
        "at": "CONDITIONAL",
        "o": algo.order_type.value,
        "s": algo.symbol,
        "S": algo.side.value,
        "ps": algo.position_side.value,
        "f": algo.time_in_force.value,
        "q": stripped(algo.qty),
        "X": algo.status.value,
    }
    body |= _actual(algo, instrument)
    body |= {"tp": stripped(algo.trigger_price), "p": stripped(algo.price)}
    if algo.status is not StopStatus.CANCELED:
        body |= _terms(algo)
    body |= {"R": algo.reduce_only, "tt": algo.triggered_ms, "gtd": algo.good_till_ms}
    if algo.failure:
        body["rm"] = algo.failure
    return {"e": "ALGO_UPDATE", "T": event.exch_ms, "E": event.exch_ms, "o": body | {"ia": algo.activated}}


def _actual(algo: SimAlgo, instrument: Instrument) -> dict[str, Json]:
    if algo.actual_type is None:
        return {"ai": ""}
    return {
        "ai": str(algo.order_id),
        "ap": stripped(round(algo.avg_price, instrument.price_places + instrument.qty_places)),
        "aq": stripped(algo.filled_qty),
        "act": algo.actual_type.value,
    }


def _terms(algo: SimAlgo) -> dict[str, Json]:
    return {
        "V": algo.stp.value,
        "wt": algo.working_type.value,
        "pm": _match(algo),
        "cp": algo.close_position,
        "pP": algo.price_protect,
    }


def _match(algo: SimAlgo) -> str:
    return "NONE" if algo.price_match is None else algo.price_match.value
