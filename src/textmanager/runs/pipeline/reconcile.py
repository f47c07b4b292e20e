"""Step 5, reconcile: finds out what became of texts whose outcome nobody knows.

A worker that died, a lost answer and a server error of Twilio all leave a text in *sending*.
It is never simply sent again: Twilio has no idempotency key. It is looked for in Twilio's own
books, and a receipt that carries our reference settles it at any time.
"""

from __future__ import annotations

import datetime as dt
import logging
from collections.abc import Collection
from dataclasses import dataclass

from django.db.models import F
from django.utils import timezone

from textmanager.campaigns.models import ApiMode
from textmanager.config.bridge import in_database
from textmanager.config.jobs import is_stopping, jobs
from textmanager.gateway.account import TwilioCredentials
from textmanager.gateway.errors import GatewayError
from textmanager.gateway.ledger import LedgerEntry, TwilioReader
from textmanager.organizations.connections import NotConnected, twilio_credentials
from textmanager.replies.answered import is_answer
from textmanager.runs.history import is_text_of_run
from textmanager.runs.models import Message, RunState
from textmanager.runs.pipeline.changes import Change, Changes
from textmanager.runs.pipeline.track import apply_news, news_from_entry
from textmanager.text.statuses import MessageStatus

logger = logging.getLogger(__name__)

# Longer than any call may take and than Twilio's books may lag: what is absent then was not sent.
SURELY_ABSENT = dt.timedelta(minutes=3)
# Longer than a call may take from its beginning to its end.
LOOK_AGAIN = dt.timedelta(seconds=40)
# Two looks after it is surely absent, each up to a pause and a few seconds of the planner late.
DECIDED_WITHIN = SURELY_ABSENT + 2 * LOOK_AGAIN + dt.timedelta(seconds=20)
# The reason of a text that was absent when it was looked for last.
ABSENT = "absent"
# Twilio's clock and ours may differ, and its times have whole seconds.
CLOCKS_DIFFER = dt.timedelta(seconds=30)
# When Twilio cannot be asked for so long, staff are shown the text as unconfirmed.
UNCONFIRMED_AFTER = dt.timedelta(hours=24)
AT_ONCE = 200


@dataclass(frozen=True)
class Unclear:
    """A text in *sending* whose time is up, with what it left under."""

    message: Message
    from_number: str


@jobs.task(name="reconcile")
async def reconcile(organization_id: int) -> None:
    """Looks up every overdue text of the organization at Twilio, and decides what can be."""
    await in_database(return_tested, organization_id, timezone.now())
    try:
        credentials = await in_database(twilio_credentials, organization_id)
    except NotConnected:
        return
    for unclear in await in_database(unclear_texts, organization_id, timezone.now()):
        if is_stopping():
            return
        try:
            entries = await _look_up(credentials, unclear.message)
        except GatewayError as error:
            logger.warning("Twilio cannot be asked about unclear texts: %s", error)
            await in_database(look_again, unclear.message, timezone.now())
        else:
            await in_database(judge, unclear, entries, timezone.now())


async def _look_up(credentials: TwilioCredentials, message: Message) -> list[LedgerEntry]:
    attempted_at = message.attempted_at or message.created_at
    async with TwilioReader(credentials) as reader:
        return await reader.find_messages(to=message.to, since=attempted_at - CLOCKS_DIFFER)


def return_tested(organization_id: int, now: dt.datetime) -> None:
    """Gives back the texts of TEST runs whose worker died: nothing of them can have been sent."""
    left = Message.objects.filter(
        organization_id=organization_id,
        status=MessageStatus.SENDING,
        check_at__lte=now,
        run__api_mode=ApiMode.TEST,
    )
    for message in left.select_related("run").order_by("check_at")[:AT_ONCE]:
        _give_back(message, now)


def unclear_texts(organization_id: int, now: dt.datetime) -> list[Unclear]:
    overdue = (
        Message.objects.filter(
            organization_id=organization_id, status=MessageStatus.SENDING, check_at__lte=now
        )
        .exclude(run__api_mode=ApiMode.TEST)
        .annotate(from_number=F("sender__number"))
        .order_by("check_at")[:AT_ONCE]
    )
    return [Unclear(message, message.from_number) for message in overdue]


def judge(unclear: Unclear, entries: Collection[LedgerEntry], now: dt.datetime) -> None:
    """Adopts the text if Twilio has it; queues it again if Twilio surely has not.

    Two looks have to agree, with a call's whole time between them. A clock that was set forward
    makes the first come too early, while the call may still be under way.
    """
    message = unclear.message
    ours = [entry for entry in entries if _is_it(unclear, entry)]
    if ours:
        entry = ours[0]
        status = entry.status or MessageStatus.ACCEPTED
        apply_news([news_from_entry(message.organization_id, message, entry, status)])
    elif now - (message.attempted_at or now) < SURELY_ABSENT:
        look_again(message, now)
    elif message.reason != ABSENT:
        look_again(message, now, reason=ABSENT)
    else:
        _give_back(message, now)


def look_again(message: Message, now: dt.datetime, *, reason: str = "") -> None:
    """Waits with the decision; after a day without an answer the text is *unconfirmed*."""
    given_up = now - (message.attempted_at or now) > UNCONFIRMED_AFTER
    _change(
        message,
        Change(
            MessageStatus.UNCONFIRMED if given_up else MessageStatus.SENDING,
            reason="unclear" if given_up else reason,
            charged_day=message.charged_day,
            check_at=None if given_up else now + LOOK_AGAIN,
            settled_at=now if given_up else None,
            of_attempt=message.attempted_at,
        ),
    )


def _is_it(unclear: Unclear, entry: LedgerEntry) -> bool:
    """The same text to the same number, and not one that is known to be another."""
    same_sender = not (unclear.from_number and entry.from_number) or (
        unclear.from_number == entry.from_number
    )
    return (
        same_sender
        and entry.has_body(unclear.message.body)
        and not is_text_of_run(entry.sid)
        and not is_answer(entry.sid)
    )


def _give_back(message: Message, now: dt.datetime) -> None:
    """Surely not sent: it may be tried again, or ends with its run."""
    canceled = message.run.state == RunState.CANCELED
    _change(
        message,
        Change(
            MessageStatus.CANCELED if canceled else MessageStatus.QUEUED,
            reason="run_canceled" if canceled else "retry",
            not_before=now,
            settled_at=now if canceled else None,
            of_attempt=message.attempted_at,
        ),
    )


def _change(message: Message, change: Change) -> None:
    changes = Changes()
    changes.add(message.run_id, message.number, change)
    changes.make()
