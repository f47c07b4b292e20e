"""What the form tells by itself: what was typed, and that somebody is still there."""

from __future__ import annotations

import uuid

from django.contrib import messages
from django.http import Http404, HttpResponse, HttpResponseBadRequest, JsonResponse
from django.shortcuts import redirect
from django.urls import reverse
from django.views.decorators.http import require_POST

from textmanager.campaigns import drafts
from textmanager.campaigns.editing import HasBegun
from textmanager.campaigns.form_values import typed_in
from textmanager.campaigns.form_views import kind_in, version_in
from textmanager.campaigns.models import Campaign
from textmanager.config.typed import whole_number
from textmanager.organizations.membership import MemberRequest, member_required
from textmanager.organizations.models import Role
from textmanager.schedule.words import clock


@member_required(Role.AUTHOR)
def autosave(request: MemberRequest) -> HttpResponse:
    """Keeps what is typed, as JSON for the form's script; with `still_here` it only says hello.

    Nothing is answered while nobody has typed anything. A GET tells whether the session still
    holds, before the form is sent for good.
    """
    if request.method != "POST":
        return HttpResponse(status=204)
    try:
        kept = _kept(request, whole_number(request.POST.get("campaign_id")))
    except Campaign.DoesNotExist:
        raise Http404 from None
    except ValueError:
        return HttpResponseBadRequest("This form says neither its campaign nor its own ID.")
    except HasBegun as begun:
        return JsonResponse({"refused": str(begun)}, status=409)
    if kept is None:
        return HttpResponse(status=204)
    saved_at = kept.saved_at.astimezone(request.organization.zone) if kept.saved_at else None
    return JsonResponse(
        {
            "campaign_id": kept.campaign_id,
            "address": reverse("campaigns:edit", args=[kept.campaign_id]),
            "version": kept.version,
            "saved_at": f"{clock(saved_at.time())} {saved_at:%Z}" if saved_at else "",
            "edited_meanwhile": kept.edited_meanwhile,
            "others": kept.others,
        }
    )


def _kept(request: MemberRequest, campaign_id: int | None) -> drafts.Kept | None:
    if campaign_id is None:
        return drafts.keep_draft(
            organization=request.organization,
            actor=request.user,
            form_id=uuid.UUID(request.POST.get("form_id", "")),
            kind=kind_in(request),
            typed=typed_in(request.POST),
        )
    if request.POST.get("still_here"):
        return drafts.be_seen(
            organization=request.organization,
            actor=request.user,
            campaign_id=campaign_id,
            version=version_in(request),
        )
    return drafts.keep_changes(
        organization=request.organization,
        actor=request.user,
        campaign_id=campaign_id,
        typed=typed_in(request.POST),
        version=version_in(request),
    )


@require_POST
@member_required(Role.AUTHOR)
def discard(request: MemberRequest, campaign_id: int) -> HttpResponse:
    try:
        drafts.discard_changes(
            organization=request.organization, actor=request.user, campaign_id=campaign_id
        )
    except Campaign.DoesNotExist:
        raise Http404 from None
    messages.success(request, "Your unsaved changes are discarded.")
    return redirect("campaigns:edit", campaign_id)
