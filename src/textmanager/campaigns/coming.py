"""When a campaign will run, for people: in words, and the next dates with what befalls them.

The clock change is told where it matters: a time that does not exist, or exists twice.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Container
from dataclasses import dataclass
from typing import Any
from zoneinfo import ZoneInfo

from textmanager.campaigns.scheduling import NOW, moment_of
from textmanager.schedule.local_time import first_showing
from textmanager.schedule.recurrence import Recurrence
from textmanager.schedule.words import clock, day, zone_name

COMING = 5


@dataclass(frozen=True)
class Occurrence:
    """One coming run (aware UTC), and what is unusual about its local time; mostly nothing."""

    at: dt.datetime
    note: str = ""
    is_skipped: bool = False


@dataclass(frozen=True)
class Coming:
    """A schedule in words, and its next occurrences; `pause` is who is left out in between.

    `first` is when it runs next.
    """

    words: str
    occurrences: list[Occurrence]
    pause: str
    zone: str

    @property
    def first(self) -> dt.datetime | None:
        return next((each.at for each in self.occurrences if not each.is_skipped), None)


def coming_of(
    values: dict[str, Any], now: dt.datetime, skipped: Container[dt.datetime] = ()
) -> Coming:
    """For the form's cleaned values of either kind; it does not run when it is to be `skipped`."""
    zone = values["time_zone"]
    if not values["rrule"]:
        return _once(values, now)
    start = dt.datetime.combine(values["start_date"], values["start_time"])
    recurrence = Recurrence(values["rrule"], start, zone)
    occurrences: list[Occurrence] = []
    before = now
    running = 0
    while running < COMING:
        at = recurrence.next_after(before)
        if at is None:
            break
        note = note_on(at, start.time(), ZoneInfo(zone), before=before)
        occurrences.append(Occurrence(at, note, is_skipped=at in skipped))
        running += at not in skipped
        before = at
    days = values.get("days_between_texts") or 0
    return Coming(recurrence.in_words(), occurrences, pause_in_words(days), zone)


def _once(values: dict[str, Any], now: dt.datetime) -> Coming:
    zone = values["time_zone"]
    moment = moment_of(values, now)
    if values.get("when") == NOW:
        return Coming("Once, as soon as it is saved", [Occurrence(moment)], "", zone)
    local = moment.astimezone(ZoneInfo(zone))
    words = f"Once, on {day(local.date())} at {clock(local.time())}, {zone_name(zone)}"
    note = note_on(moment, values["start_time"], ZoneInfo(zone), before=moment)
    return Coming(words, [Occurrence(moment, note)], "", zone)


def pause_in_words(days: int) -> str:
    """Who is left out of the next run because of the last; empty for nobody."""
    if not days:
        return ""
    span = "day" if days == 1 else f"{days} days"
    return f"Whom this campaign has texted, it leaves out for the next {span}."


def note_on(at: dt.datetime, wanted: dt.time, zone: ZoneInfo, *, before: dt.datetime) -> str:
    """What daylight saving does to an occurrence, `before` being the one before it."""
    local = at.astimezone(zone)
    asked = dt.datetime.combine(local.date(), wanted)
    if local.time().replace(tzinfo=None) != wanted:
        shown = clock(local.time())
        return f"The clock skips {clock(wanted)} on this day; it runs at {shown} instead."
    if (
        asked.replace(tzinfo=zone, fold=0).utcoffset()
        != asked.replace(tzinfo=zone, fold=1).utcoffset()
        and first_showing(asked, zone) == at
    ):
        return f"The clock shows {clock(wanted)} twice on this day; it runs the first time only."
    if before.astimezone(zone).utcoffset() != local.utcoffset():
        return f"After the clock change ({local:%Z}): still {clock(wanted)} on the wall."
    return ""
