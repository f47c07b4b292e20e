"""What the frame of every page shows: what needs a hand, and how much is unread."""

from __future__ import annotations

from django import template
from django.template.context import Context

from textmanager.dashboard.attention import Banner, banners
from textmanager.dashboard.facts import facts_of

register = template.Library()


@register.simple_tag(takes_context=True)
def needing_a_hand(context: Context) -> list[Banner]:
    """The banners for the page, without those that it shows in a better way itself."""
    request = context["request"]
    shown_anyway = context.get("banners_shown_anyway") or ()
    told = banners(facts_of(request), request.membership)
    return [banner for banner in told if banner.key not in shown_anyway]


@register.simple_tag(takes_context=True)
def unread_conversations(context: Context) -> int:
    return facts_of(context["request"]).unread
