"""Recurrences as staff mean them: clock changes, short months, ends, and refusals in words."""

from __future__ import annotations

import datetime as dt
import time
from zoneinfo import ZoneInfo

import pytest

from textmanager.schedule.recurrence import Recurrence, RecurrenceError

NEW_YORK = "America/New_York"


def first(
    rule: str, start: str, *, zone: str = NEW_YORK, times: int = 3, after: str | None = None
) -> list[str]:
    """The first occurrences as the zone's clock shows them."""
    recurrence = Recurrence(rule, dt.datetime.fromisoformat(start), zone)
    recurrence.validate()
    moment = dt.datetime.fromisoformat(after or start).replace(tzinfo=dt.UTC)
    moment -= dt.timedelta(days=2)
    found: list[str] = []
    while len(found) < times:
        following = recurrence.next_after(moment)
        if following is None:
            break
        found.append(f"{following.astimezone(ZoneInfo(zone)):%Y-%m-%d %H:%M %Z}")
        moment = following
    return found


@pytest.mark.parametrize(
    ("rule", "start", "expected"),
    [
        ("FREQ=DAILY;INTERVAL=3", "2026-12-30 08:10", ["2026-12-30", "2027-01-02", "2027-01-05"]),
        ("RRULE:freq=daily", "2026-12-31 08:10", ["2026-12-31", "2027-01-01", "2027-01-02"]),
        (
            "FREQ=WEEKLY;BYDAY=MO,TU,WE,TH,FR",
            "2026-11-27 08:10",
            ["2026-11-27", "2026-11-30", "2026-12-01"],
        ),
        ("FREQ=WEEKLY", "2026-11-25 08:10", ["2026-11-25", "2026-12-02", "2026-12-09"]),
        (
            "FREQ=WEEKLY;INTERVAL=2;BYDAY=TU,SU",
            "2026-11-24 08:10",
            ["2026-11-24", "2026-11-29", "2026-12-08"],
        ),
        # The same rule with weeks that start on Sunday: the 29th is in the week that is left out.
        (
            "FREQ=WEEKLY;INTERVAL=2;BYDAY=TU,SU;WKST=SU",
            "2026-11-24 08:10",
            ["2026-11-24", "2026-12-06", "2026-12-08"],
        ),
        ("FREQ=MONTHLY;BYMONTHDAY=2", "2026-11-03 08:10", ["2026-12-02", "2027-01-02"]),
        ("FREQ=MONTHLY;BYMONTHDAY=31", "2026-11-01 08:10", ["2026-12-31", "2027-01-31"]),
        (
            "FREQ=MONTHLY;BYMONTHDAY=28,29,30,31;BYSETPOS=-1",
            "2026-11-01 08:10",
            ["2026-11-30", "2026-12-31", "2027-01-31", "2027-02-28"],
        ),
        ("FREQ=MONTHLY;BYMONTHDAY=-1", "2028-02-01 08:10", ["2028-02-29", "2028-03-31"]),
        ("FREQ=MONTHLY;BYDAY=2TU", "2026-11-11 08:10", ["2026-12-08", "2027-01-12"]),
        ("FREQ=MONTHLY;BYDAY=5FR", "2026-11-01 08:10", ["2027-01-29", "2027-04-30"]),
        ("FREQ=MONTHLY;BYDAY=-1FR", "2026-11-01 08:10", ["2026-11-27", "2026-12-25"]),
        (
            "FREQ=MONTHLY;BYDAY=MO,TU,WE,TH,FR;BYSETPOS=-1",
            "2026-10-01 08:10",
            ["2026-10-30", "2026-11-30"],
        ),
        ("FREQ=MONTHLY;BYMONTHDAY=13;BYDAY=FR", "2026-12-01 08:10", ["2027-08-13", "2028-10-13"]),
        ("FREQ=MONTHLY;BYDAY=1MO;BYMONTH=1,7", "2026-12-01 08:10", ["2027-01-04", "2027-07-05"]),
        ("FREQ=YEARLY;BYMONTHDAY=13;BYDAY=FR", "2026-12-01 08:10", ["2027-08-13", "2028-10-13"]),
        ("FREQ=YEARLY", "2026-12-02 08:10", ["2026-12-02", "2027-12-02"]),
        ("FREQ=YEARLY", "2028-02-29 08:10", ["2028-02-29", "2032-02-29"]),
        ("FREQ=YEARLY;BYMONTH=11;BYDAY=4TH", "2026-11-01 08:10", ["2026-11-26", "2027-11-25"]),
        ("FREQ=YEARLY;BYMONTH=6,3", "2026-04-09 08:10", ["2026-06-09", "2027-03-09"]),
        ("FREQ=YEARLY;BYDAY=-1MO", "2026-01-01 08:10", ["2026-12-28", "2027-12-27"]),
        # Leap days come back after eight years around a century without one.
        ("FREQ=YEARLY", "2096-02-29 08:10", ["2096-02-29", "2104-02-29"]),
    ],
)
def test_rules_as_staff_mean_them(rule: str, start: str, expected: list[str]) -> None:
    found = first(rule, start, zone="UTC", times=len(expected))
    assert found == [f"{day} 08:10 UTC" for day in expected]


