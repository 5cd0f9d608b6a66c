"""A WebSocket client that only counts: PORT SYMBOL FRAMES.  A process of its own, for the server's CPU is measured."""

import json
import socket
import sys
from time import perf_counter

MARK = b'"e":"bookTicker"'
ASK = (
    "GET /public/ws/{}@bookTicker HTTP/1.1\r\nHost: x\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
    "Sec-WebSocket-Key: AAAAAAAAAAAAAAAAAAAAAA==\r\nSec-WebSocket-Version: 13\r\n\r\n"
)


def main(port: int, symbol: str, wanted: int) -> None:
    """Count frames and tell the seconds from the first of the burst to the last."""
    with socket.create_connection(("127.0.0.1", port)) as connection:
        connection.sendall(ASK.format(symbol.lower()).encode())
        seen, began, rest = 0, 0.0, b""
        while seen < wanted:
            data = connection.recv(1 << 20)
            if not data:
                break
            joined = rest + data
            found = joined.count(MARK)
            rest = joined[-len(MARK) + 1 :]
            if found and not began:
                began = perf_counter()
            seen += found
        sys.stdout.write(json.dumps({"frames": seen, "seconds": perf_counter() - began}))


main(int(sys.argv[1]), sys.argv[2], int(sys.argv[3]))
