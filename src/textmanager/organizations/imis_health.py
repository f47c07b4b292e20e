"""Watches each organization's background account, so that it never fails silently.

iMIS lets a password live ninety days. One that nobody renews stops every campaign; so people are
told before, and told again when sign-ins begin to fail.
"""

from __future__ import annotations

import datetime as dt
import logging
from dataclasses import dataclass

from django.conf import settings
from django.urls import reverse
from django.utils import timezone

from textmanager.config.bridge import in_database, wait_for
from textmanager.config.jobs import jobs
from textmanager.imis.client import ImisClient
from textmanager.imis.errors import ImisError, ImisForbidden, ImisInvalid, ImisNotFound
from textmanager.imis.iqa import browse
from textmanager.organizations.connections import NotConnected, imis_client
from textmanager.organizations.mailing import tell
from textmanager.organizations.models import ImisConnection, Organization
from textmanager.organizations.templatetags.times import relative

logger = logging.getLogger(__name__)

PASSWORD_LIVES = dt.timedelta(days=90)
# People are told when so much of it is left, each time once.
WARNINGS = (dt.timedelta(days=14), dt.timedelta(days=3), dt.timedelta(0))
# What passes by itself is mailed when it has not passed by then.
BLIP = dt.timedelta(minutes=5)
UNAUTHORIZED = 401
# Opt-outs are read within ten minutes of the set-up, then each night, and made up for after that.
UNTIL_FIRST_READING = dt.timedelta(minutes=30)
UNTIL_NEXT_READING = dt.timedelta(hours=27)


@dataclass(frozen=True)
class Seen:
    """What is wrong with iMIS, empty when nothing is, and whether it may pass by itself."""

    problem: str = ""
    is_passing: bool = False


@dataclass(frozen=True)
class Problem:
    """Something that needs a hand: what it is, and what to do."""

    words: str
    remedy: str


@jobs.periodic(cron="*/10 * * * *")
@jobs.task(name="watch_imis", queueing_lock="watch_imis")
async def watch_imis(timestamp: int) -> None:  # noqa: ARG001 - every periodic job is told its time
    """Looks at every iMIS; a password that was refused is not tried each time."""
    for organization_id in await in_database(connected):
        try:
            seen = await look(organization_id)
            await in_database(note, organization_id, seen, timezone.now())
        except Exception:
            # The outer edge of the watch: one organization's trouble must not hide the others'.
            logger.exception("The iMIS of organization %s cannot be watched", organization_id)


async def look(organization_id: int) -> Seen:
    """How an organization's iMIS answers just now."""
    try:
        client = await in_database(imis_client, organization_id)
    except NotConnected as error:
        return Seen(str(error))
    return await _ask(client)


def look_now(organization_id: int) -> Seen:
    """The same because somebody asks, and knows of something that has changed: it is kept."""
    try:
        client = imis_client(organization_id)
    except NotConnected as error:
        return Seen(str(error))
    seen = wait_for(_ask(client, insist=True))
    note(organization_id, seen, timezone.now())
    return seen


async def _ask(client: ImisClient, *, insist: bool = False) -> Seen:
    """A sign-in alone would not tell: its token is good for twenty minutes."""
    try:
        async with client:
            await client.sign_in(insist=insist)
            await browse(client)
    except (ImisNotFound, ImisInvalid):
        # It answers. Whether this account may see folders is not the question here.
        return Seen()
    except ImisError as error:
        if isinstance(error, ImisForbidden) and error.status != UNAUTHORIZED:
            return Seen()
        return Seen(str(error), is_passing=not error.permanent)
    return Seen()


def connected() -> list[int]:
    return list(ImisConnection.objects.values_list("organization_id", flat=True))


def note(organization_id: int, seen: Seen, now: dt.datetime) -> None:
    """Keeps how iMIS answered, and mails what people do not know yet."""
    connection = ImisConnection.objects.select_related("organization").get(
        organization_id=organization_id
    )
    if seen.problem:
        connection.failing_since = connection.failing_since or now
    else:
        connection.last_success_at, connection.failing_since = now, None
        connection.refused_at = None
    connection.problem = seen.problem[:300]
    topic = _topic(connection, now)
    if seen.is_passing and now - (connection.failing_since or now) < BLIP:
        # Pages show it at once; nobody is mailed for a restart of a web server.
        topic = connection.warned_of
    if topic != connection.warned_of:
        _tell(connection, was=connection.warned_of, now=now)
    connection.warned_of = topic
    connection.save(
        update_fields=["last_success_at", "failing_since", "refused_at", "problem", "warned_of"]
    )


def _tell(connection: ImisConnection, *, was: str, now: dt.datetime) -> None:
    found = _problem(connection, now)
    if found is not None:
        _mail(connection.organization, "iMIS needs a hand", f"{found.words}\n\n{found.remedy}")
    if was.startswith("failing") and connection.failing_since is None:
        _mail(
            connection.organization,
            "iMIS works again",
            "iMIS lets the background account in again. Runs that waited for it go on by "
            "themselves, unless it is too late for them: those wait for you.",
        )


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
    return password_problem(connection, now)


def password_problem(connection: ImisConnection, now: dt.datetime) -> Problem | None:
    """None as long as the password is good for more than two weeks."""
    expires = password_expires(connection)
    if expires - now > WARNINGS[0]:
        return None
    is_soon = expires - now < dt.timedelta(days=1)
    when = "today, if it has not already" if is_soon else relative(expires, now)
    return Problem(
        f"The password of the background account {connection.username} expires {when}.",
        "Change it in iMIS and enter the new one here: without it no campaign runs.",
    )


def opt_outs_problem(connection: ImisConnection, now: dt.datetime) -> Problem | None:
    """None while the opt-outs that iMIS knows are read each night."""
    read_at = connection.opt_outs_read_at
    set_up_lately = now - connection.password_changed_at <= UNTIL_FIRST_READING
    if (now - read_at <= UNTIL_NEXT_READING) if read_at else set_up_lately:
        return None
    return Problem(
        "The opt-outs that iMIS knows could not be read lately: somebody who opted out there "
        "might be texted.",
        "Let the background account read activities in iMIS, then read them under Opt-outs.",
    )


def _topic(connection: ImisConnection, now: dt.datetime) -> str:
    """What people have been told of: a mail goes out when it changes."""
    if connection.failing_since is not None:
        return f"failing {connection.failing_since:%Y-%m-%dT%H:%M}"
    left = password_expires(connection) - now
    passed = [warning for warning in WARNINGS if left <= warning]
    return f"expires {passed[-1].days}" if passed else ""


def _mail(organization: Organization, subject: str, words: str) -> None:
    page = f"{settings.PUBLIC_URL}{reverse('settings:imis')}"
    tell(organization.alert_emails, f"{organization.name}: {subject}", f"{words}\n\n{page}\n")
