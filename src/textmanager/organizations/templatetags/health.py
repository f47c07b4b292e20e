"""What every page tells of connections that need a hand."""

from __future__ import annotations

from django import template
from django.utils import timezone

from textmanager.organizations.imis_health import Problem, imis_problem
from textmanager.organizations.models import Organization

register = template.Library()


@register.simple_tag
def imis_trouble(organization: Organization) -> Problem | None:
    """What staff should know of their iMIS; None when all is well."""
    return imis_problem(organization, timezone.now())
