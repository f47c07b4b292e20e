"""When a recipient may be texted: within the hours of every zone they may be in."""

from __future__ import annotations

import datetime as dt
from collections.abc import Sequence
from dataclasses import dataclass
from zoneinfo import ZoneInfo

_DAY = dt.timedelta(days=1)
# Zones around the world share no texting hours at all; nobody needs a search of weeks to know.
_MOST_STEPS = 64


class NoCommonHours(Exception):
    """The zones have no moment in common at which all of them allow a text."""


@dataclass(frozen=True)
class TextingHours:
    """Texts may leave from `opens` until `closes`, local time. The same time twice: always.

    A window that crosses midnight (opens after it closes) is allowed.
    """

    opens: dt.time
    closes: dt.time

    @property
    def is_always(self) -> bool:
        return self.opens == self.closes


def first_allowed(instant: dt.datetime, zones: Sequence[str], hours: TextingHours) -> dt.datetime:
    """The first instant at or after `instant` (aware) at which every zone allows a text; UTC.

    Without a zone there is nothing to keep to. Raises NoCommonHours.
    """
    moment = instant.astimezone(dt.UTC)
    if hours.is_always:
        return moment
    for _ in range(_MOST_STEPS):
        later = max((_opening(moment, zone, hours) for zone in zones), default=moment)
        if later == moment:
            return moment
        moment = later
    raise NoCommonHours(f"No hour suits all of {', '.join(zones)}.")


def closes_at(
    instant: dt.datetime, zones: Sequence[str], hours: TextingHours
) -> dt.datetime | None:
    """When the window closes that is open at `instant`; None when it never does."""
    if hours.is_always or not zones:
        return None
    return min(_closing(instant, zone, hours) for zone in zones)


def _opening(moment: dt.datetime, zone: str, hours: TextingHours) -> dt.datetime:
    """`moment` if this zone allows it, else its next opening."""
    local = moment.astimezone(ZoneInfo(zone))
    time = local.time().replace(tzinfo=None)
    if hours.opens < hours.closes:
        if hours.opens <= time < hours.closes:
            return moment
        day = local.date() if time < hours.opens else local.date() + _DAY
    else:
        if time >= hours.opens or time < hours.closes:
            return moment
        day = local.date()
    return _at(day, hours.opens, zone)


def _closing(moment: dt.datetime, zone: str, hours: TextingHours) -> dt.datetime:
    local = moment.astimezone(ZoneInfo(zone))
    passed = local.time().replace(tzinfo=None) >= hours.closes
    return _at(local.date() + (_DAY if passed else dt.timedelta()), hours.closes, zone)


def _at(day: dt.date, time: dt.time, zone: str) -> dt.datetime:
    """A local time as an instant; one that a clock change skips is as long after midnight."""
    return dt.datetime.combine(day, time, ZoneInfo(zone)).astimezone(dt.UTC)
