"""Every event that the log can hold, with its level and fields: the one table that code, page and tests go by.

A field that is None is left out of a line of text; ``text`` is a sentence for people and stands last.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum

from vibe_quant.domain.enums import NoticeKind


class Level(StrEnum):
    """How much a line matters; each is written with those below it."""

    DEBUG = "DEBUG"
    INFO = "INFO"
    WARNING = "WARNING"
    ERROR = "ERROR"
    CRITICAL = "CRITICAL"


LOUD = frozenset({Level.ERROR, Level.CRITICAL})
"""What stands in the file of errors too, and is dropped last."""


@dataclass(frozen=True, slots=True)
class LogEvent:
    """``also`` are levels that it may have beside ``level``.

    Lines that are the same in all fields are folded; ``noisy``: also where ids, counts and numbers in the text differ.
    """

    name: str
    level: Level
    fields: tuple[str, ...]
    meaning: str
    also: tuple[Level, ...] = ()
    noisy: bool = False

    @property
    def levels(self) -> tuple[Level, ...]:
        """All that it may have."""
        return (self.level, *self.also)


_D, _I, _W, _E, _C = Level.DEBUG, Level.INFO, Level.WARNING, Level.ERROR, Level.CRITICAL
_LEG = ("symbol", "side")
_TEXT = ("text",)
_REQUEST = ("symbol", "request", "client_id")

# The run.
PLACES = LogEvent("places", _I, ("state", "log", "venue", "version"), "a run begins: its folder of state, its log")
CONFIG_WARNING = LogEvent("config_warning", _W, ("path", "text"), "a setting is legal and unwise")
STOP_ASKED = LogEvent("stop_asked", _I, ("signal", "text"), "a signal asks the program to stop")
STOPPED = LogEvent("stopped", _I, _TEXT, "the stop is done and the exchange has confirmed it")
ORDERS_UNCERTAIN = LogEvent(
    "orders_uncertain", _E, ("after_s", "orders", "text"), "the stop had to end while own orders may still rest"
)
COUNTDOWN_UNCERTAIN = LogEvent(
    "countdown_uncertain", _E, ("symbol", "after_s", "text"), "the exchange's countdown may still be armed after a stop"
)
STOPS_MISSING = LogEvent("stops_missing", _E, ("after_s", "text"), "a position had no protective stop in time")
COUNTED = LogEvent("counted", _I, ("conflated", "longest_queue", "text"), "what was counted since the start, each hour")
PROGRAM_FAILED = LogEvent("program_failed", _C, _TEXT, "a defect ends the program; its traceback follows")

# Defects and what runs beside trading.
REQUEST_FAILED = LogEvent("request_failed", _E, ("symbol", "request", "text"), "a defect while a request was carried")
OBSERVER_FAILED = LogEvent(
    "observer_failed",
    _E,
    ("observer", "failed", "text"),
    "a defect: an observer or a way to the operator has skipped something; each kind once an hour, and how many in all",
)
TASK_FAILED = LogEvent("task_failed", _E, ("task", "again_s", "text"), "work beside trading failed; it begins again")
TASK_LEFT = LogEvent("task_left", _W, ("task", "text"), "work beside trading would not end and was left behind")

# The journal.
JOURNAL_FAILED = LogEvent("journal_failed", _E, _TEXT, "the journal cannot be written, or is not well")
JOURNAL_WELL = LogEvent("journal_well", _W, ("lost", "text"), "the journal can be written again; rows that were lost")
JOURNAL_PRUNED = LogEvent("journal_pruned", _I, ("rows", "text"), "rows older than journal.keep_days were removed")
JOURNAL_UNPRUNED = LogEvent("journal_unpruned", _W, _TEXT, "the journal's old rows could not be removed, and it grows")
COSTS_UNREAD = LogEvent("costs_unread", _W, _TEXT, "what exits have cost before this start could not be read")
PAST_UNREAD = LogEvent("past_unread", _E, _TEXT, "what earlier runs have left could not be looked up")
NOTEBOOK_UNREAD = LogEvent("notebook_unread", _W, ("kind", "text"), "what a way to the operator noted cannot be read")
MIRROR = LogEvent("mirror", _W, _TEXT, "the journal's copy in PostgreSQL was lost, or is whole again")
MIRROR_BEHIND = LogEvent("mirror_behind", _W, ("last", "text"), "the copy lacks rows at the end of a run")

# The exchange over the network.
BREAKER_OPEN = LogEvent("breaker_open", _W, _TEXT, "REST failed too often; only what protects passes for a while")
STREAM = LogEvent("stream", _W, _TEXT, "a stream was lost, not reached, not renewed, or told something odd", noisy=True)
STREAM_UP = LogEvent("stream_up", _I, ("stream", "text"), "a stream is connected and told what is wanted of it")
FEES_UNKNOWN = LogEvent("fees_unknown", _W, ("symbol", "text"), "a symbol's fees could not be read")
SNAPSHOT_LACKS = LogEvent(
    "snapshot_lacks", _W, ("lacking", "text"), "a picture of the account lacks some reads", noisy=True
)
UNLISTED = LogEvent("unlisted", _W, ("symbol", "text"), "something in the account is no perpetual the exchange lists")
RATE_LIMITED = LogEvent(
    "rate_limited",
    _W,
    ("banned", "wait_s", "text"),
    "too many requests; ERROR where the address is banned",
    also=(_E,),
    noisy=True,
)
CONTRACT_NEWS = LogEvent("contract_news", _I, ("symbol", "status", "text"), "the exchange changes a contract")

# Orders, stops, positions.
ORDER_SENT = LogEvent(
    "order_sent",
    _I,
    (*_LEG, "order_side", "qty", "price", "price_match", "mode", "reason", "client_id"),
    "an order leaves; no price: at market; WARNING in panic",
    also=(_W,),
)
ORDER_AMENDED = LogEvent("order_amended", _I, (*_LEG, "qty", "price", "client_id"), "a resting order is to be changed")
ORDER_CANCELLED = LogEvent("order_cancelled", _D, ("symbol", "reason", "client_id"), "an order is to be cancelled")
ORDER_TRADED = LogEvent(
    "order_traded",
    _D,
    (*_LEG, "qty", "price", "role", "filled", "of", "client_id"),
    "a trade of an own order: filled so far, of how much",
)
ORDER_ENDED = LogEvent(
    "order_ended", _I, (*_LEG, "status", "filled", "of", "client_id"), "an own order is over without being filled whole"
)
STOP_SENT = LogEvent(
    "stop_sent",
    _I,
    (*_LEG, "trigger", "qty", "reason", "client_id"),
    "a protective stop leaves; no qty: it closes the leg",
)
STOP_CANCELLED = LogEvent("stop_cancelled", _I, (*_LEG, "reason", "client_id"), "an own stop is to be cancelled")
STOP_STANDS = LogEvent("stop_stands", _I, (*_LEG, "trigger", "client_id"), "an own stop rests at the exchange")
STOP_ENDED = LogEvent(
    "stop_ended",
    _I,
    (*_LEG, "status", "client_id", "text"),
    "an own stop is over; WARNING where it was neither cancelled nor gone with its position",
    also=(_W,),
)
POSITION_CHANGED = LogEvent("position_changed", _D, (*_LEG, "qty"), "a position is another than before")
POSITION_CLOSED = LogEvent("position_closed", _I, _LEG, "a position is gone")
REFUSED = LogEvent(
    "refused",
    _W,
    (*_REQUEST, "code", "text"),
    "the exchange has refused a request; INFO for refusals of every day",
    also=(_I,),
    noisy=True,
)
UNKNOWN = LogEvent(
    "unknown", _W, (*_REQUEST, "text"), "the outcome of a request is not known; it is asked for", noisy=True
)
NOT_SENT = LogEvent("not_sent", _W, (*_REQUEST, "text"), "a request did not leave", noisy=True)


def _notice(kind: NoticeKind, meaning: str, more: tuple[str, ...] = ()) -> LogEvent:
    return LogEvent(f"notice_{kind}", _I, (*_LEG, *more, "text"), meaning, also=(_W, _E))


NOTICES = {
    NoticeKind.FILL: _notice(
        NoticeKind.FILL, "an order of ours was filled", ("role", "reason", "fee", "fee_asset", "pnl")
    ),
    NoticeKind.EXIT_FINISHED: _notice(NoticeKind.EXIT_FINISHED, "a side is flat or at its target"),
    NoticeKind.OPEN_ALERT: _notice(NoticeKind.OPEN_ALERT, "a position was opened or enlarged"),
    NoticeKind.RECONNECT: _notice(NoticeKind.RECONNECT, "a stream was lost or is back"),
    NoticeKind.RISK: _notice(NoticeKind.RISK, "near liquidation: soft risk, panic tiers"),
    NoticeKind.STOP: _notice(NoticeKind.STOP, "a protective stop was placed, moved or lost"),
    NoticeKind.MISMATCH: _notice(NoticeKind.MISMATCH, "the account is not as the program believed"),
    NoticeKind.DOUBT: _notice(NoticeKind.DOUBT, "an order's fate is not known, or is known again"),
    NoticeKind.HALT: _notice(NoticeKind.HALT, "a side's discretion has stopped until it is resumed"),
    NoticeKind.PAUSE: _notice(NoticeKind.PAUSE, "a pause begins or ends"),
    NoticeKind.DUST: _notice(NoticeKind.DUST, "what is left is below what the exchange takes"),
    NoticeKind.LIFECYCLE: _notice(NoticeKind.LIFECYCLE, "start, checks, clock, key, reload, and all else"),
}
"""Of core and shell, by kind; the level is the notice's severity: INFO, WARNING, and ERROR for an alarm."""

