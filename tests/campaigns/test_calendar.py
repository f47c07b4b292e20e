"""The calendar's days, through changes of the clock; what falls on each; and its page."""

from __future__ import annotations

import datetime as dt
import re
from collections.abc import Iterator
from typing import Any
from zoneinfo import ZoneInfo

import pytest
import time_machine
from django.test import Client

import world
from textmanager.campaigns.calendar import (
    FIRST_DAY,
    LAST_DAY,
    LINES,
    View,
    clock_change,
    coming_days,
    span,
    step,
)
from textmanager.campaigns.models import Campaign, CampaignKind, CampaignState
from textmanager.organizations.models import Organization, Sender, User
from textmanager.runs.models import Run, RunState

NEW_YORK = ZoneInfo("America/New_York")
HOUR = dt.timedelta(hours=1)
# A Wednesday, 7:00 AM in New York.
NOW = dt.datetime(2026, 11, 25, 12, 0, tzinfo=dt.UTC)


def local(day: int, hour: int, minute: int = 0, month: int = 11) -> dt.datetime:
    """A time in New York in the autumn of 2026."""
    return dt.datetime(2026, month, day, hour, minute, tzinfo=NEW_YORK).astimezone(dt.UTC)


def a_campaign(**values: Any) -> Campaign:
    """One that is in no database."""
    return Campaign(
        **{
            "pk": 1,
            "name": "Often",
            "kind": CampaignKind.RECURRING,
            "state": CampaignState.ACTIVE,
            "rrule": "FREQ=DAILY",
            "start_date": dt.date(2026, 1, 1),
            "start_time": dt.time(9),
            "time_zone": "America/New_York",
            "next_run_at": local(25, 9),
            **values,
        }
    )


@pytest.mark.parametrize(
    ("view", "first", "last", "hours"),
    [
        (View.DAY, "2026-11-25", "2026-11-25", 24),
        (View.WEEK, "2026-11-22", "2026-11-28", 7 * 24),
        # The clocks go back on November 1.
        (View.MONTH, "2026-11-01", "2026-12-05", 35 * 24 + 1),
    ],
)
def test_a_view_covers_whole_weeks_from_sunday_on(
    view: View, first: str, last: str, hours: int
) -> None:
    within = span(view, dt.date(2026, 11, 25), NEW_YORK)
    assert (within.days[0].isoformat(), within.days[-1].isoformat()) == (first, last)
    assert within.until - within.since == hours * HOUR
    assert within.since.astimezone(NEW_YORK).time() == dt.time.min


@pytest.mark.parametrize("month", range(1, 13))
@pytest.mark.parametrize("year", [2024, 2026, 2027])
def test_a_month_has_all_its_days_once(year: int, month: int) -> None:
    days = span(View.MONTH, dt.date(year, month, 15), NEW_YORK).days
    of_month = [day for day in days if (day.year, day.month) == (year, month)]
    assert [day.day for day in of_month] == list(range(1, len(of_month) + 1))
    assert (of_month[-1] + dt.timedelta(days=1)).day == 1
    assert len(days) % 7 == 0
    assert len(set(days)) == len(days) <= 42


@pytest.mark.parametrize(
    ("zone", "day", "hours"),
    [
        ("America/New_York", "2026-03-08", 23),
        ("America/New_York", "2026-11-01", 25),
        ("America/Phoenix", "2026-03-08", 24),
        # These clocks jump at midnight: the day begins at one.
        ("America/Santiago", "2026-09-06", 23),
        ("Australia/Lord_Howe", "2026-10-04", 23.5),
    ],
)
def test_a_day_is_as_long_as_its_clock_says(zone: str, day: str, hours: float) -> None:
    date = dt.date.fromisoformat(day)
    within = span(View.DAY, date, ZoneInfo(zone))
    assert within.until - within.since == hours * HOUR
    assert within.since.astimezone(ZoneInfo(zone)).date() == date
    assert clock_change(date, ZoneInfo(zone)) == (24 - hours) * HOUR


@pytest.mark.parametrize(
    ("view", "day", "earlier", "later"),
    [
        (View.DAY, "2026-12-31", "2026-12-30", "2027-01-01"),
        (View.WEEK, "2026-11-25", "2026-11-15", "2026-11-29"),
        (View.MONTH, "2026-01-31", "2025-12-01", "2026-02-01"),
        (View.MONTH, "2026-12-31", "2026-11-01", "2027-01-01"),
    ],
)
def test_steps_lead_to_the_view_beside(view: View, day: str, earlier: str, later: str) -> None:
    date = dt.date.fromisoformat(day)
    assert str(step(view, date, -1)) == earlier
    assert str(step(view, date, +1)) == later


@pytest.mark.parametrize("view", list(View))
def test_a_calendar_has_a_first_and_a_last_page(view: View) -> None:
    assert step(view, FIRST_DAY, -1) is None
    assert step(view, LAST_DAY, +1) is None


