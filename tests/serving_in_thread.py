"""Runs an ASGI program in a thread, for tests that are not coroutines themselves."""

from __future__ import annotations

import asyncio
import socket
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import uvicorn

SECONDS_TO_START = 20


@contextmanager
def serve_in_thread(app: Any, **options: Any) -> Iterator[str]:
    """The program's base URL; it is up inside and down after."""
    # With the protocol left at 0, asyncio keeps Nagle's algorithm on: 40 ms for each answer.
    listener = socket.socket(socket.AF_INET, socket.SOCK_STREAM, socket.IPPROTO_TCP)
    listener.bind(("127.0.0.1", 0))
    listener.listen()
    server = uvicorn.Server(uvicorn.Config(app, log_level="warning", lifespan="auto", **options))
    thread = threading.Thread(
        target=lambda: asyncio.run(server.serve(sockets=[listener])), daemon=True
    )
    thread.start()
    try:
        deadline = time.monotonic() + SECONDS_TO_START
        while not server.started:
            if not thread.is_alive() or time.monotonic() > deadline:
                raise RuntimeError("The program did not start.")
            time.sleep(0.005)
        host, port = listener.getsockname()
        yield f"http://{host}:{port}"
    finally:
        server.should_exit = True
        thread.join(timeout=SECONDS_TO_START)
        listener.close()
