"""The probe's questions by name, and what may come of one: apart, for who only reads what was answered."""

from __future__ import annotations

from enum import StrEnum


class Question(StrEnum):
    """Each is answered by yes or no."""

    PRIVATE_STREAM = "private_stream"
    QUERY_LAG = "query_lag"
    CLOSERS_SUM = "closers_sum"
    DUST_LIMIT = "dust_limit"
    STOP_LISTED = "stop_listed"
    SECOND_STOP = "second_stop"
    CANCEL_ALL = "cancel_all"
    COUNTDOWN = "countdown"


class Word(StrEnum):
    """What came of a question."""

    YES = "yes"
    NO = "no"
    UNANSWERED = "unanswered"
