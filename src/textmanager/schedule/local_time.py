"""Turns what a clock on the wall shows into instants, across the changes of that clock."""

from __future__ import annotations

import datetime as dt
from zoneinfo import ZoneInfo


def first_showing(local: dt.datetime, zone: ZoneInfo) -> dt.datetime:
    """The instant (UTC) at which the clock of `zone` reaches the naive time `local`.

    Of a time that it shows twice, the first. For a time that it jumps over, the jump.
    """
    instant = local.replace(tzinfo=zone, fold=0).astimezone(dt.UTC)
    if instant.astimezone(zone).replace(tzinfo=None, fold=0) == local:
        return instant
    # Read with the offset from after the jump, the skipped time lies before it; and vice versa.
    before = local.replace(tzinfo=zone, fold=1).astimezone(dt.UTC)
    return _jump(before, instant, zone)


def first_jump(after: dt.datetime, until: dt.datetime, zone: ZoneInfo) -> dt.datetime | None:
    """When the clock of `zone` jumps in after < t <= until, both aware; None if it does not.

    Meant for stretches of a day or so: two jumps that cancel each other out are not seen.
    """
    if _offset(after, zone) == _offset(until, zone):
        return None
    return _jump(after, until, zone)


def _jump(early: dt.datetime, late: dt.datetime, zone: ZoneInfo) -> dt.datetime:
    """The jump between two instants with different offsets. Clocks jump at whole seconds."""
    offset = _offset(early, zone)
    second = dt.timedelta(seconds=1)
    before = early.astimezone(dt.UTC).replace(microsecond=0)
    seconds = -((before - late) // second)
    low, high = 0, seconds
    while high - low > 1:
        middle = (low + high) // 2
        if _offset(before + middle * second, zone) == offset:
            low = middle
        else:
            high = middle
    return before + high * second


def _offset(instant: dt.datetime, zone: ZoneInfo) -> dt.timedelta | None:
    return instant.astimezone(zone).utcoffset()
