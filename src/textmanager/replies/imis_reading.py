"""Reads the opt-outs that iMIS knows into the register: at set-up, and every night."""

from __future__ import annotations

import datetime as dt
import logging
from collections.abc import Iterable
from dataclasses import dataclass

from django.db import transaction
from django.utils import timezone

from textmanager.config.bridge import in_database
from textmanager.config.jobs import defer_once, jobs
from textmanager.imis.client import ImisClient
from textmanager.imis.errors import ImisError
from textmanager.imis.records import FoundActivity, list_activities
from textmanager.organizations.activity_types import USUAL, ActivityTypes, activity_types
from textmanager.organizations.connections import (
    NotConnected,
    imis_client,
    note_opt_outs_read,
    opt_outs_unread_since,
    where_opt_outs_are,
)
from textmanager.organizations.founding import all_organizations, organization_with_id
from textmanager.replies.models import OptOut, OptOutSource
from textmanager.replies.opt_outs import clear_opt_out, record_opt_out
from textmanager.text.phones import Recipient, parse_recipient

logger = logging.getLogger(__name__)

# A night's reading that has not come about by then is made up for.
OVERDUE = dt.timedelta(hours=25)
LONG_AGO = dt.datetime.min.replace(tzinfo=dt.UTC)


@dataclass(frozen=True)
class Read:
    """What a reading changed."""

    added: int
    cleared: int
    unreadable: int


@jobs.periodic(cron="23 8 * * *")
@jobs.task(name="read_opt_outs_of_all", queueing_lock="read_opt_outs_of_all")
async def read_opt_outs_of_all(timestamp: int) -> None:  # noqa: ARG001 - every periodic job is told its time
    """At 8:23 UTC: the small hours in America."""
    for organization in await in_database(all_organizations):
        await in_database(defer_reading, organization.pk)


@jobs.periodic(cron="4-59/10 * * * *")
@jobs.task(name="read_opt_outs_unread", queueing_lock="read_opt_outs_unread")
async def read_opt_outs_unread(timestamp: int) -> None:  # noqa: ARG001 - every periodic job is told its time
    """A newly connected iMIS, and one that was away at night, is not left until the next night."""
    for organization_id in await in_database(opt_outs_unread_since, timezone.now() - OVERDUE):
        await in_database(defer_reading, organization_id)


def defer_reading(organization_id: int) -> None:
    """Lets a worker read an organization's opt-outs."""
    name = f"read-opt-outs-{organization_id}"
    defer_once(read_opt_outs, queueing_lock=name, lock=name, organization_id=organization_id)


@jobs.task(name="read_opt_outs")
async def read_opt_outs(organization_id: int) -> None:
    """An iMIS that fails is read again later; nothing is lost, since it keeps its records."""
    try:
        await read_now(organization_id)
    except (NotConnected, ImisError) as error:
        logger.warning("The opt-outs in iMIS cannot be read: %s", error)


async def read_now(organization_id: int) -> None:
    """Brings the register up to date with iMIS. Raises NotConnected, ImisError."""
    now = timezone.now()
    where = await in_database(where_opt_outs_are, organization_id)
    names = await in_database(activity_types, organization_id)
    client = await in_database(imis_client, organization_id)
    async with client:
        opted_out = await _list(client, names.opt_outs)
        came_back = await _list(client, names.came_back)
    await in_database(take_over, organization_id, opted_out, came_back, names)
    await in_database(note_opt_outs_read, organization_id, where, now)


async def _list(client: ImisClient, activity_type: str) -> list[FoundActivity]:
    return [activity async for activity in list_activities(client, activity_type)]


@transaction.atomic
def take_over(
    organization_id: int,
    opted_out: Iterable[FoundActivity],
    came_back: Iterable[FoundActivity],
    names: ActivityTypes = USUAL,
) -> Read:
    """Enters the numbers whose last word in iMIS is an opt-out.

    An entry that was cleared here later than that stays cleared. One that somebody texted us or
    Twilio told us is never cleared from iMIS: it was not iMIS that knew.
    """
    region = organization_with_id(organization_id).region
    stops, unreadable = _latest(opted_out, region)
    starts, _ = _latest(came_back, region)
    entries = OptOut.objects.filter(organization_id=organization_id)
    in_effect = {entry.number: entry for entry in entries.filter(cleared_at=None)}
    cleared_at: dict[str, dt.datetime] = {}
    for number, at in entries.exclude(cleared_at=None).values_list("number", "cleared_at"):
        cleared_at[number] = max(at or LONG_AGO, cleared_at.get(number, LONG_AGO))
    added = cleared = 0
    # By number, so that whoever else enters many cannot wait for this in a circle.
    for number in sorted(stops.keys() | starts.keys()):
        gone, back = stops.get(number), starts.get(number, LONG_AGO)
        entry = in_effect.get(number)
        if entry is None and gone is not None:
            is_over = back > gone or (number in cleared_at and cleared_at[number] >= gone)
            added += not is_over and record_opt_out(
                organization_id=organization_id,
                number=number,
                source=OptOutSource.IMIS,
                evidence=f"Activity {names.opt_outs} of {gone:%Y-%m-%d}",
            )
        elif (
            entry is not None
            and entry.source == OptOutSource.IMIS
            and (gone or LONG_AGO) < back <= timezone.now()
        ):
            cleared += clear_opt_out(
                organization_id=organization_id,
                number=number,
                because=f"Activity {names.came_back} of {back:%Y-%m-%d}",
                imis_knows=True,
            )
    return Read(added, cleared, unreadable)


def _latest(activities: Iterable[FoundActivity], region: str) -> tuple[dict[str, dt.datetime], int]:
    """When each number was last told of, and how many activities name no number.

    The number is in UF_1; older ones may have it in the description.
    """
    latest: dict[str, dt.datetime] = {}
    unreadable = 0
    for activity in activities:
        recipients = (
            parse_recipient(each, region) for each in (activity.uf_1, activity.description)
        )
        recipient = next((each for each in recipients if isinstance(each, Recipient)), None)
        if recipient is None:
            unreadable += 1
            continue
        at = activity.at or LONG_AGO
        latest[recipient.e164] = max(at, latest.get(recipient.e164, LONG_AGO))
    return latest, unreadable
