"""Signs people in: staff by their iMIS password, administrators by a local one."""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass

from django.contrib.auth import authenticate
from django.db import transaction
from django.utils import timezone

from textmanager.config.bridge import wait_for
from textmanager.imis.client import sign_in_staff
from textmanager.imis.errors import ImisError, ImisSignInRefused
from textmanager.organizations import audit
from textmanager.organizations.models import FailedSignIn, Membership, Organization, User
from textmanager.organizations.people import staff_username

LOOK_BACK = dt.timedelta(minutes=15)
FAILURES_A_NAME = 5
# Many people may share an office's address.
FAILURES_AN_ADDRESS = 50
REFUSED = "Cloud ID, user name or password is not right."


class SignInRefused(Exception):
    """The person is not let in; the message says why, in words for them."""


@dataclass(frozen=True)
class SignedIn:
    """Who came in. `organization` is None for a local account with several, or none."""

    user: User
    organization: Organization | None


def sign_in(*, cloud_id: str, username: str, password: str, address: str) -> SignedIn:
    """Checks a sign-in. A blank Cloud ID means a local account of this installation.

    Raises SignInRefused. Failures count against the name and against the address; after too
    many of them every sign-in is refused for a while, right password or not.
    """
    cloud_id, username = cloud_id.strip().lower(), username.strip()
    limits = limits_of("name", username, address, cloud_id=cloud_id)
    refuse_after_too_many(limits, "Too many sign-ins have failed.")
    try:
        signed_in = (
            _with_imis_password(cloud_id, username, password)
            if cloud_id
            else _with_local_password(username, password)
        )
    except SignInRefused as refused:
        if not isinstance(refused.__cause__, ImisError) or isinstance(
            refused.__cause__, ImisSignInRefused
        ):
            count_attempt(limits)
        raise
    forgive("name", username, cloud_id=cloud_id)
    return signed_in


def limits_of(what: str, username: str, address: str, *, cloud_id: str = "") -> dict[str, int]:
    """What an attempt counts against, each with how often is too often within LOOK_BACK."""
    return {
        _key(what, username, cloud_id): FAILURES_A_NAME,
        f"address:{address}": FAILURES_AN_ADDRESS,
    }


def _key(what: str, username: str, cloud_id: str) -> str:
    return f"{what}:{cloud_id}/{username.strip().lower()}"[:250]


def count_attempt(limits: dict[str, int]) -> None:
    """Notes an attempt that failed, or that may not be made often."""
    FailedSignIn.objects.bulk_create([FailedSignIn(key=key) for key in limits])


def forgive(what: str, username: str, *, cloud_id: str = "") -> None:
    """Forgets what failed under a name: the person has shown who they are."""
    FailedSignIn.objects.filter(key=_key(what, username, cloud_id)).delete()


def refuse_after_too_many(limits: dict[str, int], words: str) -> None:
    """Raises SignInRefused, beginning with `words`."""
    since = timezone.now() - LOOK_BACK
    for key, limit in limits.items():
        if FailedSignIn.objects.filter(key=key, at__gte=since).count() >= limit:
            minutes = int(LOOK_BACK.total_seconds() // 60)
            raise SignInRefused(f"{words} Wait {minutes} minutes, then try again.")


def _with_local_password(username: str, password: str) -> SignedIn:
    user = authenticate(username=username, password=password)
    if not isinstance(user, User):
        raise SignInRefused(REFUSED)
    memberships = list(user.memberships.select_related("organization")[:2])
    return SignedIn(user, memberships[0].organization if len(memberships) == 1 else None)


def _with_imis_password(cloud_id: str, username: str, password: str) -> SignedIn:
    organization = (
        Organization.objects.select_related("imis")
        .filter(cloud_id=cloud_id, imis__isnull=False)
        .first()
    )
    if organization is None:
        raise SignInRefused(REFUSED)
    try:
        staff = wait_for(sign_in_staff(organization.imis.base_url, username, password))
    except ImisSignInRefused as error:
        raise SignInRefused(str(error)) from error
    except ImisError as error:
        raise SignInRefused(f"You cannot be signed in just now. {error}") from error
    return SignedIn(_staff_member(organization, staff.username), organization)


def _staff_member(organization: Organization, imis_username: str) -> User:
    """The user of an iMIS staff account. Their first sign-in gives them the usual role."""
    with transaction.atomic():
        user, is_new = User.objects.get_or_create(
            username=staff_username(organization, imis_username),
            defaults={"imis_username": imis_username},
        )
        if is_new:
            user.set_unusable_password()
            user.save(update_fields=["password"])
            role = organization.staff_role
            Membership.objects.create(organization=organization, user=user, role=role)
            audit.record(
                organization=organization,
                actor=user,
                action="joined",
                subject=user,
                after={"role": role},
            )
    if not user.is_active:
        raise SignInRefused("Your account here is switched off. Ask your administrator.")
    return user


def forget_old_failures() -> None:
    """Deletes failures that no limit looks back to any more."""
    FailedSignIn.objects.filter(at__lt=timezone.now() - LOOK_BACK).delete()
