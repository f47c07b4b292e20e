"""Examines what needs Django: checks, mail, migrations, workers, clock, organizations."""

from __future__ import annotations

import datetime as dt
import smtplib
from collections.abc import Iterator
from email.utils import parsedate_to_datetime

import aiohttp
from django.conf import settings
from django.core import checks, mail
from django.db import connection

from textmanager.commands.finding import Finding
from textmanager.commands.preparing import pending_migrations
from textmanager.config import environment
from textmanager.config.bridge import wait_for
from textmanager.config.checks import TAG
from textmanager.config.jobs import workers_alive
from textmanager.gateway.account import TwilioCredentials, check_account
from textmanager.gateway.errors import GatewayError, TwilioRefused
from textmanager.imis.errors import ImisError
from textmanager.organizations.connections import NotConnected, imis_client, twilio_credentials
from textmanager.organizations.founding import all_organizations
from textmanager.organizations.models import Organization

SECONDS_TO_ANSWER = 10
# A run starts within seconds of its occurrence; nobody notices a clock that is wrong by less.
CLOCKS_MAY_DIFFER = dt.timedelta(seconds=10)
UNAUTHORIZED = 401
CONNECT = "Connect it: textmanager createorg"


def examine_installation() -> Iterator[Finding]:
    """Signs in at every organization's iMIS and Twilio; sends and writes nothing."""
    yield from _system_checks()
    yield _mail()
    migrations = _migrations()
    yield migrations
    if migrations.is_blocking:
        return
    yield _workers()
    yield _clock_beside("the database's", _time_of_database())
    organizations = all_organizations()
    if not organizations:
        yield Finding("Organizations", "There is none yet.", "Create one: textmanager createorg")
    for organization in organizations:
        yield _imis(organization)
        yield from _twilio(organization)
        yield _senders(organization)


def _system_checks() -> Iterator[Finding]:
    for message in checks.run_checks(tags=[TAG]):
        yield Finding("Settings", message.msg, message.hint or "Correct the setting.")


def _mail() -> Finding:
    kind, _, place = environment.text("TEXTMANAGER_MAIL_URL").partition(":")
    if kind == "console":
        return Finding("Mail", "Reports are written to the worker's output.")
    if kind == "folder":
        return Finding("Mail", f"Reports are written to {place}.")
    server = f"{settings.EMAIL_HOST} port {settings.EMAIL_PORT}"
    try:
        with mail.get_connection():
            pass
    except (OSError, smtplib.SMTPException) as error:
        return Finding(
            "Mail",
            f"{server} does not let us in: {error}.",
            "Correct TEXTMANAGER_MAIL_URL, or let this machine through.",
        )
    return Finding("Mail", f"{server} lets us in.")


def _migrations() -> Finding:
    pending = pending_migrations()
    if pending:
        return Finding(
            "Migrations",
            f"{len(pending)} are pending, from {pending[0]}.",
            "Run: textmanager migrate",
            is_blocking=True,
        )
    return Finding("Migrations", "The database is up to date.")


def _workers() -> Finding:
    alive = workers_alive()
    if alive:
        return Finding("Workers", f"{alive} running.")
    return Finding(
        "Workers",
        "None is running, so no campaign will run.",
        "Start one and keep it running: textmanager worker",
    )


def _time_of_database() -> dt.datetime:
    with connection.cursor() as cursor:
        cursor.execute("SELECT clock_timestamp()")
        time: dt.datetime = cursor.fetchone()[0]
    return time


def _clock_beside(whose: str, theirs: dt.datetime) -> Finding:
    ahead = dt.datetime.now(dt.UTC) - theirs
    if abs(ahead) <= CLOCKS_MAY_DIFFER:
        return Finding("Clock", f"It agrees with {whose}.")
    direction = "ahead of" if ahead > dt.timedelta(0) else "behind"
    return Finding(
        "Clock",
        f"It is {abs(ahead).total_seconds():.0f} s {direction} {whose}: campaigns would run "
        "at the wrong time.",
        "Let the clocks be set over the network: timedatectl set-ntp true",
    )


def _imis(organization: Organization) -> Finding:
    subject = f"iMIS of {organization.cloud_id}"
    try:
        client = imis_client(organization.pk)
    except NotConnected as error:
        return Finding(subject, str(error), CONNECT)

    async def sign_in() -> str:
        async with client:
            return await client.sign_in()

    try:
        username = wait_for(sign_in())
    except ImisError as error:
        return Finding(
            subject,
            str(error),
            f"It was asked at {client.base_url} as {client.username}.",
        )
    return Finding(subject, f"{client.base_url} lets {username} in.")


def _twilio(organization: Organization) -> Iterator[Finding]:
    subject = f"Twilio of {organization.cloud_id}"
    try:
        credentials = twilio_credentials(organization.pk)
        account = wait_for(check_account(credentials))
    except NotConnected as error:
        yield Finding(subject, str(error), CONNECT)
        return
    except GatewayError as error:
        yield Finding(subject, str(error), _twilio_remedy(error))
        return
    if account.status == "active":
        yield Finding(subject, f"The account {account.friendly_name} is active.")
    else:
        yield Finding(
            subject,
            f"The account {account.friendly_name} is {account.status}.",
            "Look into Twilio's console for what is due there.",
        )
    theirs = wait_for(_time_at(credentials))
    if theirs is not None:
        yield _clock_beside("Twilio's", theirs)


def _twilio_remedy(error: GatewayError) -> str:
    if isinstance(error, TwilioRefused) and error.status == UNAUTHORIZED:
        return "Copy the account SID and the auth token from Twilio's console once more."
    return "Let this machine reach Twilio (api.twilio.com, port 443), then try again."


async def _time_at(credentials: TwilioCredentials) -> dt.datetime | None:
    """What Twilio's clock says, to the second: any answer of its web server tells."""
    timeout = aiohttp.ClientTimeout(total=SECONDS_TO_ANSWER)
    try:
        async with (
            aiohttp.ClientSession(timeout=timeout, trust_env=True) as session,
            session.head(credentials.base_url, allow_redirects=False) as answer,
        ):
            return parsedate_to_datetime(answer.headers["Date"])
    except (aiohttp.ClientError, TimeoutError, LookupError, ValueError):
        return None


def _senders(organization: Organization) -> Finding:
    subject = f"Senders of {organization.cloud_id}"
    senders = organization.senders.filter(is_active=True).order_by("name")
    names = ", ".join(str(sender) for sender in senders)
    if names:
        return Finding(subject, f"{names}.")
    return Finding(subject, "There is none: nothing can be sent.", "Add one as an administrator.")
