"""What a notice is worth: what goes first, and how loudly it arrives."""

from __future__ import annotations

from enum import IntEnum
from typing import assert_never

from vibe_quant.domain.enums import NoticeKind, Severity
from vibe_quant.domain.intents import Notify
from vibe_quant.domain.service_settings import Loudness, TelegramEvents


class Urgency(IntEnum):
    """The smaller goes first; a reply and a risk take turns."""

    RISK = 0
    REPLY = 1
    MISMATCH = 2
    OPEN = 3
    EXIT = 4
    FILL = 5
    LIFECYCLE = 6


LOUDER = {Loudness.OFF: 0, Loudness.SILENT: 1, Loudness.ON: 2}


def urgency_of(notice: Notify) -> Urgency:
    """Whatever is an alarm is risk; a stop that was placed is not."""
    if notice.severity is Severity.ALARM:
        return Urgency.RISK
    match notice.kind:
        case NoticeKind.RISK | NoticeKind.HALT | NoticeKind.DOUBT:
            return Urgency.RISK
        case NoticeKind.STOP:
            return Urgency.LIFECYCLE if notice.severity is Severity.INFO else Urgency.RISK
        case NoticeKind.MISMATCH:
            return Urgency.MISMATCH
        case NoticeKind.OPEN_ALERT:
            return Urgency.OPEN
        case NoticeKind.EXIT_FINISHED | NoticeKind.DUST:
            return Urgency.EXIT
        case NoticeKind.FILL:
            return Urgency.FILL
        case NoticeKind.RECONNECT | NoticeKind.PAUSE | NoticeKind.LIFECYCLE:
            return Urgency.LIFECYCLE
        case _:
            assert_never(notice.kind)


def loudness_of(notice: Notify, events: TelegramEvents) -> Loudness:
    """As its kind is set; an alarm of any kind is at least as loud as risk is."""
    own = _of_kind(notice.kind, events)
    if notice.severity is not Severity.ALARM:
        return own
    return max(own, events.on_risk_trigger, key=LOUDER.__getitem__)


def _of_kind(kind: NoticeKind, events: TelegramEvents) -> Loudness:
    match kind:
        case NoticeKind.FILL:
            return events.on_fill
        case NoticeKind.EXIT_FINISHED | NoticeKind.DUST:
            return events.on_exit_finished
        case NoticeKind.OPEN_ALERT:
            return events.on_open_alert
        case NoticeKind.RECONNECT:
            return events.on_reconnect
        case NoticeKind.RISK | NoticeKind.HALT | NoticeKind.DOUBT:
            return events.on_risk_trigger
        case NoticeKind.STOP:
            return events.on_stop
        case NoticeKind.MISMATCH:
            return events.on_mismatch
        case NoticeKind.PAUSE | NoticeKind.LIFECYCLE:
            return events.on_lifecycle
        case _:
            assert_never(kind)
