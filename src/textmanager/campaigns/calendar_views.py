"""The calendar of what ran and what is to run, in the organization's time."""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass
from typing import Any
from zoneinfo import ZoneInfo

from django.http import HttpResponse
from django.shortcuts import render
from django.urls import reverse
from django.utils import timezone

from textmanager.campaigns import calendar
from textmanager.campaigns.calendar import Coming, ComingDay, View
from textmanager.campaigns.lifecycle import starting_before
from textmanager.campaigns.listing import counts, current_totals
from textmanager.organizations.membership import MemberRequest, member_required
from textmanager.organizations.models import Role
from textmanager.runs.by_day import DayOfRuns, runs_by_day
from textmanager.runs.models import Run
from textmanager.runs.shown_state import shown_state
from textmanager.schedule.words import clock, zone_name


@dataclass(frozen=True)
class Entry:
    """A line of a day: a run, or one to come. `key` is that of the tag's color."""

    time: str
    name: str
    address: str
    key: str
    label: str
    is_test: bool
    why: str = ""


@dataclass(frozen=True)
class CalendarDay:
    """A day as the page shows it; `more` entries, `more_troubled` of them, are not shown."""

    day: dt.date
    is_today: bool
    is_beside: bool
    entries: list[Entry]
    more: int
    more_troubled: int
    clock_change: str


@member_required()
def calendar_page(request: MemberRequest) -> HttpResponse:
    """A month, a week or a day: `view` and `day` (ISO) in the address, both as good as today's."""
    now, zone = timezone.now(), request.organization.zone
    today = now.astimezone(zone).date()
    view, day = _view(request.GET.get("view", "")), _day(request.GET.get("day", ""), today)
    within = calendar.span(view, day, zone)
    lines = calendar.LINES[view]
    ran = runs_by_day(
        request.organization, since=within.since, until=within.until, zone=zone, lines=lines
    )
    campaigns = starting_before(request.organization, within.until)
    coming = calendar.coming_days(campaigns, within, zone, lines=lines)
    may_edit = request.membership.may(Role.AUTHOR)
    days = [
        CalendarDay(
            day=each,
            is_today=each == today,
            is_beside=view is View.MONTH and each.month != day.month,
            entries=_entries(ran.get(each), coming.get(each), zone, may_edit=may_edit),
            more=_hidden(ran.get(each)) + _hidden(coming.get(each)),
            more_troubled=_troubled(ran.get(each)),
            clock_change=_clock_change(each, zone),
        )
        for each in within.days
    ]
    counted = counts(request.organization)
    context: dict[str, Any] = {
        "view": view.value,
        "views": [(each.value, each.value.title()) for each in View],
        "day": day,
        "today": today,
        "heading": _heading(view, within.days, day),
        "weeks": calendar.weeks(days),
        "days": days,
        "earlier": calendar.step(view, day, -1),
        "later": calendar.step(view, day, +1),
        "runs_total": sum(each.total for each in ran.values()),
        "troubled_total": sum(each.troubled for each in ran.values()),
        "coming_total": sum(each.total for each in coming.values()),
        "zone_name": zone_name(request.organization.time_zone),
        "kinds": current_totals(counted),
        "can_edit": may_edit,
    }
    return render(request, "campaigns/calendar.html", context)


def _view(text: str) -> View:
    return View(text) if text in {view.value for view in View} else View.MONTH


def _day(text: str, today: dt.date) -> dt.date:
    try:
        day = dt.date.fromisoformat(text)
    except ValueError:
        return today
    return min(max(day, calendar.FIRST_DAY), calendar.LAST_DAY)


def _heading(view: View, days: tuple[dt.date, ...], day: dt.date) -> str:
    first, last = days[0], days[-1]
    match view:
        case View.MONTH:
            return f"{day:%B %Y}"
        case View.WEEK if first.month == last.month:
            return f"{first:%B} {first.day} to {last.day}, {last.year}"
        case View.WEEK:
            year = "" if first.year == last.year else f", {first.year}"
            return f"{first:%B} {first.day}{year} to {last:%B} {last.day}, {last.year}"
        case View.DAY:
            return f"{day:%A, %B} {day.day}, {day.year}"


def _entries(
    ran: DayOfRuns | None, coming: ComingDay | None, zone: ZoneInfo, *, may_edit: bool
) -> list[Entry]:
    entries = [_of_run(run, zone) for run in (ran.shown if ran else ())]
    return entries + [
        _of_coming(each, zone, may_edit=may_edit) for each in (coming.shown if coming else ())
    ]


def _of_run(run: Run, zone: ZoneInfo) -> Entry:
    shown = shown_state(run)
    return Entry(
        time=_time(run.scheduled_for, zone),
        name=run.campaign_name,
        address=reverse("runs:detail", args=[run.pk]),
        key=shown.key,
        label=shown.label,
        is_test=run.is_test,
        why=run.reason,
    )


def _of_coming(coming: Coming, zone: ZoneInfo, *, may_edit: bool) -> Entry:
    page = "campaigns:edit" if may_edit else "runs:list"
    return Entry(
        time=_time(coming.at, zone),
        name=coming.campaign.name,
        address=reverse(page, args=[coming.campaign.pk]),
        key="skipped" if coming.is_skipped else "coming",
        label="Will be skipped" if coming.is_skipped else "Coming",
        is_test=coming.campaign.is_test,
    )


def _time(instant: dt.datetime, zone: ZoneInfo) -> str:
    """The time of day; with its zone's letters where the clocks change and show a time twice."""
    local = instant.astimezone(zone)
    changes = calendar.clock_change(local.date(), zone)
    return f"{clock(local.time())} {local:%Z}" if changes else clock(local.time())


def _hidden(of_day: DayOfRuns | ComingDay | None) -> int:
    return of_day.total - len(of_day.shown) if of_day else 0


def _troubled(ran: DayOfRuns | None) -> int:
    """How many of the runs that are not shown want an eye."""
    if ran is None:
        return 0
    return ran.troubled - sum(run.wants_an_eye for run in ran.shown)


def _clock_change(day: dt.date, zone: ZoneInfo) -> str:
    change = calendar.clock_change(day, zone)
    if not change:
        return ""
    return "Clocks go forward" if change > dt.timedelta(0) else "Clocks go back"
