"""Changes an administrator makes to an organization: checked with iMIS and Twilio, then kept."""

from __future__ import annotations

from typing import Any

from django.db import transaction

from textmanager.config.bridge import wait_for
from textmanager.gateway.account import TwilioCredentials, check_account
from textmanager.gateway.directory import AccountSender, list_senders, set_inbound_url
from textmanager.gateway.errors import GatewayError, TwilioRefused
from textmanager.imis.client import ImisClient
from textmanager.imis.errors import ImisError
from textmanager.organizations import audit
from textmanager.organizations.founding import USUAL_PACE
from textmanager.organizations.models import (
    ImisConnection,
    Organization,
    Sender,
    SenderKind,
    TwilioConnection,
    User,
)

UNAUTHORIZED = 401


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
    client = ImisClient(base_url, username, password or connection.password)

    async def sign_in() -> None:
        async with client:
            await client.sign_in()

    try:
        wait_for(sign_in())
    except ImisError as error:
        raise NotAccepted(str(error)) from error
    before = {"base_url": connection.base_url, "username": connection.username}
    connection.base_url, connection.username = base_url, username
    if password:
        connection.set_password(password)
    connection.failing_since, connection.problem = None, ""
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


def connect_twilio(
    organization: Organization,
    *,
    account_sid: str,
    auth_token: str,
    secondary_token: str,
    actor: User,
) -> str:
    """Signs in at Twilio, then keeps the account; returns its name.

    An empty token is the one that is kept already. Raises NotAccepted with Twilio's reason.
    """
    connection = TwilioConnection.objects.filter(organization=organization).first()
    if connection is None:
        connection = TwilioConnection(organization=organization)
    if not auth_token and not connection.auth_token_sealed:
        raise NotAccepted("Enter the auth token.", "auth_token")
    token = auth_token or connection.auth_token
    credentials = TwilioCredentials(account_sid, token, base_url=connection.base_url)
    try:
        account = wait_for(check_account(credentials))
    except TwilioRefused as error:
        if error.status == UNAUTHORIZED:
            raise NotAccepted(
                "Twilio does not know this account SID with this auth token. Copy both from "
                "Twilio's console once more.",
                "auth_token",
            ) from error
        raise NotAccepted(f"Twilio: {error}") from error
    except GatewayError as error:
        raise NotAccepted(f"Twilio cannot be asked: {error}") from error
    if account.status != "active":
        raise NotAccepted(f"The account {account.friendly_name} is {account.status}.")
    before = {"account_sid": connection.account_sid}
    connection.account_sid = account_sid
    connection.failing_since, connection.problem = None, ""
    connection.set_auth_token(token)
    if secondary_token:
        connection.set_secondary_token(secondary_token)
    with transaction.atomic():
        connection.save()
        audit.record(
            organization=organization,
            actor=actor,
            action="connected Twilio",
            subject=organization,
            before=before,
            after={"account_sid": account_sid, "auth_token": bool(auth_token)},
        )
    return account.friendly_name


@transaction.atomic
def add_sender(organization: Organization, found: AccountSender, kind: str, actor: User) -> Sender:
    """Lets campaigns send from a number or service of the account, at its kind's usual pace.

    `kind` is one of SenderKind; Twilio does not tell it for a service. Raises NotAccepted.
    """
    if kind not in SenderKind.values:
        raise NotAccepted("Choose what kind of sender it is.")
    is_service = found.kind == "service"
    sender, _ = Sender.objects.get_or_create(
        organization=organization,
        number="" if is_service else found.address,
        messaging_service_sid=found.address if is_service else "",
        defaults={
            "name": found.name[:100],
            "kind": kind,
            "segments_per_second": USUAL_PACE[SenderKind(kind)],
        },
    )
    if not sender.is_active:
        sender.is_active = True
        sender.save(update_fields=["is_active"])
    audit.record(organization=organization, actor=actor, action="added sender", subject=sender)
    return sender


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


def find_in_account(credentials: TwilioCredentials, sid: str) -> AccountSender:
    """A number or service of the account, as Twilio has it now. Raises NotAccepted."""
    try:
        senders = wait_for(list_senders(credentials))
    except GatewayError as error:
        raise NotAccepted(f"Twilio cannot be asked: {error}") from error
    found = next((each for each in senders if each.sid == sid), None)
    if found is None:
        raise NotAccepted("The account has no such sender any more.")
    return found


def receive_texts(
    organization: Organization,
    credentials: TwilioCredentials,
    sender: AccountSender,
    url: str,
    *,
    instead_of: str,
    actor: User,
) -> None:
    """Lets a sender's inbound texts come to `url`, in place of `instead_of`, which somebody saw.

    Raises NotAccepted when they go somewhere else by now, or when Twilio refuses.
    """
    if sender.inbound_url not in {"", url, instead_of}:
        raise NotAccepted(
            f"Its texts go to {sender.inbound_url} by now. Look once more, then decide."
        )
    try:
        wait_for(set_inbound_url(credentials, sender, url))
    except GatewayError as error:
        raise NotAccepted(f"Twilio: {error}") from error
    audit.record(
        organization=organization,
        actor=actor,
        action="set inbound address",
        subject=organization,
        before={"sender": sender.address, "url": sender.inbound_url},
        after={"sender": sender.address, "url": url},
    )


def _plain(value: object) -> object:
    return value if isinstance(value, str | int | float | list | bool | None) else str(value)
