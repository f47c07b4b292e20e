"""Senders, for those who send."""

from __future__ import annotations

from collections.abc import Collection

from django.db.models import QuerySet

from textmanager.organizations.models import Sender


def sender_with_organization(sender_id: int) -> Sender:
    """A sender and, already read, the organization that it belongs to with its connection."""
    return Sender.objects.select_related("organization__twilio").get(pk=sender_id)


def sender_at(organization_id: int, number: str) -> Sender | None:
    """The organization's sender with this very number, in use or not, its organization read."""
    senders = Sender.objects.select_related("organization")
    return senders.filter(organization_id=organization_id, number=number).first()


def senders_in_use(organization_id: int) -> QuerySet[Sender]:
    """The oldest first."""
    return Sender.objects.filter(organization_id=organization_id, is_active=True).order_by("pk")


def fit_senders(organization_id: int) -> QuerySet[Sender]:
    """Those in use from which texts can leave, as far as Twilio has said."""
    return senders_in_use(organization_id).filter(unfit_because="")


def why_out_of_use(sender: Sender) -> str:
    """Why nothing may leave from it, in words for staff; empty while staff have it in use."""
    if sender.is_active:
        return ""
    return f"Campaigns may not send from “{sender.name}” any more."


def addresses_of(organization_id: int) -> list[str]:
    """The numbers and Messaging Services of every sender, used or not: people answer late."""
    senders = Sender.objects.filter(organization_id=organization_id).order_by("pk")
    return [each.number or each.messaging_service_sid for each in senders]


def senders_by_id(ids: Collection[int]) -> dict[int, Sender]:
    return Sender.objects.in_bulk(list(ids))
