"""Recurrences said the way staff would."""

from __future__ import annotations

import datetime as dt

import pytest

from textmanager.schedule.recurrence import Recurrence
from textmanager.schedule.words import clock, ordinal, zone_name

START = "2026-12-02 08:10"


@pytest.mark.parametrize(
    ("rule", "start", "words"),
    [
        ("FREQ=DAILY", START, "Every day at 8:10 AM"),
        ("FREQ=DAILY;INTERVAL=3", START, "Every 3 days at 8:10 AM"),
        ("FREQ=DAILY;BYDAY=MO,TU,WE,TH,FR", START, "Every weekday at 8:10 AM"),
        ("FREQ=DAILY;BYMONTH=7,6", START, "Every day, in June and July only, at 8:10 AM"),
        (
            "FREQ=DAILY;BYDAY=MO,FR;BYMONTHDAY=13",
            START,
            "Every day that is a Monday or Friday, on the 13th only, at 8:10 AM",
        ),
        ("FREQ=WEEKLY", START, "Every week on Wednesday at 8:10 AM"),
        ("FREQ=WEEKLY;BYDAY=MO,TU,WE,TH,FR", START, "Every weekday at 8:10 AM"),
        (
            "FREQ=WEEKLY;INTERVAL=2;BYDAY=MO,TH",
            START,
            "Every 2 weeks on Monday and Thursday at 8:10 AM",
        ),
        ("FREQ=MONTHLY", START, "Every month on the 2nd at 8:10 AM"),
        ("FREQ=MONTHLY;BYMONTHDAY=1,15", START, "Every month on the 1st and 15th at 8:10 AM"),
        ("FREQ=MONTHLY;BYMONTHDAY=-1", START, "Every month on the last day at 8:10 AM"),
        ("FREQ=MONTHLY;BYMONTHDAY=-2", START, "Every month on the second to last day at 8:10 AM"),
        (
            "FREQ=MONTHLY;BYMONTHDAY=31",
            START,
            "Every month on the 31st, skipping shorter months, at 8:10 AM",
        ),
        (
            "FREQ=MONTHLY;BYMONTHDAY=28,29,30;BYSETPOS=-1",
            START,
            "Every month on the 30th, or the last day of a shorter month, at 8:10 AM",
        ),
        ("FREQ=MONTHLY;BYDAY=-1FR", START, "Every month on the last Friday at 8:10 AM"),
        (
            "FREQ=MONTHLY;BYDAY=1MO,3MO",
            START,
            "Every month on the first Monday and third Monday at 8:10 AM",
        ),
        (
            "FREQ=MONTHLY;BYDAY=MO,TU,WE,TH,FR;BYSETPOS=-1",
            START,
            "Every month on the last weekday at 8:10 AM",
        ),
        (
            "FREQ=MONTHLY;BYDAY=SA,SU;BYSETPOS=1,-1",
            START,
            "Every month on the first and last of Saturday and Sunday at 8:10 AM",
        ),
        (
            "FREQ=MONTHLY;BYMONTHDAY=13;BYDAY=FR",
            START,
            "Every month on the 13th, if it is a Friday, at 8:10 AM",
        ),
        ("FREQ=YEARLY", START, "Every year on December 2 at 8:10 AM"),
        (
            "FREQ=YEARLY",
            "2028-02-29 08:10",
            "Every year on February 29, in leap years only, at 8:10 AM",
        ),
        ("FREQ=YEARLY;BYMONTH=6,3", START, "Every year in March and June on the 2nd at 8:10 AM"),
        (
            "FREQ=YEARLY;BYMONTH=11;BYDAY=4TH",
            START,
            "Every year in November on the fourth Thursday at 8:10 AM",
        ),
        (
            "FREQ=YEARLY;BYMONTH=3;BYMONTHDAY=31",
            START,
            "Every year in March on the 31st at 8:10 AM",
        ),
        ("FREQ=YEARLY;BYDAY=20MO", START, "Every year on the 20th Monday of the year at 8:10 AM"),
        ("FREQ=YEARLY;BYMONTHDAY=1", START, "Every year on the 1st of each month at 8:10 AM"),
    ],
)
def test_a_rule_is_said_as_staff_would(rule: str, start: str, words: str) -> None:
    recurrence = Recurrence(rule, dt.datetime.fromisoformat(start), "America/New_York")
    assert recurrence.in_words() == f"{words}, Eastern Time"


@pytest.mark.parametrize(
    ("end", "words"),
    [
        ("COUNT=1", ", once"),
        ("COUNT=1500", ", 1,500 times in all"),
        ("UNTIL=20270301", ", until March 1, 2027"),
        ("UNTIL=20270301T235959", ", until March 1, 2027"),
        # Said is the last day on which it may still run.
        ("UNTIL=20270301T080000", ", until February 28, 2027"),
        ("UNTIL=20270301T141000Z", ", until March 1, 2027"),
        ("UNTIL=20270301T140959Z", ", until February 28, 2027"),
    ],
)
def test_the_end_is_said_by_its_last_day(end: str, words: str) -> None:
    recurrence = Recurrence(
        f"FREQ=DAILY;{end}", dt.datetime.fromisoformat(START), "America/Chicago"
    )
    assert recurrence.in_words() == f"Every day at 8:10 AM, Central Time{words}"


@pytest.mark.parametrize(
    ("time", "words"),
    [
        (dt.time(0), "12:00 AM"),
        (dt.time(0, 5), "12:05 AM"),
        (dt.time(12), "12:00 PM"),
        (dt.time(23, 59), "11:59 PM"),
    ],
)
def test_noon_and_midnight_read_right(time: dt.time, words: str) -> None:
    assert clock(time) == words


def test_ordinals_mind_the_teens() -> None:
    assert [ordinal(number) for number in (1, 2, 3, 4, 11, 12, 13, 21, 22, 31, 111)] == [
        "1st",
        "2nd",
        "3rd",
        "4th",
        "11th",
        "12th",
        "13th",
        "21st",
        "22nd",
        "31st",
        "111th",
    ]


def test_a_zone_without_a_usual_name_is_said_by_its_city() -> None:
    assert zone_name("UTC") == "UTC"
    assert zone_name("America/Los_Angeles") == "Pacific Time"
    assert zone_name("America/Argentina/Buenos_Aires") == "Buenos Aires time"