def test_the_time_of_day_stays_when_the_clock_changes() -> None:
    assert first("FREQ=DAILY", "2026-10-31 09:00") == [
        "2026-10-31 09:00 EDT",
        "2026-11-01 09:00 EST",
        "2026-11-02 09:00 EST",
    ]


def test_a_time_that_does_not_exist_moves_to_the_first_that_does() -> None:
    assert first("FREQ=DAILY", "2027-03-13 02:30") == [
        "2027-03-13 02:30 EST",
        "2027-03-14 03:00 EDT",
        "2027-03-15 02:30 EDT",
    ]


def test_a_time_that_happens_twice_runs_once_the_first_time() -> None:
    assert first("FREQ=DAILY", "2026-10-31 01:30") == [
        "2026-10-31 01:30 EDT",
        "2026-11-01 01:30 EDT",
        "2026-11-02 01:30 EST",
    ]


def test_a_second_half_past_one_finds_the_next_day() -> None:
    recurrence = Recurrence("FREQ=DAILY", dt.datetime(2026, 10, 31, 1, 30), NEW_YORK)
    first_time = dt.datetime(2026, 11, 1, 5, 30, tzinfo=dt.UTC)
    between_the_two = first_time + dt.timedelta(minutes=40)
    assert recurrence.next_after(first_time - dt.timedelta(seconds=1)) == first_time
    assert recurrence.next_after(between_the_two) == dt.datetime(2026, 11, 2, 6, 30, tzinfo=dt.UTC)


def test_a_midnight_that_a_zone_skips_is_the_first_moment_of_its_day() -> None:
    assert first("FREQ=DAILY", "2018-11-03 00:00", zone="America/Sao_Paulo") == [
        "2018-11-03 00:00 -03",
        "2018-11-04 01:00 -02",
        "2018-11-05 00:00 -02",
    ]


def test_a_day_that_a_zone_skips_does_not_run_twice() -> None:
    # Samoa went from the 29th to the 31st: the 30th moves to midnight of the 31st.
    assert first("FREQ=DAILY", "2011-12-29 00:00", zone="Pacific/Apia") == [
        "2011-12-29 00:00 -10",
        "2011-12-31 00:00 +14",
        "2012-01-01 00:00 +14",
    ]
    assert first("FREQ=DAILY", "2011-12-29 09:00", zone="Pacific/Apia") == [
        "2011-12-29 09:00 -10",
        "2011-12-31 00:00 +14",
        "2011-12-31 09:00 +14",
    ]


def test_seconds_of_the_start_are_kept() -> None:
    start = dt.datetime(2027, 3, 13, 9, 0, 7, 250_000)
    after = dt.datetime(2027, 3, 14, tzinfo=dt.UTC)
    assert Recurrence("FREQ=DAILY", start, NEW_YORK).next_after(after) == dt.datetime(
        2027, 3, 14, 13, 0, 7, 250_000, tzinfo=dt.UTC
    )


