"""The settings pages of the connections: iMIS, Twilio with its senders, and the set-up check."""

from __future__ import annotations

from django.conf import settings
from django.contrib import messages as notices
from django.http import HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.views.decorators.debug import sensitive_post_parameters
from django.views.decorators.http import require_POST

from textmanager.config.bridge import wait_for
from textmanager.config.hooks import inbound_path
from textmanager.config.jobs import workers_alive
from textmanager.gateway.directory import list_senders, read_balance
from textmanager.gateway.errors import GatewayError
from textmanager.organizations import configuring
from textmanager.organizations.configuring import NotAccepted
from textmanager.organizations.connections import NotConnected, twilio_credentials
from textmanager.organizations.examination import examine_organization
from textmanager.organizations.imis_health import password_expires
from textmanager.organizations.membership import MemberRequest, member_required
from textmanager.organizations.models import (
    ImisConnection,
    Role,
    Sender,
    SenderKind,
    TwilioConnection,
)
from textmanager.organizations.settings_forms import (
    ImisForm,
    SenderForm,
    TwilioForm,
)


@sensitive_post_parameters("password")
@member_required(Role.ADMIN)
def imis(request: MemberRequest) -> HttpResponse:
    connection = ImisConnection.objects.filter(organization=request.organization).first()
    known = {"base_url": connection.base_url, "username": connection.username} if connection else {}
    form = ImisForm(request.POST or None, initial=known)
    if request.method == "POST" and form.is_valid():
        try:
            configuring.connect_imis(
                request.organization,
                base_url=form.cleaned_data["base_url"].rstrip("/"),
                username=form.cleaned_data["username"],
                password=form.cleaned_data["password"],
                actor=request.user,
            )
        except NotAccepted as refusal:
            form.add_error(refusal.field, str(refusal))
        else:
            notices.success(request, "iMIS lets the background account in.")
            return redirect("settings:imis")
    context = {
        "form": form,
        "connection": connection,
        "expires": password_expires(connection) if connection else None,
    }
    return render(request, "settings/imis.html", context)


@sensitive_post_parameters("auth_token", "secondary_token")
@member_required(Role.ADMIN)
def twilio(request: MemberRequest) -> HttpResponse:
    connection = TwilioConnection.objects.filter(organization=request.organization).first()
    known = {"account_sid": connection.account_sid} if connection else {}
    form = TwilioForm(request.POST or None, initial=known)
    if request.method == "POST" and form.is_valid():
        try:
            name = configuring.connect_twilio(
                request.organization, **form.cleaned_data, actor=request.user
            )
        except NotAccepted as refusal:
            form.add_error(refusal.field, str(refusal))
        else:
            notices.success(request, f"Connected to the account {name}.")
            return redirect("settings:twilio")
    context = {
        "form": form,
        "connection": connection,
        "senders": request.organization.senders.order_by("-is_active", "name"),
    }
    return render(request, "settings/twilio.html", context)


@member_required(Role.ADMIN)
def account_senders(request: MemberRequest) -> HttpResponse:
    """What the account itself says, asked for after the page is there: Twilio may be slow."""
    context: dict[str, object] = {
        "kinds": SenderKind.choices,
        "ours": settings.PUBLIC_URL + inbound_path(request.organization.cloud_id),
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
        found = configuring.find_in_account(
            twilio_credentials(request.organization.pk), request.POST.get("sid", "")
        )
        added = configuring.add_sender(
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
        found = configuring.find_in_account(credentials, request.POST.get("sid", ""))
        configuring.receive_texts(
            request.organization,
            credentials,
            found,
            settings.PUBLIC_URL + inbound_path(request.organization.cloud_id),
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
    return render(request, "settings/sender.html", {"form": form, "sender": found})


@member_required(Role.ADMIN)
def check(request: MemberRequest) -> HttpResponse:
    return render(request, "settings/check.html")


@member_required(Role.ADMIN)
def findings(request: MemberRequest) -> HttpResponse:
    """What the set-up check finds, asked for after the page is there."""
    context = {
        "findings": list(examine_organization(request.organization)),
        "workers": workers_alive(),
    }
    return render(request, "settings/findings.html", context)
