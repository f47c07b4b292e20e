"""Watches each organization's Twilio account, so that it never fails silently between two runs."""

from __future__ import annotations

import datetime as dt
import logging

from django.conf import settings
from django.urls import reverse
from django.utils import timezone

from textmanager.config.bridge import in_database
from textmanager.config.jobs import jobs
from textmanager.gateway.account import check_account
from textmanager.gateway.errors import GatewayError, TwilioRefused
from textmanager.organizations.connections import NotConnected, twilio_credentials
from textmanager.organizations.imis_health import Problem
from textmanager.organizations.mailing import tell
from textmanager.organizations.models import Organization, TwilioConnection
from textmanager.organizations.reach import look, note_reach
from textmanager.organizations.sender_fitness import watch_senders

logger = logging.getLogger(__name__)

UNAUTHORIZED = 401


@jobs.periodic(cron="5-59/10 * * * *")
@jobs.task(name="watch_twilio", queueing_lock="watch_twilio")
async def watch_twilio(timestamp: int) -> None:  # noqa: ARG001 - every periodic job is told its time
    """Looks at the way to each account, and at the way back: nothing is sent, nothing costs.

    Where webhooks do not arrive, replies are asked for instead.
    """
    for organization_id in await in_database(connected):
        try:
            await _watch(organization_id)
        except Exception:
            # The outer edge of the watch: one organization's trouble must not hide the others'.
            logger.exception(
                "The Twilio account of organization %s cannot be watched", organization_id
            )


async def _watch(organization_id: int) -> None:
    problem = await _look_up(organization_id)
    await in_database(note, organization_id, problem, timezone.now())
    connection, cloud_id = await in_database(connection_of, organization_id)
    if not problem:
        credentials = await in_database(twilio_credentials, organization_id)
        await watch_senders(organization_id, credentials)
    await in_database(note_reach, connection.pk, await look(connection, cloud_id))


async def _look_up(organization_id: int) -> str:
    """What is wrong; empty when the account is there and active."""
    try:
        account = await check_account(await in_database(twilio_credentials, organization_id))
    except TwilioRefused as refused:
        if refused.status == UNAUTHORIZED:
            return "the account SID and the auth token do not fit together (any more)."
        return str(refused)
    except (GatewayError, NotConnected) as error:
        return str(error)
    return "" if account.status == "active" else f"the account is {account.status}."


def connected() -> list[int]:
    return list(TwilioConnection.objects.values_list("organization_id", flat=True))


def connection_of(organization_id: int) -> tuple[TwilioConnection, str]:
    """The connection, and the Cloud ID under which Twilio calls it."""
    found = TwilioConnection.objects.select_related("organization")
    connection = found.get(organization_id=organization_id)
    return connection, connection.organization.cloud_id


def note(organization_id: int, problem: str, now: dt.datetime) -> None:
    """Keeps how a look went; mails people once when it begins to fail."""
    connection = TwilioConnection.objects.select_related("organization").get(
        organization_id=organization_id
    )
    begins = bool(problem) and connection.failing_since is None
    connection.failing_since = (connection.failing_since or now) if problem else None
    connection.problem = problem[:300]
    connection.save(update_fields=["failing_since", "problem"])
    found = twilio_problem(connection.organization)
    if begins and found is not None:
        _mail(connection.organization, found)


def twilio_problem(organization: Organization) -> Problem | None:
    """What staff should know of their Twilio account on every page; None when all is well."""
    connection: TwilioConnection | None = getattr(organization, "twilio", None)
    if connection is None:
        return Problem(
            "This organization is not connected to Twilio yet.", "Connect it: no text can be sent."
        )
    if connection.failing_since is None:
        return None
    return Problem(
        f"Twilio does not let us in: {connection.problem}",
        "Texts wait until it does, and nothing is lost.",
    )


def _mail(organization: Organization, problem: Problem) -> None:
    page = f"{settings.PUBLIC_URL}{reverse('settings:twilio')}"
    tell(
        organization.alert_emails,
        f"{organization.name}: Twilio needs a hand",
        f"{problem.words}\n\n{problem.remedy}\n\n{page}\n",
    )
