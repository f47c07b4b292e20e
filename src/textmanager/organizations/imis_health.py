"""Watches each organization's background account, so that it never fails silently.

iMIS lets a password live ninety days. One that nobody renews stops every campaign; so people are
told before, and told again when sign-ins begin to fail.
"""

from __future__ import annotations

import datetime as dt
import logging
from dataclasses import dataclass
from smtplib import SMTPException

from django.conf import settings
from django.core.mail import send_mail
from django.urls import reverse
from django.utils import timezone

from textmanager.config.bridge import in_database
from textmanager.config.jobs import jobs
from textmanager.imis.errors import ImisError
from textmanager.organizations.connections import NotConnected, imis_client
from textmanager.organizations.models import ImisConnection, Organization

logger = logging.getLogger(__name__)

PASSWORD_LIVES = dt.timedelta(days=90)
# People are told when so much of it is left, each time once.
WARNINGS = (dt.timedelta(days=14), dt.timedelta(days=3), dt.timedelta(0))


@dataclass(frozen=True)
class Problem:
    """Something that needs a hand: what it is, and what to do."""

    words: str
    remedy: str


@jobs.periodic(cron="*/10 * * * *")
@jobs.task(name="watch_imis", queueing_lock="watch_imis")
async def watch_imis(timestamp: int) -> None:  # noqa: ARG001 - every periodic job is told its time
    """Signs in at every iMIS; one sign-in each, which locks no account."""
    for organization_id in await in_database(connected):
        problem = await _sign_in(organization_id)
        await in_database(note, organization_id, problem, timezone.now())


async def _sign_in(organization_id: int) -> str:
    """What is wrong; empty when iMIS let us in."""
    try:
        client = await in_database(imis_client, organization_id)
        async with client:
            await client.sign_in()
    except (ImisError, NotConnected) as error:
        return str(error)
    return ""


def connected() -> list[int]:
    return list(ImisConnection.objects.values_list("organization_id", flat=True))


def note(organization_id: int, problem: str, now: dt.datetime) -> None:
    """Keeps how a sign-in went, and mails what people do not know yet."""
    connection = ImisConnection.objects.select_related("organization").get(
        organization_id=organization_id
    )
    if problem:
        connection.failing_since = connection.failing_since or now
    else:
        connection.last_success_at, connection.failing_since = now, None
    connection.problem = problem[:300]
    found = _problem(connection, now)
    topic = _topic(connection, now)
    if found is not None and topic != connection.warned_of:
        _mail(connection.organization, found)
    connection.warned_of = topic
    connection.save(update_fields=["last_success_at", "failing_since", "problem", "warned_of"])


def imis_problem(organization: Organization, now: dt.datetime) -> Problem | None:
    """What staff should know of their iMIS on every page; None when all is well."""
    connection: ImisConnection | None = getattr(organization, "imis", None)
    if connection is None:
        return Problem(
            "This organization is not connected to iMIS yet.",
            "Connect it: no campaign can find its audience.",
        )
    return _problem(connection, now)


def password_expires(connection: ImisConnection) -> dt.datetime:
    return connection.password_changed_at + PASSWORD_LIVES


def _problem(connection: ImisConnection, now: dt.datetime) -> Problem | None:
    if connection.failing_since is not None:
        return Problem(
            f"iMIS does not let the background account in: {connection.problem}",
            "Runs wait until it does, and nothing is lost.",
        )
    left = password_expires(connection) - now
    if left > WARNINGS[0]:
        return None
    when = f"in {left.days} days" if left.days > 0 else "today, if it has not already"
    return Problem(
        f"The password of the background account {connection.username} expires {when}.",
        "Change it in iMIS and enter the new one here: without it no campaign runs.",
    )


def _topic(connection: ImisConnection, now: dt.datetime) -> str:
    """What people have been told of: a mail goes out when it changes."""
    if connection.failing_since is not None:
        return f"failing {connection.failing_since:%Y-%m-%dT%H:%M}"
    left = password_expires(connection) - now
    passed = [warning for warning in WARNINGS if left <= warning]
    return f"expires {passed[-1].days}" if passed else ""


def _mail(organization: Organization, problem: Problem) -> None:
    if not organization.alert_emails:
        return
    try:
        send_mail(
            subject=f"{organization.name}: iMIS needs a hand",
            message=(
                f"{problem.words}\n\n{problem.remedy}\n\n"
                f"{settings.PUBLIC_URL}{reverse('settings:imis')}\n"
            ),
            from_email=None,
            recipient_list=organization.alert_emails,
        )
    except (SMTPException, OSError):
        # The pages show it in any case.
        logger.exception("The mail about iMIS cannot be sent")
