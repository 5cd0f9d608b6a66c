"""What an update says, read strictly: a word or a press of a button by a person in a chat, or nothing to us."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import msgspec

LONGEST = 300
"""Characters of a message that could be a command."""


@dataclass(frozen=True, slots=True)
class Word:
    """A message; ``at_ms`` epoch ms, by Telegram."""

    update_id: int
    chat: int
    user: int
    text: str
    at_ms: int


@dataclass(frozen=True, slots=True)
class Press:
    """A button of ours was pressed; ``press_id`` is what Telegram wants answered."""

    update_id: int
    chat: int
    user: int
    press_id: str
    data: str
    message_id: int = 0
    """Of the message that the button stands under."""


@dataclass(frozen=True, slots=True)
class Nothing:
    """An update that is none of ours (edited, forwarded, a bot's, a channel's), or that cannot be read."""

    update_id: int | None
    malformed: bool


Heard = Word | Press | Nothing


class _User(msgspec.Struct):
    id: int
    is_bot: bool


class _Chat(msgspec.Struct):
    id: int
    type: str


class _Message(msgspec.Struct):
    date: int
    chat: _Chat
    from_: _User | None = msgspec.field(default=None, name="from")
    text: str | None = None
    forward_origin: Any = None
    forward_date: Any = None
    via_bot: Any = None
    sender_chat: Any = None


class _PressedIn(msgspec.Struct):
    chat: _Chat
    message_id: int


class _Pressed(msgspec.Struct):
    id: str
    from_: _User = msgspec.field(name="from")
    message: _PressedIn | None = None
    data: str | None = None


class _Update(msgspec.Struct):
    update_id: int
    message: _Message | None = None
    callback_query: _Pressed | None = None


def read(raw: object) -> Heard:
    """One update; never fails."""
    try:
        update = msgspec.convert(raw, _Update)
    except msgspec.ValidationError:
        number = raw.get("update_id") if isinstance(raw, dict) else None
        return Nothing(number if type(number) is int else None, malformed=True)
    if update.callback_query is not None:
        return _press(update.update_id, update.callback_query)
    if update.message is not None:
        return _word(update.update_id, update.message)
    return Nothing(update.update_id, malformed=False)


def _word(update_id: int, message: _Message) -> Heard:
    foreign = (message.forward_origin, message.forward_date, message.via_bot, message.sender_chat)
    user = message.from_
    if user is None or user.is_bot or any(one is not None for one in foreign) or message.chat.type == "channel":
        return Nothing(update_id, malformed=False)
    if message.text is None:
        return Nothing(update_id, malformed=False)
    return Word(update_id, message.chat.id, user.id, message.text[:LONGEST], message.date * 1000)


def _press(update_id: int, pressed: _Pressed) -> Heard:
    if pressed.message is None or pressed.data is None or pressed.from_.is_bot:
        return Nothing(update_id, malformed=False)
    chat = pressed.message.chat.id
    return Press(update_id, chat, pressed.from_.id, pressed.id, pressed.data, pressed.message.message_id)
