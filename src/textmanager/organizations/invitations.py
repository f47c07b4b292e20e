"""Invites people who have no iMIS account: a link by mail that sets a password, once."""

from __future__ import annotations

import datetime as dt

from django.conf import settings
from django.contrib.auth.password_validation import validate_password
from django.core import signing
from django.core.mail import send_mail
from django.core.validators import validate_email
from django.db import transaction
from django.urls import reverse
from django.utils import timezone

from textmanager.organizations import audit
from textmanager.organizations.mailing import MAIL_TROUBLE, in_words, subject_line
from textmanager.organizations.models import Invitation, Membership, Organization, Role, User
from textmanager.organizations.sign_in import sign_in

LIVES = dt.timedelta(days=7)
SALT = "textmanager.invitation"


class NotInvited(Exception):
    """The invitation cannot be sent, or its link used; the message says why."""


def open_invitations(organization: Organization) -> list[Invitation]:
    """Those that wait, the newest first; what has run out is told by `has_run_out`."""
    return list(
        organization.invitations.filter(ended_at=None)
        .select_related("invited_by")
        .order_by("-created_at")
    )


def has_run_out(invitation: Invitation, now: dt.datetime) -> bool:
    return now - invitation.created_at > LIVES


def invite(*, organization: Organization, email: str, role: Role, actor: User) -> Invitation:
    """Mails a link; an earlier one to the same address stops working.

    Raises ValidationError for an address that is none, NotInvited with the mail server's answer.
    """
    email = email.strip().lower()
    validate_email(email)
    if organization.memberships.filter(user__username=email).exists():
        raise NotInvited(f"{email} belongs to the organization already.")
    invitation = _write(organization, email, role, actor)
    try:
        send_mail(
            subject=subject_line(f"{organization.name} invites you to Text Manager"),
            message=(
                f"{actor.get_username()} invites you to the text campaigns of "
                f"{organization.name}.\n\nSet your password here, within {LIVES.days} days:\n"
                f"{link(invitation)}\n\nIf you do not know what this is about, do nothing.\n"
            ),
            from_email=None,
            recipient_list=[email],
        )
    except MAIL_TROUBLE as error:
        withdraw(organization=organization, invitation_id=invitation.pk, actor=actor)
        raise NotInvited(f"The invitation cannot be mailed. {in_words(error)}") from error
    return invitation


@transaction.atomic
def _write(organization: Organization, email: str, role: Role, actor: User) -> Invitation:
    # The lock makes the second of two presses wait, and then end the first one's link.
    Organization.objects.select_for_update().get(pk=organization.pk)
    organization.invitations.filter(email=email, ended_at=None).update(ended_at=timezone.now())
    invitation = Invitation.objects.create(
        organization=organization, email=email, role=role, invited_by=actor
    )
    audit.record(
        organization=organization,
        actor=actor,
        action="invited",
        subject=invitation,
        after={"role": role},
    )
    return invitation


@transaction.atomic
def withdraw(*, organization: Organization, invitation_id: int, actor: User) -> None:
    """Makes a link worthless. Raises Invitation.DoesNotExist."""
    invitation = Invitation.objects.select_for_update(of=("self",)).get(
        pk=invitation_id, organization=organization
    )
    if invitation.ended_at is not None:
        return
    invitation.ended_at = timezone.now()
    invitation.save(update_fields=["ended_at"])
    audit.record(
        organization=organization, actor=actor, action="withdrew invitation", subject=invitation
    )


def link(invitation: Invitation) -> str:
    """The address in the mail. Its token is signed, and tells nothing but a number."""
    token = signing.dumps(invitation.pk, salt=SALT)
    return settings.PUBLIC_URL + reverse("accept-invitation", args=[token])


def invitation_of(token: str) -> Invitation:
    """The invitation whose link this is. Raises NotInvited for what is no link (any more)."""
    try:
        key = signing.loads(token, salt=SALT, max_age=LIVES)
    except signing.SignatureExpired:
        raise NotInvited("This link has run out. Ask for a new one.") from None
    except signing.BadSignature:
        raise NotInvited("This link is not whole. Copy it from the mail once more.") from None
    invitation = Invitation.objects.select_related("organization").filter(pk=key).first()
    if invitation is None or invitation.ended_at is not None:
        raise NotInvited("This link was used or withdrawn. Sign in, or ask for a new one.")
    return invitation


def has_account(invitation: Invitation) -> bool:
    """Whether the person signs in here already, for another organization."""
    return User.objects.filter(username=invitation.email).exists()


def accept(token: str, *, password: str, address: str) -> tuple[User, Organization]:
    """Makes the account, or adds to the one that is there after its own password was given.

    Raises NotInvited; ValidationError for a password that is too easy; SignInRefused for a wrong
    one of an account that is there.
    """
    invitation = invitation_of(token)
    is_known = has_account(invitation)
    if is_known:
        sign_in(cloud_id="", username=invitation.email, password=password, address=address)
    else:
        validate_password(password, User(username=invitation.email, email=invitation.email))
    return _join(invitation.pk, password, is_known=is_known), invitation.organization


@transaction.atomic
def _join(invitation_id: int, password: str, *, is_known: bool) -> User:
    """`is_known` says that the password is the one of the account that is there."""
    invitation = (
        Invitation.objects.select_for_update(of=("self",))
        .select_related("organization")
        .get(pk=invitation_id)
    )
    # Two who open the link at once: the second one finds it used.
    if invitation.ended_at is not None:
        raise NotInvited("This link was used or withdrawn. Sign in, or ask for a new one.")
    invitation.ended_at = timezone.now()
    invitation.save(update_fields=["ended_at"])
    user = _account(invitation.email, password, is_known=is_known)
    Membership.objects.get_or_create(
        organization=invitation.organization,
        user=user,
        defaults={"role": invitation.role, "email": invitation.email},
    )
    audit.record(
        organization=invitation.organization,
        actor=user,
        action="joined",
        subject=user,
        after={"role": invitation.role},
    )
    return user


def _account(email: str, password: str, *, is_known: bool) -> User:
    """The account that is there, or a new one; never one whose password nobody has given."""
    if is_known:
        return User.objects.get(username=email)
    # Made meanwhile by another invitation: its password is not the one that was chosen here.
    user, is_new = User.objects.get_or_create(username=email, defaults={"email": email})
    if not is_new:
        raise NotInvited("You have an account here by now. Open the link once more to join.")
    user.set_password(password)
    user.save(update_fields=["password"])
    return user
