"""A Bot API server on loopback: it speaks HTTP as Telegram does, fails as it is told to, and remembers what it got."""

from __future__ import annotations

import asyncio
import json
from collections import deque
from dataclasses import dataclass, field
from types import TracebackType
from typing import Any

from aiohttp import web

TOKEN = "123456789:AAcanaryTOKENcanaryTOKENcanaryTOKEN0"
BOT = {"id": 99, "is_bot": True, "first_name": "desk", "username": "desk_bot"}


@dataclass(frozen=True, slots=True)
class Trouble:
    """One answer that is not what was hoped for.  ``hang``: none at all, for so many seconds."""

    status: int = 200
    body: Any = None
    hang: float = 0.0
    cut: bool = False


def too_many(retry_after: int) -> Trouble:
    description = f"Too Many Requests: retry after {retry_after}"
    parameters = {"retry_after": retry_after}
    return Trouble(429, {"ok": False, "error_code": 429, "description": description, "parameters": parameters})


def failing(status: int, description: str) -> Trouble:
    return Trouble(status, {"ok": False, "error_code": status, "description": description})


CONFLICT = failing(
    409, "Conflict: terminated by other getUpdates request; make sure that only one bot instance is running"
)


@dataclass(frozen=True, slots=True)
class Got:
    """One request that came."""

    method: str
    values: dict[str, Any]
    at: float


@dataclass
class BotApi:
    """``async with BotApi() as api``; ``url`` is what goes into telegram.api_url."""

    token: str = TOKEN
    got: list[Got] = field(default_factory=list)
    troubles: dict[str, deque[Trouble]] = field(default_factory=dict)
    standing: dict[str, Trouble] = field(default_factory=dict)
    """Method -> trouble that it has until this is taken away."""
    url: str = ""
    _updates: list[Any] = field(default_factory=list)
    _news: asyncio.Event = field(default_factory=asyncio.Event)
    _changed: asyncio.Event = field(default_factory=asyncio.Event)
    _runner: web.AppRunner | None = None
    _message_id: int = 0
    next_id: int = 1000

    async def __aenter__(self) -> BotApi:
        app = web.Application()
        app.router.add_route("*", "/{bot}/{method}", self._handle)
        self._runner = web.AppRunner(app, access_log=None, shutdown_timeout=0.1, handler_cancellation=True)
        await self._runner.setup()
        site = web.TCPSite(self._runner, "127.0.0.1", 0)
        await site.start()
        host, port = self._runner.addresses[0][:2]
        self.url = f"http://{host}:{port}"
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        assert self._runner is not None
        await self._runner.cleanup()

    def fail(self, method: str, *troubles: Trouble) -> None:
        self.troubles.setdefault(method, deque()).extend(troubles)

    def give(self, *raw: Any) -> None:
        """These updates, whatever they are."""
        self._updates += raw
        self._news.set()

    def says(
        self, text: str, chat: int = 7, user: int = 7, *, at: int, update_id: int | None = None, **more: Any
    ) -> int:
        """A person writes; ``at`` epoch seconds; the update's number."""
        number = self._number(update_id)
        kind = "private" if chat > 0 else "supergroup"
        message = {
            "message_id": number,
            "date": at,
            "chat": {"id": chat, "type": kind},
            "from": {"id": user, "is_bot": False, "first_name": "a person"},
            "text": text,
            **more,
        }
        self.give({"update_id": number, "message": message})
        return number

    def presses(self, data: str, chat: int = 7, user: int = 7, message_id: int = 1) -> int:
        number = self._number(None)
        query = {
            "id": f"press{number}",
            "from": {"id": user, "is_bot": False, "first_name": "a person"},
            "chat_instance": "1",
            "data": data,
            "message": {"message_id": message_id, "date": 0, "chat": {"id": chat, "type": "private"}},
        }
        self.give({"update_id": number, "callback_query": query})
        return number

    def sent(self, chat: int | None = None) -> list[str]:
        """Texts of the messages that were taken, in order."""
        return [str(got.values["text"]) for got in self.messages(chat)]

    def messages(self, chat: int | None = None) -> list[Got]:
        return [
            got
            for got in self.got
            if got.method == "sendMessage" and (chat is None or int(got.values["chat_id"]) == chat)
        ]

    def count(self, method: str) -> int:
        return sum(got.method == method for got in self.got)

    async def until(self, what: Any, seconds: float = 20.0) -> None:
        """Wait until ``what()`` is true; it is looked at after each request."""
        async with asyncio.timeout(seconds):
            while not what():
                self._changed.clear()
                await self._changed.wait()

    async def message(self, holds: str, seconds: float = 20.0) -> Got:
        """The first message that holds this text."""
        await self.until(lambda: any(holds in text for text in self.sent()), seconds)
        return next(got for got in self.messages() if holds in str(got.values["text"]))

    def _number(self, update_id: int | None) -> int:
        if update_id is not None:
            return update_id
        self.next_id += 1
        return self.next_id

    async def _handle(self, request: web.Request) -> web.StreamResponse:
        method = request.match_info["method"]
        if request.match_info["bot"] != f"bot{self.token}":
            return web.json_response({"ok": False, "error_code": 401, "description": "Unauthorized"}, status=401)
        values: dict[str, Any] = {**request.query, **(await request.post())}
        waiting = self.troubles.get(method)
        trouble = waiting.popleft() if waiting else self.standing.get(method)
        if trouble is not None:
            return await self._troubled(request, method, values, trouble)
        result = await getattr(self, f"_{method}")(values)
        self._note(method, values)
        return web.json_response({"ok": True, "result": result})

    async def _troubled(
        self, request: web.Request, method: str, values: dict[str, Any], trouble: Trouble
    ) -> web.StreamResponse:
        self._note(f"{method}!", values)
        if trouble.hang:
            await asyncio.sleep(trouble.hang)
        if trouble.cut:
            assert request.transport is not None
            request.transport.close()
            return web.Response(status=500)
        body = trouble.body if isinstance(trouble.body, str) else json.dumps(trouble.body)
        return web.Response(status=trouble.status, text=body, content_type="application/json")

    def _note(self, method: str, values: dict[str, Any]) -> None:
        self.got.append(Got(method, values, asyncio.get_running_loop().time()))
        self._changed.set()

    async def _getMe(self, values: dict[str, Any]) -> Any:  # noqa: N802 - the API's own name
        return BOT

    async def _getUpdates(self, values: dict[str, Any]) -> Any:  # noqa: N802
        if "offset" in values:
            offset = int(values["offset"])
            self._updates = [one for one in self._updates if not _before(one, offset)]
        if not self._updates:
            self._news.clear()
            try:
                await asyncio.wait_for(self._news.wait(), float(values["timeout"]))
            except TimeoutError:
                return []
        return list(self._updates)

    async def _sendMessage(self, values: dict[str, Any]) -> Any:  # noqa: N802
        self._message_id += 1
        chat = {"id": int(values["chat_id"]), "type": "private"}
        return {"message_id": self._message_id, "date": 1, "chat": chat, "text": values["text"]}

    async def _editMessageReplyMarkup(self, values: dict[str, Any]) -> Any:  # noqa: N802
        return True

    async def _answerCallbackQuery(self, values: dict[str, Any]) -> Any:  # noqa: N802
        return True

    async def _setMyCommands(self, values: dict[str, Any]) -> Any:  # noqa: N802
        return True


def _before(raw: Any, offset: int) -> bool:
    number = raw.get("update_id") if isinstance(raw, dict) else None
    return not isinstance(number, int) or number < offset  # what has no number goes with those it came with
