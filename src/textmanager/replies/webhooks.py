"""Proves that a webhook comes from Twilio, for the organization in its address."""

from __future__ import annotations

from dataclasses import dataclass
from urllib.parse import parse_qsl

from django.conf import settings
from django.http import HttpRequest

from textmanager.config.bridge import in_database
from textmanager.gateway.receipts import signature_is_valid
from textmanager.organizations.connections import webhook_tokens


@dataclass(frozen=True)
class SignedWebhook:
    """A webhook that Twilio signed with a token of this organization."""

    organization_id: int
    form: dict[str, str]


async def signed_webhook(request: HttpRequest, cloud_id: str) -> SignedWebhook | None:
    """The webhook's organization and fields, or None when its signature does not prove them.

    Checked against the public address, because that is what Twilio signed; what a proxy made of
    the request does not matter.
    """
    known = await in_database(webhook_tokens, cloud_id)
    if known is None:
        return None
    organization_id, tokens = known
    fields = parse_qsl(request.body.decode("utf-8", "replace"), keep_blank_values=True)
    signature = request.headers.get("X-Twilio-Signature", "")
    url = settings.PUBLIC_URL + request.get_full_path()
    if not signature_is_valid(url, fields, signature, tokens):
        return None
    return SignedWebhook(organization_id, dict(fields))
