"""What a run's page tells of its second person."""

from __future__ import annotations

from django import template

from textmanager.organizations.models import Membership
from textmanager.runs.approval import Approval, approval_of
from textmanager.runs.models import Run

register = template.Library()


@register.simple_tag
def approval_for(run: Run, membership: Membership) -> Approval:
    """Whether it waits, and whether this member may let it go."""
    return approval_of(run, membership)