@pytest.mark.parametrize(
    ("end", "expected"),
    [
        ("COUNT=2", ["2026-11-24", "2026-12-01"]),
        ("UNTIL=20261201", ["2026-11-24", "2026-12-01"]),
        ("UNTIL=20261201T235959", ["2026-11-24", "2026-12-01"]),
        ("UNTIL=20261201T090000", ["2026-11-24", "2026-12-01"]),
        ("UNTIL=20261201T085959", ["2026-11-24"]),
        ("UNTIL=20261201T140000Z", ["2026-11-24", "2026-12-01"]),
        ("UNTIL=20261201T135959Z", ["2026-11-24"]),
    ],
)
def test_the_end_belongs_to_the_schedule(end: str, expected: list[str]) -> None:
    found = first(f"FREQ=WEEKLY;{end}", "2026-11-24 09:00", times=9)
    assert [each[:10] for each in found] == expected


def test_a_number_of_times_is_counted_from_the_first_not_from_today() -> None:
    recurrence = Recurrence("FREQ=WEEKLY;COUNT=3", dt.datetime(2026, 11, 3, 9), "UTC")
    last = dt.datetime(2026, 11, 17, 9, tzinfo=dt.UTC)
    assert recurrence.next_after(last - dt.timedelta(minutes=1)) == last
    assert recurrence.next_after(last) is None


def test_between_leaves_out_its_beginning_and_keeps_its_end() -> None:
    recurrence = Recurrence("FREQ=DAILY", dt.datetime(2026, 11, 1, 9), "UTC")
    days = [dt.datetime(2026, 11, day, 9, tzinfo=dt.UTC) for day in (5, 6, 7)]
    assert recurrence.between(days[0], days[2]) == days[1:]
    assert recurrence.between(days[2], days[0]) == []


@pytest.mark.parametrize(
    ("rule", "start", "words"),
    [
        ("", "2026-11-24", "The schedule cannot be read: “” says nothing."),
        ("FREQ=DAILY;NONSENSE", "2026-11-24", "“NONSENSE” says nothing"),
        ("FREQ=DAILY;COLOUR=RED", "2026-11-24", "there is no part “COLOUR”"),
        ("FREQ=DAILY;FREQ=WEEKLY", "2026-11-24", "says FREQ twice"),
        ("INTERVAL=2", "2026-11-24", "Say how often"),
        ("FREQ=FORTNIGHTLY", "2026-11-24", "Say how often"),
        ("FREQ=MINUTELY", "2026-11-24", "A campaign runs once a day at most."),
        ("FREQ=DAILY;BYHOUR=9,17", "2026-11-24", "The time of day is the start's"),
        ("FREQ=YEARLY;BYWEEKNO=3", "2026-11-24", "BYWEEKNO is not offered"),
        ("FREQ=DAILY;INTERVAL=0", "2026-11-24", "INTERVAL must be a whole number from 1 to 1,000"),
        ("FREQ=DAILY;INTERVAL=²", "2026-11-24", "INTERVAL must be a whole number"),
        ("FREQ=DAILY;COUNT=0", "2026-11-24", "COUNT must be a whole number from 1 to 10,000."),
        ("FREQ=MONTHLY;BYMONTHDAY=32", "2026-11-24", "BYMONTHDAY must be a whole number from -31"),
        ("FREQ=MONTHLY;BYMONTHDAY=0", "2026-11-24", "BYMONTHDAY counts from 1, or from -1"),
        ("FREQ=WEEKLY;BYDAY=MONDAY", "2026-11-24", "“MONDAY” is no day of the week"),
        ("FREQ=WEEKLY;BYDAY=XX", "2026-11-24", "“XX” is no day of the week"),
        ("FREQ=WEEKLY;BYDAY=2MO", "2026-11-24", "needs a schedule by month or by year"),
        ("FREQ=WEEKLY;BYMONTHDAY=3", "2026-11-24", "days of the week, not of the month"),
        ("FREQ=MONTHLY;BYSETPOS=1", "2026-11-24", "add BYDAY or BYMONTHDAY"),
        ("FREQ=DAILY;COUNT=2;UNTIL=20270101", "2026-11-24", "not both"),
        ("FREQ=DAILY;UNTIL=TOMORROW", "2026-11-24", "“TOMORROW” is no date"),
        ("FREQ=DAILY;UNTIL=20260230", "2026-11-24", "“20260230” is no date"),
        ("FREQ=DAILY;UNTIL=20260101T256000", "2026-11-24", "is no date"),
        ("FREQ=DAILY;UNTIL=20261123", "2026-11-24", "it ends before it begins"),
        ("FREQ=YEARLY;BYMONTH=2;BYMONTHDAY=30", "2026-11-24", "there is no such day"),
        ("FREQ=MONTHLY;BYMONTH=2;BYMONTHDAY=30", "2026-11-24", "there is no such day"),
        ("FREQ=MONTHLY;BYDAY=6MO", "2026-11-24", "there is no such day"),
        ("FREQ=DAILY;INTERVAL=7;BYDAY=MO", "2026-11-24", "there is no such day"),
        ("FREQ=MONTHLY;BYMONTHDAY=1;BYSETPOS=2", "2026-11-24", "there is no such day"),
        ("FREQ=YEARLY;INTERVAL=1000;BYMONTH=2;BYMONTHDAY=29", "2026-11-24", "no such day"),
        ("FREQ=DAILY", "0026-11-24", "cannot start in the year 26."),
        ("FREQ=DAILY", "9999-11-24", "cannot start in the year 9999."),
    ],
)
def test_what_cannot_be_followed_is_refused_in_words(rule: str, start: str, words: str) -> None:
    with pytest.raises(RecurrenceError) as refused:
        Recurrence(rule, dt.datetime.fromisoformat(start), "UTC").validate()
    assert words in str(refused.value)


