"""Faults on demand for the simulated iMIS: slow, busy, failing, cut off, under maintenance."""

from __future__ import annotations

import asyncio
from collections import Counter
from dataclasses import dataclass, field

from starlette.requests import Request
from starlette.responses import HTMLResponse, PlainTextResponse, Response
from starlette.types import ASGIApp, Receive, Scope, Send

MAINTENANCE = "<html><body><h1>Down for maintenance</h1></body></html>"


@dataclass
class Fault:
    """One kind of fault for the next `count` requests below `path`.

    kind: slow (`seconds`), status (`status` and `text` instead of an answer), reset (dropped before
    it is handled), lost_answer (handled, then dropped), doubled (handled twice; for reads), html (a
    maintenance page).
    """

    kind: str
    path: str = "/"
    count: int = 1
    status: int = 500
    text: str = "Fault on demand."
    seconds: float = 1.0
    method: str = ""


@dataclass
class FaultGate:
    """An ASGI program in front of the sandbox that plays the faults it was told.

    `seen` counts the requests by path, those that meet a fault among them.
    """

    app: ASGIApp
    faults: list[Fault] = field(default_factory=list)
    seen: Counter[str] = field(default_factory=Counter)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        fault = None
        if scope["type"] == "http":
            self.seen[scope["path"]] += 1
            fault = self._next(scope)
        if fault is None:
            await self.app(scope, receive, send)
            return
        match fault.kind:
            case "slow":
                await asyncio.sleep(fault.seconds)
                await self.app(scope, receive, send)
            case "status":
                failing = PlainTextResponse(fault.text, fault.status)
                await _answer(failing, scope, receive, send)
            case "html":
                await _answer(HTMLResponse(MAINTENANCE), scope, receive, send)
            case "doubled":
                await self.app(scope, receive, _swallow)
                await self.app(scope, receive, send)
            case "lost_answer":
                await self.app(scope, receive, _swallow)
                await _drop(receive, send)
            case _:
                await _drop(receive, send)

    def _next(self, scope: Scope) -> Fault | None:
        for fault in self.faults:
            fits = scope["path"].casefold().startswith(fault.path.casefold())
            if fault.count > 0 and fits and fault.method in {"", scope["method"]}:
                fault.count -= 1
                return fault
        return None


async def _answer(response: Response, scope: Scope, receive: Receive, send: Send) -> None:
    await Request(scope, receive).body()
    await response(scope, receive, send)


async def _swallow(_message: object) -> None:
    """Takes the answer that nobody will get."""


async def _drop(receive: Receive, send: Send) -> None:
    """Closes the connection without an answer.

    ASGI has no word for that: uvicorn's transport is reached through the bound `send`.
    """
    transport = send.__self__.transport  # type: ignore[attr-defined] # see above
    transport.abort()
    while (await receive())["type"] != "http.disconnect":
        pass
