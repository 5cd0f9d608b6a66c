"""Why nothing is sent for a side: the closed list of what can hold it back, in the words that the operator reads."""

from __future__ import annotations

from enum import StrEnum


class Blocked(StrEnum):
    """The value is the sentence, and does not change from moment to moment: each is counted.

    The numbers behind it are ``core.why``'s, what can be done about it is ``domain.advice``'s.  Of a halt, of what the
    program holds back and of a symbol's status the full words are told in their place.
    """

    STOPPING = "the service is stopping"
    RETIRED = "the configuration does not manage it any more"
    HALTED = "halted"
    HELD = "held back by the program: its start, the key's rights, the account's lease or an unread journal"
    PAUSED = "paused by the operator"
    USER_DOWN = "the user stream is down"
    UNREAD = "the account has not been read since a stream came up"
    NO_CLOCK = "the exchange's clock is not known"
    NO_JOURNAL = "the journal cannot be written"
    NO_RULES = "the symbol's rules are not known"
    NOT_TRADING = "the symbol is not in trading"
    RULES_AWAITED = "the symbol's rules have not been read since a stream came up"
    RULES_DOUBTED = "the symbol's rules are being read again"
    OTHER_IN_PANIC = "the other leg is in panic"
    FIRING = "the protective stop is firing"
    BOOK_DOWN = "the book stream is down"
    TRADES_DOWN = "the trade stream is down"
    NO_FRESH = "no fresh quote or trade yet"
    STALE = "no fresh quote or trade for too long"
    BOOK_BEHIND = "the book is too far behind the newest trade"

    UNKNOWN = "the position is not known yet"
    FLAT = "nothing is held"
    NOT_LOOKED = "nothing has come yet that it could act on"
    DOUBT = "the fate of an order is not known"
    LEFTOVER = "an order that should not be there is being ended"
    COOLDOWN = "cooling down after the last order"
    PATIENCE = "the last request was not done for reasons of the moment"
    AT_TARGET = "nothing is left to exit"
    NO_SIGNAL = "no signal"
    INTERVAL = "too soon after the last signal that was acted on"

    NO_BOOK = "the top of the book is not known"
    NO_MARK = "the mark price is not known, so max_mark_gap cannot be kept"
    PRICE_LIMITS = "the price is outside the exchange's limits"
    NO_PRICE = "neither a quote nor a mark price is known yet"
    COVERED = "own or foreign closing orders already cover what is left"
    NOTHING_TO_CLOSE = "nothing is left to close"
    UNDER_A_LOT = "what is left above the target is under one lot"
    DUST = "dust: the exchange takes no order of so little"
    OTHER_UNREADABLE = "the other leg's distance from liquidation cannot be computed yet"
    OTHER_NEAR = "a slice would leave the other leg too short a distance from liquidation"

    BANNED = "the exchange has banned this address (418); nothing can be sent"
    BACK_OFF = "the exchange asked to back off (429)"
    TOO_MANY = "the exchange has counted too many orders (-1015)"
    ORDERS_SPENT = "as many discretionary orders in the last second as are allowed"
    CANCELS_SPENT = "as many cancels in the last second as are allowed"
    COUNT_SPENT = "the exchange's order count is spent but for the reserve"
    WEIGHT_SPENT = "the IP's request weight is spent but for the reserve"

    PANIC_PAUSED = "panic is paused by the operator"
    PANIC_BACKOFF = "urgent orders were refused again and again and wait a moment"
