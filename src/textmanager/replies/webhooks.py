"""The webhooks that Twilio calls, as an ASGI program of their own: receipts and inbound texts.

They come by the thousand while a run is sent, so they do not pass through what pages need:
sessions, templates, content policies. Each is believed only when it is signed with a token of the
organization in its address, which is what makes it an organization's at all.
"""

from __future__ import annotations

import logging
import re
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass
from typing import Any
from urllib.parse import parse_qsl

from django.conf import settings

from textmanager.config.bridge import in_database
from textmanager.config.hooks import PREFIX
from textmanager.config.reach import NONCE, answer_to
from textmanager.gateway.inbound import parse_inbound, reply_xml
from textmanager.gateway.receipts import parse_receipt, signature_is_valid
from textmanager.replies.answering import REFERENCE, apply_answer_receipt
from textmanager.replies.inbound import record_inbound
from textmanager.replies.signers import Signers
from textmanager.runs.pipeline.intake import durable

Scope = dict[str, Any]
Receive = Callable[[], Awaitable[Mapping[str, Any]]]
Send = Callable[[Mapping[str, Any]], Awaitable[None]]

REFUSED = b"The signature does not fit. Check TEXTMANAGER_PUBLIC_URL and the auth token.\n"
# Twilio's own limit for what it sends or takes is 64 kB.
MOST_BYTES = 256 * 1024

_logger = logging.getLogger(__name__)
_ADDRESS = re.compile(PREFIX + r"([-a-zA-Z0-9_]+)/(status|inbound|reach)/?")


@dataclass(frozen=True)
class Answer:
    status: int
    body: bytes = b""
    content_type: str = "text/plain; charset=utf-8"


@dataclass(frozen=True)
class Call:
    """A webhook that Twilio signed with a token of this organization."""

    organization_id: int
    query: dict[str, str]
    form: dict[str, str]


async def webhooks(scope: Scope, receive: Receive, send: Send) -> None:
    """Answers one call below `/hooks/twilio/`."""
    answer = await _answer(scope, receive)
    headers = [(b"content-length", str(len(answer.body)).encode())]
    if answer.body:
        headers.append((b"content-type", answer.content_type.encode()))
    await send({"type": "http.response.start", "status": answer.status, "headers": headers})
    await send({"type": "http.response.body", "body": answer.body})


async def _answer(scope: Scope, receive: Receive) -> Answer:
    address = _ADDRESS.fullmatch(scope["path"])
    if address is None:
        return Answer(404)
    if scope["method"] != "POST":
        return Answer(405)
    body = await _body(receive)
    if body is None:
        return Answer(413)
    cloud_id, kind = address.groups()
    if kind == "reach":
        return await _answer_reach(cloud_id, scope, body)
    return await _answer_signed(kind, cloud_id, scope, body)


async def _answer_signed(kind: str, cloud_id: str, scope: Scope, body: bytes) -> Answer:
    try:
        call = await _signed_call(scope, body, cloud_id)
        if call is None:
            return Answer(403, REFUSED)
        await Signers.here().note_call(call.organization_id)
        return await (_take_receipt if kind == "status" else _take_text)(call)
    except Exception:
        _logger.exception("A webhook could not be taken. Twilio is asked to send it again.")
        return Answer(503)


async def _answer_reach(cloud_id: str, scope: Scope, body: bytes) -> Answer:
    """To our own question over the public address: that it is us, and whether we believe it."""
    nonce = dict(parse_qsl(body.decode("latin-1"))).get(NONCE, "")
    is_signed = await _signed_call(scope, body, cloud_id) is not None
    return Answer(200, answer_to(nonce, is_signed=is_signed).encode())


async def _take_receipt(call: Call) -> Answer:
    """Answered with success only when it is durable, so that Twilio repeats what was lost."""
    receipt = parse_receipt(call.query, call.form)
    if receipt.reference.startswith(REFERENCE):
        await in_database(apply_answer_receipt, call.organization_id, receipt)
    else:
        await durable(call.organization_id, receipt)
    return Answer(204)


async def _take_text(call: Call) -> Answer:
    taken = await in_database(
        record_inbound, organization_id=call.organization_id, message=parse_inbound(call.form)
    )
    return Answer(200, reply_xml(taken.answer).encode(), "text/xml")


async def _body(receive: Receive) -> bytes | None:
    """The whole body, or None for one that is longer than any of Twilio's."""
    body = b""
    is_whole = False
    while not is_whole:
        part = await receive()
        body += part.get("body", b"")
        is_whole = not part.get("more_body", False)
        if len(body) > MOST_BYTES:
            return None
    return body


async def _signed_call(scope: Scope, body: bytes, cloud_id: str) -> Call | None:
    """The call, or None when its signature does not prove whose it is.

    Checked against the public address, because that is what Twilio signed; what a proxy made of
    the request does not matter.
    """
    path = (scope.get("raw_path") or scope["path"].encode()).decode("latin-1")
    query = scope["query_string"].decode("latin-1")
    url = settings.PUBLIC_URL + path + (f"?{query}" if query else "")
    fields = parse_qsl(body.decode("utf-8", "replace"), keep_blank_values=True)
    signature = _header(scope, b"x-twilio-signature")

    def fits(tokens: tuple[str, ...]) -> bool:
        return signature_is_valid(url, fields, signature, tokens)

    organization_id = await Signers.here().organization_that_signed(cloud_id, fits)
    if organization_id is None:
        return None
    return Call(organization_id, dict(parse_qsl(query)), dict(fields))


def _header(scope: Scope, name: bytes) -> str:
    values: list[bytes] = [value for key, value in scope["headers"] if key == name]
    return values[0].decode("latin-1") if values else ""
