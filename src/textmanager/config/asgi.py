"""The web process as an ASGI program."""

from __future__ import annotations

import os

from django.core.asgi import get_asgi_application

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "textmanager.config.settings")

pages = get_asgi_application()

# These need Django to be set up.
from textmanager.config.hooks import PREFIX  # noqa: E402 - see above
from textmanager.replies.webhooks import Receive, Scope, Send, webhooks  # noqa: E402 - see above


async def application(scope: Scope, receive: Receive, send: Send) -> None:
    """Twilio's webhooks go their own short way; everything else is a page."""
    if scope["type"] == "http" and scope["path"].startswith(PREFIX):
        await webhooks(scope, receive, send)
    else:
        await pages(scope, receive, send)