def test_occurrences_stay_at_their_local_time_through_a_change_of_the_clock() -> None:
    campaign = a_campaign(next_run_at=local(30, 9, month=10))
    within = span(View.WEEK, dt.date(2026, 11, 1), NEW_YORK)
    days = coming_days([campaign], within, NEW_YORK, lines=9)
    assert sorted(days) == list(within.days)
    moments = [each.at for day in within.days for each in days[day].shown]
    assert {moment.astimezone(NEW_YORK).hour for moment in moments} == {9}
    assert moments[0] == dt.datetime(2026, 11, 1, 14, 0, tzinfo=dt.UTC)


def test_a_time_that_the_clock_jumps_over_is_shown_on_its_day() -> None:
    campaign = a_campaign(start_time=dt.time(2, 30), next_run_at=local(1, 2, 30, month=3))
    day = dt.date(2026, 3, 8)
    days = coming_days([campaign], span(View.DAY, day, NEW_YORK), NEW_YORK, lines=9)
    (coming,) = days[day].shown
    assert coming.at.astimezone(NEW_YORK).time() == dt.time(3)


def test_occurrences_fall_on_the_day_of_the_organization_not_of_the_campaign() -> None:
    tokyo = a_campaign(
        time_zone="Asia/Tokyo", next_run_at=dt.datetime(2026, 11, 26, 0, 0, tzinfo=dt.UTC)
    )
    within = span(View.WEEK, dt.date(2026, 11, 25), NEW_YORK)
    days = coming_days([tokyo], within, NEW_YORK, lines=9)
    assert min(days) == dt.date(2026, 11, 25)


def test_nothing_is_coming_before_the_next_run_and_what_is_skipped_says_so() -> None:
    campaign = a_campaign(skipped=[local(26, 9)])
    within = span(View.WEEK, dt.date(2026, 11, 25), NEW_YORK)
    days = coming_days([campaign], within, NEW_YORK, lines=9)
    assert [day.day for day in sorted(days)] == [25, 26, 27, 28]
    assert [days[day].shown[0].is_skipped for day in sorted(days)] == [False, True, False, False]


@pytest.mark.parametrize("hours", [-1, 24 * 7])
def test_a_one_time_campaign_comes_once_and_only_within_the_view(hours: int) -> None:
    within = span(View.WEEK, dt.date(2026, 11, 25), NEW_YORK)
    once = {"kind": CampaignKind.ONE_TIME, "state": CampaignState.SCHEDULED, "rrule": ""}
    inside = a_campaign(**once, next_run_at=within.since)
    outside = a_campaign(**once, next_run_at=within.since + hours * HOUR)
    days = coming_days([inside, outside], within, NEW_YORK, lines=9)
    assert {day: each.total for day, each in days.items()} == {within.days[0]: 1}


def test_a_day_shows_the_first_of_its_lines_and_says_how_many_there_are() -> None:
    campaigns = [
        a_campaign(pk=number, name=f"Campaign {number:02}", start_time=dt.time(9, number % 3))
        for number in range(40)
    ]
    within = span(View.DAY, dt.date(2026, 11, 26), NEW_YORK)
    (day,) = coming_days(campaigns, within, NEW_YORK, lines=5).values()
    assert day.total == 40
    shown = [(each.at.minute, each.campaign.name) for each in day.shown]
    assert shown == [(0, f"Campaign {number:02}") for number in (0, 3, 6, 9, 12)]


def test_a_schedule_that_cannot_be_followed_hides_no_other() -> None:
    within = span(View.DAY, dt.date(2026, 11, 26), NEW_YORK)
    broken = a_campaign(pk=2, rrule="FREQ=NEVER")
    (day,) = coming_days([broken, a_campaign()], within, NEW_YORK, lines=5).values()
    assert day.total == 1


# The page


@pytest.fixture(autouse=True)
def _november() -> Iterator[None]:
    with time_machine.travel(NOW, tick=False):
        yield


@pytest.fixture
def office(organization: Organization) -> Sender:
    return world.sender(organization)


def html_of(browser: Client, **address: str) -> str:
    answer = browser.get("/calendar/", address)
    assert answer.status_code == 200
    return " ".join(answer.content.decode().split())


def cell_of(html: str, day: str) -> str:
    """What stands under a day, such as "Wednesday, November 25"."""
    found = re.search(rf'<span class="long">{day}(?:, today)?</span>(.*?)</td>', html)
    assert found, f"{day} is not there"
    return found.group(1)


