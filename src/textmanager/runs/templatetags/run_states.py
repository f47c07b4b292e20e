"""The tag that says where a run stands, the same on every page."""

from __future__ import annotations

from django import template
from django.utils.html import format_html
from django.utils.safestring import SafeString

from textmanager.runs.models import Run
from textmanager.runs.shown_state import shown_state

register = template.Library()


@register.simple_tag
def state_tag(run: Run) -> SafeString:
    shown = shown_state(run)
    return format_html('<span class="tag state-{}">{}</span>', shown.key, shown.label)
