"""The Bot API over python-telegram-bot: what comes of each request as a closed result, and no token in any of it."""

from __future__ import annotations

import logging
import os
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any
from urllib.parse import urlencode

import httpx
from telegram import Bot, BotCommand, BotCommandScopeChat, InlineKeyboardButton, InlineKeyboardMarkup
from telegram.constants import ParseMode
from telegram.error import BadRequest, ChatMigrated, Conflict, Forbidden, InvalidToken, RetryAfter, TelegramError
from telegram.request import HTTPXRequest

from vibe_quant.telegram.mailbox import Buttons
from vibe_quant.telegram.wording import Html

CONNECT_S, ANSWER_S = 10.0, 20.0
KEPT_ALIVE_S = 120.0
QUIET = ("httpx", "httpcore", "telegram")
"""Other people's loggers that tell addresses, with the token in them, or whole answers."""
HIDDEN = "***"


@dataclass(frozen=True, slots=True)
class Done:
    """It was done; ``value`` is what came back."""

    value: Any = None


@dataclass(frozen=True, slots=True)
class Wait:
    """429: not before so long."""

    seconds: float


@dataclass(frozen=True, slots=True)
class Later:
    """Not done, or nobody knows: a time-out, a lost connection, a server's trouble."""

    why: str


@dataclass(frozen=True, slots=True)
class Never:
    """This will not be taken, however often it is sent."""

    why: str


@dataclass(frozen=True, slots=True)
class Elsewhere:
    """409: somebody else polls with this token, or has set a webhook."""

    why: str


@dataclass(frozen=True, slots=True)
class NoToken:
    """The token is not valid (any more)."""

    why: str


Outcome = Done | Wait | Later | Never | Elsewhere | NoToken


class Wire:
    """One bot.  ``api_url`` without a slash at its end; ``clean`` hides other secrets.

    Raises:
        ValueError: the token or the proxy of the environment cannot be used; the message holds neither.
    """

    def __init__(self, token: str, api_url: str, clean: Callable[[str], str], answer_s: float = ANSWER_S) -> None:
        self._token = token
        self._clean = clean
        self._answer_s = answer_s
        self._base = f"{api_url}/bot"
        os.environ.setdefault("PTB_TIMEDELTA", "true")  # else the library warns of its own RetryAfter
        for name in QUIET:
            logging.getLogger(name).setLevel(logging.CRITICAL)
        try:
            self._polls = _request(1, answer_s)
            self._bot = Bot(token, base_url=self._base, request=_request(4, answer_s), get_updates_request=self._polls)
        except Exception as error:  # noqa: BLE001 - whatever the library thinks of token, proxy and certificates
            raise ValueError(self.hide(f"{type(error).__name__}: {error}")) from None

    def __repr__(self) -> str:
        return "Wire()"

    def hide(self, text: str) -> str:
        """The text without the token, and without other secrets."""
        return self._clean(text.replace(self._token, HIDDEN))

    async def close(self) -> None:
        """End."""
        for request in self._bot.request, self._polls:
            await request.shutdown()

    async def me(self) -> Outcome:
        """The bot's own name."""

        async def work() -> str:
            return str((await self._bot.get_me()).username or "")

        return await self._outcome(work)

    async def updates(self, offset: int | None, wait_s: int) -> Outcome:
        """Raw updates from ``offset`` on; waits for the first at most so long.

        They are not read by the library: one that it cannot read would hide all that came with it, again and again.
        """
        query: dict[str, Any] = {"timeout": wait_s, "allowed_updates": '["message","callback_query"]'}
        if offset is not None:
            query["offset"] = offset

        async def work() -> object:
            url = f"{self._base}{self._token}/getUpdates?{urlencode(query)}"
            return await self._polls.post(url, read_timeout=wait_s + self._answer_s)

        return await self._outcome(work)

    async def send(self, chat: int, text: Html, *, silent: bool, buttons: Buttons | None, plain: bool) -> Outcome:
        """A message; ``plain``: as bare text, where Telegram did not take the HTML.  ``value``: its id."""
        shown = self.hide(text)

        async def work() -> int:
            message = await self._bot.send_message(
                chat,
                shown,
                parse_mode=None if plain else ParseMode.HTML,
                disable_notification=silent,
                reply_markup=None if buttons is None else _markup(buttons),
            )
            return int(message.message_id)

        return await self._outcome(work)

    async def take_buttons(self, chat: int, message_id: int) -> Outcome:
        """The message keeps its text and loses its buttons."""

        async def work() -> None:
            await self._bot.edit_message_reply_markup(chat, message_id, reply_markup=None)

        return await self._outcome(work)

    async def answer(self, press_id: str) -> Outcome:
        """The press of a button was heard."""

        async def work() -> None:
            await self._bot.answer_callback_query(press_id)

        return await self._outcome(work)

    async def name_commands(self, chat: int, commands: Sequence[tuple[str, str]]) -> Outcome:
        """What the phone offers when a slash is typed in that chat, and in no other."""

        async def work() -> None:
            named = [BotCommand(name, text) for name, text in commands]
            await self._bot.set_my_commands(named, scope=BotCommandScopeChat(chat))

        return await self._outcome(work)

    async def _outcome(self, work: Callable[[], Any]) -> Outcome:
        """Exceptions carry no meaning past here, and no token."""
        try:
            return Done(await work())
        except RetryAfter as error:
            wait = error.retry_after
            return Wait(float(wait) if isinstance(wait, int) else wait.total_seconds())
        except InvalidToken:
            return NoToken("Telegram does not take the token")
        except Conflict as error:
            return Elsewhere(self.hide(str(error)))
        except (BadRequest, Forbidden, ChatMigrated) as error:
            return Never(self.hide(str(error)))
        except TelegramError as error:
            return Later(self.hide(f"{type(error).__name__}: {error}"))
        except Exception as error:  # noqa: BLE001 - what the library makes of an answer that is none
            return Later(self.hide(f"{type(error).__name__}: {error}"))


def _request(connections: int, answer_s: float) -> HTTPXRequest:
    """Connections stay open: each new one would cost the loop a handshake."""
    limits = httpx.Limits(max_connections=connections, keepalive_expiry=KEPT_ALIVE_S)
    return HTTPXRequest(
        read_timeout=answer_s,
        write_timeout=answer_s,
        connect_timeout=min(CONNECT_S, answer_s),
        pool_timeout=answer_s,
        httpx_kwargs={"limits": limits},
    )


def _markup(buttons: Buttons) -> InlineKeyboardMarkup:
    return InlineKeyboardMarkup([[InlineKeyboardButton(text, callback_data=data) for text, data in buttons.row]])
