"""Lets people with a local account choose a new password: by a link that is mailed, once.

iMIS staff have no password here. Who asks is never told whether an account exists: the answer,
and what is done before it, are the same for every name.
"""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass

from django.conf import settings
from django.contrib.auth.password_validation import validate_password
from django.contrib.auth.tokens import default_token_generator
from django.core.exceptions import ValidationError
from django.core.mail import send_mail
from django.core.validators import validate_email
from django.db import transaction
from django.urls import reverse
from django.utils.http import base36_to_int, int_to_base36

from textmanager.config.bridge import in_database
from textmanager.config.jobs import defer_once, jobs
from textmanager.config.retries import Patience, tried_again
from textmanager.organizations import audit
from textmanager.organizations.mailing import subject_line, tell
from textmanager.organizations.models import Organization, User
from textmanager.organizations.sign_in import (
    count_attempt,
    forgive,
    limits_of,
    refuse_after_too_many,
)

MINUTES = settings.PASSWORD_RESET_TIMEOUT // 60
# Whoever waits for the link looks for an hour at most.
PATIENCE = Patience(first=dt.timedelta(minutes=1), longest=dt.timedelta(minutes=10), tries=8)


class NoLink(Exception):
    """The link sets no password (any more); the message says why."""


@dataclass(frozen=True)
class Renewed:
    """Whose password is new. `organization` is None for somebody with several, or none."""

    user: User
    organization: Organization | None


@transaction.atomic
def ask_for_link(*, username: str, address: str) -> None:
    """Lets a worker mail a link, if there is such an account and it has an address.

    Each time counts as a failed sign-in does; raises SignInRefused after too many.
    """
    limits = limits_of("reset", username, address)
    refuse_after_too_many(limits, "Too many links were asked for.")
    count_attempt(limits)
    _defer(_local_account(username.strip()))


def _local_account(username: str) -> User | None:
    local = User.objects.filter(is_active=True, imis_username="")
    exact = local.filter(username=username).first()
    # Those who were invited have their address as their name, in small letters.
    user = exact or local.filter(username=username.lower()).first()
    return user if user is not None and user.has_usable_password() else None


def _defer(user: User | None) -> None:
    """For a name without an account the job does nothing: asking costs the same time."""
    user_id = user.pk if user else 0
    name = _lock(user_id)
    defer_once(mail_password_link, queueing_lock=name, lock=name, user_id=user_id)


def _lock(user_id: int) -> str:
    return f"mail-password-link-{user_id}"


@jobs.task(name="mail_password_link")
async def mail_password_link(user_id: int, tries: int = 0) -> None:
    """Mails a link that is made only now. A mail that is not taken is tried again for an hour."""
    name = _lock(user_id)
    async with tried_again(mail_password_link, PATIENCE, tries=tries, name=name, user_id=user_id):
        await in_database(mail_link, user_id)


def mail_link(user_id: int) -> bool:
    """False when there is nobody to mail. Raises what mailing does."""
    user = User.objects.filter(pk=user_id, is_active=True, imis_username="").first()
    to = own_address(user) if user else ""
    if user is None or not to:
        return False
    send_mail(
        subject=subject_line("Your new password for Text Manager"),
        message=(
            f"Somebody asked for a new password for {user.get_username()}.\n\n"
            f"Choose it here, within {MINUTES} minutes:\n{link(user)}\n\n"
            "The link works once. If it was not you, do nothing: your password stays as it is.\n"
        ),
        from_email=None,
        recipient_list=[to],
    )
    return True


def own_address(user: User) -> str:
    """Where a person's own mail goes; empty when it is not known.

    Not the address that an organization mails them at: its administrators can change that, and
    would become anybody.
    """
    for address in (user.email, user.username):
        try:
            validate_email(address)
        except ValidationError:
            continue
        return address
    return ""


def link(user: User) -> str:
    """An address that sets a new password, once. It ends with the next sign-in too."""
    token = default_token_generator.make_token(user)
    return settings.PUBLIC_URL + reverse("new-password", args=[int_to_base36(user.pk), token])


def link_for(username: str) -> str:
    """A link for whoever runs the installation to hand over. Raises NoLink."""
    user = User.objects.filter(username=username, is_active=True).first()
    if user is None:
        raise NoLink(f"There is no account {username} here.")
    if user.imis_username:
        raise NoLink(f"{username} signs in with iMIS: reset the password there.")
    return link(user)


def user_of(key: str, token: str) -> User:
    """Whose link it is. Raises NoLink."""
    return _checked(key, token, lock=False)


@transaction.atomic
def set_new_password(key: str, token: str, *, password: str) -> Renewed:
    """Sets the password and ends every session that the person has.

    Raises NoLink; ValidationError for a password that is too easy.
    """
    user = _checked(key, token, lock=True)
    validate_password(password, user)
    # Each session carries a hash of the password: with another one they all end.
    user.set_password(password)
    user.save(update_fields=["password"])
    forgive("name", user.get_username())
    memberships = list(user.memberships.select_related("organization"))
    for membership in memberships:
        audit.record(
            organization=membership.organization,
            actor=user,
            action="set a new password",
            subject=user,
        )
    transaction.on_commit(lambda: _tell_of_it(user))
    return Renewed(user, memberships[0].organization if len(memberships) == 1 else None)


def _checked(key: str, token: str, *, lock: bool) -> User:
    """Of two who open the link at once, the second finds the password changed, and it used."""
    users = User.objects.select_for_update() if lock else User.objects.all()
    try:
        user_id = base36_to_int(key)
    except ValueError:
        user_id = 0
    user = users.filter(pk=user_id, is_active=True, imis_username="").first()
    if user is None or not default_token_generator.check_token(user, token):
        raise NoLink("This link was used, has run out, or is not whole. Ask for a new one.")
    return user


def _tell_of_it(user: User) -> None:
    to = own_address(user)
    tell(
        [to] if to else [],
        "Your password for Text Manager is new",
        f"The password of {user.get_username()} was changed by a link that was mailed to you.\n\n"
        "If it was not you, ask for another link at once, and tell your administrator:\n"
        f"{settings.PUBLIC_URL}{reverse('forgot-password')}\n",
    )
