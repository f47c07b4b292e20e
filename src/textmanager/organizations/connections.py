"""Opens an organization's connections to iMIS and Twilio."""

from __future__ import annotations

from textmanager.gateway.sender import TwilioCredentials
from textmanager.imis.client import ImisClient
from textmanager.organizations.models import ImisConnection, Organization, TwilioConnection


class NotConnected(Exception):
    """The organization has not been connected yet; the message says to what."""


def imis_client(organization_id: int) -> ImisClient:
    """A client for the organization's iMIS, signed in as its background account when used.

    Reads the database; enter the client (`async with`) where it is awaited. Raises NotConnected.
    """
    connection = ImisConnection.objects.filter(organization_id=organization_id).first()
    if connection is None:
        raise NotConnected("This organization is not connected to iMIS yet.")
    return ImisClient(connection.base_url, connection.username, connection.password)


def imis_address(organization: Organization) -> str:
    """Where staff reach the organization's iMIS; empty before it is connected."""
    try:
        return organization.imis.base_url
    except ImisConnection.DoesNotExist:
        return ""


def twilio_credentials(organization_id: int) -> TwilioCredentials:
    """Reads the database. Raises NotConnected."""
    connection = TwilioConnection.objects.filter(organization_id=organization_id).first()
    if connection is None:
        raise NotConnected("This organization is not connected to Twilio yet.")
    return connection.credentials()


def webhook_tokens(cloud_id: str) -> tuple[int, tuple[str, ...]] | None:
    """The organization of a webhook address, and the tokens that may sign for it."""
    row = (
        Organization.objects.filter(cloud_id=cloud_id, twilio__isnull=False)
        .select_related("twilio")
        .first()
    )
    return None if row is None else (row.pk, row.twilio.signing_tokens)
