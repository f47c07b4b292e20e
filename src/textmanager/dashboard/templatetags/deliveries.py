"""The picture of deliveries by day, as inline SVG; its table stands right behind it."""

from __future__ import annotations

from django import template
from django.utils.html import format_html, format_html_join
from django.utils.safestring import SafeString

from textmanager.runs.deliveries import OUTCOMES, Deliveries, DeliveryDay

register = template.Library()

WIDTH, HEIGHT = 1000.0, 100.0
# The share of a day's width that its bar takes.
BAR = 0.72
STEPS = (1, 2, 5)


@register.simple_tag
def deliveries_chart(deliveries: Deliveries) -> SafeString:
    """One bar a day, stacked by outcome, the top of the scale at its upper edge."""
    top = scale_top(max(day.total for day in deliveries.days))
    each = WIDTH / len(deliveries.days)
    bars = format_html_join(
        "",
        "{}",
        (
            (_bar(day, at=number * each, width=each, top=top),)
            for number, day in enumerate(deliveries.days)
        ),
    )
    total = deliveries.total
    return format_html(
        '<svg class="deliveries" viewBox="0 0 1000 100" preserveAspectRatio="none" role="img" '
        'aria-label="Texts by day: {} delivered, {} sent without a receipt, {} undelivered, '
        '{} failed. The table below has each day.">'
        '<path class="grid" d="M0 0.5H1000M0 50H1000M0 99.5H1000"/>{}</svg>',
        *(f"{getattr(total, name):,}" for name in OUTCOMES),
        bars,
    )


@register.filter
def scale_top(most: int) -> int:
    """The least of 1, 2, 5, 10, 20, 50, … (and at least 10) that holds the tallest bar."""
    power = 10
    while True:
        for step in STEPS:
            if step * power >= most:
                return step * power
        power *= 10


@register.filter
def most_in_a_day(deliveries: Deliveries) -> int:
    return max(day.total for day in deliveries.days)


def _bar(day: DeliveryDay, *, at: float, width: float, top: int) -> SafeString:
    parts, height = [], 0.0
    for name in OUTCOMES:
        part = getattr(day, name) / top * HEIGHT
        if part:
            height += part
            parts.append((f"{HEIGHT - height:.2f}", f"{part:.2f}", name))
    if not parts:
        return SafeString("")
    x, wide = f"{at + width * (1 - BAR) / 2:.2f}", f"{width * BAR:.2f}"
    return format_html(
        "<g><title>{}: {} texts</title>{}</g>",
        f"{day.day:%b} {day.day.day}",
        f"{day.total:,}",
        format_html_join(
            "",
            '<rect x="{}" width="{}" y="{}" height="{}" class="fill-{}"/>',
            ((x, wide, *part) for part in parts),
        ),
    )
