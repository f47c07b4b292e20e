"""The runs of an organization by the days of its zone, as a calendar shows them."""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass, field
from zoneinfo import ZoneInfo

from django.db.models import Count, F, Q, Window
from django.db.models.functions import RowNumber, TruncDate

from textmanager.organizations.models import Organization
from textmanager.runs.models import Run, RunState


@dataclass
class DayOfRuns:
    """The first runs of a day, how many it has in all, and how many of them want an eye."""

    shown: list[Run] = field(default_factory=list)
    total: int = 0
    troubled: int = 0


def runs_by_day(
    organization: Organization,
    *,
    since: dt.datetime,
    until: dt.datetime,
    zone: ZoneInfo,
    lines: int,
) -> dict[dt.date, DayOfRuns]:
    """The runs of each day that has some, at most `lines` of them shown; one query.

    The database keeps the rest to itself: a month may have thousands.
    """
    of_day = [F("day")]
    placed = (
        Run.objects.filter(
            organization=organization, scheduled_for__gte=since, scheduled_for__lt=until
        )
        .annotate(day=TruncDate("scheduled_for", tzinfo=zone))
        .annotate(
            place=Window(
                RowNumber(), partition_by=of_day, order_by=["scheduled_for", "campaign_name", "pk"]
            ),
            of_the_day=Window(Count("pk"), partition_by=of_day),
            troubled=Window(
                Count("pk", filter=Q(state__in=RunState.wanting_an_eye())), partition_by=of_day
            ),
        )
    )
    days: dict[dt.date, DayOfRuns] = {}
    shown = placed.filter(place__lte=lines).order_by("scheduled_for", "campaign_name", "pk")
    for run in shown.only("scheduled_for", "state", "reason", "campaign_name", "api_mode"):
        day = days.setdefault(run.day, DayOfRuns(total=run.of_the_day, troubled=run.troubled))
        day.shown.append(run)
    return days
