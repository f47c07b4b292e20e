"""The navigation of the settings pages."""

from __future__ import annotations

from dataclasses import dataclass

from django import template
from django.urls import NoReverseMatch, reverse

register = template.Library()

PAGES = (
    ("index", "Overview"),
    ("organization", "Organization"),
    ("imis", "iMIS"),
    ("twilio", "Twilio and senders"),
    ("activity-types", "Activity types"),
    ("people", "People"),
    ("mail", "Mail"),
    ("appearance", "Appearance"),
    ("safety", "Safety"),
    ("trail", "Audit trail"),
    ("check", "Set-up check"),
)


@dataclass(frozen=True)
class SettingsPage:
    address: str
    title: str
    is_here: bool


@register.simple_tag(takes_context=True)
def settings_pages(context: template.Context) -> list[SettingsPage]:
    """Every page that there is, and which one this is; what lies below a page belongs to it."""
    here = context["request"].path
    pages = []
    for name, title in PAGES:
        address = settings_address(name)
        if address:
            is_here = here == address or (name != "index" and here.startswith(address))
            pages.append(SettingsPage(address, title, is_here))
    return pages


@register.filter
def settings_address(name: str) -> str:
    """Where a page of the settings is; empty for one that this installation does not have."""
    try:
        return reverse(f"settings:{name}")
    except NoReverseMatch:
        return ""