def test_the_page_shows_what_ran_with_its_outcome_and_what_is_to_come(
    page: Client, office: Sender
) -> None:
    campaign = world.campaign(office.organization, by=office, next_run_at=local(25, 9))
    run = world.run(campaign, scheduled_for=local(24, 9), state=RunState.COMPLETED)
    missed = world.run(campaign, scheduled_for=local(23, 9), state=RunState.MISSED)
    html = html_of(page)
    assert "November 2026" in html
    assert "Times in Eastern Time (America/New_York)" in html
    assert "2 runs, <strong>1 of them paused, held, failed or missed</strong> · 11 to come" in html
    ran = cell_of(html, "Tuesday, November 24")
    assert f'href="/runs/{run.pk}/"' in ran
    assert "Completed" in ran
    assert "9:00 AM" in ran
    assert "Missed" in cell_of(html, "Monday, November 23")
    assert f"/runs/{missed.pk}/" in cell_of(html, "Monday, November 23")
    coming = cell_of(html, "Thursday, November 26")
    assert f'href="/campaigns/{campaign.pk}/edit/"' in coming
    assert "Coming" in coming
    assert html.count('aria-current="date"') == 1


def test_a_late_evening_belongs_to_its_own_day(page: Client, office: Sender) -> None:
    campaign = world.campaign(office.organization, by=office)
    world.run(campaign, scheduled_for=local(24, 23, 30), state=RunState.COMPLETED)
    html = html_of(page)
    assert "11:30 PM" in cell_of(html, "Tuesday, November 24")
    assert "11:30 PM" not in cell_of(html, "Wednesday, November 25")


def test_a_change_of_the_clock_is_pointed_out_and_its_times_named(
    page: Client, office: Sender
) -> None:
    campaign = world.campaign(office.organization, by=office)
    for hour in (5, 6):
        world.run(campaign, scheduled_for=dt.datetime(2026, 11, 1, hour, 30, tzinfo=dt.UTC))
    cell = cell_of(html_of(page), "Sunday, November 1")
    assert "Clocks go back" in cell
    assert "1:30 AM EDT" in cell
    assert "1:30 AM EST" in cell


@pytest.mark.parametrize("state", ["draft", "paused", "ended", "archived", "completed", "sending"])
def test_only_what_starts_by_itself_is_to_come(page: Client, office: Sender, state: str) -> None:
    world.campaign(office.organization, by=office, state=state, next_run_at=local(25, 9))
    assert "· 0 to come" in html_of(page)


@pytest.mark.parametrize("view", list(View))
def test_a_full_day_says_how_much_more_there_is_and_how_much_of_it_went_wrong(
    page: Client, office: Sender, view: View
) -> None:
    lines = LINES[view]
    campaign = world.campaign(office.organization, by=office)
    Run.objects.bulk_create(
        Run(
            organization=office.organization,
            campaign=campaign,
            scheduled_for=local(24, 6) + number * dt.timedelta(minutes=1),
            state=RunState.FAILED if number == lines + 1 else RunState.COMPLETED,
            campaign_name="Dues reminder",
            api_mode="live",
            sender=office,
        )
        for number in range(lines + 3)
    )
    html = html_of(page, view=view, day="2026-11-24")
    assert html.count('class="entry ') == lines
    assert "3 more" in html
    assert "1 wants an eye" in html


def test_the_views_name_their_days(page: Client, office: Sender) -> None:
    assert "November 22 to 28, 2026" in html_of(page, view="week")
    assert "November 29 to December 5, 2026" in html_of(page, view="week", day="2026-12-01")
    assert "December 27, 2026 to January 2, 2027" in html_of(page, view="week", day="2027-01-01")
    assert "Wednesday, November 25, 2026" in html_of(page, view="day")
    assert "Nothing ran in this day, and nothing is to come." in html_of(page, view="day")


@pytest.mark.parametrize("day", ["", "today", "2026-02-30", "20261125", "0001-01-01", "9999-12-31"])
@pytest.mark.parametrize("view", ["month", "week", "day", "year", ""])
def test_no_address_breaks_the_page(page: Client, office: Sender, view: str, day: str) -> None:
    world.campaign(office.organization, by=office, next_run_at=local(25, 9))
    assert "<h2" in html_of(page, view=view, day=day)


@pytest.mark.parametrize("count", [1, 40])
def test_the_page_asks_the_same_few_questions_however_much_there_is(
    page: Client, office: Sender, django_assert_max_num_queries: Any, count: int
) -> None:
    for number in range(count):
        campaign = world.campaign(
            office.organization, by=office, name=f"Often {number}", next_run_at=local(25, 9)
        )
        world.run(campaign, scheduled_for=local(24, 9))
    for view in View:
        with django_assert_max_num_queries(12):
            page.get("/calendar/", {"view": view})


def test_a_viewer_is_led_to_runs_and_a_stranger_nowhere(
    client: Client, office: Sender, bob: User, charlie: User
) -> None:
    campaign = world.campaign(office.organization, by=office, next_run_at=local(25, 9))
    world.run(campaign, scheduled_for=local(24, 9))
    client.force_login(bob)
    html = html_of(client)
    assert f'href="/runs/campaign/{campaign.pk}/"' in html
    assert "/edit/" not in html
    client.force_login(charlie)
    html = html_of(client)
    assert "Dues reminder" not in html
    assert "0 runs · 0 to come" in html
