"""The estimate says when the last text leaves and what goes each day, as a slow walk finds it."""

from __future__ import annotations

import datetime as dt
from collections import Counter
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from textmanager.schedule.estimate import Estimate, estimate
from textmanager.schedule.pacing import Pace
from textmanager.schedule.quiet_hours import TextingHours, window_from

NEW_YORK = "America/New_York"
LOS_ANGELES = "America/Los_Angeles"
USUAL = TextingHours(dt.time(8), dt.time(21))
ALWAYS = TextingHours(dt.time(0), dt.time(0))
MONDAY = dt.date(2026, 11, 23)
TUESDAY = dt.date(2026, 11, 24)
WEDNESDAY = dt.date(2026, 11, 25)


def at(text: str, zone: str = NEW_YORK) -> dt.datetime:
    return dt.datetime.fromisoformat(text).replace(tzinfo=ZoneInfo(zone))


def estimated(
    texts: list[tuple[int, tuple[str, ...]]],
    *,
    starts_at: dt.datetime | None = None,
    rate: float = 1.0,
    left: int = 100_000,
    a_day: int = 100_000,
    hours: TextingHours = USUAL,
) -> Estimate:
    return estimate(
        texts,
        starts_at=starts_at or at("2026-11-23 10:00"),
        segments_per_second=rate,
        left_first_day=left,
        a_day=a_day,
        zone=NEW_YORK,
        hours=hours,
    )


def test_a_run_without_texts_is_over_at_once() -> None:
    start = at("2026-11-23 10:00")
    assert estimated([], starts_at=start) == Estimate(start, [])


def test_segments_leave_one_after_another_at_the_senders_rate() -> None:
    # The last of 600 texts of 2 segments leaves after 1,198 segments.
    found = estimated([(2, ())] * 600, rate=2.0)
    assert found == Estimate(at("2026-11-23 10:09:59"), [(MONDAY, 1_200)])


def test_what_does_not_fit_before_quiet_hours_goes_when_they_are_over() -> None:
    found = estimated([(1, ())] * 5_000, starts_at=at("2026-11-23 20:00"))
    assert found.by_day == [(MONDAY, 3_600), (TUESDAY, 1_400)]
    assert found.finish == at("2026-11-24 08:23:19")


def test_a_start_at_night_waits_for_the_morning_and_has_that_days_allowance() -> None:
    found = estimated([(1, ())] * 10, starts_at=at("2026-11-23 22:00"), left=3, a_day=20)
    assert found == Estimate(at("2026-11-24 08:00:09"), [(TUESDAY, 10)])


def test_the_allowance_spreads_a_run_over_days() -> None:
    found = estimated([(1, ())] * 250, left=50, a_day=150)
    assert found.by_day == [(MONDAY, 50), (TUESDAY, 150), (WEDNESDAY, 50)]
    assert found.finish == at("2026-11-25 08:00:49")


def test_a_text_is_not_torn_apart_by_the_allowance() -> None:
    # Of texts of 3 segments, 3 fit into a day of 10.
    found = estimated([(3, ())] * 4, left=10, a_day=10)
    assert found.by_day == [(MONDAY, 9), (TUESDAY, 3)]
    # A small one passes those that the day has no room for.
    found = estimated([*[(3, ())] * 4, (1, ())], left=10, a_day=10)
    assert found.by_day == [(MONDAY, 10), (TUESDAY, 3)]


def test_a_day_of_the_allowance_is_one_of_the_organization_over_a_clock_change() -> None:
    found = estimated(
        [(1, ())] * 20, starts_at=at("2026-10-31 23:59:55"), left=10, a_day=10, hours=ALWAYS
    )
    # Five before midnight of a day that has 25 hours, then all that the next day allows.
    assert found.by_day == [
        (dt.date(2026, 10, 31), 5),
        (dt.date(2026, 11, 1), 10),
        (dt.date(2026, 11, 2), 5),
    ]
    assert found.finish == at("2026-11-02 00:00:04")


def test_recipients_are_texted_by_their_own_clocks() -> None:
    texts = [(1, (LOS_ANGELES,)), (1, (NEW_YORK,)), (1, ())]
    found = estimated(texts, starts_at=at("2026-11-23 09:00"))
    assert found.finish == at("2026-11-23 08:00", LOS_ANGELES)


