"""Changes who belongs to an organization and what they may do; an administrator always stays."""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass
from typing import Any

from django.core.exceptions import ValidationError
from django.core.validators import validate_email
from django.db import transaction

from textmanager.organizations import audit
from textmanager.organizations.models import Membership, Organization, Role, User

# A request writes when its person was seen no oftener than this.
SEEN_TO = dt.timedelta(minutes=5)


class NotAllowed(Exception):
    """The change would lock people out; the message says how."""


@dataclass(frozen=True)
class Person:
    """A member as the page shows them."""

    membership: Membership
    is_me: bool

    @property
    def how(self) -> str:
        imis = self.membership.user.imis_username
        return f"As {imis} of iMIS" if imis else "With a password here"


def members(organization: Organization, me: User) -> list[Person]:
    """Everybody of the organization, administrators first."""
    order = list(Role)
    found = organization.memberships.select_related("user").order_by("user__username")
    people = [Person(each, each.user_id == me.pk) for each in found]
    return sorted(people, key=lambda each: -order.index(Role(each.membership.role)))


def note_seen(membership: Membership, now: dt.datetime) -> None:
    """Keeps when a member was here last, to a few minutes."""
    seen = membership.last_seen_at
    if seen is None or now - seen > SEEN_TO:
        Membership.objects.filter(pk=membership.pk).update(last_seen_at=now)


@transaction.atomic
def change_member(
    *, organization: Organization, membership_id: int, role: Role, email: str, actor: User
) -> Membership:
    """Gives a member another role, or another address for mail, from their next request on.

    Raises NotAllowed, ValidationError for an address that is none, Membership.DoesNotExist.
    """
    membership = _locked(organization, membership_id)
    if email:
        validate_email(email)
    if membership.role == Role.ADMIN and role != Role.ADMIN:
        if membership.user_id == actor.pk:
            raise NotAllowed("Another administrator has to take your role from you.")
        _keep_an_administrator(organization, membership)
    before = {"role": membership.role, "email": membership.email}
    membership.role, membership.email = role, email
    membership.save(update_fields=["role", "email"])
    if membership.user_id == actor.pk and not actor.imis_username:
        # Their own word for it, so that a forgotten password can be mailed there.
        User.objects.filter(pk=actor.pk).update(email=email)
    _tell(membership, actor, "changed member", before=before, after={"role": role, "email": email})
    return membership


@transaction.atomic
def remove_member(*, organization: Organization, membership_id: int, actor: User) -> Membership:
    """Takes a person out of the organization; what they did stays under their name.

    Raises NotAllowed, Membership.DoesNotExist.
    """
    membership = _locked(organization, membership_id)
    if membership.user_id == actor.pk:
        raise NotAllowed("You cannot remove yourself. Another administrator can.")
    _keep_an_administrator(organization, membership)
    _tell(membership, actor, "removed member", before={"role": membership.role})
    Membership.objects.filter(pk=membership.pk).delete()
    return membership


@transaction.atomic
def add_staff(
    *, organization: Organization, imis_username: str, role: Role, actor: User
) -> Membership:
    """Lets an iMIS staff user in with a role, before their first sign-in or after a removal.

    Raises ValidationError.
    """
    imis_username = imis_username.strip()
    if not imis_username:
        raise ValidationError("Enter the user name in iMIS.")
    user, is_new = User.objects.get_or_create(
        username=staff_username(organization, imis_username),
        defaults={"imis_username": imis_username},
    )
    if is_new:
        user.set_unusable_password()
        user.save(update_fields=["password"])
    membership, is_new = Membership.objects.get_or_create(
        organization=organization, user=user, defaults={"role": role}
    )
    if not is_new:
        raise ValidationError(f"{imis_username} belongs to the organization already.")
    _tell(membership, actor, "added member", after={"role": role})
    return membership


def staff_username(organization: Organization, imis_username: str) -> str:
    """The name here of a user of the organization's iMIS."""
    return f"{imis_username.lower()}@{organization.cloud_id}"[:150]


def approvers(organization: Organization) -> list[Membership]:
    """Those who may approve, by name."""
    found = organization.memberships.filter(role__in=[Role.APPROVER, Role.ADMIN])
    return list(found.select_related("user").order_by("user__username"))


def mail_address(membership: Membership) -> str:
    """Where a member is mailed to; empty when nobody has told."""
    return membership.email or membership.user.email


def _locked(organization: Organization, membership_id: int) -> Membership:
    # The organization's row, so that two administrators cannot take each other's role at once.
    Organization.objects.select_for_update().get(pk=organization.pk)
    return Membership.objects.select_related("user", "organization").get(
        pk=membership_id, organization=organization
    )


def _keep_an_administrator(organization: Organization, without: Membership) -> None:
    others = organization.memberships.filter(role=Role.ADMIN).exclude(pk=without.pk)
    if without.role == Role.ADMIN and not others.exists():
        raise NotAllowed("This is the last administrator. Make somebody else one first.")


def _tell(
    membership: Membership,
    actor: User,
    action: str,
    *,
    before: dict[str, Any] | None = None,
    after: dict[str, Any] | None = None,
) -> None:
    audit.record(
        organization=membership.organization,
        actor=actor,
        action=action,
        subject=membership.user,
        before=before,
        after=after,
    )
