"""Pages of runs: the list of a campaign's runs, one run live, and finding a person in all."""

from __future__ import annotations

import uuid
from typing import Any

from django.http import HttpResponse
from django.shortcuts import get_object_or_404, render
from django.utils import timezone

from textmanager.campaigns.listing import counts, current_totals
from textmanager.campaigns.models import Campaign
from textmanager.organizations.membership import MemberRequest, member_required
from textmanager.organizations.models import Role
from textmanager.runs.breakdown import breakdown_of
from textmanager.runs.causes import causes_of
from textmanager.runs.costs import cost_by
from textmanager.runs.figures import Figures, figures_of
from textmanager.runs.finding import find
from textmanager.runs.message_list import Asked, choices, message_page
from textmanager.runs.message_story import story_of
from textmanager.runs.models import Message, Run, RunState, WriteBack
from textmanager.runs.progress import is_live, progress, unclear_of
from textmanager.runs.retrying import worth_another_try
from textmanager.runs.run_list import run_page
from textmanager.runs.shown_state import was_paused_by_somebody
from textmanager.runs.testing import how_tested
from textmanager.runs.timeline import timeline


@member_required()
def run_list(request: MemberRequest, campaign_id: int) -> HttpResponse:
    """Every run of a campaign, deleted ones included, the newest first."""
    campaign = get_object_or_404(Campaign, pk=campaign_id, organization=request.organization)
    context = {
        "campaign": campaign,
        "zone": campaign.time_zone or request.organization.time_zone,
        "page": run_page(campaign, page=request.GET.get("page", "1")),
        "can_edit": request.membership.may(Role.AUTHOR),
    }
    return render(request, "runs/list.html", context)


@member_required()
def run_detail(request: MemberRequest, run_id: uuid.UUID) -> HttpResponse:
    return _detail(request, run_id)


@member_required()
def run_progress(request: MemberRequest, run_id: uuid.UUID) -> HttpResponse:
    """The live part of the page, asked for every two seconds while the run is going on."""
    run = run_of(request, run_id)
    figures = figures_of(run)
    context = _progress_context(request, run, figures, _told(figures))
    return render(request, "runs/detail.html#progress", context)


@member_required()
def run_messages(request: MemberRequest, run_id: uuid.UUID) -> HttpResponse:
    """The messages by filter, search and page; without htmx the whole page around them."""
    if not request.htmx:
        return _detail(request, run_id)
    run = run_of(request, run_id)
    figures = figures_of(run)
    context = _messages_context(request, run, figures, _told(figures))
    return render(request, "runs/detail.html#messages", context)


@member_required()
def message_detail(request: MemberRequest, run_id: uuid.UUID, message_number: int) -> HttpResponse:
    """One message's whole story."""
    run = run_of(request, run_id)
    message = get_object_or_404(
        Message, run=run, number=message_number, organization=request.organization
    )
    context = {
        "run": run,
        "campaign": run.campaign,
        "message": message,
        "story": story_of(run, message),
        "zone": request.organization.time_zone,
    }
    return render(request, "runs/message.html", context)


@member_required()
def find_person(request: MemberRequest) -> HttpResponse:
    """Every message of one person, by iMIS ID or number, over all runs."""
    query = request.GET.get("q", "").strip()[:60]
    context: dict[str, Any] = {
        "query": query,
        "zone": request.organization.time_zone,
        "kinds": current_totals(counts(request.organization)),
    }
    if query:
        older_than = _run_id(request.GET.get("older", ""))
        context["search"] = find(request.organization, query, older_than=older_than)
        context["is_further_back"] = older_than is not None
    return render(request, "runs/find.html", context)


def run_of(request: MemberRequest, run_id: uuid.UUID) -> Run:
    """The organization's run, with what its pages show of it; otherwise 404."""
    runs = Run.objects.select_related("campaign", "sender", "started_by", "approved_by", "retry_of")
    run = get_object_or_404(runs, pk=run_id, organization=request.organization)
    # Read already: each further table makes the database think longer than it then takes.
    run.organization = request.organization
    return run


def _detail(request: MemberRequest, run_id: uuid.UUID) -> HttpResponse:
    run = run_of(request, run_id)
    figures = figures_of(run)
    told = _told(figures)
    context = {
        **_progress_context(request, run, figures, told),
        **_messages_context(request, run, figures, told),
    }
    return render(request, "runs/detail.html", context)


def _told(figures: Figures) -> dict[str, Any]:
    """What both parts of the page say of the figures."""
    return {"breakdown": breakdown_of(figures), "causes": causes_of(figures)}


def _progress_context(
    request: MemberRequest, run: Run, figures: Figures, told: dict[str, Any]
) -> dict[str, Any]:
    now = timezone.now()
    unclear = unclear_of(run, figures.counts, now=now)
    return {
        **_common(request, run),
        **told,
        "cost": cost_by(run, figures.counts),
        "timeline": timeline(run, figures),
        "progress": progress(run, figures.counts, now=now, unclear=unclear),
        "may_pause": run.state in {RunState.PREPARING, RunState.SENDING},
        "may_resume": run.state == RunState.HELD and not run.waits_for_approval,
        "resumes_at_once": was_paused_by_somebody(run),
        "may_cancel": run.state in RunState.open(),
        "refused_records": figures.records_in(WriteBack.FAILED),
        "may_try_again": worth_another_try(run, figures),
    }


def _messages_context(
    request: MemberRequest, run: Run, figures: Figures, told: dict[str, Any]
) -> dict[str, Any]:
    asked = Asked.of(request.GET)
    return {
        **_common(request, run),
        **told,
        "messages_page": message_page(run, asked, request.GET, figures),
        "is_live": is_live(run, now=timezone.now()),
        "asked": asked,
        "choices": choices(asked, told["breakdown"], told["causes"]),
    }


def _common(request: MemberRequest, run: Run) -> dict[str, Any]:
    return {
        "run": run,
        "campaign": run.campaign,
        "how_tested": how_tested(run),
        "zone": request.organization.time_zone,
        "can_edit": request.membership.may(Role.AUTHOR),
    }


def _run_id(typed: str) -> uuid.UUID | None:
    try:
        return uuid.UUID(typed)
    except ValueError:
        return None
