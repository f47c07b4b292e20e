"""Says a recurrence the way staff would."""

from __future__ import annotations

import datetime as dt
from calendar import month_name, monthrange
from collections.abc import Sequence
from zoneinfo import ZoneInfo

from textmanager.schedule.rules import Frequency, NthWeekday, Rule

ZONE_NAMES = {
    "America/New_York": "Eastern Time",
    "America/Detroit": "Eastern Time",
    "America/Toronto": "Eastern Time",
    "America/Chicago": "Central Time",
    "America/Denver": "Mountain Time",
    "America/Phoenix": "Arizona Time",
    "America/Los_Angeles": "Pacific Time",
    "America/Anchorage": "Alaska Time",
    "Pacific/Honolulu": "Hawaii Time",
    "America/Puerto_Rico": "Atlantic Time",
    "UTC": "UTC",
}
_DAYS = ("Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday", "Sunday")
_MONDAY_TO_FRIDAY = tuple(NthWeekday(0, number) for number in range(5))
_UNITS = {
    Frequency.DAILY: "day",
    Frequency.WEEKLY: "week",
    Frequency.MONTHLY: "month",
    Frequency.YEARLY: "year",
}
_NTH = {1: "first", 2: "second", 3: "third", 4: "fourth", 5: "fifth"}
_TEENS = range(11, 14)
_SHORTEST_MONTH = 28
_COMMON_YEAR = 2001


def in_words(rule: Rule, start: dt.datetime, zone: str) -> str:
    """Such as "Every 2 weeks on Monday and Thursday at 9:00 AM, Eastern Time"."""
    pattern = _pattern(rule, start)
    comma = "," if ", " in pattern else ""
    time = f"{clock(start.time())}, {zone_name(zone)}"
    return f"{pattern}{comma} at {time}{_end(rule, start, zone)}"


def zone_name(zone: str) -> str:
    """The usual name of a US zone; for any other its city."""
    return ZONE_NAMES.get(zone, zone.rsplit("/", 1)[-1].replace("_", " ") + " time")


def clock(time: dt.time) -> str:
    """8:10 AM, without a leading zero on any platform."""
    return f"{time.hour % 12 or 12}:{time:%M} {'AM' if time.hour < 12 else 'PM'}"  # noqa: PLR2004 - noon


def day(date: dt.date) -> str:
    return f"{date:%B} {date.day}, {date.year}"


def ordinal(number: int) -> str:
    """Such as 1st, 2nd, 3rd, 4th or 11th."""
    if number % 100 in _TEENS:
        return f"{number}th"
    return f"{number}{ {1: 'st', 2: 'nd', 3: 'rd'}.get(number % 10, 'th') }"


def _pattern(rule: Rule, start: dt.datetime) -> str:
    unit = _UNITS[rule.frequency]
    every = f"Every {unit}" if rule.interval == 1 else f"Every {rule.interval} {unit}s"
    match rule.frequency:
        case Frequency.DAILY | Frequency.WEEKLY if _is_every_weekday(rule):
            every = "Every weekday"
        case Frequency.DAILY:
            every += _daily_limits(rule)
        case Frequency.WEEKLY:
            names = [_DAYS[each.weekday] for each in rule.weekdays] or [f"{start:%A}"]
            every += f" on {_days_named(rule, names)}"
        case Frequency.MONTHLY:
            every += f" on the {_days_in_words(rule, start)}"
        case _:
            return every + _in_year(rule, start)
    return f"{every}, in {_months(rule)} only" if rule.months else every


def _is_every_weekday(rule: Rule) -> bool:
    plain = rule.interval == 1 and not rule.month_days and not rule.positions
    return plain and set(rule.weekdays) == set(_MONDAY_TO_FRIDAY)


def _daily_limits(rule: Rule) -> str:
    limits = ""
    if rule.weekdays:
        limits += f" that is a {_listed([_DAYS[each.weekday] for each in rule.weekdays], 'or')}"
    if rule.month_days:
        limits += f", on the {_listed([_date(each) for each in rule.month_days], 'or')} only"
    return limits


def _in_year(rule: Rule, start: dt.datetime) -> str:
    if not (rule.weekdays or rule.month_days or rule.months):
        leap = ", in leap years only" if (start.month, start.day) == (2, 29) else ""
        return f" on {start:%B} {start.day}{leap}"
    if rule.months:
        return f" in {_months(rule)} on the {_days_in_words(rule, start)}"
    of = "of the year" if rule.weekdays and not rule.month_days else "of each month"
    return f" on the {_days_in_words(rule, start)} {of}"


def _days_in_words(rule: Rule, start: dt.datetime) -> str:
    """The days of a month or year, to be read after "on the"."""
    dates = rule.month_days or (() if rule.weekdays else (start.day,))
    if not rule.weekdays and rule.positions == (-1,) and _is_date_or_last(dates):
        return f"{ordinal(dates[-1])}, or the last day of a shorter month"
    if rule.weekdays == _MONDAY_TO_FRIDAY and not dates:
        names = ["weekday"] if rule.positions else ["weekdays"]
    else:
        names = [_date(each) for each in dates] or [_weekday(each) for each in rule.weekdays]
    if rule.weekdays and dates:
        days = _listed([_weekday(each) for each in rule.weekdays], "or")
        return f"{_days_named(rule, names)}, if it is a {days}"
    return f"{_days_named(rule, names)}{_skipping(rule, dates)}"


def _skipping(rule: Rule, dates: Sequence[int]) -> str:
    shortest = min(monthrange(_COMMON_YEAR, month)[1] for month in rule.months or range(1, 13))
    return ", skipping shorter months" if max(dates, default=0) > shortest else ""


def _is_date_or_last(dates: Sequence[int]) -> bool:
    return len(dates) > 1 and list(dates) == list(range(_SHORTEST_MONTH, dates[-1] + 1))


def _days_named(rule: Rule, names: list[str]) -> str:
    """The names, or those at the rule's positions among them."""
    if not rule.positions:
        return _listed(names)
    positions = _listed([_nth(each) for each in rule.positions])
    return f"{positions} {names[0]}" if len(names) == 1 else f"{positions} of {_listed(names)}"


def _date(number: int) -> str:
    if number > 0:
        return ordinal(number)
    return "last day" if number == -1 else f"{_nth(number)} day"


def _weekday(each: NthWeekday) -> str:
    name = _DAYS[each.weekday]
    return f"{_nth(each.nth)} {name}" if each.nth else name


def _nth(number: int) -> str:
    if number > 0:
        return _NTH.get(number, ordinal(number))
    return "last" if number == -1 else f"{_nth(-number)} to last"


def _months(rule: Rule) -> str:
    return _listed([month_name[number] for number in sorted(rule.months)])


def _end(rule: Rule, start: dt.datetime, zone: str) -> str:
    if rule.until is not None:
        return f", until {day(_last_day(rule.until, start, zone))}"
    if rule.count is not None:
        return ", once" if rule.count == 1 else f", {rule.count:,} times in all"
    return ""


def _last_day(until: dt.date | dt.datetime, start: dt.datetime, zone: str) -> dt.date:
    """The last local day on which the rule may still run at the start's time of day."""
    if not isinstance(until, dt.datetime):
        return until
    local = until.astimezone(ZoneInfo(zone)) if until.tzinfo else until
    too_early = local.time() < start.time()
    return local.date() - dt.timedelta(days=1) if too_early else local.date()


def _listed(names: Sequence[str], last: str = "and") -> str:
    return names[0] if len(names) == 1 else f"{', '.join(names[:-1])} {last} {names[-1]}"
