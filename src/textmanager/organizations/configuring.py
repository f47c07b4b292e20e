"""Changes an administrator makes to an organization: checked with iMIS and Twilio, then kept."""

from __future__ import annotations

from typing import Any

from django.db import transaction
from django.utils import timezone

from textmanager.config.bridge import wait_for
from textmanager.imis.client import ImisClient
from textmanager.imis.errors import ImisError
from textmanager.organizations import audit
from textmanager.organizations.models import (
    ImisConnection,
    Organization,
    Sender,
    User,
)
from textmanager.organizations.secrets import UNREADABLE, SecretUnreadable


class NotAccepted(Exception):
    """iMIS or Twilio does not accept what was entered; `field` is where, if that is known."""

    def __init__(self, words: str, field: str | None = None) -> None:
        super().__init__(words)
        self.field = field


@transaction.atomic
def save_organization(organization: Organization, changes: dict[str, Any], actor: User) -> None:
    """Keeps the changed fields. `changes` were validated by the form."""
    before = {name: _plain(getattr(organization, name)) for name in changes}
    for name, value in changes.items():
        setattr(organization, name, value)
    organization.save(update_fields=list(changes))
    audit.record(
        organization=organization,
        actor=actor,
        action="changed settings",
        subject=organization,
        before=before,
        after={name: _plain(value) for name, value in changes.items()},
    )


def connect_imis(
    organization: Organization, *, base_url: str, username: str, password: str, actor: User
) -> None:
    """Signs in at iMIS, then keeps the account; an empty password is the one that is kept already.

    Raises NotAccepted with iMIS's reason.
    """
    connection = ImisConnection.objects.filter(organization=organization).first()
    if connection is None:
        connection = ImisConnection(organization=organization)
    if not password and not connection.password_sealed:
        raise NotAccepted("Enter the password.", "password")
    try:
        client = ImisClient(base_url, username, password or connection.password)
    except SecretUnreadable as error:
        raise NotAccepted(f"{UNREADABLE} Enter the password anew.", "password") from error

    async def sign_in() -> None:
        async with client:
            # Somebody has just typed this: it is tried although it may have been refused before.
            await client.sign_in(insist=True)

    try:
        wait_for(sign_in())
    except ImisError as error:
        raise NotAccepted(str(error)) from error
    before = {"base_url": connection.base_url, "username": connection.username}
    connection.set_site(base_url, username)
    if password:
        connection.set_password(password)
    connection.failing_since, connection.problem, connection.refused_at = None, "", None
    connection.last_success_at = timezone.now()
    with transaction.atomic():
        connection.save()
        audit.record(
            organization=organization,
            actor=actor,
            action="connected iMIS",
            subject=organization,
            before=before,
            after={"base_url": base_url, "username": username, "password": bool(password)},
        )


@transaction.atomic
def save_sender(sender: Sender, changes: dict[str, Any], actor: User) -> None:
    """Keeps a sender's name, pace, cap and whether it is used."""
    before = {name: _plain(getattr(sender, name)) for name in changes}
    for name, value in changes.items():
        setattr(sender, name, value)
    sender.save(update_fields=list(changes))
    audit.record(
        organization=sender.organization,
        actor=actor,
        action="changed sender",
        subject=sender,
        before=before,
        after={name: _plain(value) for name, value in changes.items()},
    )


def _plain(value: object) -> object:
    return value if isinstance(value, str | int | float | list | bool | None) else str(value)
