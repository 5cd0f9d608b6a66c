"""A WebSocket server that fires prepared market frames at whoever connects: FRAMES.  It prints its port.

A process of its own, for what is measured is the client.
"""

from __future__ import annotations

import asyncio
import base64
import hashlib
import json
import sys
from contextlib import suppress

MAGIC = "258EAFA5-E914-47DA-95CA-C5AB0DC85B11"
CHUNK = 512
SYMBOL = "BTCUSDT"
START_MS = 1_700_000_000_000


def framed(payload: bytes) -> bytes:
    """A text frame."""
    size = len(payload)
    head = bytes((0x81, size)) if size < 126 else bytes((0x81, 126)) + size.to_bytes(2, "big")
    return head + payload


def message(n: int) -> bytes:
    """Nine quotes, then a trade, no two alike."""
    at = START_MS + n
    if n % 10:
        data: dict[str, object] = {"e": "bookTicker", "u": n, "s": SYMBOL, "ps": SYMBOL, "b": f"{60000 + n % 977 / 10}"}
        data |= {"B": f"{n % 4999 / 1000 + 0.001:.3f}", "a": f"{60100 + n % 977 / 10}", "A": "2.041"}
        name = "btcusdt@bookTicker"
    else:
        data = {
            "e": "aggTrade",
            "E": at,
            "a": n,
            "s": SYMBOL,
            "p": f"{60000 + n % 977 / 10}",
            "q": "0.017",
            "nq": "0.017",
        }
        data |= {"f": n, "l": n, "m": bool(n % 20)}
        name = "btcusdt@aggTrade"
    data |= {"T": at, "E": at, "st": 1}
    return framed(json.dumps({"stream": name, "data": data}, separators=(",", ":")).encode())


async def main(frames: int) -> None:
    """Serve until killed."""
    chunks = [b"".join(message(n) for n in range(at, at + CHUNK)) for at in range(1, frames, CHUNK)]

    async def shoot(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        head = (await reader.readuntil(b"\r\n\r\n")).decode()
        key = next(line for line in head.split("\r\n") if line.lower().startswith("sec-websocket-key")).split(": ")[1]
        accept = base64.b64encode(hashlib.sha1((key + MAGIC).encode()).digest()).decode()
        writer.write(b"HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n")
        writer.write(f"Sec-WebSocket-Accept: {accept}\r\n\r\n".encode())
        with suppress(ConnectionError):
            for chunk in chunks:
                writer.write(chunk)
                await writer.drain()
            await reader.read()
        writer.close()

    server = await asyncio.start_server(shoot, "127.0.0.1", 0)
    sys.stdout.write(f"{server.sockets[0].getsockname()[1]} {len(chunks) * CHUNK}\n")
    sys.stdout.flush()
    await server.serve_forever()


if __name__ == "__main__":
    asyncio.run(main(int(sys.argv[1])))
