"""The days of a month, a week or a day, and which occurrences fall on them.

Nothing here asks a database. Days are those of one zone, the organization's, and instants are
aware UTC; a day of 23 or 25 hours is one day like any other. A schedule has at most one
occurrence a day and a view at most six weeks, so that a campaign brings at most 42; a day shows
the first few of all campaigns, and says how many there are.
"""

from __future__ import annotations

import datetime as dt
from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from enum import StrEnum
from functools import lru_cache
from heapq import nsmallest
from typing import TypeVar
from zoneinfo import ZoneInfo

from textmanager.campaigns.models import Campaign
from textmanager.schedule.local_time import first_showing
from textmanager.schedule.recurrence import Recurrence, RecurrenceError

# Dates far off ask for occurrences that nobody plans for.
FIRST_DAY, LAST_DAY = dt.date(2000, 1, 1), dt.date(2099, 12, 31)
ONE_DAY = dt.timedelta(days=1)
WEEK = 7
# By moment, then by name; no two campaigns are alike in all.
Day = TypeVar("Day")
_Place = tuple[dt.datetime, str, int, Campaign]


class View(StrEnum):
    MONTH = "month"
    WEEK = "week"
    DAY = "day"


# How many lines a day shows before it says "and more".
LINES = {View.MONTH: 4, View.WEEK: 25, View.DAY: 300}


@dataclass(frozen=True)
class Span:
    """The days of a view, first to last, and the instants since <= t < until that they cover."""

    days: tuple[dt.date, ...]
    since: dt.datetime
    until: dt.datetime


@dataclass(frozen=True)
class Coming:
    """A campaign that is to start at an instant; with `is_skipped`, that is not to."""

    at: dt.datetime
    campaign: Campaign
    is_skipped: bool = False


@dataclass
class ComingDay:
    """What a day has ahead: the first of it, and how much there is in all."""

    shown: list[Coming] = field(default_factory=list)
    total: int = 0


def span(view: View, day: dt.date, zone: ZoneInfo) -> Span:
    """The days that a view on `day` shows. Weeks begin on Sunday; a month has whole weeks."""
    match view:
        case View.DAY:
            first, last = day, day
        case View.WEEK:
            first = _sunday(day)
            last = first + 6 * ONE_DAY
        case View.MONTH:
            first = _sunday(day.replace(day=1))
            last = _sunday(next_month(day) - ONE_DAY) + 6 * ONE_DAY
    days = tuple(first + number * ONE_DAY for number in range((last - first).days + 1))
    return Span(days, begin_of(first, zone), begin_of(last + ONE_DAY, zone))


def begin_of(day: dt.date, zone: ZoneInfo) -> dt.datetime:
    """The instant at which a day begins; where a clock jumps over midnight, that jump."""
    return first_showing(dt.datetime.combine(day, dt.time.min), zone)


def next_month(day: dt.date) -> dt.date:
    """The first day of the month after."""
    return (day.replace(day=1) + 32 * ONE_DAY).replace(day=1)


def step(view: View, day: dt.date, direction: int) -> dt.date | None:
    """The day to show one view earlier (-1) or later (+1); None beyond what a calendar shows."""
    match view:
        case View.DAY:
            there = day + direction * ONE_DAY
        case View.WEEK:
            there = _sunday(day) + direction * WEEK * ONE_DAY
        case View.MONTH:
            first = day.replace(day=1)
            there = next_month(first) if direction > 0 else (first - ONE_DAY).replace(day=1)
    return there if FIRST_DAY <= there <= LAST_DAY else None


@lru_cache(maxsize=512)
def clock_change(day: dt.date, zone: ZoneInfo) -> dt.timedelta:
    """By how much the clocks go forward on a day; back when negative, nothing on most days."""
    return ONE_DAY - (begin_of(day + ONE_DAY, zone) - begin_of(day, zone))


def coming_days(
    campaigns: Iterable[Campaign], within: Span, zone: ZoneInfo, *, lines: int
) -> dict[dt.date, ComingDay]:
    """What campaigns are to start on each day that has something, at most `lines` of it shown."""
    days: dict[dt.date, list[_Place]] = defaultdict(list)
    for campaign in campaigns:
        for day, occurrence in _coming(campaign, within, zone):
            days[day].append((occurrence, campaign.name, campaign.pk, campaign))
    return {
        day: ComingDay(
            [
                Coming(at, campaign, is_skipped=at in campaign.skipped)
                for at, _, _, campaign in nsmallest(lines, places)
            ],
            len(places),
        )
        for day, places in days.items()
    }


def _coming(
    campaign: Campaign, within: Span, zone: ZoneInfo
) -> Iterable[tuple[dt.date, dt.datetime]]:
    """When a campaign is to start within the span, skipped occurrences included.

    Nothing before its `next_run_at`: what was before has run. A schedule that cannot be followed
    has no occurrences; the planner shows what is the matter with it.
    """
    first = campaign.next_run_at
    if first is None or first >= within.until:
        return []
    if campaign.is_one_time:
        return [(first.astimezone(zone).date(), first)] if first >= within.since else []
    recurrence = campaign.recurrence
    try:
        pattern = _pattern(
            recurrence.rule, recurrence.start, recurrence.zone, within.since, within.until, zone
        )
    except RecurrenceError:
        return []
    return [(day, occurrence) for day, occurrence in pattern if occurrence >= first]


@lru_cache(maxsize=4096)
def _pattern(  # noqa: PLR0917 - the parts of a schedule and of a view, by which it is kept
    rule: str, start: dt.datetime, of: str, since: dt.datetime, until: dt.datetime, zone: ZoneInfo
) -> tuple[tuple[dt.date, dt.datetime], ...]:
    """The occurrences of a schedule in since <= t < until, each with its day in `zone`.

    Kept, because hundreds of daily campaigns have thousands of occurrences in a month, and
    following their rules anew would be most of what the page costs.
    """
    moment = dt.timedelta(microseconds=1)
    found = Recurrence(rule, start, of).between(since - moment, until - moment)
    return tuple((occurrence.astimezone(zone).date(), occurrence) for occurrence in found)


def weeks(days: Sequence[Day]) -> list[Sequence[Day]]:
    return [days[start : start + WEEK] for start in range(0, len(days), WEEK)]


def _sunday(day: dt.date) -> dt.date:
    return day - (day.isoweekday() % WEEK) * ONE_DAY
