"""The send step's own claims, on a simulated clock, end when the estimate said they would."""

from __future__ import annotations

import datetime as dt
import random
from collections import defaultdict

import pytest
from django.db.models import Min

import world
from textmanager.organizations.models import Organization, Sender
from textmanager.runs.models import DayTally, Message, Run
from textmanager.runs.pipeline.claims import Claimed, claim
from textmanager.runs.pipeline.due import WAITING
from textmanager.runs.texting_hours import window_for
from textmanager.schedule.estimate import Estimate, estimate
from textmanager.text.statuses import MessageStatus

NEW_YORK, LOS_ANGELES, HONOLULU = "America/New_York", "America/Los_Angeles", "Pacific/Honolulu"
PLACES = [[NEW_YORK], [LOS_ANGELES], [NEW_YORK, LOS_ANGELES], [HONOLULU], []]
A_MINUTE = dt.timedelta(minutes=1)


def claimed_by_and_by(sender: Sender, start: dt.datetime) -> list[Claimed]:
    """All that is ever claimed, by a worker that comes back when it was told to."""
    now, texts = start, []
    while True:
        batch = claim(sender_id=sender.pk, now=now)
        texts += batch.texts
        if batch.again_at is not None:
            now = max(now + dt.timedelta(milliseconds=20), batch.again_at)
            continue
        waiting = Message.objects.filter(status__in=WAITING)
        due = waiting.aggregate(first=Min("not_before"))["first"]
        if due is None:
            return texts
        now = max(now, due)


def prepared(run: Run, organization: Organization, start: dt.datetime, chance: int) -> Estimate:
    """Writes the texts of a run as its preparation would, and estimates them."""
    dice = random.Random(chance)
    texts = [(dice.choice([1, 1, 1, 2, 3]), tuple(dice.choice(PLACES))) for _ in range(90)]
    for number, (segments, zones) in enumerate(texts):
        opens = window_for(organization, zones, start).opens
        world.message(
            run,
            number,
            to=f"+1202555{number:04d}",
            segments=segments,
            time_zones=list(zones),
            status=MessageStatus.HELD if opens > start else MessageStatus.QUEUED,
            not_before=opens,
        )
    return estimate(
        texts,
        starts_at=start,
        segments_per_second=run.sender.segments_per_second,
        left_first_day=organization.daily_allowance,
        a_day=organization.daily_allowance,
        zone=organization.time_zone,
        hours=organization.texting_hours,
    )


@pytest.mark.parametrize("chance", range(2))
@pytest.mark.parametrize(
    ("start", "rate", "allowance"),
    [
        # Within minutes, but for those who are still asleep.
        ("2026-11-23T15:00", 3.0, 10_000),
        # A segment every 80 seconds, into the evening and over the night.
        ("2026-11-24T00:00:30", 0.0125, 10_000),
        # Over days, by the allowance, and over the end of daylight saving.
        ("2026-10-30T20:00", 0.05, 41),
        # Over days, by the hours, and over its beginning.
        ("2027-03-14T01:00:10", 0.01, 10_000),
    ],
)
def test_what_is_claimed_ends_when_estimated_and_goes_on_the_days_estimated(
    organization: Organization, start: str, rate: float, allowance: int, chance: int
) -> None:
    Organization.objects.update(
        texting_opens=dt.time(8), texting_closes=dt.time(21), daily_allowance=allowance
    )
    organization.refresh_from_db()
    begins = dt.datetime.fromisoformat(start).replace(tzinfo=dt.UTC)
    sender = world.sender(organization, segments_per_second=rate, paced_until=begins)
    run = world.run(world.campaign(organization, by=sender), scheduled_for=begins)
    estimated = prepared(run, organization, begins, chance)

    texts = claimed_by_and_by(sender, begins)

    assert len(texts) == 90
    assert abs(max(text.slot for text in texts) - estimated.finish) < A_MINUTE
    by_day: dict[dt.date, int] = defaultdict(int)
    for tally in DayTally.objects.filter(organization=organization):
        by_day[tally.day] += tally.segments
    assert dict(by_day) == dict(estimated.by_day)
    assert estimated.left_over == 0
