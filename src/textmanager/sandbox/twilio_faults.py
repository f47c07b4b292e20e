"""Faults on demand, and the gate in front of the API that commits them.

| kind | what happens to a call |
| --- | --- |
| reset | the connection is dropped before the request is read; nothing is created |
| lost-201 | carried out, then the connection is dropped without an answer |
| slow-201 | carried out at once, answered after `seconds` |
| garbled-201 | carried out, answered with something that is not JSON |
| 500-after | carried out, answered with 500 |
| 500-before, 502, 503, 504, 408 | not carried out, answered with that status |
| 429 | not carried out: 20429, too many requests |
| doubled | carried out twice, as when something between repeats it; for reads |
| refuse | not carried out, answered with the `status` and `code` given |

Delivery receipts can be lost, doubled, delayed (by `seconds`) or shuffled: `receipt-lost` …
"""

from __future__ import annotations

import asyncio
import json
import socket
import struct
import uuid
from dataclasses import asdict, dataclass
from typing import Any

from starlette.types import ASGIApp, Message, Receive, Scope, Send

from textmanager.sandbox.twilio_json import error_json
from textmanager.sandbox.twilio_rules import WORDS, TwilioError

_REFUSALS = {
    "500-before": (500, 20500),
    "500-after": (500, 20500),
    "502": (502, 20500),
    "503": (503, 20503),
    "504": (504, 20504),
    "408": (408, 20500),
    "429": (429, 20429),
}
CALL_KINDS = frozenset(
    {*_REFUSALS, "reset", "lost-201", "slow-201", "garbled-201", "doubled", "refuse"}
)
RECEIPT_KINDS = frozenset(
    {"receipt-lost", "receipt-doubled", "receipt-delayed", "receipt-shuffled"}
)


@dataclass
class Fault:
    """`count` calls (or receipts) are hit, after the first `skip` have passed unharmed.

    `on` is what is hit: create (a message), read (anything else of the API) or any.
    """

    kind: str
    count: int = 1
    skip: int = 0
    seconds: float = 2.0
    on: str = "create"
    status: int = 400
    code: int = 20500

    def __post_init__(self) -> None:
        if self.kind not in CALL_KINDS | RECEIPT_KINDS or self.on not in {"create", "read", "any"}:
            raise ValueError(f"No such fault: {self.kind} on {self.on}.")


class Faults:
    """The faults still to be committed, oldest first."""

    def __init__(self) -> None:
        self._waiting: list[Fault] = []

    def add(self, fault: Fault) -> None:
        self._waiting.append(fault)

    def clear(self) -> None:
        self._waiting.clear()

    def as_json(self) -> list[dict[str, Any]]:
        return [asdict(fault) for fault in self._waiting]

    def next_for_call(self, on: str) -> Fault | None:
        return self._next(
            [f for f in self._waiting if f.kind in CALL_KINDS and f.on in {on, "any"}]
        )

    def next_for_receipt(self) -> Fault | None:
        return self._next([f for f in self._waiting if f.kind in RECEIPT_KINDS])

    def _next(self, candidates: list[Fault]) -> Fault | None:
        if not candidates:
            return None
        fault = candidates[0]
        if fault.skip > 0:
            fault.skip -= 1
            return None
        fault.count -= 1
        if fault.count <= 0:
            self._waiting.remove(fault)
        return fault


class FaultGate:
    """In front of the API: commits faults, caps concurrency, and adds Twilio's answer headers."""

    def __init__(
        self, app: ASGIApp, faults: Faults, *, max_concurrent: int, answer_seconds: float
    ) -> None:
        self._app = app
        self._faults = faults
        self._max_concurrent = max_concurrent
        self._answer_seconds = answer_seconds
        self._concurrent = 0

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http" or not scope["path"].startswith(("/2010-04-01/", "/v1/")):
            await self._app(scope, receive, send)
            return
        self._concurrent += 1
        try:
            await self._api_call(scope, receive, _with_headers(send, self._concurrent))
        finally:
            self._concurrent -= 1

    async def _api_call(self, scope: Scope, receive: Receive, send: Send) -> None:
        if self._answer_seconds:
            await asyncio.sleep(self._answer_seconds)
        if self._concurrent > self._max_concurrent:
            await _refuse(send, 429, 20429)
            return
        creates = scope["method"] == "POST" and scope["path"].endswith("/Messages.json")
        fault = self._faults.next_for_call("create" if creates else "read")
        if fault is None:
            await self._app(scope, receive, send)
        else:
            await self._commit(fault, scope, receive, send)

    async def _commit(self, fault: Fault, scope: Scope, receive: Receive, send: Send) -> None:
        held: list[Message] = []

        async def hold(message: Message) -> None:  # ASGI wants a coroutine
            held.append(message)

        if fault.kind in {"lost-201", "slow-201", "garbled-201", "500-after"}:
            await self._app(scope, receive, hold)
        match fault.kind:
            case "reset" | "lost-201":
                await _drop_connection(receive, send)
            case "slow-201":
                await asyncio.sleep(fault.seconds)
                for message in held:
                    await send(message)
            case "doubled":
                await self._app(scope, receive, hold)
                await self._app(scope, receive, send)
            case "garbled-201":
                await _answer(send, 201, b"<html>Sorry</html>", b"text/html")
            case "refuse":
                await _refuse(send, fault.status, fault.code)
            case _:
                await _refuse(send, *_REFUSALS[fault.kind])


def _with_headers(send: Send, concurrent: int) -> Send:
    async def with_headers(message: Message) -> None:
        if message["type"] == "http.response.start":
            message["headers"] = [
                *message.get("headers", ()),
                (b"twilio-request-id", f"RQ{uuid.uuid4().hex}".encode()),
                (b"twilio-concurrent-requests", str(concurrent).encode()),
                (b"x-api-domain", b"api.twilio.com"),
            ]
        await send(message)

    with_headers.server_send = send  # type: ignore[attr-defined]  # see _drop_connection
    return with_headers


async def _refuse(send: Send, status: int, code: int) -> None:
    error = TwilioError(status, code, WORDS.get(code, f"Error {code}"))
    await _answer(send, status, json.dumps(error_json(error)).encode(), b"application/json")


async def _answer(send: Send, status: int, body: bytes, kind: bytes) -> None:
    headers = [(b"content-type", kind), (b"content-length", str(len(body)).encode())]
    await send({"type": "http.response.start", "status": status, "headers": headers})
    await send({"type": "http.response.body", "body": body})


async def _drop_connection(receive: Receive, send: Send) -> None:
    """Resets the TCP connection.

    ASGI has no word for that: uvicorn's own objects are reached through the bound `send` that it
    handed us.
    """
    transport = send.server_send.__self__.transport  # type: ignore[attr-defined]  # see above
    raw = transport.get_extra_info("socket")
    raw.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
    transport.abort()
    while (await receive())["type"] != "http.disconnect":
        pass
