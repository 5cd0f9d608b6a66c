"""Carries one request over a kept-alive connection and reads its answer: once, never again, never to another address.

What is forbidden is asked last when a connection is there, right before the first byte: waiting for one takes time.
"""

from __future__ import annotations

import ssl
from collections.abc import Callable, Mapping
from contextvars import ContextVar
from dataclasses import dataclass

import aiohttp
import yarl
from aiohttp.connector import Connection

from vibe_quant.binance.outcome import Answer, Lost

KEEP_ALIVE_S = 55.0
"""An idle connection is given up before the usual minute after which servers close theirs."""


@dataclass(slots=True)
class Flight:
    """One request on its way: what may still stop it, who hears its status first, whether it has left."""

    why_not: Callable[[], str | None]
    on_head: Callable[[int, Mapping[str, str]], None]
    sent: bool = False


class _StoppedError(Exception):
    """The request was stopped before its first byte; the message says why."""


FLIGHT: ContextVar[Flight] = ContextVar("flight")
"""Of the request that the present task asks for: there is no other way for it through ccxt and aiohttp."""


class _LastGate(aiohttp.ClientRequest):
    async def send(self, conn: Connection) -> aiohttp.ClientResponse:
        flight = FLIGHT.get()
        if flight.sent:  # aiohttp repeats a DELETE or PUT by itself when the connection broke
            raise _StoppedError("the connection broke")
        why_not = flight.why_not()
        if why_not is not None:
            raise _StoppedError(why_not)
        flight.sent = True
        return await super().send(conn)


class Transport:
    """Connections to the exchange, made in the loop that first asks for one; closed by ``close``."""

    def __init__(self, cafile: str, connect_ms: int, timeout_ms: int) -> None:
        self._cafile = cafile
        self._timeout_ms = timeout_ms
        self._timeout = aiohttp.ClientTimeout(total=timeout_ms / 1000, connect=connect_ms / 1000)
        self._session: aiohttp.ClientSession | None = None
        self._closed = False

    async def carry(self, method: str, url: str, headers: Mapping[str, str] | None, body: str | None) -> Answer | Lost:
        """Send the request of the present flight and read the answer; ``url`` is encoded already."""
        flight = FLIGHT.get()
        if self._closed:
            return Lost("the connections are closed", False)
        try:
            return await self._exchange(method, url, headers, None if body is None else body.encode(), flight)
        except _StoppedError as stopped:
            return Lost(str(stopped), flight.sent)
        except TimeoutError:
            return Lost(self._late(flight), flight.sent)
        except Exception as error:  # noqa: BLE001 - its text may hold the signed address; its class says enough
            what = "the connection broke" if flight.sent else "no connection could be made"
            return Lost(f"{what} ({type(error).__name__})", flight.sent)

    async def close(self) -> None:
        """Give the connections back; nothing can be sent after it."""
        self._closed = True
        if self._session is not None:
            await self._session.close()

    async def _exchange(
        self, method: str, url: str, headers: Mapping[str, str] | None, body: bytes | None, flight: Flight
    ) -> Answer:
        session = self._session or self._open(url.startswith("https:"))
        async with session.request(
            method, yarl.URL(url, encoded=True), data=body, headers=headers, allow_redirects=False
        ) as response:
            flight.on_head(response.status, response.headers)
            try:
                raw = await response.read()
            except (aiohttp.ClientError, OSError):  # TimeoutError is an OSError; the status still counts
                raw = b""
            return Answer(response.status, response.headers, raw.decode("utf-8", "replace"))

    def _open(self, encrypted: bool) -> aiohttp.ClientSession:
        tls = ssl.create_default_context(cafile=self._cafile) if encrypted else True
        self._session = aiohttp.ClientSession(
            connector=aiohttp.TCPConnector(ssl=tls, limit=0, keepalive_timeout=KEEP_ALIVE_S),
            cookie_jar=aiohttp.DummyCookieJar(),
            request_class=_LastGate,
            timeout=self._timeout,
            trust_env=False,
        )
        return self._session

    def _late(self, flight: Flight) -> str:
        if flight.sent:
            return f"no answer within {self._timeout_ms} ms"
        return "no connection could be made in time"
