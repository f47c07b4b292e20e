"""Shows instants to people: in a named zone, and relative to now."""

from __future__ import annotations

import datetime as dt
from zoneinfo import ZoneInfo

from django import template
from django.utils import timezone
from django.utils.html import format_html
from django.utils.safestring import SafeString

from textmanager.schedule.words import clock

register = template.Library()

_STEPS = ((86_400, "day"), (3_600, "hour"), (60, "minute"))


@register.filter
def in_zone(instant: dt.datetime | None, zone: str) -> str:
    """Such as "Dec 2, 2026, 8:10 AM EST"."""
    if instant is None:
        return ""
    local = instant.astimezone(ZoneInfo(zone))
    return f"{local:%b} {local.day}, {local.year}, {clock(local.time())} {local:%Z}"


@register.filter
def relative(instant: dt.datetime | None, now: dt.datetime | None = None) -> str:
    """Such as "in 9 days" or "3 minutes ago". Whole days are the nearest, the rest is cut."""
    if instant is None:
        return ""
    seconds = (instant - (now or timezone.now())).total_seconds()
    for size, unit in _STEPS:
        count = int(abs(seconds) // size)
        if count and unit == "day":
            # Noon on Friday is not "in 1 day" for somebody who looks on Wednesday evening.
            count = round(abs(seconds) / size)
        if count:
            words = f"{count} {unit}{'' if count == 1 else 's'}"
            return f"in {words}" if seconds > 0 else f"{words} ago"
    return "in less than a minute" if seconds > 0 else "just now"


@register.simple_tag
def moment(instant: dt.datetime | None, zone: str) -> SafeString:
    """An instant both ways: its date in the zone, and relative beneath."""
    if instant is None:
        return SafeString("–")
    return format_html(
        '<time datetime="{}">{}</time> <span class="quiet">{}</span>',
        instant.isoformat(),
        in_zone(instant, zone),
        relative(instant),
    )


@register.filter
def lookup(mapping: dict[str, object], key: str) -> object:
    """The value of a key that only the template knows."""
    return mapping.get(key, "")
