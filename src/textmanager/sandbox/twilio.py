"""A simulated Twilio as an ASGI program: the REST API, the carriers, the phones.

    uvicorn --factory textmanager.sandbox.twilio:create_app

Everything under /_sandbox is for tests: the plain ledger, replies from phones, faults.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from typing import Any

from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import BaseRoute, Route
from starlette.types import ASGIApp

from textmanager.sandbox.twilio_api import Api
from textmanager.sandbox.twilio_delivery import Carriers
from textmanager.sandbox.twilio_faults import Fault, FaultGate, Faults
from textmanager.sandbox.twilio_phones import PhonesPage
from textmanager.sandbox.twilio_replies import Replies
from textmanager.sandbox.twilio_settings import (
    SandboxNumber,
    SandboxService,
    TwilioSettings,
)
from textmanager.sandbox.twilio_store import Message, Store
from textmanager.sandbox.twilio_webhooks import Webhooks

__all__ = ["SandboxNumber", "SandboxService", "TwilioSettings", "create_app"]


def create_app(settings: TwilioSettings | None = None) -> ASGIApp:
    """The whole sandbox; it must run with its lifespan and, for dropped connections, in uvicorn."""
    settings = settings or TwilioSettings()
    store, faults = Store(settings), Faults()
    webhooks = Webhooks(settings.auth_token, settings.callback_hosts)
    carriers = Carriers(store, webhooks, faults)
    replies = Replies(store, carriers, webhooks)

    @asynccontextmanager
    async def lifespan(_app: Starlette) -> AsyncIterator[None]:
        webhooks.open()
        delivering = asyncio.create_task(carriers.run())
        yield
        delivering.cancel()
        with suppress(asyncio.CancelledError):
            await delivering
        await webhooks.aclose()
        store.close()

    routes = [
        *Api(store, carriers).routes(),
        *PhonesPage(store, replies).routes(),
        *_test_routes(store, replies, faults),
    ]
    return FaultGate(
        Starlette(routes=routes, lifespan=lifespan),
        faults,
        max_concurrent=settings.max_concurrent,
        answer_seconds=settings.answer_seconds,
    )


def _test_routes(store: Store, replies: Replies, faults: Faults) -> list[BaseRoute]:
    async def messages(request: Request) -> Response:
        """Oldest first; `?to=` and `?after=<ordinal>` narrow it."""
        to = request.query_params.get("to")
        after = int(request.query_params.get("after", "-1"))
        rows = [_plain(m) for m in store.newest_first(to) if m.ordinal > after]
        return JSONResponse({"messages": rows[::-1]})

    async def reply(request: Request) -> Response:
        body = await request.json()
        if body["to"] not in store.numbers:
            return JSONResponse({"error": "Not a number of this account."}, 404)
        return JSONResponse(_plain(replies.receive(body["from"], body["to"], body["body"])), 201)

    async def add_fault(request: Request) -> Response:
        try:
            faults.add(Fault(**await request.json()))
        except (TypeError, ValueError) as error:
            return JSONResponse({"error": str(error)}, 400)
        return JSONResponse({"faults": faults.as_json()}, 201)

    async def list_faults(_request: Request) -> Response:
        return JSONResponse({"faults": faults.as_json()})

    async def clear_faults(_request: Request) -> Response:
        faults.clear()
        return Response(status_code=204)

    return [
        Route("/_sandbox/messages", messages),
        Route("/_sandbox/replies", reply, methods=["POST"]),
        Route("/_sandbox/faults", add_fault, methods=["POST"]),
        Route("/_sandbox/faults", list_faults),
        Route("/_sandbox/faults", clear_faults, methods=["DELETE"]),
    ]


def _plain(message: Message) -> dict[str, Any]:
    return {
        "ordinal": message.ordinal,
        "sid": message.sid,
        "to": message.to,
        "from": message.sender,
        "body": message.body,
        "direction": message.direction,
        "status": message.status,
        "error_code": message.error_code,
        "segments": message.segments,
        "service": message.service,
        "status_callback": message.callback,
        "price": message.price,
        "auto": message.auto,
        "created": message.created,
        "sent": message.sent,
        "updated": message.updated,
    }
