"""Every occurrence satisfies its rule and none is missing, against a slow walk and dateutil."""

from __future__ import annotations

import datetime as dt
from itertools import islice, pairwise, takewhile
from typing import Any

from dateutil.rrule import rrulestr
from hypothesis import HealthCheck, assume, given, settings
from hypothesis import strategies as st

from schedule.slow_recurrence import slow_days, slow_instants, text_of
from textmanager.schedule.recurrence import Recurrence
from textmanager.schedule.rule_days import days_from
from textmanager.schedule.rules import Rule

ZONES = [
    "UTC",
    "America/New_York",
    "America/Havana",  # midnight happens twice
    "America/Sao_Paulo",  # midnight was skipped until 2018
    "Asia/Beirut",
    "Asia/Kathmandu",
    "Australia/Lord_Howe",  # its summer time is half an hour
    "Europe/Dublin",
    "Africa/Casablanca",  # changes around Ramadan
    "Pacific/Apia",  # skipped 30 December 2011
]
A_FEW = settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.too_slow])
MANY = settings(A_FEW, max_examples=100)


def some(values: st.SearchStrategy[Any]) -> st.SearchStrategy[list[Any]]:
    return st.lists(values, min_size=1, max_size=4, unique=True)


@st.composite
def parts(draw: st.DrawFn) -> dict[str, Any]:
    """The parts of any rule that is accepted, ends aside."""
    frequency = draw(st.sampled_from(["DAILY", "WEEKLY", "MONTHLY", "YEARLY"]))
    made: dict[str, Any] = {"FREQ": frequency}
    if draw(st.booleans()):
        made["INTERVAL"] = draw(st.integers(1, 13))
    if draw(st.integers(0, 3)) == 0:
        made["BYMONTH"] = draw(some(st.integers(1, 12)))
    if frequency != "WEEKLY" and draw(st.booleans()):
        made["BYMONTHDAY"] = draw(some(st.integers(-31, 31).filter(bool)))
    if draw(st.booleans()):
        nth = st.integers(-5, 5) if frequency in ("MONTHLY", "YEARLY") else st.just(0)
        made["BYDAY"] = draw(some(st.tuples(nth, st.integers(0, 6))))
    if ("BYMONTHDAY" in made or "BYDAY" in made) and draw(st.integers(0, 2)) == 0:
        made["BYSETPOS"] = draw(some(st.integers(-4, 4).filter(bool)))
    if draw(st.integers(0, 3)) == 0:
        made["WKST"] = draw(st.sampled_from(["MO", "SU", "SA"]))
    return made


@st.composite
def ended(draw: st.DrawFn) -> dict[str, Any]:
    made = draw(parts())
    match draw(st.sampled_from(["never", "count", "until"])):
        case "count":
            made["COUNT"] = draw(st.integers(1, 40))
        case "until":
            made["UNTIL"] = draw(st.dates(dt.date(2010, 1, 1), dt.date(2014, 1, 1)))
    return made


STARTS = st.dates(dt.date(2009, 1, 1), dt.date(2012, 2, 29))
TIMES = st.sampled_from([dt.time(hour, minute) for hour in range(24) for minute in (0, 15, 30, 45)])
SMALL_HOURS = st.sampled_from([dt.time(0), dt.time(0, 30), dt.time(1, 45), dt.time(2, 30)])


@MANY
@given(parts=parts(), start=STARTS, ahead=st.integers(-40, 1_000))
def test_the_days_of_a_rule_are_those_of_a_walk(
    parts: dict[str, Any], start: dt.date, ahead: int
) -> None:
    last = start + dt.timedelta(days=1_400)
    day = start + dt.timedelta(days=ahead)
    found = []
    for each in days_from(Rule.parse(text_of(parts)), start, day):
        if each > last:
            break
        found.append(each)
    assert found == [each for each in slow_days(parts, start, last) if each >= day]


@settings(A_FEW, max_examples=40)
@given(
    parts=ended(),
    start=STARTS,
    time=TIMES | SMALL_HOURS,
    zone=st.sampled_from(ZONES),
    data=st.data(),
)
def test_the_occurrences_are_those_of_a_walk(
    parts: dict[str, Any], start: dt.date, time: dt.time, zone: str, data: st.DataObject
) -> None:
    begins = dt.datetime.combine(start, time)
    last = start + dt.timedelta(days=500)
    slow = sorted(set(slow_instants(parts, begins, zone, last)))
    recurrence = Recurrence(text_of(parts), begins, zone)
    long_ago = dt.datetime(2000, 1, 1, tzinfo=dt.UTC)
    horizon = dt.datetime.combine(last, dt.time(), dt.UTC) - dt.timedelta(days=3)

    due = [instant for instant in slow if instant <= horizon]
    assert recurrence.between(long_ago, horizon) == due

    assume(due)
    near = data.draw(st.sampled_from(due)) + dt.timedelta(
        minutes=15 * data.draw(st.integers(-120, 120))
    )
    later = [instant for instant in due if instant > near]
    found = recurrence.next_after(near)
    if later:
        assert found == later[0]
    elif found is not None:
        assert found > horizon


@MANY
@given(parts=parts(), start=STARTS)
def test_the_days_of_a_rule_are_dateutils(parts: dict[str, Any], start: dt.date) -> None:
    # Where they differ: docs/decisions/0030-recurrence-without-a-walk.md.
    assume(not (parts["FREQ"] == "WEEKLY" and "BYSETPOS" in parts))
    assume(len({nth == 0 for nth, _ in parts.get("BYDAY", [])}) < 2)
    rule = Rule.parse(text_of(parts))
    soon = start + dt.timedelta(days=1_500)
    own = list(takewhile(lambda day: day < soon, islice(days_from(rule, start, start), 30)))
    theirs = rrulestr(text_of(parts), dtstart=dt.datetime.combine(start, dt.time(9)))
    # No more than as many, because it looks for what never comes until the year 9999.
    assert own == [each.date() for each in islice(theirs, len(own))]


@A_FEW
@given(parts=ended(), start=STARTS, time=TIMES, zone=st.sampled_from(ZONES))
def test_every_rule_has_words_and_instants_that_ascend(
    parts: dict[str, Any], start: dt.date, time: dt.time, zone: str
) -> None:
    recurrence = Recurrence(text_of(parts), dt.datetime.combine(start, time), zone)
    words = recurrence.in_words()
    assert words.startswith("Every ")
    assert "  " not in words
    until = dt.datetime(2013, 1, 1, tzinfo=dt.UTC)
    found = recurrence.between(dt.datetime(2012, 1, 1, tzinfo=dt.UTC), until)
    assert all(earlier < later for earlier, later in pairwise(found))
    assert all(instant.tzinfo is dt.UTC for instant in found)
