"""What each of the exchange's codes means and asks for: one table, code -> reaction.

A code that the table does not name: -1000 to -1099 speak of the exchange itself, and an HTTP status speaks for a body
that had no code; both leave open what was done, so VERIFY.  Every other one is the answer of whoever judged the
request and did not do it: RESYNC, a refusal that counts.
"""

from __future__ import annotations

from enum import StrEnum
from typing import Final


class Reaction(StrEnum):
    """What the program does about a code; closed."""

    VERIFY = "verify"
    """Nobody knows whether it was done, or an earlier attempt lives: ask, by client id."""
    RETRY = "retry"
    """Certainly not done, for reasons of the moment: wish it anew after a pause that grows; no refusal."""
    REPRICE = "reprice"
    """The price does not suit the market of the moment: the next order is priced anew."""
    REROUND = "reround"
    """Price or quantity is off the grid: rules are read at once, the next order is rounded by them."""
    RESIZE = "resize"
    """The quantity is out of bounds: rules are read at once, the next order is sized by them."""
    DUST = "dust"
    """Too little to be an order."""
    PAUSE = "pause"
    """The count of orders is spent: no discretionary order until its window has turned; cancels go on."""
    BACK_OFF = "back_off"
    """Too many requests: none but risk (429), or none at all (418), until the exchange's own time is over."""
    RESYNC = "resync"
    """Account or orders are not as believed: they are read; refusals of the kind count."""
    OVER_CLOSE = "over_close"
    """Other closing orders leave no room: position and orders are read, what foreign ones claim is left to them."""
    RESYNC_CLOCK = "resync_clock"
    """Not done, since our clock or the way there was off: the clock is measured, then wished anew."""
    RELISTEN = "relisten"
    """The user stream's key is gone: a new one, a new connection, a read of everything."""
    RELOAD = "reload"
    """The symbol is not traded normally: rules are read, its discretion waits for the status."""
    CLEAR = "clear"
    """Too many open orders or stops: own stale ones are cancelled, else it is an alarm."""
    EXIT = "exit"
    """The price is beyond the stop's trigger: exit now, do not place it blindly again."""
    AWAIT = "await"
    """Something is under way already, and its event tells."""
    REPLACE = "replace"
    """The order cannot be amended any more: cancel and new."""
    DROP = "drop"
    """Nothing left to do: it is so already."""
    THROTTLE = "throttle"
    """Only closing is allowed, which is all that is ever sent: go on, slowly."""
    BRIDGE = "bridge"
    """A closePosition stop of that direction stands already: go over one with a quantity."""
    HALT_SIDE = "halt_side"
    """Cannot happen to what only closes: the side's discretion stops until the operator resumes it."""
    HALT = "halt"
    """Key, account or mode does not permit trading: all discretion stops until the operator resumes it."""
    FIX = "fix"
    """The request is malformed, a defect of this program: that path stops, with an alarm that says so."""


NEVER_LEFT: Final = 0
"""Stands for a code where a request never left this host."""

