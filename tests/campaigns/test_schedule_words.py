"""The schedule in words, and what the clock change does to its dates."""

from __future__ import annotations

import datetime as dt
from collections.abc import Sequence
from typing import Any

import time_machine
from django.test import Client

from textmanager.campaigns.coming import Coming, coming_of, pause_in_words
from textmanager.campaigns.models import Campaign
from textmanager.organizations.models import Organization, User

NEW_YORK = "America/New_York"


def coming(
    rrule: str,
    start: dt.datetime,
    now: dt.datetime,
    skipped: Sequence[dt.datetime] = (),
    **more: Any,
) -> Coming:
    values = {
        "rrule": rrule,
        "start_date": start.date(),
        "start_time": start.time(),
        "time_zone": NEW_YORK,
        **more,
    }
    return coming_of(values, now, skipped)


def test_dates_on_both_sides_of_a_clock_change_say_so() -> None:
    found = coming(
        "FREQ=WEEKLY;BYDAY=MO",
        dt.datetime(2026, 10, 1, 9),
        dt.datetime(2026, 10, 21, tzinfo=dt.UTC),
    )
    notes = [one.note for one in found.occurrences]
    assert notes == ["", "After the clock change (EST): still 9:00 AM on the wall.", "", "", ""]
    assert found.words == "Every week on Monday at 9:00 AM, Eastern Time"


def test_a_time_that_the_clock_skips_is_pointed_out() -> None:
    found = coming(
        "FREQ=DAILY", dt.datetime(2027, 1, 1, 2, 30), dt.datetime(2027, 3, 13, 12, tzinfo=dt.UTC)
    )
    first, second = found.occurrences[:2]
    assert first.note == "The clock skips 2:30 AM on this day; it runs at 3:00 AM instead."
    assert first.at == dt.datetime(2027, 3, 14, 7, tzinfo=dt.UTC)
    assert second.note == ""


def test_a_time_that_the_clock_shows_twice_is_pointed_out() -> None:
    found = coming(
        "FREQ=DAILY", dt.datetime(2026, 1, 1, 1, 30), dt.datetime(2026, 10, 31, 12, tzinfo=dt.UTC)
    )
    first, second = found.occurrences[:2]
    assert first.note == "The clock shows 1:30 AM twice on this day; it runs the first time only."
    assert first.at == dt.datetime(2026, 11, 1, 5, 30, tzinfo=dt.UTC)
    assert second.note == "After the clock change (EST): still 1:30 AM on the wall."


def test_what_is_skipped_is_marked_and_not_counted_as_the_next() -> None:
    now = dt.datetime(2026, 11, 30, tzinfo=dt.UTC)
    daily = "FREQ=DAILY", dt.datetime(2026, 12, 1, 9), now
    all_run = coming(*daily)
    found = coming(*daily, skipped=[all_run.occurrences[0].at, all_run.occurrences[2].at])
    assert [each.is_skipped for each in found.occurrences] == [True, False, True, *[False] * 4]
    assert found.first == all_run.occurrences[1].at


@time_machine.travel(dt.datetime(2026, 11, 23, 15, tzinfo=dt.UTC), tick=False)
def test_the_form_marks_the_skips_of_its_own_campaign_alone(
    campaign: Campaign, page: Client, charlie: User, client: Client, filled_in: dict[str, str]
) -> None:
    # The second of the month, 8:10 AM in New York.
    Campaign.objects.update(skipped=[dt.datetime(2099, 2, 2, 13, 10, tzinfo=dt.UTC)])
    sent = filled_in | {"campaign_id": str(campaign.pk)}
    said = page.post("/campaigns/schedule/", sent).content.decode()
    assert "<s>Feb 2, 2099, 8:10 AM EST</s>" in said
    assert said.count("it does not run then") == 1
    assert "<s>" not in page.post("/campaigns/schedule/", filled_in).content.decode()
    client.force_login(charlie)
    assert "<s>" not in client.post("/campaigns/schedule/", sent).content.decode()


def test_a_schedule_that_ends_has_fewer_dates() -> None:
    found = coming(
        "FREQ=DAILY;COUNT=2", dt.datetime(2026, 12, 1, 9), dt.datetime(2026, 11, 30, tzinfo=dt.UTC)
    )
    assert len(found.occurrences) == 2
    over = coming(
        "FREQ=DAILY;COUNT=2", dt.datetime(2026, 12, 1, 9), dt.datetime(2027, 1, 1, tzinfo=dt.UTC)
    )
    assert over.first is None


def test_a_campaign_that_goes_once_says_when() -> None:
    now = dt.datetime(2026, 11, 23, tzinfo=dt.UTC)
    start = dt.datetime(2026, 12, 1, 9)
    later = coming("", start, now, when="later")
    assert later.words == "Once, on December 1, 2026 at 9:00 AM, Eastern Time"
    assert later.first == dt.datetime(2026, 12, 1, 14, tzinfo=dt.UTC)
    assert coming("", start, now, when="now").words == "Once, as soon as it is saved"
    assert coming("", start, now, when="now").first == now


def test_a_pause_between_repeats_is_said_in_words() -> None:
    assert pause_in_words(0) == ""
    assert pause_in_words(1).endswith("for the next day.")
    assert pause_in_words(30).endswith("for the next 30 days.")


@time_machine.travel(dt.datetime(2026, 11, 23, 15, tzinfo=dt.UTC), tick=False)
def test_the_form_says_it_while_it_is_filled_in(
    organization: Organization, page: Client, filled_in: dict[str, str]
) -> None:
    html = page.post("/campaigns/schedule/", filled_in | {"days_between_texts": "30"}).content
    said = html.decode()
    assert "Every month on the 2nd at 8:10 AM, Eastern Time." in said
    assert said.count("<li>") == 5
    assert "for the next 30 days" in said
    half = page.post("/campaigns/schedule/", filled_in | {"start_time": ""}).content.decode()
    assert "Complete the schedule" in half
    over = filled_in | {"start_date": "2020-01-01", "ends": "on", "until": "2020-02-01"}
    assert "no occurrence ahead" in page.post("/campaigns/schedule/", over).content.decode()
    last = filled_in | {"start_date": "2026-10-01", "ends": "after", "count": "3"}
    assert "The only date ahead" in page.post("/campaigns/schedule/", last).content.decode()
