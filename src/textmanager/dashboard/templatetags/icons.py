"""Small pictures as inline SVG; what they stand for is always said in words beside them."""

from __future__ import annotations

from django import template
from django.utils.html import format_html
from django.utils.safestring import SafeString

register = template.Library()

# Strokes on a field of 24 by 24.
_PATHS = {
    "home": "M4 11.2 12 4l8 7.2V20h-5.5v-5.5h-5V20H4z",
    "campaigns": "M4 10v4.5h3.2L17 19V5.5L7.2 10zM7.2 14.5 8.8 20h2.6l-1.2-4.2M20 10.2v4",
    "replies": "M4 5.5h16v11h-9L6.8 20v-3.5H4zM8 9.5h8M8 12.7h5",
    "opt-outs": "M12 3.8a8.2 8.2 0 1 0 0 16.4 8.2 8.2 0 0 0 0-16.4zM6.2 6.2l11.6 11.6",
    "settings": "M4 7h9M17.5 7H20M4 12h2.5M11 12h9M4 17h7M15.5 17H20M15.2 4.8v4.4M8.8 9.8v4.4"
    "M13.2 14.8v4.4",
    "organization": "M4.5 20V5.5h9V20M13.5 10h6v10M3 20h18M7.5 9h3M7.5 12.5h3M7.5 16h3M16.5 13.5h0"
    "M16.5 16.8h0",
    "fold": "M4 5h16v14H4zM9.5 5v14M15.5 9.5 13 12l2.5 2.5",
    "calendar": "M4.5 6h15v13.5h-15zM4.5 10.5h15M8.5 3.8V7M15.5 3.8V7",
    "lost": "M4 5.5h16v11h-9L6.8 20v-3.5H4zM10 8.6a2.1 2.1 0 1 1 2.8 2c-.6.2-.8.6-.8 1.2M12 13.8h0",
    "key": "M8 11a3.8 3.8 0 1 1 3.6 5A3.8 3.8 0 0 1 8 11zM8.8 14.6 4 19.4M6 17.4l1.8 1.8",
}


@register.simple_tag
def icon(name: str) -> SafeString:
    """An icon by its name; it is hidden from screen readers."""
    return format_html(
        '<svg class="icon" viewBox="0 0 24 24" aria-hidden="true"><path d="{}"/></svg>',
        _PATHS[name],
    )