def test_texts_that_no_day_has_room_for_are_told() -> None:
    found = estimated([(5, ()), (1, ())], left=4, a_day=4)
    assert found == Estimate(at("2026-11-23 10:00"), [(MONDAY, 1)], left_over=5)
    nothing = estimated([(1, ())] * 3, left=2, a_day=0)
    assert (nothing.by_day, nothing.left_over) == ([(MONDAY, 2)], 1)


def test_a_plan_of_years_is_cut_off() -> None:
    found = estimated([(1, ())] * 1_000, left=1, a_day=1)
    # The first day, and the 400 that follow it.
    assert len(found.by_day) == 401
    assert found.left_over == 599


ZONES = st.sampled_from(
    [(), (NEW_YORK,), (LOS_ANGELES,), (NEW_YORK, LOS_ANGELES), ("Asia/Tokyo", NEW_YORK)]
)
HOURS = st.sampled_from([USUAL, ALWAYS, TextingHours(dt.time(22, 30), dt.time(2, 30))])


@settings(max_examples=80, deadline=None)
@given(
    texts=st.lists(st.tuples(st.integers(1, 4), ZONES), min_size=1, max_size=40),
    start=st.datetimes(
        dt.datetime(2026, 10, 28), dt.datetime(2026, 11, 4), timezones=st.just(dt.UTC)
    ),
    rate=st.sampled_from([0.001, 0.02, 1.0, 30.0]),
    left=st.integers(0, 30),
    a_day=st.integers(4, 30),
    hours=HOURS,
)
def test_the_estimate_is_what_a_sender_does_that_looks_again_for_each_text(
    *,
    texts: list[tuple[int, tuple[str, ...]]],
    start: dt.datetime,
    rate: float,
    left: int,
    a_day: int,
    hours: TextingHours,
) -> None:
    found = estimated(texts, starts_at=start, rate=rate, left=left, a_day=a_day, hours=hours)
    finish, by_day = sent_one_by_one(
        texts, start=start, rate=rate, left=left, a_day=a_day, hours=hours
    )
    assert abs(found.finish - finish) < dt.timedelta(seconds=1)
    assert dict(found.by_day) == by_day
    assert found.left_over == 0


def sent_one_by_one(
    texts: list[tuple[int, tuple[str, ...]]],
    *,
    start: dt.datetime,
    rate: float,
    left: int,
    a_day: int,
    hours: TextingHours,
) -> tuple[dt.datetime, Counter[dt.date]]:
    """Takes what has waited longest, looks whether it may leave, and else puts it off."""
    home = ZoneInfo(NEW_YORK)
    pace = Pace(rate, burst_seconds=0)
    paced_until = finish = start
    by_day: Counter[dt.date] = Counter()
    today = start.astimezone(home).date()
    waiting = [(start, number) for number in range(len(texts))]
    now = start
    while waiting:
        waiting.sort()
        due, number = waiting.pop(0)
        segments, zones = texts[number]
        now = max(now, due, paced_until)
        if now.astimezone(home).date() > today:
            today, left = now.astimezone(home).date(), a_day
        opens = window_from(now, zones, hours, home=NEW_YORK).opens
        tomorrow = dt.datetime.combine(today + dt.timedelta(days=1), dt.time(), home)
        if opens > now:
            waiting.append((opens, number))
        elif segments > left:
            waiting.append((tomorrow.astimezone(dt.UTC), number))
        else:
            (finish,), paced_until = pace.take(paced_until, now, [segments])
            by_day[today] += segments
            left -= segments
    return finish, by_day


@pytest.mark.parametrize("rate", [0.5, 3.0, 100.0])
def test_a_pace_lets_nobody_leave_early_and_holds_the_rate_on_average(rate: float) -> None:
    now = at("2026-11-23 10:00")
    slots, paced_until = Pace(rate).take(now, now, [1, 2, 3])
    passed = [(slot - now).total_seconds() for slot in slots]
    assert passed == pytest.approx([0, 1 / rate, 3 / rate], abs=1e-5)
    assert (paced_until - now).total_seconds() == pytest.approx(6 / rate, abs=1e-5)


def test_who_comes_late_catches_up_on_one_second_only() -> None:
    now = at("2026-11-23 10:00")
    hour_ago = now - dt.timedelta(hours=1)
    slots, paced_until = Pace(2.0).take(hour_ago, now, [1, 1, 1, 1])
    half = dt.timedelta(seconds=0.5)
    assert slots == [now, now, now, now + half]
    assert paced_until == now + 2 * half
