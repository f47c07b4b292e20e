"""How much of a day's allowance is used and left, read from the tallies."""

from __future__ import annotations

import datetime as dt

from django.db.models import Q, Sum

from textmanager.organizations.models import Organization, Sender
from textmanager.replies.answered import segments_answered
from textmanager.runs.models import DayTally


def segments_used(organization_id: int, day: dt.date, *, sender_id: int | None = None) -> int:
    """Segments sent, or promised to a text that is being sent, on the organization's `day`.

    Those of runs and those of staff's answers.
    """
    tallies = DayTally.objects.filter(organization_id=organization_id, day=day)
    if sender_id is not None:
        tallies = tallies.filter(sender_id=sender_id)
    in_runs = int(tallies.aggregate(used=Sum("segments"))["used"] or 0)
    return in_runs + segments_answered(organization_id, day, sender_id=sender_id)


def segments_left(organization: Organization, day: dt.date) -> int:
    return max(0, organization.daily_allowance - segments_used(organization.pk, day))


def sender_segments_left(sender: Sender, day: dt.date) -> int | None:
    """What the sender's own cap leaves on `day`; None for a sender without one."""
    if sender.daily_cap is None:
        return None
    used = segments_used(sender.organization_id, day, sender_id=sender.pk)
    return max(0, sender.daily_cap - used)


def next_day_begins(organization: Organization, now: dt.datetime) -> dt.datetime:
    """The organization's next midnight, in UTC: when its allowance is whole again."""
    tomorrow = organization.day_of(now) + dt.timedelta(days=1)
    return dt.datetime.combine(tomorrow, dt.time.min, organization.zone).astimezone(dt.UTC)


def segments_of_runs(organization_id: int, *, since: dt.date, day: dt.date) -> tuple[int, int]:
    """Segments that runs have used on `day`, and from `since` to the end of it; one query."""
    used = DayTally.objects.filter(
        organization_id=organization_id, day__gte=since, day__lte=day
    ).aggregate(on_day=Sum("segments", filter=Q(day=day)), whole=Sum("segments"))
    return int(used["on_day"] or 0), int(used["whole"] or 0)