def test_a_month_without_the_31st_asks_for_a_choice() -> None:
    with pytest.raises(RecurrenceError) as refused:
        Recurrence("FREQ=MONTHLY", dt.datetime(2026, 12, 31, 9), "UTC").validate()
    assert str(refused.value) == (
        "Not every month has a 31st. Choose: skip the shorter months (BYMONTHDAY=31), or use"
        " their last day (BYMONTHDAY=28,29,30,31;BYSETPOS=-1)."
    )
    Recurrence("FREQ=MONTHLY", dt.datetime(2026, 12, 28, 9), "UTC").validate()


@pytest.mark.parametrize("zone", ["Mars/Olympus", "", "America", "../secrets", "/etc/passwd"])
def test_an_unknown_zone_is_refused_in_words(zone: str) -> None:
    with pytest.raises(RecurrenceError, match="There is no time zone “"):
        Recurrence("FREQ=DAILY", dt.datetime(2026, 11, 24, 9), zone).validate()


def test_a_start_with_a_zone_of_its_own_is_a_mistake_of_the_caller() -> None:
    with pytest.raises(ValueError, match="no zone of its own"):
        Recurrence("FREQ=DAILY", dt.datetime(2026, 11, 24, 9, tzinfo=dt.UTC), "UTC")


@pytest.mark.parametrize(
    "rule", ["FREQ=DAILY", "FREQ=WEEKLY", "FREQ=MONTHLY", "FREQ=YEARLY", "FREQ=DAILY;INTERVAL=7"]
)
def test_a_schedule_goes_on_until_the_calendar_ends(rule: str) -> None:
    recurrence = Recurrence(rule, dt.datetime(1900, 12, 1, 9), "Pacific/Auckland")
    found = recurrence.between(
        dt.datetime(9997, 12, 20, tzinfo=dt.UTC), dt.datetime(9999, 6, 1, tzinfo=dt.UTC)
    )
    assert found
    assert found[-1] < dt.datetime(9999, 1, 1, tzinfo=dt.UTC)
    assert recurrence.next_after(found[-1]) is None


@pytest.mark.parametrize(
    ("rule", "most_milliseconds"),
    [
        ("FREQ=DAILY", 1),
        ("FREQ=WEEKLY;INTERVAL=3;BYDAY=MO,WE", 1),
        ("FREQ=MONTHLY;BYDAY=-1FR", 1),
        ("FREQ=YEARLY", 1),
        ("FREQ=MONTHLY;BYMONTHDAY=31;COUNT=10000", 50),
    ],
)
def test_years_since_the_start_cost_nothing(rule: str, most_milliseconds: int) -> None:
    today = dt.datetime(2026, 11, 24, tzinfo=dt.UTC)
    took = []
    for _ in range(5):
        recurrence = Recurrence(rule, dt.datetime(1900, 1, 1, 9), NEW_YORK)
        began = time.perf_counter()
        assert recurrence.next_after(today) is not None
        took.append(time.perf_counter() - began)
    assert min(took) < most_milliseconds / 1_000
