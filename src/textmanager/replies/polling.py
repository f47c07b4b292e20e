"""Asks Twilio for what people texted to us, where its webhooks do not reach us, or may not have.

Every minute where Twilio cannot call us or somebody chose it; every half hour everywhere, because
a webhook that fell into an outage of ours is never sent again, and it may have said STOP. A text
that a webhook brought already is known by its SID and changes nothing.
"""

from __future__ import annotations

import datetime as dt
import logging
from collections.abc import Iterable

from django.utils import timezone

from textmanager.config.bridge import in_database
from textmanager.config.jobs import defer_once, is_stopping, jobs
from textmanager.gateway.account import TwilioCredentials
from textmanager.gateway.directory import numbers_of_service
from textmanager.gateway.errors import GatewayError, TwilioRefused
from textmanager.gateway.inbound import InboundMessage
from textmanager.gateway.ledger import LedgerEntry, TwilioReader
from textmanager.organizations.connections import NotConnected, twilio_credentials
from textmanager.organizations.polling import note_polled, organizations_to_poll, polled_until
from textmanager.organizations.senders import addresses_of
from textmanager.replies.inbound import record_inbound

logger = logging.getLogger(__name__)

# What is read for the first time, or after a long time, is not older than this.
LONGEST_AGO = dt.timedelta(days=3)
# Each look goes over the end of the one before: Twilio's list may lag behind a little.
OVERLAP = dt.timedelta(minutes=10)
NOT_FOUND = 404


@jobs.periodic(cron="* * * * *")
@jobs.task(name="plan_reply_polls", queueing_lock="plan_reply_polls")
async def plan_reply_polls(timestamp: int) -> None:  # noqa: ARG001 - every periodic job is told its time
    """Lets each organization that is due be asked for, in a job of its own."""
    await in_database(_defer_polls, timezone.now())


def _defer_polls(now: dt.datetime) -> None:
    for organization_id in organizations_to_poll(now):
        name = f"poll-replies-{organization_id}"
        defer_once(poll_replies, queueing_lock=name, lock=name, organization_id=organization_id)


@jobs.task(name="poll_replies")
async def poll_replies(organization_id: int) -> None:
    """Reads what came in since the last look, the oldest first; may be cut and run again."""
    began = timezone.now()
    try:
        credentials = await in_database(twilio_credentials, organization_id)
    except NotConnected:
        return
    last = await in_database(polled_until, organization_id)
    since = max(last - OVERLAP, began - LONGEST_AGO) if last else began - LONGEST_AGO
    try:
        entries = await _inbound(
            credentials, await in_database(addresses_of, organization_id), since
        )
    except GatewayError as error:
        logger.warning("Twilio cannot be asked for replies: %s", error)
        return
    for entry in sorted(entries, key=_received):
        if is_stopping():
            return
        await in_database(
            record_inbound,
            organization_id=organization_id,
            message=_as_webhook(entry),
            received_at=_received(entry),
        )
    await in_database(note_polled, organization_id, began)


async def _inbound(
    credentials: TwilioCredentials, addresses: Iterable[str], since: dt.datetime
) -> list[LedgerEntry]:
    """What was texted to each of our numbers; a Messaging Service stands for all of its own."""
    numbers: set[str] = set()
    for address in addresses:
        numbers |= await _numbers_behind(credentials, address)
    found: list[LedgerEntry] = []
    async with TwilioReader(credentials) as reader:
        for number in sorted(numbers):
            async for page in reader.pages_sent(since=since, to=number):
                found += [entry for entry in page if entry.is_inbound]
    return found


async def _numbers_behind(credentials: TwilioCredentials, address: str) -> set[str]:
    """None of a service that is gone: a STOP to another number has to be read all the same."""
    if not address.startswith("MG"):
        return {address}
    try:
        return set(await numbers_of_service(credentials, address))
    except TwilioRefused as error:
        if error.status != NOT_FOUND:
            raise
        logger.warning("The Messaging Service %s is gone: its replies cannot be read.", address)
        return set()


def _received(entry: LedgerEntry) -> dt.datetime:
    return entry.date_sent or entry.date_created or timezone.now()


def _as_webhook(entry: LedgerEntry) -> InboundMessage:
    """The books do not say whether Twilio dealt with a keyword: we classify it ourselves."""
    return InboundMessage(
        sid=entry.sid,
        from_number=entry.from_number,
        to=entry.to,
        body=entry.body,
        opt_out_type="",
        messaging_service_sid="",
        raw={},
    )
