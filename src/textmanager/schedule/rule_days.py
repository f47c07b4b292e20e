"""The days on which a rule comes to pass, one period (day, week, month, year) after another.

Each period is worked out by itself, so that a rule that began long ago is entered at the period
that is asked about. What a rule's COUNT and UNTIL end is left to the caller.
"""

from __future__ import annotations

import datetime as dt
from calendar import isleap, monthrange
from collections.abc import Iterator
from math import gcd

from textmanager.schedule.rules import Frequency, Rule

# Later than any campaign, and far enough from the last year of the calendar for every zone.
LAST_DAY = dt.date(9998, 12, 31)

# The Gregorian calendar repeats itself, weekdays included, after 400 years.
_CYCLE = {
    Frequency.DAILY: 146_097,
    Frequency.WEEKLY: 20_871,
    Frequency.MONTHLY: 4_800,
    Frequency.YEARLY: 400,
}
_WEEK = 7
_MONTHS = 12


def days_from(rule: Rule, start: dt.date, day: dt.date) -> Iterator[dt.date]:
    """The days at or after both `start` and `day`, ascending. `start` is where intervals count.

    Ends without a day once a whole cycle of the calendar has brought none, and at LAST_DAY.
    """
    first = max(start, day)
    period = max(0, _periods_between(rule, start, first))
    # A rule sees the cycle of the calendar only every so many periods; gcd says after how many.
    cycle = _CYCLE[rule.frequency]
    patience = cycle // gcd(cycle, rule.interval)
    empty = 0
    while empty <= patience:
        days = days_of_period(rule, start, period)
        if days is None:
            return
        found = [each for each in days if first <= each <= LAST_DAY]
        yield from found
        empty = 0 if found else empty + 1
        period += 1


def days_of_period(rule: Rule, start: dt.date, period: int) -> list[dt.date] | None:
    """The rule's days in its period number so and so, ascending, as if it had always been so.

    Period 0 holds `start`; days of it before `start` are among them. None after LAST_DAY.
    """
    steps = period * rule.interval
    match rule.frequency:
        case Frequency.DAILY:
            days = _day(rule, _later(start, steps))
        case Frequency.WEEKLY:
            days = _week(rule, start, _later(_week_of(start, rule), steps * _WEEK))
        case Frequency.MONTHLY:
            years, month = divmod(start.month - 1 + steps, _MONTHS)
            days = _month(rule, start, start.year + years, month + 1)
        case _:
            days = _year(rule, start, start.year + steps)
    return days if days is None or not rule.positions else _chosen(rule, days)


def _day(rule: Rule, day: dt.date | None) -> list[dt.date] | None:
    if day is None:
        return None
    weekdays = {each.weekday for each in rule.weekdays}
    length = monthrange(day.year, day.month)[1]
    fits = (
        (not rule.months or day.month in rule.months)
        and (not weekdays or day.weekday() in weekdays)
        and (not rule.month_days or day.day in _dates(rule, length))
    )
    return [day] if fits else []


def _week(rule: Rule, start: dt.date, first: dt.date | None) -> list[dt.date] | None:
    if first is None:
        return None
    weekdays = {each.weekday for each in rule.weekdays} or {start.weekday()}
    days = (first + dt.timedelta(days=number) for number in range(_WEEK))
    return [
        day
        for day in days
        if day.weekday() in weekdays and (not rule.months or day.month in rule.months)
    ]


def _month(rule: Rule, start: dt.date, year: int, month: int) -> list[dt.date] | None:
    if year > LAST_DAY.year:
        return None
    if rule.months and month not in rule.months:
        return []
    first_weekday, length = monthrange(year, month)
    if rule.weekdays:
        numbers = _weekdays(rule, first_weekday, length)
        if rule.month_days:
            numbers &= _dates(rule, length)
    elif rule.month_days:
        numbers = _dates(rule, length)
    else:
        numbers = {start.day} & set(range(1, length + 1))
    return [dt.date(year, month, number) for number in sorted(numbers)]


def _year(rule: Rule, start: dt.date, year: int) -> list[dt.date] | None:
    if year > LAST_DAY.year:
        return None
    if rule.weekdays and not rule.months:
        first = dt.date(year, 1, 1)
        numbers = _weekdays(rule, first.weekday(), 365 + isleap(year))
        days = (first + dt.timedelta(days=number - 1) for number in sorted(numbers))
        return [
            day
            for day in days
            if not rule.month_days or day.day in _dates(rule, monthrange(day.year, day.month)[1])
        ]
    if rule.months or not rule.month_days:
        months = sorted(rule.months) or [start.month]
    else:
        months = list(range(1, _MONTHS + 1))
    return [day for month in months for day in _month(rule, start, year, month) or []]


def _dates(rule: Rule, length: int) -> set[int]:
    """The rule's days of a month of this length; one that the month lacks is left out."""
    numbers = (each if each > 0 else length + 1 + each for each in rule.month_days)
    return {number for number in numbers if 1 <= number <= length}


def _weekdays(rule: Rule, first_weekday: int, length: int) -> set[int]:
    """The rule's weekdays in a stretch of days that begins on a weekday; its days count from 1."""
    numbers: set[int] = set()
    for each in rule.weekdays:
        first = 1 + (each.weekday - first_weekday) % _WEEK
        same = range(first, length + 1, _WEEK)
        if each.nth == 0:
            numbers.update(same)
        elif abs(each.nth) <= len(same):
            numbers.add(same[each.nth - 1 if each.nth > 0 else each.nth])
    return numbers


def _chosen(rule: Rule, days: list[dt.date]) -> list[dt.date]:
    """The days at the rule's positions (BYSETPOS) among those of one period."""
    places = (each - 1 if each > 0 else len(days) + each for each in rule.positions)
    return [days[place] for place in sorted(set(places)) if 0 <= place < len(days)]


def _periods_between(rule: Rule, start: dt.date, day: dt.date) -> int:
    match rule.frequency:
        case Frequency.DAILY:
            steps = (day - start).days
        case Frequency.WEEKLY:
            steps = (_week_of(day, rule) - _week_of(start, rule)).days // _WEEK
        case Frequency.MONTHLY:
            steps = (day.year - start.year) * _MONTHS + day.month - start.month
        case _:
            steps = day.year - start.year
    return steps // rule.interval


def _week_of(day: dt.date, rule: Rule) -> dt.date:
    return day - dt.timedelta(days=(day.weekday() - rule.week_starts) % _WEEK)


def _later(day: dt.date, days: int) -> dt.date | None:
    """So many days later; None after LAST_DAY."""
    return day + dt.timedelta(days=days) if days <= (LAST_DAY - day).days else None