# The ways in: the control socket, the page and the metrics.
SERVED = LogEvent("served", _I, ("what", "address"), "the control socket or the page answers here")
PAGE_LINK = LogEvent(
    "page_link", _I, ("path",), "nobody sits at a terminal: the page's link with its token is in a file"
)
UNSERVED = LogEvent("unserved", _E, ("what", "again_s", "text"), "the control socket or the page cannot be served")
ASK_FAILED = LogEvent("ask_failed", _E, ("method", "path", "text"), "a defect: a request of an operator failed")
PICTURE_FAILED = LogEvent("picture_failed", _E, _TEXT, "a defect: the page gets no picture of the service")
WRONG_TOKEN = LogEvent("wrong_token", _W, ("peer", "text"), "somebody gives the page's port a wrong token")

# Telegram.
TELEGRAM_STRANGER = LogEvent(
    "telegram_stranger",
    _W,
    ("chat", "user", "count", "text"),
    "somebody who is not on the allow list writes to the bot; once an hour",
)
TELEGRAM_ELSEWHERE = LogEvent("telegram_elsewhere", _E, _TEXT, "somebody else polls with the bot's token; once an hour")
TELEGRAM_DEAF = LogEvent("telegram_deaf", _W, _TEXT, "commands cannot be heard; it is tried again without end")
TELEGRAM_HEARS = LogEvent("telegram_hears", _I, _TEXT, "commands are heard again")
TELEGRAM_UNREACHED = LogEvent("telegram_unreached", _W, ("chat", "text"), "messages to a chat wait: no way to Telegram")
TELEGRAM_REACHED = LogEvent("telegram_reached", _I, ("chat", "text"), "messages to a chat leave again")
TELEGRAM_LOST = LogEvent("telegram_lost", _E, ("chat", "text"), "a chat did not take a message, which is lost")
TELEGRAM_FAILED = LogEvent(
    "telegram_failed", _E, ("what", "text"), "a defect: a command, a look or a card of Telegram failed"
)
TELEGRAM_CUT = LogEvent("telegram_cut", _I, _TEXT, "the program ended before its last message had left")

