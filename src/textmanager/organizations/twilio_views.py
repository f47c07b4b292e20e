"""The settings page of Twilio: the account, what campaigns send from, and where replies go."""

from __future__ import annotations

from django.contrib import messages as notices
from django.http import HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.views.decorators.debug import sensitive_post_parameters
from django.views.decorators.http import require_POST

from textmanager.config.bridge import wait_for
from textmanager.gateway.directory import list_senders, read_balance
from textmanager.gateway.errors import GatewayError
from textmanager.organizations import configuring, connecting_twilio
from textmanager.organizations.configuring import NotAccepted
from textmanager.organizations.connecting_twilio import Entered, our_inbound_url
from textmanager.organizations.connections import NotConnected, twilio_credentials
from textmanager.organizations.membership import MemberRequest, member_required
from textmanager.organizations.models import Role, Sender, SenderKind, TwilioConnection
from textmanager.organizations.prices import price_from
from textmanager.organizations.settings_forms import SenderForm, TwilioForm

KNOWN = ("account_sid", "api_key_sid", "test_account_sid", "receiving")


@sensitive_post_parameters("auth_token", "secondary_token", "api_key_secret", "test_auth_token")
@member_required(Role.ADMIN)
def twilio(request: MemberRequest) -> HttpResponse:
    connection = TwilioConnection.objects.filter(organization=request.organization).first()
    known = {name: getattr(connection, name) for name in KNOWN} if connection else {}
    form = TwilioForm(request.POST or None, initial=known)
    if request.method == "POST" and form.is_valid():
        try:
            name = connecting_twilio.connect_twilio(
                request.organization, Entered(**form.cleaned_data), actor=request.user
            )
        except NotAccepted as refusal:
            form.add_error(refusal.field, str(refusal))
        else:
            notices.success(request, f"Connected to the account {name}.")
            return redirect("settings:twilio")
    senders = list(request.organization.senders.order_by("-is_active", "name"))
    context = {
        "form": form,
        "connection": connection,
        "senders": [
            (each, price_from(connection, SenderKind(each.kind)) if connection else None)
            for each in senders
        ],
    }
    return render(request, "settings/twilio.html", context)


@member_required(Role.ADMIN)
def account_senders(request: MemberRequest) -> HttpResponse:
    """What the account itself says, asked for after the page is there: Twilio may be slow."""
    context: dict[str, object] = {
        "kinds": SenderKind.choices,
        "ours": our_inbound_url(request.organization),
    }
    try:
        credentials = twilio_credentials(request.organization.pk)
        found = wait_for(list_senders(credentials))
        context["balance"] = wait_for(read_balance(credentials))
    except (GatewayError, NotConnected) as error:
        context["problem"] = str(error)
    else:
        used = set(request.organization.senders.values_list("number", flat=True)) | set(
            request.organization.senders.values_list("messaging_service_sid", flat=True)
        )
        context["rows"] = [(each, each.address in used) for each in found]
    return render(request, "settings/account_senders.html", context)


@require_POST
@member_required(Role.ADMIN)
def add_sender(request: MemberRequest) -> HttpResponse:
    try:
        found = connecting_twilio.find_in_account(
            twilio_credentials(request.organization.pk), request.POST.get("sid", "")
        )
        added = connecting_twilio.add_sender(
            request.organization, found, request.POST.get("kind", ""), request.user
        )
    except (NotAccepted, NotConnected) as refusal:
        notices.error(request, str(refusal))
    else:
        notices.success(request, f"Campaigns may send from {added}.")
    return redirect("settings:twilio")


@require_POST
@member_required(Role.ADMIN)
def receive(request: MemberRequest) -> HttpResponse:
    """Lets a sender's inbound texts come here; another's address is replaced only when asked to."""
    try:
        credentials = twilio_credentials(request.organization.pk)
        found = connecting_twilio.find_in_account(credentials, request.POST.get("sid", ""))
        connecting_twilio.receive_texts(
            request.organization,
            credentials,
            found,
            instead_of=request.POST.get("instead_of", ""),
            actor=request.user,
        )
    except (NotAccepted, NotConnected) as refusal:
        notices.error(request, str(refusal))
    else:
        notices.success(request, f"Texts to {found.name} come here.")
    return redirect("settings:twilio")


@member_required(Role.ADMIN)
def sender(request: MemberRequest, sender_id: int) -> HttpResponse:
    found = get_object_or_404(Sender, pk=sender_id, organization=request.organization)
    form = SenderForm(request.POST or None, instance=found)
    if request.method == "POST" and form.is_valid():
        changes = {name: form.cleaned_data[name] for name in form.changed_data}
        found.refresh_from_db()
        configuring.save_sender(found, changes, request.user)
        notices.success(request, "Saved.")
        return redirect("settings:twilio")
    connection = TwilioConnection.objects.filter(organization=request.organization).first()
    price = price_from(connection, SenderKind(found.kind)) if connection else None
    return render(request, "settings/sender.html", {"form": form, "sender": found, "price": price})
