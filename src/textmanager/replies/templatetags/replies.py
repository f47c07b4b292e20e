"""What every page's navigation tells of replies."""

from __future__ import annotations

from django import template

from textmanager.organizations.models import Organization
from textmanager.replies.conversations import unread_total

register = template.Library()


@register.simple_tag
def unread_replies(organization: Organization) -> int:
    """Conversations with something that nobody has read."""
    return unread_total(organization)
