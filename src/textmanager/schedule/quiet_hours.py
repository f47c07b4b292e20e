"""When a recipient may be texted: within the hours of every zone they may be in."""

from __future__ import annotations

import datetime as dt
from collections.abc import Sequence
from dataclasses import dataclass
from zoneinfo import ZoneInfo

from textmanager.schedule.local_time import first_jump

_DAY = dt.timedelta(days=1)
# Zones that share no hour in a week share one around a clock change at best. A text held for
# longer than that has nothing to say any more.
_PATIENCE = dt.timedelta(days=7)


class NoCommonHours(Exception):
    """The zones have no moment within a week at which all of them allow a text."""


@dataclass(frozen=True)
class TextingHours:
    """Texts may leave from `opens` until just before `closes`, by the clock on the wall.

    The same time twice: always. A window that crosses midnight (opens after it closes) is
    allowed. The clock decides when it changes, too: an hour that it shows twice is open twice.
    """

    opens: dt.time
    closes: dt.time

    @property
    def is_always(self) -> bool:
        return self.opens == self.closes

    def allow(self, time: dt.time) -> bool:
        """Whether texts may leave at this local time."""
        if self.opens < self.closes:
            return self.opens <= time < self.closes
        return self.is_always or time >= self.opens or time < self.closes


@dataclass(frozen=True)
class Window:
    """A stretch of time in which a recipient may be texted, aware UTC.

    `closes` is the first instant that is quiet again; None when there is none.
    """

    opens: dt.datetime
    closes: dt.datetime | None


def first_allowed(instant: dt.datetime, zones: Sequence[str], hours: TextingHours) -> dt.datetime:
    """The first instant at or after `instant` (aware) at which every zone allows a text; UTC.

    Without a zone there is nothing to keep to. Raises NoCommonHours.
    """
    moment = instant.astimezone(dt.UTC)
    if hours.is_always:
        return moment
    latest = moment + _PATIENCE
    clocks = [ZoneInfo(zone) for zone in zones]
    while moment <= latest:
        later = moment
        for clock in clocks:
            later = _opening(later, clock, hours)
        if later == moment:
            return moment
        moment = later
    raise NoCommonHours(f"No hour suits all of {', '.join(zones)}.")


def closes_at(
    instant: dt.datetime, zones: Sequence[str], hours: TextingHours
) -> dt.datetime | None:
    """When the window closes that is open at `instant` (aware); UTC. None when it never does."""
    if hours.is_always or not zones:
        return None
    moment = instant.astimezone(dt.UTC)
    return min(_closing(moment, ZoneInfo(zone), hours) for zone in zones)


def window_from(
    instant: dt.datetime, zones: Sequence[str], hours: TextingHours, *, home: str
) -> Window:
    """The window that is open at `instant` (aware), from then on, or else the next.

    A recipient of whom no zone is known, or whose zones have no hours in common, is taken to be
    in the zone `home`.
    """
    kept: Sequence[str] = zones or [home]
    try:
        opens = first_allowed(instant, kept, hours)
    except NoCommonHours:
        kept = [home]
        opens = first_allowed(instant, kept, hours)
    return Window(opens, closes_at(opens, kept, hours))


def _opening(moment: dt.datetime, clock: ZoneInfo, hours: TextingHours) -> dt.datetime:
    """`moment` if this clock allows it, else the next moment that it does."""
    while True:
        time = moment.astimezone(clock).time()
        if hours.allow(time):
            return moment
        moment, is_there = _when_it_shows(hours.opens, moment, time, clock)
        if is_there:
            return moment


def _closing(moment: dt.datetime, clock: ZoneInfo, hours: TextingHours) -> dt.datetime:
    """The first moment after an allowed one that this clock does not allow."""
    while True:
        time = moment.astimezone(clock).time()
        if not hours.allow(time):
            return moment
        moment, is_there = _when_it_shows(hours.closes, moment, time, clock)
        if is_there:
            return moment


def _when_it_shows(
    wanted: dt.time, moment: dt.datetime, time: dt.time, clock: ZoneInfo
) -> tuple[dt.datetime, bool]:
    """When the clock, which shows `time` at `moment`, next shows `wanted`; and True.

    If the clock jumps on the way: the jump, and False.
    """
    shows = moment + (_since_midnight(wanted) - _since_midnight(time)) % _DAY
    jump = first_jump(moment, shows, clock)
    return (shows, True) if jump is None else (jump, False)


def _since_midnight(time: dt.time) -> dt.timedelta:
    return dt.timedelta(
        hours=time.hour,
        minutes=time.minute,
        seconds=time.second,
        microseconds=time.microsecond,
    )
