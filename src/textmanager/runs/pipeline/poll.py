"""Asks Twilio what became of texts whose receipt is overdue, or cannot come at all."""

from __future__ import annotations

import datetime as dt
import logging
from collections.abc import Sequence

from django.db import connection
from django.utils import timezone

from textmanager.config.bridge import in_database
from textmanager.config.jobs import is_stopping, jobs
from textmanager.gateway.account import TwilioCredentials
from textmanager.gateway.errors import GatewayError
from textmanager.gateway.ledger import LedgerEntry, TwilioReader
from textmanager.organizations.connections import NotConnected, twilio_credentials
from textmanager.organizations.founding import organization_with_id
from textmanager.organizations.models import Organization
from textmanager.organizations.polling import is_polling
from textmanager.runs.models import Message
from textmanager.runs.pipeline.due import WITH_TWILIO
from textmanager.runs.pipeline.track import FIRST_POLL, News, apply_news, news_from_entry

logger = logging.getLogger(__name__)

# After this long a receipt is unlikely (a late one is still recorded).
GIVE_UP = dt.timedelta(hours=72)
# Where no receipt can come in.
FIRST_POLL_WITHOUT_RECEIPTS = dt.timedelta(minutes=1)
# So many are asked for one by one; where more are overdue, Twilio's list tells a thousand at once.
POLLS_AT_ONCE = 100
MOST_PAGES = 50
# Twilio's clock and ours may differ.
CLOCKS_DIFFER = dt.timedelta(minutes=1)


@jobs.task(name="poll")
async def poll(organization_id: int) -> None:
    """Asks Twilio about texts whose receipt is overdue, less and less often, up to three days."""
    try:
        credentials = await in_database(twilio_credentials, organization_id)
    except NotConnected:
        return
    ask_after = await in_database(_first_poll_of, organization_id)
    overdue = await in_database(overdue_texts, organization_id, timezone.now())
    if len(overdue) >= POLLS_AT_ONCE:
        await _follow_by_list(credentials, organization_id, _since(overdue), ask_after)
        overdue = await in_database(overdue_texts, organization_id, timezone.now())
    news = await _ask(credentials, organization_id, overdue)
    await in_database(apply_news, news, ask_after=ask_after)
    await in_database(put_off, overdue, timezone.now(), first=ask_after)


def first_poll(organization: Organization) -> dt.timedelta:
    """How long a receipt is waited for before Twilio is asked."""
    return FIRST_POLL_WITHOUT_RECEIPTS if is_polling(organization) else FIRST_POLL


def _first_poll_of(organization_id: int) -> dt.timedelta:
    return first_poll(organization_with_id(organization_id))


def _since(overdue: Sequence[Message]) -> dt.datetime:
    return min(each.accepted_at or each.created_at for each in overdue) - CLOCKS_DIFFER


async def _follow_by_list(
    credentials: TwilioCredentials,
    organization_id: int,
    since: dt.datetime,
    ask_after: dt.timedelta,
) -> None:
    """Reads what became of everything that left since then; what Twilio holds yet is not listed."""
    pages = 0
    async with TwilioReader(credentials) as reader:
        try:
            async for page in reader.pages_sent(since=since):
                news = await in_database(news_of_ours, organization_id, page)
                await in_database(apply_news, news, ask_after=ask_after)
                pages += 1
                if is_stopping() or pages >= MOST_PAGES:
                    return
        except GatewayError as error:
            logger.warning("Twilio cannot be asked about overdue receipts: %s", error)


def news_of_ours(organization_id: int, entries: Sequence[LedgerEntry]) -> list[News]:
    """What Twilio's list says of those of its texts that are of runs."""
    known = {entry.sid: entry for entry in entries if entry.status is not None}
    ours = Message.objects.filter(organization_id=organization_id, sid__in=list(known))
    return [
        news_from_entry(organization_id, message, known[message.sid], status)
        for message in ours.only("run_id", "number", "sid")
        if (status := known[message.sid].status) is not None
    ]


async def _ask(
    credentials: TwilioCredentials, organization_id: int, overdue: Sequence[Message]
) -> list[News]:
    news = []
    async with TwilioReader(credentials) as reader:
        for message in overdue:
            if is_stopping():
                break
            try:
                entry = await reader.fetch_message(message.sid)
            except GatewayError as error:
                logger.warning("Twilio cannot be asked about overdue receipts: %s", error)
                break
            if entry is not None and entry.status is not None:
                news.append(news_from_entry(organization_id, message, entry, entry.status))
    return news


def overdue_texts(organization_id: int, now: dt.datetime) -> list[Message]:
    overdue = Message.objects.filter(
        organization_id=organization_id, status__in=WITH_TWILIO, check_at__lte=now
    )
    return list(overdue.exclude(sid="").order_by("check_at")[:POLLS_AT_ONCE])


def put_off(asked: Sequence[Message], now: dt.datetime, *, first: dt.timedelta) -> None:
    """Sets when to ask again: after as long as the text has waited already, at most 12 hours.

    At least `first`.
    After three days nothing is asked any more: the text stays as it is, "no receipt".
    """
    with connection.cursor() as cursor:
        cursor.execute(
            """
            WITH current AS (
                SELECT m.run_id, m.number FROM runs_message AS m
                JOIN unnest(%(runs)s::uuid[], %(numbers)s::integer[]) AS asked(run_id, number)
                    USING (run_id, number)
                ORDER BY m.run_id, m.number FOR NO KEY UPDATE OF m
            )
            UPDATE runs_message AS m SET
                check_at = CASE WHEN accepted_at > %(long_ago)s THEN %(now)s + least(
                    greatest(%(now)s - accepted_at, make_interval(secs => %(first)s)),
                    interval '12 hours') END,
                settled_at = CASE WHEN accepted_at > %(long_ago)s
                    THEN settled_at ELSE %(now)s END
            FROM current
            WHERE m.run_id = current.run_id AND m.number = current.number
              AND status IN ('accepted', 'sent') AND check_at <= %(now)s
            """,
            {
                "now": now,
                "long_ago": now - GIVE_UP,
                "first": first.total_seconds(),
                "runs": [message.run_id for message in asked],
                "numbers": [message.number for message in asked],
            },
        )
