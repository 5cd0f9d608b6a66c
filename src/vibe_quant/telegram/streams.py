"""Which stream a notice is about stands in the event that caused it."""

from __future__ import annotations

from dataclasses import replace

from vibe_quant.domain import events as ev
from vibe_quant.domain.enums import NoticeKind
from vibe_quant.domain.intents import Notify


def with_stream(notice: Notify, event: ev.Event) -> Notify:
    """The notice with the stream that went or came among its facts."""
    if notice.kind is not NoticeKind.RECONNECT or notice.facts:
        return notice
    match event:
        case ev.StreamDown():
            detail = event.detail or "no reason given"
            return replace(notice, facts=(("stream", event.stream.value), ("detail", detail)))
        case ev.StreamUp():
            return replace(notice, facts=(("stream", event.stream.value),))
        case _:
            return notice
