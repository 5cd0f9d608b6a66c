"""Opens one WebSocket as this program wants them, and says in words that hold no address why one could not be had."""

from __future__ import annotations

import logging
from dataclasses import dataclass

from websockets.asyncio.client import ClientConnection, connect
from websockets.exceptions import InvalidStatus, WebSocketException

HIGH_WATER = 4096
LARGEST_FRAME = 1024 * 1024
WAITS_MS = {429: 60_000, 418: 120_000}
"""At least so long where the exchange does not say: weights count by the minute, its shortest ban is two."""


class NoConnection(Exception):  # noqa: N818 - what became of an attempt
    """None could be had, or it was of no use; ``wait_ms`` is how long the exchange wants to be left alone (0: untold).

    Messages hold no address.
    """

    def __init__(self, reason: str, wait_ms: int = 0) -> None:
        super().__init__(reason)
        self.reason = reason
        self.wait_ms = wait_ms


@dataclass(frozen=True, slots=True)
class SocketTimes:
    """Of a socket, ms.

    A connection is renewed before ``life_ms``, after 96 to 100 % of it; a renewal that failed is tried again after
    ``renew_again_ms``.  ``proof_ms`` is how long a new one must stand where no data is expected; ``steady_ms`` how long
    one must have delivered before the next loss begins with the shortest delay.  ``ack_ms`` is for a SUBSCRIBE.
    """

    open_ms: int = 5_000
    close_ms: int = 300
    ping_ms: int = 10_000
    pong_ms: int = 10_000
    life_ms: int = 23 * 3_600_000
    renew_again_ms: int = 60_000
    proof_ms: int = 2_000
    steady_ms: int = 10_000
    ack_ms: int = 5_000


class _Direct(connect):
    """Redirects are not followed: a URL with a listen key goes to nobody else."""

    def process_redirect(self, exc: Exception) -> Exception | str:
        return exc


async def dial(url: str, times: SocketTimes) -> ClientConnection:
    """Open ``url``; proxies of the environment are left alone, nothing is compressed, nothing is logged.

    Raises:
        NoConnection: refused, unreachable, or too slow.
    """
    silent = logging.Logger("websockets", logging.CRITICAL + 1)  # its debug lines have the path, and so the listen key
    try:
        return await _Direct(
            url,
            compression=None,
            proxy=None,
            logger=silent,
            open_timeout=times.open_ms / 1000,
            close_timeout=times.close_ms / 1000,
            ping_interval=times.ping_ms / 1000,
            ping_timeout=times.pong_ms / 1000,
            max_queue=HIGH_WATER,
            max_size=LARGEST_FRAME,
        )
    except InvalidStatus as refusal:
        raise _refused(refusal) from None
    except TimeoutError:
        raise NoConnection(f"no handshake within {times.open_ms / 1000:g} s") from None
    except OSError as error:
        raise NoConnection(f"unreachable: {error.strerror or type(error).__name__}") from None
    except (WebSocketException, EOFError, ValueError) as error:
        raise NoConnection(f"the handshake failed: {type(error).__name__}") from None


def _refused(refusal: InvalidStatus) -> NoConnection:
    status = refusal.response.status_code
    told = refusal.response.headers.get("Retry-After", "")
    wait_ms = int(told) * 1000 if told.isascii() and told.isdigit() else WAITS_MS.get(status, 0)
    return NoConnection(f"the handshake was refused with HTTP {status}", wait_ms)
