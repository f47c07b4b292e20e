"""How fast a sender's texts may leave, and when all of them will have left."""

from __future__ import annotations

import datetime as dt
from collections.abc import Sequence
from dataclasses import dataclass
from zoneinfo import ZoneInfo

from textmanager.schedule.quiet_hours import TextingHours, closes_at, first_allowed

_MOST_DAYS = 400


@dataclass(frozen=True)
class Pace:
    """A rate in segments a second, as the generic cell rate algorithm (ITU-T I.371).

    The state is one instant, kept by the caller: up to when the rate is spoken for. A caller
    that comes late may catch up on `burst_seconds` of it, so that the rate holds on average.
    """

    segments_per_second: float
    burst_seconds: float = 1.0

    def take(
        self, paced_until: dt.datetime, now: dt.datetime, segments: Sequence[int]
    ) -> tuple[list[dt.datetime], dt.datetime]:
        """When each text of so many segments may leave, none before now; and the new state."""
        free = max(paced_until, now - dt.timedelta(seconds=self.burst_seconds))
        slots = []
        for count in segments:
            slots.append(max(free, now))
            free += dt.timedelta(seconds=count / self.segments_per_second)
        return slots, free


@dataclass(frozen=True)
class Estimate:
    """When the last text leaves (aware UTC), and how many segments go on each local day."""

    finish: dt.datetime
    by_day: list[tuple[dt.date, int]]


def estimate(
    *,
    segments: int,
    starts_at: dt.datetime,
    segments_per_second: float,
    left_first_day: int,
    a_day: int,
    zone: str,
    hours: TextingHours,
) -> Estimate:
    """How the sending of `segments` spreads over the days of `zone`.

    `left_first_day` of the allowance may go on the day of `starts_at`, `a_day` on every later
    one; texts leave in `hours` only. An allowance of nothing ends with the first day's share.
    """
    by_day: list[tuple[dt.date, int]] = []
    moment = first_allowed(starts_at, [zone], hours)
    first_day = starts_at.astimezone(ZoneInfo(zone)).date()
    left = segments
    finish = moment
    for _ in range(_MOST_DAYS):
        day = moment.astimezone(ZoneInfo(zone)).date()
        midnight = _midnight_after(day, zone)
        until = min(closes_at(moment, [zone], hours) or midnight, midnight)
        in_time = int((until - moment).total_seconds() * segments_per_second)
        going = min(left, left_first_day if day == first_day else a_day, in_time)
        if going:
            by_day.append((day, going))
            finish = moment + dt.timedelta(seconds=going / segments_per_second)
        left -= going
        if left <= 0 or (a_day <= 0 and day != first_day):
            break
        moment = first_allowed(max(until, midnight), [zone], hours)
    return Estimate(finish, by_day)


def _midnight_after(day: dt.date, zone: str) -> dt.datetime:
    tomorrow = day + dt.timedelta(days=1)
    return dt.datetime.combine(tomorrow, dt.time.min, ZoneInfo(zone)).astimezone(dt.UTC)
