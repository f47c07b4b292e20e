"""The settings that an organization decides for itself, and the audit trail of its people."""

from __future__ import annotations

import datetime as dt
from typing import Any

from django.conf import settings
from django.contrib import messages as notices
from django.core.exceptions import ValidationError
from django.core.validators import validate_email
from django.forms import ModelForm
from django.http import HttpResponse
from django.shortcuts import redirect, render
from django.views.decorators.http import require_POST

from textmanager.organizations import appearance, configuring, people
from textmanager.organizations.effects import effects
from textmanager.organizations.mailing import mail_server, send_test
from textmanager.organizations.membership import MemberRequest, member_required
from textmanager.organizations.models import Organization, Role
from textmanager.organizations.organization_forms import (
    AppearanceForm,
    MailForm,
    OrganizationForm,
    SafetyForm,
)
from textmanager.organizations.overview import parts
from textmanager.organizations.trail import KINDS, Asked, trail

FORMS: dict[str, type[ModelForm[Organization]]] = {
    "organization": OrganizationForm,
    "safety": SafetyForm,
    "mail": MailForm,
    "appearance": AppearanceForm,
}
NOT_COLUMNS = frozenset({"wider_hours", "has_accent"})
A_YEAR = 365 * 24 * 60 * 60


@member_required(Role.ADMIN)
def index(request: MemberRequest) -> HttpResponse:
    return render(request, "settings/index.html", {"parts": parts(request.organization)})


@member_required(Role.ADMIN)
def organization(request: MemberRequest) -> HttpResponse:
    return _settings_page(request, "organization")


@member_required(Role.ADMIN)
def safety(request: MemberRequest) -> HttpResponse:
    return _settings_page(request, "safety", approvers=people.approvers(request.organization))


@member_required(Role.ADMIN)
def mail(request: MemberRequest) -> HttpResponse:
    return _settings_page(
        request, "mail", address=people.mail_address(request.membership), sent_from=_sent_from()
    )


@member_required(Role.ADMIN)
def appearance_page(request: MemberRequest) -> HttpResponse:
    accent = request.organization.accent
    return _settings_page(
        request, "appearance", adjusted=appearance.adjusted(accent) if accent else []
    )


@member_required(Role.ADMIN)
def tell_effects(request: MemberRequest, page: str) -> HttpResponse:
    """What the changes in a form would do, while it is being filled in; keeps nothing."""
    form = FORMS[page](request.GET, instance=request.organization)
    form.is_valid()
    changes = _changes(form)
    told = effects(Organization.objects.get(pk=request.organization.pk), changes)
    if changes.get("accent"):
        told += appearance.adjusted(changes["accent"])
    return render(request, "settings/effects.html", {"effects": told})


@member_required(Role.ADMIN)
def mail_state(request: MemberRequest) -> HttpResponse:
    """Whether the mail server lets us in, asked for after the page is there: it may be slow."""
    return render(request, "settings/mail_state.html", {"server": mail_server()})


@require_POST
@member_required(Role.ADMIN)
def test_mail(request: MemberRequest) -> HttpResponse:
    to = request.POST.get("to", "").strip()
    try:
        validate_email(to)
    except ValidationError:
        notices.error(request, "Enter the e-mail address that the test goes to.")
        return redirect("settings:mail")
    problem = send_test(request.organization, to)
    if problem:
        notices.error(request, problem)
    else:
        notices.success(request, f"The mail server took a test mail to {to}.")
    return redirect("settings:mail")


@member_required(Role.ADMIN)
def audit_trail(request: MemberRequest) -> HttpResponse:
    asked = Asked(
        person=request.GET.get("person", "").strip(),
        kind=request.GET.get("kind", ""),
        since=_day(request.GET.get("since", "")),
        until=_day(request.GET.get("until", "")),
    )
    query = request.GET.copy()
    query.pop("before", None)
    context = {
        "page": trail(request.organization, asked, before=request.GET.get("before", "")),
        "is_first": "before" not in request.GET,
        "asked": asked,
        "kinds": KINDS,
        "people": [
            each.membership.user for each in people.members(request.organization, request.user)
        ],
        "query_string": query.urlencode(),
    }
    return render(request, "settings/trail.html", context)


@member_required()
def appearance_stylesheet(request: MemberRequest) -> HttpResponse:
    """The brand's colors. Its address carries a version, so a browser may keep it for ever."""
    answer = HttpResponse(
        appearance.stylesheet(request.organization.accent), content_type="text/css; charset=utf-8"
    )
    is_of_version = request.GET.get("v") == appearance.version(request.organization.accent)
    keep = f"max-age={A_YEAR}, immutable" if is_of_version else "no-cache"
    answer["Cache-Control"] = f"private, {keep}"
    return answer


def _settings_page(request: MemberRequest, page: str, **more: object) -> HttpResponse:
    form = FORMS[page](request.POST or None, instance=request.organization)
    # The form changes its instance; the page around it shows what is set.
    request.organization = Organization.objects.get(pk=request.organization.pk)
    if request.method == "POST" and form.is_valid():
        changes = _changes(form)
        told = effects(request.organization, changes)
        if changes:
            configuring.save_organization(request.organization, changes, request.user)
        notices.success(request, " ".join(["Saved.", *told]) if changes else "Nothing was changed.")
        return redirect(f"settings:{page}")
    return render(request, f"settings/{page}.html", {"form": form, **more})


def _changes(form: ModelForm[Organization]) -> dict[str, Any]:
    """What was changed and is valid, by the columns' names."""
    cleaned = form.cleaned_data
    changed = {
        name: cleaned[name]
        for name in form.changed_data
        if name in cleaned and name not in NOT_COLUMNS
    }
    if "has_accent" in form.changed_data and "accent" in cleaned:
        changed["accent"] = cleaned["accent"]
    return changed


def _day(typed: str) -> dt.date | None:
    try:
        return dt.date.fromisoformat(typed)
    except ValueError:
        return None


def _sent_from() -> str:
    return str(settings.DEFAULT_FROM_EMAIL)
