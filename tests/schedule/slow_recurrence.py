"""A recurrence worked out slowly, by walking every day and every quarter of an hour.

It shares no line and no idea with textmanager.schedule: it asks of each day whether it belongs,
counting weeks, months and weekdays as it goes.
"""

from __future__ import annotations

import datetime as dt
from typing import Any
from zoneinfo import ZoneInfo

CODES = ["MO", "TU", "WE", "TH", "FR", "SA", "SU"]
DAY = dt.timedelta(days=1)
QUARTER = dt.timedelta(minutes=15)


def slow_days(parts: dict[str, Any], start: dt.date, last: dt.date) -> list[dt.date]:
    """The days of a rule from start to last. `parts` maps RFC 5545 names to values.

    BYDAY holds (n, weekday) pairs, n 0 for every one. UNTIL is a local date.
    """
    periods: list[list[dt.date]] = [[]]
    for day in every_day(dt.date(start.year - 1, 12, 1), dt.date(last.year + 1, 1, 31)):
        if begins_period(parts, day, start):
            periods.append([])
        periods[-1].append(day)
    own = next(number for number, days in enumerate(periods) if start in days)
    found = []
    for days in periods[own :: parts.get("INTERVAL", 1)]:
        belonging = [day for day in days if belongs(parts, day, start)]
        if "BYSETPOS" in parts:
            numbered = list(enumerate(belonging))
            belonging = [
                day
                for number, day in numbered
                if number + 1 in parts["BYSETPOS"] or number - len(numbered) in parts["BYSETPOS"]
            ]
        found += [day for day in belonging if start <= day <= parts.get("UNTIL", last)]
    return [day for day in found[: parts.get("COUNT")] if day <= last]


def every_day(first: dt.date, last: dt.date) -> list[dt.date]:
    days = [first]
    while days[-1] < last:
        days.append(days[-1] + DAY)
    return days


def begins_period(parts: dict[str, Any], day: dt.date, start: dt.date) -> bool:
    match parts["FREQ"]:
        case "DAILY":
            return True
        case "WEEKLY":
            return CODES[day.weekday()] == parts.get("WKST", "MO")
        case "MONTHLY":
            return day.day == 1
        case _:
            return (day.month, day.day) == (1, 1)


def belongs(parts: dict[str, Any], day: dt.date, start: dt.date) -> bool:
    if "BYMONTH" in parts and day.month not in parts["BYMONTH"]:
        return False
    if "BYMONTHDAY" in parts and not is_date(parts["BYMONTHDAY"], day):
        return False
    if "BYDAY" in parts:
        in_year = parts["FREQ"] == "YEARLY" and "BYMONTH" not in parts
        return any(is_nth(nth, weekday, day, in_year=in_year) for nth, weekday in parts["BYDAY"])
    return "BYMONTHDAY" in parts or is_as_start(parts, day, start)


def is_as_start(parts: dict[str, Any], day: dt.date, start: dt.date) -> bool:
    """Whether the day is what a rule means that names no days: the same as its start."""
    if parts["FREQ"] == "DAILY":
        return True
    if parts["FREQ"] == "WEEKLY":
        return day.weekday() == start.weekday()
    if parts["FREQ"] == "YEARLY" and "BYMONTH" not in parts:
        return (day.month, day.day) == (start.month, start.day)
    return day.day == start.day


def is_date(numbers: list[int], day: dt.date) -> bool:
    from_the_end = -1
    later = day
    while (later + DAY).month == day.month:
        later += DAY
        from_the_end -= 1
    return day.day in numbers or from_the_end in numbers


def is_nth(nth: int, weekday: int, day: dt.date, *, in_year: bool) -> bool:
    """Counted by going week by week towards the edge of the month or year."""

    def same(other: dt.date) -> bool:
        return other.year == day.year and (in_year or other.month == day.month)

    if day.weekday() != weekday:
        return False
    if nth == 0:
        return True
    step = dt.timedelta(days=-7 if nth > 0 else 7)
    count = 1
    while same(day + count * step):
        count += 1
    return count == abs(nth)


def slow_instant(local: dt.datetime, zone: str) -> dt.datetime:
    """The first instant, tried every quarter of an hour, at which the clock has reached local."""
    instant = local.replace(tzinfo=dt.UTC) - dt.timedelta(hours=27)
    while instant.astimezone(ZoneInfo(zone)).replace(tzinfo=None) < local:
        instant += QUARTER
    return instant


def slow_instants(
    parts: dict[str, Any], start: dt.datetime, zone: str, last: dt.date
) -> list[dt.datetime]:
    days = slow_days(parts, start.date(), last)
    return [slow_instant(dt.datetime.combine(day, start.time()), zone) for day in days]


def text_of(parts: dict[str, Any]) -> str:
    """The rule as RFC 5545 writes it."""

    def written(value: Any) -> str:
        if isinstance(value, dt.date):
            return f"{value:%Y%m%d}"
        if isinstance(value, tuple):
            return f"{value[0] or ''}{CODES[value[1]]}"
        return str(value)

    return ";".join(
        f"{name}={','.join(map(written, value)) if isinstance(value, list) else written(value)}"
        for name, value in parts.items()
    )
