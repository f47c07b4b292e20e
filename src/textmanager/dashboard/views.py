"""The home page, its live part, what the set-up check finds, and the pages of help."""

from __future__ import annotations

from django.http import HttpResponse
from django.shortcuts import redirect, render
from django.utils import timezone
from django.views.decorators.http import require_POST

from textmanager.config.jobs import workers_alive
from textmanager.dashboard import news
from textmanager.dashboard.examination import examine
from textmanager.dashboard.facts import facts_of, keep
from textmanager.dashboard.first_visit import Step, first_visit
from textmanager.dashboard.home import Home, home_of
from textmanager.organizations.membership import MemberRequest, member_required
from textmanager.organizations.models import Role
from textmanager.runs.standing import with_unclear

HIDES_FIRST_VISIT = "first-visit"
A_YEAR = 365 * 24 * 60 * 60
# The path of a first visit says the same, with the step that mends it.
SAID_BY_THE_PATH = frozenset({"no-imis", "no-twilio", "test"})


@member_required()
def home(request: MemberRequest) -> HttpResponse:
    """How the organization's texts are doing, at twelve queries at most."""
    page = home_of(request.organization, now=timezone.now())
    keep(request, page.facts)
    steps = _steps(request, page)
    context = {
        "home": page,
        "under_way": with_unclear(page.facts.standing.under_way, now=page.facts.now),
        "steps": steps,
        "steps_done": sum(step.is_done for step in steps),
        "banners_shown_anyway": SAID_BY_THE_PATH if steps else frozenset(),
        "can_edit": request.membership.may(Role.AUTHOR),
    }
    return render(request, "dashboard/home.html", context)


@member_required()
def under_way(request: MemberRequest) -> HttpResponse:
    """The part of the page that keeps itself up to date: what is being sent, and the banners."""
    path_is_shown = request.GET.get("path") == "shown"
    facts = facts_of(request)
    context = {
        "under_way": with_unclear(facts.standing.under_way, now=facts.now),
        "steps": path_is_shown,
        "banners_shown_anyway": SAID_BY_THE_PATH if path_is_shown else frozenset(),
    }
    return render(request, "dashboard/home.html#under_way", context)


@require_POST
@member_required(Role.AUTHOR)
def hide_first_visit(_request: MemberRequest) -> HttpResponse:
    """For this browser; what is left to do is told by banners from now on."""
    answer = redirect("home")
    answer.set_cookie(HIDES_FIRST_VISIT, "hidden", max_age=A_YEAR, httponly=True, samesite="Lax")
    return answer


@member_required(Role.ADMIN)
def findings(request: MemberRequest) -> HttpResponse:
    """What the set-up check finds, asked for after its page is there."""
    context = {"findings": list(examine(request.organization)), "workers": workers_alive()}
    return render(request, "settings/findings.html", context)


@member_required()
def help_page(request: MemberRequest) -> HttpResponse:
    return render(request, "dashboard/help.html")


@member_required()
def whats_new(request: MemberRequest) -> HttpResponse:
    return render(request, "dashboard/whats_new.html", {"versions": news.versions()})


def _steps(request: MemberRequest, page: Home) -> list[Step]:
    if request.COOKIES.get(HIDES_FIRST_VISIT) == "hidden":
        return []
    return first_visit(page.facts, request.membership)
