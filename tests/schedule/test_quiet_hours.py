"""Nobody is texted in quiet hours, wherever they may be, and nobody waits longer than needed."""

from __future__ import annotations

import datetime as dt
from zoneinfo import ZoneInfo

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from textmanager.schedule.quiet_hours import (
    NoCommonHours,
    TextingHours,
    closes_at,
    first_allowed,
    window_from,
)

NEW_YORK = "America/New_York"
LOS_ANGELES = "America/Los_Angeles"
HONOLULU = "Pacific/Honolulu"
USUAL = TextingHours(dt.time(8), dt.time(21))
NIGHT = TextingHours(dt.time(22), dt.time(6))
ALWAYS = TextingHours(dt.time(0), dt.time(0))
QUARTER = dt.timedelta(minutes=15)


def at(text: str, zone: str = NEW_YORK, *, fold: int = 0) -> dt.datetime:
    local = dt.datetime.fromisoformat(text).replace(tzinfo=ZoneInfo(zone), fold=fold)
    # A time that its zone's clock shows twice equals no time of another zone.
    return local.astimezone(dt.UTC)


def hours(window: str) -> TextingHours:
    opens, closes = window.split("-")
    return TextingHours(dt.time.fromisoformat(opens), dt.time.fromisoformat(closes))


@pytest.mark.parametrize(
    ("asked", "zones", "allowed"),
    [
        ("2026-11-24 07:59:59", [NEW_YORK], "2026-11-24 08:00"),
        ("2026-11-24 08:00", [NEW_YORK], "2026-11-24 08:00"),
        ("2026-11-24 20:59:59.5", [NEW_YORK], "2026-11-24 20:59:59.5"),
        ("2026-11-24 21:00", [NEW_YORK], "2026-11-25 08:00"),
        # Only hours that suit both: 8:00 in Los Angeles is 11:00 in New York.
        ("2026-11-24 09:00", [NEW_YORK, LOS_ANGELES], "2026-11-24 11:00"),
        ("2026-11-24 20:00", [LOS_ANGELES, NEW_YORK], "2026-11-24 20:00"),
        ("2026-11-24 22:00", [LOS_ANGELES, NEW_YORK], "2026-11-25 11:00"),
        ("2026-11-24 03:00", [], "2026-11-24 03:00"),
        # Over the weekends on which the clock changes.
        ("2026-10-31 22:00", [NEW_YORK], "2026-11-01 08:00"),
        ("2027-03-13 22:00", [NEW_YORK], "2027-03-14 08:00"),
    ],
)
def test_a_text_waits_until_every_zone_allows_it(
    asked: str, zones: list[str], allowed: str
) -> None:
    assert first_allowed(at(asked), zones, USUAL) == at(allowed)


@pytest.mark.parametrize(
    ("asked", "allowed"),
    [
        ("2026-11-24 21:59", "2026-11-24 22:00"),
        ("2026-11-24 23:00", "2026-11-24 23:00"),
        ("2026-11-25 05:59", "2026-11-25 05:59"),
        ("2026-11-25 06:00", "2026-11-25 22:00"),
    ],
)
def test_a_window_may_cross_midnight(asked: str, allowed: str) -> None:
    assert first_allowed(at(asked), [NEW_YORK], NIGHT) == at(allowed)


def test_the_answer_is_in_utc_also_when_texts_may_always_leave() -> None:
    moment = at("2026-11-24 03:00")
    for texting_hours in (ALWAYS, NIGHT):
        allowed = first_allowed(moment, [NEW_YORK], texting_hours)
        assert allowed == moment
        assert allowed.tzinfo is dt.UTC
    assert closes_at(moment, [NEW_YORK], ALWAYS) is None
    assert closes_at(moment, [], USUAL) is None


def test_an_opening_that_the_clock_jumps_over_is_the_jump() -> None:
    opens_at_half_past_two = hours("02:30-21:00")
    allowed = first_allowed(at("2027-03-14 01:00"), [NEW_YORK], opens_at_half_past_two)
    assert allowed == at("2027-03-14 03:00")


def test_a_closing_that_the_clock_jumps_over_is_the_jump() -> None:
    closing = closes_at(at("2027-03-14 00:30"), [NEW_YORK], hours("00:00-02:30"))
    assert closing == at("2027-03-14 03:00")


def test_an_hour_that_the_clock_shows_twice_is_quiet_or_open_twice() -> None:
    # At 2:00 the clock goes back to 1:00.
    window = hours("01:15-01:45")
    first_time, second_time = at("2026-11-01 01:15"), at("2026-11-01 01:15", fold=1)
    assert first_allowed(at("2026-11-01 00:30"), [NEW_YORK], window) == first_time
    assert closes_at(first_time, [NEW_YORK], window) == at("2026-11-01 01:45")
    assert first_allowed(at("2026-11-01 01:50"), [NEW_YORK], window) == second_time
    assert closes_at(second_time, [NEW_YORK], window) == at("2026-11-01 01:45", fold=1)


