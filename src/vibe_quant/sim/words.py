"""The exchange's closed lists that only it uses, and the way it refuses."""

from __future__ import annotations

from decimal import Decimal
from enum import IntEnum, StrEnum

ZERO = Decimal(0)


class Rejected(Exception):  # noqa: N818 - the exchange's word for an ordinary answer
    """The exchange refuses a request; nothing was done unless the code's own text says otherwise."""

    def __init__(self, code: int, message: str, http: int = 400) -> None:
        """``code`` is the exchange's own (negative), ``http`` the status it travels with."""
        super().__init__(f"{code}: {message}")
        self.code = code
        self.message = message
        self.http = http


class ExecType(StrEnum):
    """Execution type, ``x`` of ORDER_TRADE_UPDATE."""

    NEW = "NEW"
    CANCELED = "CANCELED"
    CALCULATED = "CALCULATED"
    EXPIRED = "EXPIRED"
    TRADE = "TRADE"
    AMENDMENT = "AMENDMENT"


class Stp(StrEnum):
    """Self-trade prevention, ``V``; acts for IOC, GTC and GTD takers.  NONE: the orders trade with each other."""

    NONE = "NONE"
    EXPIRE_MAKER = "EXPIRE_MAKER"
    EXPIRE_TAKER = "EXPIRE_TAKER"
    EXPIRE_BOTH = "EXPIRE_BOTH"


class ExpiryReason(IntEnum):
    """``er``: why an order expired; the numbers are the exchange's."""

    NONE = 0
    STP = 1
    IOC = 2
    KNOCKED_OUT = 4
    LIQUIDATED = 5
    DELISTED = 7
    MARKET_UNFILLED = 9


class DeepMatch(StrEnum):
    """The values of ``priceMatch`` that this program never sends: levels behind the touch."""

    OPPONENT_10 = "OPPONENT_10"
    OPPONENT_20 = "OPPONENT_20"
    QUEUE_5 = "QUEUE_5"
    QUEUE_10 = "QUEUE_10"
    QUEUE_20 = "QUEUE_20"


OrderRef = int | str
"""How a request names an order: its order id, or its client id."""
