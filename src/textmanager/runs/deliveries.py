"""What became of an organization's texts, day by day; read from the tallies.

A run's texts belong to the day, in the organization's zone, that the run was scheduled for. Only
LIVE runs count: a TEST run has texted nobody.
"""

from __future__ import annotations

import datetime as dt
from collections import defaultdict
from collections.abc import Iterable
from dataclasses import dataclass
from zoneinfo import ZoneInfo

from django.db import connection

from textmanager.organizations.models import Organization
from textmanager.text.statuses import MessageStatus, staff_key

# In the order of the chart, from the ground up; every other status is on its way, or was no text.
OUTCOMES = ("delivered", "sent", "undelivered", "failed")


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
    """The last `days` days, today included, in one query whose cost grows with runs alone."""
    zone = organization.zone
    today = now.astimezone(zone).date()
    first = today - dt.timedelta(days=days - 1)
    found = _by_day(organization.pk, zone, first, today)
    each = (first + dt.timedelta(days=number) for number in range(days))
    return Deliveries([DeliveryDay(day, **found.get(day, {})) for day in each])


def _by_day(
    organization_id: int, zone: ZoneInfo, first: dt.date, last: dt.date
) -> dict[dt.date, dict[str, int]]:
    with connection.cursor() as cursor:
        cursor.execute(
            _DELIVERIES,
            {
                "organization": organization_id,
                "zone": zone.key,
                "since": _midnight(first, zone),
                "before": _midnight(last + dt.timedelta(days=1), zone),
            },
        )
        return _gathered(cursor.fetchall())


def _gathered(rows: Iterable[tuple[dt.date, str, int]]) -> dict[dt.date, dict[str, int]]:
    found: dict[dt.date, dict[str, int]] = defaultdict(lambda: defaultdict(int))
    for day, status, messages in rows:
        key = staff_key(MessageStatus(status))
        if key in OUTCOMES:
            found[day][key] += messages
    return found


def _midnight(day: dt.date, zone: ZoneInfo) -> dt.datetime:
    return dt.datetime.combine(day, dt.time.min, zone)


# The run's index by time bounds it; each run has a handful of tallies, found by their key.
_DELIVERIES = """
SELECT (run.scheduled_for AT TIME ZONE %(zone)s)::date AS day, tally.status, sum(tally.messages)
FROM runs_run AS run JOIN runs_runtally AS tally ON tally.run_id = run.id
WHERE run.organization_id = %(organization)s
  AND run.scheduled_for >= %(since)s AND run.scheduled_for < %(before)s
  AND run.api_mode = 'live' AND tally.messages > 0
GROUP BY 1, 2
"""
