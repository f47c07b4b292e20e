"""Runs an ASGI program on a free loopback port for the length of a test."""

from __future__ import annotations

import asyncio
import socket
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

import uvicorn


class _PromptServer(uvicorn.Server):
    """uvicorn without the ticks of a tenth of a second in which it notices its end."""

    def __init__(self, config: uvicorn.Config) -> None:
        super().__init__(config)
        self.up = asyncio.Event()
        self.ended = asyncio.Event()

    async def main_loop(self) -> None:
        await self.on_tick(0)
        self.up.set()
        await self.ended.wait()

    async def shutdown(self, sockets: list[socket.socket] | None = None) -> None:
        for server in self.servers:
            server.close()
        for connection in list(self.server_state.connections):
            connection.shutdown()
        await asyncio.gather(*self.server_state.tasks, return_exceptions=True)
        await self.lifespan.shutdown()


@asynccontextmanager
async def serve(app: Any, **options: Any) -> AsyncIterator[str]:
    """The program's base URL, such as http://127.0.0.1:49152; it is up inside and down after."""
    # Named TCP outright: for a socket of protocol 0 asyncio leaves Nagle's algorithm on, which
    # makes every answer 40 ms late.
    with socket.socket(socket.AF_INET, socket.SOCK_STREAM, socket.IPPROTO_TCP) as listener:
        listener.bind(("127.0.0.1", 0))
        config = uvicorn.Config(app, log_level="warning", lifespan="on", **options)
        server = _PromptServer(config)
        serving = asyncio.create_task(server.serve(sockets=[listener]))
        up = asyncio.create_task(server.up.wait())
        await asyncio.wait({serving, up}, return_when=asyncio.FIRST_COMPLETED)
        if not up.done():
            up.cancel()
            await serving
            raise RuntimeError("The program did not start.")
        try:
            host, port = listener.getsockname()
            yield f"http://{host}:{port}"
        finally:
            server.ended.set()
            await serving
