"""Which campaigns run by themselves, and when they run next."""

from __future__ import annotations

import datetime as dt
import heapq
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from itertools import islice

from django.db.models import Count, Q, Window

from textmanager.campaigns.lifecycle import starting_by_themselves
from textmanager.campaigns.models import ApiMode, Campaign
from textmanager.organizations.models import Organization
from textmanager.schedule.recurrence import RecurrenceError

# What lists never show; a template may be long.
UNSHOWN = ("template", "typed", "prompt_answers", "report_emails")


@dataclass(frozen=True)
class ComingRun:
    """An occurrence that lies ahead, in UTC."""

    campaign: Campaign
    at: dt.datetime


@dataclass(frozen=True)
class Agenda:
    """The next runs, the soonest first. `is_cut`: more follow before `until`."""

    runs: list[ComingRun]
    until: dt.datetime
    is_cut: bool


@dataclass(frozen=True)
class Going:
    """The soonest of the campaigns that run by themselves, and how many there are in all."""

    soonest: list[Campaign]
    all: int
    live: int


def going_campaigns(organization: Organization, *, most: int) -> Going:
    """One query. The next `most` runs of all are among those of the `most` soonest campaigns."""
    found = (
        starting_by_themselves(organization)
        .defer(*UNSHOWN)
        .annotate(
            all=Window(Count("pk")), live=Window(Count("pk", filter=Q(api_mode=ApiMode.LIVE)))
        )
        .order_by("next_run_at", "pk")[:most]
    )
    soonest = [*found]
    return Going([*soonest], soonest[0].all, soonest[0].live) if soonest else Going([], 0, 0)


def coming_runs(campaigns: Iterable[Campaign], *, until: dt.datetime, most: int) -> Agenda:
    """Merges their occurrences up to `until`, without those that staff want skipped.

    Works out no more than `most` occurrences, however many campaigns there are.
    """
    merged = _merged(campaigns, until)
    runs = list(islice(merged, most))
    return Agenda(runs, until, is_cut=len(runs) == most and next(merged, None) is not None)


def _merged(campaigns: Iterable[Campaign], until: dt.datetime) -> Iterator[ComingRun]:
    by_id = {campaign.pk: campaign for campaign in campaigns}
    heap = [(each.next_run_at, each.pk) for each in by_id.values() if each.next_run_at is not None]
    heapq.heapify(heap)
    while heap:
        at, pk = heapq.heappop(heap)
        if at > until:
            return
        if at not in by_id[pk].skipped:
            yield ComingRun(by_id[pk], at)
        following = _after(by_id[pk], at)
        if following is not None:
            heapq.heappush(heap, (following, pk))


def _after(campaign: Campaign, at: dt.datetime) -> dt.datetime | None:
    """The occurrence after `at`; none of a one-time campaign, or of a rule that cannot be read."""
    if not campaign.rrule:
        return None
    try:
        return campaign.recurrence.next_after(at)
    except RecurrenceError:
        return None
