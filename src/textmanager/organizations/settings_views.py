"""The settings pages of the connections: iMIS, Twilio with its senders, and the set-up check."""

from __future__ import annotations

from django.contrib import messages as notices
from django.http import HttpResponse
from django.shortcuts import redirect, render
from django.views.decorators.debug import sensitive_post_parameters
from django.views.decorators.http import require_POST

from textmanager.organizations import configuring, imis_health
from textmanager.organizations.configuring import NotAccepted
from textmanager.organizations.connections import sign_in_rests_until
from textmanager.organizations.imis_health import password_expires
from textmanager.organizations.membership import MemberRequest, member_required
from textmanager.organizations.models import (
    ImisConnection,
    Role,
)
from textmanager.organizations.settings_forms import (
    ImisForm,
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
        "resting_until": sign_in_rests_until(connection) if connection else None,
    }
    return render(request, "settings/imis.html", context)


@require_POST
@member_required(Role.ADMIN)
def look_at_imis(request: MemberRequest) -> HttpResponse:
    """Signs in now, because somebody has mended the account in iMIS."""
    seen = imis_health.look_now(request.organization.pk)
    if seen.problem:
        notices.error(request, seen.problem)
    else:
        notices.success(request, "iMIS lets the background account in.")
    return redirect("settings:imis")


@member_required(Role.ADMIN)
def check(request: MemberRequest) -> HttpResponse:
    return render(request, "settings/check.html")
