"""The list of campaigns and what can be done to one of them."""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable
from typing import Any

from django.contrib import messages
from django.http import Http404, HttpResponse, QueryDict
from django.shortcuts import get_object_or_404, redirect, render
from django.template.loader import render_to_string
from django.urls import reverse
from django.utils import timezone
from django.utils.cache import patch_vary_headers
from django.utils.dateparse import parse_datetime
from django.views.decorators.http import require_POST
from django_htmx.http import push_url

from textmanager.campaigns import lifecycle
from textmanager.campaigns.archiving import archive_campaign, unarchive_campaign
from textmanager.campaigns.duplicating import duplicate_campaign
from textmanager.campaigns.listing import (
    DELETED,
    SORTS,
    STATES_OF,
    Wanted,
    campaign_page,
    counts,
    current_total,
    current_totals,
)
from textmanager.campaigns.models import Campaign, CampaignKind, CampaignState
from textmanager.campaigns.skipping import skip_occurrence, undo_skip
from textmanager.campaigns.unscheduling import unschedule_campaign
from textmanager.organizations.membership import MemberRequest, member_required
from textmanager.organizations.models import Role
from textmanager.organizations.templatetags.times import in_zone
from textmanager.runs.beginning import StartedAlready, refuse_to_start, run_now
from textmanager.runs.holding import pause_campaign


@member_required()
def campaign_list(request: MemberRequest) -> HttpResponse:
    """Both kinds of campaigns, one tab each; with htmx only the part below the filters."""
    wanted = Wanted.from_address(request.GET.dict())
    counted = counts(request.organization)
    kind, page = wanted.kind, campaign_page(request.organization, wanted, counted)
    states = [("", "Current", current_total(counted, kind))]
    states += [(state.value, state.label, counted[kind, state]) for state in STATES_OF[kind]]
    context: dict[str, Any] = {
        "wanted": wanted,
        "page": page,
        "kinds": current_totals(counted),
        "states": [*states, (DELETED, "Deleted", counted[kind, DELETED])],
        "sorts": SORTS.items(),
        "columns": _columns(wanted),
        "query_string": wanted.address(),
        "here": wanted.address(page=str(page.number)),
        "has_any": any(number for (of, _), number in counted.items() if of == kind),
        "can_edit": request.membership.may(Role.AUTHOR),
    }
    is_fragment = request.htmx and not request.htmx.history_restore_request
    template = "campaigns/list.html#rows" if is_fragment else "campaigns/list.html"
    answer = render(request, template, context)
    # One address has two answers: without this a browser's Back could show the part alone.
    patch_vary_headers(answer, ["HX-Request"])
    # What the browser would write into the address by itself has its empty fields in it.
    return push_url(answer, f"{request.path}?{context['here']}") if is_fragment else answer


def _columns(wanted: Wanted) -> list[dict[str, str]]:
    """The headings that sort: where each leads, and how the list is sorted by it now."""
    one_time = wanted.kind == CampaignKind.ONE_TIME
    labels = {
        "name": "Campaign",
        "state": "State",
        "next": "Scheduled for" if one_time else "Next run",
        "last": "Ran" if one_time else "Last run",
    }
    columns = []
    for key, label in labels.items():
        other = f"-{key}" if f"-{key}" in SORTS else key
        now = {key: "ascending", f"-{key}": "descending"}.get(wanted.sort, "")
        first, second = (other, key) if key == "last" else (key, other)
        sort = second if wanted.sort == first else first
        columns.append({"label": label, "now": now, "address": wanted.address(sort=sort)})
    return columns


@member_required(Role.AUTHOR)
def delete(request: MemberRequest, campaign_id: int) -> HttpResponse:
    campaign = _present(request, campaign_id)
    if request.method == "POST":
        lifecycle.delete_campaign(
            organization=request.organization, campaign_id=campaign_id, actor=request.user
        )
        name = campaign.name or "untitled draft"
        runs = " Its runs can still be seen." if campaign.runs.exists() else ""
        messages.success(request, f"“{name}” is deleted.{runs}")
        return _back(request, campaign)
    context = {
        "campaign": campaign,
        "runs_total": campaign.runs.count(),
        "list_address": _list_address(campaign),
    }
    return render(request, "campaigns/delete.html", context)


@require_POST
@member_required(Role.AUTHOR)
def pause(request: MemberRequest, campaign_id: int) -> HttpResponse:
    campaign = _present(request, campaign_id)
    try:
        name, runs = pause_campaign(
            organization=request.organization, campaign_id=campaign_id, actor=request.user
        )
    except lifecycle.NotPossible as refusal:
        messages.error(request, str(refusal))
    else:
        with_it = " So is its run that was going on: resume that on its page." if runs else ""
        messages.success(request, f"“{name}” is paused.{with_it}")
    return _back(request, campaign)


@require_POST
@member_required(Role.AUTHOR)
def resume(request: MemberRequest, campaign_id: int) -> HttpResponse:
    return _change(request, campaign_id, lifecycle.resume_campaign, "is active again.")


@require_POST
@member_required(Role.AUTHOR)
def unschedule(request: MemberRequest, campaign_id: int) -> HttpResponse:
    return _change(
        request, campaign_id, unschedule_campaign, "is a draft again and will not be sent."
    )


