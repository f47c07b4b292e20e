"""Forecasts how a run spreads over the days, from how many texts there are of each kind."""

from __future__ import annotations

import dataclasses
import datetime as dt
import math
from collections.abc import Iterator, Sequence

from django.utils import timezone

from textmanager.organizations.models import Organization, Sender
from textmanager.runs.allowance import sender_segments_left
from textmanager.schedule.estimate import Estimate, estimate

# Played through text by text up to here. Of a larger audience each text stands for several, so
# that a page never waits: the finish is off by less than a thousandth of the whole.
MOST_PLAYED = 20_000

# Zones that the recipients may be in, segments of a text, how many such texts.
Group = tuple[tuple[str, ...], int, int]


def forecast(
    organization: Organization,
    sender: Sender,
    groups: Sequence[Group],
    *,
    starts_at: dt.datetime,
    left_today: int,
) -> Estimate:
    """How the run would spread, if the sender and the day's allowance had nothing else to do."""
    today = organization.day_of(timezone.now())
    a_day = min(organization.daily_allowance, sender.daily_cap or organization.daily_allowance)
    left = a_day
    if organization.day_of(starts_at) == today:
        sender_left = sender_segments_left(sender, today)
        left = left_today if sender_left is None else min(left_today, sender_left)
    texts = sum(count for _, _, count in groups)
    each = max(1, math.ceil(texts / MOST_PLAYED))
    played = estimate(
        _in_turn(groups, each),
        starts_at=starts_at,
        segments_per_second=sender.segments_per_second / each,
        left_first_day=left // each,
        a_day=a_day // each,
        zone=organization.time_zone,
        hours=organization.texting_hours,
    )
    return _scaled(played, groups, each)


def _in_turn(groups: Sequence[Group], each: int) -> Iterator[tuple[int, Sequence[str]]]:
    """The texts with those of a group evenly among the others, as they are in most audiences."""
    places: list[tuple[float, int]] = []
    for number, (_, _, count) in enumerate(groups):
        played = math.ceil(count / each)
        places += [((at + 0.5) / played, number) for at in range(played)]
    for _, number in sorted(places):
        zones, segments, _ = groups[number]
        yield segments, zones


def _scaled(played: Estimate, groups: Sequence[Group], each: int) -> Estimate:
    if each == 1:
        return played
    left = sum(segments * count for _, segments, count in groups)
    by_day = []
    for place, (day, segments) in enumerate(played.by_day, start=1):
        is_last = place == len(played.by_day) and not played.left_over
        share = left if is_last else min(left, segments * each)
        by_day.append((day, share))
        left -= share
    return dataclasses.replace(played, by_day=by_day, left_over=left)