# The service manager and its watchdog.
NOTIFY_LOST = LogEvent("notify_lost", _W, _TEXT, "the service manager cannot be told how the service is")
STUCK = LogEvent("stuck", _C, _TEXT, "the engine makes no progress: the watchdog is fed no more")
MOVING_AGAIN = LogEvent(
    "moving_again", _W, ("after_s", "text"), "the engine makes progress again, or the loop was late"
)
START_WAITED = LogEvent("start_waited", _W, _TEXT, "the start has waited so long that it is to be begun anew")

# The log itself, and what others write to it.
LINES_DROPPED = LogEvent("lines_dropped", _W, ("count", "text"), "an output was too slow for so many lines")
LOG_FILE_FAILED = LogEvent("log_file_failed", _E, ("path", "text"), "a log file cannot be written")
OUTPUT_FAILED = LogEvent("output_failed", _E, _TEXT, "a defect: an output of the log has failed")
LIBRARY = LogEvent("library", _W, ("logger", "text"), "a library's own line", also=(_E, _C), noisy=True)
NOTE = LogEvent("note", _I, _TEXT, "a line without an event of its own", also=(_D, _W, _E, _C))

EVENTS = (*(one for one in tuple(globals().values()) if isinstance(one, LogEvent)), *NOTICES.values())
"""All of them, in the order above."""
