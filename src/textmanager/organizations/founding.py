"""Creates an organization with its connections, a sender and a local administrator."""

from __future__ import annotations

from dataclasses import dataclass, field

from django.core.exceptions import ValidationError
from django.db import transaction

from textmanager.gateway.account import TwilioCredentials
from textmanager.organizations import audit
from textmanager.organizations.models import (
    ImisConnection,
    Membership,
    Organization,
    Role,
    Sender,
    SenderKind,
    TwilioConnection,
    User,
)

# Segments a second that Twilio and the carriers allow each kind, until told otherwise.
USUAL_PACE = {
    SenderKind.TOLL_FREE: 3.0,
    SenderKind.TEN_DLC: 1.0,
    SenderKind.SHORT_CODE: 100.0,
    SenderKind.LONG_CODE: 1.0,
}


@dataclass(frozen=True)
class ImisAccount:
    """Where an iMIS is and the background account that reads and writes there."""

    base_url: str
    username: str
    password: str = field(repr=False)


@dataclass(frozen=True)
class NewSender:
    """`address` is a number or the SID of a Messaging Service; a pace of None is the usual one."""

    name: str
    kind: SenderKind
    address: str
    segments_per_second: float | None = None


@transaction.atomic
def found_organization(
    *,
    cloud_id: str,
    name: str,
    time_zone: str,
    imis: ImisAccount,
    twilio: TwilioCredentials,
) -> Organization:
    """A new organization, connected. Raises django.core.exceptions.ValidationError."""
    organization = Organization(cloud_id=cloud_id, name=name, time_zone=time_zone)
    organization.full_clean()
    organization.save()
    connect_imis(organization, imis)
    connect_twilio(organization, twilio)
    audit.record(organization=organization, actor=None, action="founded", subject=organization)
    return organization


def find_organization(cloud_id: str) -> Organization | None:
    return Organization.objects.filter(cloud_id=cloud_id.strip().lower()).first()


def existing_organization(cloud_id: str) -> Organization:
    """The one with this Cloud ID. Raises django.core.exceptions.ValidationError."""
    organization = find_organization(cloud_id)
    if organization is None:
        raise ValidationError(f"No organization has the Cloud ID {cloud_id}.")
    return organization


def organization_with_id(organization_id: int) -> Organization:
    return Organization.objects.get(pk=organization_id)


def all_organizations() -> list[Organization]:
    return list(Organization.objects.order_by("cloud_id"))


def connect_imis(organization: Organization, account: ImisAccount) -> None:
    """Writes how the organization's iMIS is reached, in place of what was there.

    Raises django.core.exceptions.ValidationError.
    """
    connection = ImisConnection.objects.filter(organization=organization).first()
    connection = connection or ImisConnection(organization=organization)
    connection.set_site(account.base_url.strip().rstrip("/"), account.username)
    connection.set_password(account.password)
    connection.full_clean()
    connection.save()


def connect_twilio(
    organization: Organization, credentials: TwilioCredentials, *, secondary_token: str = ""
) -> None:
    """Writes how the organization's Twilio account is reached, in place of what was there.

    `secondary_token` may sign webhooks too: the account's second one, while they are changed.
    Raises django.core.exceptions.ValidationError.
    """
    connection = TwilioConnection.objects.filter(organization=organization).first()
    connection = connection or TwilioConnection(organization=organization)
    connection.account_sid = credentials.account_sid
    connection.base_url = credentials.base_url
    connection.set_auth_token(credentials.auth_token)
    connection.set_secondary_token(secondary_token)
    connection.set_api_key(credentials.api_key_sid, credentials.api_key_secret)
    connection.full_clean()
    connection.save()


def add_sender(organization: Organization, new: NewSender) -> Sender:
    """Raises django.core.exceptions.ValidationError."""
    is_service = new.address.startswith("MG")
    sender = Sender(
        organization=organization,
        name=new.name,
        kind=new.kind,
        number="" if is_service else new.address,
        messaging_service_sid=new.address if is_service else "",
        segments_per_second=new.segments_per_second or USUAL_PACE[new.kind],
    )
    sender.full_clean()
    sender.save()
    return sender


def add_local_administrator(organization: Organization, username: str, password: str) -> User:
    """An account that signs in without a Cloud ID. One of that name joins with its password."""
    user = User.objects.filter(username=username).first()
    if user is None:
        user = User.objects.create_user(username=username, password=password)
    return _join(organization, user, Role.ADMIN)


def add_staff_administrator(organization: Organization, imis_username: str) -> User:
    """An iMIS staff user who is an administrator from the first sign-in, not just an author."""
    user = User(
        username=f"{imis_username.lower()}@{organization.cloud_id}", imis_username=imis_username
    )
    user.set_unusable_password()
    user.save()
    return _join(organization, user, Role.ADMIN)


def _join(organization: Organization, user: User, role: Role) -> User:
    Membership.objects.get_or_create(organization=organization, user=user, defaults={"role": role})
    audit.record(organization=organization, actor=None, action="joined", subject=user)
    return user
