"""Brings an organization's own color to its pages."""

from __future__ import annotations

from django import template
from django.urls import reverse
from django.utils.html import format_html
from django.utils.safestring import SafeString

from textmanager.organizations import appearance
from textmanager.organizations.models import Organization

register = template.Library()


@register.simple_tag
def appearance_link(organization: Organization) -> SafeString:
    """The stylesheet of its color; nothing while it has none."""
    if not organization.accent:
        return SafeString("")
    return format_html(
        '<link rel="stylesheet" href="{}?v={}">',
        reverse("appearance"),
        appearance.version(organization.accent),
    )