_TABLE: Final[dict[Reaction, dict[int, str]]] = {
    Reaction.VERIFY: {
        -1000: "unknown error, the outcome too",
        -1006: "unexpected answer inside the exchange, outcome unknown",
        -1007: "timeout inside the exchange, outcome unknown",
        -2013: "the order does not exist, or not yet",
        -4083: "a batch has failed, each leg may stand",
        -4116: "the client id was used, the earlier attempt lives",
        403: "the exchange's firewall answered",
        408: "the exchange timed out",
        500: "the exchange failed",
        502: "a gateway failed",
        504: "a gateway timed out",
    },
    Reaction.RETRY: {
        NEVER_LEFT: "it never left this host",
        -1001: "internal error, not done",
        -1008: "overloaded, not done",
        -1016: "the service is shutting down",
        503: "service unavailable, not done",
    },
    Reaction.REPRICE: {
        -1112: "no orders in the book",
        -2020: "cannot be filled",
        -4016: "price above its cap",
        -4024: "price below its floor",
        -4131: "the best opposite price is outside PERCENT_PRICE",
        -4183: "limit price too high for the trigger",
        -4184: "limit price too low for the trigger",
        -4210: "trigger too high for the price",
        -4211: "trigger too low for the price",
        -5021: "cannot be filled whole",
        -5022: "post-only would have taken",
        -5041: "no depth for a matched price",
    },
    Reaction.REROUND: {
        -1111: "too many decimals",
        -4001: "price below zero",
        -4002: "price above the highest",
        -4013: "price below the lowest",
        -4014: "price off the tick grid",
    },
    Reaction.RESIZE: {
        -4003: "quantity below zero",
        -4004: "quantity below the smallest",
        -4005: "quantity above the largest",
        -4023: "quantity off the step grid",
    },
    Reaction.DUST: {-4164: "notional too small", -5029: "notional too small after the amendment"},
    Reaction.PAUSE: {-1015: "too many orders"},
    Reaction.BACK_OFF: {-1003: "too many requests", 429: "too many requests", 418: "this address is banned"},
    Reaction.RESYNC: {
        -2010: "new order rejected",
        -2012: "cancelling all has failed",
        -2018: "balance not sufficient",
        -2019: "margin not sufficient",
        -2024: "position not sufficient",
        -4509: "there is no position to close",
    },
    Reaction.OVER_CLOSE: {
        -2022: "reduce-only rejected",
        -4118: "reduce-only rejected, other closing orders stand",
    },
    Reaction.RESYNC_CLOCK: {
        -1021: "timestamp outside the window",
        -5028: "timestamp outside the matching engine's window",
    },
    Reaction.RELISTEN: {-1125: "the listen key does not exist"},
    Reaction.RELOAD: {
        -1122: "symbol status does not permit it",
        -4140: "symbol status does not permit opening",
        -4141: "the symbol is closed",
        -5024: "the symbol is not trading",
    },
    Reaction.CLEAR: {-2025: "too many open orders", -4045: "too many stop orders"},
    Reaction.EXIT: {-2021: "would trigger at once", -4142: "would trigger at once"},
    Reaction.AWAIT: {-4117: "the stop is triggering", -5043: "an amendment is pending"},
    Reaction.REPLACE: {-5026: "amended too often"},
    Reaction.DROP: {
        -2011: "unknown order, nothing to cancel",
        -4046: "margin type is so already",
        -4059: "position mode is so already",
        -5027: "nothing to amend",
    },
    Reaction.THROTTLE: {
        -4087: "only reducing is allowed",
        -4400: "quantitative rules: only reducing is allowed",
        -4401: "large positions: only reducing is allowed",
    },
    Reaction.BRIDGE: {-4130: "a stop that closes the position stands already"},
    Reaction.HALT_SIDE: {-2027: "position above what the leverage allows"},
    Reaction.HALT: {
        -1002: "the key is not authorised",
        -1022: "the signature was refused",
        -1099: "the key is not authorised",
        -2014: "the key's format was refused",
        -2015: "key, address or permission was refused",
        -2017: "the key is locked",
        -2023: "the account is being liquidated",
        -4047: "the margin type cannot be changed, orders are open",
        -4048: "the margin type cannot be changed, a position is open",
        -4060: "the account is not in hedge mode",
        -4061: "the account is not in hedge mode",
        -4067: "the position mode cannot be changed, orders are open",
        -4068: "the position mode cannot be changed, a position is open",
        -4088: "the account may not place orders now",
        -4109: "the account is inactive",
        -4192: "the account is in a cooling-off period",
        -4402: "the account is restricted",
        -4403: "the account is restricted",
        -4531: "the position mode cannot be changed",
    },
    Reaction.FIX: {
        -1010: "malformed message",
        -1013: "malformed message",
        -1014: "malformed order",
        -1020: "operation not supported",
        -1100: "illegal characters in a parameter",
        -1101: "too many parameters",
        -1102: "a parameter is missing or empty",
        -1103: "a parameter is not known",
        -1104: "a parameter was left over",
        -1105: "a parameter is empty",
        -1106: "a parameter was sent that is not wanted",
        -1114: "timeInForce not wanted",
        -1115: "timeInForce invalid",
        -1116: "order type invalid",
        -1117: "order side invalid",
        -1118: "client id empty",
        -1121: "symbol invalid",
        -1128: "combination of parameters invalid",
        -1130: "data of a parameter invalid",
        -1136: "a parameter is invalid",
        -2026: "order type not supported with reduce-only",
        -4015: "client id invalid",
        -4062: "reduce-only wrongly used",
        -4082: "batch size invalid",
        -4120: "wrong endpoint for conditional orders",
        -4137: "quantity given with closePosition",
        -4138: "reduce-only given with closePosition",
        -4139: "order type not allowed with closePosition",
        -5025: "only LIMIT orders can be amended",
        -5037: "priceMatch not allowed here",
        -5038: "self-trade prevention mode not allowed here",
        -5039: "good-till-date not allowed here",
        -5040: "good-till-date invalid",
        -5047: "reduce-only cannot be set by an amendment",
    },
}
_MEANT: Final = {code: (reaction, text) for reaction, codes in _TABLE.items() for code, text in codes.items()}
CODES: Final = tuple(_MEANT)
"""Every code that the table names."""


def reaction_of(code: int) -> Reaction:
    """The reaction; for codes without a row see above."""
    known = _MEANT.get(code)
    if known is not None:
        return known[0]
    return Reaction.RESYNC if code < -1099 else Reaction.VERIFY


def meaning_of(code: int) -> str:
    """A few words; of a code without a row that it has none."""
    known = _MEANT.get(code)
    if known is not None:
        return known[1]
    return "a code without a known meaning" if code < 0 else "an HTTP status without a code of the exchange"
