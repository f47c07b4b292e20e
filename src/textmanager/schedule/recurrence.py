"""When a recurring campaign runs: an RFC 5545 rule at a local time in a named zone."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterator
from functools import cached_property
from itertools import islice
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from textmanager.schedule.local_time import first_showing
from textmanager.schedule.rule_days import LAST_DAY, days_from
from textmanager.schedule.rules import Frequency, RecurrenceError, Rule
from textmanager.schedule.words import in_words, ordinal

__all__ = ["Recurrence", "RecurrenceError"]

# An island that changed sides of the date line skipped a whole day of its clock.
_MARGIN = dt.timedelta(days=2)
_FIRST_YEAR = 1900
_SHORTEST_MONTH = 28


class Recurrence:
    """A rule such as FREQ=MONTHLY;BYMONTHDAY=2, its naive local start, and an IANA zone.

    Occurrences keep the start's time of day through daylight-saving changes. A local time that
    does not exist on a day moves to the first that does; one that happens twice runs once, the
    first time. The start itself is an occurrence only if it satisfies the rule. Every method
    but `validate` may raise RecurrenceError for what `validate` would refuse.
    """

    def __init__(self, rule: str, start: dt.datetime, zone: str) -> None:
        if start.tzinfo is not None:
            raise ValueError("The start is a local time and has no zone of its own.")
        self.rule, self.start, self.zone = rule, start, zone

    def next_after(self, instant: dt.datetime) -> dt.datetime | None:
        """The first occurrence after `instant`, both aware; the answer in UTC. None: no more."""
        return next(self._after(instant), None)

    def between(self, after: dt.datetime, until: dt.datetime) -> list[dt.datetime]:
        """The occurrences in after < t <= until, in UTC."""
        found = []
        for occurrence in self._after(after):
            if occurrence > until:
                break
            found.append(occurrence)
        return found

    def in_words(self) -> str:
        """As staff say it: "Every month on the 2nd at 8:10 AM, Eastern Time"."""
        return in_words(self._parsed, self.start, self.zone)

    def validate(self) -> None:
        """Raises RecurrenceError for a rule that cannot be read or followed, or never happens.

        A monthly rule that takes its date from a start on the 29th or later is refused too: it
        has to say what happens in a shorter month.
        """
        rule = self._parsed
        if not _FIRST_YEAR <= self.start.year < LAST_DAY.year:
            raise RecurrenceError(f"The schedule cannot start in the year {self.start.year}.")
        self._refuse_unsaid_date(rule)
        if next(days_from(rule, self.start.date(), self.start.date()), None) is None:
            raise RecurrenceError("This schedule never comes to pass: there is no such day.")
        if next(self._occurrences(self.start.date()), None) is None:
            raise RecurrenceError("This schedule never comes to pass: it ends before it begins.")

    def _refuse_unsaid_date(self, rule: Rule) -> None:
        says_days = rule.month_days or rule.weekdays
        day = self.start.day
        if rule.frequency is Frequency.MONTHLY and not says_days and day > _SHORTEST_MONTH:
            within = ",".join(str(each) for each in range(_SHORTEST_MONTH, day + 1))
            raise RecurrenceError(
                f"Not every month has a {ordinal(day)}. Choose: skip the shorter months"
                f" (BYMONTHDAY={day}), or use their last day (BYMONTHDAY={within};BYSETPOS=-1)."
            )

    @cached_property
    def _parsed(self) -> Rule:
        return Rule.parse(self.rule)

    @cached_property
    def _zone(self) -> ZoneInfo:
        try:
            return ZoneInfo(self.zone)
        except (ZoneInfoNotFoundError, ValueError, OSError) as error:
            raise RecurrenceError(f"There is no time zone “{self.zone}”.") from error

    def _after(self, instant: dt.datetime) -> Iterator[dt.datetime]:
        """The occurrences after `instant`, ascending, none twice."""
        latest = instant
        for occurrence in self._occurrences(instant.astimezone(self._zone).date() - _MARGIN):
            # Where a clock skips a whole day, its occurrence and the next day's may coincide.
            if occurrence > latest:
                yield occurrence
                latest = occurrence

    def _occurrences(self, day: dt.date) -> Iterator[dt.datetime]:
        """The occurrences on local days from `day` on, in UTC."""
        for each in self._days(day):
            local = dt.datetime.combine(each, self.start.time())
            occurrence = first_showing(local, self._zone)
            if self._is_over(local, occurrence):
                return
            yield occurrence

    def _days(self, day: dt.date) -> Iterator[dt.date]:
        rule, start = self._parsed, self.start.date()
        if rule.count is None:
            return days_from(rule, start, day)
        # Which ones are left of a number of times only shows by counting from the first.
        counted = islice(days_from(rule, start, start), rule.count)
        return (each for each in counted if each >= day)

    def _is_over(self, local: dt.datetime, occurrence: dt.datetime) -> bool:
        until = self._parsed.until
        if until is None:
            return False
        if not isinstance(until, dt.datetime):
            return local.date() > until
        return local > until if until.tzinfo is None else occurrence > until
