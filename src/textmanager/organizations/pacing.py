"""The pacing state of a sender, locked and moved on by whoever claims texts for it."""

from __future__ import annotations

import datetime as dt

from textmanager.organizations.models import Organization, Sender


def lock_for_pacing(sender_id: int) -> tuple[Sender, Organization]:
    """Locks a sender and its organization until the transaction ends.

    The organization too, because its allowance is shared by all its senders. NO KEY: messages
    refer to both rows, and writing one must not wait for this.
    """
    organization = Organization.objects.select_for_update(no_key=True).get(senders__pk=sender_id)
    sender = Sender.objects.select_for_update(no_key=True).get(pk=sender_id)
    return sender, organization


def lock_allowance(organization_id: int) -> Organization:
    """Locks an organization until the transaction ends, so that nobody else spends its day."""
    return Organization.objects.select_for_update(no_key=True).get(pk=organization_id)


def keep_pace(sender: Sender, paced_until: dt.datetime) -> None:
    """Writes how far the sender's rate is spoken for."""
    sender.paced_until = paced_until
    sender.save(update_fields=["paced_until"])
