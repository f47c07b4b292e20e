"""A carrier that accepts every text at once, as a process of its own.

    python -m bench.carrier PORT

It answers what Twilio answers to a created message, with as little work as can be, so that a
bench measures the sending side.
"""

from __future__ import annotations

import asyncio
import contextlib
import itertools
import json
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from typing import cast

import uvloop

ANSWER = json.dumps(
    {
        "account_sid": "AC" + "0" * 32,
        "api_version": "2010-04-01",
        "body": "x",
        "date_created": "Mon, 23 Nov 2026 20:36:27 +0000",
        "date_sent": None,
        "date_updated": "Mon, 23 Nov 2026 20:36:27 +0000",
        "direction": "outbound-api",
        "error_code": None,
        "error_message": None,
        "from": "+12025550143",
        "messaging_service_sid": None,
        "num_media": "0",
        "num_segments": "1",
        "price": None,
        "price_unit": "USD",
        "sid": "SM%032d",
        "status": "queued",
        "subresource_uris": {},
        "to": "+12025550100",
        "uri": "/",
    }
)
HEAD = b"HTTP/1.1 201 CREATED\r\nContent-Type: application/json\r\nContent-Length: %d\r\n\r\n"
LENGTH = b"content-length:"
END = b"\r\n\r\n"


class Carrier(asyncio.Protocol):
    """Speaks as much HTTP as a client library needs that keeps its connection."""

    numbers = itertools.count(1)

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self.transport = cast("asyncio.Transport", transport)  # uvloop's is none by its type
        self.received = b""

    def data_received(self, data: bytes) -> None:
        self.received += data
        answers = []
        while (end := self.received.find(END)) >= 0:
            head = self.received[:end].lower()
            place = head.find(LENGTH)
            after = head[place + len(LENGTH) :].split(b"\r\n", 1)[0] if place >= 0 else b"0"
            whole = end + len(END) + int(after)
            if len(self.received) < whole:
                break
            self.received = self.received[whole:]
            body = (ANSWER % next(self.numbers)).encode()
            answers.append(HEAD % len(body) + body)
        if answers:
            self.transport.write(b"".join(answers))


@contextlib.contextmanager
def carrier() -> Iterator[str]:
    """The address of a carrier that runs meanwhile."""
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    process = subprocess.Popen([sys.executable, "-m", "bench.carrier", str(port)])
    try:
        while True:
            with contextlib.suppress(OSError), socket.create_connection(("127.0.0.1", port), 1):
                break
            time.sleep(0.05)
        yield f"http://127.0.0.1:{port}"
    finally:
        process.terminate()
        process.wait()


async def serve(port: int) -> None:
    server = await asyncio.get_running_loop().create_server(Carrier, "127.0.0.1", port)
    await server.serve_forever()


if __name__ == "__main__":
    with contextlib.suppress(KeyboardInterrupt):
        uvloop.run(serve(int(sys.argv[1])))
