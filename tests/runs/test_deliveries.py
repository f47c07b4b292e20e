"""Deliveries by day and reasons for failures: what the messages hold, from the tallies alone."""

from __future__ import annotations

import datetime as dt

import pytest
from django.core.cache import cache
from django.db import connection
from django.test.utils import CaptureQueriesContext

import world
from textmanager.campaigns.models import Campaign
from textmanager.organizations.models import Organization, User
from textmanager.runs.deliveries import deliveries_by_day
from textmanager.runs.failures import failed_lately
from textmanager.runs.models import Message, Run

NOW = dt.datetime(2026, 11, 25, 15, 0, tzinfo=dt.UTC)
WITHOUT_ARRIVAL = ("failed", "undelivered", "error", "unconfirmed")


def texts(run: Run, **by_status: int) -> None:
    """Messages of the run, numbered on."""
    number = run.messages.count()
    for status, count in by_status.items():
        for _ in range(count):
            to = "" if status == "error" else f"+1202555{number:04d}"
            world.message(run, number, status=status, to=to)
            number += 1


def test_texts_count_for_the_day_of_their_run_in_the_organizations_zone(
    organization: Organization, campaign: Campaign
) -> None:
    # 4:30 UTC is half past eleven at night, the day before, in New York.
    late = world.run(campaign, scheduled_for=dt.datetime(2026, 11, 25, 4, 30, tzinfo=dt.UTC))
    texts(late, delivered=3, undelivered=1)
    today = world.run(campaign, scheduled_for=NOW)
    texts(today, delivered=2, sent=4, failed=1, queued=5, skipped=2, error=1, canceled=1)

    found = deliveries_by_day(organization, now=NOW, days=30)

    assert [day.day for day in found.days] == [
        dt.date(2026, 10, 27) + dt.timedelta(days=number) for number in range(30)
    ]
    by_day = {day.day.day: day for day in found.days if day.total}
    assert by_day.keys() == {24, 25}
    yesterday = by_day[24]
    assert (yesterday.delivered, yesterday.sent, yesterday.undelivered) == (3, 0, 1)
    assert (by_day[25].delivered, by_day[25].sent, by_day[25].failed) == (2, 4, 1)
    assert found.total.total == 11
    assert found.rate == pytest.approx(5 / 7)


def test_news_of_an_unsettled_day_shows_at_once_and_of_an_older_one_within_ten_minutes(
    organization: Organization, campaign: Campaign
) -> None:
    lately = world.run(campaign, scheduled_for=NOW - dt.timedelta(days=4))
    before = world.run(campaign, scheduled_for=NOW - dt.timedelta(days=5))
    texts(lately, sent=2)
    texts(before, sent=3)
    for _ in range(2):
        assert deliveries_by_day(organization, now=NOW, days=30).total.sent == 5
    Message.objects.update(status="delivered")
    with CaptureQueriesContext(connection) as captured:
        found = deliveries_by_day(organization, now=NOW, days=30)
    assert len(captured) == 1
    assert (found.total.delivered, found.total.sent, len(found.days)) == (2, 3, 30)
    cache.clear()
    found = deliveries_by_day(organization, now=NOW, days=30)
    assert (found.total.delivered, found.total.sent, len(found.days)) == (5, 0, 30)


def test_what_texted_nobody_is_no_delivery(
    organization: Organization, campaign: Campaign, charlie: User
) -> None:
    rehearsal = world.run(campaign, scheduled_for=NOW, api_mode="test")
    texts(rehearsal, tested=3, failed=1)
    before = world.run(campaign, scheduled_for=NOW - dt.timedelta(days=31))
    texts(before, delivered=1)
    other = charlie.memberships.get().organization
    theirs = world.run(world.campaign(other, by=world.sender(other)), scheduled_for=NOW)
    texts(theirs, delivered=1, failed=1)

    found = deliveries_by_day(organization, now=NOW, days=30)

    assert found.total.total == 0
    assert found.rate is None
    assert not failed_lately(organization, since=NOW - dt.timedelta(days=7), most=5).reasons


def test_reasons_are_the_commonest_first_and_lead_to_the_run_that_has_most(
    organization: Organization, campaign: Campaign
) -> None:
    few = world.run(campaign, scheduled_for=NOW - dt.timedelta(days=1))
    many = world.run(campaign, scheduled_for=NOW - dt.timedelta(days=2), campaign_name="Renewal")
    texts(few, undelivered=1, error=3)
    texts(many, undelivered=4, failed=1, unconfirmed=1)
    Message.objects.filter(status="undelivered").update(error_code=30005)
    Message.objects.filter(status="error").update(reason="number:too_short")
    Message.objects.filter(status="unconfirmed").update(reason="unclear")
    with CaptureQueriesContext(connection) as captured:
        found = failed_lately(organization, since=NOW - dt.timedelta(days=7), most=3)

    assert len(captured) == 1
    assert (found.messages, found.reasons_total, len(found.reasons)) == (10, 4, 3)
    first, second, _ = found.reasons
    assert first.words == "The number does not exist (any more)"
    assert first.what_to_do == "Correct the mobile number on the iMIS record."
    assert (first.messages, first.runs, first.run_id) == (5, 2, many.pk)
    assert (first.campaign_name, first.status_key) == ("Renewal", "undelivered")
    assert (second.messages, second.run_id, second.status_key) == (3, few.pk, "error")


def test_what_failed_long_ago_is_told_no_more(
    organization: Organization, campaign: Campaign
) -> None:
    texts(world.run(campaign, scheduled_for=NOW - dt.timedelta(days=8)), failed=2)
    assert failed_lately(organization, since=NOW - dt.timedelta(days=7), most=5).messages == 0
