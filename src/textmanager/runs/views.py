"""Pages of runs: the list of a campaign's runs, one run live, and its messages."""

from __future__ import annotations

import uuid
from collections.abc import Callable
from typing import Any

from django.contrib import messages as notices
from django.http import Http404, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.utils import timezone
from django.views.decorators.http import require_POST

from textmanager.campaigns.lifecycle import NotPossible
from textmanager.campaigns.models import Campaign
from textmanager.organizations.membership import MemberRequest, member_required
from textmanager.organizations.models import Role
from textmanager.runs import holding, writing_again
from textmanager.runs.breakdown import breakdown, counts_by_status
from textmanager.runs.message_list import message_page
from textmanager.runs.models import Run, RunState
from textmanager.runs.progress import is_live, progress
from textmanager.runs.run_list import run_page
from textmanager.runs.testing import how_tested
from textmanager.runs.writing_again import refused_records


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
    run = _run(request, run_id)
    return render(request, "runs/detail.html#progress", _progress_context(request, run))


@member_required()
def run_messages(request: MemberRequest, run_id: uuid.UUID) -> HttpResponse:
    """The messages by filter, search and page; without htmx the whole page around them."""
    if not request.htmx:
        return _detail(request, run_id)
    run = _run(request, run_id)
    return render(request, "runs/detail.html#messages", _messages_context(request, run))


@require_POST
@member_required(Role.AUTHOR)
def pause(request: MemberRequest, run_id: uuid.UUID) -> HttpResponse:
    return _change(request, run_id, holding.pause_run, "The run is paused.")


@require_POST
@member_required(Role.AUTHOR)
def resume(request: MemberRequest, run_id: uuid.UUID) -> HttpResponse:
    return _change(request, run_id, holding.resume_run, "The run goes on.")


@require_POST
@member_required(Role.AUTHOR)
def cancel(request: MemberRequest, run_id: uuid.UUID) -> HttpResponse:
    return _change(request, run_id, holding.cancel_run, "The run is canceled.")


@require_POST
@member_required(Role.AUTHOR)
def write_again(request: MemberRequest, run_id: uuid.UUID) -> HttpResponse:
    return _change(
        request, run_id, writing_again.write_again, "The records are written to iMIS again."
    )


def _detail(request: MemberRequest, run_id: uuid.UUID) -> HttpResponse:
    run = _run(request, run_id)
    context = {**_progress_context(request, run), **_messages_context(request, run)}
    return render(request, "runs/detail.html", context)


def _run(request: MemberRequest, run_id: uuid.UUID) -> Run:
    runs = Run.objects.select_related(
        "campaign", "sender", "started_by", "approved_by", "organization"
    )
    return get_object_or_404(runs, pk=run_id, organization=request.organization)


def _progress_context(request: MemberRequest, run: Run) -> dict[str, Any]:
    counts = counts_by_status(run)
    return {
        "run": run,
        "campaign": run.campaign,
        "breakdown": breakdown(run),
        "progress": progress(run, counts, now=timezone.now()),
        "may_pause": run.state in {RunState.PREPARING, RunState.SENDING},
        "may_resume": run.state == RunState.HELD and not run.waits_for_approval,
        "may_cancel": run.state in RunState.open(),
        "refused_records": refused_records(run),
        "how_tested": how_tested(run),
        "can_edit": request.membership.may(Role.AUTHOR),
    }


def _messages_context(request: MemberRequest, run: Run) -> dict[str, Any]:
    status = request.GET.get("status", "")
    query = request.GET.get("q", "").strip()
    page = message_page(run, status=status, query=query, page=request.GET.get("page", "1"))
    return {
        "run": run,
        "campaign": run.campaign,
        "filters": breakdown(run),
        "messages_page": page,
        "is_live": is_live(run, now=timezone.now()),
        "status": status,
        "query": query,
    }


def _change(
    request: MemberRequest, run_id: uuid.UUID, change: Callable[..., Run], done: str
) -> HttpResponse:
    try:
        change(organization=request.organization, run_id=run_id, actor=request.user)
    except Run.DoesNotExist:
        raise Http404 from None
    except NotPossible as refusal:
        notices.error(request, str(refusal))
    else:
        notices.success(request, done)
    return redirect("runs:detail", run_id)
