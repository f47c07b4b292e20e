"""Turns the schedule part of the form into an RFC 5545 rule, and a rule back into the form."""

from __future__ import annotations

import datetime as dt
from typing import Any
from zoneinfo import ZoneInfo

from textmanager.schedule.local_time import first_showing
from textmanager.schedule.recurrence import Recurrence

REPEATS = (
    ("daily", "Every day"),
    ("weekdays", "Every weekday (Monday to Friday)"),
    ("weekly", "Every week, on chosen days"),
    ("monthly_date", "Every month, on a date"),
    ("monthly_weekday", "Every month, on a weekday"),
    ("yearly", "Every year"),
)
WEEKDAYS = (
    ("MO", "Monday"),
    ("TU", "Tuesday"),
    ("WE", "Wednesday"),
    ("TH", "Thursday"),
    ("FR", "Friday"),
    ("SA", "Saturday"),
    ("SU", "Sunday"),
)
NTH = (("1", "First"), ("2", "Second"), ("3", "Third"), ("4", "Fourth"), ("-1", "Last"))
SHORT_MONTHS = (
    ("last_day", "Use the last day of a shorter month"),
    ("skip", "Skip a shorter month"),
)
MONTH_DAYS = (*((str(day), str(day)) for day in range(1, 32)), ("last", "Last day"))
FIELDS = (
    "repeat",
    "interval",
    "weekdays",
    "month_day",
    "short_months",
    "nth",
    "nth_weekday",
    "start_date",
    "start_time",
    "time_zone",
    "ends",
    "until",
    "count",
)
SHORTEST_MONTH = 28
# When a one-time campaign is sent.
NOW, LATER = "now", "later"
WHEN = ((NOW, "Now"), (LATER, "At a moment that you choose"))
PASSED = "This moment has passed. Choose a later one, or send it now."
NO_DATE_AHEAD = "This schedule has no occurrence ahead. Choose a later start or a later end."


class ScheduleProblem(Exception):
    """Something is missing in the schedule; `field` says where."""

    def __init__(self, field: str, message: str) -> None:
        super().__init__(message)
        self.field = field


def moment_of(values: dict[str, Any], now: dt.datetime) -> dt.datetime:
    """When a one-time campaign with these cleaned values is sent, in UTC."""
    if values.get("when") == NOW:
        return now
    local = dt.datetime.combine(values["start_date"], values["start_time"])
    return first_showing(local, ZoneInfo(values["time_zone"]))


def refuse_what_is_over(values: dict[str, Any], now: dt.datetime) -> None:
    """Raises ScheduleProblem when nothing of a whole schedule, of either kind, lies ahead."""
    if values["rrule"]:
        start = dt.datetime.combine(values["start_date"], values["start_time"])
        recurrence = Recurrence(values["rrule"], start, values["time_zone"])
        if recurrence.next_after(now) is None:
            raise ScheduleProblem("start_date", NO_DATE_AHEAD)
    elif moment_of(values, now) < now:
        raise ScheduleProblem("start_date", PASSED)


def rrule_from(values: dict[str, Any]) -> str:
    """The rule for the form's cleaned values. Raises ScheduleProblem, RecurrenceError."""
    rule = ";".join([*_pattern(values), *_end(values)])
    start = dt.datetime.combine(values["start_date"], values["start_time"])
    Recurrence(rule, start, values["time_zone"]).validate()
    return rule


def _pattern(values: dict[str, Any]) -> list[str]:
    interval = values.get("interval") or 1
    every = [f"INTERVAL={interval}"] if interval > 1 else []
    match values["repeat"]:
        case "daily":
            return ["FREQ=DAILY", *every]
        case "weekdays":
            return ["FREQ=WEEKLY", "BYDAY=MO,TU,WE,TH,FR"]
        case "weekly":
            chosen = values.get("weekdays") or []
            if not chosen:
                raise ScheduleProblem("weekdays", "Choose at least one day of the week.")
            in_order = [day for day, _ in WEEKDAYS if day in chosen]
            return ["FREQ=WEEKLY", *every, f"BYDAY={','.join(in_order)}"]
        case "monthly_date":
            return ["FREQ=MONTHLY", *every, *_month_day(values)]
        case "monthly_weekday":
            nth = values.get("nth") or "1"
            return ["FREQ=MONTHLY", *every, f"BYDAY={nth}{values.get('nth_weekday') or 'MO'}"]
        case _:
            return ["FREQ=YEARLY", *every]


def _month_day(values: dict[str, Any]) -> list[str]:
    day = values.get("month_day") or "1"
    if day == "last":
        return ["BYMONTHDAY=-1"]
    if int(day) > SHORTEST_MONTH and values.get("short_months") != "skip":
        days = ",".join(str(each) for each in range(SHORTEST_MONTH, int(day) + 1))
        return [f"BYMONTHDAY={days}", "BYSETPOS=-1"]
    return [f"BYMONTHDAY={day}"]


def _end(values: dict[str, Any]) -> list[str]:
    match values["ends"]:
        case "on":
            until = values.get("until")
            if until is None:
                raise ScheduleProblem("until", "Say which day is the last.")
            return [f"UNTIL={until:%Y%m%d}T235959"]
        case "after":
            if not values.get("count"):
                raise ScheduleProblem("count", "Say how many times.")
            return [f"COUNT={values['count']}"]
    return []


def fields_from(rrule: str) -> dict[str, Any]:
    """The form's values for a rule that `rrule_from` made."""
    if not rrule:
        return {}
    parts = dict(part.split("=", 1) for part in rrule.split(";"))
    values: dict[str, Any] = {"interval": int(parts.get("INTERVAL", "1")), "ends": "never"}
    if "UNTIL" in parts:
        until = dt.datetime.strptime(parts["UNTIL"][:8], "%Y%m%d")  # noqa: DTZ007 - a local day
        values |= {"ends": "on", "until": until.date()}
    elif "COUNT" in parts:
        values |= {"ends": "after", "count": int(parts["COUNT"])}
    return values | _pattern_fields(parts)


def _pattern_fields(parts: dict[str, str]) -> dict[str, Any]:
    days = parts.get("BYDAY", "")
    month_days = parts.get("BYMONTHDAY", "1").split(",")
    match parts["FREQ"]:
        case "DAILY":
            return {"repeat": "daily"}
        case "WEEKLY" if days == "MO,TU,WE,TH,FR" and "INTERVAL" not in parts:
            return {"repeat": "weekdays"}
        case "WEEKLY":
            return {"repeat": "weekly", "weekdays": days.split(",")}
        case "MONTHLY" if days:
            return {"repeat": "monthly_weekday", "nth": days[:-2], "nth_weekday": days[-2:]}
        case "MONTHLY":
            last = month_days[-1]
            return {
                "repeat": "monthly_date",
                "month_day": "last" if last == "-1" else last,
                "short_months": "last_day" if "BYSETPOS" in parts else "skip",
            }
    return {"repeat": "yearly"}
