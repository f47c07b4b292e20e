"""Says a recurrence the way staff would."""

from __future__ import annotations

import datetime as dt

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
_DAYS = {
    "MO": "Monday",
    "TU": "Tuesday",
    "WE": "Wednesday",
    "TH": "Thursday",
    "FR": "Friday",
    "SA": "Saturday",
    "SU": "Sunday",
}
_UNITS = {"DAILY": "day", "WEEKLY": "week", "MONTHLY": "month", "YEARLY": "year"}
_NTH = {1: "first", 2: "second", 3: "third", 4: "fourth", 5: "fifth", -1: "last"}
_TEENS = range(11, 14)


def in_words(rule: str, start: dt.datetime, zone: str) -> str:
    """Such as "Every 2 weeks on Monday and Thursday at 9:00 AM, Eastern Time"."""
    parts = dict(part.split("=", 1) for part in rule.split(";") if part)
    return f"{_pattern(parts, start)} at {clock(start.time())}, {zone_name(zone)}{_end(parts)}"


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


def _pattern(parts: dict[str, str], start: dt.datetime) -> str:
    frequency, days = parts["FREQ"], parts.get("BYDAY", "")
    interval = int(parts.get("INTERVAL", "1"))
    unit = _UNITS[frequency]
    every = f"Every {unit}" if interval == 1 else f"Every {interval} {unit}s"
    match frequency:
        case "WEEKLY" if days == "MO,TU,WE,TH,FR" and interval == 1:
            return "Every weekday"
        case "WEEKLY":
            names = [_DAYS[code] for code in days.split(",") if code] or [f"{start:%A}"]
            return f"{every} on {_listed(names)}"
        case "MONTHLY":
            return f"{every} on the {_in_month(parts, start)}"
        case "YEARLY":
            return f"{every} on {start:%B} {start.day}"
    return every


def _in_month(parts: dict[str, str], start: dt.datetime) -> str:
    days = parts.get("BYDAY", "")
    if days:
        return f"{_NTH[int(days[:-2])]} {_DAYS[days[-2:]]}"
    dates = parts.get("BYMONTHDAY", str(start.day)).split(",")
    if dates == ["-1"]:
        return "last day"
    last = int(dates[-1])
    if "BYSETPOS" in parts:
        return f"{ordinal(last)}, or the last day of a shorter month"
    longest_february = 28
    skipping = ", skipping shorter months" if last > longest_february else ""
    return f"{ordinal(last)}{skipping}"


def _end(parts: dict[str, str]) -> str:
    if "UNTIL" in parts:
        until = parts["UNTIL"]
        return f", until {day(dt.date(int(until[:4]), int(until[4:6]), int(until[6:8])))}"
    if "COUNT" in parts:
        count = int(parts["COUNT"])
        return ", once" if count == 1 else f", {count} times"
    return ""


def _listed(names: list[str]) -> str:
    return names[0] if len(names) == 1 else f"{', '.join(names[:-1])} and {names[-1]}"
