"""The page of the activity types: which are there, what depends on each, and making them."""

from __future__ import annotations

from django.contrib import messages as notices
from django.http import HttpResponse
from django.shortcuts import redirect, render
from django.views.decorators.http import require_POST

from textmanager.imis.errors import ImisError
from textmanager.organizations.activity_types import (
    ALWAYS_FITS,
    TypeRefused,
    create_activity_types,
    look_for_types,
    name_activity_types,
)
from textmanager.organizations.connections import NotConnected
from textmanager.organizations.membership import MemberRequest, member_required
from textmanager.organizations.models import ImisConnection, Role
from textmanager.organizations.settings_forms import ActivityTypesForm


@member_required(Role.ADMIN)
def activity_types(request: MemberRequest) -> HttpResponse:
    """Shows them; a POST gives them other names."""
    connection = ImisConnection.objects.filter(organization=request.organization).first()
    form = ActivityTypesForm(request.POST or None, instance=connection) if connection else None
    if request.method == "POST" and form is not None and form.is_valid():
        changes = {name: form.cleaned_data[name] for name in form.changed_data}
        # The form has changed the connection already; what was there before is in the database.
        connection = ImisConnection.objects.get(organization=request.organization)
        if changes:
            name_activity_types(connection, changes, actor=request.user)
        notices.success(request, "Saved.")
        return redirect("settings:activity-types")
    context = {"form": form, "connection": connection, "always_fits": ALWAYS_FITS}
    return render(request, "settings/activity_types.html", context)


@member_required(Role.ADMIN)
def found(request: MemberRequest) -> HttpResponse:
    """What iMIS has, asked for after the page is there: it may be slow."""
    context: dict[str, object] = {}
    try:
        types = look_for_types(request.organization.pk)
    except (NotConnected, ImisError) as error:
        context["problem"] = str(error)
    else:
        context["types"] = types
        context["missing"] = [each for each in types if not each.is_there]
    return render(request, "settings/activity_types_found.html", context)


@require_POST
@member_required(Role.ADMIN)
def create(request: MemberRequest) -> HttpResponse:
    try:
        created = create_activity_types(request.organization, actor=request.user)
    except TypeRefused as refusal:
        notices.error(request, str(refusal))
    else:
        names = ", ".join(created)
        notices.success(request, f"Created in iMIS: {names}." if created else "All are there.")
    return redirect("settings:activity-types")
