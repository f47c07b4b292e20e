"""The webhooks that Twilio calls: delivery receipts and inbound texts."""

from __future__ import annotations

from django.http import HttpRequest, HttpResponse
from django.views.decorators.csrf import csrf_exempt
from django.views.decorators.http import require_POST

from textmanager.config.bridge import in_database
from textmanager.gateway.inbound import EMPTY_REPLY, parse_inbound
from textmanager.gateway.receipts import parse_receipt
from textmanager.replies.inbound import record_inbound
from textmanager.replies.webhooks import signed_webhook
from textmanager.runs.pipeline.intake import durable

REFUSED = "The signature does not fit. Check TEXTMANAGER_PUBLIC_URL and the auth token.\n"


@csrf_exempt
@require_POST
async def status_callback(request: HttpRequest, cloud_id: str) -> HttpResponse:
    """Takes one delivery receipt; answers 204 only when it is durable, so that Twilio repeats."""
    webhook = await signed_webhook(request, cloud_id)
    if webhook is None:
        return HttpResponse(REFUSED, status=403, content_type="text/plain")
    query = {name: request.GET[name] for name in request.GET}
    await durable(webhook.organization_id, parse_receipt(query, webhook.form))
    return HttpResponse(status=204)


@csrf_exempt
@require_POST
async def inbound(request: HttpRequest, cloud_id: str) -> HttpResponse:
    """Takes one inbound text. Twilio answers STOP, START and HELP itself, so we do not."""
    webhook = await signed_webhook(request, cloud_id)
    if webhook is None:
        return HttpResponse(REFUSED, status=403, content_type="text/plain")
    await in_database(
        record_inbound,
        organization_id=webhook.organization_id,
        message=parse_inbound(webhook.form),
    )
    return HttpResponse(EMPTY_REPLY, content_type="text/xml")
