"""Senders, for those who send."""

from __future__ import annotations

from textmanager.organizations.models import Sender


def sender_with_organization(sender_id: int) -> Sender:
    """A sender and, already read, the organization that it belongs to."""
    return Sender.objects.select_related("organization").get(pk=sender_id)
