"""The closed lists of the desk: sides, order words, states, modes and reasons."""

from __future__ import annotations

from enum import StrEnum


class OrderSide(StrEnum):
    """What an order does to the book."""

    BUY = "BUY"
    SELL = "SELL"


class PositionSide(StrEnum):
    """A leg of a hedge-mode position; its exit side is fixed by it and by nothing else."""

    LONG = "LONG"
    SHORT = "SHORT"

    @property
    def exit_side(self) -> OrderSide:
        """The only order side that this program ever sends for the leg."""
        return OrderSide.SELL if self is PositionSide.LONG else OrderSide.BUY

    @property
    def opposite(self) -> PositionSide:
        """The other leg of the symbol."""
        return PositionSide.SHORT if self is PositionSide.LONG else PositionSide.LONG


class OrderType(StrEnum):
    """Order types this program sends or meets."""

    LIMIT = "LIMIT"
    MARKET = "MARKET"
    STOP = "STOP"
    STOP_MARKET = "STOP_MARKET"
    TAKE_PROFIT = "TAKE_PROFIT"
    TAKE_PROFIT_MARKET = "TAKE_PROFIT_MARKET"
    TRAILING_STOP_MARKET = "TRAILING_STOP_MARKET"
    LIQUIDATION = "LIQUIDATION"


class TimeInForce(StrEnum):
    """GTX is post-only: the exchange refuses it (-5022) rather than let it take."""

    GTC = "GTC"
    IOC = "IOC"
    FOK = "FOK"
    GTX = "GTX"
    GTD = "GTD"


class PriceMatch(StrEnum):
    """Prices that the exchange chooses: OPPONENT is the touch of the other side, QUEUE that of our own."""

    OPPONENT = "OPPONENT"
    OPPONENT_5 = "OPPONENT_5"
    QUEUE = "QUEUE"


class WorkingType(StrEnum):
    """Which price triggers a conditional order."""

    MARK_PRICE = "MARK_PRICE"
    CONTRACT_PRICE = "CONTRACT_PRICE"


class MarginType(StrEnum):
    """How a position is margined."""

    CROSSED = "CROSSED"
    ISOLATED = "ISOLATED"


class OrderStatus(StrEnum):
    """An order's state at the exchange."""

    NEW = "NEW"
    PARTIALLY_FILLED = "PARTIALLY_FILLED"
    FILLED = "FILLED"
    CANCELED = "CANCELED"
    EXPIRED = "EXPIRED"
    EXPIRED_IN_MATCH = "EXPIRED_IN_MATCH"
    REJECTED = "REJECTED"

    @property
    def is_final(self) -> bool:
        """True where nothing more can happen to the order."""
        return self not in (OrderStatus.NEW, OrderStatus.PARTIALLY_FILLED)


class StopStatus(StrEnum):
    """A conditional order's state at the exchange's Algo Service."""

    NEW = "NEW"
    CANCELED = "CANCELED"
    TRIGGERING = "TRIGGERING"
    TRIGGERED = "TRIGGERED"
    FINISHED = "FINISHED"
    REJECTED = "REJECTED"
    EXPIRED = "EXPIRED"

    @property
    def is_final(self) -> bool:
        """True where the stop protects nothing any more."""
        return self in (StopStatus.CANCELED, StopStatus.FINISHED, StopStatus.REJECTED, StopStatus.EXPIRED)

    @property
    def is_firing(self) -> bool:
        """True between the trigger condition and the end of the order that it sent."""
        return self in (StopStatus.TRIGGERING, StopStatus.TRIGGERED)


class ExecutionMode(StrEnum):
    """How a discretionary order is priced."""

    MAKER_ONLY = "MAKER_ONLY"
    AGGRESSIVE_LIMIT = "AGGRESSIVE_LIMIT"


class ExecutionState(StrEnum):
    """The states of one side's machine (core/execution.py)."""

    IDLE = "IDLE"
    PLACING = "PLACING"
    WAITING = "WAITING"
    CANCELING = "CANCELING"
    COOLDOWN = "COOLDOWN"
    DOUBTFUL = "DOUBTFUL"


class SignalReason(StrEnum):
    """Why an order was sent."""

    LONG_PRIMARY = "long_primary"
    LONG_BID_IMPROVE = "long_bid_improve"
    SHORT_PRIMARY = "short_primary"
    SHORT_ASK_IMPROVE = "short_ask_improve"
    PRESSURE_ACTIVE = "pressure_active"
    PRESSURE_PASSIVE = "pressure_passive"
    PATIENT = "patient"
    PATIENT_ENDGAME = "patient_endgame"
    FLATTEN = "flatten"
    DUST = "dust"
    PANIC = "panic"
    STOP_THROUGH = "stop_through"
    STOP_REMAINDER = "stop_remainder"


class Stream(StrEnum):
    """The sockets the market and the account come over."""

    BOOK = "book"
    MARKET = "market"
    USER = "user"


class Source(StrEnum):
    """Where a piece of news came from."""

    STREAM = "stream"
    REST = "rest"
    DERIVED = "derived"


class RequestKind(StrEnum):
    """Which request an answer is about."""

    SUBMIT = "submit"
    CANCEL = "cancel"
    AMEND = "amend"
    QUERY = "query"
    READ_ORDERS = "read_orders"
    PLACE_STOP = "place_stop"
    CANCEL_STOP = "cancel_stop"
    READ_STOPS = "read_stops"
    SNAPSHOT = "snapshot"
    POSITIONS = "positions"
    MARK = "mark"
    RULES = "rules"
    DEAD_MAN = "dead_man"


class Severity(StrEnum):
    """How loud a notice is."""

    INFO = "info"
    WARNING = "warning"
    ALARM = "alarm"


class NoticeKind(StrEnum):
    """What a notice is about; the operator switches each on, silent or off."""

    FILL = "fill"
    EXIT_FINISHED = "exit_finished"
    OPEN_ALERT = "open_alert"
    RECONNECT = "reconnect"
    RISK = "risk"
    STOP = "stop"
    MISMATCH = "mismatch"
    DOUBT = "doubt"
    HALT = "halt"
    PAUSE = "pause"
    DUST = "dust"
    LIFECYCLE = "lifecycle"
