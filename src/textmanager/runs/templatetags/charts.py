"""Pictures of figures as inline SVG; the same figures always stand in a table beside them."""

from __future__ import annotations

from collections.abc import Sequence

from django import template
from django.utils.html import format_html, format_html_join
from django.utils.safestring import SafeString

from textmanager.runs.breakdown import Figure

register = template.Library()

WIDTH = 1000.0


@register.simple_tag
def breakdown_bar(figures: Sequence[Figure]) -> SafeString:
    """One bar, divided by status; nothing for a run without messages."""
    shown = [figure for figure in figures if figure.messages]
    if not shown:
        return SafeString("")
    parts, at = [], 0.0
    for figure in shown:
        width = figure.share * WIDTH
        parts.append(
            (f"{at:.2f}", f"{width:.2f}", figure.key, figure.label, f"{figure.messages:,}")
        )
        at += width
    return format_html(
        '<svg class="bar" viewBox="0 0 1000 36" preserveAspectRatio="none" role="img" '
        'aria-label="{}">{}</svg>',
        ", ".join(f"{figure.label} {figure.messages:,}" for figure in shown),
        format_html_join(
            "",
            '<rect x="{}" y="0" width="{}" height="36" class="fill-{}">'
            "<title>{}: {}</title></rect>",
            parts,
        ),
    )