def test_a_window_that_closed_opens_again_when_the_clock_goes_back_into_it() -> None:
    allowed = first_allowed(at("2026-11-01 01:50"), [NEW_YORK], hours("00:30-01:30"))
    assert allowed == at("2026-11-01 01:00", fold=1)


def test_zones_without_common_hours_are_told() -> None:
    with pytest.raises(NoCommonHours, match=r"No hour suits all of America/New_York, Asia/Tokyo\."):
        first_allowed(at("2026-11-24 09:00"), [NEW_YORK, "Asia/Tokyo"], hours("09:00-17:00"))


def test_a_window_begins_now_when_it_is_open() -> None:
    window = window_from(at("2026-11-24 12:00"), [HONOLULU], USUAL, home=NEW_YORK)
    assert window.opens == at("2026-11-24 08:00", HONOLULU)
    assert window.closes == at("2026-11-24 21:00", HONOLULU)
    now = at("2026-11-24 15:00")
    assert window_from(now, [HONOLULU], USUAL, home=NEW_YORK).opens == now


@pytest.mark.parametrize("zones", [[], ["Pacific/Guam", NEW_YORK]])
def test_a_recipient_who_may_be_anywhere_is_taken_to_be_at_home(zones: list[str]) -> None:
    window = window_from(at("2026-11-24 06:00"), zones, hours("09:00-17:00"), home=NEW_YORK)
    assert window.opens == at("2026-11-24 09:00")
    assert window.closes == at("2026-11-24 17:00")


ZONES = st.sampled_from(
    [
        NEW_YORK,
        LOS_ANGELES,
        HONOLULU,
        "America/St_Johns",
        "America/Phoenix",
        "America/Havana",
        "America/Sao_Paulo",
        "Europe/London",
        "Asia/Kathmandu",
        "Australia/Lord_Howe",
        "Pacific/Apia",
        "UTC",
    ]
)
# The days around clock changes of these zones, and any other.
DAYS = st.sampled_from(
    [
        dt.date(2026, 3, 7),
        dt.date(2026, 10, 31),
        dt.date(2026, 10, 24),
        dt.date(2026, 4, 4),
        dt.date(2011, 12, 28),
        dt.date(2018, 11, 3),
        dt.date(2018, 2, 17),
    ]
) | st.dates(dt.date(2008, 1, 1), dt.date(2035, 1, 1))
TIMES = st.builds(dt.time, st.integers(0, 23), st.sampled_from([0, 15, 30, 45]))


def slow_allows(instant: dt.datetime, zones: list[str], opens: dt.time, closes: dt.time) -> bool:
    for zone in zones:
        time = instant.astimezone(ZoneInfo(zone)).time()
        quarter_hours = [opens]
        while quarter_hours[-1] != closes:
            following = dt.datetime.combine(dt.date(2000, 1, 1), quarter_hours[-1]) + QUARTER
            quarter_hours.append(following.time())
        if time not in quarter_hours[:-1]:
            return False
    return True


@settings(max_examples=120, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(
    day=DAYS,
    minutes=st.integers(0, 3 * 96),
    zones=st.lists(ZONES, min_size=1, max_size=3, unique=True),
    window=st.tuples(TIMES, TIMES).filter(lambda window: window[0] != window[1]),
)
def test_the_first_allowed_moment_and_its_end_are_those_of_a_walk(
    day: dt.date, minutes: int, zones: list[str], window: tuple[dt.time, dt.time]
) -> None:
    texting_hours = TextingHours(*window)
    asked = dt.datetime.combine(day, dt.time(), dt.UTC) + minutes * QUARTER
    walk = [asked + number * QUARTER for number in range(7 * 96 + 1)]
    allowed = next((each for each in walk if slow_allows(each, zones, *window)), None)
    if allowed is None:
        with pytest.raises(NoCommonHours):
            first_allowed(asked, zones, texting_hours)
        return
    assert first_allowed(asked, zones, texting_hours) == allowed
    closing = allowed
    while slow_allows(closing, zones, *window):
        closing += QUARTER
    assert closes_at(allowed, zones, texting_hours) == closing


@given(
    asked=st.datetimes(dt.datetime(2008, 1, 1), dt.datetime(2035, 1, 1), timezones=st.just(dt.UTC)),
    zones=st.lists(ZONES, max_size=2),
)
def test_what_is_allowed_stays_allowed_and_is_never_earlier(
    asked: dt.datetime, zones: list[str]
) -> None:
    allowed = first_allowed(asked, zones, USUAL)
    assert allowed >= asked
    assert first_allowed(allowed, zones, USUAL) == allowed
