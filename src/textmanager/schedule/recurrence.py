"""When a recurring campaign runs: an RFC 5545 rule at a local time in a named zone."""

from __future__ import annotations

import datetime as dt
from functools import cached_property
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from dateutil.rrule import rrule, rruleset, rrulestr

from textmanager.schedule.words import in_words

# Room for a local time that a clock change moved, on either side.
_MARGIN = dt.timedelta(days=1)


class RecurrenceError(Exception):
    """The rule cannot be used; the message says why in words for staff."""


class Recurrence:
    """A rule such as FREQ=MONTHLY;BYMONTHDAY=2, its naive local start, and an IANA zone.

    Occurrences keep their local time through daylight-saving changes. A local time that does
    not exist on a day moves to the first that does; one that happens twice is its first.
    """

    def __init__(self, rule: str, start: dt.datetime, zone: str) -> None:
        if start.tzinfo is not None:
            raise ValueError("The start is a local time and has no zone of its own.")
        self.rule, self.start, self.zone = rule, start, zone

    def next_after(self, instant: dt.datetime) -> dt.datetime | None:
        """The first occurrence after `instant`, both aware; the answer in UTC. None: no more."""
        local = instant.astimezone(self._zone).replace(tzinfo=None)
        for candidate in self._parsed.xafter(local - _MARGIN, inc=True):
            occurrence = self._instant(candidate)
            if occurrence > instant:
                return occurrence
        return None

    def between(self, after: dt.datetime, until: dt.datetime) -> list[dt.datetime]:
        """The occurrences in after < t <= until, in UTC."""
        found = []
        occurrence = self.next_after(after)
        while occurrence is not None and occurrence <= until:
            found.append(occurrence)
            occurrence = self.next_after(occurrence)
        return found

    def in_words(self) -> str:
        """As staff say it: "Every month on the 2nd at 8:10 AM, Eastern Time"."""
        return in_words(self.rule, self.start, self.zone)

    def validate(self) -> None:
        """Raises RecurrenceError for a rule that cannot be read or never comes to pass."""
        try:
            never = next(iter(self._parsed), None) is None
        except (ValueError, TypeError) as error:
            raise RecurrenceError(f"The schedule cannot be read: {error}") from error
        except ZoneInfoNotFoundError as error:
            raise RecurrenceError(f"There is no time zone “{self.zone}”.") from error
        if never:
            raise RecurrenceError("This schedule never comes to pass. Choose another date.")
        _ = self._zone

    @cached_property
    def _parsed(self) -> rrule | rruleset:
        return rrulestr(self.rule, dtstart=self.start)

    @cached_property
    def _zone(self) -> ZoneInfo:
        try:
            return ZoneInfo(self.zone)
        except (ZoneInfoNotFoundError, ValueError) as error:
            raise RecurrenceError(f"There is no time zone “{self.zone}”.") from error

    def _instant(self, local: dt.datetime) -> dt.datetime:
        instant = local.replace(tzinfo=self._zone).astimezone(dt.UTC)
        exists = instant.astimezone(self._zone).replace(tzinfo=None) == local
        return instant if exists else self._end_of_gap(local)

    def _end_of_gap(self, local: dt.datetime) -> dt.datetime:
        """The instant at which the clock jumped over `local`, to the second."""
        early = local.replace(tzinfo=self._zone, fold=1).astimezone(dt.UTC)
        late = local.replace(tzinfo=self._zone, fold=0).astimezone(dt.UTC)
        before = early.astimezone(self._zone).utcoffset()
        while late - early > dt.timedelta(seconds=1):
            middle = early + (late - early) // 2
            if middle.astimezone(self._zone).utcoffset() == before:
                early = middle
            else:
                late = middle
        return late.replace(microsecond=0)
