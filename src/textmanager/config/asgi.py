"""The web process as an ASGI program."""

from __future__ import annotations

import asyncio
import os
from collections.abc import Mapping
from typing import Any

from django.core.asgi import get_asgi_application

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "textmanager.config.settings")

pages = get_asgi_application()

# These need Django to be set up.
from textmanager.config.hooks import PREFIX  # noqa: E402 - see above
from textmanager.replies.webhooks import Receive, Scope, Send, webhooks  # noqa: E402 - see above


async def application(scope: Scope, receive: Receive, send: Send) -> None:
    """Twilio's webhooks go their own short way; everything else is a page."""
    is_webhook = scope["type"] == "http" and scope["path"].startswith(PREFIX)
    has_begun = False

    async def send_on(message: Mapping[str, Any]) -> None:
        nonlocal has_begun
        has_begun = True
        await send(message)

    try:
        await (webhooks if is_webhook else pages)(scope, receive, send_on)
    except asyncio.CancelledError:
        # Only a server that stops cuts what takes too long, and it says so itself. Passed on, this
        # would be logged as a fault of the page.
        if not has_begun:
            await _say_that_we_stop(send)


async def _say_that_we_stop(send: Send) -> None:
    """Twilio tells a receipt again after this answer; a text that was cut is asked for later."""
    body = b"Text Manager is stopping. Try again in a minute.\n"
    headers = [(b"content-type", b"text/plain"), (b"content-length", str(len(body)).encode())]
    await send({"type": "http.response.start", "status": 503, "headers": headers})
    await send({"type": "http.response.body", "body": body})
