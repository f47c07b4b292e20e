"""Reads an RFC 5545 recurrence rule, and refuses in words what a campaign cannot follow."""

from __future__ import annotations

import datetime as dt
import re
from collections.abc import Callable
from dataclasses import dataclass
from enum import StrEnum
from typing import TypeVar

WEEKDAYS = ("MO", "TU", "WE", "TH", "FR", "SA", "SU")
MOST_TIMES = 10_000
LARGEST_INTERVAL = 1_000

_WEEKDAY = re.compile(r"([+-]?\d{1,2})?([A-Z]{2})", re.ASCII)
_UNTIL = re.compile(r"(\d{8})(?:T(\d{6})(Z?))?", re.ASCII)
_WHOLE = re.compile(r"[+-]?\d{1,9}", re.ASCII)
_MORE_THAN_DAILY = ("HOURLY", "MINUTELY", "SECONDLY")
_TIMES_OF_DAY = ("BYHOUR", "BYMINUTE", "BYSECOND")
_NOT_OFFERED = ("BYYEARDAY", "BYWEEKNO")
_DAYS = ("BYMONTH", "BYMONTHDAY", "BYDAY", "BYSETPOS")
_KNOWN = ("FREQ", "INTERVAL", *_DAYS, "WKST", "COUNT", "UNTIL")

_Value = TypeVar("_Value")


class RecurrenceError(Exception):
    """The rule cannot be used; the message says why in words for staff."""


class Frequency(StrEnum):
    DAILY = "DAILY"
    WEEKLY = "WEEKLY"
    MONTHLY = "MONTHLY"
    YEARLY = "YEARLY"


@dataclass(frozen=True)
class NthWeekday:
    """A day of the week, 0 for Monday; `nth` of its month or year (from 1, or -1 for the last).

    `nth` 0 is every such day.
    """

    nth: int
    weekday: int


@dataclass(frozen=True)
class Rule:
    """The parts of a rule, named; an empty tuple where the rule has no such part.

    `until` is inclusive: a local date, a local (naive) moment, or an aware one.
    """

    frequency: Frequency
    interval: int = 1
    months: tuple[int, ...] = ()
    month_days: tuple[int, ...] = ()
    weekdays: tuple[NthWeekday, ...] = ()
    positions: tuple[int, ...] = ()
    week_starts: int = 0
    count: int | None = None
    until: dt.date | dt.datetime | None = None

    @classmethod
    def parse(cls, text: str) -> Rule:
        """The rule that `text` writes, with or without RRULE: before it. Raises RecurrenceError."""
        parts = _parts(text)
        if "COUNT" in parts and "UNTIL" in parts:
            raise RecurrenceError("End the schedule on a date or after so many times, not both.")
        rule = cls(
            frequency=_frequency(parts),
            interval=_whole(parts.get("INTERVAL", "1"), "INTERVAL", 1, LARGEST_INTERVAL),
            months=_each(parts, "BYMONTH", _between("BYMONTH", 1, 12)),
            month_days=_each(parts, "BYMONTHDAY", _between("BYMONTHDAY", -31, 31)),
            weekdays=_each(parts, "BYDAY", _nth_weekday),
            positions=_each(parts, "BYSETPOS", _between("BYSETPOS", -366, 366)),
            week_starts=_weekday(parts.get("WKST", "MO")),
            count=_whole(parts["COUNT"], "COUNT", 1, MOST_TIMES) if "COUNT" in parts else None,
            until=_until(parts["UNTIL"]) if "UNTIL" in parts else None,
        )
        rule._check()
        return rule

    def _check(self) -> None:
        """Raises RecurrenceError for parts that do not go together."""
        nth = any(day.nth for day in self.weekdays)
        if nth and self.frequency not in (Frequency.MONTHLY, Frequency.YEARLY):
            raise RecurrenceError("The first or last weekday needs a schedule by month or by year.")
        if self.month_days and self.frequency is Frequency.WEEKLY:
            raise RecurrenceError("A weekly schedule has days of the week, not of the month.")
        if self.positions and not (self.month_days or self.weekdays):
            raise RecurrenceError("BYSETPOS chooses among days: add BYDAY or BYMONTHDAY.")


def _parts(text: str) -> dict[str, str]:
    parts: dict[str, str] = {}
    for part in text.strip().upper().removeprefix("RRULE:").strip(";").split(";"):
        name, equals, value = part.partition("=")
        if not equals or not value:
            raise RecurrenceError(f"The schedule cannot be read: “{part}” says nothing.")
        if name in parts:
            raise RecurrenceError(f"The schedule says {name} twice.")
        if name in _TIMES_OF_DAY:
            raise RecurrenceError(f"The time of day is the start's: leave {name} out.")
        if name in _NOT_OFFERED:
            raise RecurrenceError(f"{name} is not offered: use BYMONTH with BYMONTHDAY or BYDAY.")
        if name not in _KNOWN:
            raise RecurrenceError(f"The schedule cannot be read: there is no part “{name}”.")
        parts[name] = value
    return parts


def _frequency(parts: dict[str, str]) -> Frequency:
    name = parts.get("FREQ", "")
    if name in _MORE_THAN_DAILY:
        raise RecurrenceError("A campaign runs once a day at most.")
    try:
        return Frequency(name)
    except ValueError:
        raise RecurrenceError("Say how often: every day, week, month or year (FREQ).") from None


def _each(parts: dict[str, str], name: str, read: Callable[[str], _Value]) -> tuple[_Value, ...]:
    """The values of a list, without repetition."""
    values = parts[name].split(",") if name in parts else []
    return tuple(dict.fromkeys(read(value) for value in values))


def _whole(text: str, name: str, least: int, most: int) -> int:
    if not _WHOLE.fullmatch(text) or not least <= int(text) <= most:
        raise RecurrenceError(f"{name} must be a whole number from {least:,} to {most:,}.")
    return int(text)


def _between(name: str, least: int, most: int) -> Callable[[str], int]:
    def read(text: str) -> int:
        number = _whole(text, name, least, most)
        if number == 0:
            raise RecurrenceError(f"{name} counts from 1, or from -1 backwards.")
        return number

    return read


def _weekday(text: str) -> int:
    if text not in WEEKDAYS:
        raise RecurrenceError(f"“{text}” is no day of the week; they are {', '.join(WEEKDAYS)}.")
    return WEEKDAYS.index(text)


def _nth_weekday(text: str) -> NthWeekday:
    found = _WEEKDAY.fullmatch(text)
    if not found:
        raise RecurrenceError(f"“{text}” is no day of the week; they are {', '.join(WEEKDAYS)}.")
    nth = _between("The number before a weekday", -53, 53)(found[1]) if found[1] else 0
    return NthWeekday(nth, _weekday(found[2]))


def _until(text: str) -> dt.date | dt.datetime:
    found = _UNTIL.fullmatch(text)
    if not found:
        raise RecurrenceError(f"The last day “{text}” is no date.")
    try:
        day = dt.date.fromisoformat(found[1])
        if not found[2]:
            return day
        time = dt.time.fromisoformat(found[2])
    except ValueError:
        raise RecurrenceError(f"The last day “{text}” is no date.") from None
    return dt.datetime.combine(day, time, dt.UTC if found[3] else None)
