"""The plain way to take delivery receipts: a Django view that checks one and saves one row."""

from __future__ import annotations

from django.http import HttpRequest, HttpResponse
from django.urls import path
from django.utils import timezone
from django.views.decorators.csrf import csrf_exempt
from twilio.request_validator import RequestValidator

from textmanager.organizations.models import TwilioConnection
from textmanager.runs.keys import parse_reference
from textmanager.runs.models import Receipt


@csrf_exempt
def plain(request: HttpRequest) -> HttpResponse:
    connection = TwilioConnection.objects.select_related("organization").get()
    form = request.POST.dict()
    validator = RequestValidator(connection.auth_token)
    signature = request.headers["X-Twilio-Signature"]
    if not validator.validate(request.build_absolute_uri(), form, signature):
        return HttpResponse(status=403)
    key = parse_reference(request.GET["m"])
    assert key is not None
    Receipt.objects.create(
        organization=connection.organization,
        run_id=key[0],
        number=key[1],
        sid=form["MessageSid"],
        twilio_status=form["MessageStatus"],
        raw=form,
        received_at=timezone.now(),
    )
    return HttpResponse(status=204)


urlpatterns = [path("plain", plain)]
