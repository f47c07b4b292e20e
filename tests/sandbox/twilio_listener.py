"""A web server that keeps the webhooks it gets and answers as told."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from urllib.parse import parse_qsl

from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from serving import serve


@dataclass
class Webhook:
    url: str
    pairs: list[tuple[str, str]]
    headers: dict[str, str]

    @property
    def form(self) -> dict[str, str]:
        return dict(self.pairs)


@dataclass
class Listener:
    base_url: str = ""
    got: list[Webhook] = field(default_factory=list)
    answers: list[tuple[int, str]] = field(default_factory=list)
    changed: asyncio.Condition = field(default_factory=asyncio.Condition)

    async def hear(self, request: Request) -> Response:
        pairs = parse_qsl((await request.body()).decode(), keep_blank_values=True)
        async with self.changed:
            self.got.append(Webhook(str(request.url), pairs, dict(request.headers)))
            self.changed.notify_all()
        status, body = self.answers.pop(0) if self.answers else (204, "")
        return Response(body, status, media_type="text/xml" if body else None)

    async def count(self, number: int) -> list[Webhook]:
        """All webhooks, as soon as there are that many."""
        async with asyncio.timeout(5), self.changed:
            await self.changed.wait_for(lambda: len(self.got) >= number)
        return self.got


@asynccontextmanager
async def listening() -> AsyncIterator[Listener]:
    listener = Listener()
    app = Starlette(routes=[Route("/{path:path}", listener.hear, methods=["POST"])])
    async with serve(app) as base_url:
        listener.base_url = base_url
        yield listener