@require_POST
@member_required(Role.AUTHOR)
def reschedule(request: MemberRequest, campaign_id: int) -> HttpResponse:
    """Leads to the form for another moment; what was missed is a draft meanwhile."""
    campaign = _present(request, campaign_id)
    if campaign.state == CampaignState.COMPLETED:
        answer = _change(
            request, campaign_id, unschedule_campaign, "is a draft again: choose its new time."
        )
        campaign.refresh_from_db()
        if campaign.state != CampaignState.DRAFT:
            return answer
    return redirect("campaigns:edit", campaign_id)


@require_POST
@member_required(Role.AUTHOR)
def archive(request: MemberRequest, campaign_id: int) -> HttpResponse:
    return _change(
        request, campaign_id, archive_campaign, "is archived.", undo="campaigns:unarchive"
    )


@require_POST
@member_required(Role.AUTHOR)
def unarchive(request: MemberRequest, campaign_id: int) -> HttpResponse:
    return _change(request, campaign_id, unarchive_campaign, "is back in the list.")


@require_POST
@member_required(Role.AUTHOR)
def skip(request: MemberRequest, campaign_id: int) -> HttpResponse:
    return _skip(request, campaign_id, skip_occurrence, "skips", undo="campaigns:undo-skip")


@require_POST
@member_required(Role.AUTHOR)
def take_back_skip(request: MemberRequest, campaign_id: int) -> HttpResponse:
    return _skip(request, campaign_id, undo_skip, "runs after all")


@require_POST
@member_required(Role.AUTHOR)
def duplicate(request: MemberRequest, campaign_id: int) -> HttpResponse:
    try:
        copy = duplicate_campaign(
            organization=request.organization, campaign_id=campaign_id, actor=request.user
        )
    except Campaign.DoesNotExist:
        raise Http404 from None
    messages.success(request, f"This draft is “{copy.name}”. It does not run until you save it.")
    return redirect("campaigns:edit", copy.pk)


@member_required(Role.AUTHOR)
def run_campaign_now(request: MemberRequest, campaign_id: int) -> HttpResponse:
    """Asks first, because a LIVE run texts people at once; not where the answer is only refused."""
    campaign = _present(request, campaign_id)
    try:
        if request.method == "POST":
            run = run_now(
                organization=request.organization, campaign_id=campaign_id, actor=request.user
            )
            return redirect("runs:detail", run.pk)
        refuse_to_start(campaign, timezone.now())
    except StartedAlready as refusal:
        messages.error(request, str(refusal))
        return redirect("runs:detail", refusal.run.pk)
    except lifecycle.NotPossible as refusal:
        messages.error(request, str(refusal))
        return _back(request, campaign)
    context = {"campaign": campaign, "list_address": _list_address(campaign)}
    return render(request, "campaigns/run_now.html", context)


def _present(request: MemberRequest, campaign_id: int) -> Campaign:
    return get_object_or_404(
        Campaign, pk=campaign_id, organization=request.organization, deleted_at=None
    )


def _change(
    request: MemberRequest,
    campaign_id: int,
    change: Callable[..., Campaign],
    done: str,
    *,
    undo: str = "",
) -> HttpResponse:
    """Does it, says so in a notice (with a way back, if `undo` names one), and shows the list."""
    campaign = _present(request, campaign_id)
    try:
        change(organization=request.organization, campaign_id=campaign_id, actor=request.user)
    except lifecycle.NotPossible as refusal:
        messages.error(request, str(refusal))
    else:
        _say(request, campaign, f"“{campaign.name}” {done}", undo=undo)
    return _back(request, campaign)


def _skip(
    request: MemberRequest,
    campaign_id: int,
    change: Callable[..., Campaign],
    does: str,
    *,
    undo: str = "",
) -> HttpResponse:
    campaign = _present(request, campaign_id)
    occurrence = _instant(request.POST.get("occurrence", ""))
    if occurrence is None:
        raise Http404
    try:
        change(
            organization=request.organization,
            campaign_id=campaign_id,
            occurrence=occurrence,
            actor=request.user,
        )
    except lifecycle.NotPossible as refusal:
        messages.error(request, str(refusal))
    else:
        moment = in_zone(occurrence, campaign.time_zone)
        preposition = "its run of" if does == "skips" else "on"
        words = f"“{campaign.name}” {does} {preposition} {moment}."
        _say(request, campaign, words, undo=undo, occurrence=occurrence.isoformat())
    return _back(request, campaign)


def _instant(text: str) -> dt.datetime | None:
    """An aware instant as pages write it into forms; None for anything else."""
    try:
        instant = parse_datetime(text)
    except ValueError:
        return None
    return instant if instant is not None and instant.tzinfo is not None else None


def _say(
    request: MemberRequest, campaign: Campaign, words: str, *, undo: str, occurrence: str = ""
) -> None:
    if not undo:
        messages.success(request, words)
        return
    context = {
        "words": words,
        "undo": reverse(undo, args=[campaign.pk]),
        "back": request.POST.get("back", ""),
        "occurrence": occurrence,
    }
    messages.success(request, render_to_string("campaigns/undo.html", context, request))


def _list_address(campaign: Campaign) -> str:
    return f"{reverse('campaigns:list')}?kind={campaign.kind}"


def _back(request: MemberRequest, campaign: Campaign) -> HttpResponse:
    """To the list as the person had it: `back` is what its address asked for."""
    back = request.POST.get("back", "")
    if not back:
        return redirect(_list_address(campaign))
    wanted = Wanted.from_address(QueryDict(back).dict())
    return redirect(f"{reverse('campaigns:list')}?{wanted.address(page=str(wanted.page))}")
