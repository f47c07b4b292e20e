"""The list of campaigns and what can be done to one of them."""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass

from django.contrib import messages
from django.http import Http404, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.views.decorators.http import require_POST

from textmanager.campaigns import lifecycle
from textmanager.campaigns.models import Campaign, CampaignKind
from textmanager.organizations.membership import MemberRequest, member_required
from textmanager.organizations.models import Role
from textmanager.runs.beginning import run_now
from textmanager.runs.holding import pause_campaign
from textmanager.runs.models import Run
from textmanager.runs.overview import latest_runs, outcome_in_words


@dataclass(frozen=True)
class CampaignRow:
    """A line of the list."""

    campaign: Campaign
    last_run: Run | None
    last_run_outcome: str
    next_run: dt.datetime | None


@member_required()
def campaign_list(request: MemberRequest) -> HttpResponse:
    campaigns = Campaign.objects.filter(
        organization=request.organization, kind=CampaignKind.RECURRING
    )
    show = "deleted" if request.GET.get("show") == "deleted" else "current"
    shown = list(campaigns.filter(deleted_at__isnull=show == "current").order_by("name", "pk"))
    last = latest_runs([campaign.pk for campaign in shown])
    rows = [
        CampaignRow(
            campaign=campaign,
            last_run=last.get(campaign.pk),
            last_run_outcome=outcome_in_words(last.get(campaign.pk)),
            next_run=campaign.next_run_at if campaign.state == "active" else None,
        )
        for campaign in shown
    ]
    return render(
        request,
        "campaigns/list.html",
        {
            "rows": rows,
            "total": len(rows),
            "show": show,
            "deleted_total": campaigns.filter(deleted_at__isnull=False).count(),
            "can_edit": request.membership.may(Role.AUTHOR),
        },
    )


@member_required(Role.AUTHOR)
def delete(request: MemberRequest, campaign_id: int) -> HttpResponse:
    campaign = get_object_or_404(
        Campaign, pk=campaign_id, organization=request.organization, deleted_at=None
    )
    if request.method == "POST":
        lifecycle.delete_campaign(
            organization=request.organization, campaign_id=campaign_id, actor=request.user
        )
        messages.success(request, f"“{campaign.name}” is deleted. Its runs can still be seen.")
        return redirect("campaigns:list")
    context = {"campaign": campaign, "runs_total": campaign.runs.count()}
    return render(request, "campaigns/delete.html", context)


@require_POST
@member_required(Role.AUTHOR)
def pause(request: MemberRequest, campaign_id: int) -> HttpResponse:
    try:
        name, runs = pause_campaign(
            organization=request.organization, campaign_id=campaign_id, actor=request.user
        )
    except Campaign.DoesNotExist:
        raise Http404 from None
    except lifecycle.NotPossible as refusal:
        messages.error(request, str(refusal))
    else:
        with_it = " So is its run that was going on: resume that on its page." if runs else ""
        messages.success(request, f"“{name}” is paused.{with_it}")
    return redirect("campaigns:list")


@require_POST
@member_required(Role.AUTHOR)
def resume(request: MemberRequest, campaign_id: int) -> HttpResponse:
    try:
        campaign = lifecycle.resume_campaign(
            organization=request.organization, campaign_id=campaign_id, actor=request.user
        )
    except Campaign.DoesNotExist:
        raise Http404 from None
    except lifecycle.NotPossible as refusal:
        messages.error(request, str(refusal))
    else:
        messages.success(request, f"“{campaign.name}” is active again.")
    return redirect("campaigns:list")


@member_required(Role.AUTHOR)
def run_campaign_now(request: MemberRequest, campaign_id: int) -> HttpResponse:
    """Asks first, because a LIVE run texts people at once."""
    if request.method != "POST":
        campaign = get_object_or_404(
            Campaign, pk=campaign_id, organization=request.organization, deleted_at=None
        )
        return render(request, "campaigns/run_now.html", {"campaign": campaign})
    try:
        run = run_now(
            organization=request.organization, campaign_id=campaign_id, actor=request.user
        )
    except Campaign.DoesNotExist:
        raise Http404 from None
    except lifecycle.NotPossible as refusal:
        messages.error(request, str(refusal))
        return redirect("campaigns:list")
    return redirect("runs:detail", run.pk)
