"""What became of an organization's texts, day by day; read from the tallies.

A run's texts belong to the day, in the organization's zone, that the run was scheduled for. Only
LIVE runs count: a TEST run has texted nobody.
"""

from __future__ import annotations

import datetime as dt
from collections import defaultdict
from dataclasses import dataclass
from zoneinfo import ZoneInfo

from django.core.cache import cache
from django.db import connection

from textmanager.organizations.models import Organization

# Statuses in the order of the chart, from the ground up. Any other is on its way, or was no text.
OUTCOMES = ("delivered", "sent", "undelivered", "failed")
# Receipts of a run that is older are rare: a text is settled after 72 hours.
UNSETTLED_DAYS = 5
SECONDS_TO_REMEMBER = 600


@dataclass(frozen=True)
class DeliveryDay:
    """One day's texts by outcome. `sent` ones have no delivery receipt (yet)."""

    day: dt.date
    delivered: int = 0
    sent: int = 0
    undelivered: int = 0
    failed: int = 0

    @property
    def total(self) -> int:
        return self.delivered + self.sent + self.undelivered + self.failed

    @property
    def known(self) -> int:
        """Those whose outcome is known."""
        return self.delivered + self.undelivered + self.failed


@dataclass(frozen=True)
class Deliveries:
    """Consecutive days, the oldest first, those without a text too."""

    days: list[DeliveryDay]

    @property
    def latest_first(self) -> list[DeliveryDay]:
        return self.days[::-1]

    @property
    def marked(self) -> list[DeliveryDay]:
        """The days that a scale below the chart names."""
        return [self.days[0], self.days[len(self.days) // 2], self.days[-1]]

    @property
    def total(self) -> DeliveryDay:
        """All days in one; its day is the last one."""
        sums = {name: sum(getattr(day, name) for day in self.days) for name in OUTCOMES}
        return DeliveryDay(self.days[-1].day, **sums)

    @property
    def rate(self) -> float | None:
        """The share that was delivered of those whose outcome is known, 0 to 1; None of none."""
        total = self.total
        return total.delivered / total.known if total.known else None


def deliveries_by_day(organization: Organization, *, now: dt.datetime, days: int) -> Deliveries:
    """The last `days` days, today included, in one query.

    Its cost grows with the runs of the unsettled days alone. Of older ones, news is rare; it
    shows within ten minutes.
    """
    today = organization.day_of(now)
    first = today - dt.timedelta(days=days - 1)
    unsettled = max(first, today - dt.timedelta(days=UNSETTLED_DAYS - 1))
    key = f"deliveries-{organization.pk}-{organization.time_zone}-{first}-{unsettled}"
    settled: list[DeliveryDay] | None = cache.get(key)
    found = _between(organization, first if settled is None else unsettled, today)
    if settled is None:
        cache.set(key, [day for day in found if day.day < unsettled], SECONDS_TO_REMEMBER)
    return Deliveries([*(settled or []), *found])


def _between(organization: Organization, first: dt.date, last: dt.date) -> list[DeliveryDay]:
    """Each day from `first` to `last`."""
    days = [first + dt.timedelta(days=number) for number in range((last - first).days + 2)]
    found = _by_place(organization.pk, [_midnight(day, organization.zone) for day in days])
    return [DeliveryDay(day, **found[place]) for place, day in enumerate(days[:-1], start=1)]


def _by_place(
    organization_id: int, midnights: list[dt.datetime]
) -> defaultdict[int, dict[str, int]]:
    """Texts by outcome between one midnight and the next; the first such day is at place 1."""
    found: defaultdict[int, dict[str, int]] = defaultdict(dict)
    with connection.cursor() as cursor:
        cursor.execute(
            _DELIVERIES,
            {
                "organization": organization_id,
                "midnights": midnights,
                "since": midnights[0],
                "before": midnights[-1],
                "outcomes": list(OUTCOMES),
            },
        )
        for place, status, messages in cursor:
            found[place][status] = messages
    return found


def _midnight(day: dt.date, zone: ZoneInfo) -> dt.datetime:
    return dt.datetime.combine(day, dt.time.min, zone)


# The run's index by time bounds it; each run has a handful of tallies, found by their key. The
# place among the midnights, which know of daylight saving, costs less than a date in a zone.
_DELIVERIES = """
SELECT width_bucket(run.scheduled_for, %(midnights)s::timestamptz[]) AS place,
       tally.status, sum(tally.messages)
FROM runs_run AS run JOIN runs_runtally AS tally ON tally.run_id = run.id
WHERE run.organization_id = %(organization)s
  AND run.scheduled_for >= %(since)s AND run.scheduled_for < %(before)s
  AND run.api_mode = 'live' AND tally.messages > 0 AND tally.status = ANY(%(outcomes)s)
GROUP BY 1, 2
"""
